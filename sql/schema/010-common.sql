-- What every installation begins with: roles and what they may do, dictionaries common to all centers,
-- instance settings, common prompts. The texts of prompts become sound by hotlined --render-prompts;
-- hold music and beep are sound files made by scripts/tones.

INSERT INTO role (code, name, regional, sort) VALUES
    ('agent', '坐席', false, 10), ('leader', '班长', false, 20), ('qa', '质检员', false, 30),
    ('city_admin', '分中心管理员', false, 40), ('auditor', '安全审计', false, 50),
    ('region_supervisor', '12366监控', true, 60), ('region_admin', '12366管理员', true, 70);

INSERT INTO role_permission (role_code, permission, scope)
SELECT role, permission, scope
FROM (VALUES
    ('agent', 'self', '{agent.work,call.read,recording.play,number.reveal,record.read,record.write}'::text[]),
    ('leader', 'center', '{call.read,recording.play,number.reveal,record.read,record.write,monitor.read,report.read,settings.read}'),
    ('qa', 'center', '{call.read,recording.play,record.read}'),
    ('city_admin', 'center', '{call.read,recording.play,number.reveal,record.read,monitor.read,report.read,settings.read,settings.write,audit.read}'),
    ('auditor', 'center', '{audit.read}'),
    ('region_supervisor', 'region', '{call.read,recording.play,number.reveal,record.read,monitor.read,report.read}'),
    ('region_admin', 'region', '{call.read,record.read,monitor.read,report.read,settings.read,settings.write,region.write,audit.read}')
) AS r(role, scope, permissions), unnest(permissions) AS permission;

INSERT INTO method (code, name, sort) VALUES
    ('direct', '直接答复', 10), ('expert', '转专家坐席', 20), ('dispatch', '生成工单转办', 30), ('to_12366', '转12366', 40),
    ('to_city', '转分中心', 50), ('to_external', '转外部系统', 60), ('pre_accept', '预受理', 70), ('to_supervision', '转监察', 80),
    ('to_inspection', '转稽查', 90), ('call_back', '回拨答复', 100), ('sms', '短信答复', 110), ('bot', '智能答复', 120),
    ('invalid', '无效(骚扰、空号、无声)', 130);

INSERT INTO urgency (code, name, sort) VALUES ('normal', '一般', 10), ('urgent', '紧急', 20), ('critical', '特急', 30);

INSERT INTO setting (center_id, name, value, note) VALUES
    (NULL, 'sl_formula', 'default', '服务水平公式:default、F1、F2、F3、F4'),
    (NULL, 'short_abandon_excluded', 'off', '比率中剔除短时放弃:on、off');

-- Common prompts are what a flow plays where its center has none of its own of that code.
WITH given (code, name, text) AS (
    SELECT 'digit_' || d, '数字' || d, (string_to_array('零 一 二 三 四 五 六 七 八 九', ' '))[d + 1] FROM generate_series(0, 9) d
    UNION ALL VALUES
    ('greeting', '欢迎语', '您好,欢迎致电一二三六六纳税缴费服务热线。'),
    ('closed', '非工作时间', '一二三六六热线现在是非工作时间,请您在工作时间来电,感谢您的理解。'),
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
    ('goodbye', '结束语', '感谢您的来电,再见。'),
    ('hold_music', '等待音乐', ''), ('beep', '提示音', '')
), made AS (
    INSERT INTO prompt (code, name, published_version) SELECT code, name, 1 FROM given RETURNING id, code
)
INSERT INTO prompt_version (prompt_id, version, text, path, source)
SELECT m.id, 1, g.text, 'common/' || m.code || '-1.wav', CASE g.text WHEN '' THEN 'upload' ELSE 'tts' END
FROM made m JOIN given g USING (code);
