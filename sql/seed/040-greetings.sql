-- Every city greets in its own words (hotlined --render-prompts speaks them); all else is said by the
-- common prompts. A text that is changed here makes a new version of the prompt.

CREATE TEMP TABLE seed_prompt (center_id integer, code text, name text, text text) ON COMMIT DROP;
INSERT INTO seed_prompt (center_id, code, name, text)
SELECT c.id, 'greeting', '欢迎语', g.text
FROM center c JOIN (VALUES
    ('guangxi', '您好,欢迎致电广西12366纳税缴费服务热线。'),
    ('nanning', '您好,这里是绿城南宁,南宁市税务局12366热线为您服务。'),
    ('liuzhou', '您好,欢迎致电柳州市税务局12366热线,紫荆花城与您相约。'),
    ('guilin', '您好,山水甲天下,桂林市税务局12366热线竭诚为您服务。'),
    ('wuzhou', '您好,百年商埠梧州欢迎您,这里是梧州市税务局12366热线。'),
    ('beihai', '您好,珍珠之乡北海,北海市税务局12366热线为您服务。'),
    ('fangchenggang', '您好,边海之城防城港,防城港市税务局12366热线为您服务。'),
    ('qinzhou', '您好,海豚之乡钦州欢迎您的来电,这里是钦州市税务局12366热线。'),
    ('guigang', '您好,荷城贵港,贵港市税务局12366热线很高兴为您服务。'),
    ('yulin', '您好,岭南都会玉林,玉林市税务局12366热线为您服务。'),
    ('baise', '您好,红城百色欢迎您,这里是百色市税务局12366热线。'),
    ('hezhou', '您好,长寿之城贺州,贺州市税务局12366热线祝您安康。'),
    ('hechi', '您好,刘三姐故里河池,河池市税务局12366热线为您服务。'),
    ('laibin', '您好,世界瑶都来宾,来宾市税务局12366热线欢迎您的来电。'),
    ('chongzuo', '您好,南国边城崇左,崇左市税务局12366热线为您服务。')) AS g(code, text) USING (code);
INSERT INTO seed_prompt (center_id, code, name, text)
SELECT c.id, 'closed', '非工作时间', c.city_name || '12366热线现在是非工作时间,请您在工作时间来电,感谢您的理解。'
FROM center c WHERE EXISTS (SELECT FROM seed_prompt p WHERE p.center_id = c.id);

INSERT INTO prompt (center_id, code, name, kind)
SELECT center_id, code, name, CASE code WHEN 'greeting' THEN 'greeting' ELSE 'off_hours' END FROM seed_prompt ON CONFLICT DO NOTHING;
INSERT INTO prompt_version (prompt_id, version, center_id, text, path, source)
SELECT p.id, coalesce(v.last, 0) + 1, p.center_id, s.text,
    (SELECT c.code FROM center c WHERE c.id = p.center_id) || '/' || p.code || '-' || (coalesce(v.last, 0) + 1) || '.wav', 'tts'
FROM seed_prompt s
JOIN prompt p ON p.code = s.code AND p.center_id = s.center_id
CROSS JOIN LATERAL (SELECT max(version) AS last FROM prompt_version e WHERE e.prompt_id = p.id) v
WHERE NOT EXISTS (SELECT FROM prompt_version e WHERE e.prompt_id = p.id AND (e.text = s.text OR e.made_by IS NOT NULL));
UPDATE prompt p SET published_version = v.last, version = p.version + 1
FROM (SELECT prompt_id, max(version) AS last FROM prompt_version GROUP BY prompt_id) v
WHERE v.prompt_id = p.id AND p.center_id IS NOT NULL AND p.published_version IS DISTINCT FROM v.last;
