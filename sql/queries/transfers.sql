-- Calls that move between centers: access codes, what is allowed, dedicated queues and seats.

-- name: settings_transfer_list
-- No parameters. The centers in sight, the region first; version 1: nothing was set yet.
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('center_id', c.id, 'center_name', c.name, 'kind', c.kind,
    'to_12366', coalesce(x.to_12366, true), 'from_12366', coalesce(x.from_12366, true), 'between_cities', coalesce(x.between_cities, true),
    'to_12366_hours', x.to_12366_hours, 'from_12366_hours', x.from_12366_hours, 'version', coalesce(x.version, 1),
    'codes', transfer_codes(c.id),
    'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'name', q.name, 'transfer_only', q.transfer_only) ORDER BY q.id), '[]')
        FROM queue q WHERE q.center_id = c.id AND q.enabled AND q.deleted_at IS NULL),
    'seats', (SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', u.id, 'agent_no', u.agent_no, 'name', u.name, 'transfer_seat', u.transfer_seat,
            'served', EXISTS (SELECT FROM queue_member m JOIN queue q ON q.id = m.queue_id AND q.transfer_only AND q.deleted_at IS NULL WHERE m.user_id = u.id)) ORDER BY u.agent_no), '[]')
        FROM app_user u WHERE u.center_id = c.id AND u.agent_no <> '' AND u.enabled AND u.deleted_at IS NULL)
    ) ORDER BY c.sort, c.id), '[]')) AS document
FROM center c LEFT JOIN center_transfer x ON x.center_id = c.id;

-- name: settings_transfer_update
-- $1 center id, $2 expected version, $3 body.
SELECT transfer_save($1::int, $2::int, $3::jsonb) AS document;

-- name: settings_transfer_code
-- $1 center id, $2 source, $3 expected version, $4 body.
SELECT transfer_code_save($1::int, $2::text, $3::int, $4::jsonb) AS document;

-- name: settings_transfer_dedicate
-- $1 center id, $2 expected version, $3 body with the lists queues and seats.
SELECT transfer_dedicate($1::int, $2::int, (SELECT coalesce(array_agg(v::int), '{}') FROM jsonb_array_elements_text($3::jsonb->'queues') v),
    (SELECT coalesce(array_agg(v::int), '{}') FROM jsonb_array_elements_text($3::jsonb->'seats') v)) AS document;
