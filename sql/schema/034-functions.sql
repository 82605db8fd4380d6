-- What a center is without is a list of functions (CC-36). Their names, and the permissions that go with them, are the
-- daemon's (src/access/functions.c); until now the list held permissions.

UPDATE center c SET functions_off = (
    SELECT coalesce(array_agg(DISTINCT f ORDER BY f), '{}') FROM (
        SELECT m.function AS f FROM (VALUES
            ('agent.work', 'agent'), ('call.dial', 'dial'), ('call.read', 'call_log'), ('call.export', 'call_export'),
            ('recording.play', 'recording_play'), ('recording.download', 'recording_download'), ('contact.read', 'contacts'),
            ('contact.write', 'contacts'), ('record.read', 'records'), ('record.write', 'records'), ('voicemail.read', 'voicemail'),
            ('voicemail.work', 'voicemail'), ('voicemail.assign', 'voicemail'), ('callback.work', 'callback'), ('monitor.read', 'wall'),
            ('monitor.listen', 'listen'), ('monitor.intervene', 'whisper'), ('monitor.intervene', 'barge'), ('monitor.intervene', 'take_over'),
            ('monitor.force', 'disconnect'), ('monitor.force', 'force_state'), ('monitor.queue', 'queue_moves'),
            ('report.read', 'reports'), ('list.write', 'number_lists')) AS m(permission, function)
        WHERE m.permission = ANY (c.functions_off)) u)
WHERE c.functions_off <> '{}';
COMMENT ON COLUMN center.functions_off IS '本中心停用的功能名，其人员的页面与接口中均不再有';

-- The API has refused names there are not.
CREATE OR REPLACE FUNCTION center_save(target integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old center%ROWTYPE;
    next center%ROWTYPE;
BEGIN
    SELECT * INTO old FROM center c WHERE c.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
    END IF;
    next := jsonb_populate_record(old, (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(doc)
        WHERE key IN ('name', 'announce_agent_no', 'functions_off') AND value <> 'null'));
    UPDATE center SET (name, announce_agent_no, functions_off, version) =
        (next.name, next.announce_agent_no, (SELECT coalesce(array_agg(DISTINCT f ORDER BY f), '{}') FROM unnest(next.functions_off) f), old.version + 1)
    WHERE id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;

-- One function of one center; twice is once.
CREATE FUNCTION center_function_set(target integer, function_name text, has boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    saved center%ROWTYPE;
BEGIN
    UPDATE center c SET version = c.version + 1, functions_off = CASE WHEN has THEN array_remove(c.functions_off, function_name)
        ELSE (SELECT array_agg(DISTINCT f ORDER BY f) FROM unnest(c.functions_off || function_name) f) END
    WHERE c.id = target RETURNING * INTO saved;
    IF NOT FOUND THEN RETURN '{"result": "missing"}'; END IF;
    RETURN jsonb_build_object('result', 'ok', 'id', saved.id, 'version', saved.version, 'functions_off', saved.functions_off);
END $$;
COMMENT ON FUNCTION center_function_set(integer, text, boolean) IS '启用或停用一个中心的一项功能';

-- For what callers meet: the directory leaves out what a center is without.
CREATE FUNCTION center_has(home integer, function_name text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM center c WHERE c.id = home AND function_name = ANY (c.functions_off))
$$;
COMMENT ON FUNCTION center_has(integer, text) IS '中心是否启用某项功能';
