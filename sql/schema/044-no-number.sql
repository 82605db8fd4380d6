-- A message of somebody who showed no number cannot be answered by a call, which was said as if it had another state.
CREATE OR REPLACE FUNCTION voicemail_call(which uuid, actor integer, of_call uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    UPDATE voicemail SET call_back_id = of_call, version = version + 1
    WHERE voicemail_id = which AND state = 'in_work' AND assigned_to = actor AND caller_no <> '' RETURNING * INTO v;
    IF FOUND THEN
        INSERT INTO record_link (record_id, call_id, center_id, kind) VALUES (v.record_id, of_call, v.center_id, 'call_back');
        RETURN jsonb_build_object('result', 'ok', 'number', v.caller_no, 'call_id', v.call_id);
    END IF;
    SELECT * INTO v FROM voicemail m WHERE m.voicemail_id = which AND m.state <> 'recording';
    RETURN jsonb_build_object('result', CASE WHEN NOT FOUND THEN 'missing'
        WHEN v.state = 'in_work' AND v.assigned_to = actor THEN 'no_number' ELSE 'state' END);
END $$;
