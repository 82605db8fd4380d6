-- To which center a caller of the region's number is sent, and the taxpayers that go before the rules.

-- name: route_setting_get
-- No parameters. One column; version 1: nothing was set yet.
SELECT jsonb_build_object('by_taxpayer', coalesce(s.by_taxpayer, true), 'unknown_center_id', s.unknown_center_id, 'version', coalesce(s.version, 1),
    'rules', (SELECT count(*) FROM route_rule r WHERE r.center_id = h.id),
    'numbers', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'called_no', n.called_no, 'by_caller', n.by_caller) ORDER BY n.id), '[]')
        FROM number_plan n WHERE n.center_id = h.id AND n.kind = 'public' AND n.source = 'direct'),
    'centers', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'code', c.code, 'name', c.name, 'kind', c.kind) ORDER BY c.sort, c.id), '[]') FROM center c)) AS document
FROM (SELECT regional_center() AS id) h LEFT JOIN route_setting s ON s.center_id = h.id;

-- name: route_setting_update
-- $1 expected version, $2 body.
SELECT route_save($1::int, $2::jsonb) AS document;

-- name: route_rule_list
-- $1 beginning of the prefix, $2 limit, $3 after (a prefix).
WITH page AS (SELECT r.*, c.name AS center_name FROM route_rule r JOIN center c ON c.id = r.target_center_id
    WHERE ($1::text IS NULL OR starts_with(r.prefix, $1::text)) AND ($3::text IS NULL OR r.prefix > $3::text) ORDER BY r.prefix LIMIT least($2::int, 200) + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.prefix) AS n FROM page p)
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('id', id, 'prefix', prefix, 'center_id', target_center_id,
        'center_name', center_name, 'note', note) ORDER BY n) FILTER (WHERE n <= least($2::int, 200)), '[]'),
    'next', (SELECT prefix FROM numbered WHERE n = least($2::int, 200) AND EXISTS (SELECT FROM numbered WHERE n > least($2::int, 200)))) AS document
FROM numbered;

-- name: route_rule_put
-- $1 body {prefix, center_id, note}.
SELECT route_rule_put($1::jsonb) AS document;

-- name: route_rule_delete
-- $1 id. No row: there is none.
DELETE FROM route_rule WHERE id = $1::int RETURNING jsonb_build_object('result', 'ok', 'id', id, 'version', version) AS document;

-- name: route_rule_import
-- $1 rows of the file.
SELECT route_rule_import($1::jsonb) AS document;

-- name: taxpayer_route
-- $1 normalised number. {hits, center_id (0 = none, or several), queue, queue_name, name}.
SELECT taxpayer_route($1::text) AS document;

-- name: taxpayer_list
-- $1 center id, $2 beginning of number, name or taxpayer number, $3 limit, $4 after (id), $5 reveal. Newest first.
WITH page AS (SELECT t.*, coalesce(o.name, '') AS org_name, c.name AS center_name FROM taxpayer t JOIN center c ON c.id = t.center_id LEFT JOIN org o ON o.id = t.org_id
    WHERE ($1::int IS NULL OR t.center_id = $1::int) AND ($4::int IS NULL OR t.id < $4::int)
      AND ($2::text IS NULL OR starts_with(t.name, $2::text) OR starts_with(t.taxpayer_no, upper($2::text))
           OR EXISTS (SELECT FROM taxpayer_phone p WHERE p.taxpayer_id = t.id AND p.number = normalise_number($2::text)))
    ORDER BY t.id DESC LIMIT least($3::int, 200) + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.id DESC) AS n FROM page p)
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'center_id', t.center_id, 'center_name', t.center_name,
        'taxpayer_no', t.taxpayer_no, 'name', t.name, 'org_name', t.org_name, 'updated_at', iso(t.updated_at),
        'numbers', (SELECT coalesce(jsonb_agg(mask_number(p.number, $5::boolean) ORDER BY p.number), '[]') FROM taxpayer_phone p WHERE p.taxpayer_id = t.id)) ORDER BY n)
        FILTER (WHERE n <= least($3::int, 200)), '[]'),
    'next', (SELECT id::text FROM numbered WHERE n = least($3::int, 200) AND EXISTS (SELECT FROM numbered WHERE n > least($3::int, 200)))) AS document
FROM numbered t;

-- name: taxpayer_import
-- $1 center id, $2 user id, $3 rows of the file.
SELECT taxpayer_import($1::int, $2::int, $3::jsonb) AS document;

-- name: taxpayer_delete
-- $1 id. No row: there is none in sight.
DELETE FROM taxpayer WHERE id = $1::int RETURNING jsonb_build_object('result', 'ok', 'id', id, 'version', 1) AS document;

-- name: office_list
-- $1 center id, null = all in sight.
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'center_id', o.center_id, 'name', o.name, 'code', o.code,
    'queue_id', o.queue_id, 'queue_name', coalesce(q.name, ''),
    'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'name', x.name) ORDER BY x.id), '[]') FROM queue x
        WHERE x.center_id = o.center_id AND x.enabled AND x.deleted_at IS NULL),
    'taxpayers', (SELECT count(*) FROM taxpayer t WHERE t.org_id = o.id)) ORDER BY o.center_id, o.id), '[]')) AS document
FROM org o LEFT JOIN queue q ON q.id = o.queue_id
WHERE o.enabled AND ($1::int IS NULL OR o.center_id = $1::int);

-- name: office_update
-- $1 id, $2 body {queue_id}.
SELECT office_save($1::int, $2::jsonb) AS document;
