-- 转IVR and 满意度调查 (CC-11, CC-15, CC-24): who sent a caller into a flow, what he answered there, and what a center asks.
-- Both are part of a visit to a flow, and so are their facts: ivr_begin and ivr_end say more.

-- --- transfers to the IVR (DATA-04) -------------------------------------------------------------

ALTER TABLE ivr_visit ADD COLUMN mode text CHECK (mode IN ('release', 'survey', 'suspend')), ADD COLUMN user_id integer,
    ADD COLUMN talk_id uuid, ADD COLUMN target text NOT NULL DEFAULT '';
COMMENT ON COLUMN ivr_visit.mode IS '由坐席转入的方式：转出、满意度调查、挂起后返回；空为来电人自行进入';
COMMENT ON COLUMN ivr_visit.user_id IS '转入的坐席';
COMMENT ON COLUMN ivr_visit.talk_id IS '转入前（挂起时为其间）的通话编号';
COMMENT ON COLUMN ivr_visit.target IS '转入的菜单或流程名称';

-- Each month has the check as its own, and its columns as well.
DO $$
DECLARE
    part regclass;
BEGIN
    ALTER TABLE ivr_visit DROP CONSTRAINT ivr_visit_exit_check;
    FOR part IN SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'ivr_visit'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS ivr_visit_exit_check', part);
    END LOOP;
    ALTER TABLE ivr_visit ADD CONSTRAINT ivr_visit_exit_check CHECK (exit IN ('queue', 'hangup', 'caller', 'error', 'agent', 'taken_back'));
END $$;
COMMENT ON COLUMN ivr_visit.exit IS '离开方式：进入队列、流程挂机、来电人挂机、出错、回到坐席、被坐席取回';

CREATE INDEX ivr_visit_sent ON ivr_visit (call_id) WHERE mode IS NOT NULL;

CREATE VIEW ivr_transfer WITH (security_invoker = true) AS
SELECT v.visit_id, v.center_id, v.call_id, v.talk_id, v.user_id, v.mode, v.target, v.t_start, v.t_end, v.exit AS result
FROM ivr_visit v WHERE v.mode IS NOT NULL;
COMMENT ON VIEW ivr_transfer IS '转IVR记录：坐席把来电人转入语音流程';
GRANT SELECT ON ivr_transfer TO hotlined_app;

-- --- surveys ------------------------------------------------------------------------------------

CREATE TABLE survey (
    survey_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    talk_id uuid,
    user_id integer,
    queue_id integer,
    t_asked timestamptz NOT NULL,
    level integer CHECK (level BETWEEN 1 AND 5),
    name text NOT NULL DEFAULT ''
) PARTITION BY RANGE (survey_id);
COMMENT ON TABLE survey IS '一次满意度调查';
COMMENT ON COLUMN survey.survey_id IS '调查编号，即所在流程停留的编号';
COMMENT ON COLUMN survey.center_id IS '所属中心';
COMMENT ON COLUMN survey.call_id IS '呼叫编号';
COMMENT ON COLUMN survey.talk_id IS '被评价的通话，空为未与坐席通话';
COMMENT ON COLUMN survey.user_id IS '被评价的坐席';
COMMENT ON COLUMN survey.queue_id IS '队列';
COMMENT ON COLUMN survey.t_asked IS '询问时间';
COMMENT ON COLUMN survey.level IS '等级，1 最低 5 最高，空为未评价';
COMMENT ON COLUMN survey.name IS '当时的等级名称';
CREATE INDEX survey_call ON survey (call_id);
CREATE INDEX survey_time ON survey (center_id, t_asked);
SELECT protect_table('survey');
GRANT SELECT ON survey TO hotlined_app;

-- Months that have been made already lack this table's part.
SELECT ensure_month(to_timestamp(right(c.relname, 6) || '01', 'YYYYMMDD') + interval '12 hours')
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'fact'::regclass ORDER BY c.relname;

CREATE OR REPLACE FUNCTION apply_ivr_visits(visits thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO ivr_visit (visit_id, center_id, call_id, flow_id, flow_version, t_start, t_end, exit, mode, user_id, talk_id, target)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'flow_id')::integer, (begun->>'flow_version')::integer,
        ms_time((begun->>'t_start_ms')::bigint), ms_time((ended->>'t_end_ms')::bigint), ended->>'exit',
        begun->>'mode', (begun->>'user_id')::integer, (begun->>'talk_id')::uuid, coalesce(begun->>'target', '')
    FROM unnest(visits) f WHERE begun IS NOT NULL;
    UPDATE ivr_visit v SET t_end = ms_time((ended->>'t_end_ms')::bigint), exit = ended->>'exit'
    FROM unnest(visits) f WHERE begun IS NULL AND v.visit_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('ivr_end', visits, finished);
    INSERT INTO survey (survey_id, center_id, call_id, talk_id, user_id, queue_id, t_asked, level, name)
    SELECT f.id, f.center_id, (ended->>'call_id')::uuid, (ended->>'survey_talk_id')::uuid, (ended->>'survey_user_id')::integer,
        (ended->>'survey_queue_id')::integer, ms_time((ended->>'survey_asked_ms')::bigint), (ended->>'survey_level')::integer,
        coalesce(ended->>'survey_name', '')
    FROM unnest(visits) f WHERE ended ? 'survey_asked_ms';
END $$;

-- --- what a center asks -------------------------------------------------------------------------

CREATE TABLE survey_setting (
    center_id integer PRIMARY KEY REFERENCES center,
    enabled boolean NOT NULL DEFAULT false,
    automatic boolean NOT NULL DEFAULT false,
    prompt text NOT NULL,
    invalid_prompt text NOT NULL,
    thanks_prompt text NOT NULL,
    retries integer NOT NULL CHECK (retries BETWEEN 0 AND 5),
    timeout_ms integer NOT NULL CHECK (timeout_ms BETWEEN 2000 AND 30000),
    levels jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE survey_setting IS '满意度调查设置，每中心一行，无行即为停用';
COMMENT ON COLUMN survey_setting.center_id IS '中心';
COMMENT ON COLUMN survey_setting.enabled IS '是否启用';
COMMENT ON COLUMN survey_setting.automatic IS '坐席挂机后来电人未挂机时是否自动询问';
COMMENT ON COLUMN survey_setting.prompt IS '提问的提示音代码';
COMMENT ON COLUMN survey_setting.invalid_prompt IS '按键无效时的提示音代码，空为不播放';
COMMENT ON COLUMN survey_setting.thanks_prompt IS '结束时的提示音代码，空为不播放';
COMMENT ON COLUMN survey_setting.retries IS '未按或按错后再问的次数';
COMMENT ON COLUMN survey_setting.timeout_ms IS '等待按键的时间（毫秒）';
COMMENT ON COLUMN survey_setting.levels IS '按键、等级（5 最好）与名称，三级或五级';
COMMENT ON COLUMN survey_setting.version IS '版本号（并发修改检查）';
SELECT protect_table('survey_setting');
SELECT watch_table('survey_setting');
GRANT SELECT, INSERT, UPDATE ON survey_setting TO hotlined_app;

ALTER TABLE queue ADD COLUMN survey boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN queue.survey IS '本队列的来电是否做满意度调查';

-- The small flow that asks: the same document a city could draw by itself.
CREATE FUNCTION survey_flow(s survey_setting) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('entry', 'survey', 'nodes', jsonb_build_object(
        'survey', jsonb_strip_nulls(jsonb_build_object('type', 'survey', 'name', '满意度调查', 'prompt', s.prompt,
            'invalid', nullif(s.invalid_prompt, ''), 'retries', s.retries, 'timeout_ms', s.timeout_ms, 'next', 'bye',
            'keys', (SELECT jsonb_object_agg(l->>'key', (l->>'level')::integer) FROM jsonb_array_elements(s.levels) l))),
        'bye', jsonb_strip_nulls(jsonb_build_object('type', 'hangup', 'prompt', nullif(s.thanks_prompt, '')))))
$$;
COMMENT ON FUNCTION survey_flow(survey_setting) IS '满意度调查设置对应的小流程';

-- What the page shows of a center that has saved nothing yet.
CREATE FUNCTION survey_defaults(of_center integer) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('center_id', of_center, 'enabled', false, 'automatic', false, 'prompt', 'survey', 'invalid_prompt', 'invalid_key',
        'thanks_prompt', 'survey_thanks', 'retries', 1, 'timeout_ms', 6000, 'version', 1,
        'levels', '[{"key":"1","level":5,"name":"非常满意"},{"key":"2","level":4,"name":"满意"},{"key":"3","level":3,"name":"一般"},{"key":"4","level":2,"name":"不满意"},{"key":"5","level":1,"name":"非常不满意"}]'::jsonb)
$$;
COMMENT ON FUNCTION survey_defaults(integer) IS '尚未设置的中心的满意度调查设置';

-- expected 1 also where there is no row yet.
CREATE FUNCTION survey_save(of_center integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old survey_setting%ROWTYPE;
    next survey_setting%ROWTYPE;
    wrong text;
BEGIN
    INSERT INTO survey_setting SELECT d.* FROM jsonb_populate_record(NULL::survey_setting, survey_defaults(of_center)) d ON CONFLICT DO NOTHING;
    SELECT * INTO old FROM survey_setting s WHERE s.center_id = of_center FOR UPDATE;
    IF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'version', old.version);
    END IF;
    next := jsonb_populate_record(old, doc - '{center_id,version,queues}'::text[]);
    FOR wrong IN SELECT e.key FROM (VALUES ('prompt', next.prompt), ('invalid_prompt', next.invalid_prompt), ('thanks_prompt', next.thanks_prompt)) e(key, code)
                 WHERE NOT (e.code = '' AND e.key <> 'prompt') AND NOT EXISTS (SELECT FROM prompt p WHERE p.code = e.code
                     AND (p.center_id = of_center OR p.center_id IS NULL) AND p.published_version IS NOT NULL)
    LOOP
        RAISE EXCEPTION '本中心没有这个提示音，请先制作并发布' USING ERRCODE = 'HL014', CONSTRAINT = wrong;
    END LOOP;
    UPDATE survey_setting SET enabled = next.enabled, automatic = next.automatic, prompt = next.prompt, invalid_prompt = next.invalid_prompt,
        thanks_prompt = next.thanks_prompt, retries = next.retries, timeout_ms = next.timeout_ms, levels = next.levels,
        version = old.version + 1 WHERE center_id = of_center;
    IF doc ? 'queues' THEN -- those whose callers are asked; of this center only
        UPDATE queue q SET survey = w.wanted
        FROM (SELECT e.id, doc->'queues' @> to_jsonb(e.id) AS wanted FROM queue e WHERE e.center_id = of_center AND e.deleted_at IS NULL) w
        WHERE q.id = w.id AND q.survey <> w.wanted;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION survey_save(integer, integer, jsonb) IS '保存满意度调查设置';

-- As in 007, but call-back nodes name queues as well.
CREATE OR REPLACE FUNCTION refuse_queue_in_use(q queue) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    flows text := (SELECT string_agg('“' || f.name || '”', '、' ORDER BY f.id)
        FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
        WHERE f.center_id = q.center_id AND EXISTS (SELECT FROM jsonb_each(v.document->'nodes') n
            WHERE n.value->>'type' IN ('queue', 'callback') AND n.value->>'queue' = q.code));
BEGIN
    IF flows IS NOT NULL THEN
        RAISE EXCEPTION '队列“%”正被语音流程%使用，请先修改并发布这些流程', q.name, flows
            USING ERRCODE = 'HL013', CONSTRAINT = 'queue_id';
    END IF;
END $$;

-- --- what flows may say -------------------------------------------------------------------------

WITH given (code, name, text) AS (VALUES
    ('survey', '满意度调查提问', '请对本次服务进行评价，非常满意请按1，满意请按2，一般请按3，不满意请按4，非常不满意请按5。'),
    ('survey_thanks', '满意度调查结束', '感谢您的评价，再见。'),
    ('say_ten', '读数：十', '十'), ('say_hundred', '读数：百', '百'), ('say_thousand', '读数：千', '千'), ('say_wan', '读数：万', '万'),
    ('say_yi', '读数：亿', '亿'), ('say_point', '读数：点', '点'), ('say_minus', '读数：负', '负'), ('say_yuan', '读数：元', '元'),
    ('say_jiao', '读数：角', '角'), ('say_fen', '读数：分', '分')
), made AS (
    INSERT INTO prompt (code, name, published_version) SELECT code, name, 1 FROM given RETURNING id, code
)
INSERT INTO prompt_version (prompt_id, version, text, path, source)
SELECT m.id, 1, g.text, 'common/' || m.code || '-1.wav', 'tts' FROM made m JOIN given g USING (code);
