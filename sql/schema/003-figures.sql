-- Figures: what one call, one queue visit and one door refusal count for. Reports read these views;
-- the roll-up is kept as their sum, so both give the same figure by construction. A row is what
-- kpi column it adds to, 0 or 1, and times in ms. Rules: docs/database.md, "What counts as what".

CREATE VIEW call_figures WITH (security_invoker = true) AS
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
    coalesce(i AND c.moved_to = 'city', false)::integer AS xout_city
FROM call c
CROSS JOIN LATERAL (SELECT c.direction = 'in' AS i, c.outcome IN ('ab_queue', 'ab_ring') AS ab,
    coalesce(c.wait_ms, 0) AS wait, c.sl_threshold_ms AS t, c.short_abandon_ms AS s) x
WHERE NOT c.test AND c.direction <> 'internal';
COMMENT ON VIEW call_figures IS '每个呼叫在语音服务指标中的计数(呼叫口径)';

-- A visit lies where its call lies (at t_in), so that ranges add up. Talk and wrap-up of a call in
-- one queue are counted once, with the first answered visit there.
CREATE VIEW visit_figures WITH (security_invoker = true) AS
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
    0 AS n_out, 0 AS out_ans, 0 AS xin_12366, 0 AS xin_city, 0 AS xout_12366, 0 AS xout_city
FROM queue_visit v
JOIN call c ON c.call_id = v.call_id
CROSS JOIN LATERAL (SELECT v.outcome IN ('ab_queue', 'ab_ring') AS ab,
    coalesce(v.wait_ms, 0) AS wait, v.sl_threshold_ms AS t, v.short_abandon_ms AS s,
    v.outcome = 'answered' AND NOT EXISTS (SELECT FROM queue_visit e
        WHERE e.call_id = v.call_id AND e.queue_id = v.queue_id AND e.outcome = 'answered'
          AND (e.t_q_in, e.visit_id) < (v.t_q_in, v.visit_id)) AS is_first) x
WHERE NOT c.test AND c.direction = 'in'
UNION ALL
SELECT d.call_id, date_bin('5 minutes', c.t_in, '2000-01-01Z'), c.t_in, d.center_id, 'queue', d.queue_id,
    c.unit_type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
FROM door_refusal d
JOIN call c ON c.call_id = d.call_id
WHERE NOT c.test AND c.direction = 'in';
COMMENT ON VIEW visit_figures IS '每次排队与门口拒绝在语音服务指标中的计数(排队口径)';

-- Takes what these calls count for now out of the roll-up (-1) or puts it in (1). A longest wait
-- is known once, when the call ends, so it is only ever raised.
CREATE FUNCTION rollup_add(calls uuid[], sign integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO rollup_voice AS r (bucket, center_id, level, queue_id, unit_type,
        n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15, ans_t,
        ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext, flow_t, lost, n_open,
        overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms, wait_short_ms, max_wait_ms, talk_ms,
        acw_ms, n_out, out_ans, xin_12366, xin_city, xout_12366, xout_city)
    SELECT bucket, center_id, level, queue_id, unit_type,
        sign * sum(n_in), sign * sum(blocked), sign * sum(ivr_self), sign * sum(ivr_abandon),
        sign * sum(ivr_lost), sign * sum(closed), sign * sum(req), sign * sum(req_open),
        sign * sum(ans), sign * sum(ans_15), sign * sum(ans_t), sign * sum(ab_queue),
        sign * sum(ab_ring), sign * sum(ab_short), sign * sum(ab_t), sign * sum(flow_vm),
        sign * sum(flow_cb), sign * sum(flow_bot), sign * sum(flow_ext), sign * sum(flow_t),
        sign * sum(lost), sign * sum(n_open), sign * sum(overflow_out), sign * sum(moved_out),
        sign * sum(door_out), sign * sum(wait_ans_ms), sign * sum(wait_ab_ms),
        sign * sum(wait_short_ms), CASE WHEN sign > 0 THEN max(max_wait_ms) ELSE 0 END,
        sign * sum(talk_ms), sign * sum(acw_ms), sign * sum(n_out), sign * sum(out_ans),
        sign * sum(xin_12366), sign * sum(xin_city), sign * sum(xout_12366), sign * sum(xout_city)
    FROM (SELECT * FROM call_figures WHERE call_id = ANY (calls)
          UNION ALL SELECT * FROM visit_figures WHERE call_id = ANY (calls)) f
    GROUP BY bucket, center_id, level, queue_id, unit_type
    ON CONFLICT (center_id, level, bucket, queue_id, unit_type) DO UPDATE SET
        n_in = r.n_in + EXCLUDED.n_in, blocked = r.blocked + EXCLUDED.blocked,
        ivr_self = r.ivr_self + EXCLUDED.ivr_self, ivr_abandon = r.ivr_abandon + EXCLUDED.ivr_abandon,
        ivr_lost = r.ivr_lost + EXCLUDED.ivr_lost, closed = r.closed + EXCLUDED.closed,
        req = r.req + EXCLUDED.req, req_open = r.req_open + EXCLUDED.req_open,
        ans = r.ans + EXCLUDED.ans, ans_15 = r.ans_15 + EXCLUDED.ans_15,
        ans_t = r.ans_t + EXCLUDED.ans_t, ab_queue = r.ab_queue + EXCLUDED.ab_queue,
        ab_ring = r.ab_ring + EXCLUDED.ab_ring, ab_short = r.ab_short + EXCLUDED.ab_short,
        ab_t = r.ab_t + EXCLUDED.ab_t, flow_vm = r.flow_vm + EXCLUDED.flow_vm,
        flow_cb = r.flow_cb + EXCLUDED.flow_cb, flow_bot = r.flow_bot + EXCLUDED.flow_bot,
        flow_ext = r.flow_ext + EXCLUDED.flow_ext, flow_t = r.flow_t + EXCLUDED.flow_t,
        lost = r.lost + EXCLUDED.lost, n_open = r.n_open + EXCLUDED.n_open,
        overflow_out = r.overflow_out + EXCLUDED.overflow_out,
        moved_out = r.moved_out + EXCLUDED.moved_out, door_out = r.door_out + EXCLUDED.door_out,
        wait_ans_ms = r.wait_ans_ms + EXCLUDED.wait_ans_ms,
        wait_ab_ms = r.wait_ab_ms + EXCLUDED.wait_ab_ms,
        wait_short_ms = r.wait_short_ms + EXCLUDED.wait_short_ms,
        max_wait_ms = greatest(r.max_wait_ms, EXCLUDED.max_wait_ms),
        talk_ms = r.talk_ms + EXCLUDED.talk_ms, acw_ms = r.acw_ms + EXCLUDED.acw_ms,
        n_out = r.n_out + EXCLUDED.n_out, out_ans = r.out_ans + EXCLUDED.out_ans,
        xin_12366 = r.xin_12366 + EXCLUDED.xin_12366, xin_city = r.xin_city + EXCLUDED.xin_city,
        xout_12366 = r.xout_12366 + EXCLUDED.xout_12366, xout_city = r.xout_city + EXCLUDED.xout_city
$$;
COMMENT ON FUNCTION rollup_add(uuid[], integer) IS '把若干呼叫的计数加入或移出五分钟汇总';

GRANT SELECT ON call_figures, visit_figures TO hotlined_app;
