-- How many callers overflowed into a queue, beside those who overflowed out of it (ACD-02: in and out counted for each group).
-- Views and functions are those of 006, 012, 014 and 018 with this one figure more.

ALTER TABLE rollup_voice ADD COLUMN overflow_in bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN rollup_voice.overflow_in IS '自其他队列溢入(排队口径)';

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
    wrap_up_key(c.wrap_up_code, c.outcome) AS wrap_up, 0 AS overflow_in
FROM call c
CROSS JOIN LATERAL (SELECT c.direction = 'in' AS i, c.outcome IN ('ab_queue', 'ab_ring') AS ab,
    coalesce(c.wait_ms, 0) AS wait, c.sl_threshold_ms AS t, c.short_abandon_ms AS s) x
WHERE NOT c.test AND c.direction <> 'internal';

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
    wrap_up_key(c.wrap_up_code, c.outcome) AS wrap_up,
    -- what overflowed out of a queue came into the next one in that moment
    EXISTS (SELECT FROM queue_visit e WHERE e.call_id = v.call_id AND e.visit_id BETWEEN m.first AND m.last
        AND e.outcome = 'overflow_out' AND e.t_q_out = v.t_q_in AND (e.t_q_in, e.visit_id) < (v.t_q_in, v.visit_id))::integer AS overflow_in
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
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, wrap_up_key(c.wrap_up_code, c.outcome), 0
FROM call c
CROSS JOIN LATERAL call_month(c.t_in) AS m
CROSS JOIN LATERAL (SELECT * FROM door_refusal r WHERE r.call_id = c.call_id AND r.refusal_id BETWEEN m.first AND m.last OFFSET 0) d
WHERE NOT c.test AND c.direction = 'in';

CREATE OR REPLACE FUNCTION rollup_add(calls uuid[], sign integer) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO rollup_voice AS r (bucket, center_id, level, queue_id, unit_type,
        n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15, ans_t,
        ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext, flow_t, lost, n_open,
        overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms, wait_short_ms, max_wait_ms, talk_ms,
        acw_ms, n_out, out_ans, xin_12366, xin_city, xout_12366, xout_city, overflow_in)
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
        sign * sum(xin_12366), sign * sum(xin_city), sign * sum(xout_12366), sign * sum(xout_city), sign * sum(overflow_in)
    FROM unnest(calls) AS w(id)
    CROSS JOIN LATERAL (SELECT * FROM call_figures c WHERE c.call_id = w.id
                        UNION ALL SELECT * FROM visit_figures v WHERE v.call_id = w.id) f
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
        xout_12366 = r.xout_12366 + EXCLUDED.xout_12366, xout_city = r.xout_city + EXCLUDED.xout_city,
        overflow_in = r.overflow_in + EXCLUDED.overflow_in;
END $$;

CREATE OR REPLACE FUNCTION voice_sums(t0 timestamptz, t1 timestamptz, only_center integer, only_queue integer,
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
            sum(f.xout_12366)::bigint, sum(f.xout_city)::bigint, sum(f.overflow_in)::bigint)::rollup_voice
    FROM (SELECT r.*, CASE per WHEN 'wrap_up' THEN 0 ELSE r.center_id END AS by_center,
            CASE per WHEN 'queue' THEN r.queue_id ELSE 0 END AS by_queue,
            CASE per WHEN 'wrap_up' THEN r.wrap_up ELSE '' END AS by_code
        FROM (SELECT center_id, queue_id, unit_type, NULL::text AS wrap_up,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city, overflow_in
            FROM rollup_voice
            WHERE source = 'rollup' AND per <> 'wrap_up' AND only_code IS NULL AND level = per AND bucket >= t0 AND bucket < t1
            UNION ALL
            SELECT center_id, queue_id, unit_type, wrap_up,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city, overflow_in
            FROM call_figures
            WHERE (source = 'facts' OR per = 'wrap_up' OR only_code IS NOT NULL) AND per <> 'queue' AND t_in >= t0 AND t_in < t1
            UNION ALL
            SELECT center_id, queue_id, unit_type, wrap_up,
                n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                xout_12366, xout_city, overflow_in
            FROM visit_figures
            WHERE (source = 'facts' OR only_code IS NOT NULL) AND per = 'queue' AND t_in >= t0 AND t_in < t1) r
        WHERE (only_center IS NULL OR r.center_id = only_center)
          AND (only_queue IS NULL OR r.queue_id = only_queue)
          AND (only_unit IS NULL OR r.unit_type = only_unit)
          AND (only_code IS NULL OR r.wrap_up = only_code)) f
    GROUP BY GROUPING SETS ((f.by_center, f.by_queue, f.by_code), ())
$$;

CREATE OR REPLACE FUNCTION voice_figures(s rollup_voice) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'in', s.n_in, 'visits', s.n_in, 'blocked', s.blocked, 'ivr_self', s.ivr_self,
        'ivr_self_rate', percent(s.ivr_self, s.n_in - s.n_open),
        'ivr_abandon', s.ivr_abandon, 'ivr_lost', s.ivr_lost, 'closed', s.closed,
        'req', s.req, 'ans', s.ans, 'ans_rate', percent(s.ans, ended), 'ans_15', s.ans_15,
        'in_time_rate', percent(s.ans_15, s.ans), 'ans_T', s.ans_t,
        'sl', CASE formula
            WHEN 'F1' THEN percent(s.ans_t + s.ab_t - cut, s.ans + ab)
            WHEN 'F2' THEN percent(s.ans_t, s.ans)
            WHEN 'F3' THEN percent(s.ans_t, s.ans + ab)
            WHEN 'F4' THEN percent(s.ans_t, s.ans + s.ab_queue + s.ab_ring - s.ab_t)
            ELSE percent(s.ans_t, s.req - s.req_open - s.ab_short - s.flow_t) END,
        'ab_queue', s.ab_queue, 'ab_ring', s.ab_ring, 'ab_short', s.ab_short, 'ab_rate', percent(ab, ended),
        'flow_vm', s.flow_vm, 'flow_cb', s.flow_cb, 'flow_bot', s.flow_bot, 'flow_ext', s.flow_ext)
    || jsonb_build_object(
        'lost', s.lost, 'loss', ended - s.ans, 'loss_rate', percent(ended - s.ans, ended),
        'asa', seconds(s.wait_ans_ms, s.ans), 'max_wait', seconds(s.max_wait_ms, 1),
        'avg_ab_wait', seconds(s.wait_ab_ms - CASE WHEN cut > 0 THEN s.wait_short_ms ELSE 0 END, ab),
        'talk_sum', seconds(s.talk_ms, 1), 'att', seconds(s.talk_ms, s.ans), 'aht', seconds(s.talk_ms + s.acw_ms, s.ans),
        'out', s.n_out, 'out_ans', s.out_ans, 'out_rate', percent(s.out_ans, s.n_out),
        'xin_12366', s.xin_12366, 'xin_city', s.xin_city, 'xout_12366', s.xout_12366, 'xout_city', s.xout_city,
        'overflow_out', s.overflow_out, 'overflow_in', s.overflow_in, 'moved_out', s.moved_out, 'door_out', s.door_out, 'open', s.n_open,
        'check', CASE s.level WHEN 'queue' THEN s.n_in - human - s.overflow_out - s.moved_out - s.n_open
            ELSE s.n_in - s.ivr_self - s.ivr_abandon - s.ivr_lost - s.closed - human - s.n_open END,
        'check_req', CASE s.level WHEN 'queue' THEN 0 ELSE s.req - human - s.req_open END)
    FROM (SELECT coalesce(instance_setting('sl_formula'), 'default') AS formula,
            CASE instance_setting('short_abandon_excluded') WHEN 'on' THEN s.ab_short ELSE 0 END AS cut) w,
        LATERAL (SELECT s.ab_queue + s.ab_ring - cut AS ab, s.req - s.req_open - cut AS ended,
            s.ans + s.ab_queue + s.ab_ring + s.flow_vm + s.flow_cb + s.flow_bot + s.flow_ext + s.lost AS human) x
$$;

-- What the roll-up has already.
UPDATE rollup_voice r SET overflow_in = f.n
FROM (SELECT bucket, center_id, queue_id, unit_type, sum(overflow_in) AS n FROM visit_figures GROUP BY 1, 2, 3, 4 HAVING sum(overflow_in) > 0) f
WHERE r.level = 'queue' AND r.bucket = f.bucket AND r.center_id = f.center_id AND r.queue_id = f.queue_id AND r.unit_type = f.unit_type;
