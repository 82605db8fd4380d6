-- Demo people. :password_hash and :realm come from scripts/seed. Existing users keep what they have.
--
-- Each center: agents a1001, a1002 ... (number 1001 ...), leader, admin; the region also
-- supervisor. Desk phones: extension = two digits of the center + agent number.

CREATE TEMP TABLE seed_user ON COMMIT DROP AS
SELECT c.id AS center_id, c.kind, u.login, u.agent_no, u.role, u.k
FROM center c CROSS JOIN LATERAL (
    SELECT 'a' || (1000 + k) AS login, (1000 + k)::text AS agent_no, 'agent' AS role, k
    FROM generate_series(1, CASE WHEN c.kind = 'regional' OR c.sort = 1 THEN 6 ELSE 3 END) k
    UNION ALL SELECT 'leader', '', 'leader', 11
    UNION ALL SELECT 'admin', '', CASE c.kind WHEN 'regional' THEN 'region_admin' ELSE 'city_admin' END, 12
    UNION ALL SELECT 'supervisor', '', 'region_supervisor', 13 WHERE c.kind = 'regional') u
WHERE c.sort BETWEEN 0 AND 14;

INSERT INTO team (center_id, name) SELECT DISTINCT center_id, '一组' FROM seed_user ON CONFLICT (center_id, name) DO NOTHING;
INSERT INTO team (center_id, name) SELECT DISTINCT center_id, '二组' FROM seed_user ON CONFLICT (center_id, name) DO NOTHING;

INSERT INTO app_user (center_id, org_id, team_id, login, name, agent_no, password_hash)
SELECT s.center_id, (SELECT min(o.id) FROM org o WHERE o.center_id = s.center_id),
    (SELECT t.id FROM team t WHERE t.center_id = s.center_id AND t.name = CASE WHEN s.k % 2 = 1 THEN '一组' ELSE '二组' END),
    s.login,
    CASE s.role WHEN 'agent' THEN (string_to_array('韦黄李梁覃陈农莫蒙罗卢陆廖周', NULL))[1 + (s.center_id * 5 + s.k * 3) % 14]
                 || (string_to_array('晓丽,建国,春燕,志强,桂英,海波,玉兰,文静,永福,秋萍,俊杰', ','))[1 + (s.center_id * 7 + s.k * 2) % 11]
                WHEN 'leader' THEN '班长' WHEN 'region_supervisor' THEN '运行监控员' ELSE '系统管理员' END,
    s.agent_no, :'password_hash'
FROM seed_user s
WHERE NOT EXISTS (SELECT FROM app_user u WHERE u.center_id = s.center_id AND lower(u.login) = s.login AND u.deleted_at IS NULL);

INSERT INTO user_role (user_id, role_code, center_id)
SELECT u.id, s.role, s.center_id FROM seed_user s
JOIN app_user u ON u.center_id = s.center_id AND u.login = s.login AND u.deleted_at IS NULL
WHERE NOT EXISTS (SELECT FROM user_role r WHERE r.user_id = u.id)
ON CONFLICT DO NOTHING;

INSERT INTO phone (user_id, center_id, extension, ha1_md5, ha1_sha256)
SELECT u.id, u.center_id, e.extension, md5(e.extension || ':' || :'realm' || ':' || :'password'),
    encode(sha256(convert_to(e.extension || ':' || :'realm' || ':' || :'password', 'UTF8')), 'hex')
FROM seed_user s
JOIN app_user u ON u.center_id = s.center_id AND u.login = s.login AND u.deleted_at IS NULL
CROSS JOIN LATERAL (SELECT lpad((SELECT c.sort FROM center c WHERE c.id = s.center_id)::text, 2, '0') || s.agent_no AS extension) e
WHERE s.role = 'agent' AND s.k <= 2
ON CONFLICT DO NOTHING;

CREATE TEMP TABLE seed_member ON COMMIT DROP AS
SELECT u.id AS user_id, u.center_id, m.code, m.weight
FROM seed_user s
JOIN app_user u ON u.center_id = s.center_id AND u.login = s.login AND u.deleted_at IS NULL
JOIN (VALUES ('consult', 60, 1, 6), ('complaint', 80, 1, 2), ('report', 90, 1, 1), ('report', 70, 3, 3))
    AS m(code, weight, first, last) ON s.k BETWEEN m.first AND m.last
WHERE s.role = 'agent';
INSERT INTO skill_group_member (skill_group_id, user_id, center_id, level)
SELECT g.id, m.user_id, m.center_id, m.weight FROM seed_member m JOIN skill_group g USING (center_id, code)
WHERE NOT EXISTS (SELECT FROM skill_group_member e WHERE e.center_id = m.center_id)
ON CONFLICT DO NOTHING;
INSERT INTO queue_member (queue_id, user_id, center_id, weight)
SELECT q.id, m.user_id, m.center_id, m.weight FROM seed_member m JOIN queue q USING (center_id, code)
WHERE q.deleted_at IS NULL AND NOT EXISTS (SELECT FROM queue_member e WHERE e.center_id = m.center_id)
ON CONFLICT DO NOTHING;
