-- How centers dial out (CC-17).

-- name: settings_dialing
-- $1 center id. numbers: what may be shown to those who are called.
SELECT jsonb_build_object('center_id', c.id, 'center_name', c.name, 'ranges', coalesce(to_jsonb(d.ranges), '["service","local","mobile","national"]'),
    'prefix', coalesce(d.prefix, ''), 'local_short', coalesce(d.local_short, false), 'far_zero', coalesce(d.far_zero, false),
    'shown_no', coalesce(d.shown_no, ''), 'version', coalesce(d.version, 1), 'area_code', c.area_code,
    'numbers', (SELECT coalesce(jsonb_agg(n.called_no ORDER BY n.id), '[]') FROM number_plan n WHERE n.center_id = c.id AND n.kind = 'public')) AS document
FROM center c LEFT JOIN dial_rule d ON d.center_id = c.id WHERE c.id = $1::int;

-- name: settings_dialing_save
-- $1 center id, $2 expected version, $3 body; fields left out stay.
SELECT dial_rule_save($1::int, $2::int, $3::jsonb) AS document;
