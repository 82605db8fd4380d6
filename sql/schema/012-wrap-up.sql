-- Summaries of calls (CC-06) in RPT-01 and by name in the call log.

-- Under which summary a call stands: its code; '' talked to an agent and has none; null never reached an
-- agent or is still under way, so that there is nothing to sum up.
CREATE FUNCTION wrap_up_key(code text, outcome text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(code, CASE outcome WHEN 'answered' THEN '' END)
$$;
COMMENT ON FUNCTION wrap_up_key(text, text) IS '通话归入的小结类型，空串为未小结，空值为未接通或处理中';

-- The figures of 003 with the summary their call stands under; nothing else is changed.
CREATE OR REPLACE VIEW call_figures WITH (security_invoker = true) AS
SELECT c.call_id, date_bin('5 minutes', c.t_in, '2000-01-01Z') AS bucket, c.t_in, c.center_id,
    'call'::text AS level, coalesce(c.first_queue_id, 0) AS queue_id, c.unit_type,
    (i AND outcome <> 'blocked')::integer AS n_in,
    (i AND outcome = 'blocked')::integer AS blocked,
    (i AND outcome = 'ivr_self')::integer AS ivr_self,
    (i AND outcome = 'ivr_abandon')::integer AS ivr_abandon,
    (i AND outcome = 'ivr_lost')::integer AS ivr_lost,
    (i AND outcome = 'closed')::integer AS closed,
    (i AND requested)::integer AS req,
    (i AND requested AND outcome = 'open')::integer AS req_open,
    (i AND outcome = 'answered')::integer AS ans,
    (i AND outcome = 'answered' AND wait <= 15000)::integer AS ans_15,
    (i AND outcome = 'answered' AND wait <= t)::integer AS ans_t,
    (i AND outcome = 'ab_queue')::integer AS ab_queue,
    (i AND outcome = 'ab_ring')::integer AS ab_ring,
    (i AND ab AND s > 0 AND wait <= s)::integer AS ab_short,
    (i AND ab AND wait <= t)::integer AS ab_t,
    (i AND outcome = 'flow_vm')::integer AS flow_vm,
    (i AND outcome = 'flow_cb')::integer AS flow_cb,
    (i AND outcome = 'flow_bot')::integer AS flow_bot,
    (i AND outcome = 'flow_ext')::integer AS flow_ext,
    (i AND outcome LIKE 'flow%' AND wait <= t)::integer AS flow_t,
    (i AND outcome = 'lost')::integer AS lost,
    (i AND outcome = 'open')::integer AS n_open,
    0 AS overflow_out, 0 AS moved_out, 0 AS door_out,
    CASE WHEN i AND outcome = 'answered' THEN wait ELSE 0 END AS wait_ans_ms,
    CASE WHEN i AND ab THEN wait ELSE 0 END AS wait_ab_ms,
    CASE WHEN i AND ab AND s > 0 AND wait <= s THEN wait ELSE 0 END AS wait_short_ms,
    CASE WHEN i AND (ab OR outcome IN ('answered', 'lost')) THEN wait ELSE 0 END AS max_wait_ms,
    CASE WHEN i AND outcome = 'answered' THEN c.talk_ms ELSE 0 END AS talk_ms,
    CASE WHEN i AND outcome = 'answered' THEN c.acw_ms ELSE 0 END AS acw_ms,
    (c.direction = 'out')::integer AS n_out,
    (c.direction = 'out' AND outcome = 'answered')::integer AS out_ans,
    (i AND outcome <> 'blocked' AND c.unit_type = 'from_12366')::integer AS xin_12366,
    (i AND outcome <> 'blocked' AND c.unit_type = 'from_city')::integer AS xin_city,
    coalesce(i AND c.moved_to = 'r12366', false)::integer AS xout_12366,
    coalesce(i AND c.moved_to = 'city', false)::integer AS xout_city,
    wrap_up_key(c.wrap_up_code, c.outcome) AS wrap_up
FROM call c
CROSS JOIN LATERAL (SELECT c.direction = 'in' AS i, c.outcome IN ('ab_queue', 'ab_ring') AS ab,
    coalesce(c.wait_ms, 0) AS wait, c.sl_threshold_ms AS t, c.short_abandon_ms AS s) x
WHERE NOT c.test AND c.direction <> 'internal';

CREATE OR REPLACE VIEW visit_figures WITH (security_invoker = true) AS
SELECT v.call_id, date_bin('5 minutes', c.t_in, '2000-01-01Z') AS bucket, c.t_in, v.center_id,
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
        WHERE k.call_id = v.call_id AND k.queue_id = v.queue_id
          AND k.kind IN ('inbound', 'transfer_in')) END, 0)::bigint AS talk_ms,
    coalesce(CASE WHEN is_first THEN (SELECT sum(a.acw_ms) FROM acw a
        WHERE a.call_id = v.call_id AND a.queue_id = v.queue_id) END, 0)::bigint AS acw_ms,
    0 AS n_out, 0 AS out_ans, 0 AS xin_12366, 0 AS xin_city, 0 AS xout_12366, 0 AS xout_city,
    wrap_up_key(c.wrap_up_code, c.outcome) AS wrap_up
FROM queue_visit v
JOIN call c ON c.call_id = v.call_id
CROSS JOIN LATERAL (SELECT v.outcome IN ('ab_queue', 'ab_ring') AS ab,
    coalesce(v.wait_ms, 0) AS wait, v.sl_threshold_ms AS t, v.short_abandon_ms AS s,
    v.outcome = 'answered' AND NOT EXISTS (SELECT FROM queue_visit e
        WHERE e.call_id = v.call_id AND e.queue_id + 0 = v.queue_id AND e.outcome = 'answered' -- + 0: by call, never by queue and time
          AND (e.t_q_in, e.visit_id) < (v.t_q_in, v.visit_id)) AS is_first) x
WHERE NOT c.test AND c.direction = 'in'
UNION ALL
SELECT d.call_id, date_bin('5 minutes', c.t_in, '2000-01-01Z'), c.t_in, d.center_id, 'queue', d.queue_id,
    c.unit_type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, wrap_up_key(c.wrap_up_code, c.outcome)
FROM door_refusal d
JOIN call c ON c.call_id = d.call_id
WHERE NOT c.test AND c.direction = 'in';

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
            CASE per WHEN 'wrap_up' THEN r.wrap_up ELSE '' END AS by_code
        FROM (SELECT center_id, queue_id, unit_type, NULL::text AS wrap_up,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city
            FROM rollup_voice
            WHERE source = 'rollup' AND per <> 'wrap_up' AND only_code IS NULL AND level = per AND bucket >= t0 AND bucket < t1
            UNION ALL
            SELECT center_id, queue_id, unit_type, wrap_up,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city
            FROM call_figures
            WHERE (source = 'facts' OR per = 'wrap_up' OR only_code IS NOT NULL) AND per <> 'queue' AND t_in >= t0 AND t_in < t1
            UNION ALL
            SELECT center_id, queue_id, unit_type, wrap_up,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city
            FROM visit_figures
            WHERE (source = 'facts' OR only_code IS NOT NULL) AND per = 'queue' AND t_in >= t0 AND t_in < t1) r
        WHERE (only_center IS NULL OR r.center_id = only_center)
          AND (only_queue IS NULL OR r.queue_id = only_queue)
          AND (only_unit IS NULL OR r.unit_type = only_unit)
          AND (only_code IS NULL OR r.wrap_up = only_code)) f
    GROUP BY GROUPING SETS ((f.by_center, f.by_queue, f.by_code), ())
$$;
COMMENT ON FUNCTION voice_sums(timestamptz, timestamptz, integer, integer, text, text, text, text) IS '语音服务计数合计，按中心、队列或小结类型，含总计';
