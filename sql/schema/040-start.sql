-- What a new center begins with takes messages and call-backs from its first day on (VM-06): closed, a caller may leave a
-- message; when nobody can take him he is offered a call-back or a message. Flows of centers there are stay as they are.

-- As in 008, and the messages.
CREATE OR REPLACE FUNCTION center_start_data(target integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM center_start_dictionaries(target);
    PERFORM center_start_problems(target);
    PERFORM center_start_queues(target);
    PERFORM center_start_voicemail(target);
    PERFORM center_start_flows(target);
END $$;
COMMENT ON FUNCTION center_start_data(integer) IS '新中心的初始数据:日历、字典、技能队列、语音留言、语音流程';

CREATE FUNCTION center_start_voicemail(target integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO voicemail_setting (center_id, enabled, off_prompt) VALUES (target, true, 'vm_off') ON CONFLICT DO NOTHING;
    INSERT INTO voicemail_scene (center_id, scene, prompt)
    VALUES (target, 'off_day', 'vm_off_day'), (target, 'off_hours', 'vm_off_hours'), (target, 'all_busy', 'vm_all_busy'), (target, 'chosen', 'vm_chosen')
    ON CONFLICT DO NOTHING;
$$;
COMMENT ON FUNCTION center_start_voicemail(integer) IS '新中心的语音留言设置：启用，每个场景各有提示音';

-- Each queue has an offer of its own, so that a call-back asked for is in the list of the queue that was meant.
CREATE FUNCTION start_flow_queue(code text, title text, wait_prompt text, priority integer) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        code, jsonb_build_object('type', 'queue', 'queue', code, 'priority', priority, 'prompt', wait_prompt, 'music', 'hold_music',
            'on_wait_over', code || '_busy', 'on_no_agent', code || '_busy', 'on_full', code || '_busy'),
        code || '_busy', jsonb_build_object('type', 'menu', 'name', title || '坐席全忙', 'prompt', 'busy_offer', 'timeout_ms', 5000, 'retries', 1,
            'keys', jsonb_build_object('1', code || '_back', '2', 'busy_message'), 'failed', 'busy'),
        code || '_back', jsonb_build_object('type', 'callback', 'name', title || '回拨', 'queue', code, 'next', 'back_thanks', 'failed', 'busy_message'))
$$;
COMMENT ON FUNCTION start_flow_queue(text, text, text, integer) IS '初始流程中一个队列的节点：排队，无人可接时回拨或留言';

CREATE OR REPLACE FUNCTION center_start_flows(target integer) RETURNS void LANGUAGE sql AS $flows$
    WITH ends (nodes) AS (VALUES ('{
    "busy_message": {"type": "voicemail", "name": "坐席全忙留言", "box": "all_busy", "next": "message_thanks", "off": "busy", "failed": "busy"},
    "message_thanks": {"type": "hangup", "prompt": "vm_thanks", "reason": "done"},
    "back_thanks": {"type": "hangup", "prompt": "cb_thanks", "reason": "done"},
    "busy": {"type": "hangup", "prompt": "all_busy", "reason": "lost"}}'::jsonb)),
    given (code, name, entry, nodes) AS (
        SELECT 'main', '主流程', 'welcome', '{
    "welcome": {"type": "play", "prompt": "greeting", "interruptible": true, "next": "open"},
    "open": {"type": "hours", "calendar": "default", "open": "main", "closed": "closed_message"},
    "closed_message": {"type": "voicemail", "name": "非工作时间留言", "next": "message_thanks", "off": "sorry", "failed": "sorry"},
    "sorry": {"type": "hangup", "prompt": "closed", "reason": "closed"},
    "main": {"type": "menu", "name": "主菜单", "prompt": "main_menu", "timeout_ms": 5000, "retries": 2,
      "invalid": "invalid_key", "no_input": "no_input",
      "keys": {"1": "consult", "2": "complaint", "3": "report", "4": "guide", "0": "consult", "9": "@main", "*": "@back"},
      "failed": "consult"},
    "guide": {"type": "menu", "name": "办税指引", "prompt": "guide_menu", "timeout_ms": 5000, "retries": 2,
      "invalid": "invalid_key", "no_input": "no_input",
      "keys": {"1": "consult", "2": "system", "3": "consult", "4": "hall", "0": "consult", "9": "@main", "*": "@back"},
      "failed": "consult"},
    "system": {"type": "menu", "name": "系统操作", "prompt": "system_menu", "timeout_ms": 5000, "retries": 2,
      "invalid": "invalid_key", "no_input": "no_input",
      "keys": {"1": "consult", "2": "consult", "3": "consult", "0": "consult", "9": "@main", "*": "@back"},
      "failed": "consult"},
    "hall": {"type": "hangup", "prompt": "office_hours", "reason": "done"}}'::jsonb
            || start_flow_queue('consult', '咨询', 'please_wait', 0) || start_flow_queue('complaint', '投诉', 'complaint_wait', 5)
            || start_flow_queue('report', '举报', 'report_wait', 5)
        UNION ALL
        SELECT 'transfer', '转入流程', 'hello', '{"hello": {"type": "play", "prompt": "transfer_greeting", "next": "consult"}}'::jsonb
            || start_flow_queue('consult', '咨询', 'please_wait', 10)
    ), made AS (
        INSERT INTO flow (center_id, code, name, published_version)
        SELECT target, code, name, 1 FROM given ON CONFLICT (center_id, code) DO NOTHING RETURNING id, code
    )
    INSERT INTO flow_version (flow_id, version, center_id, document, note)
    SELECT m.id, 1, target, jsonb_build_object('entry', g.entry, 'nodes', g.nodes || e.nodes), '初始版本'
    FROM made m JOIN given g USING (code) CROSS JOIN ends e;
$flows$;

WITH given (code, name, kind, text) AS (VALUES
    ('busy_offer', '坐席全忙时的选择', 'key', '当前坐席全忙。需要我们给您回电，请按1；需要留言，请按2；不需要请直接挂机。'),
    ('vm_chosen', '留言（来电人选择）', 'other', '请您在提示音后留言，留言结束请按井号键，我们将尽快与您联系。')
), made AS (
    INSERT INTO prompt (code, name, kind, published_version) SELECT code, name, kind, 1 FROM given ON CONFLICT DO NOTHING RETURNING id, code
)
INSERT INTO prompt_version (prompt_id, version, text, path, source)
SELECT m.id, 1, g.text, 'common/' || m.code || '-1.wav', 'tts' FROM made m JOIN given g USING (code);
UPDATE prompt SET kind = CASE WHEN code IN ('vm_thanks', 'cb_thanks') THEN 'closing' ELSE 'off_hours' END
WHERE center_id IS NULL AND code IN ('vm_thanks', 'cb_thanks', 'vm_off_day', 'vm_off_hours');
