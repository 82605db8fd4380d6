-- Address books: the center's own and personal ones. Row-level security shows nobody another's personal book.

-- name: contact_list
-- $1 center id, $2 user id, $3 book (center, own; null = both), $4 words: part of name, unit or number (null = all), $5 limit,
-- $6 after (the last entry's id). One column: {items, next}. In order of name.
WITH page AS (
    SELECT c.* FROM contact c
    WHERE c.center_id = $1::int
      AND (c.owner_id IS NULL AND $3::text IS DISTINCT FROM 'own' OR c.owner_id = $2::int AND $3::text IS DISTINCT FROM 'center')
      AND ($4::text IS NULL OR position(lower($4::text) IN lower(c.name)) > 0 OR position(lower($4::text) IN lower(c.unit)) > 0
           OR regexp_replace($4::text, '[-() .]', '', 'g') ~ '^\+?[0-9*#]+$' AND EXISTS (
               SELECT FROM unnest(c.numbers) n WHERE position(regexp_replace($4::text, '[-() .]', '', 'g') IN n) > 0))
      AND ($6::text IS NULL OR (c.name, c.id) > (SELECT l.name, l.id FROM contact l WHERE l.id = cursor_id($6::text)::uuid))
    ORDER BY c.name, c.id LIMIT $5::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.name, p.id) AS n FROM page p)
SELECT jsonb_build_object(
    'items', coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'center_id', x.center_id, 'book', CASE WHEN x.owner_id IS NULL THEN 'center' ELSE 'own' END,
        'name', x.name, 'unit', x.unit, 'numbers', to_jsonb(x.numbers), 'note', x.note, 'updated_by_name', coalesce(u.name, ''), 'updated_at', iso(x.updated_at),
        'version', x.version) ORDER BY n) FILTER (WHERE n <= $5::int), '[]'),
    'next', (SELECT '0_' || id FROM numbered WHERE n = $5::int AND EXISTS (SELECT FROM numbered WHERE n > $5::int))) AS document
FROM numbered x LEFT JOIN app_user u ON u.id = x.updated_by;

-- name: contact_create
-- $1 id, $2 center id, $3 owner (null = the center's book), $4 user id, $5 body. HL020 with the field.
SELECT contact_save($1::uuid, NULL, $2::int, $3::int, true, $4::int, $5::jsonb) AS document;

-- name: contact_update
-- $1 id, $2 expected version, $3 may he change the center's book, $4 user id, $5 body.
SELECT contact_save($1::uuid, $2::int, NULL, NULL, $3::boolean, $4::int, $5::jsonb) AS document;

-- name: contact_delete
-- $1 id, $2 may he change the center's book. One column: {result}.
WITH gone AS (DELETE FROM contact c WHERE c.id = $1::uuid AND (c.owner_id IS NOT NULL OR $2::boolean) RETURNING id)
SELECT jsonb_build_object('result', CASE WHEN EXISTS (SELECT FROM gone) THEN 'ok' ELSE 'missing' END) AS document;

-- name: contact_import
-- $1 center id, $2 owner (null = the center's book), $3 user id, $4 rows. One column: {made, changed, problems: [{line, problem}]}.
SELECT contact_import($1::int, $2::int, $3::int, $4::jsonb) AS document;

-- name: contact_export
-- $1 center id, $2 owner (null = the center's book). One column: a sheet's {title, columns, items}.
SELECT jsonb_build_object('title', '通讯录',
    'columns', '[{"id": "name", "title": "姓名", "kind": "text"}, {"id": "unit", "title": "单位", "kind": "text"}, {"id": "numbers", "title": "号码", "kind": "text"}, {"id": "note", "title": "备注", "kind": "text"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'unit', c.unit, 'numbers', array_to_string(c.numbers, ' '), 'note', c.note) ORDER BY c.name, c.id), '[]')) AS document
FROM contact c WHERE c.center_id = $1::int AND c.owner_id IS NOT DISTINCT FROM $2::int;
