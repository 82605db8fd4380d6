-- Summaries of calls (CC-06) in RPT-01 and by name in the call log.

-- Under which summary a call stands: its code; '' talked to an agent and has none; null never reached an
-- agent or is still under way, so that there is nothing to sum up.
CREATE FUNCTION wrap_up_key(code text, outcome text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(code, CASE outcome WHEN 'answered' THEN '' END)
$$;
COMMENT ON FUNCTION wrap_up_key(text, text) IS '通话归入的小结类型，空串为未小结，空值为未接通或处理中';

-- One line of the call log; the name of a code that is there no more is the code.
CREATE OR REPLACE FUNCTION call_item(c call, reveal boolean) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('call_id', c.call_id, 'center_id', c.center_id,
        'center_name', (SELECT name FROM center WHERE id = c.center_id),
        'direction', c.direction, 'source', c.source, 'info_source', c.info_source, 'unit_type', c.unit_type,
        'caller_no', mask_number(c.caller_no, reveal), 'caller_place', c.caller_place, 'caller_city', c.caller_city,
        'called_no', c.called_no, 'entry_code', c.entry_code, 'global_call_id', c.global_call_id,
        't_in', iso(c.t_in), 't_ans', iso(c.t_ans), 't_end', iso(c.t_end),
        'queue_name', coalesce((SELECT name FROM queue WHERE id = c.first_queue_id), ''),
        'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
        'wait_ms', c.wait_ms, 'talk_ms', c.talk_ms, 'outcome', c.outcome, 'end_reason', c.end_reason,
        'has_recording', EXISTS (SELECT FROM recording r WHERE r.call_id = c.call_id AND r.state <> 'deleted'),
        'record_id', d.id, 'record_no', d.record_no, 'wrap_up_code', c.wrap_up_code, 'wrap_up_note', c.wrap_up_note,
        'wrap_up_name', coalesce((SELECT w.name FROM wrap_up_code w WHERE w.center_id = c.center_id AND w.code = c.wrap_up_code), c.wrap_up_code))
    FROM (SELECT) one
    LEFT JOIN app_user u ON u.id = c.user_id
    LEFT JOIN LATERAL (SELECT id, record_no FROM record WHERE call_id = c.call_id ORDER BY created_at LIMIT 1) d ON true
$$;

-- Sums of either source between two moments, by center, by queue or by summary, with the total (center_id null).
-- The roll-up knows no summaries: what asks for them is counted from the facts. By summary all centers are one:
-- center_id and queue_id are 0.
DROP FUNCTION voice_sums(timestamptz, timestamptz, integer, integer, text, text, text);
CREATE FUNCTION voice_sums(t0 timestamptz, t1 timestamptz, only_center integer, only_queue integer,
    only_unit text, only_code text, per text, source text)
    RETURNS TABLE (center_id integer, queue_id integer, code text, figures rollup_voice) LANGUAGE sql STABLE AS $$
    SELECT f.by_center, f.by_queue, f.by_code, ROW(NULL, f.by_center, per, f.by_queue, NULL,
            sum(f.n_in)::bigint, sum(f.blocked)::bigint, sum(f.ivr_self)::bigint,
            sum(f.ivr_abandon)::bigint, sum(f.ivr_lost)::bigint, sum(f.closed)::bigint, sum(f.req)::bigint,
            sum(f.req_open)::bigint, sum(f.ans)::bigint, sum(f.ans_15)::bigint, sum(f.ans_t)::bigint,
            sum(f.ab_queue)::bigint, sum(f.ab_ring)::bigint, sum(f.ab_short)::bigint, sum(f.ab_t)::bigint,
            sum(f.flow_vm)::bigint, sum(f.flow_cb)::bigint, sum(f.flow_bot)::bigint,
            sum(f.flow_ext)::bigint, sum(f.flow_t)::bigint, sum(f.lost)::bigint, sum(f.n_open)::bigint,
            sum(f.overflow_out)::bigint, sum(f.moved_out)::bigint, sum(f.door_out)::bigint,
            sum(f.wait_ans_ms)::bigint, sum(f.wait_ab_ms)::bigint, sum(f.wait_short_ms)::bigint,
            max(f.max_wait_ms)::bigint, sum(f.talk_ms)::bigint, sum(f.acw_ms)::bigint, sum(f.n_out)::bigint,
            sum(f.out_ans)::bigint, sum(f.xin_12366)::bigint, sum(f.xin_city)::bigint,
            sum(f.xout_12366)::bigint, sum(f.xout_city)::bigint)::rollup_voice
    FROM (SELECT r.*, CASE per WHEN 'wrap_up' THEN 0 ELSE r.center_id END AS by_center,
            CASE per WHEN 'queue' THEN r.queue_id ELSE 0 END AS by_queue,
            CASE per WHEN 'wrap_up' THEN r.code ELSE '' END AS by_code
        FROM (SELECT center_id, queue_id, unit_type, NULL::text AS code,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city
            FROM rollup_voice
            WHERE source = 'rollup' AND per <> 'wrap_up' AND only_code IS NULL AND level = per AND bucket >= t0 AND bucket < t1
            UNION ALL
            SELECT center_id, queue_id, unit_type, k.code,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city
            FROM call_figures
            JOIN (SELECT c.call_id, wrap_up_key(c.wrap_up_code, c.outcome) AS code FROM call c WHERE c.t_in >= t0 AND c.t_in < t1) k USING (call_id)
            WHERE (source = 'facts' OR per = 'wrap_up' OR only_code IS NOT NULL) AND per <> 'queue' AND t_in >= t0 AND t_in < t1
            UNION ALL
            SELECT center_id, queue_id, unit_type, k.code,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city
            FROM visit_figures
            JOIN (SELECT c.call_id, wrap_up_key(c.wrap_up_code, c.outcome) AS code FROM call c WHERE c.t_in >= t0 AND c.t_in < t1) k USING (call_id)
            WHERE (source = 'facts' OR only_code IS NOT NULL) AND per = 'queue' AND t_in >= t0 AND t_in < t1) r
        WHERE (only_center IS NULL OR r.center_id = only_center)
          AND (only_queue IS NULL OR r.queue_id = only_queue)
          AND (only_unit IS NULL OR r.unit_type = only_unit)
          AND (only_code IS NULL OR r.code = only_code)) f
    GROUP BY GROUPING SETS ((f.by_center, f.by_queue, f.by_code), ())
$$;
COMMENT ON FUNCTION voice_sums(timestamptz, timestamptz, integer, integer, text, text, text, text) IS '语音服务计数合计，按中心、队列或小结类型，含总计';
