-- What a city says about its queues besides 001: overflow rules in order (ACD-02, SCN-03), what those who wait are told,
-- and answering by itself (CC-07).

ALTER TABLE queue ADD COLUMN overflow_rules jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(overflow_rules) = 'array'),
    ADD COLUMN announce_ms integer NOT NULL DEFAULT 0 CHECK (announce_ms = 0 OR announce_ms BETWEEN 15000 AND 600000),
    ADD COLUMN announce_wait boolean NOT NULL DEFAULT true,
    ADD COLUMN auto_answer_ms integer NOT NULL DEFAULT 0 CHECK (auto_answer_ms BETWEEN 0 AND 60000);
COMMENT ON COLUMN queue.overflow_rules IS '溢出规则，按次序：条件与去向';
COMMENT ON COLUMN queue.announce_ms IS '向等待者播报前面人数的间隔（毫秒），0 为不播报';
COMMENT ON COLUMN queue.announce_wait IS '播报时是否同时播报预计等待时间';
COMMENT ON COLUMN queue.auto_answer_ms IS '坐席未单独设置时的自动应答延时（毫秒），0 为不自动应答';
ALTER TABLE app_user ADD COLUMN auto_answer_internal boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN app_user.auto_answer_internal IS '同事来电（磋商、求助）是否也自动应答';

-- What the numbers of an announcement are said with; what another migration made already stays.
WITH given (code, name, text) AS (VALUES
    ('say_two', '数量二', '两'), ('say_ten', '十', '十'), ('say_hundred', '百', '百'),
    ('queue_ahead', '排队播报：前面人数（前）', '您前面还有'), ('queue_people', '排队播报：前面人数（后）', '位，'),
    ('queue_next', '排队播报：下一位', '下一位就是您，请稍候。'),
    ('queue_expect', '排队播报：预计等待（前）', '预计等待'), ('queue_minutes', '排队播报：预计等待（后）', '分钟。')
), made AS (
    INSERT INTO prompt (code, name, published_version)
    SELECT g.code, g.name, 1 FROM given g WHERE NOT EXISTS (SELECT FROM prompt p WHERE p.code = g.code AND p.center_id IS NULL)
    RETURNING id, code
)
INSERT INTO prompt_version (prompt_id, version, text, path, source)
SELECT m.id, 1, g.text, 'common/' || m.code || '-1.wav', 'tts' FROM made m JOIN given g USING (code);

-- Where rules lead must be there: queues and calendars of the center, nodes of a flow in force.
CREATE FUNCTION check_overflow_rules(q queue) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rule jsonb;
    n bigint;
BEGIN
    FOR rule, n IN SELECT r.rule, r.n FROM jsonb_array_elements(q.overflow_rules) WITH ORDINALITY AS r(rule, n) LOOP
        IF rule ? 'queue_id' AND ((rule->>'queue_id')::integer = q.id OR NOT EXISTS (SELECT FROM queue o
                WHERE o.id = (rule->>'queue_id')::integer AND o.center_id = q.center_id AND o.enabled AND o.deleted_at IS NULL)) THEN
            RAISE EXCEPTION '第 % 条溢出规则：去向应是本中心另一个启用的队列', n USING ERRCODE = 'HL014', CONSTRAINT = 'overflow_rules';
        ELSIF rule ? 'calendar' AND NOT EXISTS (SELECT FROM work_calendar k WHERE k.center_id = q.center_id AND k.code = rule->>'calendar') THEN
            RAISE EXCEPTION '第 % 条溢出规则：没有工作日历“%”', n, rule->>'calendar' USING ERRCODE = 'HL014', CONSTRAINT = 'overflow_rules';
        ELSIF rule ? 'node' AND NOT EXISTS (SELECT FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
                WHERE f.center_id = q.center_id AND v.document->'nodes' ? (rule->>'node')) THEN
            RAISE EXCEPTION '第 % 条溢出规则：本中心已发布的流程中没有节点“%”', n, rule->>'node' USING ERRCODE = 'HL014', CONSTRAINT = 'overflow_rules';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION check_overflow_rules(queue) IS '溢出规则的去向检查';

-- As in 007, with rules, announcements and answering by itself.
CREATE OR REPLACE FUNCTION queue_save(target integer, expected integer, home_center integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old queue%ROWTYPE;
    next queue%ROWTYPE;
    fields jsonb := entry_fields(doc, '{code,name,strategy,ring_timeout_ms,wrap_up_ms,wrap_up_required,max_wait_ms,max_length,max_offers,
        overflow_queue_id,overflow_rules,announce_ms,announce_wait,auto_answer_ms,age_step_ms,sl_threshold_ms,short_abandon_ms,enabled,skill_group_id}');
BEGIN
    IF target IS NULL THEN
        INSERT INTO queue (center_id, code, name) VALUES (home_center, doc->>'code', doc->>'name') RETURNING * INTO old;
    ELSE
        SELECT * INTO old FROM queue q WHERE q.id = target AND q.deleted_at IS NULL FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        ELSIF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
    END IF;
    next := jsonb_populate_record(old, fields);
    IF next.code <> old.code OR (old.enabled AND NOT next.enabled) THEN
        PERFORM refuse_queue_in_use(old);
    END IF;
    IF next.skill_group_id IS NOT NULL AND NOT EXISTS (SELECT FROM skill_group g WHERE g.id = next.skill_group_id AND g.center_id = old.center_id) THEN
        RAISE EXCEPTION '本中心没有这个技能组' USING ERRCODE = 'HL014', CONSTRAINT = 'skill_group_id';
    END IF;
    IF next.announce_ms <> 0 AND next.announce_ms < 15000 THEN
        RAISE EXCEPTION '播报间隔应为 15 秒到 10 分钟，0 为不播报' USING ERRCODE = 'HL014', CONSTRAINT = 'announce_ms';
    END IF;
    next.overflow_queue_id := nullif(next.overflow_queue_id, 0);
    IF next.overflow_queue_id = old.id OR (next.overflow_queue_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM queue q WHERE q.id = next.overflow_queue_id AND q.center_id = old.center_id AND q.deleted_at IS NULL)) THEN
        RAISE EXCEPTION '溢出队列应是本中心的另一个队列' USING ERRCODE = 'HL014', CONSTRAINT = 'overflow_queue_id';
    END IF;
    IF fields ? 'overflow_rules' THEN
        PERFORM check_overflow_rules(next);
    END IF;
    UPDATE queue SET (code, name, strategy, ring_timeout_ms, wrap_up_ms, wrap_up_required, max_wait_ms, max_length, max_offers,
        overflow_queue_id, overflow_rules, announce_ms, announce_wait, auto_answer_ms, age_step_ms,
        sl_threshold_ms, short_abandon_ms, enabled, skill_group_id, version) =
        (next.code, next.name, next.strategy, next.ring_timeout_ms, next.wrap_up_ms, next.wrap_up_required, next.max_wait_ms,
         next.max_length, next.max_offers, next.overflow_queue_id, next.overflow_rules, next.announce_ms, next.announce_wait,
         next.auto_answer_ms, next.age_step_ms, next.sl_threshold_ms, next.short_abandon_ms, next.enabled, next.skill_group_id,
         CASE WHEN target IS NULL THEN 1 ELSE old.version + 1 END)
    WHERE id = old.id RETURNING * INTO next;
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION '本中心已有代码为“%”的队列', doc->>'code' USING ERRCODE = 'HL014', CONSTRAINT = 'code';
END $$;

-- As in 019, and the rules of other queues.
CREATE OR REPLACE FUNCTION queue_users(q queue) RETURNS text LANGUAGE sql STABLE AS $$
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
        SELECT NULL, '队列“' || o.name || '”的溢出规则' FROM queue o
        WHERE o.center_id = q.center_id AND o.deleted_at IS NULL AND o.id <> q.id
          AND (o.overflow_queue_id = q.id OR o.overflow_rules @> jsonb_build_array(jsonb_build_object('queue_id', q.id)))
        UNION ALL
        SELECT NULL, '白名单中的 ' || count(*) || ' 个号码' FROM number_list l WHERE l.queue_id = q.id HAVING count(*) > 0) u
$$;

CREATE OR REPLACE FUNCTION refuse_queue_in_use(q queue) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    users text := queue_users(q);
BEGIN
    IF users IS NOT NULL THEN
        RAISE EXCEPTION '队列“%”正被%使用，请先修改这些地方', q.name, users USING ERRCODE = 'HL013', CONSTRAINT = 'queue_id';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION calendar_users(k work_calendar) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(words, '、' ORDER BY place, words) FROM (
        SELECT f.id AS place, '语音流程“' || f.name || '”的节点“' || n.key || '”' AS words
        FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
        CROSS JOIN LATERAL jsonb_each(v.document->'nodes') n
        WHERE f.center_id = k.center_id AND n.value->>'type' = 'hours' AND n.value->>'calendar' = k.code
        UNION ALL
        SELECT NULL, '队列“' || q.name || '”的溢出规则' FROM queue q
        WHERE q.center_id = k.center_id AND q.deleted_at IS NULL
          AND q.overflow_rules @> jsonb_build_array(jsonb_build_object('calendar', k.code))) u
$$;

-- As in 007, with the switch for colleagues' calls.
CREATE OR REPLACE FUNCTION user_save(target integer, expected integer, home_center integer, doc jsonb, hash text, md5_hash text, sha_hash text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old app_user%ROWTYPE;
    next app_user%ROWTYPE;
BEGIN
    IF target IS NULL THEN
        PERFORM check_user(NULL, home_center, doc);
        INSERT INTO app_user (center_id, login, name, agent_no, team_id, enabled, auto_answer_ms, auto_answer_internal, password_hash, password_changed_at)
        VALUES (home_center, doc->>'login', doc->>'name', coalesce(doc->>'agent_no', ''), (doc->>'team_id')::integer,
            coalesce((doc->>'enabled')::boolean, true), coalesce((doc->>'auto_answer_ms')::integer, 0),
            coalesce((doc->>'auto_answer_internal')::boolean, true), coalesce(hash, ''), now())
        RETURNING * INTO next;
    ELSE
        SELECT * INTO old FROM app_user u WHERE u.id = target AND u.deleted_at IS NULL FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        ELSIF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
        next := jsonb_populate_record(old, (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(doc)
            WHERE key IN ('login', 'name', 'agent_no', 'team_id', 'enabled', 'auto_answer_ms', 'auto_answer_internal') AND (value <> 'null' OR key = 'team_id')));
        PERFORM refuse_superior(target);
        IF target = app_user_id() AND NOT next.enabled THEN
            RAISE EXCEPTION '不能停用自己' USING ERRCODE = 'HL015', CONSTRAINT = 'enabled';
        END IF;
        PERFORM check_user(target, old.center_id, to_jsonb(next));
        UPDATE app_user SET login = next.login, name = next.name, agent_no = next.agent_no, team_id = next.team_id,
            enabled = next.enabled, auto_answer_ms = next.auto_answer_ms,
            auto_answer_internal = next.auto_answer_internal, version = old.version + 1,
            password_hash = coalesce(hash, password_hash),
            password_changed_at = CASE WHEN hash IS NULL THEN password_changed_at ELSE now() END
        WHERE id = target RETURNING * INTO next;
        IF hash IS NOT NULL OR NOT next.enabled THEN
            DELETE FROM session WHERE user_id = target;
        END IF;
    END IF;
    IF jsonb_typeof(doc->'roles') = 'array' THEN
        PERFORM set_roles(next.id, doc->'roles');
    END IF;
    PERFORM set_phone(next.id, doc, md5_hash, sha_hash);
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
END $$;
