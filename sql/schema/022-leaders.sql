-- Leaders and the region beside live calls (MON-06 to MON-12, CC-12, CC-32): who may; and teams and skill groups kept by
-- people (CC-25).

-- What a permission may be called is added to, whatever was added before.
DO $$
DECLARE
    added text[] := '{monitor.listen,monitor.intervene,monitor.force,monitor.queue}';
    known text[] := ARRAY(SELECT DISTINCT m[1] FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_.]+)''', 'g') AS m
        WHERE c.conname = 'role_permission_permission_check');
BEGIN
    ALTER TABLE role_permission DROP CONSTRAINT role_permission_permission_check;
    EXECUTE (SELECT format('ALTER TABLE role_permission ADD CONSTRAINT role_permission_permission_check CHECK (permission IN (%s))',
            string_agg(quote_literal(p), ', ' ORDER BY p))
        FROM (SELECT unnest(known) UNION SELECT unnest(added)) AS all_of(p));
END $$;

-- A leader listens to his own team and does so as an agent does, with a number and a line; the queue is the center's.
INSERT INTO role_permission (role_code, permission, scope)
SELECT role, permission, scope
FROM (VALUES
    ('leader', 'team', '{monitor.listen,monitor.intervene,monitor.force}'::text[]),
    ('leader', 'center', '{monitor.queue}'),
    ('leader', 'self', '{agent.work,call.dial}'),
    ('city_admin', 'center', '{monitor.force,monitor.queue}'),
    ('region_supervisor', 'region', '{monitor.listen,monitor.intervene,monitor.force,monitor.queue}'),
    ('region_supervisor', 'self', '{agent.work}'),
    ('region_admin', 'region', '{monitor.listen,monitor.intervene,monitor.force,monitor.queue}'),
    ('region_admin', 'self', '{agent.work}')
) AS r(role, scope, permissions), unnest(permissions) AS permission
ON CONFLICT DO NOTHING;

-- A city sees in its audit log who of the region did it (MON-12): names of one's own center and of the region.
CREATE FUNCTION actor_shown(target integer) RETURNS TABLE (login text, name text, center_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.login, u.name, c.name FROM app_user u JOIN center c ON c.id = u.center_id
    WHERE u.id = target AND (c.kind = 'regional' OR u.center_id = ANY ((SELECT app_centers())::integer[]))
$$;
COMMENT ON FUNCTION actor_shown(integer) IS '审计中显示的操作人:本中心及自治区中心人员';

-- --- teams -------------------------------------------------------------------------------------

ALTER TABLE team ADD COLUMN version integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN team.version IS '版本号(并发修改检查)';

CREATE FUNCTION team_save(target integer, expected integer, home_center integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old team%ROWTYPE;
    next team%ROWTYPE;
BEGIN
    IF target IS NULL THEN
        old.enabled := true;
        next := jsonb_populate_record(old, entry_fields(doc, '{name,enabled}'));
        INSERT INTO team (center_id, name, enabled) VALUES (home_center, next.name, next.enabled) RETURNING * INTO next;
    ELSE
        SELECT * INTO old FROM team t WHERE t.id = target FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        ELSIF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
        next := jsonb_populate_record(old, entry_fields(doc, '{name,enabled}'));
        UPDATE team SET (name, enabled, version) = (next.name, next.enabled, old.version + 1) WHERE id = target RETURNING * INTO next;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '本中心已有名为“%”的班组', next.name USING ERRCODE = 'HL014', CONSTRAINT = 'name';
END $$;
COMMENT ON FUNCTION team_save(integer, integer, integer, jsonb) IS '新建或修改班组';

CREATE FUNCTION team_delete(target integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old team%ROWTYPE;
    people text;
BEGIN
    SELECT * INTO old FROM team t WHERE t.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    SELECT string_agg(btrim(u.agent_no || ' ' || u.name), '、' ORDER BY u.agent_no, u.id) INTO people
    FROM app_user u WHERE u.team_id = target AND u.deleted_at IS NULL;
    IF people IS NOT NULL THEN
        RAISE EXCEPTION '班组“%”还有成员：%，请先把他们调到其他班组', old.name, people USING ERRCODE = 'HL013', CONSTRAINT = 'id';
    END IF;
    UPDATE app_user SET team_id = NULL WHERE team_id = target;
    DELETE FROM team WHERE id = target;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION team_delete(integer) IS '删除没有成员的班组';

-- --- skill groups ------------------------------------------------------------------------------

ALTER TABLE skill_group ADD COLUMN version integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN skill_group.version IS '版本号(并发修改检查)';
ALTER TABLE skill_group_member ADD COLUMN level integer NOT NULL DEFAULT 50 CHECK (level BETWEEN 1 AND 100);
COMMENT ON COLUMN skill_group_member.level IS '技能等级,即其在该技能组各队列中的权值';
-- Until now the weights in its queues were all there was of it.
UPDATE skill_group_member g SET level = w.weight
FROM (SELECT q.skill_group_id, m.user_id, max(m.weight) AS weight FROM queue_member m JOIN queue q ON q.id = m.queue_id GROUP BY 1, 2) w
WHERE w.skill_group_id = g.skill_group_id AND w.user_id = g.user_id;

CREATE FUNCTION skill_group_save(target integer, expected integer, home_center integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old skill_group%ROWTYPE;
    next skill_group%ROWTYPE;
BEGIN
    IF target IS NULL THEN
        next := jsonb_populate_record(old, entry_fields(doc, '{code,name}'));
        INSERT INTO skill_group (center_id, code, name) VALUES (home_center, next.code, next.name) RETURNING * INTO next;
    ELSE
        SELECT * INTO old FROM skill_group g WHERE g.id = target FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        ELSIF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
        next := jsonb_populate_record(old, entry_fields(doc, '{name}'));
        UPDATE skill_group SET (name, version) = (next.name, old.version + 1) WHERE id = target RETURNING * INTO next;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '本中心已有代码为“%”的技能组', next.code USING ERRCODE = 'HL014', CONSTRAINT = 'code';
END $$;
COMMENT ON FUNCTION skill_group_save(integer, integer, integer, jsonb) IS '新建或修改技能组';

CREATE FUNCTION skill_group_delete(target integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old skill_group%ROWTYPE;
    users text;
BEGIN
    SELECT * INTO old FROM skill_group g WHERE g.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    SELECT string_agg('“' || q.name || '”', '、' ORDER BY q.id) INTO users
    FROM queue q WHERE q.skill_group_id = target AND q.deleted_at IS NULL;
    IF users IS NOT NULL THEN
        RAISE EXCEPTION '技能组“%”正被队列%使用，请先修改这些队列', old.name, users USING ERRCODE = 'HL013', CONSTRAINT = 'id';
    END IF;
    UPDATE queue SET skill_group_id = NULL WHERE skill_group_id = target;
    DELETE FROM skill_group WHERE id = target;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION skill_group_delete(integer) IS '删除没有队列使用的技能组';

-- Whoever has the skill serves its queues, and with this weight (ACD-01, ACD-08).
CREATE FUNCTION skill_member_put(target integer, agent integer, new_level integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old skill_group%ROWTYPE;
BEGIN
    SELECT * INTO old FROM skill_group g WHERE g.id = target;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    IF EXISTS (SELECT FROM app_user u WHERE u.id = agent AND u.agent_no = '') THEN
        RAISE EXCEPTION '该用户没有工号，不是坐席' USING ERRCODE = 'HL010', CONSTRAINT = 'user_id';
    END IF;
    INSERT INTO skill_group_member (skill_group_id, user_id, center_id, level) VALUES (target, agent, old.center_id, new_level)
    ON CONFLICT (skill_group_id, user_id) DO UPDATE SET level = EXCLUDED.level;
    INSERT INTO queue_member (queue_id, user_id, center_id, weight)
    SELECT q.id, agent, q.center_id, new_level FROM queue q WHERE q.skill_group_id = target AND q.deleted_at IS NULL
    ON CONFLICT (queue_id, user_id) DO UPDATE SET weight = EXCLUDED.weight;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION skill_member_put(integer, integer, integer) IS '坐席加入技能组或修改等级,同时加入该技能组的队列';

CREATE FUNCTION skill_member_delete(target integer, agent integer) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM skill_group_member WHERE skill_group_id = target AND user_id = agent;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    DELETE FROM queue_member m USING queue q WHERE q.id = m.queue_id AND q.skill_group_id = target AND m.user_id = agent;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION skill_member_delete(integer, integer) IS '坐席退出技能组及其队列';
