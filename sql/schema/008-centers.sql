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
