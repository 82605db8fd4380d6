-- Prompts (texts; hotlined --render-prompts speaks them) and flows: every city greets in its own
-- words. A text that is changed here makes a new version of the prompt; flows once published are
-- left alone, they are edited in the pages.

CREATE TEMP TABLE seed_prompt (center_id integer, code text, name text, text text, source text DEFAULT 'tts') ON COMMIT DROP;
INSERT INTO seed_prompt (code, name, text)
SELECT 'digit_' || d, '数字' || d, (string_to_array('零 一 二 三 四 五 六 七 八 九', ' '))[d + 1] FROM generate_series(0, 9) d;
INSERT INTO seed_prompt (code, name, text) VALUES
    ('agent_no_prefix', '播报工号(前)', '工号'),
    ('agent_no_suffix', '播报工号(后)', '为您服务。'),
    ('main_menu', '主菜单', '纳税缴费咨询请按1,投诉请按2,举报涉税违法行为请按3,办税指引请按4,重听请按9,人工服务请按0。'),
    ('guide_menu', '办税指引菜单', '社保费和非税收入请按1,系统操作请按2,报表填写请按3,办税服务厅时间请按4,返回上级请按星号键,返回主菜单请按9。'),
    ('system_menu', '系统操作菜单', '电子税务局请按1,个人所得税手机应用请按2,电子发票平台请按3,返回上级请按星号键,返回主菜单请按9。'),
    ('invalid_key', '按键无效', '您的按键无效,请重新输入。'),
    ('no_input', '未按键', '没有收到您的按键。'),
    ('please_wait', '请稍候', '正在为您转接人工坐席,请稍候。'),
    ('complaint_wait', '转投诉坐席', '正在为您转接投诉受理坐席,通话将被录音。'),
    ('report_wait', '转举报坐席', '正在为您转接举报受理坐席,我们将为您严格保密。'),
    ('all_busy', '坐席全忙', '很抱歉,当前坐席全忙,请您稍后再拨。'),
    ('office_hours', '办税服务厅时间', '办税服务厅的服务时间为工作日上午八点半到十二点,下午三点到六点。感谢来电,再见。'),
    ('transfer_greeting', '转接问候', '您的来电已转至本中心,请稍候。'),
    ('line_test', '话路测试', '您好,这是话路测试。如果您能听清这段话,说明您的耳机工作正常。'),
    ('goodbye', '结束语', '感谢您的来电,再见。');
INSERT INTO seed_prompt (code, name, text, source) VALUES
    ('hold_music', '等待音乐', '', 'upload'), ('beep', '提示音', '', 'upload');

INSERT INTO seed_prompt (center_id, code, name, text)
SELECT c.id, 'greeting', '欢迎语', g.text
FROM center c JOIN (VALUES
    ('guangxi', '您好,欢迎致电广西一二三六六纳税缴费服务热线。'),
    ('nanning', '您好,这里是绿城南宁,南宁市税务局一二三六六热线为您服务。'),
    ('liuzhou', '您好,欢迎致电柳州市税务局一二三六六热线,紫荆花城与您相约。'),
    ('guilin', '您好,山水甲天下,桂林市税务局一二三六六热线竭诚为您服务。'),
    ('wuzhou', '您好,百年商埠梧州欢迎您,这里是梧州市税务局一二三六六热线。'),
    ('beihai', '您好,珍珠之乡北海,北海市税务局一二三六六热线为您服务。'),
    ('fangchenggang', '您好,边海之城防城港,防城港市税务局一二三六六热线为您服务。'),
    ('qinzhou', '您好,海豚之乡钦州欢迎您的来电,这里是钦州市税务局一二三六六热线。'),
    ('guigang', '您好,荷城贵港,贵港市税务局一二三六六热线很高兴为您服务。'),
    ('yulin', '您好,岭南都会玉林,玉林市税务局一二三六六热线为您服务。'),
    ('baise', '您好,红城百色欢迎您,这里是百色市税务局一二三六六热线。'),
    ('hezhou', '您好,长寿之城贺州,贺州市税务局一二三六六热线祝您安康。'),
    ('hechi', '您好,刘三姐故里河池,河池市税务局一二三六六热线为您服务。'),
    ('laibin', '您好,世界瑶都来宾,来宾市税务局一二三六六热线欢迎您的来电。'),
    ('chongzuo', '您好,南国边城崇左,崇左市税务局一二三六六热线为您服务。')) AS g(code, text) USING (code);
INSERT INTO seed_prompt (center_id, code, name, text)
SELECT c.id, 'closed', '非工作时间', c.city_name || '一二三六六热线现在是非工作时间,请您在工作时间来电,感谢您的理解。'
FROM center c WHERE EXISTS (SELECT FROM seed_prompt p WHERE p.center_id = c.id);

INSERT INTO prompt (center_id, code, name)
SELECT center_id, code, name FROM seed_prompt ON CONFLICT DO NOTHING;
INSERT INTO prompt_version (prompt_id, version, center_id, text, path, source)
SELECT p.id, coalesce(v.last, 0) + 1, p.center_id, s.text,
    coalesce((SELECT c.code FROM center c WHERE c.id = p.center_id), 'common') || '/' || p.code || '-' || (coalesce(v.last, 0) + 1) || '.wav', s.source
FROM seed_prompt s
JOIN prompt p ON p.code = s.code AND p.center_id IS NOT DISTINCT FROM s.center_id
CROSS JOIN LATERAL (SELECT max(version) AS last FROM prompt_version e WHERE e.prompt_id = p.id) v
WHERE NOT EXISTS (SELECT FROM prompt_version e WHERE e.prompt_id = p.id AND (e.text = s.text OR e.made_by IS NOT NULL));
UPDATE prompt p SET published_version = v.last, version = p.version + 1
FROM (SELECT prompt_id, max(version) AS last FROM prompt_version GROUP BY prompt_id) v
WHERE v.prompt_id = p.id AND p.published_version IS DISTINCT FROM v.last;

CREATE TEMP TABLE seed_flow (code text, name text, document jsonb) ON COMMIT DROP;
INSERT INTO seed_flow VALUES ('main', '主流程', '{
  "entry": "welcome",
  "nodes": {
    "welcome": {"type": "play", "prompt": "greeting", "interruptible": true, "next": "open"},
    "open": {"type": "hours", "calendar": "default", "open": "main", "closed": "sorry"},
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
    "hall": {"type": "hangup", "prompt": "office_hours", "reason": "done"},
    "consult": {"type": "queue", "queue": "consult", "priority": 0, "prompt": "please_wait", "music": "hold_music",
      "on_wait_over": "busy", "on_no_agent": "busy", "on_full": "busy"},
    "complaint": {"type": "queue", "queue": "complaint", "priority": 5, "prompt": "complaint_wait", "music": "hold_music",
      "on_wait_over": "busy", "on_no_agent": "busy", "on_full": "busy"},
    "report": {"type": "queue", "queue": "report", "priority": 5, "prompt": "report_wait", "music": "hold_music",
      "on_wait_over": "busy", "on_no_agent": "busy", "on_full": "busy"},
    "busy": {"type": "hangup", "prompt": "all_busy", "reason": "lost"}}}'),
    ('transfer', '转入流程', '{
  "entry": "hello",
  "nodes": {
    "hello": {"type": "play", "prompt": "transfer_greeting", "next": "consult"},
    "consult": {"type": "queue", "queue": "consult", "priority": 10, "prompt": "please_wait", "music": "hold_music",
      "on_wait_over": "busy", "on_no_agent": "busy", "on_full": "busy"},
    "busy": {"type": "hangup", "prompt": "all_busy", "reason": "lost"}}}');
INSERT INTO flow (center_id, code, name)
SELECT c.id, f.code, f.name FROM center c, seed_flow f
WHERE EXISTS (SELECT FROM seed_prompt p WHERE p.center_id = c.id) ON CONFLICT (center_id, code) DO NOTHING;
INSERT INTO flow_version (flow_id, version, center_id, document, note)
SELECT w.id, 1, w.center_id, f.document, '初始版本' FROM flow w JOIN seed_flow f USING (code)
WHERE NOT EXISTS (SELECT FROM flow_version v WHERE v.flow_id = w.id);
UPDATE flow SET published_version = 1 WHERE published_version IS NULL;
