-- A call counts as moved to another center where it was sent from, when the far side has really taken it: whoever asked there
-- for advice or help has moved nothing, nor has a call that came back. Said by the sender's own leg, because the receiver's
-- call may be in another system's database (XFER-01, XFER-02; columns 转12366 and 转地市).

ALTER TABLE outside_leg DROP CONSTRAINT outside_leg_purpose_check;
ALTER TABLE outside_leg ADD CONSTRAINT outside_leg_purpose_check CHECK (purpose IN ('consult', 'help', 'pass', 'flow', 'bot')),
    ADD COLUMN to_center text NOT NULL DEFAULT '';
COMMENT ON COLUMN outside_leg.purpose IS '用途：磋商、求助、转接、流程、语音机器人';
COMMENT ON COLUMN outside_leg.to_center IS '对方中心的代码，空为外部号码';

DROP FUNCTION legs_left(call_change[]);
DROP FUNCTION mark_moved(call_change[]);

-- Which center and agent sent a call stays with it (XFER-13).
CREATE FUNCTION note_senders(passed_on call_change[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    UPDATE call o SET from_center = c.begun->>'from_center', from_agent_no = coalesce(c.begun->>'from_agent_no', '')
    FROM unnest(passed_on) c
    WHERE o.call_id = c.call_id AND c.begun->>'from_center' <> '';
END $$;
COMMENT ON FUNCTION note_senders(call_change[]) IS '记录来电由哪个中心、哪位坐席转来';

-- The calls that these legs took to other centers.
CREATE FUNCTION calls_moved(legs thing_facts[]) RETURNS uuid[] LANGUAGE sql STRICT AS $$
    SELECT array_agg(DISTINCT (begun->>'call_id')::uuid) FROM unnest(legs)
    WHERE (begun->>'passed')::boolean AND begun->>'to_center' <> ''
$$;
COMMENT ON FUNCTION calls_moved(thing_facts[]) IS '一批事实中转往其他中心的呼叫';

CREATE FUNCTION mark_moved(legs thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    UPDATE call o SET moved_to = CASE t.kind WHEN 'regional' THEN 'r12366' ELSE 'city' END
    FROM (SELECT DISTINCT ON ((begun->>'call_id')) (begun->>'call_id')::uuid AS call_id, begun->>'to_center' AS code FROM unnest(legs)
          WHERE (begun->>'passed')::boolean AND begun->>'to_center' <> '' ORDER BY (begun->>'call_id'), n DESC) l
    JOIN center t ON t.code = l.code
    WHERE o.call_id = l.call_id;
END $$;
COMMENT ON FUNCTION mark_moved(thing_facts[]) IS '标记转往其他中心的呼叫';

CREATE OR REPLACE FUNCTION apply_outside_legs(legs thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO outside_leg (reach_id, center_id, call_id, purpose, user_id, number, trunk_id, t_start, t_ans, t_end, talk_ms, outcome,
        released_by, joined, passed, to_center, bot_peer_id, bot_result, bot_rounds, bot_intent, bot_summary)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, begun->>'purpose', (begun->>'user_id')::integer, coalesce(begun->>'number', ''),
        (begun->>'trunk_id')::integer, ms_time((begun->>'t_start_ms')::bigint), ms_time((begun->>'t_ans_ms')::bigint),
        ms_time((begun->>'t_end_ms')::bigint), coalesce((begun->>'talk_ms')::bigint, 0), begun->>'outcome', begun->>'released_by',
        coalesce((begun->>'joined')::boolean, false), coalesce((begun->>'passed')::boolean, false), coalesce(begun->>'to_center', ''),
        (begun->>'bot_peer_id')::integer, begun->>'bot_result', (begun->>'bot_rounds')::integer, begun->>'bot_intent', begun->>'bot_summary'
    FROM unnest(legs) f;
END $$;

-- As in 025, but a call that was moved is known by its own leg.
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
END $$;

REVOKE ALL ON FUNCTION note_senders(call_change[]), calls_moved(thing_facts[]), mark_moved(thing_facts[]) FROM PUBLIC;
