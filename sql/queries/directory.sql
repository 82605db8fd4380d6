-- What call control needs of the configuration. Shapes: docs/directory.md.

-- name: directory_snapshot
-- No parameters; run with the daemon's scope. One row, one column: the directory document.
SELECT json_build_object(
    'revision', (SELECT last_value FROM directory_revision),
    'centers', (SELECT coalesce(json_agg(json_build_object('id', id, 'code', code, 'kind', kind, 'name', name,
            'city_code', city_code, 'area_code', area_code, 'enabled', enabled,
            'announce_agent_no', announce_agent_no AND 'announce' <> ALL (functions_off),
            'callback_off', 'callback' = ANY (functions_off), 'dialing', (SELECT json_build_object('ranges', d.ranges,
            'prefix', d.prefix, 'local_short', d.local_short, 'far_zero', d.far_zero, 'shown_no', d.shown_no) FROM dial_rule d WHERE d.center_id = center.id),
            'recording', (SELECT json_build_object('outbound', r.outbound, 'internal', r.internal, 'pause_s', r.pause_s)
                FROM recording_rule r WHERE r.center_id = center.id)) ORDER BY sort, id), '[]') FROM center),
    'agents', (SELECT coalesce(json_agg(json_build_object('user_id', id, 'center_id', center_id, 'team_id', team_id,
            'agent_no', agent_no, 'name', name, 'auto_answer_ms', CASE WHEN center_has(center_id, 'auto_answer') THEN auto_answer_ms ELSE 0 END,
            'auto_answer_internal', auto_answer_internal) ORDER BY id), '[]')
        FROM app_user WHERE enabled AND deleted_at IS NULL AND agent_no <> ''),
    'queues', (SELECT coalesce(json_agg(json_build_object('id', id, 'center_id', center_id, 'code', code, 'name', name,
            'strategy', strategy, 'ring_timeout_ms', ring_timeout_ms, 'wrap_up_ms', wrap_up_ms,
            'wrap_up_required', wrap_up_required AND center_has(center_id, 'wrap_up'), 'max_wait_ms', max_wait_ms, 'max_length', max_length,
            'max_offers', max_offers, 'overflow_queue_id', overflow_queue_id, 'overflow_rules', overflow_rules,
            'announce_ms', announce_ms, 'announce_wait', announce_wait, 'auto_answer_ms', CASE WHEN center_has(center_id, 'auto_answer') THEN auto_answer_ms ELSE 0 END,
            'age_step_ms', age_step_ms, 'sl_threshold_ms', sl_threshold_ms,
            'short_abandon_ms', short_abandon_ms, 'transfer_only', transfer_only, 'survey', survey, 'recording', recording) ORDER BY id), '[]')
        FROM queue WHERE enabled AND deleted_at IS NULL),
    'members', (SELECT coalesce(json_agg(json_build_object('queue_id', m.queue_id, 'user_id', m.user_id,
            'weight', m.weight) ORDER BY m.queue_id, m.user_id), '[]')
        FROM queue_member m
        JOIN queue q ON q.id = m.queue_id AND q.enabled AND q.deleted_at IS NULL
        JOIN app_user u ON u.id = m.user_id AND u.enabled AND u.deleted_at IS NULL AND u.agent_no <> ''
            AND (q.transfer_only OR NOT u.transfer_seat)),
    'flows', (SELECT coalesce(json_agg(json_build_object('id', f.id, 'center_id', f.center_id, 'code', f.code,
            'name', f.name, 'version', v.version, 'document', v.document) ORDER BY f.id), '[]')
        FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version),
    'surveys', (SELECT coalesce(json_agg(json_build_object('center_id', s.center_id, 'automatic', s.automatic,
            'levels', s.levels, 'document', survey_flow(s)) ORDER BY s.center_id), '[]') FROM survey_setting s WHERE s.enabled AND center_has(s.center_id, 'survey')),
    'prompts', (SELECT coalesce(json_agg(json_build_object('center_id', p.center_id, 'code', p.code,
            'version', v.version, 'path', v.path) ORDER BY p.id), '[]')
        FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id AND v.version = p.published_version),
    'numbers', (SELECT coalesce(json_agg(json_build_object('called_no', called_no, 'trunk_id', trunk_id,
            'center_id', center_id, 'kind', kind, 'source', source, 'flow_code', flow_code, 'via_trunk_id', via_trunk_id,
            'queue_id', queue_id, 'priority', priority, 'by_caller', by_caller) ORDER BY id), '[]')
        FROM number_plan),
    'routes', (SELECT coalesce(json_agg(json_build_object('center_id', c.id, 'by_taxpayer', coalesce(s.by_taxpayer, true),
            'unknown_center_id', s.unknown_center_id, 'rules', (SELECT coalesce(json_agg(json_build_array(r.prefix, r.target_center_id) ORDER BY r.id), '[]')
                FROM route_rule r WHERE r.center_id = c.id)) ORDER BY c.id), '[]')
        FROM center c LEFT JOIN route_setting s ON s.center_id = c.id WHERE c.kind = 'regional'),
    'transfers', (SELECT coalesce(json_agg(json_build_object('center_id', center_id, 'to_12366', to_12366, 'from_12366', from_12366,
            'between_cities', between_cities, 'to_12366_hours', to_12366_hours, 'from_12366_hours', from_12366_hours) ORDER BY center_id), '[]')
        FROM center_transfer),
    'bot_peers', (SELECT coalesce(json_agg(json_build_object('id', id, 'trunk_id', trunk_id, 'sip_user', sip_user, 'channels', channels, 'record', record) ORDER BY id), '[]')
        FROM bot_peer WHERE enabled),
    'pools', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'center_id', center_id, 'guaranteed', guaranteed, 'most', most) ORDER BY kind, center_id), '[]')
        FROM (SELECT kind, center_id, guaranteed, most FROM pool_share
              UNION ALL SELECT 'bot', center_id, guaranteed, most FROM bot_share WHERE allowed AND center_has(center_id, 'bot')) p),
    'bot_shares', (SELECT coalesce(json_agg(json_build_object('center_id', center_id,
            'policy', policy, 'share_percent', share_percent, 'calendar', calendar_code) ORDER BY center_id), '[]')
        FROM bot_share WHERE allowed AND center_has(center_id, 'bot')),
    'reasons', (SELECT coalesce(json_agg(json_build_object('id', id, 'center_id', center_id, 'kind', kind,
            'name', name) ORDER BY sort, id), '[]') FROM reason WHERE enabled),
    'wrap_up_codes', (SELECT coalesce(json_agg(json_build_object('center_id', center_id, 'code', code)
            ORDER BY center_id, code), '[]') FROM wrap_up_code WHERE enabled),
    'calendars', (SELECT coalesce(json_agg(json_build_object('center_id', center_id, 'code', code,
            'document', document) ORDER BY id), '[]') FROM work_calendar),
    'connectors', (SELECT coalesce(json_agg(json_build_object('id', id, 'center_id', center_id, 'code', code, 'url', url,
            'method', method, 'headers', headers, 'secret_name', secret_name, 'secret_value', secret_value,
            'timeout_ms', timeout_ms) ORDER BY id), '[]') FROM connector WHERE enabled),
    'number_list', (SELECT coalesce(json_agg(json_build_object('id', id, 'center_id', center_id, 'number', number,
            'prefix', prefix, 'action', action, 'prompt_code', prompt_code, 'queue_id', queue_id, 'priority', priority,
            'expires_ms', (extract(epoch FROM expires_at) * 1000)::bigint) ORDER BY id), '[]')
        FROM number_list WHERE enabled AND coalesce(expires_at > now(), true) AND center_has(center_id, 'number_lists')),
    'voicemail', (SELECT coalesce(json_agg(json_build_object('center_id', c.id, 'off_prompt', coalesce(s.off_prompt, ''), 'scene', k.scene,
            'enabled', coalesce(s.enabled, false) AND coalesce(o.enabled, true) AND 'voicemail' <> ALL (c.functions_off), 'prompt', coalesce(o.prompt, ''),
            'full', coalesce(t.used_bytes, 0) >= coalesce(s.quota_mb, 1024) * 1048576::bigint) ORDER BY c.id, k.scene), '[]')
        FROM center c CROSS JOIN unnest('{off_day,off_hours,all_busy,chosen}'::text[]) AS k(scene)
        JOIN voicemail_setting s ON s.center_id = c.id
        LEFT JOIN voicemail_scene o ON o.center_id = c.id AND o.scene = k.scene
        LEFT JOIN voicemail_turn t ON t.center_id = c.id),
    'trunks', (SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, 'transport', transport, 'host', host,
            'port', port, 'allowed_ips', allowed_ips, 'username', username, 'password', password, 'realm', realm,
            'in_username', in_username, 'in_password', in_password, 'max_channels', max_channels,
            'priority', priority, 'options_interval_s', options_interval_s, 'registers', registers,
            'enabled', enabled, 'by_name_only', EXISTS (SELECT FROM bot_peer b WHERE b.trunk_id = trunk.id)
                OR EXISTS (SELECT FROM number_plan n WHERE n.via_trunk_id = trunk.id)) ORDER BY priority, id), '[]') FROM trunk),
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
