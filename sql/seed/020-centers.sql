-- The demo region: the regional center and the cities, their numbers, calendars and dictionaries.
--
-- Numbers: the region has 12366; a city has area code + 12366 + its two-digit place in this list,
-- because cities share area codes (07711236601, 07711236614). Access codes for transfers between
-- centers: 91 + GB code when it comes from the regional center, 92 + GB code when from a city.

CREATE TEMP TABLE seed_center (n integer, code text, name text, city_code text, area_code text) ON COMMIT DROP;
INSERT INTO seed_center VALUES
    (0, 'guangxi', '广西壮族自治区', '450000', ''),
    (1, 'nanning', '南宁市', '450100', '0771'), (2, 'liuzhou', '柳州市', '450200', '0772'),
    (3, 'guilin', '桂林市', '450300', '0773'), (4, 'wuzhou', '梧州市', '450400', '0774'),
    (5, 'beihai', '北海市', '450500', '0779'), (6, 'fangchenggang', '防城港市', '450600', '0770'),
    (7, 'qinzhou', '钦州市', '450700', '0777'), (8, 'guigang', '贵港市', '450800', '0775'),
    (9, 'yulin', '玉林市', '450900', '0775'), (10, 'baise', '百色市', '451000', '0776'),
    (11, 'hezhou', '贺州市', '451100', '0774'), (12, 'hechi', '河池市', '451200', '0778'),
    (13, 'laibin', '来宾市', '451300', '0772'), (14, 'chongzuo', '崇左市', '451400', '0771');

INSERT INTO center (id, code, kind, name, city_code, city_name, area_code, organ_code, sort)
SELECT n + 1, code, CASE n WHEN 0 THEN 'regional' ELSE 'city' END,
    CASE n WHEN 0 THEN '广西12366纳税缴费服务热线' ELSE name || '12366分中心' END,
    CASE n WHEN 0 THEN '' ELSE city_code END, CASE n WHEN 0 THEN '' ELSE rtrim(name, '市') END,
    area_code, '1' || city_code || '0000', n
FROM seed_center
ON CONFLICT (code) DO NOTHING;
SELECT setval(pg_get_serial_sequence('center', 'id'), greatest(max(id), 1)) FROM center;

INSERT INTO org (center_id, level, code, name)
SELECT c.id, CASE c.kind WHEN 'regional' THEN 'region' ELSE 'city' END, c.organ_code, '国家税务总局' || s.name || '税务局'
FROM center c JOIN seed_center s USING (code)
WHERE NOT EXISTS (SELECT FROM org o WHERE o.center_id = c.id);

INSERT INTO trunk (name, host, port, allowed_ips, options_interval_s)
VALUES ('本机演示中继', '127.0.0.1', 5090, '127.0.0.0/8', 0)
ON CONFLICT (name) DO NOTHING;

INSERT INTO number_plan (called_no, center_id, kind, source, flow_code, note)
SELECT CASE c.kind WHEN 'regional' THEN '12366' ELSE s.area_code || '12366' || lpad(s.n::text, 2, '0') END,
    c.id, 'public', 'direct', 'main', '公众号码'
FROM center c JOIN seed_center s USING (code)
UNION ALL
SELECT '91' || s.city_code, c.id, 'access_code', 'from_12366', 'transfer', '自治区12366转入' FROM center c JOIN seed_center s USING (code) WHERE c.kind = 'city'
UNION ALL
SELECT '92' || s.city_code, c.id, 'access_code', 'from_city', 'transfer', '分中心转入' FROM center c JOIN seed_center s USING (code)
ON CONFLICT (called_no, trunk_id) DO NOTHING;

-- The demo is open day and night; "office" shows a calendar with hours and holidays.
INSERT INTO work_calendar (center_id, code, name, document)
SELECT c.id, k.code, k.name, k.document
FROM center c JOIN seed_center s USING (code), (VALUES
    ('default', '全天', (SELECT jsonb_build_object('week', jsonb_object_agg(d::text, '[["00:00","24:00"]]'::jsonb), 'days', '{}'::jsonb)
        FROM generate_series(1, 7) d)),
    ('office', '工作时间', '{"week":{"1":[["08:30","12:00"],["15:00","18:00"]],"2":[["08:30","12:00"],["15:00","18:00"]],"3":[["08:30","12:00"],["15:00","18:00"]],"4":[["08:30","12:00"],["15:00","18:00"]],"5":[["08:30","12:00"],["15:00","18:00"]],"6":[],"7":[]},"days":{"2027-01-01":[],"2027-05-01":[],"2027-10-01":[],"2027-10-02":[],"2027-10-03":[]}}'::jsonb)
    ) AS k(code, name, document)
ON CONFLICT (center_id, code) DO NOTHING;

INSERT INTO reason (center_id, kind, name, system, allowed_ms, sort)
SELECT c.id, r.kind, r.name, r.system, r.allowed_ms, r.sort
FROM center c JOIN seed_center s USING (code), (VALUES
    ('busy', '培训', false, 0, 10), ('busy', '会议', false, 0, 20), ('busy', '处理工单', false, 0, 30), ('busy', '回访', false, 0, 40),
    ('busy', '久不应答', true, 0, 50), ('busy', '设备故障', false, 0, 60), ('busy', '其他', false, 0, 70),
    ('rest', '小休', false, 600000, 80), ('rest', '用餐', false, 2400000, 90)) AS r(kind, name, system, allowed_ms, sort)
ON CONFLICT (center_id, kind, name) DO NOTHING;

INSERT INTO wrap_up_code (center_id, code, name, sort)
SELECT c.id, w.code, w.name, w.sort
FROM center c JOIN seed_center s USING (code), (VALUES
    ('answered', '已答复', 10), ('call_back', '需回拨', 20), ('ticket', '已转工单', 30), ('transferred', '已转接', 40),
    ('harassment', '骚扰', 50), ('silent', '无声', 60), ('misdialed', '误拨', 70), ('dropped', '断线', 80)) AS w(code, name, sort)
ON CONFLICT (center_id, code) DO NOTHING;

INSERT INTO category (center_id, code, name, ident, sort)
SELECT c.id, k.code, k.name, k.ident, k.code::integer
FROM center c JOIN seed_center s USING (code), (VALUES
    ('01', '咨询', 'consult'), ('02', '查询', 'inquiry'), ('03', '特殊业务预受理', 'pre_accept'), ('04', '投诉', 'complaint'),
    ('05', '涉税举报', 'tax_report'), ('06', '违法乱纪举报', 'discipline_report'), ('07', '意见建议', 'suggestion'),
    ('08', '求助', 'help_request'), ('09', '系统异常', 'system_fault'), ('10', '表扬', 'praise'), ('99', '其他', 'other')) AS k(code, name, ident)
ON CONFLICT (center_id, code) DO NOTHING;

CREATE TEMP TABLE seed_problem (sort serial, parent text, name text) ON COMMIT DROP;
INSERT INTO seed_problem (parent, name)
SELECT t.parent, name
FROM (VALUES
    ('', '{政策咨询,征管与办税,操作辅导,报表填写,涉税查询,系统异常}'::text[]),
    ('政策咨询', '{增值税,企业所得税,个人所得税,消费税,财产行为税,出口退税,社保费,非税收入,国际税收,税收优惠}'),
    ('征管与办税', '{登记,申报,缴款退税,发票(数电票),证明,信用,注销,实名关联}'),
    ('操作辅导', '{电子税务局,电子发票平台,自然人电子税务局(个税APP),社保费客户端,发票查验平台}')) AS t(parent, names)
CROSS JOIN LATERAL unnest(t.names) AS name;
INSERT INTO problem_type (center_id, parent_id, name, sort)
SELECT c.id, NULL, p.name, p.sort FROM center c JOIN seed_center s USING (code), seed_problem p WHERE p.parent = ''
ON CONFLICT (center_id, parent_id, name) DO NOTHING;
INSERT INTO problem_type (center_id, parent_id, name, sort)
SELECT t.center_id, t.id, p.name, p.sort
FROM problem_type t JOIN seed_problem p ON p.parent = t.name WHERE t.parent_id IS NULL
ON CONFLICT (center_id, parent_id, name) DO NOTHING;
