-- Queries over what happened (QRY-04, QRY-06 to QRY-09), notes on recordings, address books, and the nightly check that
-- agents' states leave no gap (DATA-04).

-- --- permissions -------------------------------------------------------------------------------

-- What there is already, whoever added it, and ours.
DO $$
DECLARE
    known text := (SELECT string_agg(DISTINCT quote_literal(p), ', ') FROM (
        SELECT (regexp_matches(pg_get_constraintdef(oid), '''([a-z_.]+)''', 'g'))[1] AS p FROM pg_constraint
        WHERE conrelid = 'role_permission'::regclass AND conname = 'role_permission_permission_check'
        UNION ALL SELECT unnest('{call.export,recording.download,contact.read,contact.write}'::text[])) t);
BEGIN
    ALTER TABLE role_permission DROP CONSTRAINT role_permission_permission_check;
    EXECUTE format('ALTER TABLE role_permission ADD CONSTRAINT role_permission_permission_check CHECK (permission IN (%s))', known);
END $$;
-- Who leads may take data out of the house; an address book is for all who call, the center's own kept by who leads it.
INSERT INTO role_permission (role_code, permission, scope)
SELECT r.role_code, x.permission, r.scope FROM role_permission r
JOIN (VALUES ('leader', '{call.export,recording.download,contact.read,contact.write}'::text[]),
    ('city_admin', '{call.export,recording.download,contact.read,contact.write}'),
    ('qa', '{call.export,recording.download}'),
    ('region_supervisor', '{call.export,recording.download,contact.read}'),
    ('region_admin', '{contact.read,contact.write}')) AS g(role_code, permissions) USING (role_code)
CROSS JOIN LATERAL unnest(g.permissions) AS x(permission)
WHERE r.permission = 'call.read'
UNION ALL
SELECT role_code, 'contact.read', 'center' FROM role_permission WHERE permission = 'agent.work' AND role_code = 'agent';

-- --- words ----------------------------------------------------------------------------------------

CREATE FUNCTION word_of(kind text, code text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce('{
        "state": {"ready": "空闲", "busy": "示忙", "rest": "小休", "ring": "振铃", "talk": "通话", "acw": "整理"},
        "sign_out": {"user": "本人签出", "forced": "强制签出", "timeout": "超时签出", "moved": "改在他处签入"},
        "line": {"browser": "浏览器", "phone": "话机"},
        "direction": {"in": "呼入", "out": "呼出", "internal": "内部"},
        "dial": {"open": "进行中", "connected": "已接通", "busy": "对方占线", "no_answer": "无人接听", "power_off": "对方关机或不在服务区",
            "refused": "对方拒接", "bad_number": "空号或号码有误", "agent": "坐席放弃", "caller": "对方挂机", "trunk": "外线故障",
            "error": "系统异常", "lost": "未接通"},
        "recording": {"open": "正在录音", "closed": "完成", "failed": "录音失败", "deleted": "已清除"},
        "fault": {"gap": "间断", "overlap": "重叠", "outside": "超出签入时段", "open": "签出后未结束"}
    }'::jsonb #>> ARRAY[kind, code], code, '')
$$;
COMMENT ON FUNCTION word_of(text, text) IS '代码的中文名称,查询与导出共用';

CREATE FUNCTION ms_between(t0 timestamptz, t1 timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(epoch FROM t1 - t0) * 1000)::bigint
$$;
COMMENT ON FUNCTION ms_between(timestamptz, timestamptz) IS '两时刻相隔的毫秒数';

-- What became of a call of ours (CC-17): connected, or why not.
CREATE FUNCTION dial_result(outcome text, end_reason text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE outcome WHEN 'open' THEN 'open' WHEN 'answered' THEN 'connected' ELSE coalesce(nullif(end_reason, ''), 'lost') END
$$;
COMMENT ON FUNCTION dial_result(text, text) IS '外呼结果:接通或未接通的原因';

-- --- lists are walked newest first, of all centers, of one, of one agent ------------------------------

CREATE INDEX call_out_newest ON call (t_in DESC, call_id DESC) WHERE direction = 'out';
CREATE INDEX call_out_center ON call (center_id, t_in DESC, call_id DESC) WHERE direction = 'out';
CREATE INDEX recording_newest ON recording (t_start DESC, recording_id DESC);
CREATE INDEX recording_center ON recording (center_id, t_start DESC, recording_id DESC);
CREATE INDEX recording_agent ON recording (user_id, t_start DESC, recording_id DESC);
CREATE INDEX agent_session_newest ON agent_session (t_in DESC, session_id DESC);
CREATE INDEX agent_session_center ON agent_session (center_id, t_in DESC, session_id DESC);
CREATE INDEX agent_session_ended ON agent_session (t_out) WHERE t_out IS NOT NULL;
CREATE INDEX agent_state_newest ON agent_state (t_start DESC, state_id DESC);
CREATE INDEX agent_state_center ON agent_state (center_id, t_start DESC, state_id DESC);
CREATE INDEX hold_newest ON hold (t_start DESC, hold_id DESC);
CREATE INDEX hold_center ON hold (center_id, t_start DESC, hold_id DESC);
CREATE INDEX hold_agent ON hold (user_id, t_start DESC, hold_id DESC);
CREATE INDEX no_answer_newest ON no_answer (at DESC, offer_id DESC);
CREATE INDEX no_answer_center ON no_answer (center_id, at DESC, offer_id DESC);

-- --- notes on recordings --------------------------------------------------------------------------------

CREATE TABLE recording_note (
    id uuid PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    recording_id uuid NOT NULL,
    at_ms integer NOT NULL CHECK (at_ms >= 0),
    note text NOT NULL CHECK (note <> ''),
    author_id integer NOT NULL REFERENCES app_user,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE recording_note IS '录音标注:听录音的人在某一处写下的话';
COMMENT ON COLUMN recording_note.id IS '编号,由页面生成,重复保存视为一次';
COMMENT ON COLUMN recording_note.center_id IS '录音所属中心';
COMMENT ON COLUMN recording_note.recording_id IS '录音编号';
COMMENT ON COLUMN recording_note.at_ms IS '在录音中的位置(毫秒)';
COMMENT ON COLUMN recording_note.note IS '内容';
COMMENT ON COLUMN recording_note.author_id IS '标注人';
COMMENT ON COLUMN recording_note.created_at IS '标注时间';
CREATE INDEX recording_note_recording ON recording_note (recording_id, at_ms, id);
SELECT protect_table('recording_note');
GRANT SELECT, INSERT, DELETE ON recording_note TO hotlined_app;

-- --- address books ----------------------------------------------------------------------------------------

CREATE TABLE contact (
    id uuid PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    owner_id integer REFERENCES app_user,
    name text NOT NULL CHECK (name <> ''),
    unit text NOT NULL DEFAULT '',
    numbers text[] NOT NULL CHECK (cardinality(numbers) BETWEEN 1 AND 5),
    note text NOT NULL DEFAULT '',
    updated_by integer REFERENCES app_user,
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE contact IS '通讯录:本中心公用的和个人的';
COMMENT ON COLUMN contact.id IS '编号,由页面生成,重复保存视为一次';
COMMENT ON COLUMN contact.center_id IS '所属中心';
COMMENT ON COLUMN contact.owner_id IS '个人通讯录的主人,空为本中心公用';
COMMENT ON COLUMN contact.name IS '姓名或名称';
COMMENT ON COLUMN contact.unit IS '单位';
COMMENT ON COLUMN contact.numbers IS '号码,一至五个';
COMMENT ON COLUMN contact.note IS '备注';
COMMENT ON COLUMN contact.updated_by IS '最近修改人';
COMMENT ON COLUMN contact.updated_at IS '最近修改时间';
COMMENT ON COLUMN contact.version IS '版本号(并发修改检查)';
CREATE INDEX contact_book ON contact (center_id, owner_id, name, id);
SELECT protect_table('contact');
-- A personal book is the person's alone, in the database as well.
CREATE POLICY owner_only ON contact AS RESTRICTIVE USING (owner_id IS NULL OR owner_id = app_user_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON contact TO hotlined_app;

CREATE FUNCTION contact_text(value text, longest integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(btrim(coalesce(value, ''), E' \t\r\n\u3000'), longest)
$$;
COMMENT ON FUNCTION contact_text(text, integer) IS '通讯录文字去首尾空白并限长';

-- Digits, with what people write between them left out; nothing that could not be dialed.
CREATE FUNCTION contact_numbers(given jsonb) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    found text[] := '{}';
    raw text;
    plain text;
BEGIN
    FOR raw IN SELECT jsonb_array_elements_text(CASE jsonb_typeof(given) WHEN 'array' THEN given ELSE '[]' END) LOOP
        plain := regexp_replace(raw, '[-() .]', '', 'g');
        CONTINUE WHEN plain = '' OR plain = ANY (found);
        IF plain !~ '^\+?[0-9*#]{3,20}$' THEN
            PERFORM refuse(format('号码“%s”应为 3 至 20 位数字', left(raw, 40)), 'numbers');
        END IF;
        found := found || plain;
    END LOOP;
    IF cardinality(found) NOT BETWEEN 1 AND 5 THEN
        PERFORM refuse('请填写一至五个号码', 'numbers');
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION contact_numbers(jsonb) IS '检查并规整通讯录号码';

-- Saves a new entry (expected null; the same id again changes nothing) or changes one; owner null = the center's book.
CREATE FUNCTION contact_save(wanted uuid, expected integer, home_center integer, owner integer, may_center boolean, actor integer, doc jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    old contact%ROWTYPE;
BEGIN
    SELECT * INTO old FROM contact c WHERE c.id = wanted AND (c.owner_id IS NOT NULL OR may_center) FOR UPDATE;
    IF NOT FOUND AND expected IS NOT NULL THEN
        RETURN '{"result": "missing"}';
    ELSIF FOUND AND expected IS NULL THEN
        RETURN jsonb_build_object('result', 'ok', 'id', old.id, 'version', old.version);
    ELSIF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
    END IF;
    IF doc ? 'name' AND contact_text(doc->>'name', 40) = '' THEN
        PERFORM refuse('请填写姓名或名称', 'name');
    END IF;
    IF expected IS NULL THEN
        INSERT INTO contact (id, center_id, owner_id, name, unit, numbers, note, updated_by)
        VALUES (wanted, home_center, owner, contact_text(doc->>'name', 40), contact_text(doc->>'unit', 60),
            contact_numbers(doc->'numbers'), contact_text(doc->>'note', 200), actor);
    ELSE
        UPDATE contact SET name = contact_text(coalesce(doc->>'name', old.name), 40), unit = contact_text(coalesce(doc->>'unit', old.unit), 60),
            numbers = contact_numbers(coalesce(nullif(doc->'numbers', 'null'), to_jsonb(old.numbers))),
            note = contact_text(coalesce(doc->>'note', old.note), 200), updated_by = actor, updated_at = now(), version = old.version + 1
        WHERE id = wanted;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'id', wanted, 'version', coalesce(expected, 0) + 1);
END $$;
COMMENT ON FUNCTION contact_save(uuid, integer, integer, integer, boolean, integer, jsonb) IS '新建或修改通讯录条目';

-- Rows of a file: [{line, name, unit, numbers, note}]. An entry of the same name and unit is changed, others are added;
-- a row that cannot be kept is told with its line and the rest goes on.
CREATE FUNCTION contact_import(home_center integer, owner integer, actor integer, rows jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    doc jsonb;
    same contact%ROWTYPE;
    made integer := 0;
    changed integer := 0;
    problems jsonb := '[]';
BEGIN
    FOR doc IN SELECT * FROM jsonb_array_elements(rows) LOOP
        BEGIN
            IF contact_text(doc->>'name', 40) = '' THEN
                PERFORM refuse('没有姓名', 'name');
            END IF;
            SELECT * INTO same FROM contact c WHERE c.center_id = home_center AND c.owner_id IS NOT DISTINCT FROM owner
                AND c.name = contact_text(doc->>'name', 40) AND c.unit = contact_text(doc->>'unit', 60) ORDER BY c.id LIMIT 1;
            IF FOUND THEN
                PERFORM contact_save(same.id, same.version, home_center, owner, true, actor, doc);
                changed := changed + 1;
            ELSE
                PERFORM contact_save(gen_random_uuid(), NULL, home_center, owner, true, actor, doc);
                made := made + 1;
            END IF;
        EXCEPTION WHEN SQLSTATE 'HL020' THEN
            problems := problems || jsonb_build_object('line', doc->'line', 'problem', SQLERRM);
        END;
    END LOOP;
    RETURN jsonb_build_object('made', made, 'changed', changed, 'problems', problems);
END $$;
COMMENT ON FUNCTION contact_import(integer, integer, integer, jsonb) IS '导入通讯录';

-- --- the nightly check -----------------------------------------------------------------------------------------

CREATE TABLE data_check (
    center_id integer NOT NULL REFERENCES center,
    day date NOT NULL,
    sessions integer NOT NULL,
    intervals integer NOT NULL,
    faults integer NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (center_id, day)
);
COMMENT ON TABLE data_check IS '每夜核对:当日签出的各次签入,其状态区间应首尾相接、不间断不重叠';
COMMENT ON COLUMN data_check.center_id IS '中心';
COMMENT ON COLUMN data_check.day IS '被核对的日期(北京时间,按签出时间)';
COMMENT ON COLUMN data_check.sessions IS '核对的签入数';
COMMENT ON COLUMN data_check.intervals IS '核对的状态区间数';
COMMENT ON COLUMN data_check.faults IS '发现的问题数';
COMMENT ON COLUMN data_check.checked_at IS '核对时间';
CREATE TABLE data_fault (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    day date NOT NULL,
    kind text NOT NULL CHECK (kind IN ('gap', 'overlap', 'outside', 'open')),
    session_id uuid NOT NULL,
    user_id integer NOT NULL,
    at timestamptz NOT NULL,
    length_ms bigint NOT NULL
);
COMMENT ON TABLE data_fault IS '每夜核对发现的问题';
COMMENT ON COLUMN data_fault.id IS '编号';
COMMENT ON COLUMN data_fault.center_id IS '中心';
COMMENT ON COLUMN data_fault.day IS '被核对的日期';
COMMENT ON COLUMN data_fault.kind IS '问题:间断、重叠、超出签入时段、签出后未结束';
COMMENT ON COLUMN data_fault.session_id IS '签入编号';
COMMENT ON COLUMN data_fault.user_id IS '坐席';
COMMENT ON COLUMN data_fault.at IS '从何时起';
COMMENT ON COLUMN data_fault.length_ms IS '多长(毫秒)';
CREATE INDEX data_fault_day ON data_fault (center_id, day);
SELECT protect_table('data_check'), protect_table('data_fault');
GRANT SELECT, INSERT, DELETE ON data_check, data_fault TO hotlined_app;

-- What is wrong with the states of the sessions that ended in [t0, t1). Between two neighbours the end of the one is the
-- beginning of the next; before the first and behind the last stands the session itself.
CREATE FUNCTION state_faults(t0 timestamptz, t1 timestamptz)
RETURNS TABLE (center_id integer, kind text, session_id uuid, user_id integer, at timestamptz, length_ms bigint) LANGUAGE sql STABLE AS $$
    WITH edges AS (
        SELECT s.center_id, s.session_id, s.user_id, s.t_in, s.t_out, a.t_start, a.t_end, a.state_id,
            lag(a.t_end) OVER w AS before_end, lag(a.state_id) OVER w IS NULL AS first, lead(a.state_id) OVER w IS NULL AS last
        FROM agent_session s LEFT JOIN agent_state a ON a.session_id = s.session_id
        WHERE s.t_out >= t0 AND s.t_out < t1
        WINDOW w AS (PARTITION BY s.session_id ORDER BY a.t_start, a.state_id))
    SELECT e.center_id, f.kind, e.session_id, e.user_id, least(f.t0, f.t1), abs(ms_between(f.t0, f.t1))
    FROM edges e CROSS JOIN LATERAL (
        SELECT 'gap', e.t_in, e.t_out WHERE e.state_id IS NULL AND e.t_out > e.t_in
        UNION ALL SELECT CASE WHEN e.t_start > e.t_in THEN 'gap' ELSE 'outside' END, e.t_in, e.t_start WHERE e.first AND e.t_start <> e.t_in
        UNION ALL SELECT CASE WHEN e.t_start > e.before_end THEN 'gap' ELSE 'overlap' END, e.before_end, e.t_start
            WHERE NOT e.first AND e.t_start <> e.before_end
        UNION ALL SELECT 'open', e.t_start, e.t_out WHERE e.state_id IS NOT NULL AND e.t_end IS NULL
        UNION ALL SELECT CASE WHEN e.t_end < e.t_out THEN 'gap' ELSE 'outside' END, e.t_end, e.t_out WHERE e.last AND e.t_end <> e.t_out
    ) AS f(kind, t0, t1)
$$;
COMMENT ON FUNCTION state_faults(timestamptz, timestamptz) IS '某时段内签出者状态区间的间断、重叠等问题';

-- Checks one day of all centers and keeps what it found; {day, centers, sessions, intervals, faults}. Again the same day
-- gives the same.
CREATE FUNCTION check_states(checked date) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    t0 timestamptz := local_midnight(checked);
    t1 timestamptz := local_midnight(checked + 1);
BEGIN
    DELETE FROM data_fault f WHERE f.day = checked;
    DELETE FROM data_check k WHERE k.day = checked;
    INSERT INTO data_fault (center_id, day, kind, session_id, user_id, at, length_ms)
    SELECT f.center_id, checked, f.kind, f.session_id, f.user_id, f.at, f.length_ms FROM state_faults(t0, t1) f;
    INSERT INTO data_check (center_id, day, sessions, intervals, faults)
    SELECT c.id, checked, coalesce(n.sessions, 0), coalesce(n.intervals, 0), (SELECT count(*) FROM data_fault f WHERE f.center_id = c.id AND f.day = checked)
    FROM center c LEFT JOIN (
        SELECT s.center_id, count(DISTINCT s.session_id) AS sessions, count(a.state_id) AS intervals
        FROM agent_session s LEFT JOIN agent_state a ON a.session_id = s.session_id
        WHERE s.t_out >= t0 AND s.t_out < t1 GROUP BY 1) n ON n.center_id = c.id;
    RETURN (SELECT jsonb_build_object('day', checked, 'centers', count(*), 'sessions', sum(k.sessions), 'intervals', sum(k.intervals), 'faults', sum(k.faults))
        FROM data_check k WHERE k.day = checked);
END $$;
COMMENT ON FUNCTION check_states(date) IS '核对某日的状态区间并记录结果';
