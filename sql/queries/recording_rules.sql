-- What of a center's talks is recorded (CC-05).

-- name: settings_recording
-- $1 center id. One column: the document of GET /settings/recording.
SELECT jsonb_build_object('center_id', c.id, 'outbound', coalesce(r.outbound, 'always'), 'internal', coalesce(r.internal, true),
    'pause_s', coalesce(r.pause_s, 0), 'version', coalesce(r.version, 1),
    'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'name', q.name, 'recording', q.recording) ORDER BY q.id), '[]')
        FROM queue q WHERE q.center_id = c.id AND q.deleted_at IS NULL)) AS document
FROM center c LEFT JOIN recording_rule r ON r.center_id = c.id WHERE c.id = $1::int;

-- name: settings_recording_save
-- $1 center id, $2 expected version, $3 body.
SELECT recording_rule_save($1::int, $2::int, $3::jsonb) AS document;
