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

-- Every city begins as a new center does; "office" shows a calendar with hours and holidays.
SELECT center_start_data(c.id) FROM center c JOIN seed_center s USING (code) ORDER BY c.id \g /dev/null
INSERT INTO work_calendar (center_id, code, name, document)
SELECT c.id, 'office', '工作时间', '{"week":{"1":[["08:30","12:00"],["15:00","18:00"]],"2":[["08:30","12:00"],["15:00","18:00"]],"3":[["08:30","12:00"],["15:00","18:00"]],"4":[["08:30","12:00"],["15:00","18:00"]],"5":[["08:30","12:00"],["15:00","18:00"]],"6":[],"7":[]},"days":{"2027-01-01":[],"2027-05-01":[],"2027-10-01":[],"2027-10-02":[],"2027-10-03":[]}}'
FROM center c JOIN seed_center s USING (code)
ON CONFLICT (center_id, code) DO NOTHING;
