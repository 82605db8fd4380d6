-- What is said to a voice bot and what it made of it stays with the call (NLU-02), and is its center's, alone or shared with
-- the region (NLU-06). What a bot learnt stood in outside_leg before, for everybody who sees the call.

ALTER TABLE bot_share ADD COLUMN data text NOT NULL DEFAULT 'own' CHECK (data IN ('own', 'shared'));
COMMENT ON COLUMN bot_share.data IS '机器人数据：own 仅本中心可见，shared 自治区也可见';

-- Whose dialogs and figures of bots the transaction may see, of the centers in its sight: the person's own center, and those
-- that share them. A key that is nobody's is its center's; one that sees several is the region's.
CREATE FUNCTION bot_centers() RETURNS integer[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seen integer[] := app_centers();
    own integer;
BEGIN
    IF current_setting('hotlined.centers', true) = '*' THEN RETURN seen; END IF;
    own := CASE WHEN app_user_id() <> 0 THEN (SELECT center_id FROM app_user WHERE id = app_user_id())
        WHEN cardinality(seen) = 1 THEN seen[1]
        ELSE (SELECT min(id) FROM center WHERE kind = 'regional') END;
    RETURN ARRAY(SELECT c FROM unnest(seen) c
        WHERE c = own OR EXISTS (SELECT FROM bot_share s WHERE s.center_id = c AND s.data = 'shared'));
END $$;
COMMENT ON FUNCTION bot_centers() IS '当前事务可见其机器人数据的中心编号';

CREATE TABLE bot_session (
    session_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    peer_id integer,
    t_start timestamptz NOT NULL,
    t_ans timestamptz,
    t_end timestamptz NOT NULL,
    result text NOT NULL CHECK (result IN ('human', 'done', 'silent', 'abandoned', 'failed')),
    rounds integer NOT NULL DEFAULT 0,
    intent text NOT NULL DEFAULT '',
    summary text NOT NULL DEFAULT ''
) PARTITION BY RANGE (session_id);
COMMENT ON TABLE bot_session IS '来电人与语音机器人的一次会话';
COMMENT ON COLUMN bot_session.session_id IS '编号，即 outside_leg 的 reach_id';
COMMENT ON COLUMN bot_session.center_id IS '所属中心';
COMMENT ON COLUMN bot_session.call_id IS '呼叫编号';
COMMENT ON COLUMN bot_session.peer_id IS '语音机器人节点';
COMMENT ON COLUMN bot_session.t_start IS '呼叫机器人的时间';
COMMENT ON COLUMN bot_session.t_ans IS '机器人应答时间';
COMMENT ON COLUMN bot_session.t_end IS '结束时间';
COMMENT ON COLUMN bot_session.result IS '结果：转人工、自助解决、无声音、来电人放弃、未接通';
COMMENT ON COLUMN bot_session.rounds IS '机器人所报的交互轮数';
COMMENT ON COLUMN bot_session.intent IS '机器人识别的意图';
COMMENT ON COLUMN bot_session.summary IS '机器人所报的对话摘要';
CREATE INDEX bot_session_call ON bot_session (call_id);

CREATE TABLE bot_turn (
    turn_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    session_id uuid NOT NULL,
    who text NOT NULL CHECK (who IN ('caller', 'bot')),
    text text NOT NULL,
    at timestamptz NOT NULL
) PARTITION BY RANGE (turn_id);
COMMENT ON TABLE bot_turn IS '与语音机器人对话中的一句话';
COMMENT ON COLUMN bot_turn.turn_id IS '编号，按报来的先后';
COMMENT ON COLUMN bot_turn.center_id IS '所属中心';
COMMENT ON COLUMN bot_turn.call_id IS '呼叫编号';
COMMENT ON COLUMN bot_turn.session_id IS '会话编号';
COMMENT ON COLUMN bot_turn.who IS '谁说的：来电人、机器人';
COMMENT ON COLUMN bot_turn.text IS '所说内容';
COMMENT ON COLUMN bot_turn.at IS '时间';
CREATE INDEX bot_turn_call ON bot_turn (call_id);

CREATE TABLE bot_slot (
    slot_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    session_id uuid NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    at timestamptz NOT NULL
) PARTITION BY RANGE (slot_id);
COMMENT ON TABLE bot_slot IS '语音机器人从对话中得到的要素（税号、所属期等），每次变化一行';
COMMENT ON COLUMN bot_slot.slot_id IS '编号，按报来的先后';
COMMENT ON COLUMN bot_slot.center_id IS '所属中心';
COMMENT ON COLUMN bot_slot.call_id IS '呼叫编号';
COMMENT ON COLUMN bot_slot.session_id IS '会话编号';
COMMENT ON COLUMN bot_slot.name IS '要素名称';
COMMENT ON COLUMN bot_slot.value IS '值，空为撤销';
COMMENT ON COLUMN bot_slot.at IS '报来的时间';
CREATE INDEX bot_slot_call ON bot_slot (call_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{bot_session,bot_turn,bot_slot}'::text[] LOOP
        PERFORM protect_table(name::regclass);
        EXECUTE format('CREATE POLICY bot_data ON %I AS RESTRICTIVE USING (center_id = ANY ((SELECT bot_centers())::integer[]))', name);
        EXECUTE format('GRANT SELECT ON %I TO hotlined_app', name);
    END LOOP;
END $$;

-- Months that have been made already lack these tables' parts.
SELECT ensure_month(to_timestamp(right(c.relname, 6) || '01', 'YYYYMMDD') + interval '12 hours')
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'fact'::regclass ORDER BY c.relname;

INSERT INTO bot_session (session_id, center_id, call_id, peer_id, t_start, t_ans, t_end, result, rounds, intent, summary)
SELECT reach_id, center_id, call_id, bot_peer_id, t_start, t_ans, t_end, bot_result, coalesce(bot_rounds, 0), coalesce(bot_intent, ''), coalesce(bot_summary, '')
FROM outside_leg WHERE purpose = 'bot' AND bot_result IS NOT NULL;
ALTER TABLE outside_leg DROP COLUMN bot_intent, DROP COLUMN bot_summary;

-- --- facts -------------------------------------------------------------------------------------

ALTER TYPE fact_batch ADD ATTRIBUTE bot_turns thing_facts[], ADD ATTRIBUTE bot_slots thing_facts[];

-- As in 025, and what is said to bots.
CREATE OR REPLACE FUNCTION journal_facts(batch jsonb) RETURNS fact_batch LANGUAGE plpgsql SET enable_hashjoin TO on AS $$
DECLARE
    region integer := (SELECT min(id) FROM center WHERE kind = 'regional');
    sorted fact_batch;
BEGIN
    WITH arrived AS MATERIALIZED (
        SELECT f.n, f.id, coalesce(c.id, nullif(f.center_id, 0), region) AS center_id, ms_time(f.at_ms) AS at, f.kind, f.payload,
            k.thing, (f.payload->>k.key)::uuid AS thing_id, k.ends,
            k.thing IS NULL OR c.id IS NULL OR jsonb_typeof(f.payload) <> 'object' AS wrong
        FROM ROWS FROM (jsonb_to_recordset(batch) AS (id uuid, center_id integer, at_ms bigint, kind text, payload jsonb))
            WITH ORDINALITY AS f(id, center_id, at_ms, kind, payload, n)
        LEFT JOIN center c ON c.id = coalesce(nullif(f.center_id, 0), region)
        LEFT JOIN (VALUES ('call_begin', 'call', 'call_id', false), ('call_end', 'call', 'call_id', true),
            ('ivr_begin', 'ivr_visit', 'visit_id', false), ('ivr_end', 'ivr_visit', 'visit_id', true),
            ('ivr_key', 'ivr_key', 'key_id', false),
            ('queue_enter', 'queue_visit', 'visit_id', false), ('queue_leave', 'queue_visit', 'visit_id', true),
            ('door_refused', 'door_refusal', 'refusal_id', false),
            ('offer_begin', 'offer', 'offer_id', false), ('offer_end', 'offer', 'offer_id', true),
            ('talk_begin', 'talk', 'talk_id', false), ('talk_end', 'talk', 'talk_id', true),
            ('hold_begin', 'hold', 'hold_id', false), ('hold_end', 'hold', 'hold_id', true),
            ('acw_end', 'acw', 'acw_id', false), ('wrap_up', 'wrap_up', 'call_id', false),
            ('agent_session_begin', 'session', 'session_id', false), ('agent_session_end', 'session', 'session_id', true),
            ('agent_state', 'state', 'state_id', false),
            ('recording_begin', 'recording', 'recording_id', false), ('recording_end', 'recording', 'recording_id', true),
            ('leg_quality', 'leg_quality', 'leg_id', false), ('unrecorded', 'unrecorded', 'id', false),
            ('trunk_state', 'trunk_event', 'id', false), ('audit', 'audit', 'id', false),
            ('outside_leg', 'outside_leg', 'reach_id', false), ('bot_turn', 'bot_turn', 'turn_id', false), ('bot_slot', 'bot_slot', 'slot_id', false))
            AS k(kind, thing, key, ends) ON k.kind = f.kind),
    kept AS (INSERT INTO fact (id, center_id, at, kind, payload) SELECT id, center_id, at, kind, payload FROM arrived ORDER BY n),
    things AS (
        SELECT coalesce(b.thing, e.thing) AS thing,
            ROW(coalesce(b.n, e.n), coalesce(b.thing_id, e.thing_id), coalesce(b.center_id, e.center_id), coalesce(b.at, e.at), b.payload, e.payload)::thing_facts AS t
        FROM (SELECT * FROM arrived WHERE NOT ends) b
        FULL JOIN (SELECT * FROM arrived WHERE ends) e ON e.thing_id = b.thing_id AND e.thing = b.thing)
    SELECT (SELECT count(*) FROM arrived), (SELECT kind FROM arrived WHERE wrong LIMIT 1),
        array_agg(t) FILTER (WHERE thing = 'call'), array_agg(t) FILTER (WHERE thing = 'ivr_visit'),
        array_agg(t) FILTER (WHERE thing = 'ivr_key'), array_agg(t) FILTER (WHERE thing = 'queue_visit'),
        array_agg(t) FILTER (WHERE thing = 'door_refusal'), array_agg(t) FILTER (WHERE thing = 'offer'),
        array_agg(t) FILTER (WHERE thing = 'talk'), array_agg(t) FILTER (WHERE thing = 'hold'),
        array_agg(t) FILTER (WHERE thing = 'acw'), array_agg(t) FILTER (WHERE thing = 'wrap_up'),
        array_agg(t) FILTER (WHERE thing = 'session'), array_agg(t) FILTER (WHERE thing = 'state'),
        array_agg(t) FILTER (WHERE thing = 'recording'), array_agg(t) FILTER (WHERE thing = 'leg_quality'),
        array_agg(t) FILTER (WHERE thing = 'unrecorded'), array_agg(t) FILTER (WHERE thing = 'trunk_event'),
        array_agg(t) FILTER (WHERE thing = 'audit'), array_agg(t) FILTER (WHERE thing = 'outside_leg'),
        array_agg(t) FILTER (WHERE thing = 'bot_turn'), array_agg(t) FILTER (WHERE thing = 'bot_slot')
    INTO sorted FROM things;
    IF sorted.wrong IS NOT NULL THEN
        RAISE EXCEPTION 'unknown kind of fact, unknown center or payload that is no object: %', sorted.wrong USING ERRCODE = 'HL001';
    END IF;
    RETURN sorted;
END $$;

-- As in 037, without what the bot learnt.
CREATE OR REPLACE FUNCTION apply_outside_legs(legs thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO outside_leg (reach_id, center_id, call_id, purpose, user_id, number, trunk_id, t_start, t_ans, t_end, talk_ms, outcome,
        released_by, joined, passed, to_center, bot_peer_id, bot_result, bot_rounds)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, begun->>'purpose', (begun->>'user_id')::integer, coalesce(begun->>'number', ''),
        (begun->>'trunk_id')::integer, ms_time((begun->>'t_start_ms')::bigint), ms_time((begun->>'t_ans_ms')::bigint),
        ms_time((begun->>'t_end_ms')::bigint), coalesce((begun->>'talk_ms')::bigint, 0), begun->>'outcome', begun->>'released_by',
        coalesce((begun->>'joined')::boolean, false), coalesce((begun->>'passed')::boolean, false), coalesce(begun->>'to_center', ''),
        (begun->>'bot_peer_id')::integer, begun->>'bot_result', (begun->>'bot_rounds')::integer
    FROM unnest(legs) f;
END $$;

CREATE FUNCTION apply_bot_sessions(legs thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO bot_session (session_id, center_id, call_id, peer_id, t_start, t_ans, t_end, result, rounds, intent, summary)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'bot_peer_id')::integer, ms_time((begun->>'t_start_ms')::bigint),
        ms_time((begun->>'t_ans_ms')::bigint), ms_time((begun->>'t_end_ms')::bigint), begun->>'bot_result', coalesce((begun->>'bot_rounds')::integer, 0),
        coalesce(begun->>'bot_intent', ''), coalesce(begun->>'bot_summary', '')
    FROM unnest(legs) f WHERE begun->>'purpose' = 'bot';
END $$;
COMMENT ON FUNCTION apply_bot_sessions(thing_facts[]) IS '应用机器人会话的事实';

CREATE FUNCTION apply_bot_turns(turns thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO bot_turn (turn_id, center_id, call_id, session_id, who, text, at)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'reach_id')::uuid, begun->>'who', begun->>'text', ms_time((begun->>'at_ms')::bigint)
    FROM unnest(turns) f;
END $$;
COMMENT ON FUNCTION apply_bot_turns(thing_facts[]) IS '应用机器人对话的事实';

CREATE FUNCTION apply_bot_slots(slots thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO bot_slot (slot_id, center_id, call_id, session_id, name, value, at)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'reach_id')::uuid, begun->>'name', begun->>'value', ms_time((begun->>'at_ms')::bigint)
    FROM unnest(slots) f;
END $$;
COMMENT ON FUNCTION apply_bot_slots(thing_facts[]) IS '应用机器人要素的事实';

-- As in 047, and what is said to bots.
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
END $$;

REVOKE ALL ON FUNCTION apply_bot_sessions(thing_facts[]), apply_bot_turns(thing_facts[]), apply_bot_slots(thing_facts[]) FROM PUBLIC;

-- --- for pages ---------------------------------------------------------------------------------

-- What bots were told in a call, session by session; the slots as they were at its end.
CREATE FUNCTION bot_sessions_of(wanted uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('session_id', s.session_id, 't_start', iso(s.t_start), 't_end', iso(s.t_end), 'result', s.result,
        'rounds', s.rounds, 'intent', s.intent, 'summary', s.summary,
        'slots', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', l.name, 'value', l.value) ORDER BY l.first), '[]')
            FROM (SELECT DISTINCT ON (b.name) b.name, b.value, min(b.slot_id::text) OVER (PARTITION BY b.name) AS first
                  FROM bot_slot b WHERE b.call_id = s.call_id AND b.session_id = s.session_id ORDER BY b.name, b.slot_id DESC) l WHERE l.value <> ''),
        'turns', (SELECT coalesce(jsonb_agg(jsonb_build_object('who', t.who, 'text', t.text, 'at', iso(t.at)) ORDER BY t.turn_id), '[]')
            FROM bot_turn t WHERE t.call_id = s.call_id AND t.session_id = s.session_id)) ORDER BY s.session_id), '[]')
    FROM bot_session s WHERE s.call_id = wanted
$$;
COMMENT ON FUNCTION bot_sessions_of(uuid) IS '一个呼叫中与语音机器人的会话、要素和对话';

-- As in 029, and whose what bots learn is.
CREATE OR REPLACE FUNCTION bot_share_save(target integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old bot_share%ROWTYPE;
BEGIN
    IF NOT EXISTS (SELECT FROM center WHERE id = target) THEN RETURN '{"result": "missing"}'; END IF;
    INSERT INTO bot_share (center_id) VALUES (target) ON CONFLICT DO NOTHING;
    SELECT * INTO old FROM bot_share WHERE center_id = target FOR UPDATE;
    IF old.version <> expected THEN RETURN jsonb_build_object('result', 'stale', 'id', target, 'version', old.version); END IF;
    IF coalesce((doc->>'guaranteed')::integer, old.guaranteed) > coalesce((doc->>'most')::integer, old.most) THEN
        RAISE EXCEPTION '保底通道数 % 不能多于最多通道数 %', coalesce((doc->>'guaranteed')::integer, old.guaranteed),
            coalesce((doc->>'most')::integer, old.most) USING ERRCODE = 'HL014', CONSTRAINT = 'guaranteed';
    END IF;
    IF doc->>'calendar_code' IS NOT NULL AND NOT EXISTS (SELECT FROM work_calendar WHERE center_id = target AND code = doc->>'calendar_code') THEN
        RAISE EXCEPTION '没有代码为“%”的工作日历，请先新增或选择其他日历', doc->>'calendar_code' USING ERRCODE = 'HL014', CONSTRAINT = 'calendar_code';
    END IF;
    UPDATE bot_share SET allowed = coalesce((doc->>'allowed')::boolean, allowed), guaranteed = coalesce((doc->>'guaranteed')::integer, guaranteed),
        most = coalesce((doc->>'most')::integer, most), policy = coalesce(doc->>'policy', policy),
        share_percent = coalesce((doc->>'share_percent')::integer, share_percent),
        calendar_code = coalesce(doc->>'calendar_code', calendar_code), data = coalesce(doc->>'data', data), version = old.version + 1
    WHERE center_id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
