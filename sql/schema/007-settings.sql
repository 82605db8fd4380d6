-- Changing the configuration by way of the API. Each answers {result: ok | missing | stale, ...};
-- what a rule refuses is raised as HL0xx with a message for people and the field in CONSTRAINT.

-- Nobody makes somebody who may do more than he: a role must not reach over more centers than the
-- actor's own right to change settings, and only who keeps the region's things may hand that on.
-- (Which permissions it has besides does not matter: who runs a center makes its agents without
-- being one.) Actor 0 is the daemon.
CREATE FUNCTION role_exceeds(wanted text, actor integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH own AS (
        SELECT p.permission, array_position('{self,team,center,region}'::text[], p.scope) AS reach
        FROM user_role r JOIN role_permission p USING (role_code) WHERE r.user_id = actor)
    SELECT actor <> 0 AND EXISTS (
        SELECT FROM role_permission p WHERE p.role_code = wanted
          AND (array_position('{self,team,center,region}'::text[], p.scope)
                   > coalesce((SELECT max(reach) FROM own WHERE permission = 'settings.write'), 0)
               OR (p.permission = 'region.write' AND NOT EXISTS (SELECT FROM own WHERE permission = 'region.write'))))
$$;
COMMENT ON FUNCTION role_exceeds(text, integer) IS '角色的范围是否超出操作人';

-- Nor does anybody change, by a new password for instance, somebody who may do more.
CREATE FUNCTION refuse_superior(target integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM user_role r WHERE r.user_id = target AND role_exceeds(r.role_code, app_user_id())) THEN
        RAISE EXCEPTION '该用户的权限范围大于您,不能修改' USING ERRCODE = 'HL012', CONSTRAINT = 'roles';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_superior(integer) IS '拒绝修改权限范围大于操作人的用户';

-- Roles of the region are for people of the regional center only.
CREATE FUNCTION set_roles(target integer, roles jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    home integer := (SELECT center_id FROM app_user WHERE id = target);
    of_region boolean := (SELECT c.kind = 'regional' FROM center c WHERE c.id = home);
    wrong text;
BEGIN
    SELECT r INTO wrong FROM jsonb_array_elements_text(roles) r
    WHERE NOT EXISTS (SELECT FROM role o WHERE o.code = r AND (of_region OR NOT o.regional));
    IF FOUND THEN
        RAISE EXCEPTION '角色“%”不存在,或只能授予自治区中心的用户', wrong USING ERRCODE = 'HL012', CONSTRAINT = 'roles';
    END IF;
    SELECT o.name INTO wrong FROM jsonb_array_elements_text(roles) r JOIN role o ON o.code = r
    WHERE role_exceeds(r, app_user_id()) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '角色“%”的权限范围大于您自己的,不能授予', wrong USING ERRCODE = 'HL012', CONSTRAINT = 'roles';
    END IF;
    DELETE FROM user_role WHERE user_id = target AND NOT roles ? role_code;
    INSERT INTO user_role (user_id, role_code, center_id)
    SELECT target, r, home FROM jsonb_array_elements_text(roles) r ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION set_roles(integer, jsonb) IS '设置用户的角色';

-- The user's own fields that must be unique, or belong to the center, with a word for people.
CREATE FUNCTION check_user(target integer, home_center integer, doc jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM app_user u WHERE u.center_id = home_center AND lower(u.login) = lower(doc->>'login')
               AND u.deleted_at IS NULL AND u.id IS DISTINCT FROM target) THEN
        RAISE EXCEPTION '登录名“%”已被本中心其他用户使用', doc->>'login' USING ERRCODE = 'HL014', CONSTRAINT = 'login';
    END IF;
    IF coalesce(doc->>'agent_no', '') <> '' AND EXISTS (SELECT FROM app_user u WHERE u.center_id = home_center
               AND u.agent_no = doc->>'agent_no' AND u.deleted_at IS NULL AND u.id IS DISTINCT FROM target) THEN
        RAISE EXCEPTION '工号“%”已被本中心其他坐席使用', doc->>'agent_no' USING ERRCODE = 'HL014', CONSTRAINT = 'agent_no';
    END IF;
    IF doc->>'team_id' IS NOT NULL AND NOT EXISTS (SELECT FROM team t WHERE t.center_id = home_center AND t.id = (doc->>'team_id')::integer) THEN
        RAISE EXCEPTION '本中心没有这个班组' USING ERRCODE = 'HL014', CONSTRAINT = 'team_id';
    END IF;
END $$;
COMMENT ON FUNCTION check_user(integer, integer, jsonb) IS '用户内容检查';

-- An empty extension takes the phone away; hashes null keep the old password. A hash contains the
-- extension, so a new extension needs the password again.
CREATE FUNCTION set_phone(target integer, doc jsonb, md5_hash text, sha_hash text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted text := doc->>'extension';
BEGIN
    IF wanted IS NULL THEN
        RETURN;
    ELSIF wanted = '' THEN
        DELETE FROM phone WHERE user_id = target;
        RETURN;
    ELSIF md5_hash IS NULL AND EXISTS (SELECT FROM phone p WHERE p.user_id = target AND p.extension = wanted) THEN
        RETURN;
    ELSIF md5_hash IS NULL THEN
        RAISE EXCEPTION '新的分机号须同时填写话机密码' USING ERRCODE = 'HL014', CONSTRAINT = 'phone_password';
    END IF;
    INSERT INTO phone (user_id, center_id, extension, ha1_md5, ha1_sha256)
    SELECT target, u.center_id, wanted, md5_hash, coalesce(sha_hash, '') FROM app_user u WHERE u.id = target
    ON CONFLICT (user_id) DO UPDATE SET extension = EXCLUDED.extension, ha1_md5 = EXCLUDED.ha1_md5, ha1_sha256 = EXCLUDED.ha1_sha256;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '分机号“%”已被使用', wanted USING ERRCODE = 'HL014', CONSTRAINT = 'extension';
END $$;
COMMENT ON FUNCTION set_phone(integer, jsonb, text, text) IS '设置用户的话机';

CREATE FUNCTION user_save(target integer, expected integer, home_center integer, doc jsonb, hash text, md5_hash text, sha_hash text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old app_user%ROWTYPE;
    next app_user%ROWTYPE;
BEGIN
    IF target IS NULL THEN
        PERFORM check_user(NULL, home_center, doc);
        INSERT INTO app_user (center_id, login, name, agent_no, team_id, enabled, auto_answer_ms, password_hash, password_changed_at)
        VALUES (home_center, doc->>'login', doc->>'name', coalesce(doc->>'agent_no', ''), (doc->>'team_id')::integer,
            coalesce((doc->>'enabled')::boolean, true), coalesce((doc->>'auto_answer_ms')::integer, 0), coalesce(hash, ''), now())
        RETURNING * INTO next;
    ELSE
        SELECT * INTO old FROM app_user u WHERE u.id = target AND u.deleted_at IS NULL FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        ELSIF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
        next := jsonb_populate_record(old, (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(doc)
            WHERE key IN ('login', 'name', 'agent_no', 'team_id', 'enabled', 'auto_answer_ms') AND (value <> 'null' OR key = 'team_id')));
        PERFORM refuse_superior(target);
        IF target = app_user_id() AND NOT next.enabled THEN
            RAISE EXCEPTION '不能停用自己' USING ERRCODE = 'HL015', CONSTRAINT = 'enabled';
        END IF;
        PERFORM check_user(target, old.center_id, to_jsonb(next));
        UPDATE app_user SET login = next.login, name = next.name, agent_no = next.agent_no, team_id = next.team_id,
            enabled = next.enabled, auto_answer_ms = next.auto_answer_ms, version = old.version + 1,
            password_hash = coalesce(hash, password_hash),
            password_changed_at = CASE WHEN hash IS NULL THEN password_changed_at ELSE now() END
        WHERE id = target RETURNING * INTO next;
        IF hash IS NOT NULL OR NOT next.enabled THEN
            DELETE FROM session WHERE user_id = target;
        END IF;
    END IF;
    IF jsonb_typeof(doc->'roles') = 'array' THEN
        PERFORM set_roles(next.id, doc->'roles');
    END IF;
    PERFORM set_phone(next.id, doc, md5_hash, sha_hash);
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
END $$;
COMMENT ON FUNCTION user_save(integer, integer, integer, jsonb, text, text, text) IS '新建或修改用户';

CREATE FUNCTION user_delete(target integer) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    IF target = app_user_id() THEN
        RAISE EXCEPTION '不能删除自己' USING ERRCODE = 'HL015', CONSTRAINT = 'id';
    END IF;
    PERFORM refuse_superior(target);
    UPDATE app_user SET deleted_at = now(), enabled = false, version = version + 1 WHERE id = target AND deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    DELETE FROM queue_member WHERE user_id = target;
    DELETE FROM skill_group_member WHERE user_id = target;
    DELETE FROM phone WHERE user_id = target;
    DELETE FROM user_role WHERE user_id = target;
    DELETE FROM session WHERE user_id = target;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION user_delete(integer) IS '删除用户,历史数据仍引用';

CREATE FUNCTION queue_save(target integer, expected integer, home_center integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old queue%ROWTYPE;
    next queue%ROWTYPE;
    fields jsonb := (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(doc)
        WHERE key IN ('code', 'name', 'strategy', 'ring_timeout_ms', 'wrap_up_ms', 'wrap_up_required', 'max_wait_ms', 'max_length', 'max_offers', 'overflow_queue_id',
                      'age_step_ms', 'sl_threshold_ms', 'short_abandon_ms', 'enabled', 'skill_group_id') AND value <> 'null');
BEGIN
    IF target IS NULL THEN
        INSERT INTO queue (center_id, code, name) VALUES (home_center, doc->>'code', doc->>'name') RETURNING * INTO old;
    ELSE
        SELECT * INTO old FROM queue q WHERE q.id = target AND q.deleted_at IS NULL FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        ELSIF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
    END IF;
    next := jsonb_populate_record(old, fields);
    IF next.code <> old.code OR (old.enabled AND NOT next.enabled) THEN
        PERFORM refuse_queue_in_use(old);
    END IF;
    IF next.skill_group_id IS NOT NULL AND NOT EXISTS (SELECT FROM skill_group g WHERE g.id = next.skill_group_id AND g.center_id = old.center_id) THEN
        RAISE EXCEPTION '本中心没有这个技能组' USING ERRCODE = 'HL014', CONSTRAINT = 'skill_group_id';
    END IF;
    next.overflow_queue_id := nullif(next.overflow_queue_id, 0);
    IF next.overflow_queue_id = old.id OR (next.overflow_queue_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM queue q WHERE q.id = next.overflow_queue_id AND q.center_id = old.center_id AND q.deleted_at IS NULL)) THEN
        RAISE EXCEPTION '溢出队列应是本中心的另一个队列' USING ERRCODE = 'HL014', CONSTRAINT = 'overflow_queue_id';
    END IF;
    UPDATE queue SET (code, name, strategy, ring_timeout_ms, wrap_up_ms, wrap_up_required, max_wait_ms, max_length, max_offers,
        overflow_queue_id, age_step_ms,
        sl_threshold_ms, short_abandon_ms, enabled, skill_group_id, version) =
        (next.code, next.name, next.strategy, next.ring_timeout_ms, next.wrap_up_ms, next.wrap_up_required, next.max_wait_ms,
         next.max_length, next.max_offers, next.overflow_queue_id, next.age_step_ms, next.sl_threshold_ms, next.short_abandon_ms, next.enabled, next.skill_group_id,
         CASE WHEN target IS NULL THEN 1 ELSE old.version + 1 END)
    WHERE id = old.id RETURNING * INTO next;
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION '本中心已有代码为“%”的队列', doc->>'code' USING ERRCODE = 'HL014', CONSTRAINT = 'code';
END $$;
COMMENT ON FUNCTION queue_save(integer, integer, integer, jsonb) IS '新建或修改队列';

-- The flows in force that send calls to this queue.
CREATE FUNCTION refuse_queue_in_use(q queue) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    flows text := (SELECT string_agg('“' || f.name || '”', '、' ORDER BY f.id)
        FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
        WHERE f.center_id = q.center_id AND EXISTS (SELECT FROM jsonb_each(v.document->'nodes') n
            WHERE n.value->>'type' = 'queue' AND n.value->>'queue' = q.code));
BEGIN
    IF flows IS NOT NULL THEN
        RAISE EXCEPTION '队列“%”正被语音流程%使用,请先修改并发布这些流程', q.name, flows
            USING ERRCODE = 'HL013', CONSTRAINT = 'queue_id';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_queue_in_use(queue) IS '队列被已发布流程使用时拒绝';

CREATE FUNCTION queue_delete(target integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old queue%ROWTYPE;
BEGIN
    SELECT * INTO old FROM queue q WHERE q.id = target AND q.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    PERFORM refuse_queue_in_use(old);
    DELETE FROM queue_member WHERE queue_id = target;
    UPDATE queue SET overflow_queue_id = NULL, version = version + 1 WHERE overflow_queue_id = target;
    UPDATE queue SET deleted_at = now(), enabled = false, version = version + 1 WHERE id = target;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION queue_delete(integer) IS '删除队列,历史数据仍引用';

-- Who joins a queue has its skill from then on.
CREATE FUNCTION member_put(target integer, agent integer, new_weight integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    q queue%ROWTYPE;
BEGIN
    SELECT * INTO q FROM queue o WHERE o.id = target AND o.deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    IF new_weight NOT BETWEEN 1 AND 100 THEN
        RAISE EXCEPTION '权值应在 1 到 100 之间' USING ERRCODE = 'HL014', CONSTRAINT = 'weight';
    END IF;
    IF EXISTS (SELECT FROM app_user u WHERE u.id = agent AND u.agent_no = '') THEN
        RAISE EXCEPTION '该用户没有工号,不是坐席' USING ERRCODE = 'HL010', CONSTRAINT = 'user_id';
    END IF;
    INSERT INTO queue_member (queue_id, user_id, center_id, weight) VALUES (target, agent, q.center_id, new_weight)
    ON CONFLICT (queue_id, user_id) DO UPDATE SET weight = EXCLUDED.weight;
    IF q.skill_group_id IS NOT NULL THEN
        INSERT INTO skill_group_member (skill_group_id, user_id, center_id) VALUES (q.skill_group_id, agent, q.center_id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION member_put(integer, integer, integer) IS '坐席加入队列或修改权值';

CREATE FUNCTION flow_publish(target integer, expected integer, doc jsonb, why text, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old flow%ROWTYPE;
    next integer;
BEGIN
    SELECT * INTO old FROM flow f WHERE f.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF expected IS NOT NULL AND old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
    END IF;
    next := 1 + coalesce((SELECT max(v.version) FROM flow_version v WHERE v.flow_id = target), 0);
    INSERT INTO flow_version (flow_id, version, center_id, document, note, published_by)
    VALUES (target, next, old.center_id, doc, coalesce(why, ''), nullif(actor, 0));
    UPDATE flow SET published_version = next, draft = NULL, version = old.version + 1 WHERE id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'published_version', next, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION flow_publish(integer, integer, jsonb, text, integer) IS '发布流程的新版本';

-- path is where the sound was put: the name settings_prompt_next gave. Who comes second with the
-- same version is refused by the primary key.
CREATE FUNCTION prompt_publish(home_center integer, wanted text, new_version integer, new_text text, new_source text, new_path text, actor integer)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    target integer;
BEGIN
    INSERT INTO prompt (center_id, code, name) VALUES (home_center, wanted, wanted) ON CONFLICT DO NOTHING;
    SELECT p.id INTO target FROM prompt p WHERE p.center_id = home_center AND p.code = wanted;
    INSERT INTO prompt_version (prompt_id, version, center_id, text, path, source, made_by)
    VALUES (target, new_version, home_center, coalesce(new_text, ''), new_path, new_source, nullif(actor, 0));
    UPDATE prompt p SET published_version = new_version, version = p.version + 1 WHERE p.id = target;
    RETURN jsonb_build_object('result', 'ok', 'code', wanted, 'version', new_version);
END $$;
COMMENT ON FUNCTION prompt_publish(integer, text, integer, text, text, text, integer) IS '发布提示音的新版本';

CREATE FUNCTION trunk_save(target integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old trunk%ROWTYPE;
    next trunk%ROWTYPE;
BEGIN
    SELECT * INTO old FROM trunk t WHERE t.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
    END IF;
    next := jsonb_populate_record(old, (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(doc)
        WHERE key NOT IN ('id', 'version') AND value <> 'null'));
    UPDATE trunk SET (name, transport, host, port, allowed_ips, username, password, realm, in_username, in_password, max_channels,
        priority, options_interval_s, registers, enabled, version) =
        (next.name, next.transport, next.host, next.port, next.allowed_ips, next.username, next.password, next.realm,
         next.in_username, next.in_password, next.max_channels, next.priority, next.options_interval_s, next.registers,
         next.enabled, old.version + 1)
    WHERE id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '已有名称为“%”的中继', doc->>'name' USING ERRCODE = 'HL014', CONSTRAINT = 'name';
END $$;
COMMENT ON FUNCTION trunk_save(integer, integer, jsonb) IS '修改中继';
