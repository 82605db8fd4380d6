-- Messages that callers left (VM-01 to VM-08).

-- name: voicemail_list
-- $1 from, $2 to (timestamptz or null), $3 center id, $4 caller number, $5 city code, $6 state, $7 agent number, $8 only
-- those of these users or nobody's (int array, null = all), $9 limit, $10 after, $11 reveal, $12 words of the transcript. One column:
-- {items, next}. Deleted ones only when they are asked for.
WITH page AS (
    SELECT v.* FROM voicemail v
    WHERE v.state <> 'recording' AND (v.state <> 'deleted' OR $6::text = 'deleted')
      AND ($1::timestamptz IS NULL OR v.left_at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR v.left_at < $2::timestamptz)
      AND ($3::int IS NULL OR v.center_id = $3::int)
      AND ($4::text IS NULL OR v.caller_no IN ($4::text, nullif(normalise_number($4::text), '')))
      AND ($5::text IS NULL OR v.caller_city = $5::text) AND ($6::text IS NULL OR v.state = $6::text)
      AND ($7::text IS NULL OR v.assigned_to IN (SELECT id FROM app_user WHERE agent_no = $7::text))
      AND ($8::int[] IS NULL OR v.assigned_to IS NULL OR v.assigned_to = ANY ($8::int[]))
      AND ($12::text IS NULL OR EXISTS (SELECT FROM transcript t WHERE t.recording_id = v.voicemail_id AND strpos(lower(t.text), lower($12::text)) > 0))
      AND ($10::text IS NULL OR (v.left_at, v.voicemail_id) < (cursor_time($10::text), cursor_id($10::text)::uuid))
    ORDER BY v.left_at DESC, v.voicemail_id DESC LIMIT least($9::int, 200) + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.left_at DESC, p.voicemail_id DESC) AS n FROM page p)
SELECT jsonb_build_object(
    'items', coalesce(jsonb_agg(jsonb_build_object('voicemail_id', v.voicemail_id, 'center_id', v.center_id, 'center_name', c.name, 'call_id', v.call_id,
            'scene', v.scene, 'caller_no', mask_number(v.caller_no, $11::boolean), 'caller_place', v.caller_place, 'menu_path', v.menu_path,
            'left_at', iso(v.left_at), 'length_ms', v.length_ms, 'state', v.state, 'assigned_to', v.assigned_to, 'agent_no', coalesce(u.agent_no, ''),
            'agent_name', coalesce(u.name, ''), 'assigned_at', iso(v.assigned_at), 'taken_at', iso(v.taken_at), 'finished_at', iso(v.finished_at),
            'called_back_at', iso(v.called_back_at), 'record_no', r.record_no, 'record_state', r.state, 'note', v.note, 'version', v.version) ORDER BY n)
        FILTER (WHERE n <= least($9::int, 200)), '[]'),
    'next', (SELECT cursor_of(left_at, voicemail_id::text) FROM numbered WHERE n = least($9::int, 200)
             AND EXISTS (SELECT FROM numbered WHERE n > least($9::int, 200)))) AS document
FROM numbered v
JOIN center c ON c.id = v.center_id
LEFT JOIN app_user u ON u.id = v.assigned_to
LEFT JOIN record r ON r.id = v.record_id;

-- name: voicemail_get
-- $1 id, $2 reveal, $3 only one of these users or nobody's (int array, null = any), $4 there is an engine that hears. One column; no row = not found.
SELECT jsonb_build_object('voicemail_id', v.voicemail_id, 'center_id', v.center_id, 'center_name', c.name, 'call_id', v.call_id, 'scene', v.scene,
    'caller_no', mask_number(v.caller_no, $2::boolean), 'caller_place', v.caller_place, 'caller_city', v.caller_city, 'menu_path', v.menu_path,
    'left_at', iso(v.left_at), 'length_ms', v.length_ms, 'speech_ms', v.speech_ms, 'state', v.state, 'assigned_to', v.assigned_to,
    'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''), 'assigned_at', iso(v.assigned_at), 'taken_at', iso(v.taken_at),
    'finished_at', iso(v.finished_at), 'called_back_at', iso(v.called_back_at), 'note', v.note, 'version', v.version,
    'record_id', v.record_id, 'record_no', r.record_no, 'record_state', r.state, 'recording_state', o.state)
    || jsonb_build_object(
    'recognition', CASE WHEN NOT $4::boolean THEN 'none' WHEN s.transcribe THEN 'on' ELSE 'off' END,
    'transcript', (SELECT jsonb_build_object('state', t.state, 'text', t.text, 'engine', t.engine, 'confidence', round(t.confidence::numeric, 3), 'made_at', iso(t.made_at),
            'tries', t.tries, 'reason', t.reason, 'next_at', CASE t.state WHEN 'waiting' THEN iso(t.next_at) END)
        FROM transcript t WHERE t.recording_id = v.voicemail_id),
    'steps', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', iso(s.at), 'state', s.state, 'by', coalesce(nullif(concat_ws(' ', nullif(b.agent_no, ''), b.name), ''), '系统'),
            'target', concat_ws(' ', t.agent_no, t.name), 'note', s.note) ORDER BY s.seq), '[]')
        FROM voicemail_step s LEFT JOIN app_user b ON b.id = s.user_id LEFT JOIN app_user t ON t.id = s.target_id WHERE s.voicemail_id = v.voicemail_id)) AS document
FROM voicemail v
JOIN center c ON c.id = v.center_id
JOIN recording o ON o.recording_id = v.voicemail_id
LEFT JOIN voicemail_setting s ON s.center_id = v.center_id
LEFT JOIN app_user u ON u.id = v.assigned_to
LEFT JOIN record r ON r.id = v.record_id
WHERE v.voicemail_id = $1::uuid AND v.state <> 'recording'
  AND ($3::int[] IS NULL OR v.assigned_to IS NULL OR v.assigned_to = ANY ($3::int[]));

-- name: voicemail_recording
-- $1 id, $2 only one of these users or nobody's (int array, null = any). Columns as of recording_get.
SELECT r.path, r.state, r.length_ms, r.size, r.sha256, r.call_id, r.center_id, r.left_party, r.right_party
FROM voicemail v JOIN recording r ON r.recording_id = v.voicemail_id
WHERE v.voicemail_id = $1::uuid AND v.state <> 'recording'
  AND ($2::int[] IS NULL OR v.assigned_to IS NULL OR v.assigned_to = ANY ($2::int[]));

-- name: voicemail_sheet
-- $1 to $8, $9 reveal and $10 words as of voicemail_list ($1 to $8, $11, $12). One column: the document of a report, the newest 10,000.
WITH chosen AS (
    SELECT v.* FROM voicemail v
    WHERE v.state <> 'recording' AND (v.state <> 'deleted' OR $6::text = 'deleted')
      AND ($1::timestamptz IS NULL OR v.left_at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR v.left_at < $2::timestamptz)
      AND ($3::int IS NULL OR v.center_id = $3::int)
      AND ($4::text IS NULL OR v.caller_no IN ($4::text, nullif(normalise_number($4::text), '')))
      AND ($5::text IS NULL OR v.caller_city = $5::text) AND ($6::text IS NULL OR v.state = $6::text)
      AND ($7::text IS NULL OR v.assigned_to IN (SELECT id FROM app_user WHERE agent_no = $7::text))
      AND ($8::int[] IS NULL OR v.assigned_to IS NULL OR v.assigned_to = ANY ($8::int[]))
      AND ($10::text IS NULL OR EXISTS (SELECT FROM transcript t WHERE t.recording_id = v.voicemail_id AND strpos(lower(t.text), lower($10::text)) > 0))
    ORDER BY v.left_at DESC, v.voicemail_id DESC LIMIT 10000)
SELECT jsonb_build_object('title', '语音留言清单', 'made_at', iso(now()),
    'conditions', jsonb_build_array(jsonb_build_object('title', '时间', 'value', concat(coalesce(iso($1::timestamptz), '起'), ' 至 ', coalesce(iso($2::timestamptz), '今')))),
    'columns', (SELECT jsonb_agg(jsonb_build_object('id', k.id, 'title', k.title, 'kind', k.kind, 'formula', '') ORDER BY k.n)
        FROM (VALUES (1, 'left_at', '留言时间', 'text'), (2, 'center', '中心', 'text'), (3, 'caller_no', '来电号码', 'text'), (4, 'place', '归属地', 'text'), (5, 'scene', '场景', 'text'),
            (6, 'menu_path', '按键路径', 'text'), (7, 'length', '时长', 'seconds'), (8, 'state', '状态', 'text'), (9, 'agent', '受理坐席', 'text'), (10, 'assigned_at', '分派时间', 'text'),
            (11, 'called_back_at', '回访接通', 'text'), (12, 'finished_at', '办结时间', 'text'), (13, 'record_no', '业务记录', 'text'), (14, 'note', '说明', 'text')) AS k(n, id, title, kind)),
    'rows', (SELECT coalesce(jsonb_agg(jsonb_build_object('left_at', local_time(v.left_at), 'center', c.name, 'caller_no', mask_number(v.caller_no, $9::boolean), 'place', v.caller_place,
            'scene', voicemail_word(v.scene), 'menu_path', v.menu_path, 'length', round(v.length_ms / 1000.0, 1), 'state', voicemail_word(v.state),
            'agent', concat_ws(' ', u.agent_no, u.name), 'assigned_at', local_time(v.assigned_at), 'called_back_at', local_time(v.called_back_at), 'finished_at', local_time(v.finished_at),
            'record_no', coalesce(r.record_no, ''), 'note', v.note) ORDER BY v.left_at DESC, v.voicemail_id DESC), '[]')
        FROM chosen v JOIN center c ON c.id = v.center_id LEFT JOIN app_user u ON u.id = v.assigned_to LEFT JOIN record r ON r.id = v.record_id),
    'total', (SELECT jsonb_build_object('left_at', '合计 ' || count(*) || ' 条', 'length', round(coalesce(sum(v.length_ms), 0) / 1000.0, 1)) FROM chosen v),
    'check', 0) AS document;

-- name: voicemail_assign
-- $1 id, $2 agent, $3 user id. One column: {result}.
SELECT voicemail_assign($1::uuid, $2::int, $3::int) AS document;

-- name: voicemail_take
-- $1 id, $2 only one of these users or nobody's (int array, null = any), $3 user id. One column: {result}.
SELECT voicemail_take($1::uuid, $2::int[], $3::int) AS document;

-- name: voicemail_call
-- $1 id, $2 user id, $3 id of the call that is made next. Columns: result, number, by.
SELECT d->>'result' AS result, coalesce(d->>'number', '') AS number, '' AS by FROM voicemail_call($1::uuid, $2::int, $3::uuid) d;

-- name: voicemail_uncall
-- $1 id of the call that was not made after all.
SELECT voicemail_uncall($1::uuid);

-- name: voicemail_finish
-- $1 id, $2 finished or void, $3 note or reason, $4 only one of these users or nobody's (int array, null = any), $5 user id.
-- One column: {result}.
SELECT voicemail_finish($1::uuid, $2::text, $3::text, $4::int[], $5::int) AS document;

-- name: voicemail_transcribe
-- $1 id, $2 only one of these users or nobody's (int array, null = any), $3 there is an engine that hears. One column: {result}.
SELECT voicemail_transcribe($1::uuid, $2::int[], $3::boolean) AS document;

-- name: voicemail_delete
-- $1 id, $2 reason, $3 user id; its file is gone already. One column: {result}.
SELECT voicemail_delete($1::uuid, $2::text, $3::int) AS document;

-- name: voicemail_settings
-- $1 center id, $2 there is an engine that hears. One column: the document of GET /settings/voicemail.
SELECT jsonb_build_object('center_id', c.id, 'enabled', coalesce(s.enabled, false), 'off_prompt', coalesce(s.off_prompt, ''), 'quota_mb', coalesce(s.quota_mb, 1024),
    'used_bytes', coalesce(t.used_bytes, 0), 'assign_rule', coalesce(s.assign_rule, 'none'), 'assign_group_id', s.assign_group_id, 'version', coalesce(s.version, 1),
    'transcribe', coalesce(s.transcribe, false), 'has_engine', $2::boolean,
    'scenes', (SELECT jsonb_agg(jsonb_build_object('scene', k.scene, 'enabled', coalesce(o.enabled, true), 'prompt', coalesce(o.prompt, '')) ORDER BY k.n)
        FROM unnest('{off_day,off_hours,all_busy,chosen}'::text[]) WITH ORDINALITY AS k(scene, n)
        LEFT JOIN voicemail_scene o ON o.center_id = c.id AND o.scene = k.scene),
    'groups', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name) ORDER BY g.id), '[]') FROM skill_group g WHERE g.center_id = c.id),
    'prompts', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'name', name) ORDER BY code), '[]')
        FROM (SELECT DISTINCT ON (p.code) p.code, p.name FROM prompt p WHERE (p.center_id = c.id OR p.center_id IS NULL) AND p.published_version IS NOT NULL
              ORDER BY p.code, p.center_id NULLS LAST) p)) AS document
FROM center c LEFT JOIN voicemail_setting s ON s.center_id = c.id LEFT JOIN voicemail_turn t ON t.center_id = c.id
WHERE c.id = $1::int;

-- name: voicemail_settings_save
-- $1 center id, $2 expected version, $3 body (json). One column: {result, version}.
SELECT voicemail_setting_save($1::int, $2::int, $3::jsonb) AS document;
