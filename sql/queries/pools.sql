-- Shares of what the centers have in common.

-- name: settings_pool_shares
-- No parameters: the centers in sight, all kinds; version is that of PUT (bots: of their own route).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('center_id', c.id, 'center_name', c.name, 'kind', k.kind,
    'guaranteed', CASE k.kind WHEN 'bot' THEN coalesce(b.guaranteed, 0) ELSE coalesce(s.guaranteed, 0) END,
    'most', CASE WHEN k.kind <> 'bot' THEN s.most WHEN b.allowed THEN b.most ELSE 0 END,
    'version', CASE k.kind WHEN 'bot' THEN coalesce(b.version, 1) ELSE coalesce(s.version, 1) END) ORDER BY c.sort, c.id, k.n), '[]')) AS document
FROM center c CROSS JOIN (VALUES ('trunk', 1), ('bot', 2), ('tts', 3), ('asr', 4)) k(kind, n)
LEFT JOIN pool_share s ON s.center_id = c.id AND s.kind = k.kind LEFT JOIN bot_share b ON b.center_id = c.id AND k.kind = 'bot';

-- name: settings_pool_share_save
-- $1 center id, $2 kind, $3 expected version, $4 body. HL014 names the field.
SELECT pool_share_save($1::int, $2::text, $3::int, $4::jsonb) AS document;
