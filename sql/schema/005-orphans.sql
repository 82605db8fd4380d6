-- close_orphans: what a process left open when it died is closed by the next one.
--
-- When the old one died: the daemon notes every second that it lives ($2, null = not known); what it journalled
-- last may be later. There open talks, offers, visits and calls end, never before they began. What the call is
-- called follows from what was journalled: a talk makes it answered, a request for a person lost,
-- anything else ivr_lost.
CREATE FUNCTION close_orphans(began timestamptz, alive timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    died timestamptz;
    calls uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(12366, 1);
    SELECT at INTO died FROM fact WHERE id < uuid_floor(began) ORDER BY id DESC LIMIT 1;
    died := coalesce(greatest(died, CASE WHEN alive < began THEN alive END), began);
    SELECT coalesce(array_agg(call_id), '{}') INTO calls FROM call WHERE outcome = 'open' AND t_in < began;
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
    RETURN cardinality(calls);
END $$;
COMMENT ON FUNCTION close_orphans(timestamptz, timestamptz) IS '关闭上一进程遗留的呼叫、排队、振铃、通话、签入与录音';
