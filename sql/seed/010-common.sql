-- Common to all centers: roles, dictionaries, instance settings. Idempotent.

INSERT INTO role (code, name, regional, sort) VALUES
    ('agent', '坐席', false, 10), ('leader', '班长', false, 20), ('qa', '质检员', false, 30),
    ('city_admin', '分中心管理员', false, 40), ('auditor', '安全审计', false, 50),
    ('region_supervisor', '12366监控', true, 60), ('region_admin', '12366管理员', true, 70)
ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, regional = EXCLUDED.regional, sort = EXCLUDED.sort;

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
) AS r(role, scope, permissions), unnest(permissions) AS permission
ON CONFLICT (role_code, permission) DO UPDATE SET scope = EXCLUDED.scope;

INSERT INTO method (code, name, sort) VALUES
    ('direct', '直接答复', 10), ('expert', '转专家坐席', 20), ('dispatch', '生成工单转办', 30), ('to_12366', '转12366', 40),
    ('to_city', '转分中心', 50), ('to_external', '转外部系统', 60), ('pre_accept', '预受理', 70), ('to_supervision', '转监察', 80),
    ('to_inspection', '转稽查', 90), ('call_back', '回拨答复', 100), ('sms', '短信答复', 110), ('bot', '智能答复', 120),
    ('invalid', '无效(骚扰、空号、无声)', 130)
ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, sort = EXCLUDED.sort;

INSERT INTO urgency (code, name, sort) VALUES ('normal', '一般', 10), ('urgent', '紧急', 20), ('critical', '特急', 30)
ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, sort = EXCLUDED.sort;

INSERT INTO setting (center_id, name, value, note) VALUES
    (NULL, 'sl_formula', 'default', '服务水平公式:default、F1、F2、F3、F4'),
    (NULL, 'short_abandon_excluded', 'off', '比率中剔除短时放弃:on、off')
ON CONFLICT (center_id, name) DO NOTHING;
