-- Settings. Lists are {items, next} with next null (settings are few). Writes answer one column
-- {result: "ok" | "missing" (404) | "stale" (412), id, version}; HL0xx = refused, CONSTRAINT = field.

-- name: settings_user_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('id', u.id, 'center_id', u.center_id,
    'center_name', c.name, 'login', u.login, 'name', u.name, 'agent_no', u.agent_no, 'team_id', u.team_id, 'team_name', coalesce(t.name, ''),
    'roles', (SELECT coalesce(jsonb_agg(r.role_code ORDER BY r.role_code), '[]') FROM user_role r WHERE r.user_id = u.id),
    'enabled', u.enabled, 'extension', coalesce(p.extension, ''), 'auto_answer_ms', u.auto_answer_ms, 'auto_answer_internal', u.auto_answer_internal,
    'version', u.version) ORDER BY c.sort, u.agent_no = '', u.agent_no, u.login), '[]')) AS document
FROM app_user u JOIN center c ON c.id = u.center_id
LEFT JOIN team t ON t.id = u.team_id LEFT JOIN phone p ON p.user_id = u.id
WHERE u.deleted_at IS NULL AND ($1::int IS NULL OR u.center_id = $1::int);

-- name: settings_user_get
-- $1 user id. No row = not found.
SELECT jsonb_build_object('id', u.id, 'center_id', u.center_id, 'login', u.login, 'name', u.name, 'agent_no', u.agent_no, 'team_id', u.team_id,
    'roles', (SELECT coalesce(jsonb_agg(r.role_code ORDER BY r.role_code), '[]') FROM user_role r WHERE r.user_id = u.id),
    'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('queue_id', m.queue_id, 'name', q.name, 'weight', m.weight) ORDER BY q.id), '[]')
        FROM queue_member m JOIN queue q ON q.id = m.queue_id WHERE m.user_id = u.id),
    'enabled', u.enabled, 'extension', coalesce(p.extension, ''), 'auto_answer_ms', u.auto_answer_ms, 'auto_answer_internal', u.auto_answer_internal, 'version', u.version) AS document
FROM app_user u LEFT JOIN phone p ON p.user_id = u.id
WHERE u.id = $1::int AND u.deleted_at IS NULL;

-- name: settings_user_create
-- $1 center id, $2 body (json), $3 password hash or null, $4 HA1 MD5 or null, $5 HA1 SHA-256 or null.
SELECT user_save(NULL, NULL, $1::int, $2::jsonb, $3::text, $4::text, $5::text) AS document;

-- name: settings_user_update
-- $1 user id, $2 expected version, $3 body, $4 password hash or null (unchanged), $5, $6 HA1 MD5, SHA-256 or null.
-- A new password and a disabled user end the user's sessions.
SELECT user_save($1::int, $2::int, NULL, $3::jsonb, $4::text, $5::text, $6::text) AS document;

-- name: settings_user_delete
-- $1 user id.
SELECT user_delete($1::int) AS document;

-- name: settings_queue_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(to_jsonb(q) - 'deleted_at' || jsonb_build_object('center_name', c.name,
    'skill_group_name', coalesce(g.name, ''),
    'member_count', (SELECT count(*) FROM queue_member m WHERE m.queue_id = q.id)) ORDER BY c.sort, q.id), '[]')) AS document
FROM queue q JOIN center c ON c.id = q.center_id LEFT JOIN skill_group g ON g.id = q.skill_group_id
WHERE q.deleted_at IS NULL AND ($1::int IS NULL OR q.center_id = $1::int);

-- name: settings_queue_create
-- $1 center id, $2 body.
SELECT queue_save(NULL, NULL, $1::int, $2::jsonb) AS document;

-- name: settings_queue_update
-- $1 queue id, $2 expected version, $3 body.
SELECT queue_save($1::int, $2::int, NULL, $3::jsonb) AS document;

-- name: settings_queue_delete
-- $1 queue id. HL013 names the flows that use it.
SELECT queue_delete($1::int) AS document;

-- name: settings_member_list
-- $1 queue id. No row = no such queue.
SELECT jsonb_build_object('next', NULL, 'queue_id', q.id, 'items', (SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', u.id,
        'center_id', u.center_id, 'agent_no', u.agent_no, 'name', u.name, 'team_id', u.team_id, 'weight', m.weight) ORDER BY m.weight DESC, u.agent_no), '[]')
    FROM queue_member m JOIN app_user u ON u.id = m.user_id WHERE m.queue_id = q.id)) AS document
FROM queue q WHERE q.id = $1::int AND q.deleted_at IS NULL;

-- name: settings_member_put
-- $1 queue id, $2 user id, $3 weight.
SELECT member_put($1::int, $2::int, $3::int) AS document;

-- name: settings_member_delete
-- $1 queue id, $2 user id. One column; missing when he was no member.
WITH gone AS (DELETE FROM queue_member WHERE queue_id = $1::int AND user_id = $2::int RETURNING user_id)
SELECT jsonb_build_object('result', CASE WHEN EXISTS (SELECT FROM gone) THEN 'ok' ELSE 'missing' END) AS document;

-- name: settings_role_list
-- $1 center id: roles its people may have; grantable: by the one who asks.
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('code', r.code, 'name', r.name, 'regional', r.regional,
    'grantable', NOT role_exceeds(r.code, app_user_id()),
    'permissions', (SELECT coalesce(jsonb_object_agg(p.permission, p.scope), '{}') FROM role_permission p WHERE p.role_code = r.code)) ORDER BY r.sort), '[]')) AS document
FROM role r WHERE NOT r.regional OR EXISTS (SELECT FROM center c WHERE c.id = $1::int AND c.kind = 'regional');

-- name: settings_team_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'center_id', t.center_id,
    'center_name', c.name, 'name', t.name, 'district', t.district, 'enabled', t.enabled, 'version', t.version,
    'members', (SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', u.id, 'agent_no', u.agent_no, 'name', u.name,
            'leader', EXISTS (SELECT FROM user_role r WHERE r.user_id = u.id AND r.role_code = 'leader')) ORDER BY u.agent_no, u.id), '[]')
        FROM app_user u WHERE u.team_id = t.id AND u.deleted_at IS NULL)) ORDER BY c.sort, t.id), '[]')) AS document
FROM team t JOIN center c ON c.id = t.center_id WHERE $1::int IS NULL OR t.center_id = $1::int;

-- name: settings_team_create
-- $1 center id, $2 body.
SELECT team_save(NULL, NULL, $1::int, $2::jsonb) AS document;

-- name: settings_team_update
-- $1 team id, $2 expected version, $3 body.
SELECT team_save($1::int, $2::int, NULL, $3::jsonb) AS document;

-- name: settings_team_delete
-- $1 team id. HL013 names its members.
SELECT team_delete($1::int) AS document;

-- name: settings_skill_group_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'center_id', g.center_id,
    'center_name', c.name, 'code', g.code, 'name', g.name, 'version', g.version,
    'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('queue_id', q.id, 'name', q.name) ORDER BY q.id), '[]')
        FROM queue q WHERE q.skill_group_id = g.id AND q.deleted_at IS NULL),
    'members', (SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', u.id, 'agent_no', u.agent_no, 'name', u.name, 'level', m.level)
            ORDER BY m.level DESC, u.agent_no), '[]')
        FROM skill_group_member m JOIN app_user u ON u.id = m.user_id WHERE m.skill_group_id = g.id)) ORDER BY c.sort, g.id), '[]')) AS document
FROM skill_group g JOIN center c ON c.id = g.center_id WHERE $1::int IS NULL OR g.center_id = $1::int;

-- name: settings_skill_group_create
-- $1 center id, $2 body.
SELECT skill_group_save(NULL, NULL, $1::int, $2::jsonb) AS document;

-- name: settings_skill_group_update
-- $1 skill group id, $2 expected version, $3 body.
SELECT skill_group_save($1::int, $2::int, NULL, $3::jsonb) AS document;

-- name: settings_skill_group_delete
-- $1 skill group id. HL013 names the queues that want it.
SELECT skill_group_delete($1::int) AS document;

-- name: settings_skill_member_put
-- $1 skill group id, $2 user id, $3 level.
SELECT skill_member_put($1::int, $2::int, $3::int) AS document;

-- name: settings_skill_member_delete
-- $1 skill group id, $2 user id.
SELECT skill_member_delete($1::int, $2::int) AS document;

-- name: settings_reason_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(to_jsonb(r) || jsonb_build_object('center_name', c.name)
    ORDER BY c.sort, r.sort, r.id), '[]')) AS document
FROM reason r JOIN center c ON c.id = r.center_id
WHERE $1::int IS NULL OR r.center_id = $1::int;

-- name: settings_reason_create
-- $1 center id, $2 body.
SELECT reason_save(NULL, NULL, $1::int, $2::jsonb) AS document;

-- name: settings_reason_update
-- $1 reason id, $2 expected version, $3 body. HL015 = the system's own.
SELECT reason_save($1::int, $2::int, NULL, $3::jsonb) AS document;

-- name: settings_reason_delete
-- $1 reason id. HL013 = agents' states name it.
SELECT reason_delete($1::int) AS document;

-- name: settings_wrap_up_code_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(to_jsonb(w) || jsonb_build_object('center_name', c.name)
    ORDER BY c.sort, w.sort, w.code), '[]')) AS document
FROM wrap_up_code w JOIN center c ON c.id = w.center_id
WHERE $1::int IS NULL OR w.center_id = $1::int;

-- name: settings_wrap_up_code_create
-- $1 center id, $2 body.
SELECT wrap_up_code_create($1::int, $2::jsonb) AS document;

-- name: settings_wrap_up_code_update
-- $1 center id, $2 code, $3 expected version, $4 body.
SELECT wrap_up_code_update($1::int, $2::text, $3::int, $4::jsonb) AS document;

-- name: settings_wrap_up_code_delete
-- $1 center id, $2 code. HL013 = calls name it.
SELECT wrap_up_code_delete($1::int, $2::text) AS document;

-- name: settings_flow_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'center_id', f.center_id, 'center_name', c.name,
    'code', f.code, 'name', f.name, 'published_version', f.published_version, 'published_at', iso(v.published_at),
    'published_by', coalesce(u.name, ''), 'note', coalesce(v.note, ''), 'version', f.version) ORDER BY c.sort, f.code), '[]')) AS document
FROM flow f JOIN center c ON c.id = f.center_id
LEFT JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
LEFT JOIN app_user u ON u.id = v.published_by
WHERE $1::int IS NULL OR f.center_id = $1::int;

-- name: settings_flow_get
-- $1 flow id. The published document and the history. No row = not found.
SELECT jsonb_build_object('id', f.id, 'center_id', f.center_id, 'code', f.code, 'name', f.name, 'version', f.version,
    'published_version', f.published_version, 'document', v.document, 'draft', f.draft,
    'versions', (SELECT coalesce(jsonb_agg(jsonb_build_object('version', h.version, 'note', h.note, 'published_at', iso(h.published_at),
        'published_by', coalesce(u.name, '')) ORDER BY h.version DESC), '[]')
        FROM flow_version h LEFT JOIN app_user u ON u.id = h.published_by WHERE h.flow_id = f.id)) AS document
FROM flow f LEFT JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
WHERE f.id = $1::int;

-- name: settings_flow_names
-- $1 flow id, $2 version or null. What the checker needs: center_id, and the codes a flow of this center may
-- use, as JSON arrays: prompts (also those common to all), queues, calendars, numbers of agents; then the document of
-- that version (null = there is none), and the connectors. No row = not found.
SELECT f.center_id,
    (SELECT coalesce(jsonb_agg(DISTINCT p.code), '[]') FROM prompt p
     WHERE (p.center_id = f.center_id OR p.center_id IS NULL) AND p.published_version IS NOT NULL) AS prompts,
    (SELECT coalesce(jsonb_agg(q.code), '[]') FROM queue q
     WHERE q.center_id = f.center_id AND q.enabled AND q.deleted_at IS NULL) AS queues,
    (SELECT coalesce(jsonb_agg(k.code), '[]') FROM work_calendar k WHERE k.center_id = f.center_id) AS calendars,
    (SELECT coalesce(jsonb_agg(u.agent_no), '[]') FROM app_user u
     WHERE u.center_id = f.center_id AND u.enabled AND u.deleted_at IS NULL AND u.agent_no <> '') AS agents,
    (SELECT v.document::text FROM flow_version v WHERE v.flow_id = f.id AND v.version = $2::int) AS document,
    (SELECT coalesce(jsonb_agg(k.code), '[]') FROM connector k WHERE k.center_id = f.center_id AND k.enabled) AS connectors
FROM flow f WHERE f.id = $1::int;

-- name: settings_flow_create
-- $1 center id, $2 code, $3 name.
SELECT flow_create($1::int, $2::text, $3::text) AS document;

-- name: settings_flow_choices
-- $1 flow id. What its editor offers to choose from, with the names people know. No row = not found.
SELECT jsonb_build_object('center_id', f.center_id,
    'prompts', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', p.code, 'name', p.name, 'kind', p.kind, 'text', v.text) ORDER BY p.kind, p.name, p.code), '[]')
        FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id AND v.version = p.published_version
        WHERE p.center_id = f.center_id OR (p.center_id IS NULL AND NOT EXISTS (
            SELECT FROM prompt o WHERE o.center_id = f.center_id AND o.code = p.code AND o.published_version IS NOT NULL))),
    'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', q.code, 'name', q.name) ORDER BY q.id), '[]')
        FROM queue q WHERE q.center_id = f.center_id AND q.enabled AND q.deleted_at IS NULL),
    'calendars', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', k.code, 'name', k.name) ORDER BY k.code), '[]')
        FROM work_calendar k WHERE k.center_id = f.center_id),
    'connectors', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', k.code, 'name', k.name) ORDER BY k.code), '[]')
        FROM connector k WHERE k.center_id = f.center_id AND k.enabled),
    'agents', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', u.agent_no, 'name', u.name) ORDER BY u.agent_no), '[]')
        FROM app_user u WHERE u.center_id = f.center_id AND u.enabled AND u.deleted_at IS NULL AND u.agent_no <> '')) AS document
FROM flow f WHERE f.id = $1::int;

-- name: settings_flow_version
-- $1 flow id, $2 version. One version of a flow, in force or not. No row = not found.
SELECT jsonb_build_object('id', f.id, 'center_id', f.center_id, 'code', f.code, 'name', f.name, 'version', v.version,
    'published', v.version = f.published_version, 'document', v.document, 'note', v.note, 'published_at', iso(v.published_at),
    'published_by', coalesce(u.name, '')) AS document
FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = $2::int LEFT JOIN app_user u ON u.id = v.published_by
WHERE f.id = $1::int;

-- name: settings_flow_publish
-- $1 flow id, $2 expected version or null (not checked), $3 document, $4 note, $5 user id. Check the document first.
SELECT flow_publish($1::int, $2::int, $3::jsonb, $4::text, $5::int) AS document;

-- name: settings_survey_get
-- $1 center id. Of a center that has saved none: how it would be, version 1.
SELECT to_jsonb(s) || jsonb_build_object('queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'name', q.name, 'survey', q.survey) ORDER BY q.id), '[]')
    FROM queue q WHERE q.center_id = s.center_id AND q.deleted_at IS NULL)) AS document
FROM (SELECT o.* FROM survey_setting o WHERE o.center_id = $1::int
      UNION ALL SELECT d.* FROM jsonb_populate_record(NULL::survey_setting, survey_defaults($1::int)) d
      WHERE NOT EXISTS (SELECT FROM survey_setting o WHERE o.center_id = $1::int)) s;

-- name: settings_survey_put
-- $1 center id, $2 expected version, $3 body.
SELECT survey_save($1::int, $2::int, $3::jsonb) AS document;

-- name: settings_prompt_list
-- $1 center id. The center's prompts and those common to all that it has no own of; used_by: nodes of the flows in force.
WITH uses AS (
    SELECT u.code, jsonb_agg(jsonb_build_object('flow_id', u.flow_id, 'flow_name', u.flow_name, 'node', u.node) ORDER BY u.flow_id, u.node) AS by
    FROM prompt_uses($1::int) u GROUP BY u.code)
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object('center_id', p.center_id, 'code', p.code, 'name', p.name,
    'kind', p.kind, 'version', v.version, 'text', v.text, 'source', v.source, 'voice', v.voice, 'speed', v.speed, 'path', v.path,
    'common', p.center_id IS NULL, 'made_at', iso(v.made_at), 'made_by', coalesce(m.name, ''), 'used_by', coalesce(u.by, '[]'))
    ORDER BY p.center_id NULLS LAST, p.code), '[]')) AS document
FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id AND v.version = p.published_version
LEFT JOIN app_user m ON m.id = v.made_by
LEFT JOIN uses u ON u.code = p.code
WHERE p.center_id = $1::int OR (p.center_id IS NULL AND NOT EXISTS (
    SELECT FROM prompt o WHERE o.center_id = $1::int AND o.code = p.code AND o.published_version IS NOT NULL));

-- name: settings_prompt_versions
-- $1 center id, $2 code. The own prompt's versions, else the common one's. No row = neither.
SELECT jsonb_build_object('next', NULL, 'code', p.code, 'items', (SELECT coalesce(jsonb_agg(jsonb_build_object('version', v.version, 'text', v.text,
        'source', v.source, 'voice', v.voice, 'speed', v.speed, 'made_at', iso(v.made_at), 'made_by', coalesce(m.name, ''),
        'published', v.version = p.published_version) ORDER BY v.version DESC), '[]')
    FROM prompt_version v LEFT JOIN app_user m ON m.id = v.made_by WHERE v.prompt_id = p.id)) AS document
FROM prompt p
WHERE p.code = $2::text AND (p.center_id = $1::int OR p.center_id IS NULL)
ORDER BY p.center_id NULLS LAST LIMIT 1;

-- name: settings_prompt_get
-- $1 center id, $2 code, $3 version or null (the one in force). Columns: path, version, text, source. No row = neither
-- own nor common.
SELECT v.path, v.version, v.text, v.source
FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id AND v.version = coalesce($3::int, p.published_version)
WHERE p.code = $2::text AND (p.center_id = $1::int OR p.center_id IS NULL)
ORDER BY p.center_id NULLS LAST LIMIT 1;

-- name: settings_prompt_restore
-- $1 center id, $2 code, $3 version.
SELECT prompt_restore($1::int, $2::text, $3::int) AS document;

-- name: settings_prompt_delete
-- $1 center id, $2 code. HL013 names the nodes that play it; a common one of the same code takes its place.
SELECT prompt_delete($1::int, $2::text) AS document;

-- name: settings_prompt_next
-- $1 center id, $2 code. Columns: version, path: the next version and where its sound belongs. Two who
-- publish at once get the same version but not the same path: the loser's sound is nobody's.
SELECT n.version, c.code || '/' || $2::text || '-' || n.version || '-' || left(gen_random_uuid()::text, 8) || '.wav' AS path
FROM center c, LATERAL (SELECT 1 + coalesce(max(v.version), 0) AS version FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id
    WHERE p.center_id = c.id AND p.code = $2::text) n
WHERE c.id = $1::int;

-- name: settings_prompt_publish
-- $1 center id, $2 code, $3 version, $4 text, $5 source (tts | upload), $6 path, $7 user id, $8 name or null, $9 kind or null
-- (both: as they were), $10 voice, $11 speed. Unique violation: somebody was faster; ask for the next version again.
SELECT prompt_publish($1::int, $2::text, $3::int, $4::text, $5::text, $6::text, $7::int, $8::text, $9::text, $10::text, $11::int) AS document;

-- name: settings_trunk_list
-- No parameters. Passwords are not shown, only whether there are any.
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(to_jsonb(t) - '{password,in_password}'::text[]
    || jsonb_build_object('has_password', t.password <> '', 'has_in_password', t.in_password <> '') ORDER BY t.priority, t.id), '[]')) AS document
FROM trunk t;

-- name: settings_trunk_update
-- $1 trunk id, $2 expected version, $3 body; fields left out stay as they are, passwords too.
SELECT trunk_save($1::int, $2::int, $3::jsonb) AS document;

-- name: settings_number_list
-- $1 center id (null = all in sight).
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(to_jsonb(n) || jsonb_build_object('center_name', c.name) ORDER BY c.sort, n.id), '[]')) AS document
FROM number_plan n JOIN center c ON c.id = n.center_id
WHERE $1::int IS NULL OR n.center_id = $1::int;

-- name: settings_calendar_list
-- $1 center id (null = all in sight). used_by: what asks it, in words; a calendar without that may be deleted.
SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(to_jsonb(k) || jsonb_build_object('center_name', c.name,
    'used_by', coalesce(calendar_users(k), '')) ORDER BY c.sort, k.id), '[]')) AS document
FROM work_calendar k JOIN center c ON c.id = k.center_id
WHERE $1::int IS NULL OR k.center_id = $1::int;

-- name: settings_calendar_get
-- $1 calendar id. With its versions, newest first. No row = not found.
SELECT to_jsonb(k) || jsonb_build_object('used_by', coalesce(calendar_users(k), ''),
    'versions', (SELECT jsonb_agg(jsonb_build_object('version', v.version, 'name', v.name, 'document', v.document, 'note', v.note,
        'made_at', iso(v.made_at), 'made_by', coalesce(u.name, '')) ORDER BY v.version DESC)
        FROM work_calendar_version v LEFT JOIN app_user u ON u.id = v.made_by WHERE v.calendar_id = k.id)) AS document
FROM work_calendar k WHERE k.id = $1::int;

-- name: settings_calendar_document
-- $1 calendar id. Column document: what it says now. No row = not found.
SELECT k.document FROM work_calendar k WHERE k.id = $1::int;

-- name: settings_calendar_create
-- $1 center id, $2 body, its document checked.
SELECT calendar_save(NULL, NULL, $1::int, $2::jsonb) AS document;

-- name: settings_calendar_update
-- $1 calendar id, $2 expected version, $3 body, its document checked. HL013 = another code for one in use.
SELECT calendar_save($1::int, $2::int, NULL, $3::jsonb) AS document;

-- name: settings_calendar_restore
-- $1 calendar id, $2 expected version, $3 the version to go back to.
SELECT calendar_restore($1::int, $2::int, $3::int) AS document;

-- name: settings_calendar_delete
-- $1 calendar id. HL013 names what uses it.
SELECT calendar_delete($1::int) AS document;

-- name: settings_number_entry_list
-- $1 center id (null = all in sight), $2 kind or null, $3 part of a number or reason, or null, $4 whether numbers may be
-- seen, $5 limit, $6 id of the last one seen or null. Newest first.
WITH page AS (
    SELECT l.*, c.name AS center_name, coalesce(u.name, '') AS author, coalesce(q.name, '') AS queue_name
    FROM number_list l JOIN center c ON c.id = l.center_id
    LEFT JOIN app_user u ON u.id = l.created_by LEFT JOIN queue q ON q.id = l.queue_id
    WHERE ($1::int IS NULL OR l.center_id = $1::int) AND ($2::text IS NULL OR l.kind = $2::text)
      AND ($3::text IS NULL OR l.reason LIKE '%' || $3::text || '%' OR ($4::boolean AND l.number LIKE '%' || $3::text || '%')
           OR l.number = $3::text)
      AND ($6::int IS NULL OR l.id < $6::int)
    ORDER BY l.id DESC LIMIT $5::int + 1),
shown AS (SELECT * FROM page ORDER BY id DESC LIMIT $5::int)
SELECT jsonb_build_object('items', coalesce(jsonb_agg(to_jsonb(s) - 'expires_at' || jsonb_build_object('number',
        CASE WHEN s.prefix THEN s.number ELSE mask_number(s.number, $4::boolean) END, 'created_at', iso(s.created_at),
        'expires_on', coalesce(((s.expires_at - interval '1 second') AT TIME ZONE 'Asia/Shanghai')::date::text, ''), 'expired', coalesce(s.expires_at <= now(), false)) ORDER BY s.id DESC), '[]'),
    'next', CASE WHEN (SELECT count(*) FROM page) > $5::int THEN (SELECT min(id)::text FROM shown) END) AS document
FROM shown s;

-- name: settings_number_entry_create
-- $1 center id, $2 body, $3 whether the white list may be changed.
SELECT number_list_create($1::int, $2::jsonb, $3::boolean) AS document;

-- name: settings_number_entry_update
-- $1 id, $2 expected version, $3 body, $4 whether the white list may be changed.
SELECT number_list_update($1::int, $2::int, $3::jsonb, $4::boolean) AS document;

-- name: settings_number_entry_delete
-- $1 id, $2 whether the white list may be changed.
SELECT number_list_delete($1::int, $2::boolean) AS document;

-- name: settings_desk_get
-- $1 center id. One column: the document of GET /settings/desk.
SELECT jsonb_build_object('center_id', c.id, 'hold_warn_s', coalesce(s.hold_warn_s, 60), 'version', coalesce(s.version, 1)) AS document
FROM center c LEFT JOIN desk_setting s ON s.center_id = c.id WHERE c.id = $1::int;

-- name: settings_desk_put
-- $1 center id, $2 expected version, $3 body: hold_warn_s.
SELECT desk_setting_save($1::int, $2::int, $3::jsonb) AS document;
