-- Editing a record failed for good ("type record is not composite") in every session that had edited one before the
-- table was analysed or altered. PL/pgSQL then looks the row type of a variable up again by its name, and "record"
-- without a schema is the pseudo-type of that name.
CREATE OR REPLACE FUNCTION record_update(wanted uuid, expected integer, doc jsonb, only_users integer[], actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old public.record%ROWTYPE;
    next public.record%ROWTYPE;
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
