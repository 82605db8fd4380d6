-- RPT-17: what agents did, one meaning for the report and for the leader's page (MON-02, MON-06).
--
-- A *deed* is what one fact of a kind counts for: an offer that ended, a talk that ended, a hold ... Views say which deeds a
-- thing is (docs/database.md, "What agents did"); the roll-up has their number and length by day, agent and queue. A deed is
-- told once, when its thing is over, and lies on the day on which its call came in or was made, whole (kpi E1). Its center is
-- the call's: what somebody of the region takes over in a city is the city's (GEN-05). Test calls count nowhere, calls between
-- extensions only as such (E20).

-- --- what the facts did not say yet --------------------------------------------------------------

ALTER TABLE talk ADD COLUMN joined boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN talk.joined IS '磋商、求助：是否成为三方通话';
ALTER TABLE hold ADD COLUMN asking boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN hold.asking IS '来电人因坐席磋商、求助而等待，不是坐席按的保持';

-- As in 025, and whether three talked.
CREATE OR REPLACE FUNCTION apply_talks(talks thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO talk (talk_id, center_id, call_id, queue_id, user_id, kind, t_ans, t_rel, talk_ms, hold_ms, released_by, passed_to, passed_id, joined)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'queue_id')::integer, (begun->>'user_id')::integer, begun->>'kind',
        ms_time((begun->>'t_ans_ms')::bigint), ms_time((ended->>'t_rel_ms')::bigint), (ended->>'talk_ms')::bigint,
        (ended->>'hold_ms')::bigint, ended->>'released_by', ended->>'passed_to', (ended->>'passed_id')::integer, coalesce((ended->>'joined')::boolean, false)
    FROM unnest(talks) f WHERE begun IS NOT NULL;
    UPDATE talk t SET t_rel = ms_time((ended->>'t_rel_ms')::bigint), talk_ms = (ended->>'talk_ms')::bigint,
        hold_ms = (ended->>'hold_ms')::bigint, released_by = ended->>'released_by',
        passed_to = ended->>'passed_to', passed_id = (ended->>'passed_id')::integer, joined = coalesce((ended->>'joined')::boolean, false)
    FROM unnest(talks) f WHERE begun IS NULL AND t.talk_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('talk_end', talks, finished);
END $$;

-- As in 018, and why he was held.
CREATE OR REPLACE FUNCTION apply_holds(holds thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO hold (hold_id, center_id, call_id, talk_id, user_id, t_start, t_end, asking)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'talk_id')::uuid, (begun->>'user_id')::integer,
        ms_time((begun->>'t_start_ms')::bigint), ms_time((ended->>'t_end_ms')::bigint), coalesce((begun->>'asking')::boolean, false)
    FROM unnest(holds) f WHERE begun IS NOT NULL;
    UPDATE hold h SET t_end = ms_time((ended->>'t_end_ms')::bigint)
    FROM unnest(holds) f WHERE begun IS NULL AND h.hold_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('hold_end', holds, finished);
END $$;

-- --- deeds --------------------------------------------------------------------------------------

CREATE FUNCTION local_day(t timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (t AT TIME ZONE 'Asia/Shanghai')::date
$$;
COMMENT ON FUNCTION local_day(timestamptz) IS '某一时刻所在的日期(北京时间)';

-- Each ring is an 'offer' and one way in which it ended; whoever was still waiting when he hung up is within the service
-- level or beyond it by the queue's own threshold (S1, E13).
CREATE VIEW offer_deeds WITH (security_invoker = true) AS
SELECT o.offer_id AS thing, c.t_in, c.center_id, o.user_id, coalesce(o.queue_id, 0) AS queue_id, d.what, coalesce(o.ring_ms, 0) AS ms
FROM offer o JOIN call c ON c.call_id = o.call_id
CROSS JOIN LATERAL (VALUES ('offer'), (CASE o.outcome WHEN 'answered' THEN 'taken' WHEN 'no_answer' THEN 'rona' WHEN 'rejected' THEN 'rejected'
    WHEN 'caller_left' THEN CASE WHEN (SELECT o.t_ring_end > v.t_q_in + v.sl_threshold_ms * interval '1 millisecond' FROM queue_visit v WHERE v.visit_id = o.visit_id)
        THEN 'left_late' ELSE 'left_soon' END
    ELSE 'elsewhere' END)) d(what)
WHERE o.outcome <> 'open' AND NOT c.test AND c.direction = 'in';
COMMENT ON VIEW offer_deeds IS '每次结束的振铃计为什么(坐席口径)';

-- Talks of 0 s are none (S12). A caller nobody took when he was passed on, and who came back to the same agent, is one answer;
-- only the time goes on. Who is asked does not count (E9), whoever asks does; listening does not (E19).
CREATE VIEW talk_deeds WITH (security_invoker = true) AS
SELECT k.talk_id AS thing, c.t_in, c.center_id, d.user_id, coalesce(CASE c.direction WHEN 'in' THEN d.queue_id END, 0) AS queue_id, d.what, d.ms
FROM talk k JOIN call c ON c.call_id = k.call_id
CROSS JOIN LATERAL call_month(c.t_in) AS m
CROSS JOIN LATERAL (
    SELECT k.user_id, k.queue_id, CASE k.kind WHEN 'inbound' THEN CASE WHEN k.talk_ms > 0 THEN 'ans' ELSE 'mute' END WHEN 'outbound' THEN 'out_ans'
        ELSE CASE WHEN (SELECT e.user_id = k.user_id AND e.passed_to IN ('agent', 'outside') FROM talk e
                WHERE e.call_id = k.call_id AND e.talk_id BETWEEN m.first AND m.last AND e.kind IN ('inbound', 'outbound', 'transfer_in')
                  AND (e.t_ans, e.talk_id) < (k.t_ans, k.talk_id) ORDER BY e.t_ans DESC, e.talk_id DESC LIMIT 1)
            THEN 'back' ELSE 'xfer_in' END END AS what, k.talk_ms AS ms
    WHERE k.kind = 'inbound' OR k.kind IN ('outbound', 'transfer_in') AND k.talk_ms > 0
    UNION ALL
    SELECT k.user_id, k.queue_id, CASE WHEN k.passed_to IS NULL THEN 'let_go' ELSE 'xfer_out' END, 0
    WHERE k.kind IN ('inbound', 'outbound', 'transfer_in') AND k.talk_ms > 0 AND (k.released_by = 'agent' OR k.passed_to IS NOT NULL)
    UNION ALL
    SELECT k.user_id, 0, 'internal', k.talk_ms WHERE k.kind = 'internal'
    UNION ALL
    SELECT a.user_id, a.queue_id, w.what, k.talk_ms
    FROM (SELECT e.user_id, e.queue_id FROM talk e
          WHERE e.call_id = k.call_id AND e.talk_id BETWEEN m.first AND m.last AND e.kind IN ('inbound', 'outbound', 'transfer_in')
            AND e.t_ans <= k.t_ans ORDER BY e.t_ans DESC, e.talk_id DESC LIMIT 1) a
    CROSS JOIN (VALUES (CASE k.kind WHEN 'help' THEN 'help' ELSE 'internal' END), (CASE WHEN k.joined THEN 'conf' END)) w(what)
    WHERE k.kind IN ('consult', 'help') AND w.what IS NOT NULL) d
WHERE k.t_rel IS NOT NULL AND NOT c.test AND (c.direction <> 'internal' OR k.kind = 'internal');
COMMENT ON VIEW talk_deeds IS '每段结束的通话计为什么(坐席口径)';

-- Of those asked outside, another center's agents are colleagues, everybody else is not.
CREATE VIEW leg_deeds WITH (security_invoker = true) AS
SELECT l.reach_id AS thing, c.t_in, c.center_id, l.user_id,
    coalesce(CASE c.direction WHEN 'in' THEN (SELECT e.queue_id FROM call_month(c.t_in) AS m, talk e WHERE e.call_id = l.call_id AND e.talk_id BETWEEN m.first AND m.last
        AND e.user_id = l.user_id AND e.t_ans <= l.t_start ORDER BY e.t_ans DESC LIMIT 1) END, 0) AS queue_id, w.what, l.talk_ms AS ms
FROM outside_leg l JOIN call c ON c.call_id = l.call_id
CROSS JOIN LATERAL (VALUES (CASE WHEN l.purpose = 'help' THEN 'help' WHEN l.purpose = 'consult' AND l.to_center <> '' THEN 'internal' END),
    (CASE WHEN l.joined AND l.purpose IN ('consult', 'help', 'pass') THEN 'conf' END)) w(what)
WHERE w.what IS NOT NULL AND l.user_id IS NOT NULL AND l.outcome = 'answered' AND NOT c.test AND c.direction <> 'internal';
COMMENT ON VIEW leg_deeds IS '坐席另外呼叫的外部一方计为什么(坐席口径)';

CREATE VIEW hold_deeds WITH (security_invoker = true) AS
SELECT h.hold_id AS thing, c.t_in, c.center_id, h.user_id,
    coalesce(CASE c.direction WHEN 'in' THEN (SELECT k.queue_id FROM talk k WHERE k.talk_id = h.talk_id) END, 0) AS queue_id,
    CASE WHEN h.asking THEN 'aside' ELSE 'hold' END AS what, (extract(epoch FROM h.t_end - h.t_start) * 1000)::bigint AS ms
FROM hold h JOIN call c ON c.call_id = h.call_id
WHERE h.t_end IS NOT NULL AND NOT c.test AND c.direction <> 'internal';
COMMENT ON VIEW hold_deeds IS '每次结束的保持计为什么(坐席口径)';

CREATE VIEW acw_deeds WITH (security_invoker = true) AS
SELECT a.acw_id AS thing, c.t_in, c.center_id, a.user_id, coalesce(CASE c.direction WHEN 'in' THEN a.queue_id END, 0) AS queue_id,
    CASE c.direction WHEN 'in' THEN 'acw_in' ELSE 'acw_out' END AS what, a.acw_ms AS ms
FROM acw a JOIN call c ON c.call_id = a.call_id
WHERE a.acw_ms > 0 AND NOT c.test AND c.direction <> 'internal';
COMMENT ON VIEW acw_deeds IS '每次话后整理计为什么(坐席口径)';

-- A call an agent made, answered or not, when it is over.
CREATE VIEW call_deeds WITH (security_invoker = true) AS
SELECT c.call_id AS thing, c.t_in, c.center_id, c.user_id, 0 AS queue_id, 'out'::text AS what, 0::bigint AS ms
FROM call c WHERE c.direction = 'out' AND c.outcome <> 'open' AND c.user_id IS NOT NULL AND NOT c.test;
COMMENT ON VIEW call_deeds IS '每个结束的呼出计为什么(坐席口径)';

-- What a system plays to a caller in a talk (no flow) is no transfer to the IVR. Who was sent there for good was not hung up on.
CREATE VIEW visit_deeds WITH (security_invoker = true) AS
SELECT v.visit_id AS thing, c.t_in, c.center_id, v.user_id,
    coalesce(CASE c.direction WHEN 'in' THEN (SELECT k.queue_id FROM talk k WHERE k.talk_id = v.talk_id) END, 0) AS queue_id, w.what, 0::bigint AS ms
FROM ivr_visit v JOIN call c ON c.call_id = v.call_id
CROSS JOIN LATERAL (VALUES ('to_ivr'), (CASE v.mode WHEN 'release' THEN 'sent' END)) w(what)
WHERE w.what IS NOT NULL AND v.mode IN ('release', 'suspend') AND v.flow_id IS NOT NULL AND v.user_id IS NOT NULL AND NOT c.test AND c.direction <> 'internal';
COMMENT ON VIEW visit_deeds IS '坐席把来电人转入语音流程计为什么(坐席口径)';

-- Satisfied are the levels 非常满意, 满意 and 基本满意 (S25): 5, 4 and 3.
CREATE VIEW survey_deeds WITH (security_invoker = true) AS
SELECT s.survey_id AS thing, c.t_in, c.center_id, s.user_id, coalesce(s.queue_id, 0) AS queue_id, w.what, 0::bigint AS ms
FROM survey s JOIN call c ON c.call_id = s.call_id
CROSS JOIN LATERAL (VALUES ('push'), (CASE WHEN s.level IS NOT NULL THEN 'rated' END), (CASE WHEN s.level >= 3 THEN 'satisfied' END)) w(what)
WHERE w.what IS NOT NULL AND s.user_id IS NOT NULL AND NOT c.test;
COMMENT ON VIEW survey_deeds IS '每次满意度调查计为什么(坐席口径)';

CREATE VIEW agent_deeds WITH (security_invoker = true) AS
SELECT * FROM offer_deeds UNION ALL SELECT * FROM talk_deeds UNION ALL SELECT * FROM leg_deeds UNION ALL SELECT * FROM hold_deeds
UNION ALL SELECT * FROM acw_deeds UNION ALL SELECT * FROM call_deeds UNION ALL SELECT * FROM visit_deeds UNION ALL SELECT * FROM survey_deeds;
COMMENT ON VIEW agent_deeds IS '坐席做过的每件事(坐席语音类工作的明细)';
GRANT SELECT ON offer_deeds, talk_deeds, leg_deeds, hold_deeds, acw_deeds, call_deeds, visit_deeds, survey_deeds, agent_deeds TO hotlined_app;

-- --- the roll-up --------------------------------------------------------------------------------

CREATE TABLE rollup_agent (
    center_id integer NOT NULL REFERENCES center,
    day date NOT NULL,
    user_id integer NOT NULL,
    queue_id integer NOT NULL DEFAULT 0,
    what text NOT NULL,
    n bigint NOT NULL,
    ms bigint NOT NULL,
    most_ms bigint NOT NULL,
    least_ms bigint,
    PRIMARY KEY (center_id, day, user_id, queue_id, what)
);
COMMENT ON TABLE rollup_agent IS '坐席工作按日汇总:由事实入库时维护,与明细逐数相等';
COMMENT ON COLUMN rollup_agent.center_id IS '呼叫所属中心';
COMMENT ON COLUMN rollup_agent.day IS '呼叫进入的日期(北京时间)';
COMMENT ON COLUMN rollup_agent.user_id IS '坐席';
COMMENT ON COLUMN rollup_agent.queue_id IS '队列,0 为无(如呼出)';
COMMENT ON COLUMN rollup_agent.what IS '做了什么,见 agent_deeds';
COMMENT ON COLUMN rollup_agent.n IS '次数';
COMMENT ON COLUMN rollup_agent.ms IS '时长合计(毫秒)';
COMMENT ON COLUMN rollup_agent.most_ms IS '最长(毫秒)';
COMMENT ON COLUMN rollup_agent.least_ms IS '最短(毫秒)';
SELECT protect_table('rollup_agent');
GRANT SELECT, INSERT, UPDATE ON rollup_agent TO hotlined_app;

-- Takes what these things count for now out of the roll-up (-1) or puts it in (1). Each is looked up by its id, so that what it
-- costs does not depend on what is there. The longest and the shortest are only ever extended.
CREATE FUNCTION count_deeds(offers uuid[], talks uuid[], legs uuid[], holds uuid[], acws uuid[], calls uuid[], visits uuid[], surveys uuid[], sign integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_agent AS r (center_id, day, user_id, queue_id, what, n, ms, most_ms, least_ms)
    SELECT center_id, local_day(t_in), user_id, queue_id, what, sign * count(*), sign * sum(ms), CASE WHEN sign > 0 THEN max(ms) ELSE 0 END,
        CASE WHEN sign > 0 THEN min(ms) END
    FROM (SELECT d.* FROM unnest(offers) w(id) CROSS JOIN LATERAL (SELECT * FROM offer_deeds o WHERE o.thing = w.id) d
        UNION ALL SELECT d.* FROM unnest(talks) w(id) CROSS JOIN LATERAL (SELECT * FROM talk_deeds o WHERE o.thing = w.id) d
        UNION ALL SELECT d.* FROM unnest(legs) w(id) CROSS JOIN LATERAL (SELECT * FROM leg_deeds o WHERE o.thing = w.id) d
        UNION ALL SELECT d.* FROM unnest(holds) w(id) CROSS JOIN LATERAL (SELECT * FROM hold_deeds o WHERE o.thing = w.id) d
        UNION ALL SELECT d.* FROM unnest(acws) w(id) CROSS JOIN LATERAL (SELECT * FROM acw_deeds o WHERE o.thing = w.id) d
        UNION ALL SELECT d.* FROM unnest(calls) w(id) CROSS JOIN LATERAL (SELECT * FROM call_deeds o WHERE o.thing = w.id) d
        UNION ALL SELECT d.* FROM unnest(visits) w(id) CROSS JOIN LATERAL (SELECT * FROM visit_deeds o WHERE o.thing = w.id) d
        UNION ALL SELECT d.* FROM unnest(surveys) w(id) CROSS JOIN LATERAL (SELECT * FROM survey_deeds o WHERE o.thing = w.id) d) e
    GROUP BY center_id, local_day(t_in), user_id, queue_id, what
    ON CONFLICT (center_id, day, user_id, queue_id, what) DO UPDATE SET n = r.n + EXCLUDED.n, ms = r.ms + EXCLUDED.ms,
        most_ms = greatest(r.most_ms, EXCLUDED.most_ms), least_ms = least(r.least_ms, EXCLUDED.least_ms);
END $$;
COMMENT ON FUNCTION count_deeds(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], integer) IS '把若干事物计为坐席所做的事加入或移出按日汇总';

-- Of a batch: what ended in it. What had begun before may, told wrongly, have ended before as well: it is taken out first.
CREATE FUNCTION ended_things(things thing_facts[], begun_before boolean) RETURNS uuid[] LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT array_agg(id) FROM unnest(things) f WHERE ended IS NOT NULL AND (begun IS NULL OR NOT begun_before)
$$;
COMMENT ON FUNCTION ended_things(thing_facts[], boolean) IS '一批事实中结束的事物';

CREATE FUNCTION uncount_batch(b fact_batch) RETURNS void LANGUAGE sql AS $$
    SELECT count_deeds(ended_things(b.offers, true), ended_things(b.talks, true), NULL, ended_things(b.holds, true), NULL, ended_things(b.calls, true), NULL, NULL, -1)
$$;
COMMENT ON FUNCTION uncount_batch(fact_batch) IS '应用一批事实之前,移出其中再次结束的事物';
CREATE FUNCTION count_batch(b fact_batch) RETURNS void LANGUAGE sql AS $$
    SELECT count_deeds(ended_things(b.offers, false), ended_things(b.talks, false), (SELECT array_agg(id) FROM unnest(b.outside_legs)),
        ended_things(b.holds, false), (SELECT array_agg(id) FROM unnest(b.acws)), ended_things(b.calls, false),
        (SELECT array_agg(id) FROM unnest(b.ivr_visits) WHERE begun ? 'mode'), (SELECT array_agg(id) FROM unnest(b.ivr_visits) WHERE ended ? 'survey_asked_ms'), 1)
$$;
COMMENT ON FUNCTION count_batch(fact_batch) IS '应用一批事实之后,加入其中结束的事物';

-- As in 037, and the agents' roll-up.
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
    PERFORM rollup_add(after_it, 1);
    PERFORM count_batch(b);
END $$;

REVOKE ALL ON FUNCTION ended_things(thing_facts[], boolean), uncount_batch(fact_batch), count_batch(fact_batch) FROM PUBLIC;

-- As in 005; what it ends is counted.
CREATE OR REPLACE FUNCTION close_orphans(began timestamptz, alive timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    died timestamptz;
    calls uuid[];
    rings uuid[];
    talks uuid[];
    holds uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(12366, 1);
    SELECT at INTO died FROM fact WHERE id < uuid_floor(began) ORDER BY id DESC LIMIT 1;
    died := coalesce(greatest(died, CASE WHEN alive < began THEN alive END), began);
    SELECT coalesce(array_agg(call_id), '{}') INTO calls FROM call WHERE outcome = 'open' AND t_in < began;
    SELECT array_agg(offer_id) INTO rings FROM offer WHERE outcome = 'open' AND t_ring < began;
    SELECT array_agg(talk_id) INTO talks FROM talk WHERE t_rel IS NULL AND t_ans < began;
    SELECT array_agg(hold_id) INTO holds FROM hold WHERE t_end IS NULL AND t_start < began;
    PERFORM rollup_add(calls, -1);

    UPDATE ivr_visit SET t_end = greatest(t_start, died), exit = 'error' WHERE t_end IS NULL AND t_start < began;
    UPDATE offer SET t_ring_end = greatest(t_ring, died), outcome = 'line_lost',
        ring_ms = extract(epoch FROM greatest(t_ring, died) - t_ring) * 1000
    WHERE outcome = 'open' AND t_ring < began;
    UPDATE hold SET t_end = greatest(t_start, died) WHERE t_end IS NULL AND t_start < began;
    UPDATE talk SET t_rel = greatest(t_ans, died), released_by = 'system',
        talk_ms = extract(epoch FROM greatest(t_ans, died) - t_ans) * 1000,
        hold_ms = coalesce((SELECT sum(extract(epoch FROM h.t_end - h.t_start) * 1000)::bigint FROM hold h
                            WHERE h.call_id = talk.call_id AND h.talk_id = talk.talk_id), 0)
    WHERE t_rel IS NULL AND t_ans < began;
    UPDATE queue_visit v SET t_q_out = greatest(t_q_in, died),
        outcome = CASE WHEN EXISTS (SELECT FROM talk k WHERE k.call_id = v.call_id AND k.kind = 'inbound'
                                    AND k.t_ans >= v.t_q_in) THEN 'answered' ELSE 'lost' END,
        wait_ms = extract(epoch FROM coalesce((SELECT min(k.t_ans) FROM talk k WHERE k.call_id = v.call_id
                      AND k.kind = 'inbound' AND k.t_ans >= v.t_q_in), greatest(t_q_in, died)) - t_q_in) * 1000
    WHERE outcome = 'open' AND t_q_in < began;
    UPDATE call c SET t_end = greatest(c.t_in, died), end_reason = 'error', talk_ms = k.talk_ms, hold_ms = k.hold_ms,
        outcome = CASE WHEN k.talk_ms > 0 THEN 'answered' WHEN c.requested OR c.direction <> 'in' THEN 'lost' ELSE 'ivr_lost' END,
        wait_ms = extract(epoch FROM coalesce(k.t_ans, greatest(c.t_in, died)) - q.first_in) * 1000,
        sl_threshold_ms = coalesce(q.sl_threshold_ms, c.sl_threshold_ms),
        short_abandon_ms = coalesce(q.short_abandon_ms, c.short_abandon_ms)
    FROM unnest(calls) AS o(call_id)
    CROSS JOIN LATERAL (SELECT min(t_ans) AS t_ans, coalesce(sum(t.talk_ms), 0) AS talk_ms, coalesce(sum(t.hold_ms), 0) AS hold_ms
                        FROM talk t WHERE t.call_id = o.call_id AND t.kind IN ('inbound', 'transfer_in', 'outbound', 'internal')) k
    LEFT JOIN LATERAL (SELECT v.first_t_q_in AS first_in, v.sl_threshold_ms, v.short_abandon_ms
                       FROM queue_visit v WHERE v.call_id = o.call_id ORDER BY v.t_q_in LIMIT 1) q ON true
    WHERE c.call_id = o.call_id;
    UPDATE agent_state SET t_end = greatest(t_start, died) WHERE t_end IS NULL AND t_start < began;
    UPDATE agent_session SET t_out = greatest(t_in, died), out_reason = 'timeout' WHERE t_out IS NULL AND t_in < began;
    UPDATE recording SET state = 'failed', error = '守护进程中断,录音未正常结束' WHERE state = 'open' AND t_start < began;

    PERFORM rollup_add(calls, 1);
    PERFORM count_deeds(rings, talks, NULL, holds, NULL, calls, NULL, NULL, 1);
    RETURN cardinality(calls);
END $$;

-- What the facts of before have already.
INSERT INTO rollup_agent (center_id, day, user_id, queue_id, what, n, ms, most_ms, least_ms)
SELECT center_id, local_day(t_in), user_id, queue_id, what, count(*), sum(ms), max(ms), min(ms) FROM agent_deeds GROUP BY 1, 2, 3, 4, 5;

-- Registrations are no facts: they are counted by this index alone, from the day on which they were saved.
DROP INDEX record_time;
CREATE INDEX record_time ON record (center_id, created_at DESC, id DESC) INCLUDE (created_by, queue_id, state);

-- --- figures ------------------------------------------------------------------------------------

-- Sums between two days (both included), by agent, team, queue or center, with the total (center_id null): figures is
-- {what: [number, ms, longest, shortest]}. Teams are those the agents are in now; 0 = none, or somebody of another center.
CREATE FUNCTION agent_sums(d0 date, d1 date, only_center integer, only_team integer, only_queue integer, only_users integer[], per text, source text)
RETURNS TABLE (center_id integer, id integer, figures jsonb) LANGUAGE sql STABLE AS $$
    SELECT w.by_center, w.by_id, jsonb_object_agg(w.what, jsonb_build_array(w.n, w.ms, w.most_ms, w.least_ms))
    FROM (SELECT f.by_center, f.by_id, f.what, sum(f.n) AS n, sum(f.ms) AS ms, max(f.most_ms) AS most_ms, min(f.least_ms) AS least_ms
        FROM (SELECT r.what, r.n, r.ms, r.most_ms, r.least_ms, r.center_id AS by_center,
                CASE per WHEN 'agent' THEN r.user_id WHEN 'queue' THEN r.queue_id WHEN 'team' THEN coalesce(u.team_id, 0) ELSE 0 END AS by_id
            FROM (SELECT a.center_id, a.user_id, a.queue_id, a.what, a.n, a.ms, a.most_ms, a.least_ms
                FROM rollup_agent a WHERE source = 'rollup' AND a.day BETWEEN d0 AND d1
                UNION ALL
                SELECT a.center_id, a.user_id, a.queue_id, a.what, 1, a.ms, a.ms, a.ms
                FROM agent_deeds a WHERE source = 'facts' AND a.t_in >= local_midnight(d0) AND a.t_in < local_midnight(d1 + 1)
                  AND a.thing >= uuid_floor(local_midnight(d0) - interval '1 day')
                UNION ALL
                SELECT c.center_id, c.created_by, coalesce(c.queue_id, 0), 'record', 1, 0, 0, 0
                FROM record c WHERE c.created_at >= local_midnight(d0) AND c.created_at < local_midnight(d1 + 1)
                  AND c.state NOT IN ('draft', 'void') AND c.created_by IS NOT NULL) r
            LEFT JOIN app_user u ON u.id = r.user_id AND u.center_id = r.center_id
            WHERE (only_center IS NULL OR r.center_id = only_center) AND (only_queue IS NULL OR r.queue_id = only_queue)
              AND (only_team IS NULL OR u.team_id = only_team) AND (only_users IS NULL OR r.user_id = ANY (only_users))) f
        GROUP BY GROUPING SETS ((f.by_center, f.by_id, f.what), (f.what))) w
    GROUP BY w.by_center, w.by_id
$$;
COMMENT ON FUNCTION agent_sums(date, date, integer, integer, integer, integer[], text, text) IS '坐席工作合计，按坐席、班组、队列或中心，含总计';

CREATE FUNCTION deed(figures jsonb, what text, place integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce((figures->what->>place)::numeric, 0)
$$;
COMMENT ON FUNCTION deed(jsonb, text, integer) IS '坐席工作合计中的一个数：0 次数、1 时长、2 最长、3 最短';

-- A row of RPT-17 from sums; a total row is the same function of the total's sums (E6).
CREATE FUNCTION agent_figures(s jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'offers', offers, 'ans', deed(s, 'ans', 0), 'ans_rate', percent(taken - deed(s, 'mute', 0), offers - gone), 'no_talk', deed(s, 'mute', 0),
        'rona', rona, 'rona_rate', percent(rona, offers - gone), 'ring_reject', deed(s, 'rejected', 0),
        'ab_ring_T_in', deed(s, 'left_soon', 0), 'ab_ring_T_out', deed(s, 'left_late', 0), 'ring_other', deed(s, 'elsewhere', 0),
        'avg_ring', seconds(deed(s, 'taken', 1), taken),
        'talk_sum', seconds(talk_ms + deed(s, 'out_ans', 1), 1), 'att', seconds(talk_ms, answered),
        'max_talk', seconds(greatest(deed(s, 'ans', 2), deed(s, 'xfer_in', 2)), least(answered, 1)),
        'min_talk', seconds(least((s->'ans'->>3)::numeric, (s->'xfer_in'->>3)::numeric), least(answered, 1)))
    || jsonb_build_object(
        'hold_cnt', deed(s, 'hold', 0), 'hold_sum', seconds(deed(s, 'hold', 1), 1), 'hold_avg', seconds(deed(s, 'hold', 1), deed(s, 'hold', 0)),
        'consult_wait', seconds(deed(s, 'aside', 1), 1),
        'acw_cnt', acw, 'acw_sum', seconds(acw_ms, 1), 'acw_avg', seconds(acw_ms, acw), 'aht', seconds(talk_ms + deed(s, 'acw_in', 1), answered),
        'out', deed(s, 'out', 0), 'out_ans', deed(s, 'out_ans', 0), 'out_rate', percent(deed(s, 'out_ans', 0), deed(s, 'out', 0)),
        'out_talk', seconds(deed(s, 'out_ans', 1), 1),
        'internal', deed(s, 'internal', 0), 'help', deed(s, 'help', 0), 'conf', deed(s, 'conf', 0),
        'xfer_in', deed(s, 'xfer_in', 0), 'xfer_talk', seconds(deed(s, 'xfer_in', 1), 1), 'xfer_out', deed(s, 'xfer_out', 0) - deed(s, 'back', 0),
        'to_ivr', deed(s, 'to_ivr', 0), 'agent_release', deed(s, 'let_go', 0) - deed(s, 'sent', 0), 'records', deed(s, 'record', 0),
        'push', deed(s, 'push', 0), 'rated', deed(s, 'rated', 0), 'sat_rate', percent(deed(s, 'satisfied', 0), deed(s, 'rated', 0)),
        'check', offers - taken - rona - gone - deed(s, 'rejected', 0) - deed(s, 'elsewhere', 0))
    FROM (SELECT deed(s, 'offer', 0) AS offers, deed(s, 'taken', 0) AS taken, deed(s, 'rona', 0) AS rona, deed(s, 'left_soon', 0) + deed(s, 'left_late', 0) AS gone,
            deed(s, 'ans', 0) + deed(s, 'xfer_in', 0) AS answered, deed(s, 'ans', 1) + deed(s, 'xfer_in', 1) + deed(s, 'back', 1) AS talk_ms,
            deed(s, 'acw_in', 0) + deed(s, 'acw_out', 0) AS acw, deed(s, 'acw_in', 1) + deed(s, 'acw_out', 1) AS acw_ms) x
$$;
COMMENT ON FUNCTION agent_figures(jsonb) IS '坐席语音类工作情况的一行';

-- What the leader's page shows of an agent's day: callers he talked with, numbers he called that answered, the time of both.
CREATE FUNCTION agent_day(home integer, target integer, of_day date) RETURNS TABLE (answered bigint, out_ans bigint, talk_ms bigint) LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(r.n) FILTER (WHERE r.what IN ('ans', 'xfer_in')), 0)::bigint, coalesce(sum(r.n) FILTER (WHERE r.what = 'out_ans'), 0)::bigint,
        coalesce(sum(r.ms), 0)::bigint
    FROM rollup_agent r
    WHERE r.center_id = home AND r.day = of_day AND r.user_id = target AND r.what IN ('ans', 'xfer_in', 'back', 'out_ans')
$$;
COMMENT ON FUNCTION agent_day(integer, integer, date) IS '一名坐席在本中心某日的接听、呼出接通数与通话时长，即坐席语音类工作情况统计表中的数';
DROP FUNCTION agent_talk_sums(integer, integer, timestamptz, timestamptz);

-- A report names who took a call over, also somebody of the region whom the city does not see.
CREATE FUNCTION agent_shown(target integer) RETURNS TABLE (agent_no text, name text, home integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.agent_no, u.name, u.center_id FROM app_user u JOIN center c ON c.id = u.center_id
    WHERE u.id = target AND (c.kind = 'regional' OR u.center_id = ANY ((SELECT app_centers())::integer[]))
$$;
COMMENT ON FUNCTION agent_shown(integer) IS '报表中显示的坐席:本中心及自治区中心人员';
