-- Centers as the region's administrators change them.

-- What is switched off for a center is a list of permissions its own people do not have, whatever their roles say.
CREATE FUNCTION center_save(target integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old center%ROWTYPE;
    next center%ROWTYPE;
    wrong text;
BEGIN
    SELECT * INTO old FROM center c WHERE c.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
    END IF;
    next := jsonb_populate_record(old, (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(doc)
        WHERE key IN ('name', 'announce_agent_no', 'functions_off') AND value <> 'null'));
    SELECT f INTO wrong FROM unnest(next.functions_off) f
    WHERE f NOT IN (SELECT p.permission FROM role_permission p) OR f LIKE 'settings.%' OR f LIKE 'region.%';
    IF FOUND THEN
        RAISE EXCEPTION '功能“%”不存在或不能停用', wrong USING ERRCODE = 'HL014', CONSTRAINT = 'functions_off';
    END IF;
    UPDATE center SET (name, announce_agent_no, functions_off, version) =
        (next.name, next.announce_agent_no, (SELECT coalesce(array_agg(DISTINCT f ORDER BY f), '{}') FROM unnest(next.functions_off) f), old.version + 1)
    WHERE id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION center_save(integer, integer, jsonb) IS '修改中心的名称、播报工号与停用的功能';

-- What a new center can work with at once: calendar, dictionaries, the groups and queues for consulting,
-- complaints and reports (ACD-01), and two published flows that speak with the common prompts. What is
-- there already stays as it is.
CREATE FUNCTION center_start_data(target integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM center_start_dictionaries(target);
    PERFORM center_start_problems(target);
    PERFORM center_start_queues(target);
    PERFORM center_start_flows(target);
END $$;
COMMENT ON FUNCTION center_start_data(integer) IS '新中心的初始数据:日历、字典、技能队列、语音流程';

-- Always open until somebody says otherwise: no caller is turned away by a calendar nobody looked at.
CREATE FUNCTION center_start_dictionaries(target integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO work_calendar (center_id, code, name, document)
    SELECT target, 'default', '全天', jsonb_build_object('week', jsonb_object_agg(d::text, '[["00:00","24:00"]]'::jsonb), 'days', '{}'::jsonb)
    FROM generate_series(1, 7) d
    ON CONFLICT (center_id, code) DO NOTHING;
    INSERT INTO reason (center_id, kind, name, system, allowed_ms, sort)
    SELECT target, r.* FROM (VALUES
        ('busy', '培训', false, 0, 10), ('busy', '会议', false, 0, 20), ('busy', '处理工单', false, 0, 30), ('busy', '回访', false, 0, 40),
        ('busy', '久不应答', true, 0, 50), ('busy', '设备故障', false, 0, 60), ('busy', '其他', false, 0, 70),
        ('rest', '小休', false, 600000, 80), ('rest', '用餐', false, 2400000, 90)) AS r
    ON CONFLICT (center_id, kind, name) DO NOTHING;
    INSERT INTO wrap_up_code (center_id, code, name, sort)
    SELECT target, w.* FROM (VALUES
        ('answered', '已答复', 10), ('call_back', '需回拨', 20), ('ticket', '已转工单', 30), ('transferred', '已转接', 40),
        ('harassment', '骚扰', 50), ('silent', '无声', 60), ('misdialed', '误拨', 70), ('dropped', '断线', 80)) AS w
    ON CONFLICT (center_id, code) DO NOTHING;
    INSERT INTO category (center_id, code, name, ident, sort)
    SELECT target, k.code, k.name, k.ident, k.code::integer FROM (VALUES
        ('01', '咨询', 'consult'), ('02', '查询', 'inquiry'), ('03', '特殊业务预受理', 'pre_accept'), ('04', '投诉', 'complaint'),
        ('05', '涉税举报', 'tax_report'), ('06', '违法乱纪举报', 'discipline_report'), ('07', '意见建议', 'suggestion'),
        ('08', '求助', 'help_request'), ('09', '系统异常', 'system_fault'), ('10', '表扬', 'praise'), ('99', '其他', 'other')) AS k(code, name, ident)
    ON CONFLICT (center_id, code) DO NOTHING;
$$;
COMMENT ON FUNCTION center_start_dictionaries(integer) IS '新中心的日历、示忙原因、小结类型、业务类别';

CREATE FUNCTION center_start_problems(target integer) RETURNS void LANGUAGE sql AS $$
    WITH given AS (
        SELECT t.parent, n.name, n.sort FROM (VALUES
            ('', '{政策咨询,征管与办税,操作辅导,报表填写,涉税查询,系统异常}'::text[]),
            ('政策咨询', '{增值税,企业所得税,个人所得税,消费税,财产行为税,出口退税,社保费,非税收入,国际税收,税收优惠}'),
            ('征管与办税', '{登记,申报,缴款退税,发票(数电票),证明,信用,注销,实名关联}'),
            ('操作辅导', '{电子税务局,电子发票平台,自然人电子税务局(个税APP),社保费客户端,发票查验平台}')) AS t(parent, names)
        CROSS JOIN LATERAL unnest(t.names) WITH ORDINALITY AS n(name, sort)
    ), made AS (
        INSERT INTO problem_type (center_id, name, sort)
        SELECT target, name, sort FROM given WHERE parent = ''
        ON CONFLICT (center_id, parent_id, name) DO NOTHING RETURNING id, name
    )
    INSERT INTO problem_type (center_id, parent_id, name, sort)
    SELECT target, m.id, g.name, g.sort FROM made m JOIN given g ON g.parent = m.name;
$$;
COMMENT ON FUNCTION center_start_problems(integer) IS '新中心的问题类型';

CREATE FUNCTION center_start_queues(target integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO skill_group (center_id, code, name)
    VALUES (target, 'consult', '咨询'), (target, 'complaint', '投诉'), (target, 'report', '举报')
    ON CONFLICT (center_id, code) DO NOTHING;
    INSERT INTO queue (center_id, skill_group_id, code, name, strategy)
    SELECT g.center_id, g.id, g.code, g.name, CASE g.code WHEN 'consult' THEN 'longest_idle' ELSE 'by_weight' END
    FROM skill_group g
    WHERE g.center_id = target AND g.code IN ('consult', 'complaint', 'report')
      AND NOT EXISTS (SELECT FROM queue q WHERE q.center_id = g.center_id AND q.code = g.code AND q.deleted_at IS NULL)
    ORDER BY g.id;
$$;
COMMENT ON FUNCTION center_start_queues(integer) IS '新中心的技能组与队列';

CREATE FUNCTION center_start_flows(target integer) RETURNS void LANGUAGE sql AS $flows$
    WITH given (code, name, document) AS (VALUES ('main', '主流程', '{
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
    "busy": {"type": "hangup", "prompt": "all_busy", "reason": "lost"}}}')),
    made AS (
        INSERT INTO flow (center_id, code, name, published_version)
        SELECT target, code, name, 1 FROM given ON CONFLICT (center_id, code) DO NOTHING RETURNING id, code
    )
    INSERT INTO flow_version (flow_id, version, center_id, document, note)
    SELECT m.id, 1, target, g.document::jsonb, '初始版本' FROM made m JOIN given g USING (code);
$flows$;
COMMENT ON FUNCTION center_start_flows(integer) IS '新中心的主流程与转入流程';

-- The center's own office, the first of its organisation, and all a new center begins with.
CREATE FUNCTION center_begin(target integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO org (center_id, level, code, name)
    SELECT c.id, CASE c.kind WHEN 'regional' THEN 'region' ELSE 'city' END, c.organ_code, c.name FROM center c WHERE c.id = target;
    PERFORM center_start_data(target);
END $$;
COMMENT ON FUNCTION center_begin(integer) IS '建立中心后:本级机构与初始数据';

-- Runs as the owner: a center that is only just made is in nobody's list of centers yet. Whoever calls it must
-- therefore be a person of the region, whatever the caller has checked.
CREATE FUNCTION center_create(doc jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made integer;
BEGIN
    IF NOT EXISTS (SELECT FROM app_user u JOIN center c ON c.id = u.center_id WHERE u.id = app_user_id() AND c.kind = 'regional') THEN
        RAISE EXCEPTION '分中心只能由自治区中心建立' USING ERRCODE = 'HL012', CONSTRAINT = 'code';
    END IF;
    PERFORM pg_advisory_xact_lock(12366, 4); -- two at once would both find the code free
    IF EXISTS (SELECT FROM center c WHERE c.code = doc->>'code') THEN
        RAISE EXCEPTION '已有代码为“%”的中心', doc->>'code' USING ERRCODE = 'HL014', CONSTRAINT = 'code';
    ELSIF EXISTS (SELECT FROM center c WHERE c.city_code = doc->>'city_code') THEN
        RAISE EXCEPTION '已有区划代码为“%”的分中心', doc->>'city_code' USING ERRCODE = 'HL014', CONSTRAINT = 'city_code';
    ELSIF (SELECT count(*) FROM center) >= 64 THEN -- ACCESS_MAX_CENTERS
        RAISE EXCEPTION '一套系统最多 64 个中心' USING ERRCODE = 'HL014', CONSTRAINT = 'code';
    END IF;
    INSERT INTO center (code, kind, name, city_code, city_name, area_code, organ_code, sort)
    SELECT doc->>'code', 'city', doc->>'name', doc->>'city_code', doc->>'city_name', doc->>'area_code',
        coalesce(doc->>'organ_code', ''), coalesce(max(c.sort), 0) + 1 FROM center c
    RETURNING id INTO made;
    PERFORM center_begin(made);
    RETURN jsonb_build_object('result', 'ok', 'id', made, 'version', 1);
END $$;
COMMENT ON FUNCTION center_create(jsonb) IS '建立分中心及其初始数据';

-- The first person of an installation, made on the server by the owner of the database (hotlined --first-admin);
-- everybody else is made in the pages. Again for a regional center whose administrators are all gone.
CREATE FUNCTION first_admin(new_code text, new_name text, new_login text, hash text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    home center%ROWTYPE;
    other text;
    made integer;
BEGIN
    PERFORM pg_advisory_xact_lock(12366, 4);
    SELECT * INTO home FROM center c WHERE c.kind = 'regional' LIMIT 1;
    IF home.code <> new_code THEN
        RAISE EXCEPTION '已有自治区中心“%”(代码 %),一套系统只能有一个;其他中心请登录后在页面中建立', home.name, home.code
            USING ERRCODE = 'HL016', CONSTRAINT = 'code';
    END IF;
    SELECT u.login INTO other FROM app_user u JOIN user_role r ON r.user_id = u.id AND r.role_code = 'region_admin'
    WHERE u.center_id = home.id AND u.enabled AND u.deleted_at IS NULL ORDER BY u.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '自治区中心已有管理员“%”,请由其登录后在页面中增加人员', other USING ERRCODE = 'HL016', CONSTRAINT = 'login';
    ELSIF EXISTS (SELECT FROM app_user u WHERE u.center_id = home.id AND lower(u.login) = lower(new_login) AND u.deleted_at IS NULL) THEN
        RAISE EXCEPTION '登录名“%”已被使用', new_login USING ERRCODE = 'HL016', CONSTRAINT = 'login';
    END IF;
    IF home.id IS NULL THEN
        INSERT INTO center (code, kind, name) VALUES (new_code, 'regional', new_name) RETURNING * INTO home;
        PERFORM center_begin(home.id);
    END IF;
    INSERT INTO app_user (center_id, org_id, login, name, password_hash, password_changed_at)
    SELECT home.id, min(o.id), new_login, '系统管理员', hash, now() FROM org o WHERE o.center_id = home.id
    RETURNING id INTO made;
    INSERT INTO user_role (user_id, role_code, center_id) VALUES (made, 'region_admin', home.id);
    RETURN home.code;
END $$;
COMMENT ON FUNCTION first_admin(text, text, text, text) IS '建立自治区中心(尚无时)及其首个管理员';
REVOKE EXECUTE ON FUNCTION first_admin(text, text, text, text) FROM PUBLIC;
