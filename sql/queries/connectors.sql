-- What flows may ask outside. No statement but connector_secret returns the secret header's value.

-- name: settings_connector_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'center_id', c.center_id, 'center_name', o.name,
    'code', c.code, 'name', c.name, 'url', c.url, 'method', c.method, 'headers', c.headers, 'secret_name', c.secret_name, 'timeout_ms', c.timeout_ms,
    'enabled', c.enabled, 'used_by', coalesce(connector_users(c), ''), 'version', c.version) ORDER BY o.sort, c.code), '[]')) AS document
FROM connector c JOIN center o ON o.id = c.center_id WHERE $1::int IS NULL OR c.center_id = $1::int;

-- name: settings_connector_create
-- $1 center id, $2 body. HL014 names the field.
SELECT connector_save(NULL, NULL, $1::int, $2::jsonb) AS document;

-- name: settings_connector_update
-- $1 id, $2 expected version, $3 body. HL014 names the field.
SELECT connector_save($1::int, $2::int, NULL, $3::jsonb) AS document;

-- name: settings_connector_delete
-- $1 id. HL013 names the nodes that ask it.
SELECT connector_delete($1::int) AS document;

-- name: connector_secret
-- $1 id: for trying it, seen by the daemon only. One column, as in the directory. No row = no such connector.
SELECT jsonb_build_object('id', c.id, 'center_id', c.center_id, 'code', c.code, 'url', c.url, 'method', c.method, 'headers', c.headers,
    'secret_name', c.secret_name, 'secret_value', c.secret_value, 'timeout_ms', c.timeout_ms) AS document
FROM connector c WHERE c.id = $1::int;
