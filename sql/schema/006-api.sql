-- What the API's statements share: how values look outside, where a number comes from, what one
-- call looks like, the ratios of the voice report, and saving registrations.

-- --- values ------------------------------------------------------------------------------------

CREATE FUNCTION iso(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(t AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+08:00"')
$$;
COMMENT ON FUNCTION iso(timestamptz) IS '时间的对外写法(ISO 8601,北京时间)';

CREATE FUNCTION local_midnight(day date) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT day::timestamp AT TIME ZONE 'Asia/Shanghai'
$$;
COMMENT ON FUNCTION local_midnight(date) IS '某日零点(北京时间)';

-- A place in a list, newest first: the cursor handed out as "next" and taken back as "after".
CREATE FUNCTION cursor_of(t timestamptz, id text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM t) * 1000000)::bigint || '_' || id
$$;
CREATE FUNCTION cursor_time(cursor text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT 'epoch'::timestamptz + split_part(cursor, '_', 1)::bigint * interval '1 microsecond'
$$;
CREATE FUNCTION cursor_id(cursor text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(cursor, '_', 2)
$$;
COMMENT ON FUNCTION cursor_of(timestamptz, text) IS '列表翻页游标';
COMMENT ON FUNCTION cursor_time(text) IS '游标中的时间';
COMMENT ON FUNCTION cursor_id(text) IS '游标中的编号';

-- 13812342046 -> 138****2046; shorter numbers keep less.
CREATE FUNCTION mask_number(number text, reveal boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN reveal THEN number
                WHEN length(number) >= 9 THEN left(number, 3) || '****' || right(number, 4)
                WHEN length(number) >= 4 THEN left(number, 1) || '****' || right(number, 1)
                ELSE repeat('*', length(number)) END
$$;
COMMENT ON FUNCTION mask_number(text, boolean) IS '号码脱敏';

-- +86 138.., 0086138.., 86138.., 0138.. -> 138..; +86771.. -> 0771..; others stay. Anything that is
-- no number (anonymous, names) becomes ''. The same rules as src/directory/place.c.
CREATE FUNCTION normalise_number(raw text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    plus boolean := left(coalesce(raw, ''), 1) = '+';
    digits text := regexp_replace(coalesce(raw, ''), '[-+. ()]', '', 'g');
    country boolean := false;
BEGIN
    IF digits !~ '^[0-9]+$' THEN
        RETURN '';
    END IF;
    IF digits LIKE '0086%' THEN
        digits := substr(digits, 5);
        country := true;
    ELSIF digits LIKE '86%' AND (plus OR digits ~ '^861[3-9][0-9]{9}$') THEN
        digits := substr(digits, 3);
        country := true;
    END IF;
    IF digits ~ '^01[3-9][0-9]{9}$' THEN
        RETURN substr(digits, 2);
    END IF;
    IF country AND digits !~ '^1[3-9][0-9]{9}$' AND left(digits, 1) <> '0' AND length(digits) >= 9 THEN
        RETURN '0' || digits;
    END IF;
    RETURN digits;
END $$;
COMMENT ON FUNCTION normalise_number(text) IS '号码规整:去国际前缀、手机前的 0 等';

-- Where a number comes from: what an agent of the visible centers corrected goes before the table.
CREATE FUNCTION place_of(raw text, OUT number text, OUT province text, OUT city text, OUT city_code text, OUT exact boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    prefix text;
BEGIN
    number := normalise_number(raw);
    SELECT p.province, p.city, n.city_code, true INTO province, city, city_code, exact
    FROM number_place_correction n LEFT JOIN number_place p ON p.from_prefix = (
        SELECT min(o.from_prefix) FROM number_place o WHERE o.city_code = n.city_code)
    WHERE n.number = place_of.number AND n.number <> '' ORDER BY n.corrected_at DESC LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    IF number ~ '^1[3-9][0-9]{9}$' THEN
        prefix := left(number, 7);
    ELSIF number ~ '^0(10|2[0-9])[0-9]{6,}$' THEN
        prefix := left(number, 3);
    ELSIF number ~ '^0[3-9][0-9]{7,}$' THEN
        prefix := left(number, 4);
    END IF;
    SELECT p.province, p.city, p.city_code, NOT p.shared INTO province, city, city_code, exact
    FROM (SELECT * FROM number_place o WHERE o.from_prefix <= prefix ORDER BY o.from_prefix DESC LIMIT 1) p
    WHERE p.to_prefix >= prefix AND length(p.from_prefix) = length(prefix);
    IF NOT FOUND THEN
        province := '';
        city := '';
        city_code := '';
        exact := false;
    END IF;
END $$;
COMMENT ON FUNCTION place_of(text) IS '号码归属地,坐席更正者优先';

-- --- calls -------------------------------------------------------------------------------------

CREATE INDEX call_newest ON call (t_in DESC, call_id DESC);
CREATE INDEX call_agent ON call (user_id, t_in DESC);

-- One line of the call log.
CREATE FUNCTION call_item(c call, reveal boolean) RETURNS jsonb LANGUAGE sql STABLE AS $$
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
        'record_id', d.id, 'record_no', d.record_no, 'wrap_up_code', c.wrap_up_code, 'wrap_up_note', c.wrap_up_note)
    FROM (SELECT) one
    LEFT JOIN app_user u ON u.id = c.user_id
    LEFT JOIN LATERAL (SELECT id, record_no FROM record WHERE call_id = c.call_id ORDER BY created_at LIMIT 1) d ON true
$$;
COMMENT ON FUNCTION call_item(call, boolean) IS '来电日志的一行';

-- --- voice report ------------------------------------------------------------------------------

CREATE FUNCTION percent(part numeric, whole numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN whole > 0 THEN round(part * 100 / whole, 2) END
$$;
COMMENT ON FUNCTION percent(numeric, numeric) IS '百分比,四舍五入两位小数,分母为零时为空';
CREATE FUNCTION seconds(ms numeric, n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN n > 0 THEN round(ms / (1000 * n), 2) END
$$;
COMMENT ON FUNCTION seconds(numeric, numeric) IS '平均秒数,两位小数,分母为零时为空';

CREATE FUNCTION instance_setting(wanted text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT value FROM setting WHERE center_id IS NULL AND name = wanted
$$;
COMMENT ON FUNCTION instance_setting(text) IS '全系统运行参数';

-- A row of RPT-01 from summed counters. Ratios are of sums, so a total row is the same function of
-- the total's sums (E6). Open calls stand outside every ratio (E4).
CREATE FUNCTION voice_figures(s rollup_voice) RETURNS jsonb LANGUAGE sql STABLE AS $$
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
        'overflow_out', s.overflow_out, 'moved_out', s.moved_out, 'door_out', s.door_out, 'open', s.n_open,
        'check', CASE s.level WHEN 'queue' THEN s.n_in - human - s.overflow_out - s.moved_out - s.n_open
            ELSE s.n_in - s.ivr_self - s.ivr_abandon - s.ivr_lost - s.closed - human - s.n_open END,
        'check_req', CASE s.level WHEN 'queue' THEN 0 ELSE s.req - human - s.req_open END)
    FROM (SELECT coalesce(instance_setting('sl_formula'), 'default') AS formula,
            CASE instance_setting('short_abandon_excluded') WHEN 'on' THEN s.ab_short ELSE 0 END AS cut) w,
        LATERAL (SELECT s.ab_queue + s.ab_ring - cut AS ab, s.req - s.req_open - cut AS ended,
            s.ans + s.ab_queue + s.ab_ring + s.flow_vm + s.flow_cb + s.flow_bot + s.flow_ext + s.lost AS human) x
$$;
COMMENT ON FUNCTION voice_figures(rollup_voice) IS '由合计计数算出语音服务统计的一行';

-- Sums of either source between two moments, by center or by queue, with the total (center_id null).
CREATE FUNCTION voice_sums(t0 timestamptz, t1 timestamptz, only_center integer, only_queue integer,
    only_unit text, per text, source text) RETURNS SETOF rollup_voice LANGUAGE sql STABLE AS $$
    SELECT NULL::timestamptz, f.center_id, per, CASE WHEN GROUPING(f.center_id) = 0 THEN f.key END, NULL::text,
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
        sum(f.xout_12366)::bigint, sum(f.xout_city)::bigint
    FROM (SELECT r.*, CASE per WHEN 'queue' THEN r.queue_id ELSE 0 END AS key
          FROM (SELECT bucket, center_id, queue_id, unit_type,
                    n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                    ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                    flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                    wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                    xout_12366, xout_city
                FROM rollup_voice WHERE source = 'rollup' AND level = per AND bucket >= t0 AND bucket < t1
                UNION ALL
                SELECT bucket, center_id, queue_id, unit_type,
                    n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                    ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                    flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                    wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                    xout_12366, xout_city
                FROM call_figures WHERE source = 'facts' AND per = 'call' AND t_in >= t0 AND t_in < t1
                UNION ALL
                SELECT bucket, center_id, queue_id, unit_type,
                    n_in, blocked, ivr_self, ivr_abandon, ivr_lost, closed, req, req_open, ans, ans_15,
                    ans_t, ab_queue, ab_ring, ab_short, ab_t, flow_vm, flow_cb, flow_bot, flow_ext,
                    flow_t, lost, n_open, overflow_out, moved_out, door_out, wait_ans_ms, wait_ab_ms,
                    wait_short_ms, max_wait_ms, talk_ms, acw_ms, n_out, out_ans, xin_12366, xin_city,
                    xout_12366, xout_city
                FROM visit_figures WHERE source = 'facts' AND per = 'queue' AND t_in >= t0 AND t_in < t1) r
          WHERE (only_center IS NULL OR r.center_id = only_center)
            AND (only_queue IS NULL OR r.queue_id = only_queue)
            AND (only_unit IS NULL OR r.unit_type = only_unit)) f
    GROUP BY GROUPING SETS ((f.center_id, f.key), ())
$$;
COMMENT ON FUNCTION voice_sums(timestamptz, timestamptz, integer, integer, text, text, text) IS '语音服务计数合计,按中心或队列,含总计';

-- A row of zeros, for a center or queue without calls and an empty total.
CREATE FUNCTION voice_nothing(per text) RETURNS rollup_voice LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_populate_record(NULL::rollup_voice, (SELECT jsonb_object_agg(attname, 0) FROM pg_attribute
        WHERE attrelid = 'rollup_voice'::regclass AND attnum > 5) || jsonb_build_object('level', per))
$$;
COMMENT ON FUNCTION voice_nothing(text) IS '全零的一行计数';

-- --- registrations -----------------------------------------------------------------------------

CREATE INDEX record_newest ON record (created_at DESC, id DESC);
CREATE INDEX record_author ON record (created_by, created_at DESC, id DESC);

CREATE FUNCTION refuse(message text, field text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = 'HL020', CONSTRAINT = field;
END $$;
COMMENT ON FUNCTION refuse(text, text) IS '以中文说明拒绝某个字段';

CREATE FUNCTION next_record_no(home_center integer) RETURNS text LANGUAGE sql AS $$
    INSERT INTO record_counter AS k (center_id, day, last)
    VALUES (home_center, (now() AT TIME ZONE 'Asia/Shanghai')::date, 1)
    ON CONFLICT (center_id, day) DO UPDATE SET last = k.last + 1
    RETURNING (SELECT coalesce(nullif(substr(organ_code, 2, 4), ''), lpad(home_center::text, 4, '0')) FROM center c WHERE c.id = home_center)
        || to_char(day, 'YYYYMMDD') || lpad(last::text, 5, '0')
$$;
COMMENT ON FUNCTION next_record_no(integer) IS '下一个记录单号:机构四位、日期、当日五位序号';

-- Is it the call of another center? Answers about calls that are not in sight, with yes or no only.
CREATE FUNCTION call_is_elsewhere(wanted uuid, home_center integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM call c WHERE c.call_id = wanted AND c.center_id <> home_center)
$$;
COMMENT ON FUNCTION call_is_elsewhere(uuid, integer) IS '来电是否属于其他中心';

-- A date or a time, as the API takes them elsewhere; never 'tomorrow' or 'infinity'.
CREATE FUNCTION is_time(written text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN written ~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[-+]\d\d(:?\d\d)?)?)?$'
        AND written::timestamptz IS NOT NULL;
EXCEPTION WHEN data_exception THEN
    RETURN false; -- the 30th of February
END $$;
COMMENT ON FUNCTION is_time(text) IS '是否为有效的日期或时间';

-- Refuses what the dictionaries of the center do not have.
CREATE FUNCTION check_record(home_center integer, doc jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM category c WHERE c.center_id = home_center AND c.code = doc->>'category') THEN
        PERFORM refuse(format('没有业务类别“%s”', coalesce(doc->>'category', '')), 'category');
    END IF;
    IF doc->>'problem_type_id' IS NOT NULL AND NOT EXISTS (SELECT FROM problem_type p
            WHERE p.center_id = home_center AND p.id = (doc->>'problem_type_id')::integer) THEN
        PERFORM refuse('没有这个问题类型', 'problem_type_id');
    END IF;
    IF coalesce(doc->>'method', '') <> '' AND NOT EXISTS (SELECT FROM method m WHERE m.code = doc->>'method') THEN
        PERFORM refuse(format('没有处理方式“%s”', doc->>'method'), 'method');
    END IF;
    IF coalesce(doc->>'urgency', '') <> '' AND NOT EXISTS (SELECT FROM urgency u WHERE u.code = doc->>'urgency') THEN
        PERFORM refuse(format('没有紧急程度“%s”', doc->>'urgency'), 'urgency');
    END IF;
    IF coalesce(doc->>'due_at', '') <> '' AND NOT is_time(doc->>'due_at') THEN
        PERFORM refuse(format('办理期限“%s”不是有效的日期或时间', doc->>'due_at'), 'due_at');
    END IF;
    PERFORM refuse(format('没有地市代码“%s”', doc->>field), field)
    FROM unnest('{caller_city,problem_city}'::text[]) AS field
    WHERE coalesce(doc->>field, '') <> '' AND NOT region_cities() @> jsonb_build_array(jsonb_build_object('code', doc->>field));
END $$;
COMMENT ON FUNCTION check_record(integer, jsonb) IS '登记内容的字典检查';

-- The agent knows better where the caller is from: kept for that number (REG-02).
CREATE FUNCTION keep_place(home_center integer, caller text, code text, actor integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known record := place_of(caller);
BEGIN
    IF known.number = '' OR coalesce(code, '') = '' OR known.city_code = code THEN
        RETURN;
    END IF;
    INSERT INTO number_place_correction (center_id, number, city_code, corrected_by)
    VALUES (home_center, known.number, code, actor)
    ON CONFLICT (center_id, number) DO UPDATE SET city_code = EXCLUDED.city_code,
        corrected_by = EXCLUDED.corrected_by, corrected_at = now();
END $$;
COMMENT ON FUNCTION keep_place(integer, text, text, integer) IS '保存坐席更正的归属地';

-- Methods that end the matter with the call; the others leave it open.
CREATE FUNCTION record_state(method text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN method IN ('direct', 'expert', 'bot', 'sms', 'invalid') THEN 'closed' ELSE 'open' END
$$;
COMMENT ON FUNCTION record_state(text) IS '处理方式对应的初始状态';

-- Saves a registration; the same id again, also at the same moment, gives the same record. The draft
-- of its call goes with it. What only the system knows comes from the call, never from the
-- document. A call not yet here (its facts are on the way) is taken as one of the center's own;
-- call_begin corrects that when it arrives.
CREATE FUNCTION record_create(doc jsonb, home_center integer, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := (doc->>'id')::uuid;
    of_call call;
    regional boolean := (SELECT kind = 'regional' FROM center c WHERE c.id = home_center);
    how text := coalesce(nullif(doc->>'method', ''), 'direct');
    made record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(wanted::text, 12366));
    DELETE FROM draft WHERE call_id = (doc->>'call_id')::uuid AND user_id = actor;
    SELECT r.id, r.record_no, r.version INTO made FROM record r WHERE r.id = wanted AND r.created_by = actor;
    IF FOUND THEN
        RETURN to_jsonb(made);
    END IF;
    PERFORM check_record(home_center, doc);
    IF call_is_elsewhere((doc->>'call_id')::uuid, home_center) THEN
        PERFORM refuse('这个来电不属于本中心', 'call_id');
    END IF;
    SELECT * INTO of_call FROM call c WHERE c.call_id = (doc->>'call_id')::uuid;
    INSERT INTO record (id, center_id, record_no, call_id, caller_no, caller_name, caller_city, problem_city, category,
        problem_type_id, title, content, answer, method, urgency, same_day, due_at, taxpayer_name, taxpayer_no, tags,
        info_source, unit_type, channel, state, created_by, closed_at)
    SELECT wanted, home_center, next_record_no(home_center), (doc->>'call_id')::uuid,
        coalesce(nullif(doc->>'caller_no', ''), of_call.caller_no, ''), coalesce(doc->>'caller_name', ''),
        coalesce(nullif(doc->>'caller_city', ''), of_call.caller_city, ''), coalesce(doc->>'problem_city', ''), doc->>'category',
        (doc->>'problem_type_id')::integer, coalesce(doc->>'title', ''), coalesce(doc->>'content', ''), coalesce(doc->>'answer', ''),
        how, coalesce(nullif(doc->>'urgency', ''), 'normal'), coalesce((doc->>'same_day')::boolean, false),
        nullif(doc->>'due_at', '')::timestamptz, coalesce(doc->>'taxpayer_name', ''), coalesce(doc->>'taxpayer_no', ''),
        coalesce((SELECT array_agg(t) FROM jsonb_array_elements_text(CASE jsonb_typeof(doc->'tags') WHEN 'array' THEN doc->'tags' ELSE '[]' END) t), '{}'),
        coalesce(of_call.info_source, CASE WHEN regional THEN 'r12366' ELSE 'city' END), coalesce(of_call.unit_type, 'self'),
        CASE WHEN doc->>'call_id' IS NULL THEN 'late_entry' ELSE 'voice' END,
        record_state(how), actor, CASE record_state(how) WHEN 'closed' THEN now() END
    RETURNING id, record_no, version INTO made;
    PERFORM keep_place(home_center, coalesce(nullif(doc->>'caller_no', ''), of_call.caller_no), doc->>'caller_city', actor);
    RETURN to_jsonb(made);
END $$;
COMMENT ON FUNCTION record_create(jsonb, integer, integer) IS '保存业务记录,同一编号重复保存只生效一次';

-- Changes what the document names; {result: ok | missing | stale, id, record_no, version}.
CREATE FUNCTION record_update(wanted uuid, expected integer, doc jsonb, only_users integer[], actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old record%ROWTYPE;
    next record%ROWTYPE;
BEGIN
    SELECT * INTO old FROM record r WHERE r.id = wanted AND (only_users IS NULL OR r.created_by = ANY (only_users)) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'record_no', old.record_no, 'version', old.version);
    END IF;
    PERFORM check_record(old.center_id, to_jsonb(old) || jsonb_strip_nulls(doc));
    INSERT INTO record_version (record_id, version, center_id, document, changed_by)
    VALUES (old.id, old.version, old.center_id, to_jsonb(old), actor);
    -- Only what people write may change; the rest of the document is not looked at. A number that was
    -- shown masked does not replace the whole one.
    next := jsonb_populate_record(old, (SELECT coalesce(jsonb_object_agg(key, CASE key WHEN 'due_at' THEN nullif(value, '""') ELSE value END), '{}')
        FROM jsonb_each(doc)
        WHERE key IN ('caller_no', 'caller_name', 'caller_city', 'problem_city', 'category', 'problem_type_id', 'title',
                      'content', 'answer', 'method', 'urgency', 'same_day', 'due_at', 'taxpayer_name', 'taxpayer_no', 'tags')
          AND (value <> 'null' OR key IN ('problem_type_id', 'due_at'))
          AND NOT (value = '""' AND key IN ('method', 'urgency'))
          AND NOT (key = 'caller_no' AND value #>> '{}' LIKE '%*%')));
    IF next.method <> old.method AND old.state <> 'void' THEN
        next.state := record_state(next.method);
        next.closed_at := CASE next.state WHEN 'closed' THEN coalesce(old.closed_at, now()) END;
    END IF;
    UPDATE record SET (caller_no, caller_name, caller_city, problem_city, category, problem_type_id, title, content, answer,
        method, urgency, same_day, due_at, taxpayer_name, taxpayer_no, tags, state, closed_at, updated_by, updated_at, version) =
        (next.caller_no, next.caller_name, next.caller_city, next.problem_city, next.category, next.problem_type_id, next.title,
         next.content, next.answer, next.method, next.urgency, next.same_day, next.due_at, next.taxpayer_name,
         next.taxpayer_no, next.tags, next.state, next.closed_at, actor, now(), old.version + 1)
    WHERE id = wanted;
    PERFORM keep_place(old.center_id, next.caller_no, doc->>'caller_city', actor);
    RETURN jsonb_build_object('result', 'ok', 'id', old.id, 'record_no', old.record_no, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION record_update(uuid, integer, jsonb, integer[], integer) IS '修改业务记录,留存修改前的版本';

-- Names of all cities of the region, for fields; no center's business, so RLS does not apply.
CREATE FUNCTION region_cities() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('code', city_code, 'name', city_name) ORDER BY sort, id), '[]')
    FROM center WHERE kind = 'city' AND city_code <> '' AND NOT test
$$;
COMMENT ON FUNCTION region_cities() IS '本区各市代码与名称,供登记选用';
