-- The knowledge base (KB-02, KB-06, KB-07, KB-14). Who may read what is said here as well as by row-level security, which lets
-- everybody see what is shared.

-- --- classes ------------------------------------------------------------------------------------

-- name: kb_class_list
-- $1 own center id. One column: {items, next}: all classes of the centers in sight, own ones first, and those of others in which something is
-- shared, each tree from above.
WITH RECURSIVE tree AS (
    SELECT c.*, ARRAY[c.sort, c.id] AS place FROM kb_class c
    WHERE c.parent_id IS NULL AND (c.center_id = ANY ((SELECT app_centers())::integer[]) OR c.id = ANY ((SELECT kb_shared_classes())::integer[]))
    UNION ALL
    SELECT c.*, t.place || c.sort || c.id FROM kb_class c JOIN tree t ON c.parent_id = t.id
    WHERE c.center_id = ANY ((SELECT app_centers())::integer[]) OR c.id = ANY ((SELECT kb_shared_classes())::integer[]))
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(to_jsonb(t) - 'place' || jsonb_build_object('center_name', kb_center_name(t.center_id))
    ORDER BY t.center_id <> $1::int, t.center_id, t.place), '[]')) AS document
FROM tree t;

-- name: settings_kb_class_create
-- $1 center id, $2 body.
SELECT kb_class_save(NULL, NULL, $1::int, $2::jsonb) AS document;

-- name: settings_kb_class_update
-- $1 class id, $2 expected version, $3 body.
SELECT kb_class_save($1::int, $2::int, NULL, $3::jsonb) AS document;

-- name: settings_kb_class_delete
-- $1 class id. HL013 names who uses it.
SELECT kb_class_delete($1::int) AS document;

-- --- reading ------------------------------------------------------------------------------------

-- name: kb_item_search
-- $1 words, $2 classes (int array, null = all), $3 own center id, $4 limit. One column: {items, more, next}. HL020 at q.
SELECT kb_search($1::text, $2::int[], $3::int, least($4::int, 50)) AS document;

-- name: kb_item_list
-- $1 classes (int array, null = all), $2 limit, $3 after. One column: {items, more, next}: what is in force, newest first.
WITH page AS (
    SELECT v.* FROM kb_version v
    WHERE v.ended_at IS NULL AND (v.valid_until IS NULL OR v.valid_until >= kb_today())
      AND (v.center_id = ANY ((SELECT app_centers())::integer[]) OR v.share_scope = 'region') AND v.class_id = ANY ((SELECT kb_open_classes($1::int[]))::integer[])
      AND ($3::text IS NULL OR (v.published_at, v.entry_id) < (cursor_time($3::text), cursor_id($3::text)::uuid))
    ORDER BY v.published_at DESC, v.entry_id DESC LIMIT least($2::int, 50) + 1),
numbered AS (SELECT p.entry_id, p.seq, row_number() OVER (ORDER BY p.published_at DESC, p.entry_id DESC) AS n FROM page p)
SELECT jsonb_build_object('more', count(*) > least($2::int, 50),
    'items', coalesce(jsonb_agg(kb_item(v, '{}', false) ORDER BY x.n) FILTER (WHERE x.n <= least($2::int, 50)), '[]'),
    'next', CASE WHEN count(*) > least($2::int, 50) THEN max(cursor_of(v.published_at, v.entry_id::text)) FILTER (WHERE x.n = least($2::int, 50)) END) AS document
FROM numbered x JOIN kb_version v USING (entry_id, seq);

-- name: kb_item_get
-- $1 entry id. One column; no row = not in force, or not to be seen. versions: of one's own centers only.
SELECT jsonb_build_object('id', v.entry_id, 'center_id', v.center_id, 'center_name', kb_center_name(v.center_id), 'class_id', v.class_id,
    'class_path', kb_class_path(v.class_id), 'title', v.title, 'content', v.content, 'share_scope', v.share_scope, 'valid_until', v.valid_until,
    'seq', v.seq, 'note', v.note, 'published_at', iso(v.published_at), 'published_by_name', kb_who(v.published_by),
    'versions', (SELECT coalesce(jsonb_agg(jsonb_build_object('seq', o.seq, 'title', o.title, 'note', o.note, 'published_at', iso(o.published_at),
            'published_by_name', kb_who(o.published_by), 'ended_at', iso(o.ended_at)) ORDER BY o.seq DESC), '[]')
        FROM kb_version o WHERE o.entry_id = v.entry_id AND o.center_id = ANY ((SELECT app_centers())::integer[]))) AS document
FROM kb_version v
WHERE v.entry_id = $1::uuid AND v.ended_at IS NULL AND (v.valid_until IS NULL OR v.valid_until >= kb_today())
  AND (v.center_id = ANY ((SELECT app_centers())::integer[]) OR v.share_scope = 'region');

-- name: kb_version_get
-- $1 entry id, $2 version. One column; no row = there is none, or of another center.
SELECT jsonb_build_object('id', v.entry_id, 'center_id', v.center_id, 'center_name', kb_center_name(v.center_id), 'class_id', v.class_id,
    'class_path', kb_class_path(v.class_id), 'title', v.title, 'content', v.content, 'share_scope', v.share_scope, 'valid_until', v.valid_until,
    'seq', v.seq, 'note', v.note, 'published_at', iso(v.published_at), 'published_by_name', kb_who(v.published_by), 'ended_at', iso(v.ended_at)) AS document
FROM kb_version v
WHERE v.entry_id = $1::uuid AND v.seq = $2::int AND v.center_id = ANY ((SELECT app_centers())::integer[]);

-- --- writing ------------------------------------------------------------------------------------

-- name: kb_entry_list
-- $1 center id (null = all in sight), $2 classes (int array, null = all), $3 state (draft, published, withdrawn; changed: published and
-- written on since; expired), $4 part of the title, $5 limit, $6 after. One column: {items, next}, last worked on first.
WITH RECURSIVE chosen AS (
    SELECT c.id FROM kb_class c WHERE c.id = ANY ($2::int[])
    UNION SELECT c.id FROM kb_class c JOIN chosen o ON c.parent_id = o.id),
page AS (
    SELECT e.*, v.seq, v.valid_until < kb_today() AS expired FROM kb_entry e LEFT JOIN kb_version v ON v.entry_id = e.id AND v.ended_at IS NULL
    WHERE e.center_id = ANY ((SELECT app_centers())::integer[]) AND ($1::int IS NULL OR e.center_id = $1::int)
      AND ($2::int[] IS NULL OR e.class_id IN (SELECT id FROM chosen))
      AND ($3::text IS NULL OR e.state = $3::text OR $3::text = 'changed' AND e.state = 'published' AND e.changed OR $3::text = 'expired' AND v.valid_until < kb_today())
      AND ($4::text IS NULL OR position(kb_plain($4::text) IN kb_plain(e.title)) > 0)
      AND ($6::text IS NULL OR (e.updated_at, e.id) < (cursor_time($6::text), cursor_id($6::text)::uuid))
    ORDER BY e.updated_at DESC, e.id DESC LIMIT least($5::int, 200) + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.updated_at DESC, p.id DESC) AS n FROM page p)
SELECT jsonb_build_object(
    'items', coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'center_id', x.center_id, 'center_name', kb_center_name(x.center_id), 'class_id', x.class_id,
        'class_path', kb_class_path(x.class_id), 'title', x.title, 'share_scope', x.share_scope, 'valid_until', x.valid_until, 'state', x.state,
        'changed', x.changed, 'expired', coalesce(x.expired, false), 'seq', x.seq, 'updated_at', iso(x.updated_at), 'updated_by_name', kb_who(x.updated_by),
        'version', x.version) ORDER BY x.n) FILTER (WHERE x.n <= least($5::int, 200)), '[]'),
    'next', CASE WHEN count(*) > least($5::int, 200) THEN max(cursor_of(x.updated_at, x.id::text)) FILTER (WHERE x.n = least($5::int, 200)) END) AS document
FROM numbered x;

-- name: kb_entry_get
-- $1 entry id. One column; no row = there is none, or of another center.
SELECT jsonb_build_object('id', e.id, 'center_id', e.center_id, 'center_name', kb_center_name(e.center_id), 'class_id', e.class_id,
    'class_path', kb_class_path(e.class_id), 'title', e.title, 'content', e.content, 'share_scope', e.share_scope, 'valid_until', e.valid_until,
    'state', e.state, 'changed', e.changed, 'expired', EXISTS (SELECT FROM kb_version v WHERE v.entry_id = e.id AND v.ended_at IS NULL AND v.valid_until < kb_today()),
    'seq', (SELECT v.seq FROM kb_version v WHERE v.entry_id = e.id AND v.ended_at IS NULL),
    'created_at', iso(e.created_at), 'created_by_name', kb_who(e.created_by), 'updated_at', iso(e.updated_at), 'updated_by_name', kb_who(e.updated_by),
    'version', e.version,
    'versions', (SELECT coalesce(jsonb_agg(jsonb_build_object('seq', v.seq, 'title', v.title, 'note', v.note, 'published_at', iso(v.published_at),
            'published_by_name', kb_who(v.published_by), 'ended_at', iso(v.ended_at)) ORDER BY v.seq DESC), '[]')
        FROM kb_version v WHERE v.entry_id = e.id)) AS document
FROM kb_entry e
WHERE e.id = $1::uuid AND e.center_id = ANY ((SELECT app_centers())::integer[]);

-- name: kb_entry_create
-- $1 id, $2 center id, $3 body, $4 user id (null = a key).
SELECT kb_entry_create($1::uuid, $2::int, $3::jsonb, $4::int) AS document;

-- name: kb_entry_update
-- $1 entry id, $2 expected version, $3 body, $4 user id (null = a key).
SELECT kb_entry_update($1::uuid, $2::int, $3::jsonb, $4::int) AS document;

-- name: kb_entry_delete
-- $1 entry id. HL013 = it was published.
SELECT kb_entry_delete($1::uuid) AS document;

-- name: kb_entry_publish
-- $1 entry id, $2 expected version, $3 an older version to be published again (null = the draft), $4 note, $5 user id (null = a key).
SELECT kb_entry_publish($1::uuid, $2::int, $3::int, $4::text, $5::int) AS document;

-- name: kb_entry_withdraw
-- $1 entry id, $2 expected version, $3 user id (null = a key).
SELECT kb_entry_withdraw($1::uuid, $2::int, $3::int) AS document;
