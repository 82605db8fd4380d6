-- The voice bot: its nodes, and who may use it how.

-- name: settings_bot_peers
-- No parameters.
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'transport', t.transport, 'host', t.host, 'port', t.port,
    'sip_user', p.sip_user, 'channels', p.channels, 'record', p.record, 'enabled', p.enabled, 'trunk_id', p.trunk_id, 'version', p.version) ORDER BY p.id), '[]')) AS document
FROM bot_peer p JOIN trunk t ON t.id = p.trunk_id;

-- name: settings_bot_peer_create
-- $1 body. HL014 names the field.
SELECT bot_peer_save(NULL, NULL, $1::jsonb) AS document;

-- name: settings_bot_peer_update
-- $1 id, $2 expected version, $3 body. HL014 names the field.
SELECT bot_peer_save($1::int, $2::int, $3::jsonb) AS document;

-- name: settings_bot_shares
-- No parameters: the centers in sight, also those without a row.
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('center_id', c.id, 'center_name', c.name, 'allowed', coalesce(s.allowed, false),
    'guaranteed', coalesce(s.guaranteed, 0), 'most', coalesce(s.most, 10), 'policy', coalesce(s.policy, 'key'), 'share_percent', coalesce(s.share_percent, 50),
    'calendar_code', coalesce(s.calendar_code, 'default'), 'version', coalesce(s.version, 1)) ORDER BY c.sort, c.id), '[]')) AS document
FROM center c LEFT JOIN bot_share s ON s.center_id = c.id;

-- name: settings_bot_share_save
-- $1 center id, $2 expected version, $3 body. HL014 names the field.
SELECT bot_share_save($1::int, $2::int, $3::jsonb) AS document;
