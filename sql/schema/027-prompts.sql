-- Prompts as administrators keep them: what each is for, whose voice at which speed, old versions to go
-- back to, and which flows play them.

ALTER TABLE prompt ADD COLUMN kind text NOT NULL DEFAULT 'other' CHECK (kind IN ('greeting', 'key', 'closing', 'off_hours', 'other'));
COMMENT ON COLUMN prompt.kind IS '种类:greeting 欢迎语,key 导航按键提示音,closing 结束语,off_hours 非工作时段提示音,other 其他';
ALTER TABLE prompt_version ADD COLUMN voice text NOT NULL DEFAULT '', ADD COLUMN speed integer NOT NULL DEFAULT 100 CHECK (speed BETWEEN 50 AND 200);
COMMENT ON COLUMN prompt_version.voice IS '合成所用的发音人,空为引擎默认';
COMMENT ON COLUMN prompt_version.speed IS '合成语速(百分比)';
UPDATE prompt SET kind = CASE WHEN code IN ('greeting', 'transfer_greeting') THEN 'greeting'
    WHEN code IN ('main_menu', 'guide_menu', 'system_menu', 'invalid_key', 'no_input') THEN 'key'
    WHEN code IN ('goodbye', 'all_busy') THEN 'closing' ELSE 'off_hours' END
WHERE code IN ('greeting', 'transfer_greeting', 'main_menu', 'guide_menu', 'system_menu', 'invalid_key', 'no_input', 'goodbye', 'all_busy', 'closed');

-- Where the flows in force of a center name a prompt: one row for each node.
CREATE FUNCTION prompt_uses(home integer) RETURNS TABLE (code text, flow_id integer, flow_name text, node text) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT p.value, f.id, f.name, coalesce(nullif(n.value->>'name', ''), n.key)
    FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
    CROSS JOIN LATERAL jsonb_each(v.document->'nodes') n
    CROSS JOIN LATERAL jsonb_each_text(n.value) p
    WHERE f.center_id = home AND p.key IN ('prompt', 'invalid', 'no_input', 'music', 'suffix');
$$;
COMMENT ON FUNCTION prompt_uses(integer) IS '本中心已发布流程中使用提示音的节点';

DROP FUNCTION prompt_publish(integer, text, integer, text, text, text, integer);
-- path is where the sound was put: the name settings_prompt_next gave. Who comes second with the same version is
-- refused by the primary key. Name and kind may be null: they stay, or are those of the common prompt.
CREATE FUNCTION prompt_publish(home_center integer, wanted text, new_version integer, new_text text, new_source text, new_path text, actor integer,
    new_name text, new_kind text, new_voice text, new_speed integer)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    target integer;
BEGIN
    INSERT INTO prompt (center_id, code, name, kind)
    SELECT home_center, wanted, coalesce(c.name, wanted), coalesce(c.kind, 'other')
    FROM (SELECT 1) o LEFT JOIN prompt c ON c.code = wanted AND c.center_id IS NULL
    ON CONFLICT DO NOTHING;
    SELECT p.id INTO target FROM prompt p WHERE p.center_id = home_center AND p.code = wanted;
    INSERT INTO prompt_version (prompt_id, version, center_id, text, path, source, made_by, voice, speed)
    VALUES (target, new_version, home_center, coalesce(new_text, ''), new_path, new_source, nullif(actor, 0),
        coalesce(new_voice, ''), coalesce(new_speed, 100));
    UPDATE prompt p SET published_version = new_version, version = p.version + 1, name = coalesce(nullif(new_name, ''), p.name),
        kind = coalesce(new_kind, p.kind) WHERE p.id = target;
    RETURN jsonb_build_object('result', 'ok', 'code', wanted, 'version', new_version);
END $$;
COMMENT ON FUNCTION prompt_publish(integer, text, integer, text, text, text, integer, text, text, text, integer) IS '发布提示音的新版本';

-- A version's sound is a file of its own, so that an old one is in force again by being named.
CREATE FUNCTION prompt_restore(home_center integer, wanted text, old_version integer) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    UPDATE prompt p SET published_version = old_version, version = p.version + 1
    WHERE p.center_id = home_center AND p.code = wanted
      AND EXISTS (SELECT FROM prompt_version v WHERE v.prompt_id = p.id AND v.version = old_version);
    RETURN CASE WHEN FOUND THEN jsonb_build_object('result', 'ok', 'code', wanted, 'version', old_version) ELSE '{"result": "missing"}' END;
END $$;
COMMENT ON FUNCTION prompt_restore(integer, text, integer) IS '恢复提示音的旧版本';

-- Files stay: a call may be playing one. Where a common prompt has the same code, flows say that one from now on.
CREATE FUNCTION prompt_delete(home_center integer, wanted text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old prompt%ROWTYPE;
    users text;
BEGIN
    SELECT * INTO old FROM prompt p WHERE p.center_id = home_center AND p.code = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    SELECT string_agg(DISTINCT '“' || u.flow_name || '”的节点“' || u.node || '”', '、') INTO users FROM prompt_uses(home_center) u WHERE u.code = wanted;
    IF users IS NOT NULL AND NOT EXISTS (SELECT FROM prompt p WHERE p.code = wanted AND p.center_id IS NULL AND p.published_version IS NOT NULL) THEN
        RAISE EXCEPTION '提示音“%”正被语音流程%使用,请先修改并发布这些流程', old.name, users USING ERRCODE = 'HL013', CONSTRAINT = 'code';
    END IF;
    DELETE FROM prompt WHERE id = old.id;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION prompt_delete(integer, text) IS '删除本中心的提示音,被流程使用时拒绝';
GRANT DELETE ON prompt TO hotlined_app;

-- ACD-06: the keys that lead to a queue, or its node where no key does.
CREATE OR REPLACE FUNCTION refuse_queue_in_use(q queue) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    users text;
BEGIN
    WITH node AS (
        SELECT f.id AS flow_id, f.name AS flow, n.key, coalesce(nullif(n.value->>'name', ''), n.key) AS name, n.value
        FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version
        CROSS JOIN LATERAL jsonb_each(v.document->'nodes') n
        WHERE f.center_id = q.center_id
    ), used AS (
        SELECT * FROM node WHERE value->>'type' IN ('queue', 'callback') AND value->>'queue' = q.code
    ), named AS (
        SELECT u.flow_id, u.flow, coalesce(string_agg('菜单“' || m.name || '”按键 ' || k.key, '、' ORDER BY m.key, k.key), '节点“' || u.name || '”') AS what
        FROM used u LEFT JOIN (node m CROSS JOIN LATERAL jsonb_each_text(CASE m.value->>'type' WHEN 'menu' THEN m.value->'keys' END) k)
            ON m.flow_id = u.flow_id AND k.value = u.key
        GROUP BY u.flow_id, u.flow, u.key, u.name
    )
    SELECT string_agg('“' || flow || '”(' || what || ')', '、' ORDER BY flow_id, what) INTO users FROM named;
    IF users IS NOT NULL THEN
        RAISE EXCEPTION '队列“%”正被语音流程%使用,请先修改并发布这些流程', q.name, users USING ERRCODE = 'HL013', CONSTRAINT = 'queue_id';
    END IF;
END $$;

-- A flow begins without a version: no call enters it before something is published.
CREATE FUNCTION flow_create(home_center integer, new_code text, new_name text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    made flow%ROWTYPE;
BEGIN
    INSERT INTO flow (center_id, code, name) VALUES (home_center, new_code, new_name) RETURNING * INTO made;
    RETURN jsonb_build_object('result', 'ok', 'id', made.id, 'version', made.version);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '本中心已有代码为“%”的语音流程', new_code USING ERRCODE = 'HL014', CONSTRAINT = 'code';
END $$;
COMMENT ON FUNCTION flow_create(integer, text, text) IS '新建语音流程,尚无版本';
