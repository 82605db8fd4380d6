-- SMS (SMS-04, SMS-05), and the survey by SMS (CC-24): a gateway of each center, an outbox, what the gateway reports, what people reply.
--
-- A message is queued in the transaction that knows the reason for it, and goes to the gateway with its id until the gateway has taken
-- or refused it; a gateway that knows an id again sends nothing twice. What a daemon has claimed and not told the end of (it died) is
-- due again by itself.

-- --- who may ------------------------------------------------------------------------------------

SELECT add_permissions('{sms.read}'), add_key_groups('{sms}');
COMMENT ON COLUMN api_key.groups IS '能力组：call 呼叫控制、media 媒体、agent 坐席、it 数据、sms 短信通道回报';
INSERT INTO role_permission (role_code, permission, scope) VALUES
    ('leader', 'sms.read', 'center'), ('city_admin', 'sms.read', 'center'), ('region_supervisor', 'sms.read', 'region'), ('region_admin', 'sms.read', 'region')
ON CONFLICT DO NOTHING;

-- --- the gateway --------------------------------------------------------------------------------

CREATE TABLE sms_gateway (
    center_id integer PRIMARY KEY REFERENCES center,
    enabled boolean NOT NULL DEFAULT false,
    url text NOT NULL DEFAULT '' CHECK (url = '' OR url ~ '^https?://[^/?#]+'),
    secret_name text NOT NULL DEFAULT '',
    secret_value text NOT NULL DEFAULT '',
    timeout_ms integer NOT NULL DEFAULT 5000 CHECK (timeout_ms BETWEEN 200 AND 10000),
    per_second integer NOT NULL DEFAULT 5 CHECK (per_second BETWEEN 1 AND 10),
    version integer NOT NULL DEFAULT 1,
    CHECK (url <> '' OR NOT enabled)
);
COMMENT ON TABLE sms_gateway IS '短信通道，每中心一行，无行即为停用';
COMMENT ON COLUMN sms_gateway.center_id IS '中心';
COMMENT ON COLUMN sms_gateway.enabled IS '是否启用，停用时待发短信留在队列中直至过期';
COMMENT ON COLUMN sms_gateway.url IS '地址，短信以 JSON 提交到这里';
COMMENT ON COLUMN sms_gateway.secret_name IS '保密请求头的名称，空为没有';
COMMENT ON COLUMN sms_gateway.secret_value IS '保密请求头的值，只供守护进程使用';
COMMENT ON COLUMN sms_gateway.timeout_ms IS '最长等待回答（毫秒）';
COMMENT ON COLUMN sms_gateway.per_second IS '每秒最多提交几条';
COMMENT ON COLUMN sms_gateway.version IS '版本号（并发修改检查）';

-- Apart from the settings: it changes every second.
CREATE TABLE sms_turn (
    center_id integer PRIMARY KEY REFERENCES center,
    claimed_at timestamptz NOT NULL
);
COMMENT ON TABLE sms_turn IS '短信通道的提交节拍';
COMMENT ON COLUMN sms_turn.center_id IS '中心';
COMMENT ON COLUMN sms_turn.claimed_at IS '最近一次取出待发短信的时间，一秒内不再取';

-- --- messages and replies -----------------------------------------------------------------------

CREATE TABLE sms (
    sms_id uuid PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    kind text NOT NULL CHECK (kind IN ('survey', 'test')),
    number text NOT NULL CHECK (number <> ''),
    text text NOT NULL CHECK (text <> ''),
    call_id uuid,
    talk_id uuid,
    user_id integer,
    queue_id integer,
    levels jsonb,
    reply_hours integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'delivered', 'failed')),
    reason text NOT NULL DEFAULT '',
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    gateway_ref text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    done_at timestamptz
);
COMMENT ON TABLE sms IS '短信：待发与已发';
COMMENT ON COLUMN sms.sms_id IS '编号，提交给通道时的幂等编号';
COMMENT ON COLUMN sms.center_id IS '所属中心';
COMMENT ON COLUMN sms.kind IS '用途：满意度调查、试发';
COMMENT ON COLUMN sms.number IS '接收号码';
COMMENT ON COLUMN sms.text IS '内容';
COMMENT ON COLUMN sms.call_id IS '所调查的呼叫';
COMMENT ON COLUMN sms.talk_id IS '所评价的通话';
COMMENT ON COLUMN sms.user_id IS '所评价的坐席';
COMMENT ON COLUMN sms.queue_id IS '队列';
COMMENT ON COLUMN sms.levels IS '短信中所列的按键、等级与名称，回复按此对应';
COMMENT ON COLUMN sms.reply_hours IS '发出后多少小时内的回复有效';
COMMENT ON COLUMN sms.state IS '状态：待发、已提交通道、已送达、失败';
COMMENT ON COLUMN sms.reason IS '失败原因，或最近一次未能提交的原因';
COMMENT ON COLUMN sms.attempts IS '已提交次数';
COMMENT ON COLUMN sms.next_at IS '待发时：此后可以提交';
COMMENT ON COLUMN sms.expires_at IS '此后不再提交';
COMMENT ON COLUMN sms.gateway_ref IS '通道给出的编号';
COMMENT ON COLUMN sms.created_at IS '生成时间';
COMMENT ON COLUMN sms.sent_at IS '通道接受的时间';
COMMENT ON COLUMN sms.done_at IS '送达或失败的时间';
CREATE INDEX sms_due ON sms (center_id, next_at) WHERE state = 'queued';
CREATE INDEX sms_expiring ON sms (expires_at) WHERE state = 'queued';
CREATE INDEX sms_newest ON sms (created_at DESC, sms_id DESC);
CREATE INDEX sms_center ON sms (center_id, created_at DESC, sms_id DESC);
CREATE INDEX sms_number ON sms (number, created_at DESC);

CREATE TABLE sms_reply (
    reply_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    gateway_ref text NOT NULL,
    sms_id uuid REFERENCES sms ON DELETE SET NULL,
    number text NOT NULL,
    text text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('rated', 'late', 'again', 'unknown', 'by_phone', 'none')),
    received_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (center_id, gateway_ref)
);
COMMENT ON TABLE sms_reply IS '上行短信：来电人的回复，全部保存';
COMMENT ON COLUMN sms_reply.reply_id IS '编号';
COMMENT ON COLUMN sms_reply.center_id IS '所属中心';
COMMENT ON COLUMN sms_reply.gateway_ref IS '通道给出的编号，同一编号只收一次';
COMMENT ON COLUMN sms_reply.sms_id IS '所回复的短信，空为没有';
COMMENT ON COLUMN sms_reply.number IS '发送号码';
COMMENT ON COLUMN sms_reply.text IS '内容';
COMMENT ON COLUMN sms_reply.outcome IS '处理：计为评价、超过有效期、已评价过、不是所列的按键、电话中已评价、没有对应的短信';
COMMENT ON COLUMN sms_reply.received_at IS '收到时间';
CREATE INDEX sms_reply_of ON sms_reply (sms_id) WHERE sms_id IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{sms_gateway,sms_turn,sms,sms_reply}'::text[] LOOP
        PERFORM protect_table(name::regclass);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON sms_gateway, sms_turn, sms TO hotlined_app;
GRANT SELECT, INSERT ON sms_reply TO hotlined_app;

-- --- rules --------------------------------------------------------------------------------------

-- As in src/base/dialing.c; of a number as normalise_number() writes it.
CREATE FUNCTION is_mobile(number text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(number ~ '^1[3-9][0-9]{9}$', false)
$$;
COMMENT ON FUNCTION is_mobile(text) IS '是否手机号码（可收短信）';

-- How long a message waits after so many attempts: 2, 4, 8 ... seconds, at most five minutes.
CREATE FUNCTION sms_pause(attempts integer) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
    SELECT make_interval(secs => least(300, 2 ^ least(attempts, 10)))
$$;
COMMENT ON FUNCTION sms_pause(integer) IS '第几次提交失败后等多久再试';

-- "1 非常满意、2 满意": best first.
CREATE FUNCTION survey_levels_text(levels jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg((l->>'key') || ' ' || (l->>'name'), '、' ORDER BY (l->>'level')::integer DESC) FROM jsonb_array_elements(levels) l
$$;
COMMENT ON FUNCTION survey_levels_text(jsonb) IS '短信中的评价选项';

-- The levels come last: their names are a person's own words.
CREATE FUNCTION survey_sms_text(template text, center_name text, agent_no text, levels jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(replace(replace(template, '{中心}', center_name), '{工号}', agent_no), '{等级}', survey_levels_text(levels))
$$;
COMMENT ON FUNCTION survey_sms_text(text, text, text, jsonb) IS '按模板写出满意度调查短信';

-- What is wrong with a template; null = nothing.
CREATE FUNCTION survey_sms_problem(template text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((SELECT '没有变量“{' || m[1] || '}”，可以用 {中心}、{工号}、{等级}' FROM regexp_matches(template, '\{([^{}]*)\}', 'g') m
            WHERE m[1] NOT IN ('中心', '工号', '等级') LIMIT 1),
        CASE WHEN position('{等级}' IN template) = 0 THEN '模板里要有 {等级}，来电人才知道回复什么' END)
$$;
COMMENT ON FUNCTION survey_sms_problem(text) IS '短信模板的问题，空为没有';

-- The level that a reply names, {key, level, name}: its key alone, or with its name, in whatever width and with whatever marks
-- behind it. A sentence that has a digit somewhere names nothing.
CREATE FUNCTION survey_reply_level(levels jsonb, said text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT l FROM jsonb_array_elements(levels) l,
        (SELECT regexp_replace(translate(said, '０１２３４５６７８９＊＃', '0123456789*#'), '[[:space:]。，、．！.,!　]+', '', 'g') AS said) t
    WHERE t.said IN (l->>'key', (l->>'key') || (l->>'name')) LIMIT 1
$$;
COMMENT ON FUNCTION survey_reply_level(jsonb, text) IS '回复所选的等级，空为看不出';

-- A UUIDv7 of this time: those of one time are in no order.
CREATE FUNCTION uuid_made(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT overlay(overlay(replace(gen_random_uuid()::text, '-', '') PLACING lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') FROM 1) PLACING '7' FROM 13)::uuid
$$;
COMMENT ON FUNCTION uuid_made(timestamptz) IS '按时间新生成的编号（UUIDv7）';

CREATE FUNCTION sms_word(kind text, code text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce('{
        "kind": {"survey": "满意度调查", "test": "试发"},
        "state": {"queued": "待发", "sent": "已提交", "delivered": "已送达", "failed": "失败"},
        "outcome": {"rated": "计为评价", "late": "超过有效期，不计", "again": "已评价过，不计", "unknown": "不是所列的按键，不计", "by_phone": "电话中已评价，不计", "none": "没有对应的短信"}
    }'::jsonb #>> ARRAY[kind, code], code, '')
$$;
COMMENT ON FUNCTION sms_word(text, text) IS '短信的用途、状态与回复处理的中文名称';

-- --- settings -----------------------------------------------------------------------------------

-- expected 1 also where there is no row yet. The secret stays where its value is empty and its name the same.
CREATE FUNCTION sms_gateway_save(of_center integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old sms_gateway%ROWTYPE;
    next sms_gateway%ROWTYPE;
BEGIN
    INSERT INTO sms_gateway (center_id) VALUES (of_center) ON CONFLICT DO NOTHING;
    SELECT * INTO old FROM sms_gateway g WHERE g.center_id = of_center FOR UPDATE;
    IF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'version', old.version);
    END IF;
    next := jsonb_populate_record(old, entry_fields(doc, '{enabled,url,secret_name,secret_value,timeout_ms,per_second}'));
    IF next.secret_name = '' THEN
        next.secret_value := '';
    ELSIF next.secret_value = '' AND next.secret_name = old.secret_name THEN
        next.secret_value := old.secret_value;
    END IF;
    IF next.secret_name <> '' AND next.secret_value = '' THEN
        RAISE EXCEPTION '请填写保密请求头“%”的值', next.secret_name USING ERRCODE = 'HL014', CONSTRAINT = 'secret_value';
    ELSIF next.enabled AND next.url = '' THEN
        RAISE EXCEPTION '启用前请填写短信通道的地址' USING ERRCODE = 'HL014', CONSTRAINT = 'url';
    END IF;
    UPDATE sms_gateway SET (enabled, url, secret_name, secret_value, timeout_ms, per_second, version) =
        (next.enabled, next.url, next.secret_name, next.secret_value, next.timeout_ms, next.per_second, old.version + 1)
    WHERE center_id = of_center;
    RETURN jsonb_build_object('result', 'ok', 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION sms_gateway_save(integer, integer, jsonb) IS '保存短信通道';

-- What query_connector_ask() wants, the secret included.
CREATE FUNCTION sms_connector(g sms_gateway) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('center_id', g.center_id, 'url', g.url, 'method', 'POST', 'secret_name', g.secret_name, 'secret_value', g.secret_value, 'timeout_ms', g.timeout_ms)
$$;
COMMENT ON FUNCTION sms_connector(sms_gateway) IS '守护进程提交短信所需的通道参数，含保密请求头';

-- A message that somebody tries the gateway with; the answer is told by sms_answered(). A daemon that dies in between leaves it to
-- expire. {result: ok, sms_id, text, number, connector}.
CREATE FUNCTION sms_try(of_center integer, typed text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    g sms_gateway%ROWTYPE;
    m sms%ROWTYPE;
BEGIN
    SELECT * INTO g FROM sms_gateway w WHERE w.center_id = of_center AND w.url <> '';
    IF NOT FOUND THEN
        RAISE EXCEPTION '本中心还没有短信通道，请先填写地址并保存' USING ERRCODE = 'HL014', CONSTRAINT = 'url';
    ELSIF NOT is_mobile(normalise_number(typed)) THEN
        RAISE EXCEPTION '“%”不是手机号码，请填写 11 位手机号码', typed USING ERRCODE = 'HL014', CONSTRAINT = 'number';
    END IF;
    INSERT INTO sms (sms_id, center_id, kind, number, text, attempts, next_at, expires_at)
    SELECT uuid_made(now()), of_center, 'test', normalise_number(typed), '【' || c.name || '】短信通道试发，收到即为正常。', 1,
        now() + interval '10 minutes', now() + interval '10 minutes'
    FROM center c WHERE c.id = of_center RETURNING * INTO m;
    RETURN jsonb_build_object('result', 'ok', 'sms_id', m.sms_id, 'number', m.number, 'text', m.text, 'connector', sms_connector(g));
END $$;
COMMENT ON FUNCTION sms_try(integer, text) IS '生成一条试发短信';

ALTER TABLE survey_setting ADD COLUMN sms boolean NOT NULL DEFAULT false,
    ADD COLUMN sms_template text NOT NULL DEFAULT '【{中心}】您好，工号{工号}刚才为您服务，请回复数字评价：{等级}。',
    ADD COLUMN sms_hours integer NOT NULL DEFAULT 24 CHECK (sms_hours BETWEEN 1 AND 168);
COMMENT ON COLUMN survey_setting.sms IS '电话中未评价时是否发送短信评价';
COMMENT ON COLUMN survey_setting.sms_template IS '评价短信的模板，变量为 {中心}、{工号}、{等级}';
COMMENT ON COLUMN survey_setting.sms_hours IS '评价短信的有效小时数，同一号码在此期间至多一条';

CREATE OR REPLACE FUNCTION survey_defaults(of_center integer) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('center_id', of_center, 'enabled', false, 'automatic', false, 'prompt', 'survey', 'invalid_prompt', 'invalid_key',
        'thanks_prompt', 'survey_thanks', 'retries', 1, 'timeout_ms', 6000, 'version', 1,
        'levels', '[{"key":"1","level":5,"name":"非常满意"},{"key":"2","level":4,"name":"满意"},{"key":"3","level":3,"name":"一般"},{"key":"4","level":2,"name":"不满意"},{"key":"5","level":1,"name":"非常不满意"}]'::jsonb,
        'sms', false, 'sms_template', '【{中心}】您好，工号{工号}刚才为您服务，请回复数字评价：{等级}。', 'sms_hours', 24)
$$;

-- As in 026, and by SMS.
CREATE OR REPLACE FUNCTION survey_save(of_center integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
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
    IF survey_sms_problem(next.sms_template) IS NOT NULL THEN
        RAISE EXCEPTION '%', survey_sms_problem(next.sms_template) USING ERRCODE = 'HL014', CONSTRAINT = 'sms_template';
    ELSIF next.sms AND NOT old.sms AND NOT EXISTS (SELECT FROM sms_gateway g WHERE g.center_id = of_center AND g.enabled) THEN
        RAISE EXCEPTION '本中心还没有启用短信通道，请先在“短信”页设置并启用' USING ERRCODE = 'HL014', CONSTRAINT = 'sms';
    END IF;
    UPDATE survey_setting SET enabled = next.enabled, automatic = next.automatic, prompt = next.prompt, invalid_prompt = next.invalid_prompt,
        thanks_prompt = next.thanks_prompt, retries = next.retries, timeout_ms = next.timeout_ms, levels = next.levels,
        sms = next.sms, sms_template = next.sms_template, sms_hours = next.sms_hours, version = old.version + 1 WHERE center_id = of_center;
    IF doc ? 'queues' THEN -- those whose callers are asked; of this center only
        UPDATE queue q SET survey = w.wanted
        FROM (SELECT e.id, doc->'queues' @> to_jsonb(e.id) AS wanted FROM queue e WHERE e.center_id = of_center AND e.deleted_at IS NULL) w
        WHERE q.id = w.id AND q.survey <> w.wanted;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'version', old.version + 1);
END $$;

-- --- callers are asked --------------------------------------------------------------------------

ALTER TABLE survey ADD COLUMN channel text NOT NULL DEFAULT 'voice' CHECK (channel IN ('voice', 'sms'));
COMMENT ON COLUMN survey.channel IS '渠道：电话、短信';
COMMENT ON COLUMN survey.survey_id IS '调查编号，即所在流程停留或评价短信的编号';

-- Of calls that ended in a batch of facts: who talked with an agent of a queue whose callers are asked, and said nothing by phone. Of
-- several agents the last one is meant (kpi R20); of a caller whom another center has taken, it is for that one to ask. Facts come in
-- one batch after the other, so nobody is asked twice. Whatever goes wrong here, the facts are taken.
CREATE FUNCTION ask_by_sms(calls thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM survey_setting s WHERE s.enabled AND s.sms) THEN
        RETURN;
    END IF;
    INSERT INTO sms (sms_id, center_id, kind, number, text, call_id, talk_id, user_id, queue_id, levels, reply_hours, expires_at)
    SELECT DISTINCT ON (c.center_id, n.number) uuid_made(now()), c.center_id, 'survey', n.number,
        survey_sms_text(s.sms_template, o.name, coalesce(u.agent_no, ''), s.levels), c.call_id, k.talk_id, k.user_id, q.id, s.levels, s.sms_hours,
        c.t_end + make_interval(hours => s.sms_hours)
    FROM unnest(calls) f
    JOIN call c ON c.call_id = f.id
    JOIN survey_setting s ON s.center_id = c.center_id AND s.enabled AND s.sms AND center_has(c.center_id, 'survey')
    JOIN sms_gateway g ON g.center_id = c.center_id AND g.enabled
    JOIN center o ON o.id = c.center_id
    CROSS JOIN LATERAL (SELECT normalise_number(c.caller_no) AS number OFFSET 0) n
    CROSS JOIN LATERAL call_month(c.t_in) AS m
    CROSS JOIN LATERAL (SELECT t.* FROM talk t WHERE t.call_id = c.call_id AND t.talk_id BETWEEN m.first AND m.last AND t.kind IN ('inbound', 'transfer_in')
        AND t.talk_ms > 0 ORDER BY t.t_ans DESC, t.talk_id DESC LIMIT 1) k
    JOIN queue q ON q.id = coalesce(k.queue_id, c.first_queue_id) AND q.survey
    LEFT JOIN app_user u ON u.id = k.user_id
    WHERE f.ended IS NOT NULL AND c.direction = 'in' AND NOT c.test AND c.moved_to IS NULL AND is_mobile(n.number)
      AND c.t_end > now() - make_interval(hours => s.sms_hours)
      AND NOT EXISTS (SELECT FROM survey v WHERE v.call_id = c.call_id AND v.survey_id BETWEEN m.first AND m.last AND v.level IS NOT NULL)
      AND NOT EXISTS (SELECT FROM sms e WHERE e.number = n.number AND e.center_id = c.center_id AND e.kind = 'survey'
          AND e.created_at > now() - make_interval(hours => s.sms_hours))
    ORDER BY c.center_id, n.number, c.t_end DESC, c.call_id DESC;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'callers are not asked by SMS: % (%)', SQLERRM, SQLSTATE;
END $$;
COMMENT ON FUNCTION ask_by_sms(thing_facts[]) IS '为一批结束的来电生成评价短信：与坐席通话后未在电话中评价的手机来电';
REVOKE ALL ON FUNCTION ask_by_sms(thing_facts[]) FROM PUBLIC;

-- As in 049, and callers are asked by SMS.
CREATE OR REPLACE FUNCTION apply_facts(b fact_batch) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changes call_change[] := call_changes(b.calls, b.queue_visits, b.door_refusals, b.talks, b.acws, b.wrap_ups);
    passed_on call_change[] := (SELECT array_agg(c) FROM unnest(changes) c WHERE c.begun->>'source' <> 'direct');
    before_it uuid[];
    after_it uuid[];
BEGIN
    SELECT array_agg(DISTINCT call_id) FILTER (WHERE NOT begins), array_agg(DISTINCT call_id) INTO before_it, after_it
    FROM (SELECT call_id, begun IS NOT NULL AS begins FROM unnest(changes) WHERE counts
          UNION ALL SELECT call_id, false FROM unnest(calls_moved(b.outside_legs)) AS l(call_id)) c;
    PERFORM rollup_add(before_it, -1);
    PERFORM uncount_batch(b);
    PERFORM begin_calls(changes);
    PERFORM change_calls(changes);
    PERFORM note_senders(passed_on);
    PERFORM mark_moved(b.outside_legs);
    PERFORM apply_ivr_visits(b.ivr_visits);
    PERFORM apply_ivr_keys(b.ivr_keys);
    PERFORM apply_queue_visits(b.queue_visits);
    PERFORM apply_door_refusals(b.door_refusals);
    PERFORM apply_offers(b.offers);
    PERFORM apply_talks(b.talks);
    PERFORM apply_holds(b.holds);
    PERFORM apply_acws(b.acws);
    PERFORM begin_sessions(b.sessions);
    PERFORM apply_states(b.states);
    PERFORM end_sessions(b.sessions);
    PERFORM apply_recordings(b.recordings);
    PERFORM apply_leg_qualities(b.leg_qualities);
    PERFORM apply_unrecorded(b.unrecorded);
    PERFORM apply_trunk_events(b.trunk_events);
    PERFORM apply_audits(b.audits);
    PERFORM apply_outside_legs(b.outside_legs);
    PERFORM apply_bot_sessions(b.outside_legs);
    PERFORM apply_bot_turns(b.bot_turns);
    PERFORM apply_bot_slots(b.bot_slots);
    PERFORM rollup_add(after_it, 1);
    PERFORM count_batch(b);
    PERFORM ask_by_sms(b.calls);
END $$;

-- --- the outbox ---------------------------------------------------------------------------------

-- Messages that are due, of centers that are not busy with the last ones, at most room of them: each is due again by itself a while
-- after its gateway must have answered. A gateway gets at most so many a second, whoever asks and however often. Looks by index only
-- at what is due. Daemon scope.
CREATE FUNCTION sms_claim(busy integer[], room integer) RETURNS TABLE (sms_id uuid, center_id integer, number text, body text, connector jsonb) LANGUAGE plpgsql AS $$
DECLARE
    g sms_gateway%ROWTYPE;
    taken integer;
BEGIN
    UPDATE sms s SET state = 'failed', done_at = now(), reason = '到期仍未能提交' || CASE s.reason WHEN '' THEN '' ELSE '：' || s.reason END
    WHERE s.state = 'queued' AND s.expires_at <= clock_timestamp() AND s.next_at <= clock_timestamp();
    FOR g IN SELECT w.* FROM sms_gateway w WHERE w.enabled AND w.center_id <> ALL (busy)
        AND EXISTS (SELECT FROM sms s WHERE s.center_id = w.center_id AND s.state = 'queued' AND s.next_at <= clock_timestamp()) ORDER BY random()
    LOOP
        EXIT WHEN room <= 0;
        INSERT INTO sms_turn AS t (center_id, claimed_at) VALUES (g.center_id, clock_timestamp())
        ON CONFLICT ON CONSTRAINT sms_turn_pkey DO UPDATE SET claimed_at = EXCLUDED.claimed_at WHERE t.claimed_at NOT BETWEEN EXCLUDED.claimed_at - interval '1 second' AND EXCLUDED.claimed_at;
        CONTINUE WHEN NOT FOUND;
        RETURN QUERY
        WITH due AS MATERIALIZED (SELECT d.sms_id FROM sms d WHERE d.center_id = g.center_id AND d.state = 'queued' AND d.next_at <= clock_timestamp()
            ORDER BY d.next_at LIMIT least(g.per_second, room) FOR UPDATE SKIP LOCKED)
        UPDATE sms s SET attempts = s.attempts + 1, next_at = clock_timestamp() + make_interval(secs => g.timeout_ms / 1000.0 + 3)
        FROM due WHERE s.sms_id = due.sms_id RETURNING s.sms_id, s.center_id, s.number, s.text, sms_connector(g);
        GET DIAGNOSTICS taken = ROW_COUNT;
        room := room - taken;
    END LOOP;
END $$;
COMMENT ON FUNCTION sms_claim(integer[], integer) IS '取出到时的待发短信供提交，按每秒限额';

-- Counts a survey by SMS: pushed (rating null) once its message has been taken, rated when its reply came. False: the caller has
-- rated by phone. The roll-up is written as by facts, one after the other. Only of centers in sight.
CREATE FUNCTION sms_count(which uuid, rating jsonb) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    m sms%ROWTYPE;
BEGIN
    SELECT * INTO m FROM sms s WHERE s.sms_id = which AND s.kind = 'survey' AND s.center_id = ANY ((SELECT app_centers())::integer[]);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(12366, 1);
    IF rating IS NOT NULL AND EXISTS (SELECT FROM call_month(uuid_time(m.call_id)) AS h, survey v
            WHERE v.call_id = m.call_id AND v.survey_id BETWEEN h.first AND h.last AND v.channel = 'voice' AND v.level IS NOT NULL) THEN
        RETURN false;
    END IF;
    PERFORM count_deeds(NULL, NULL, NULL, NULL, NULL, NULL, NULL, ARRAY[which], -1);
    INSERT INTO survey (survey_id, center_id, call_id, talk_id, user_id, queue_id, t_asked, channel)
    VALUES (which, m.center_id, m.call_id, m.talk_id, m.user_id, m.queue_id, now(), 'sms') ON CONFLICT DO NOTHING;
    UPDATE survey SET level = (rating->>'level')::integer, name = rating->>'name' WHERE survey_id = which AND rating IS NOT NULL;
    PERFORM count_deeds(NULL, NULL, NULL, NULL, NULL, NULL, NULL, ARRAY[which], 1);
    RETURN true;
END $$;
COMMENT ON FUNCTION sms_count(uuid, jsonb) IS '评价短信计为一次调查，或计入其评价';

-- What the gateway answered: sent, again (not now) or refused.
CREATE FUNCTION sms_answered(which uuid, answer text, why text, ref text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF answer = 'sent' THEN
        UPDATE sms SET state = 'sent', sent_at = now(), reason = '', gateway_ref = ref WHERE sms_id = which AND state = 'queued';
        IF FOUND THEN
            PERFORM sms_count(which, NULL);
        END IF;
    ELSIF answer = 'refused' THEN
        UPDATE sms SET state = 'failed', done_at = now(), reason = why WHERE sms_id = which AND state = 'queued';
    ELSE
        UPDATE sms SET reason = why, next_at = now() + sms_pause(attempts),
            state = CASE WHEN now() + sms_pause(attempts) >= expires_at OR kind = 'test' THEN 'failed' ELSE state END,
            done_at = CASE WHEN now() + sms_pause(attempts) >= expires_at OR kind = 'test' THEN now() END
        WHERE sms_id = which AND state = 'queued';
    END IF;
END $$;
COMMENT ON FUNCTION sms_answered(uuid, text, text, text) IS '记下短信通道的回答';

-- --- what comes back ----------------------------------------------------------------------------

-- A report may come before the answer to the message it is about was written, and twice. {result: ok | missing}.
CREATE FUNCTION sms_reported(which uuid, arrived boolean, why text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    m sms%ROWTYPE;
BEGIN
    SELECT * INTO m FROM sms s WHERE s.sms_id = which AND s.attempts > 0 FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    IF m.state = 'queued' THEN
        PERFORM sms_answered(which, 'sent', '', '');
    END IF;
    UPDATE sms SET state = CASE WHEN arrived THEN 'delivered' ELSE 'failed' END, done_at = now(), reason = CASE WHEN arrived THEN '' ELSE why END
    WHERE sms_id = which AND state = 'sent';
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION sms_reported(uuid, boolean, text) IS '记下送达回执';

-- A reply to the last message that the number got of this center. The same reply twice is one. {result: ok, outcome}.
CREATE FUNCTION sms_replied(home integer, ref text, sender text, said text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    m sms%ROWTYPE;
    rating jsonb;
    became text := (SELECT r.outcome FROM sms_reply r WHERE r.center_id = home AND r.gateway_ref = ref);
BEGIN
    IF became IS NOT NULL THEN
        RETURN jsonb_build_object('result', 'ok', 'outcome', became);
    END IF;
    SELECT * INTO m FROM sms s WHERE s.number = normalise_number(sender) AND s.center_id = home AND s.kind = 'survey' AND s.attempts > 0 AND s.state <> 'failed'
    ORDER BY s.created_at DESC LIMIT 1 FOR UPDATE;
    IF m.state = 'queued' THEN
        PERFORM sms_answered(m.sms_id, 'sent', '', '');
        m.sent_at := now();
    END IF;
    rating := survey_reply_level(m.levels, said);
    became := CASE WHEN m.sms_id IS NULL THEN 'none'
        WHEN EXISTS (SELECT FROM sms_reply r WHERE r.sms_id = m.sms_id AND r.outcome = 'rated') THEN 'again'
        WHEN now() > m.sent_at + make_interval(hours => m.reply_hours) THEN 'late'
        WHEN rating IS NULL THEN 'unknown'
        WHEN NOT sms_count(m.sms_id, rating) THEN 'by_phone'
        ELSE 'rated' END;
    INSERT INTO sms_reply (center_id, gateway_ref, sms_id, number, text, outcome)
    VALUES (home, ref, m.sms_id, coalesce(nullif(normalise_number(sender), ''), sender), said, became);
    RETURN jsonb_build_object('result', 'ok', 'outcome', became);
END $$;
COMMENT ON FUNCTION sms_replied(integer, text, text, text) IS '收下一条上行短信';
