-- Facts at twice the rate. A batch is read once and sorted into things (a talk, a queue visit ...): what begins and ends
-- within it is written once, finished; only what began in an earlier batch is looked up and changed. It runs as the owner
-- of the schema, because row-level security asked anew for each row what is known for the whole batch.

-- What a batch says of one thing; n is the place in the batch. A thing that is told by one fact alone has only begun.
CREATE TYPE thing_facts AS (n bigint, id uuid, center_id integer, at timestamptz, begun jsonb, ended jsonb);
COMMENT ON TYPE thing_facts IS '一批事实中关于同一事物的开始与结束';

-- A batch sorted into things. wrong: a kind that cannot be applied, if there is one.
CREATE TYPE fact_batch AS (facts integer, wrong text, calls thing_facts[], ivr_visits thing_facts[], ivr_keys thing_facts[],
    queue_visits thing_facts[], door_refusals thing_facts[], offers thing_facts[], talks thing_facts[], holds thing_facts[],
    acws thing_facts[], wrap_ups thing_facts[], sessions thing_facts[], states thing_facts[], recordings thing_facts[],
    leg_qualities thing_facts[], unrecorded thing_facts[], trunk_events thing_facts[], audits thing_facts[]);
COMMENT ON TYPE fact_batch IS '按事物整理的一批事实';

-- What a batch changes of one call, whatever the facts it comes from. counts: its figures may change.
CREATE TYPE call_change AS (call_id uuid, center_id integer, begun jsonb, ended jsonb, asked_queue integer,
    user_id integer, t_ans timestamptz, acw_ms bigint, wrap_up jsonb, counts boolean);
COMMENT ON TYPE call_change IS '一批事实对一个呼叫的全部更改';

ALTER FUNCTION rollup_add(uuid[], integer) STRICT;
DROP FUNCTION apply_calls(jsonb), apply_queues(jsonb), apply_talks(jsonb), apply_agents(jsonb), apply_media(jsonb),
    journal_facts(jsonb), warn_missing(jsonb, text, boolean);

-- --- figures -----------------------------------------------------------------------------------

-- The ids that what happens in a call may have: they begin with its time. A day before, for a clock that was set back.
-- Written so that nothing in it depends on a time zone: else PostgreSQL would not put it into the statement that calls it.
CREATE FUNCTION call_month(t_in timestamptz) RETURNS TABLE (first uuid, last uuid) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(ms - 86400000), 12, '0') || '00000000000000000000')::uuid,
        (lpad(to_hex(ms + 2592000000), 12, '0') || '00000000000000000000')::uuid
    FROM (SELECT (date_part('epoch', t_in - '1970-01-01Z'::timestamptz) * 1000)::bigint AS ms) t OFFSET 0
$$;
COMMENT ON FUNCTION call_month(timestamptz) IS '一个呼叫中的事物编号的范围';

-- The figures of 012, unchanged; but what a call consists of is looked for in the month it was in: looking into every month
-- there is made taking facts slower from month to month (three years: half the rate). OFFSET 0: the call first, then its month.
CREATE OR REPLACE VIEW visit_figures WITH (security_invoker = true) AS
SELECT c.call_id, date_bin('5 minutes', c.t_in, '2000-01-01Z') AS bucket, c.t_in, v.center_id,
    'queue'::text AS level, v.queue_id, c.unit_type,
    1 AS n_in, 0 AS blocked, 0 AS ivr_self, 0 AS ivr_abandon, 0 AS ivr_lost, 0 AS closed,
    1 AS req, (v.outcome = 'open')::integer AS req_open,
    (v.outcome = 'answered')::integer AS ans,
    (v.outcome = 'answered' AND wait <= 15000)::integer AS ans_15,
    (v.outcome = 'answered' AND wait <= t)::integer AS ans_t,
    (v.outcome = 'ab_queue')::integer AS ab_queue,
    (v.outcome = 'ab_ring')::integer AS ab_ring,
    (ab AND s > 0 AND wait <= s)::integer AS ab_short,
    (ab AND wait <= t)::integer AS ab_t,
    (v.outcome = 'flow_vm')::integer AS flow_vm,
    (v.outcome = 'flow_cb')::integer AS flow_cb,
    (v.outcome = 'flow_bot')::integer AS flow_bot,
    (v.outcome = 'flow_ext')::integer AS flow_ext,
    (v.outcome LIKE 'flow%' AND wait <= t)::integer AS flow_t,
    (v.outcome = 'lost')::integer AS lost,
    (v.outcome = 'open')::integer AS n_open,
    (v.outcome = 'overflow_out')::integer AS overflow_out,
    (v.outcome = 'moved_out')::integer AS moved_out, 0 AS door_out,
    CASE WHEN v.outcome = 'answered' THEN wait ELSE 0 END AS wait_ans_ms,
    CASE WHEN ab THEN wait ELSE 0 END AS wait_ab_ms,
    CASE WHEN ab AND s > 0 AND wait <= s THEN wait ELSE 0 END AS wait_short_ms,
    CASE WHEN ab OR v.outcome IN ('answered', 'lost') THEN wait ELSE 0 END AS max_wait_ms,
    coalesce(CASE WHEN is_first THEN (SELECT sum(k.talk_ms) FROM talk k
        WHERE k.call_id = v.call_id AND k.talk_id BETWEEN m.first AND m.last AND k.queue_id = v.queue_id
          AND k.kind IN ('inbound', 'transfer_in')) END, 0)::bigint AS talk_ms,
    coalesce(CASE WHEN is_first THEN (SELECT sum(a.acw_ms) FROM acw a
        WHERE a.call_id = v.call_id AND a.acw_id BETWEEN m.first AND m.last AND a.queue_id = v.queue_id) END, 0)::bigint AS acw_ms,
    0 AS n_out, 0 AS out_ans, 0 AS xin_12366, 0 AS xin_city, 0 AS xout_12366, 0 AS xout_city,
    wrap_up_key(c.wrap_up_code, c.outcome) AS wrap_up
FROM call c
CROSS JOIN LATERAL call_month(c.t_in) AS m
CROSS JOIN LATERAL (SELECT * FROM queue_visit q WHERE q.call_id = c.call_id AND q.visit_id BETWEEN m.first AND m.last OFFSET 0) v
CROSS JOIN LATERAL (SELECT v.outcome IN ('ab_queue', 'ab_ring') AS ab,
    coalesce(v.wait_ms, 0) AS wait, v.sl_threshold_ms AS t, v.short_abandon_ms AS s,
    v.outcome = 'answered' AND NOT EXISTS (SELECT FROM queue_visit e
        WHERE e.call_id = v.call_id AND e.visit_id BETWEEN m.first AND m.last AND e.queue_id = v.queue_id AND e.outcome = 'answered'
          AND (e.t_q_in, e.visit_id) < (v.t_q_in, v.visit_id)) AS is_first) x
WHERE NOT c.test AND c.direction = 'in'
UNION ALL
SELECT c.call_id, date_bin('5 minutes', c.t_in, '2000-01-01Z'), c.t_in, d.center_id, 'queue', d.queue_id,
    c.unit_type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, wrap_up_key(c.wrap_up_code, c.outcome)
FROM call c
CROSS JOIN LATERAL call_month(c.t_in) AS m
CROSS JOIN LATERAL (SELECT * FROM door_refusal r WHERE r.call_id = c.call_id AND r.refusal_id BETWEEN m.first AND m.last OFFSET 0) d
WHERE NOT c.test AND c.direction = 'in';

-- With the id in them, or a plan made while there are no statistics may take the month's ids instead of the call's.
DROP INDEX queue_visit_call, door_refusal_call, talk_call, acw_call;
CREATE INDEX queue_visit_call ON queue_visit (call_id, visit_id);
CREATE INDEX door_refusal_call ON door_refusal (call_id, refusal_id);
CREATE INDEX talk_call ON talk (call_id, talk_id);
CREATE INDEX acw_call ON acw (call_id, acw_id);

-- Nobody asks by these any more, and each state of an agent stood in all of them.
DROP INDEX agent_state_session, queue_visit_queue, ivr_visit_call;

-- --- the batch ---------------------------------------------------------------------------------

-- Partitions of other months (a fixed clock, facts that waited for long) are made on the way. A day more on both sides:
-- a thing may have begun the day before its fact.
CREATE FUNCTION ensure_months(batch jsonb) RETURNS void LANGUAGE sql AS $$
    SELECT ensure_month(m)
    FROM (SELECT uuid_time(min(f.id COLLATE "C")::uuid) AS first, uuid_time(max(f.id COLLATE "C")::uuid) AS last
          FROM jsonb_to_recordset(batch) AS f(id text)) e,
        generate_series(date_trunc('month', e.first - interval '1 day', 'UTC'), e.last + interval '1 day', interval '1 month') AS m
    WHERE to_regclass('fact_' || to_char(m AT TIME ZONE 'UTC', 'YYYYMM')) IS NULL
$$;
COMMENT ON FUNCTION ensure_months(jsonb) IS '建立一批事实所在各月的分区';

-- Puts a batch into the journal and sorts it. A fact that is known already is a unique_violation. Joins by hash: no table
-- with many rows is read here.
CREATE FUNCTION journal_facts(batch jsonb) RETURNS fact_batch LANGUAGE plpgsql SET enable_hashjoin TO on AS $$
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
            ('trunk_state', 'trunk_event', 'id', false), ('audit', 'audit', 'id', false))
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
        array_agg(t) FILTER (WHERE thing = 'audit')
    INTO sorted FROM things;
    IF sorted.wrong IS NOT NULL THEN
        RAISE EXCEPTION 'unknown kind of fact, unknown center or payload that is no object: %', sorted.wrong USING ERRCODE = 'HL001';
    END IF;
    RETURN sorted;
END $$;
COMMENT ON FUNCTION journal_facts(jsonb) IS '写入原始事实日志并按事物整理';

-- A batch without what the journal has already, for the rare one that is sent again.
CREATE FUNCTION unknown_facts(batch jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT coalesce(jsonb_agg(f ORDER BY n), '[]')
    FROM (SELECT DISTINCT ON ((f->>'id')::uuid) f, n, (f->>'id')::uuid AS id
          FROM jsonb_array_elements(batch) WITH ORDINALITY AS b(f, n) ORDER BY (f->>'id')::uuid, n) once
    WHERE NOT EXISTS (SELECT FROM fact k WHERE k.id = once.id)
$$;
COMMENT ON FUNCTION unknown_facts(jsonb) IS '去掉已入库的事实';

-- Ends without beginning: the beginning was refused or lost. They stay in the journal, and the server's log says so.
CREATE FUNCTION warn_missing(kind text, things thing_facts[], finished bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    missing bigint := (SELECT count(*) FROM unnest(things) f WHERE f.begun IS NULL) - finished;
BEGIN
    IF missing > 0 THEN
        RAISE WARNING '% facts of kind % have no beginning, among: %', missing, kind,
            left((SELECT string_agg(f.id::text, ' ') FROM unnest(things) f WHERE f.begun IS NULL), 400);
    END IF;
END $$;
COMMENT ON FUNCTION warn_missing(text, thing_facts[], bigint) IS '有结束而无开始的事实,记入服务器日志';

-- --- calls -------------------------------------------------------------------------------------

-- All that a batch says of calls, one row for each. Joins by hash: it reads no table.
CREATE FUNCTION call_changes(calls thing_facts[], visits thing_facts[], refusals thing_facts[], talks thing_facts[],
    acws thing_facts[], wrap_ups thing_facts[]) RETURNS call_change[] LANGUAGE plpgsql SET enable_hashjoin TO on AS $$
BEGIN
    RETURN (WITH told AS (SELECT f.id AS call_id, f.center_id, f.begun, f.ended FROM unnest(calls) f),
        asked AS ( -- the first queue he wanted to be in
            SELECT DISTINCT ON (call_id) call_id, queue_id
            FROM (SELECT (begun->>'call_id')::uuid AS call_id, (begun->>'queue_id')::integer AS queue_id, n
                  FROM unnest(visits) WHERE begun IS NOT NULL
                  UNION ALL SELECT (begun->>'call_id')::uuid, (begun->>'queue_id')::integer, n FROM unnest(refusals)) e
            ORDER BY call_id, n),
        answered AS ( -- the first who spoke to him
            SELECT DISTINCT ON (call_id) (begun->>'call_id')::uuid AS call_id, (begun->>'user_id')::integer AS user_id,
                (begun->>'t_ans_ms')::bigint AS ms
            FROM unnest(talks) WHERE begun->>'kind' IN ('inbound', 'outbound', 'internal') ORDER BY call_id, n),
        worked AS (
            SELECT (begun->>'call_id')::uuid AS call_id, sum((begun->>'acw_ms')::bigint) AS acw_ms FROM unnest(acws) GROUP BY 1),
        summed_up AS (
            SELECT DISTINCT ON (id) id AS call_id, begun AS wrap_up FROM unnest(wrap_ups) ORDER BY id, n DESC),
        went_on AS ( -- nothing on its row, but its visits and talks count
            SELECT (ended->>'call_id')::uuid AS call_id, true AS visited FROM unnest(visits) WHERE ended IS NOT NULL
            UNION SELECT (ended->>'call_id')::uuid, true FROM unnest(talks) WHERE ended IS NOT NULL)
        SELECT array_agg(ROW(call_id, t.center_id, t.begun, t.ended, a.queue_id, s.user_id, ms_time(s.ms), w.acw_ms, u.wrap_up,
            coalesce(t.begun, t.ended) IS NOT NULL OR a.queue_id IS NOT NULL OR w.acw_ms IS NOT NULL OR g.visited)::call_change)
        FROM told t FULL JOIN asked a USING (call_id) FULL JOIN answered s USING (call_id) FULL JOIN worked w USING (call_id)
            FULL JOIN summed_up u USING (call_id) FULL JOIN went_on g USING (call_id));
END $$;
COMMENT ON FUNCTION call_changes(thing_facts[], thing_facts[], thing_facts[], thing_facts[], thing_facts[], thing_facts[]) IS '一批事实对各呼叫的更改';

CREATE FUNCTION begin_calls(changes call_change[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO call (call_id, center_id, global_call_id, direction, source, info_source, unit_type, trunk_id, entry_code, caller_no,
        caller_province, caller_city, caller_place, called_no, t_in, test, t_ans, t_end, outcome, end_reason, requested, first_queue_id,
        wait_ms, talk_ms, hold_ms, acw_ms, user_id, sl_threshold_ms, short_abandon_ms, wrap_up_code, wrap_up_note, wrap_up_by, wrap_up_at)
    SELECT c.call_id, c.center_id, coalesce((b->>'global_call_id')::uuid, c.call_id), b->>'direction', b->>'source', b->>'info_source',
        b->>'unit_type', (b->>'trunk_id')::integer, coalesce(b->>'entry_code', ''), coalesce(b->>'caller_no', ''),
        coalesce(b->>'caller_province', ''), coalesce(b->>'caller_city', ''), coalesce(b->>'caller_place', ''),
        coalesce(b->>'called_no', ''), ms_time((b->>'t_in_ms')::bigint),
        coalesce((b->>'test')::boolean, false) OR EXISTS (SELECT FROM center t WHERE t.id = c.center_id AND t.test),
        coalesce(ms_time((e->>'t_ans_ms')::bigint), c.t_ans), ms_time((e->>'t_end_ms')::bigint),
        CASE WHEN e IS NULL THEN 'open' ELSE e->>'outcome' END, coalesce(e->>'end_reason', ''),
        c.asked_queue IS NOT NULL, coalesce(c.asked_queue, (e->>'first_queue_id')::integer), (e->>'wait_ms')::bigint,
        coalesce((e->>'talk_ms')::bigint, 0), coalesce((e->>'hold_ms')::bigint, 0), coalesce(c.acw_ms, 0),
        coalesce((e->>'user_id')::integer, c.user_id), coalesce(nullif((e->>'sl_threshold_ms')::integer, 0), 20000),
        coalesce((e->>'short_abandon_ms')::integer, 5000), nullif(w->>'code', ''), coalesce(w->>'note', ''),
        (w->>'user_id')::integer, ms_time((w->>'at_ms')::bigint)
    FROM (SELECT *, begun AS b, ended AS e, wrap_up AS w FROM unnest(changes) WHERE begun IS NOT NULL) c;
    -- A registration that was saved before its call arrived here (REG-05, REG-06).
    UPDATE record r SET info_source = c.begun->>'info_source', unit_type = c.begun->>'unit_type',
        caller_no = coalesce(nullif(r.caller_no, ''), c.begun->>'caller_no', '')
    FROM unnest(changes) c WHERE c.begun IS NOT NULL AND r.call_id = c.call_id AND r.center_id = c.center_id;
END $$;
COMMENT ON FUNCTION begin_calls(call_change[]) IS '写入新呼叫';

-- The calls that began in an earlier batch.
CREATE FUNCTION change_calls(changes call_change[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    found_ids uuid[];
BEGIN
    WITH changed AS (
        UPDATE call c SET t_end = coalesce(ms_time((e->>'t_end_ms')::bigint), c.t_end),
            outcome = CASE WHEN e IS NULL THEN c.outcome ELSE e->>'outcome' END,
            end_reason = CASE WHEN e IS NULL THEN c.end_reason ELSE coalesce(e->>'end_reason', '') END,
            requested = c.requested OR n.asked_queue IS NOT NULL,
            first_queue_id = coalesce(c.first_queue_id, n.asked_queue, (e->>'first_queue_id')::integer),
            wait_ms = CASE WHEN e IS NULL THEN c.wait_ms ELSE (e->>'wait_ms')::bigint END,
            t_ans = coalesce(ms_time((e->>'t_ans_ms')::bigint), c.t_ans, n.t_ans),
            talk_ms = CASE WHEN e IS NULL THEN c.talk_ms ELSE coalesce((e->>'talk_ms')::bigint, 0) END,
            hold_ms = CASE WHEN e IS NULL THEN c.hold_ms ELSE coalesce((e->>'hold_ms')::bigint, 0) END,
            acw_ms = c.acw_ms + coalesce(n.acw_ms, 0),
            user_id = coalesce((e->>'user_id')::integer, c.user_id, n.user_id),
            sl_threshold_ms = coalesce(nullif((e->>'sl_threshold_ms')::integer, 0), c.sl_threshold_ms),
            short_abandon_ms = coalesce((e->>'short_abandon_ms')::integer, c.short_abandon_ms),
            wrap_up_code = CASE WHEN w IS NULL THEN c.wrap_up_code ELSE nullif(w->>'code', '') END,
            wrap_up_note = CASE WHEN w IS NULL THEN c.wrap_up_note ELSE coalesce(w->>'note', '') END,
            wrap_up_by = CASE WHEN w IS NULL THEN c.wrap_up_by ELSE (w->>'user_id')::integer END,
            wrap_up_at = CASE WHEN w IS NULL THEN c.wrap_up_at ELSE ms_time((w->>'at_ms')::bigint) END
        FROM (SELECT *, ended AS e, wrap_up AS w FROM unnest(changes) WHERE begun IS NULL
              AND (coalesce(ended, wrap_up) IS NOT NULL OR asked_queue IS NOT NULL OR t_ans IS NOT NULL OR acw_ms IS NOT NULL)) n
        WHERE c.call_id = n.call_id
        RETURNING c.call_id)
    SELECT array_agg(call_id) INTO found_ids FROM changed;
    PERFORM warn_missing('call_end or wrap_up', (SELECT array_agg(ROW(NULL, n.call_id, NULL, NULL, NULL, NULL)::thing_facts) FROM unnest(changes) n
        WHERE n.begun IS NULL AND coalesce(n.ended, n.wrap_up) IS NOT NULL AND n.call_id <> ALL (coalesce(found_ids, '{}'))), 0);
END $$;
COMMENT ON FUNCTION change_calls(call_change[]) IS '更改先前已开始的呼叫';

-- The legs in other centers that these new calls came from.
CREATE FUNCTION legs_left(passed_on call_change[]) RETURNS uuid[] LANGUAGE plpgsql STRICT AS $$
BEGIN
    RETURN (SELECT array_agg(DISTINCT o.call_id) FROM unnest(passed_on) c
        JOIN call o ON o.global_call_id = (c.begun->>'global_call_id')::uuid AND o.call_id <> c.call_id);
END $$;
COMMENT ON FUNCTION legs_left(call_change[]) IS '新呼叫由之转来的其他中心的呼叫';

-- Of them, the last one before the call was moved to it.
CREATE FUNCTION mark_moved(passed_on call_change[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    UPDATE call o SET moved_to = CASE t.kind WHEN 'regional' THEN 'r12366' ELSE 'city' END
    FROM unnest(passed_on) c JOIN center t ON t.id = c.center_id
    WHERE o.call_id = (SELECT e.call_id FROM call e
        WHERE e.global_call_id = (c.begun->>'global_call_id')::uuid AND e.center_id <> c.center_id
          AND e.t_in <= ms_time((c.begun->>'t_in_ms')::bigint) ORDER BY e.t_in DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION mark_moved(call_change[]) IS '标记转往其他中心的呼叫';

-- --- what calls consist of ---------------------------------------------------------------------

CREATE FUNCTION apply_ivr_visits(visits thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO ivr_visit (visit_id, center_id, call_id, flow_id, flow_version, t_start, t_end, exit)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'flow_id')::integer, (begun->>'flow_version')::integer,
        ms_time((begun->>'t_start_ms')::bigint), ms_time((ended->>'t_end_ms')::bigint), ended->>'exit'
    FROM unnest(visits) f WHERE begun IS NOT NULL;
    UPDATE ivr_visit v SET t_end = ms_time((ended->>'t_end_ms')::bigint), exit = ended->>'exit'
    FROM unnest(visits) f WHERE begun IS NULL AND v.visit_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('ivr_end', visits, finished);
END $$;
COMMENT ON FUNCTION apply_ivr_visits(thing_facts[]) IS '应用语音流程停留的事实';

CREATE FUNCTION apply_ivr_keys(keys thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO ivr_key (key_id, center_id, call_id, visit_id, seq, node, menu, key, result, at)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'visit_id')::uuid, (begun->>'seq')::integer, begun->>'node',
        coalesce(begun->>'menu', ''), coalesce(begun->>'key', ''), begun->>'result', ms_time((begun->>'at_ms')::bigint)
    FROM unnest(keys) f;
END $$;
COMMENT ON FUNCTION apply_ivr_keys(thing_facts[]) IS '应用按键的事实';

-- The limits T and S are those of the queue at this moment.
CREATE FUNCTION apply_queue_visits(visits thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO queue_visit (visit_id, center_id, call_id, queue_id, t_q_in, first_t_q_in, priority, t_q_out, outcome, wait_ms,
        sl_threshold_ms, short_abandon_ms)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'queue_id')::integer, ms_time((begun->>'t_q_in_ms')::bigint),
        ms_time(coalesce((begun->>'first_t_q_in_ms')::bigint, (begun->>'t_q_in_ms')::bigint)), coalesce((begun->>'priority')::integer, 0),
        ms_time((ended->>'t_q_out_ms')::bigint), CASE WHEN ended IS NULL THEN 'open' ELSE ended->>'outcome' END, (ended->>'wait_ms')::bigint,
        coalesce(q.sl_threshold_ms, 20000), coalesce(q.short_abandon_ms, 5000)
    FROM unnest(visits) f LEFT JOIN queue q ON q.id = (begun->>'queue_id')::integer WHERE begun IS NOT NULL;
    UPDATE queue_visit v SET t_q_out = ms_time((ended->>'t_q_out_ms')::bigint), outcome = ended->>'outcome', wait_ms = (ended->>'wait_ms')::bigint
    FROM unnest(visits) f WHERE begun IS NULL AND v.visit_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('queue_leave', visits, finished);
END $$;
COMMENT ON FUNCTION apply_queue_visits(thing_facts[]) IS '应用排队的事实';

CREATE FUNCTION apply_door_refusals(refusals thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO door_refusal (refusal_id, center_id, call_id, queue_id, at, cause)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'queue_id')::integer, ms_time((begun->>'at_ms')::bigint), begun->>'cause'
    FROM unnest(refusals) f;
END $$;
COMMENT ON FUNCTION apply_door_refusals(thing_facts[]) IS '应用队列门口拒绝的事实';

CREATE FUNCTION apply_offers(offers thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO offer (offer_id, center_id, call_id, visit_id, queue_id, user_id, t_ring, reason, t_ring_end, outcome, ring_ms)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'visit_id')::uuid, (begun->>'queue_id')::integer,
        (begun->>'user_id')::integer, ms_time((begun->>'t_ring_ms')::bigint), coalesce(begun->>'reason', ''),
        ms_time((ended->>'t_ring_end_ms')::bigint), CASE WHEN ended IS NULL THEN 'open' ELSE ended->>'outcome' END, (ended->>'ring_ms')::bigint
    FROM unnest(offers) f WHERE begun IS NOT NULL;
    UPDATE offer o SET t_ring_end = ms_time((ended->>'t_ring_end_ms')::bigint), outcome = ended->>'outcome', ring_ms = (ended->>'ring_ms')::bigint
    FROM unnest(offers) f WHERE begun IS NULL AND o.offer_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('offer_end', offers, finished);
    INSERT INTO no_answer (offer_id, center_id, call_id, queue_id, user_id, at, ring_ms)
    SELECT f.id, f.center_id, (ended->>'call_id')::uuid, (ended->>'queue_id')::integer, (ended->>'user_id')::integer,
        ms_time((ended->>'t_ring_end_ms')::bigint), (ended->>'ring_ms')::bigint
    FROM unnest(offers) f WHERE ended->>'outcome' = 'no_answer';
END $$;
COMMENT ON FUNCTION apply_offers(thing_facts[]) IS '应用振铃的事实';

CREATE FUNCTION apply_talks(talks thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO talk (talk_id, center_id, call_id, queue_id, user_id, kind, t_ans, t_rel, talk_ms, hold_ms, released_by)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'queue_id')::integer, (begun->>'user_id')::integer, begun->>'kind',
        ms_time((begun->>'t_ans_ms')::bigint), ms_time((ended->>'t_rel_ms')::bigint), (ended->>'talk_ms')::bigint,
        (ended->>'hold_ms')::bigint, ended->>'released_by'
    FROM unnest(talks) f WHERE begun IS NOT NULL;
    UPDATE talk t SET t_rel = ms_time((ended->>'t_rel_ms')::bigint), talk_ms = (ended->>'talk_ms')::bigint,
        hold_ms = (ended->>'hold_ms')::bigint, released_by = ended->>'released_by'
    FROM unnest(talks) f WHERE begun IS NULL AND t.talk_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('talk_end', talks, finished);
END $$;
COMMENT ON FUNCTION apply_talks(thing_facts[]) IS '应用通话的事实';

CREATE FUNCTION apply_holds(holds thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO hold (hold_id, center_id, call_id, talk_id, user_id, t_start, t_end)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'talk_id')::uuid, (begun->>'user_id')::integer,
        ms_time((begun->>'t_start_ms')::bigint), ms_time((ended->>'t_end_ms')::bigint)
    FROM unnest(holds) f WHERE begun IS NOT NULL;
    UPDATE hold h SET t_end = ms_time((ended->>'t_end_ms')::bigint)
    FROM unnest(holds) f WHERE begun IS NULL AND h.hold_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('hold_end', holds, finished);
END $$;
COMMENT ON FUNCTION apply_holds(thing_facts[]) IS '应用保持的事实';

CREATE FUNCTION apply_acws(acws thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO acw (acw_id, center_id, call_id, user_id, queue_id, t_start, t_end, acw_ms)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'user_id')::integer, (begun->>'queue_id')::integer,
        ms_time((begun->>'t_start_ms')::bigint), ms_time((begun->>'t_end_ms')::bigint), (begun->>'acw_ms')::bigint
    FROM unnest(acws) f;
END $$;
COMMENT ON FUNCTION apply_acws(thing_facts[]) IS '应用话后整理的事实';

-- --- agents ------------------------------------------------------------------------------------

-- The open states of these sessions end, never before they began. They are looked for session by session: a plan that
-- begins with all open states is cheap in an empty table only.
CREATE FUNCTION end_states(of_sessions uuid[], ends timestamptz[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    UPDATE agent_state s SET t_end = greatest(s.t_start, o.t_end)
    FROM (SELECT i.state_id, e.t_end FROM unnest(of_sessions, ends) AS e(session_id, t_end)
          CROSS JOIN LATERAL (SELECT a.state_id FROM agent_state a WHERE a.session_id = e.session_id AND a.t_end IS NULL OFFSET 0) i) o
    WHERE s.state_id = o.state_id;
END $$;
COMMENT ON FUNCTION end_states(uuid[], timestamptz[]) IS '结束若干签入中未结束的状态';

-- A state ends where the next one of its session begins, whatever a clock that was set back makes of it: within the batch
-- that is known before it is written; what is open from before ends with the batch's first.
CREATE FUNCTION apply_states(states thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    PERFORM end_states(array_agg(session_id), array_agg(t_start))
    FROM (SELECT DISTINCT ON (session_id) (begun->>'session_id')::uuid AS session_id, ms_time((begun->>'t_start_ms')::bigint) AS t_start
          FROM unnest(states) ORDER BY session_id, n) first;
    INSERT INTO agent_state (state_id, center_id, session_id, user_id, state, reason_id, reason, t_start, t_end)
    SELECT s.id, s.center_id, s.session_id, (begun->>'user_id')::integer, begun->>'state', nullif((begun->>'reason_id')::integer, 0),
        coalesce(begun->>'reason', ''), s.t_start,
        CASE WHEN lead(s.n) OVER w IS NOT NULL THEN greatest(s.t_start, lead(s.t_start) OVER w) END
    FROM (SELECT f.*, (begun->>'session_id')::uuid AS session_id, ms_time((begun->>'t_start_ms')::bigint) AS t_start FROM unnest(states) f) s
    WINDOW w AS (PARTITION BY s.session_id ORDER BY s.n);
END $$;
COMMENT ON FUNCTION apply_states(thing_facts[]) IS '应用坐席状态的事实';

CREATE FUNCTION begin_sessions(sessions thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO agent_session (session_id, center_id, user_id, t_in, line, address, t_out, out_reason)
    SELECT f.id, f.center_id, (begun->>'user_id')::integer, ms_time((begun->>'t_in_ms')::bigint), begun->>'line',
        coalesce(begun->>'address', ''), ms_time((ended->>'t_out_ms')::bigint), ended->>'reason'
    FROM unnest(sessions) f WHERE begun IS NOT NULL;
END $$;
COMMENT ON FUNCTION begin_sessions(thing_facts[]) IS '写入新的签入';

-- The end of a session is that of its last state.
CREATE FUNCTION end_sessions(sessions thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    UPDATE agent_session s SET t_out = ms_time((ended->>'t_out_ms')::bigint), out_reason = ended->>'reason'
    FROM unnest(sessions) f WHERE begun IS NULL AND s.session_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('agent_session_end', sessions, finished);
    PERFORM end_states(array_agg(f.id), array_agg(ms_time((ended->>'t_out_ms')::bigint))) FROM unnest(sessions) f WHERE ended IS NOT NULL;
END $$;
COMMENT ON FUNCTION end_sessions(thing_facts[]) IS '结束签入及其最后状态';

-- --- recordings and the rest -------------------------------------------------------------------

CREATE FUNCTION apply_recordings(recordings thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO recording (recording_id, center_id, call_id, talk_id, user_id, path, t_start, left_party, right_party,
        length_ms, size, sha256, error, state)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'talk_id')::uuid, (begun->>'user_id')::integer, begun->>'path',
        ms_time((begun->>'t_start_ms')::bigint), coalesce(begun->>'left', 'caller'), coalesce(begun->>'right', 'agent'),
        (ended->>'length_ms')::bigint, (ended->>'size')::bigint, coalesce(ended->>'sha256', ''), coalesce(ended->>'error', ''),
        CASE WHEN ended IS NULL THEN 'open' WHEN coalesce(ended->>'error', '') = '' THEN 'closed' ELSE 'failed' END
    FROM unnest(recordings) f WHERE begun IS NOT NULL;
    UPDATE recording r SET length_ms = (ended->>'length_ms')::bigint, size = (ended->>'size')::bigint, sha256 = coalesce(ended->>'sha256', ''),
        error = coalesce(ended->>'error', ''), state = CASE WHEN coalesce(ended->>'error', '') = '' THEN 'closed' ELSE 'failed' END
    FROM unnest(recordings) f WHERE begun IS NULL AND r.recording_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('recording_end', recordings, finished);
END $$;
COMMENT ON FUNCTION apply_recordings(thing_facts[]) IS '应用录音的事实';

CREATE FUNCTION apply_leg_qualities(legs thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO leg_quality (leg_id, center_id, call_id, user_id, party, transport, packets_sent, packets_received, packets_lost,
        packets_discarded, jitter_us, remote_jitter_us, remote_lost, round_trip_us, mos, at)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'user_id')::integer, begun->>'party', begun->>'transport',
        (begun->>'packets_sent')::bigint, (begun->>'packets_received')::bigint, (begun->>'packets_lost')::bigint,
        (begun->>'packets_discarded')::bigint, (begun->>'jitter_us')::bigint, (begun->>'remote_jitter_us')::bigint,
        (begun->>'remote_lost')::bigint, (begun->>'round_trip_us')::bigint, (begun->>'mos')::numeric, f.at
    FROM unnest(legs) f;
END $$;
COMMENT ON FUNCTION apply_leg_qualities(thing_facts[]) IS '应用传输质量的事实';

CREATE FUNCTION apply_unrecorded(unrecorded thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO unrecorded_call (id, center_id, call_id, why, at)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, begun->>'why', ms_time((begun->>'at_ms')::bigint) FROM unnest(unrecorded) f;
END $$;
COMMENT ON FUNCTION apply_unrecorded(thing_facts[]) IS '应用未能录音的事实';

CREATE FUNCTION apply_trunk_events(events thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO trunk_event (id, center_id, trunk_id, state, at)
    SELECT f.id, f.center_id, (begun->>'trunk_id')::integer, begun->>'state', ms_time((begun->>'at_ms')::bigint) FROM unnest(events) f;
END $$;
COMMENT ON FUNCTION apply_trunk_events(thing_facts[]) IS '应用中继状态的事实';

CREATE FUNCTION apply_audits(audits thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO audit_log (id, center_id, user_id, action, object_kind, object_id, detail, address, at)
    SELECT f.id, f.center_id, nullif((begun->>'user_id')::integer, 0), begun->>'action', coalesce(begun->>'object_kind', ''),
        coalesce(begun->>'object_id', ''), coalesce(begun->>'detail', ''), coalesce(begun->>'address', ''), ms_time((begun->>'at_ms')::bigint)
    FROM unnest(audits) f;
END $$;
COMMENT ON FUNCTION apply_audits(thing_facts[]) IS '应用审计的事实';

-- --- all of it ---------------------------------------------------------------------------------

-- What the calls of a batch count for is taken out of the roll-up, the batch is applied, and it is put in again. A call
-- that begins here counted for nothing before. All these functions are STRICT: what no fact tells of costs nothing.
CREATE FUNCTION apply_facts(b fact_batch) RETURNS void LANGUAGE plpgsql AS $$
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
    PERFORM rollup_add(after_it, 1);
END $$;
COMMENT ON FUNCTION apply_facts(fact_batch) IS '应用整理后的一批事实,并更新五分钟汇总';

-- For the daemon's own work alone: it passes by the walls between the centers. Plans are made once and use indexes
-- only, however small the tables were then; never bitmaps, which do not mark what they found dead.
CREATE OR REPLACE FUNCTION ingest_facts(batch jsonb) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode TO force_generic_plan SET enable_seqscan TO off
SET enable_bitmapscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off SET jit TO off AS $$
DECLARE
    sorted fact_batch;
BEGIN
    IF current_setting('hotlined.centers', true) IS DISTINCT FROM '*' THEN
        RAISE EXCEPTION 'facts are taken from the daemon only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(12366, 1); -- one batch at a time: the roll-up is read and written
    BEGIN
        PERFORM ensure_months(batch);
        BEGIN
            sorted := journal_facts(batch);
        EXCEPTION WHEN unique_violation THEN
            sorted := journal_facts(unknown_facts(batch));
        END;
        PERFORM apply_facts(sorted);
    EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
        RAISE EXCEPTION 'a fact cannot be applied: % (%)', SQLERRM, SQLSTATE USING ERRCODE = 'HL001';
    END;
    RETURN sorted.facts;
END $$;

-- Whoever may not ingest has no use for its parts either.
DO $$
DECLARE
    part regprocedure;
BEGIN
    FOR part IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY ('{ingest_facts,ensure_months,
        journal_facts,unknown_facts,warn_missing,call_changes,begin_calls,change_calls,legs_left,mark_moved,apply_ivr_visits,apply_ivr_keys,
        apply_queue_visits,apply_door_refusals,apply_offers,apply_talks,apply_holds,apply_acws,end_states,apply_states,begin_sessions,end_sessions,
        apply_recordings,apply_leg_qualities,apply_unrecorded,apply_trunk_events,apply_audits,apply_facts}')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', part);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION ingest_facts(jsonb) TO hotlined_app;
REVOKE EXECUTE ON FUNCTION ensure_month(timestamptz) FROM hotlined_app;
REVOKE INSERT ON fact FROM hotlined_app;
