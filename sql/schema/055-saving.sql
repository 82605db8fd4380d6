-- Saving a registration asked for more than it needed: where the caller is from, though nobody had corrected it; all
-- cities of the region as a document, for each of two codes; each dictionary in a statement of its own; and the call of a
-- registration that has none. What is refused, and at which field, is as in 006 and 043.

CREATE FUNCTION is_city_code(wanted text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM center c WHERE c.kind = 'city' AND c.city_code = wanted AND NOT c.test);
END $$;
COMMENT ON FUNCTION is_city_code(text) IS '是否本区一个市的行政区划代码';

CREATE OR REPLACE FUNCTION check_record(home_center integer, doc jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    category_code text := coalesce(doc->>'category', '');
    type_id integer := (doc->>'problem_type_id')::integer;
    method_code text := coalesce(doc->>'method', '');
    urgency_code text := coalesce(doc->>'urgency', '');
    due text := coalesce(doc->>'due_at', '');
    field text;
    has record;
BEGIN
    SELECT EXISTS (SELECT FROM category c WHERE c.center_id = home_center AND c.code = category_code) AS category,
        type_id IS NULL OR EXISTS (SELECT FROM problem_type p WHERE p.center_id = home_center AND p.id = type_id) AS type,
        method_code = '' OR EXISTS (SELECT FROM method m WHERE m.code = method_code) AS method,
        urgency_code = '' OR EXISTS (SELECT FROM urgency u WHERE u.code = urgency_code) AS urgency
    INTO has;
    IF NOT has.category THEN
        PERFORM refuse(format('没有业务类别“%s”', category_code), 'category');
    END IF;
    IF NOT has.type THEN
        PERFORM refuse('没有这个问题类型', 'problem_type_id');
    END IF;
    IF NOT has.method THEN
        PERFORM refuse(format('没有处理方式“%s”', method_code), 'method');
    END IF;
    IF NOT has.urgency THEN
        PERFORM refuse(format('没有紧急程度“%s”', urgency_code), 'urgency');
    END IF;
    IF due <> '' AND NOT is_time(due) THEN
        PERFORM refuse(format('办理期限“%s”不是有效的日期或时间', due), 'due_at');
    END IF;
    FOREACH field IN ARRAY '{caller_city,problem_city}'::text[] LOOP
        IF coalesce(doc->>field, '') <> '' AND NOT is_city_code(doc->>field) THEN
            PERFORM refuse(format('没有地市代码“%s”', doc->>field), field);
        END IF;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION keep_place(home_center integer, caller text, code text, actor integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known record;
BEGIN
    IF coalesce(code, '') = '' THEN
        RETURN;
    END IF;
    known := place_of(caller);
    IF known.number = '' OR known.city_code = code THEN
        RETURN;
    END IF;
    INSERT INTO number_place_correction (center_id, number, city_code, corrected_by)
    VALUES (home_center, known.number, code, actor)
    ON CONFLICT (center_id, number) DO UPDATE SET city_code = EXCLUDED.city_code,
        corrected_by = EXCLUDED.corrected_by, corrected_at = now();
END $$;

CREATE OR REPLACE FUNCTION record_create(doc jsonb, home_center integer, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := (doc->>'id')::uuid;
    call_of uuid := (doc->>'call_id')::uuid;
    of_call call;
    live jsonb := doc->'live'; -- said by the daemon of a call that is under way: its row may not be here yet
    regional boolean := (SELECT kind = 'regional' FROM center c WHERE c.id = home_center);
    how text := coalesce(nullif(doc->>'method', ''), 'direct');
    then_state text := record_state(how);
    caller text;
    labels text[] := '{}';
    made record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(wanted::text, 12366));
    IF call_of IS NOT NULL THEN
        DELETE FROM draft WHERE call_id = call_of AND user_id = actor;
    END IF;
    SELECT r.id, r.record_no, r.version INTO made FROM record r WHERE r.id = wanted AND r.created_by = actor;
    IF FOUND THEN
        RETURN to_jsonb(made);
    END IF;
    PERFORM check_record(home_center, doc);
    IF call_of IS NOT NULL THEN
        IF call_is_elsewhere(call_of, home_center) OR (live->>'center_id')::integer <> home_center THEN
            PERFORM refuse('这个来电不属于本中心', 'call_id');
        END IF;
        SELECT * INTO of_call FROM call c WHERE c.call_id = call_of;
    END IF;
    caller := coalesce(nullif(live->>'party_no', ''), nullif(doc->>'caller_no', ''), of_call.party_no, '');
    IF jsonb_typeof(doc->'tags') = 'array' THEN
        labels := coalesce((SELECT array_agg(t) FROM jsonb_array_elements_text(doc->'tags') t), '{}');
    END IF;
    INSERT INTO record (id, center_id, record_no, call_id, caller_no, caller_name, caller_city, problem_city, category,
        queue_id, problem_type_id, title, content, answer, method, urgency, same_day, due_at, taxpayer_name, taxpayer_no, tags,
        info_source, unit_type, channel, state, created_by, closed_at)
    VALUES (wanted, home_center, next_record_no(home_center), call_of, caller, coalesce(doc->>'caller_name', ''),
        coalesce(nullif(doc->>'caller_city', ''), live->>'caller_city', of_call.caller_city, ''), coalesce(doc->>'problem_city', ''), doc->>'category',
        coalesce((live->>'queue_id')::integer, of_call.first_queue_id), (doc->>'problem_type_id')::integer, coalesce(doc->>'title', ''), coalesce(doc->>'content', ''), coalesce(doc->>'answer', ''),
        how, coalesce(nullif(doc->>'urgency', ''), 'normal'), coalesce((doc->>'same_day')::boolean, false),
        nullif(doc->>'due_at', '')::timestamptz, coalesce(doc->>'taxpayer_name', ''), coalesce(doc->>'taxpayer_no', ''), labels,
        coalesce(live->>'info_source', of_call.info_source, CASE WHEN regional THEN 'r12366' ELSE 'city' END), coalesce(live->>'unit_type', of_call.unit_type, 'self'),
        CASE WHEN call_of IS NULL THEN 'late_entry' ELSE 'voice' END,
        then_state, actor, CASE then_state WHEN 'closed' THEN now() END)
    RETURNING id, record_no, version INTO made;
    PERFORM keep_place(home_center, nullif(caller, ''), doc->>'caller_city', actor);
    RETURN to_jsonb(made);
END $$;

-- As in 047; a batch in which nothing of the kind ended (audit rows, mostly) does not set out to count it: the statement
-- opens every partition of eight tables before it finds nothing to do. In PL/pgSQL, which keeps its plans.
CREATE OR REPLACE FUNCTION uncount_batch(b fact_batch) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    offers uuid[] := ended_things(b.offers, true);
    talks uuid[] := ended_things(b.talks, true);
    holds uuid[] := ended_things(b.holds, true);
    calls uuid[] := ended_things(b.calls, true);
BEGIN
    IF num_nonnulls(offers, talks, holds, calls) > 0 THEN
        PERFORM count_deeds(offers, talks, NULL, holds, NULL, calls, NULL, NULL, -1);
    END IF;
END $$;
CREATE OR REPLACE FUNCTION count_batch(b fact_batch) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    offers uuid[] := ended_things(b.offers, false);
    talks uuid[] := ended_things(b.talks, false);
    legs uuid[] := (SELECT array_agg(id) FROM unnest(b.outside_legs));
    holds uuid[] := ended_things(b.holds, false);
    acws uuid[] := (SELECT array_agg(id) FROM unnest(b.acws));
    calls uuid[] := ended_things(b.calls, false);
    visits uuid[] := (SELECT array_agg(id) FROM unnest(b.ivr_visits) WHERE begun ? 'mode');
    surveys uuid[] := (SELECT array_agg(id) FROM unnest(b.ivr_visits) WHERE ended ? 'survey_asked_ms');
BEGIN
    IF num_nonnulls(offers, talks, legs, holds, acws, calls, visits, surveys) > 0 THEN
        PERFORM count_deeds(offers, talks, legs, holds, acws, calls, visits, surveys, 1);
    END IF;
END $$;
