-- Calls agents make (CC-14): who may, and whose number a call is about.

ALTER TABLE role_permission DROP CONSTRAINT role_permission_permission_check;
ALTER TABLE role_permission ADD CONSTRAINT role_permission_permission_check CHECK (permission IN ('agent.work', 'call.dial', 'call.read', 'recording.play', 'number.reveal', 'record.read', 'record.write', 'monitor.read', 'report.read', 'settings.read', 'settings.write', 'region.write', 'audit.read'));
-- Whoever takes calls may make them; a center switches it off by center.functions_off.
INSERT INTO role_permission (role_code, permission, scope)
SELECT role_code, 'call.dial', scope FROM role_permission WHERE permission = 'agent.work';

ALTER TABLE call ADD COLUMN party_no text GENERATED ALWAYS AS (CASE direction WHEN 'out' THEN called_no ELSE caller_no END) STORED;
COMMENT ON COLUMN call.party_no IS '对方号码：呼入为主叫，呼出为被叫';
CREATE INDEX call_party ON call (party_no, t_in DESC);
DROP INDEX call_caller;

-- One line of the call log: who was passed on by an agent says so; the number of the person outside is masked, ours never is.
CREATE OR REPLACE FUNCTION call_item(c call, reveal boolean) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('call_id', c.call_id, 'center_id', c.center_id,
        'center_name', (SELECT name FROM center WHERE id = c.center_id),
        'direction', c.direction, 'source', c.source, 'info_source', c.info_source, 'unit_type', c.unit_type,
        'caller_no', CASE c.direction WHEN 'out' THEN c.caller_no ELSE mask_number(c.caller_no, reveal) END,
        'party_no', mask_number(c.party_no, reveal), 'caller_place', c.caller_place, 'caller_city', c.caller_city,
        'called_no', CASE c.direction WHEN 'out' THEN mask_number(c.called_no, reveal) ELSE c.called_no END, 'entry_code', c.entry_code, 'global_call_id', c.global_call_id,
        't_in', iso(c.t_in), 't_ans', iso(c.t_ans), 't_end', iso(c.t_end),
        'queue_name', coalesce((SELECT name FROM queue WHERE id = c.first_queue_id), ''),
        'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
        'wait_ms', c.wait_ms, 'talk_ms', c.talk_ms, 'outcome', c.outcome, 'end_reason', c.end_reason,
        'has_recording', EXISTS (SELECT FROM recording r WHERE r.call_id = c.call_id AND r.state <> 'deleted'),
        'transferred', EXISTS (SELECT FROM talk k JOIN queue_visit v ON v.call_id = k.call_id AND v.t_q_in >= k.t_rel
            WHERE k.call_id = c.call_id AND k.released_by = 'agent'),
        'record_id', d.id, 'record_no', d.record_no, 'wrap_up_code', c.wrap_up_code, 'wrap_up_note', c.wrap_up_note,
        'wrap_up_name', coalesce((SELECT w.name FROM wrap_up_code w WHERE w.center_id = c.center_id AND w.code = c.wrap_up_code), c.wrap_up_code))
    FROM (SELECT) one
    LEFT JOIN app_user u ON u.id = c.user_id
    LEFT JOIN LATERAL (SELECT id, record_no FROM record WHERE call_id = c.call_id ORDER BY created_at LIMIT 1) d ON true
$$;

-- As in 006, but the number is that of the person outside, also where we called him.
CREATE OR REPLACE FUNCTION record_create(doc jsonb, home_center integer, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
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
        coalesce(nullif(doc->>'caller_no', ''), of_call.party_no, ''), coalesce(doc->>'caller_name', ''),
        coalesce(nullif(doc->>'caller_city', ''), of_call.caller_city, ''), coalesce(doc->>'problem_city', ''), doc->>'category',
        (doc->>'problem_type_id')::integer, coalesce(doc->>'title', ''), coalesce(doc->>'content', ''), coalesce(doc->>'answer', ''),
        how, coalesce(nullif(doc->>'urgency', ''), 'normal'), coalesce((doc->>'same_day')::boolean, false),
        nullif(doc->>'due_at', '')::timestamptz, coalesce(doc->>'taxpayer_name', ''), coalesce(doc->>'taxpayer_no', ''),
        coalesce((SELECT array_agg(t) FROM jsonb_array_elements_text(CASE jsonb_typeof(doc->'tags') WHEN 'array' THEN doc->'tags' ELSE '[]' END) t), '{}'),
        coalesce(of_call.info_source, CASE WHEN regional THEN 'r12366' ELSE 'city' END), coalesce(of_call.unit_type, 'self'),
        CASE WHEN doc->>'call_id' IS NULL THEN 'late_entry' ELSE 'voice' END,
        record_state(how), actor, CASE record_state(how) WHEN 'closed' THEN now() END
    RETURNING id, record_no, version INTO made;
    PERFORM keep_place(home_center, coalesce(nullif(doc->>'caller_no', ''), of_call.party_no), doc->>'caller_city', actor);
    RETURN to_jsonb(made);
END $$;
