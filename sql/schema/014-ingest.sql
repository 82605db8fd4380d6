-- Facts faster: times without interval arithmetic, so that PostgreSQL puts the function's body into the
-- statement that calls it, and the months of a batch from its first and last id alone.

CREATE OR REPLACE FUNCTION ms_time(ms bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_timestamp(ms / 1000.0::double precision)
$$;

-- As in 004; the months from the first fact's to the last one's.
CREATE OR REPLACE FUNCTION journal_facts(batch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
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
    SELECT array_agg(m) INTO months
    FROM (SELECT uuid_time(min(f->>'id')::uuid) AS first, uuid_time(max(f->>'id')::uuid) AS last
          FROM jsonb_array_elements(batch) f) e,
        generate_series(date_trunc('month', e.first - interval '1 day', 'UTC'), e.last + interval '1 day', interval '1 month') AS m;
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

-- As in 003, but each call is looked up: "= ANY (calls)" does not reach through the join with its visits,
-- and a plan made while there were few calls read them all for each batch. In plpgsql the plan is kept:
-- making it anew cost ten times as much as carrying it out.
CREATE OR REPLACE FUNCTION rollup_add(calls uuid[], sign integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
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
        xout_12366 = r.xout_12366 + EXCLUDED.xout_12366, xout_city = r.xout_city + EXCLUDED.xout_city;
END $$;

-- For the same reason in all that a batch does: what it touches is found by indexes, however small the tables
-- were when the plan was made; and never by bitmaps, which do not mark what they found dead, so that
-- each batch would read every state an agent closed since the last vacuum.
ALTER FUNCTION ingest_facts(jsonb) SET enable_seqscan TO off;
ALTER FUNCTION ingest_facts(jsonb) SET enable_bitmapscan TO off;
ALTER FUNCTION ingest_facts(jsonb) SET enable_hashjoin TO off;
ALTER FUNCTION ingest_facts(jsonb) SET enable_mergejoin TO off;
ALTER FUNCTION ingest_facts(jsonb) SET jit TO off;
