-- What a city says by itself about its hours and about certain numbers: work calendars with their versions (CC-26),
-- black and white lists (CC-33, CC-34).

-- --- work calendars ----------------------------------------------------------------------------

CREATE TABLE work_calendar_version (
    calendar_id integer NOT NULL REFERENCES work_calendar ON DELETE CASCADE,
    version integer NOT NULL,
    center_id integer NOT NULL REFERENCES center,
    name text NOT NULL,
    document jsonb NOT NULL,
    note text NOT NULL DEFAULT '',
    made_by integer REFERENCES app_user,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (calendar_id, version)
);
COMMENT ON TABLE work_calendar_version IS '工作日历的历次版本';
COMMENT ON COLUMN work_calendar_version.calendar_id IS '日历编号';
COMMENT ON COLUMN work_calendar_version.version IS '版本';
COMMENT ON COLUMN work_calendar_version.center_id IS '所属中心';
COMMENT ON COLUMN work_calendar_version.name IS '当时的名称';
COMMENT ON COLUMN work_calendar_version.document IS '当时的内容';
COMMENT ON COLUMN work_calendar_version.note IS '修改说明';
COMMENT ON COLUMN work_calendar_version.made_by IS '修改人，空为初始化';
COMMENT ON COLUMN work_calendar_version.made_at IS '修改时间';
INSERT INTO work_calendar_version (calendar_id, version, center_id, name, document)
SELECT id, version, center_id, name, document FROM work_calendar;
SELECT protect_table('work_calendar_version');
GRANT SELECT, INSERT ON work_calendar_version TO hotlined_app;
GRANT DELETE ON work_calendar TO hotlined_app;

-- Whoever writes a calendar, the API or a new center's beginning, leaves a version of it. The note is the setting
-- hotlined.note of the transaction.
CREATE FUNCTION keep_calendar_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO work_calendar_version (calendar_id, version, center_id, name, document, note, made_by)
    VALUES (NEW.id, NEW.version, NEW.center_id, NEW.name, NEW.document,
        coalesce(current_setting('hotlined.note', true), ''), nullif(app_user_id(), 0));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_calendar_version() IS '保存工作日历的每个版本';
CREATE TRIGGER keep_version AFTER INSERT OR UPDATE ON work_calendar FOR EACH ROW EXECUTE FUNCTION keep_calendar_version();

-- What uses a calendar, in words: the flows in force that ask it.
CREATE FUNCTION calendar_users(k work_calendar) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg('语音流程“' || f.name || '”的节点“' || n.key || '”', '、' ORDER BY f.id, n.key)
    FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
    CROSS JOIN LATERAL jsonb_each(v.document->'nodes') n
    WHERE f.center_id = k.center_id AND n.value->>'type' = 'hours' AND n.value->>'calendar' = k.code
$$;
COMMENT ON FUNCTION calendar_users(work_calendar) IS '使用某工作日历的语音流程';

CREATE FUNCTION refuse_calendar_in_use(k work_calendar) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    users text := calendar_users(k);
BEGIN
    IF users IS NOT NULL THEN
        RAISE EXCEPTION '工作日历“%”正被%使用，请先修改这些地方', k.name, users USING ERRCODE = 'HL013', CONSTRAINT = 'code';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_calendar_in_use(work_calendar) IS '工作日历被使用时拒绝';

-- The document was checked by the one who calls it (calendar_parse). A calendar that only gets another name is a version, too.
CREATE FUNCTION calendar_save(target integer, expected integer, home_center integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old work_calendar%ROWTYPE;
    next work_calendar%ROWTYPE;
    fields jsonb := entry_fields(doc, '{code,name,document}');
BEGIN
    PERFORM set_config('hotlined.note', coalesce(doc->>'note', ''), true);
    IF target IS NULL THEN
        INSERT INTO work_calendar (center_id, code, name, document)
        VALUES (home_center, fields->>'code', fields->>'name', fields->'document') RETURNING * INTO next;
    ELSE
        SELECT * INTO old FROM work_calendar k WHERE k.id = target FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        ELSIF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
        next := jsonb_populate_record(old, fields);
        IF next.code <> old.code THEN
            PERFORM refuse_calendar_in_use(old);
        END IF;
        UPDATE work_calendar SET (code, name, document, version) = (next.code, next.name, next.document, old.version + 1)
        WHERE id = target RETURNING * INTO next;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '本中心已有代码为“%”的工作日历', fields->>'code' USING ERRCODE = 'HL014', CONSTRAINT = 'code';
END $$;
COMMENT ON FUNCTION calendar_save(integer, integer, integer, jsonb) IS '新建或修改工作日历';

-- Going back is a new version with what an old one said.
CREATE FUNCTION calendar_restore(target integer, expected integer, wanted integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old work_calendar_version%ROWTYPE;
BEGIN
    SELECT * INTO old FROM work_calendar_version v WHERE v.calendar_id = target AND v.version = wanted;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    RETURN calendar_save(target, expected, NULL,
        jsonb_build_object('name', old.name, 'document', old.document, 'note', '退回到版本 ' || wanted));
END $$;
COMMENT ON FUNCTION calendar_restore(integer, integer, integer) IS '工作日历退回到以前的版本';

CREATE FUNCTION calendar_delete(target integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old work_calendar%ROWTYPE;
BEGIN
    SELECT * INTO old FROM work_calendar k WHERE k.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    PERFORM refuse_calendar_in_use(old);
    DELETE FROM work_calendar WHERE id = target;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION calendar_delete(integer) IS '删除没有用到的工作日历';

-- --- black and white lists ---------------------------------------------------------------------

CREATE TABLE number_list (
    id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    number text NOT NULL CHECK (number ~ '^[0-9]{2,20}$'),
    prefix boolean NOT NULL DEFAULT false,
    kind text NOT NULL CHECK (kind IN ('black', 'white')),
    action text NOT NULL CHECK (action IN ('refuse', 'prompt', 'queue', 'priority')),
    prompt_code text NOT NULL DEFAULT '',
    queue_id integer REFERENCES queue,
    priority integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 99),
    reason text NOT NULL CHECK (reason <> ''),
    enabled boolean NOT NULL DEFAULT true,
    expires_at timestamptz,
    created_by integer REFERENCES app_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT number_list_number UNIQUE (center_id, number, prefix),
    CHECK ((kind = 'black') = (action IN ('refuse', 'prompt'))),
    CHECK ((action = 'prompt') = (prompt_code <> '')),
    CHECK ((action = 'queue') = (queue_id IS NOT NULL)),
    CHECK ((action = 'priority') = (priority > 0))
);
COMMENT ON TABLE number_list IS '黑名单与白名单';
COMMENT ON COLUMN number_list.id IS '编号';
COMMENT ON COLUMN number_list.center_id IS '所属中心';
COMMENT ON COLUMN number_list.number IS '号码或号码开头，规整后（手机不带前导 0，固话带区号）';
COMMENT ON COLUMN number_list.prefix IS '是否为号码开头';
COMMENT ON COLUMN number_list.kind IS '类别：black 黑名单，white 白名单';
COMMENT ON COLUMN number_list.action IS '处理：refuse 拒接，prompt 放音后挂断，queue 跳过菜单直接排队，priority 提高优先级';
COMMENT ON COLUMN number_list.prompt_code IS '所放提示音，仅 prompt';
COMMENT ON COLUMN number_list.queue_id IS '直接进入的队列，仅 queue';
COMMENT ON COLUMN number_list.priority IS '优先级提高多少，仅 priority';
COMMENT ON COLUMN number_list.reason IS '列入原因';
COMMENT ON COLUMN number_list.enabled IS '是否启用';
COMMENT ON COLUMN number_list.expires_at IS '失效时间，空为长期';
COMMENT ON COLUMN number_list.created_by IS '列入人';
COMMENT ON COLUMN number_list.created_at IS '列入时间';
COMMENT ON COLUMN number_list.version IS '版本号（并发修改检查）';
CREATE INDEX number_list_queue ON number_list (queue_id) WHERE queue_id IS NOT NULL;
SELECT protect_table('number_list'), watch_table('number_list');
GRANT SELECT, INSERT, UPDATE, DELETE ON number_list TO hotlined_app;

-- Leaders keep the black list; the white one is the administrator's (who has settings.write).
ALTER TABLE role_permission DROP CONSTRAINT role_permission_permission_check;
ALTER TABLE role_permission ADD CONSTRAINT role_permission_permission_check CHECK (permission IN ('agent.work', 'call.dial', 'call.read', 'recording.play', 'number.reveal', 'record.read', 'record.write', 'monitor.read', 'report.read', 'list.write', 'settings.read', 'settings.write', 'region.write', 'audit.read'));
INSERT INTO role_permission (role_code, permission, scope)
SELECT role_code, 'list.write', scope FROM role_permission WHERE permission = 'settings.write'
UNION ALL SELECT 'leader', 'list.write', 'center' FROM role WHERE code = 'leader';

-- So many fit into the directory that every daemon keeps in memory.
CREATE FUNCTION refuse_full_list(home_center integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM number_list l WHERE l.center_id = home_center) >= 20000 THEN
        RAISE EXCEPTION '本中心的名单已有 20000 个号码，请先删除失效的' USING ERRCODE = 'HL014', CONSTRAINT = 'number';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_full_list(integer) IS '名单已满时拒绝';

CREATE FUNCTION check_number_entry(n number_list, may_white boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF n.kind = 'white' AND NOT may_white THEN
        RAISE EXCEPTION '白名单由分中心管理员维护，您可以维护黑名单' USING ERRCODE = 'HL012', CONSTRAINT = 'kind';
    ELSIF n.number !~ '^[0-9]{2,20}$' THEN
        RAISE EXCEPTION '号码应为 2 到 20 位数字（来电显示的号码，手机 11 位，固话带区号）' USING ERRCODE = 'HL014', CONSTRAINT = 'number';
    ELSIF (n.kind = 'black') <> (n.action IN ('refuse', 'prompt')) THEN
        RAISE EXCEPTION '黑名单可以拒接或放音后挂断，白名单可以直接排队或提高优先级' USING ERRCODE = 'HL014', CONSTRAINT = 'action';
    ELSIF n.action = 'prompt' AND NOT EXISTS (SELECT FROM prompt p WHERE p.code = n.prompt_code AND p.published_version IS NOT NULL
            AND (p.center_id = n.center_id OR p.center_id IS NULL)) THEN
        RAISE EXCEPTION '没有代码为“%”的提示音', n.prompt_code USING ERRCODE = 'HL014', CONSTRAINT = 'prompt_code';
    ELSIF n.action = 'queue' AND NOT EXISTS (SELECT FROM queue q WHERE q.id = n.queue_id AND q.center_id = n.center_id
            AND q.enabled AND q.deleted_at IS NULL) THEN
        RAISE EXCEPTION '请选择本中心启用的队列' USING ERRCODE = 'HL014', CONSTRAINT = 'queue_id';
    ELSIF n.action = 'priority' AND n.priority NOT BETWEEN 1 AND 99 THEN
        RAISE EXCEPTION '优先级应提高 1 到 99' USING ERRCODE = 'HL014', CONSTRAINT = 'priority';
    ELSIF btrim(n.reason) = '' THEN
        RAISE EXCEPTION '请填写列入原因' USING ERRCODE = 'HL014', CONSTRAINT = 'reason';
    END IF;
END $$;
COMMENT ON FUNCTION check_number_entry(number_list, boolean) IS '名单条目检查';

-- What an action does not use is emptied, so that a changed action leaves nothing behind.
CREATE FUNCTION number_entry(n number_list) RETURNS number_list LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    n.prompt_code := CASE n.action WHEN 'prompt' THEN coalesce(n.prompt_code, '') ELSE '' END;
    n.queue_id := CASE n.action WHEN 'queue' THEN n.queue_id END;
    n.priority := CASE n.action WHEN 'priority' THEN coalesce(n.priority, 0) ELSE 0 END;
    RETURN n;
END $$;
COMMENT ON FUNCTION number_entry(number_list) IS '清除名单条目中与处理方式无关的内容';

-- The last day on which an entry holds, '' = for good.
CREATE FUNCTION end_of_day(day text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT (nullif(day, '')::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
$$;
COMMENT ON FUNCTION end_of_day(text) IS '某日结束的时刻';

-- A new entry names its number, or a call whose person outside is meant: who reads masked numbers may list them, too.
CREATE FUNCTION number_list_create(home_center integer, doc jsonb, may_white boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    next number_list%ROWTYPE;
    of_call text := (SELECT c.party_no FROM call c WHERE c.call_id = (doc->>'call_id')::uuid AND c.center_id = home_center);
BEGIN
    PERFORM refuse_full_list(home_center);
    IF doc ? 'call_id' AND coalesce(of_call, '') = '' THEN
        RAISE EXCEPTION '这个通话没有对方号码，或不属于本中心' USING ERRCODE = 'HL014', CONSTRAINT = 'call_id';
    END IF;
    next := jsonb_populate_record(next, entry_fields(doc, '{kind,action,prompt_code,queue_id,priority,reason,enabled,prefix}'));
    next.center_id := home_center;
    next.prefix := coalesce(next.prefix, false) AND of_call IS NULL;
    next.number := CASE WHEN next.prefix THEN doc->>'number' ELSE normalise_number(coalesce(of_call, doc->>'number')) END;
    next := number_entry(next);
    PERFORM check_number_entry(next, may_white);
    INSERT INTO number_list (center_id, number, prefix, kind, action, prompt_code, queue_id, priority, reason, enabled, expires_at, created_by)
    VALUES (home_center, next.number, next.prefix, next.kind, next.action, next.prompt_code, next.queue_id, next.priority, btrim(next.reason),
        coalesce(next.enabled, true), end_of_day(doc->>'expires_on'), nullif(app_user_id(), 0)) RETURNING * INTO next;
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', 1);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '这个号码已在名单中，请修改已有的条目' USING ERRCODE = 'HL014', CONSTRAINT = 'number';
END $$;
COMMENT ON FUNCTION number_list_create(integer, jsonb, boolean) IS '加入黑白名单';

CREATE FUNCTION number_list_update(target integer, expected integer, doc jsonb, may_white boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old number_list%ROWTYPE;
    next number_list%ROWTYPE;
BEGIN
    SELECT * INTO old FROM number_list l WHERE l.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
    END IF;
    next := jsonb_populate_record(old, entry_fields(doc, '{action,prompt_code,queue_id,priority,reason,enabled}'));
    IF doc->>'expires_on' IS NOT NULL THEN
        next.expires_at := end_of_day(doc->>'expires_on');
    END IF;
    next := number_entry(next);
    PERFORM check_number_entry(next, may_white);
    UPDATE number_list SET (action, prompt_code, queue_id, priority, reason, enabled, expires_at, version) =
        (next.action, next.prompt_code, next.queue_id, next.priority, btrim(next.reason), next.enabled, next.expires_at, old.version + 1)
    WHERE id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION number_list_update(integer, integer, jsonb, boolean) IS '修改黑白名单的条目';

CREATE FUNCTION number_list_delete(target integer, may_white boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old number_list%ROWTYPE;
BEGIN
    SELECT * INTO old FROM number_list l WHERE l.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    PERFORM check_number_entry(old, may_white) WHERE old.kind = 'white' AND NOT may_white;
    DELETE FROM number_list WHERE id = target;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION number_list_delete(integer, boolean) IS '从黑白名单中删除';

-- --- deleting what is in use (ACD-06) ----------------------------------------------------------

-- What sends calls to a queue, in words: keys and nodes of the flows in force, and entries of the white list.
CREATE FUNCTION queue_users(q queue) RETURNS text LANGUAGE sql STABLE AS $$
    WITH node AS (
        SELECT f.id AS flow_id, f.name AS flow, n.key AS id, n.value AS node, v.document
        FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
        CROSS JOIN LATERAL jsonb_each(v.document->'nodes') n
        WHERE f.center_id = q.center_id AND n.value->>'queue' = q.code),
    keyed AS (
        SELECT n.flow_id, n.flow, n.id, m.value AS menu, m.key AS menu_id, k.key
        FROM node n CROSS JOIN LATERAL jsonb_each(n.document->'nodes') m
        CROSS JOIN LATERAL jsonb_each_text(CASE m.value->>'type' WHEN 'menu' THEN m.value->'keys' ELSE '{}' END) k
        WHERE k.value = n.id)
    SELECT string_agg(words, '、' ORDER BY place, words) FROM (
        SELECT flow_id AS place, '语音流程“' || flow || '”的“' || coalesce(menu->>'name', menu_id) || '”按键 ' || key AS words FROM keyed
        UNION ALL
        SELECT flow_id, '语音流程“' || flow || '”的节点“' || id || '”' FROM node n
        WHERE NOT EXISTS (SELECT FROM keyed k WHERE k.flow_id = n.flow_id AND k.id = n.id)
        UNION ALL
        SELECT NULL, '白名单中的 ' || count(*) || ' 个号码' FROM number_list l WHERE l.queue_id = q.id HAVING count(*) > 0) u
$$;
COMMENT ON FUNCTION queue_users(queue) IS '使用某队列的按键、流程节点与名单';

CREATE OR REPLACE FUNCTION refuse_queue_in_use(q queue) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    users text := queue_users(q);
BEGIN
    IF users IS NOT NULL THEN
        RAISE EXCEPTION '队列“%”正被%使用，请先修改这些地方', q.name, users USING ERRCODE = 'HL013', CONSTRAINT = 'queue_id';
    END IF;
END $$;
