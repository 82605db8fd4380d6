-- What call control needs of the configuration. Shapes: docs/directory.md.

-- name: directory_snapshot
-- No parameters; run with the daemon's scope. One row, one column: the directory document.
SELECT json_build_object(
    'revision', (SELECT last_value FROM directory_revision),
    'centers', (SELECT coalesce(json_agg(json_build_object('id', id, 'code', code, 'kind', kind, 'name', name,
            'city_code', city_code, 'area_code', area_code, 'enabled', enabled,
            'announce_agent_no', announce_agent_no) ORDER BY sort, id), '[]') FROM center),
    'agents', (SELECT coalesce(json_agg(json_build_object('user_id', id, 'center_id', center_id, 'team_id', team_id,
            'agent_no', agent_no, 'name', name, 'auto_answer_ms', auto_answer_ms) ORDER BY id), '[]')
        FROM app_user WHERE enabled AND deleted_at IS NULL AND agent_no <> ''),
    'queues', (SELECT coalesce(json_agg(json_build_object('id', id, 'center_id', center_id, 'code', code, 'name', name,
            'strategy', strategy, 'ring_timeout_ms', ring_timeout_ms, 'wrap_up_ms', wrap_up_ms,
            'wrap_up_required', wrap_up_required, 'max_wait_ms', max_wait_ms, 'max_length', max_length,
            'max_offers', max_offers, 'overflow_queue_id', overflow_queue_id,
            'age_step_ms', age_step_ms, 'sl_threshold_ms', sl_threshold_ms,
            'short_abandon_ms', short_abandon_ms) ORDER BY id), '[]')
        FROM queue WHERE enabled AND deleted_at IS NULL),
    'members', (SELECT coalesce(json_agg(json_build_object('queue_id', m.queue_id, 'user_id', m.user_id,
            'weight', m.weight) ORDER BY m.queue_id, m.user_id), '[]')
        FROM queue_member m
        JOIN queue q ON q.id = m.queue_id AND q.enabled AND q.deleted_at IS NULL
        JOIN app_user u ON u.id = m.user_id AND u.enabled AND u.deleted_at IS NULL AND u.agent_no <> ''),
    'flows', (SELECT coalesce(json_agg(json_build_object('id', f.id, 'center_id', f.center_id, 'code', f.code,
            'version', v.version, 'document', v.document) ORDER BY f.id), '[]')
        FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version),
    'prompts', (SELECT coalesce(json_agg(json_build_object('center_id', p.center_id, 'code', p.code,
            'version', v.version, 'path', v.path) ORDER BY p.id), '[]')
        FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id AND v.version = p.published_version),
    'numbers', (SELECT coalesce(json_agg(json_build_object('called_no', called_no, 'trunk_id', trunk_id,
            'center_id', center_id, 'kind', kind, 'source', source, 'flow_code', flow_code) ORDER BY id), '[]')
        FROM number_plan),
    'reasons', (SELECT coalesce(json_agg(json_build_object('id', id, 'center_id', center_id, 'kind', kind,
            'name', name) ORDER BY sort, id), '[]') FROM reason WHERE enabled),
    'wrap_up_codes', (SELECT coalesce(json_agg(json_build_object('center_id', center_id, 'code', code)
            ORDER BY center_id, code), '[]') FROM wrap_up_code WHERE enabled),
    'calendars', (SELECT coalesce(json_agg(json_build_object('center_id', center_id, 'code', code,
            'document', document) ORDER BY id), '[]') FROM work_calendar),
    'trunks', (SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, 'transport', transport, 'host', host,
            'port', port, 'allowed_ips', allowed_ips, 'username', username, 'password', password, 'realm', realm,
            'in_username', in_username, 'in_password', in_password, 'max_channels', max_channels,
            'priority', priority, 'options_interval_s', options_interval_s, 'registers', registers,
            'enabled', enabled) ORDER BY priority, id), '[]') FROM trunk),
    'phones', (SELECT coalesce(json_agg(json_build_object('user_id', p.user_id, 'extension', p.extension,
            'ha1_md5', p.ha1_md5, 'ha1_sha256', p.ha1_sha256) ORDER BY p.user_id), '[]')
        FROM phone p JOIN app_user u ON u.id = p.user_id AND u.enabled AND u.deleted_at IS NULL)
) AS document;

-- name: number_place_snapshot
-- No parameters. Rows (from_prefix, to_prefix, province, city, city_code, shared), both ends
-- included, ordered; seven digits for mobiles, "0..." for area codes of land lines.
SELECT from_prefix, to_prefix, province, city, city_code, shared
FROM number_place ORDER BY from_prefix;

-- name: number_place_correction_list
-- $1 time of the newest one known (null = all); a minute before it is read again, because times are those
-- of the transactions' beginnings. Rows (center_id, number, province, city, city_code, corrected_at), oldest first.
SELECT n.center_id, n.number, coalesce(p.province, ''), coalesce(p.city, ''), n.city_code, n.corrected_at::text
FROM number_place_correction n
LEFT JOIN LATERAL (SELECT o.province, o.city FROM number_place o WHERE o.city_code = n.city_code ORDER BY o.from_prefix LIMIT 1) p ON true
WHERE $1::text IS NULL OR n.corrected_at >= $1::timestamptz - interval '1 minute'
ORDER BY n.corrected_at;

-- name: prompt_render_list
-- No parameters. Rows (path, text): the published prompts that are spoken, for --render-prompts.
SELECT v.path, v.text
FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id AND v.version = p.published_version
WHERE v.source = 'tts' ORDER BY p.center_id NULLS FIRST, p.code;
