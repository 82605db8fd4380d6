-- Somebody outside who is asked, passed on to or called by a flow is a second leg of a call (XFER-04, CC-13, CC-18), and a
-- talk says to whom it was passed on. What is asked as help (XFER-02) is no consultation.

ALTER TABLE talk DROP CONSTRAINT talk_kind_check;
ALTER TABLE talk ADD CONSTRAINT talk_kind_check
    CHECK (kind IN ('inbound', 'outbound', 'internal', 'consult', 'help', 'transfer_in', 'monitor'));
ALTER TABLE talk ADD COLUMN passed_to text CHECK (passed_to IN ('queue', 'agent', 'outside'));
ALTER TABLE talk ADD COLUMN passed_id integer;
COMMENT ON COLUMN talk.kind IS '种类:呼入、呼出、内部、咨询、求助、转入、监听';
COMMENT ON COLUMN talk.passed_to IS '以转接结束时转给:队列、坐席、外部号码';
COMMENT ON COLUMN talk.passed_id IS '转给的队列或坐席';

ALTER TABLE leg_quality DROP CONSTRAINT leg_quality_party_check;
ALTER TABLE leg_quality ADD CONSTRAINT leg_quality_party_check CHECK (party IN ('caller', 'agent', 'outside'));

CREATE TABLE outside_leg (
    reach_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('consult', 'pass', 'flow')),
    user_id integer,
    number text NOT NULL DEFAULT '',
    trunk_id integer,
    t_start timestamptz NOT NULL,
    t_ans timestamptz,
    t_end timestamptz NOT NULL,
    talk_ms bigint NOT NULL DEFAULT 0,
    outcome text NOT NULL CHECK (outcome IN ('answered', 'busy', 'no_answer', 'power_off', 'refused', 'bad_number', 'trunk', 'cancelled', 'caller', 'error')),
    released_by text NOT NULL CHECK (released_by IN ('caller', 'agent', 'supervisor', 'system', 'outside')),
    joined boolean NOT NULL DEFAULT false,
    passed boolean NOT NULL DEFAULT false
) PARTITION BY RANGE (reach_id);
COMMENT ON TABLE outside_leg IS '通话中另外呼叫的外部一方:磋商、三方、转接、流程转接';
COMMENT ON COLUMN outside_leg.reach_id IS '编号';
COMMENT ON COLUMN outside_leg.center_id IS '所属中心';
COMMENT ON COLUMN outside_leg.call_id IS '呼叫编号';
COMMENT ON COLUMN outside_leg.purpose IS '用途:磋商、转接、流程';
COMMENT ON COLUMN outside_leg.user_id IS '发起的坐席';
COMMENT ON COLUMN outside_leg.number IS '外部号码';
COMMENT ON COLUMN outside_leg.trunk_id IS '中继';
COMMENT ON COLUMN outside_leg.t_start IS '呼叫时间';
COMMENT ON COLUMN outside_leg.t_ans IS '应答时间';
COMMENT ON COLUMN outside_leg.t_end IS '结束时间';
COMMENT ON COLUMN outside_leg.talk_ms IS '通话时长(毫秒)';
COMMENT ON COLUMN outside_leg.outcome IS '结果:接通、忙、无应答、关机、拒接、号码错误、中继、取消、对方先挂、出错';
COMMENT ON COLUMN outside_leg.released_by IS '释放方:来电人、坐席、班长、系统、外部';
COMMENT ON COLUMN outside_leg.joined IS '是否三方通话';
COMMENT ON COLUMN outside_leg.passed IS '是否在没有坐席时与来电人通话';
CREATE INDEX outside_leg_call ON outside_leg (call_id);
SELECT protect_table('outside_leg');
GRANT SELECT ON outside_leg TO hotlined_app;
SELECT ensure_partitions(2);

ALTER TYPE fact_batch ADD ATTRIBUTE outside_legs thing_facts[];

-- As in 018, and legs outside.
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
            ('outside_leg', 'outside_leg', 'reach_id', false))
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
        array_agg(t) FILTER (WHERE thing = 'audit'), array_agg(t) FILTER (WHERE thing = 'outside_leg')
    INTO sorted FROM things;
    IF sorted.wrong IS NOT NULL THEN
        RAISE EXCEPTION 'unknown kind of fact, unknown center or payload that is no object: %', sorted.wrong USING ERRCODE = 'HL001';
    END IF;
    RETURN sorted;
END $$;

CREATE OR REPLACE FUNCTION apply_talks(talks thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO talk (talk_id, center_id, call_id, queue_id, user_id, kind, t_ans, t_rel, talk_ms, hold_ms, released_by, passed_to, passed_id)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'queue_id')::integer, (begun->>'user_id')::integer, begun->>'kind',
        ms_time((begun->>'t_ans_ms')::bigint), ms_time((ended->>'t_rel_ms')::bigint), (ended->>'talk_ms')::bigint,
        (ended->>'hold_ms')::bigint, ended->>'released_by', ended->>'passed_to', (ended->>'passed_id')::integer
    FROM unnest(talks) f WHERE begun IS NOT NULL;
    UPDATE talk t SET t_rel = ms_time((ended->>'t_rel_ms')::bigint), talk_ms = (ended->>'talk_ms')::bigint,
        hold_ms = (ended->>'hold_ms')::bigint, released_by = ended->>'released_by',
        passed_to = ended->>'passed_to', passed_id = (ended->>'passed_id')::integer
    FROM unnest(talks) f WHERE begun IS NULL AND t.talk_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('talk_end', talks, finished);
END $$;

CREATE FUNCTION apply_outside_legs(legs thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO outside_leg (reach_id, center_id, call_id, purpose, user_id, number, trunk_id, t_start, t_ans, t_end, talk_ms, outcome,
        released_by, joined, passed)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, begun->>'purpose', (begun->>'user_id')::integer, coalesce(begun->>'number', ''),
        (begun->>'trunk_id')::integer, ms_time((begun->>'t_start_ms')::bigint), ms_time((begun->>'t_ans_ms')::bigint),
        ms_time((begun->>'t_end_ms')::bigint), coalesce((begun->>'talk_ms')::bigint, 0), begun->>'outcome', begun->>'released_by',
        coalesce((begun->>'joined')::boolean, false), coalesce((begun->>'passed')::boolean, false)
    FROM unnest(legs) f;
END $$;
COMMENT ON FUNCTION apply_outside_legs(thing_facts[]) IS '应用外部一方的事实';
REVOKE ALL ON FUNCTION apply_outside_legs(thing_facts[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION apply_facts(b fact_batch) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changes call_change[] := call_changes(b.calls, b.queue_visits, b.door_refusals, b.talks, b.acws, b.wrap_ups);
    passed_on call_change[] := (SELECT array_agg(c) FROM unnest(changes) c WHERE c.begun->>'source' <> 'direct');
    before_it uuid[];
    after_it uuid[];
BEGIN
    SELECT array_agg(DISTINCT call_id) FILTER (WHERE NOT begins), array_agg(DISTINCT call_id) INTO before_it, after_it
    FROM (SELECT call_id, begun IS NOT NULL AS begins FROM unnest(changes) WHERE counts
          UNION ALL SELECT call_id, false FROM unnest(legs_left(passed_on)) AS l(call_id)) c;
    PERFORM rollup_add(before_it, -1);
    PERFORM begin_calls(changes);
    PERFORM change_calls(changes);
    PERFORM mark_moved(passed_on);
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
    PERFORM rollup_add(after_it, 1);
END $$;

-- As in 013, but talks say themselves that they were passed on.
CREATE OR REPLACE FUNCTION call_item(c call, reveal boolean) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('call_id', c.call_id, 'center_id', c.center_id,
        'center_name', (SELECT name FROM center WHERE id = c.center_id),
        'direction', c.direction, 'source', c.source, 'info_source', c.info_source, 'unit_type', c.unit_type,
        'caller_no', CASE c.direction WHEN 'out' THEN c.caller_no ELSE mask_number(c.caller_no, reveal) END,
        'party_no', mask_number(c.party_no, reveal), 'caller_place', c.caller_place, 'caller_city', c.caller_city,
        'called_no', CASE c.direction WHEN 'out' THEN mask_number(c.called_no, reveal) ELSE c.called_no END, 'entry_code', c.entry_code, 'global_call_id', c.global_call_id,
        't_in', iso(c.t_in), 't_ans', iso(c.t_ans), 't_end', iso(c.t_end),
        'queue_name', coalesce((SELECT name FROM queue WHERE id = c.first_queue_id), ''),
        'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
        'wait_ms', c.wait_ms, 'talk_ms', c.talk_ms, 'outcome', c.outcome, 'end_reason', c.end_reason,
        'has_recording', EXISTS (SELECT FROM recording r WHERE r.call_id = c.call_id AND r.state <> 'deleted'),
        -- what was written before talks told of it: a visit to a queue after the agent let go
        'transferred', EXISTS (SELECT FROM talk k WHERE k.call_id = c.call_id AND k.passed_to IS NOT NULL)
            OR EXISTS (SELECT FROM talk k JOIN queue_visit v ON v.call_id = k.call_id AND v.t_q_in >= k.t_rel
                WHERE k.call_id = c.call_id AND k.released_by = 'agent' AND k.passed_to IS NULL),
        'record_id', d.id, 'record_no', d.record_no, 'wrap_up_code', c.wrap_up_code, 'wrap_up_note', c.wrap_up_note,
        'wrap_up_name', coalesce((SELECT w.name FROM wrap_up_code w WHERE w.center_id = c.center_id AND w.code = c.wrap_up_code), c.wrap_up_code))
    FROM (SELECT) one
    LEFT JOIN app_user u ON u.id = c.user_id
    LEFT JOIN LATERAL (SELECT id, record_no FROM record WHERE call_id = c.call_id ORDER BY created_at LIMIT 1) d ON true
$$;
