-- Keys of other systems. No statement but key_load returns what a key is known by, and none the key itself.

-- name: key_load
-- $1 id (null = all). Daemon scope. Rows of the keys in use: id, center_id, region, name, hash, groups (json), reveal, expires_ms (0 = never),
-- functions_off (json {"center id": [names]} of the centers it reaches).
SELECT k.id, k.center_id, k.region, k.name, k.hash, to_jsonb(k.groups) AS groups, k.reveal,
    coalesce((extract(epoch FROM local_midnight(k.expires_on + 1)) * 1000)::bigint, 0) AS expires_ms,
    (SELECT jsonb_object_agg(v.id::text, to_jsonb(v.functions_off)) FROM center v WHERE v.enabled AND (k.region OR v.id = k.center_id)) AS functions_off
FROM api_key k JOIN center c ON c.id = k.center_id AND c.enabled
WHERE k.revoked_at IS NULL AND (k.expires_on IS NULL OR local_midnight(k.expires_on + 1) > now()) AND ($1::int IS NULL OR k.id = $1::int);

-- name: key_used
-- $1 id, $2 when (timestamptz), $3 address.
UPDATE api_key SET used_at = $2::timestamptz, used_from = $3::text WHERE id = $1::int;

-- name: settings_key_list
-- $1 center id (null = all in sight). In use first, newest first.
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('id', k.id, 'center_id', k.center_id, 'center_name', c.name,
    'region', k.region, 'name', k.name, 'groups', to_jsonb(k.groups), 'reveal', k.reveal, 'prefix', k.prefix, 'expires_on', k.expires_on,
    'state', CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN local_midnight(k.expires_on + 1) <= now() THEN 'expired' ELSE 'active' END,
    'created_at', iso(k.created_at), 'created_by', coalesce(u.name, ''), 'revoked_at', iso(k.revoked_at), 'revoked_by', coalesce(r.name, ''),
    'used_at', iso(k.used_at), 'used_from', k.used_from) ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC, k.id DESC), '[]')) AS document
FROM api_key k JOIN center c ON c.id = k.center_id
LEFT JOIN app_user u ON u.id = k.created_by LEFT JOIN app_user r ON r.id = k.revoked_by
WHERE $1::int IS NULL OR k.center_id = $1::int;

-- name: settings_key_create
-- $1 center id, $2 body (checked by the API), $3 prefix, $4 hash, $5 user id. One column: the id.
INSERT INTO api_key (center_id, region, name, groups, reveal, prefix, hash, expires_on, created_by)
SELECT $1::int, coalesce((b->>'region')::boolean, false), b->>'name', ARRAY(SELECT DISTINCT g FROM jsonb_array_elements_text(b->'groups') g ORDER BY g),
    coalesce((b->>'reveal')::boolean, false), $3::text, $4::text, nullif(b->>'expires_on', '')::date, $5::int
FROM (SELECT $2::jsonb AS b) x
RETURNING id;

-- name: settings_key_revoke
-- $1 id, $2 user id. One column {result}; revoking twice is once.
WITH k AS (
    UPDATE api_key SET revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, $2::int) WHERE id = $1::int RETURNING id)
SELECT jsonb_build_object('result', CASE WHEN EXISTS (SELECT FROM k) THEN 'ok' ELSE 'missing' END, 'id', $1::int) AS document;
