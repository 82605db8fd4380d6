-- ingest_facts: applies a batch of facts (docs/facts.md), each exactly once.
--
-- New facts go to the raw journal; what was there already is left out, so sending again changes
-- nothing. The new ones are grouped by kind and applied kind by kind, beginnings before ends,
-- because a thing has one beginning and one end. Around it, what the touched calls count for is
-- taken out of the roll-up and put back in.

-- Calls and what they did in the flow.
CREATE FUNCTION apply_calls(facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF facts ? 'call_begin' THEN
        INSERT INTO call (call_id, center_id, global_call_id, direction, source, info_source, unit_type,
            trunk_id, entry_code, caller_no, caller_province, caller_city, caller_place, called_no, t_in, test)
        SELECT p.call_id, p.center_id, coalesce(p.global_call_id, p.call_id), p.direction, p.source, p.info_source,
            p.unit_type, p.trunk_id, coalesce(p.entry_code, ''), coalesce(p.caller_no, ''),
            coalesce(p.caller_province, ''), coalesce(p.caller_city, ''), coalesce(p.caller_place, ''),
            coalesce(p.called_no, ''), ms_time(p.t_in_ms),
            coalesce(p.test, false) OR EXISTS (SELECT FROM center c WHERE c.id = p.center_id AND c.test)
        FROM jsonb_to_recordset(facts->'call_begin') AS p(call_id uuid, center_id integer,
            global_call_id uuid, direction text, source text, info_source text, unit_type text,
            trunk_id integer, entry_code text, caller_no text, caller_province text, caller_city text,
            caller_place text, called_no text, t_in_ms bigint, test boolean);
        -- A registration that was saved before its call arrived here (REG-05, REG-06).
        UPDATE record r SET info_source = p.info_source, unit_type = p.unit_type,
            caller_no = coalesce(nullif(r.caller_no, ''), p.caller_no, '')
        FROM jsonb_to_recordset(facts->'call_begin') AS p(call_id uuid, center_id integer, info_source text,
            unit_type text, caller_no text)
        WHERE r.call_id = p.call_id AND r.center_id = p.center_id;
        -- The leg it came from, in the other center, was moved to this one.
        UPDATE call o SET moved_to = CASE c.kind WHEN 'regional' THEN 'r12366' ELSE 'city' END
        FROM jsonb_to_recordset(facts->'call_begin') AS p(call_id uuid, center_id integer,
                global_call_id uuid, source text, t_in_ms bigint)
        JOIN center c ON c.id = p.center_id
        WHERE p.source <> 'direct' AND o.call_id = (SELECT e.call_id FROM call e
            WHERE e.global_call_id = p.global_call_id AND e.center_id <> p.center_id
              AND e.t_in <= ms_time(p.t_in_ms) ORDER BY e.t_in DESC LIMIT 1);
    END IF;
    IF facts ? 'ivr_begin' THEN
        INSERT INTO ivr_visit (visit_id, center_id, call_id, flow_id, flow_version, t_start)
        SELECT p.visit_id, p.center_id, p.call_id, p.flow_id, p.flow_version, ms_time(p.t_start_ms)
        FROM jsonb_to_recordset(facts->'ivr_begin') AS p(visit_id uuid, center_id integer, call_id uuid,
            flow_id integer, flow_version integer, t_start_ms bigint);
    END IF;
    IF facts ? 'ivr_key' THEN
        INSERT INTO ivr_key (key_id, center_id, call_id, visit_id, seq, node, menu, key, result, at)
        SELECT p.key_id, p.center_id, p.call_id, p.visit_id, p.seq, p.node, coalesce(p.menu, ''),
            coalesce(p.key, ''), p.result, ms_time(p.at_ms)
        FROM jsonb_to_recordset(facts->'ivr_key') AS p(key_id uuid, center_id integer, call_id uuid,
            visit_id uuid, seq integer, node text, menu text, key text, result text, at_ms bigint);
    END IF;
    IF facts ? 'ivr_end' THEN
        UPDATE ivr_visit v SET t_end = ms_time(p.t_end_ms), exit = p.exit
        FROM jsonb_to_recordset(facts->'ivr_end') AS p(visit_id uuid, t_end_ms bigint, exit text)
        WHERE v.visit_id = p.visit_id;
        PERFORM warn_missing(facts, 'ivr_end', FOUND);
    END IF;
END $$;

-- An end without beginning: the beginning was refused or lost. It stays in the journal, and the
-- server's log says so.
CREATE FUNCTION warn_missing(facts jsonb, kind text, matched boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT matched THEN
        RAISE WARNING 'facts of kind % have no beginning: %', kind, left((facts->kind)::text, 400);
    END IF;
END $$;

CREATE FUNCTION apply_queues(facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF facts ? 'queue_enter' THEN
        INSERT INTO queue_visit (visit_id, center_id, call_id, queue_id, t_q_in, first_t_q_in, priority,
            sl_threshold_ms, short_abandon_ms)
        SELECT p.visit_id, p.center_id, p.call_id, p.queue_id, ms_time(p.t_q_in_ms),
            ms_time(coalesce(p.first_t_q_in_ms, p.t_q_in_ms)), coalesce(p.priority, 0),
            coalesce(q.sl_threshold_ms, 20000), coalesce(q.short_abandon_ms, 5000)
        FROM jsonb_to_recordset(facts->'queue_enter') AS p(visit_id uuid, center_id integer, call_id uuid,
            queue_id integer, t_q_in_ms bigint, first_t_q_in_ms bigint, priority integer)
        LEFT JOIN queue q ON q.id = p.queue_id;
    END IF;
    IF facts ? 'door_refused' THEN
        INSERT INTO door_refusal (refusal_id, center_id, call_id, queue_id, at, cause)
        SELECT p.refusal_id, p.center_id, p.call_id, p.queue_id, ms_time(p.at_ms), p.cause
        FROM jsonb_to_recordset(facts->'door_refused') AS p(refusal_id uuid, center_id integer,
            call_id uuid, queue_id integer, at_ms bigint, cause text);
    END IF;
    IF facts ?| '{queue_enter,door_refused}' THEN
        UPDATE call c SET requested = true, first_queue_id = coalesce(c.first_queue_id, p.queue_id)
        FROM (SELECT DISTINCT ON (e.call_id) e.call_id, e.queue_id
              FROM (SELECT call_id, queue_id, t_q_in_ms AS ms
                    FROM jsonb_to_recordset(coalesce(facts->'queue_enter', '[]'))
                        AS q(call_id uuid, queue_id integer, t_q_in_ms bigint)
                    UNION ALL
                    SELECT call_id, queue_id, at_ms
                    FROM jsonb_to_recordset(coalesce(facts->'door_refused', '[]'))
                        AS d(call_id uuid, queue_id integer, at_ms bigint)) e
              ORDER BY e.call_id, e.ms) p
        WHERE c.call_id = p.call_id AND (NOT c.requested OR c.first_queue_id IS NULL);
    END IF;
    IF facts ? 'queue_leave' THEN
        UPDATE queue_visit v SET t_q_out = ms_time(p.t_q_out_ms), outcome = p.outcome, wait_ms = p.wait_ms
        FROM jsonb_to_recordset(facts->'queue_leave') AS p(visit_id uuid, t_q_out_ms bigint, outcome text, wait_ms bigint)
        WHERE v.visit_id = p.visit_id;
        PERFORM warn_missing(facts, 'queue_leave', FOUND);
    END IF;
    IF facts ? 'offer_begin' THEN
        INSERT INTO offer (offer_id, center_id, call_id, visit_id, queue_id, user_id, t_ring, reason)
        SELECT p.offer_id, p.center_id, p.call_id, p.visit_id, p.queue_id, p.user_id, ms_time(p.t_ring_ms), coalesce(p.reason, '')
        FROM jsonb_to_recordset(facts->'offer_begin') AS p(offer_id uuid, center_id integer, call_id uuid,
            visit_id uuid, queue_id integer, user_id integer, t_ring_ms bigint, reason text);
    END IF;
    IF facts ? 'offer_end' THEN
        UPDATE offer o SET t_ring_end = ms_time(p.t_ring_end_ms), outcome = p.outcome, ring_ms = p.ring_ms
        FROM jsonb_to_recordset(facts->'offer_end') AS p(offer_id uuid, t_ring_end_ms bigint, outcome text, ring_ms bigint)
        WHERE o.offer_id = p.offer_id;
        PERFORM warn_missing(facts, 'offer_end', FOUND);
        INSERT INTO no_answer (offer_id, center_id, call_id, queue_id, user_id, at, ring_ms)
        SELECT p.offer_id, p.center_id, p.call_id, p.queue_id, p.user_id, ms_time(p.t_ring_end_ms), p.ring_ms
        FROM jsonb_to_recordset(facts->'offer_end') AS p(offer_id uuid, center_id integer, call_id uuid,
            queue_id integer, user_id integer, t_ring_end_ms bigint, ring_ms bigint, outcome text)
        WHERE p.outcome = 'no_answer';
    END IF;
END $$;

CREATE FUNCTION apply_talks(facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF facts ? 'talk_begin' THEN
        INSERT INTO talk (talk_id, center_id, call_id, queue_id, user_id, kind, t_ans)
        SELECT p.talk_id, p.center_id, p.call_id, p.queue_id, p.user_id, p.kind, ms_time(p.t_ans_ms)
        FROM jsonb_to_recordset(facts->'talk_begin') AS p(talk_id uuid, center_id integer, call_id uuid,
            queue_id integer, user_id integer, kind text, t_ans_ms bigint);
        UPDATE call c SET user_id = coalesce(c.user_id, p.user_id), t_ans = coalesce(c.t_ans, ms_time(p.t_ans_ms))
        FROM (SELECT DISTINCT ON (call_id) *
              FROM jsonb_to_recordset(facts->'talk_begin') AS t(call_id uuid, user_id integer, kind text, t_ans_ms bigint)
              WHERE kind IN ('inbound', 'outbound', 'internal') ORDER BY call_id, t_ans_ms) p
        WHERE c.call_id = p.call_id;
    END IF;
    IF facts ? 'hold_begin' THEN
        INSERT INTO hold (hold_id, center_id, call_id, talk_id, user_id, t_start)
        SELECT p.hold_id, p.center_id, p.call_id, p.talk_id, p.user_id, ms_time(p.t_start_ms)
        FROM jsonb_to_recordset(facts->'hold_begin') AS p(hold_id uuid, center_id integer, call_id uuid,
            talk_id uuid, user_id integer, t_start_ms bigint);
    END IF;
    IF facts ? 'hold_end' THEN
        UPDATE hold h SET t_end = ms_time(p.t_end_ms)
        FROM jsonb_to_recordset(facts->'hold_end') AS p(hold_id uuid, t_end_ms bigint)
        WHERE h.hold_id = p.hold_id;
        PERFORM warn_missing(facts, 'hold_end', FOUND);
    END IF;
    IF facts ? 'talk_end' THEN
        UPDATE talk t SET t_rel = ms_time(p.t_rel_ms), talk_ms = p.talk_ms, hold_ms = p.hold_ms, released_by = p.released_by
        FROM jsonb_to_recordset(facts->'talk_end') AS p(talk_id uuid, t_rel_ms bigint, talk_ms bigint, hold_ms bigint, released_by text)
        WHERE t.talk_id = p.talk_id;
        PERFORM warn_missing(facts, 'talk_end', FOUND);
    END IF;
    IF facts ? 'call_end' THEN
        UPDATE call c SET t_end = ms_time(p.t_end_ms), outcome = p.outcome, end_reason = coalesce(p.end_reason, ''),
            first_queue_id = coalesce(c.first_queue_id, p.first_queue_id), wait_ms = p.wait_ms,
            t_ans = coalesce(ms_time(p.t_ans_ms), c.t_ans), talk_ms = coalesce(p.talk_ms, 0),
            hold_ms = coalesce(p.hold_ms, 0), user_id = coalesce(p.user_id, c.user_id),
            sl_threshold_ms = coalesce(nullif(p.sl_threshold_ms, 0), c.sl_threshold_ms),
            short_abandon_ms = coalesce(p.short_abandon_ms, c.short_abandon_ms)
        FROM jsonb_to_recordset(facts->'call_end') AS p(call_id uuid, t_end_ms bigint, outcome text,
            end_reason text, first_queue_id integer, wait_ms bigint, t_ans_ms bigint, talk_ms bigint,
            hold_ms bigint, user_id integer, sl_threshold_ms integer, short_abandon_ms integer)
        WHERE c.call_id = p.call_id;
        PERFORM warn_missing(facts, 'call_end', FOUND);
    END IF;
    IF facts ? 'acw_end' THEN
        INSERT INTO acw (acw_id, center_id, call_id, user_id, queue_id, t_start, t_end, acw_ms)
        SELECT p.acw_id, p.center_id, p.call_id, p.user_id, p.queue_id, ms_time(p.t_start_ms), ms_time(p.t_end_ms), p.acw_ms
        FROM jsonb_to_recordset(facts->'acw_end') AS p(acw_id uuid, center_id integer, call_id uuid,
            user_id integer, queue_id integer, t_start_ms bigint, t_end_ms bigint, acw_ms bigint);
        UPDATE call c SET acw_ms = c.acw_ms + p.acw_ms
        FROM (SELECT call_id, sum(acw_ms) AS acw_ms
              FROM jsonb_to_recordset(facts->'acw_end') AS a(call_id uuid, acw_ms bigint) GROUP BY call_id) p
        WHERE c.call_id = p.call_id;
    END IF;
    IF facts ? 'wrap_up' THEN
        UPDATE call c SET wrap_up_code = nullif(p.code, ''), wrap_up_note = coalesce(p.note, ''),
            wrap_up_by = p.user_id, wrap_up_at = ms_time(p.at_ms)
        FROM (SELECT DISTINCT ON (call_id) *
              FROM jsonb_to_recordset(facts->'wrap_up') AS w(call_id uuid, user_id integer, code text, note text, at_ms bigint)
              ORDER BY call_id, at_ms DESC) p
        WHERE c.call_id = p.call_id;
        PERFORM warn_missing(facts, 'wrap_up', FOUND);
    END IF;
END $$;

CREATE FUNCTION apply_agents(facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF facts ? 'agent_session_begin' THEN
        INSERT INTO agent_session (session_id, center_id, user_id, t_in, line, address)
        SELECT p.session_id, p.center_id, p.user_id, ms_time(p.t_in_ms), p.line, coalesce(p.address, '')
        FROM jsonb_to_recordset(facts->'agent_session_begin') AS p(session_id uuid, center_id integer,
            user_id integer, t_in_ms bigint, line text, address text);
    END IF;
    IF facts ? 'agent_state' THEN
        INSERT INTO agent_state (state_id, center_id, session_id, user_id, state, reason_id, reason, t_start)
        SELECT p.state_id, p.center_id, p.session_id, p.user_id, p.state, nullif(p.reason_id, 0), coalesce(p.reason, ''), ms_time(p.t_start_ms)
        FROM jsonb_to_recordset(facts->'agent_state') AS p(state_id uuid, center_id integer, session_id uuid,
            user_id integer, state text, reason_id integer, reason text, t_start_ms bigint);
        -- Each open state of these sessions ends where the next one begins.
        UPDATE agent_state s SET t_end = n.t_start
        FROM (SELECT o.state_id, f.t_start
              FROM agent_state o
              CROSS JOIN LATERAL (SELECT i.t_start FROM agent_state i WHERE i.session_id = o.session_id
                  AND (i.t_start, i.state_id) > (o.t_start, o.state_id)
                  ORDER BY i.t_start, i.state_id LIMIT 1) f
              WHERE o.t_end IS NULL AND o.session_id IN (SELECT DISTINCT session_id
                  FROM jsonb_to_recordset(facts->'agent_state') AS d(session_id uuid))) n
        WHERE s.state_id = n.state_id;
    END IF;
    IF facts ? 'agent_session_end' THEN
        UPDATE agent_session s SET t_out = ms_time(p.t_out_ms), out_reason = p.reason
        FROM jsonb_to_recordset(facts->'agent_session_end') AS p(session_id uuid, t_out_ms bigint, reason text)
        WHERE s.session_id = p.session_id;
        PERFORM warn_missing(facts, 'agent_session_end', FOUND);
        UPDATE agent_state s SET t_end = greatest(s.t_start, ms_time(p.t_out_ms))
        FROM jsonb_to_recordset(facts->'agent_session_end') AS p(session_id uuid, t_out_ms bigint)
        WHERE s.session_id = p.session_id AND s.t_end IS NULL;
    END IF;
END $$;

CREATE FUNCTION apply_media(facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF facts ? 'recording_begin' THEN
        INSERT INTO recording (recording_id, center_id, call_id, talk_id, user_id, path, t_start, left_party, right_party)
        SELECT p.recording_id, p.center_id, p.call_id, p.talk_id, p.user_id, p.path, ms_time(p.t_start_ms),
            coalesce(p."left", 'caller'), coalesce(p."right", 'agent')
        FROM jsonb_to_recordset(facts->'recording_begin') AS p(recording_id uuid, center_id integer, call_id uuid,
            talk_id uuid, user_id integer, path text, t_start_ms bigint, "left" text, "right" text);
    END IF;
    IF facts ? 'recording_end' THEN
        UPDATE recording r SET length_ms = p.length_ms, size = p.size, sha256 = coalesce(p.sha256, ''),
            error = coalesce(p.error, ''), state = CASE coalesce(p.error, '') WHEN '' THEN 'closed' ELSE 'failed' END
        FROM jsonb_to_recordset(facts->'recording_end') AS p(recording_id uuid, length_ms bigint, size bigint, sha256 text, error text)
        WHERE r.recording_id = p.recording_id;
        PERFORM warn_missing(facts, 'recording_end', FOUND);
    END IF;
    IF facts ? 'leg_quality' THEN
        INSERT INTO leg_quality (leg_id, center_id, call_id, user_id, party, transport, packets_sent, packets_received,
            packets_lost, packets_discarded, jitter_us, remote_jitter_us, remote_lost, round_trip_us, mos, at)
        SELECT p.leg_id, p.center_id, p.call_id, p.user_id, p.party, p.transport, p.packets_sent, p.packets_received,
            p.packets_lost, p.packets_discarded, p.jitter_us, p.remote_jitter_us, p.remote_lost, p.round_trip_us, p.mos, p.fact_at
        FROM jsonb_to_recordset(facts->'leg_quality') AS p(leg_id uuid, center_id integer, call_id uuid, user_id integer,
            party text, transport text, packets_sent bigint, packets_received bigint, packets_lost bigint,
            packets_discarded bigint, jitter_us bigint, remote_jitter_us bigint, remote_lost bigint,
            round_trip_us bigint, mos numeric, fact_at timestamptz);
    END IF;
    IF facts ? 'unrecorded' THEN
        INSERT INTO unrecorded_call (id, center_id, call_id, why, at)
        SELECT p.id, p.center_id, p.call_id, p.why, ms_time(p.at_ms)
        FROM jsonb_to_recordset(facts->'unrecorded') AS p(id uuid, center_id integer, call_id uuid, why text, at_ms bigint);
    END IF;
    IF facts ? 'trunk_state' THEN
        INSERT INTO trunk_event (id, center_id, trunk_id, state, at)
        SELECT p.id, p.center_id, p.trunk_id, p.state, ms_time(p.at_ms)
        FROM jsonb_to_recordset(facts->'trunk_state') AS p(id uuid, center_id integer, trunk_id integer, state text, at_ms bigint);
    END IF;
    IF facts ? 'audit' THEN
        INSERT INTO audit_log (id, center_id, user_id, action, object_kind, object_id, detail, address, at)
        SELECT p.id, p.center_id, nullif(p.user_id, 0), p.action, coalesce(p.object_kind, ''), coalesce(p.object_id, ''),
            coalesce(p.detail, ''), coalesce(p.address, ''), ms_time(p.at_ms)
        FROM jsonb_to_recordset(facts->'audit') AS p(id uuid, center_id integer, user_id integer, action text,
            object_kind text, object_id text, detail text, address text, at_ms bigint);
    END IF;
END $$;

-- Puts the facts not yet known into the journal and returns them grouped: {kind: [payload ...]},
-- each payload with its center and the time of the fact. Partitions of other months (a fixed
-- clock, facts that waited for long) are made on the way.
CREATE FUNCTION journal_facts(batch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    region integer := (SELECT min(id) FROM center WHERE kind = 'regional');
    wrong text;
    months timestamptz[];
    fresh jsonb;
BEGIN
    IF jsonb_typeof(batch) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'the batch is not an array' USING ERRCODE = 'HL001';
    END IF;
    SELECT f->>'kind' INTO wrong FROM jsonb_array_elements(batch) f
    WHERE NOT (coalesce(f->>'kind', '') = ANY ('{call_begin,ivr_begin,ivr_key,ivr_end,queue_enter,queue_leave,door_refused,offer_begin,offer_end,talk_begin,talk_end,hold_begin,hold_end,acw_end,call_end,agent_session_begin,agent_session_end,agent_state,recording_begin,recording_end,leg_quality,unrecorded,trunk_state,audit,wrap_up}'::text[]))
       OR jsonb_typeof(f->'payload') IS DISTINCT FROM 'object' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'unknown kind of fact or payload that is no object: %', coalesce(wrong, 'null') USING ERRCODE = 'HL001';
    END IF;
    SELECT array_agg(DISTINCT date_trunc('month', uuid_time((f->>'id')::uuid) + d * interval '1 day', 'UTC')) INTO months
    FROM jsonb_array_elements(batch) f, (VALUES (-1), (1)) AS day(d);
    PERFORM ensure_month(m) FROM unnest(months) m WHERE to_regclass('fact_' || to_char(m AT TIME ZONE 'UTC', 'YYYYMM')) IS NULL;

    WITH added AS (
        INSERT INTO fact (id, center_id, at, kind, payload)
        SELECT (f->>'id')::uuid, coalesce(nullif((f->>'center_id')::integer, 0), region),
            ms_time((f->>'at_ms')::bigint),
            f->>'kind', f->'payload'
        FROM jsonb_array_elements(batch) WITH ORDINALITY AS b(f, n) ORDER BY n
        ON CONFLICT (id) DO NOTHING
        RETURNING id, center_id, at, kind, payload)
    SELECT jsonb_object_agg(kind, items) INTO fresh
    FROM (SELECT kind, jsonb_agg(payload || jsonb_build_object('center_id', center_id, 'fact_at', at) ORDER BY id) AS items
          FROM added GROUP BY kind) g;
    RETURN coalesce(fresh, '{}');
END $$;

CREATE FUNCTION ingest_facts(batch jsonb) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    fresh jsonb;
    calls uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(12366, 1); -- one batch at a time: the roll-up is read and written
    fresh := journal_facts(batch);
    SELECT array_agg(DISTINCT (p->>'call_id')::uuid) INTO calls
    FROM jsonb_each(fresh) AS k(kind, items), jsonb_array_elements(items) AS p
    WHERE kind IN ('call_begin', 'queue_enter', 'queue_leave', 'door_refused', 'talk_end', 'call_end', 'acw_end');
    -- A call that came from another center changes what the leg there counts for.
    SELECT calls || coalesce(array_agg(o.call_id), '{}') INTO calls
    FROM jsonb_to_recordset(coalesce(fresh->'call_begin', '[]')) AS p(call_id uuid, global_call_id uuid, source text)
    JOIN call o ON o.global_call_id = p.global_call_id AND o.call_id <> p.call_id
    WHERE p.source <> 'direct' AND NOT o.call_id = ANY (calls);

    PERFORM rollup_add(calls, -1);
    PERFORM apply_calls(fresh);
    PERFORM apply_queues(fresh);
    PERFORM apply_talks(fresh);
    PERFORM apply_agents(fresh);
    PERFORM apply_media(fresh);
    PERFORM rollup_add(calls, 1);
    RETURN (SELECT coalesce(sum(jsonb_array_length(items)), 0) FROM jsonb_each(fresh) AS k(kind, items));
EXCEPTION
    WHEN data_exception OR integrity_constraint_violation OR insufficient_privilege THEN
        RAISE EXCEPTION 'a fact cannot be applied: % (%)', SQLERRM, SQLSTATE USING ERRCODE = 'HL001';
END $$;

COMMENT ON FUNCTION apply_calls(jsonb) IS '应用呼叫与语音流程事实';
COMMENT ON FUNCTION apply_queues(jsonb) IS '应用排队与振铃事实';
COMMENT ON FUNCTION apply_talks(jsonb) IS '应用通话、整理与呼叫结束事实';
COMMENT ON FUNCTION apply_agents(jsonb) IS '应用坐席签入与状态事实';
COMMENT ON FUNCTION apply_media(jsonb) IS '应用录音、质量、中继与审计事实';
COMMENT ON FUNCTION journal_facts(jsonb) IS '写入原始事实日志并返回新事实';
COMMENT ON FUNCTION ingest_facts(jsonb) IS '应用一批事实,每个事实只生效一次,返回新事实的个数';
COMMENT ON FUNCTION warn_missing(jsonb, text, boolean) IS '有结束而无开始的事实,记入服务器日志';
GRANT EXECUTE ON FUNCTION ensure_month(timestamptz) TO hotlined_app;
