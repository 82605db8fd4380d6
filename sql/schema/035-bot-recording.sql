-- What a caller says to a voice bot is recorded where the node says so: both tracks, a piece of the call, no talk of an agent.

ALTER TABLE bot_peer ADD COLUMN record boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN bot_peer.record IS '是否录制来电人与机器人的对话';
COMMENT ON COLUMN recording.right_party IS '右声道一方：坐席、外部一方、机器人，留言为空';

-- A node has a trunk of its own, made and changed with it. What doc does not name stays.
CREATE OR REPLACE FUNCTION bot_peer_save(target integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old bot_peer%ROWTYPE;
    trunk_of integer;
    saved bot_peer%ROWTYPE;
BEGIN
    IF target IS NOT NULL THEN
        SELECT * INTO old FROM bot_peer WHERE id = target FOR UPDATE;
        IF NOT FOUND THEN RETURN '{"result": "missing"}'; END IF;
        IF old.version <> expected THEN RETURN jsonb_build_object('result', 'stale', 'id', target, 'version', old.version); END IF;
        trunk_of := old.trunk_id;
    END IF;
    IF EXISTS (SELECT FROM trunk WHERE name = doc->>'name' AND id IS DISTINCT FROM trunk_of) THEN
        RAISE EXCEPTION '已有同名的中继或机器人节点' USING ERRCODE = 'HL014', CONSTRAINT = 'name';
    END IF;
    IF target IS NULL THEN
        INSERT INTO trunk (name, transport, host, port, max_channels, options_interval_s, enabled)
        VALUES (doc->>'name', coalesce(doc->>'transport', 'udp'), doc->>'host', coalesce((doc->>'port')::integer, 5060), 0, 10,
            coalesce((doc->>'enabled')::boolean, true)) RETURNING id INTO trunk_of;
        INSERT INTO bot_peer (trunk_id, name, sip_user, channels, record, enabled)
        VALUES (trunk_of, doc->>'name', coalesce(nullif(doc->>'sip_user', ''), 'bot'), coalesce((doc->>'channels')::integer, 40),
            coalesce((doc->>'record')::boolean, false), coalesce((doc->>'enabled')::boolean, true)) RETURNING * INTO saved;
    ELSE
        UPDATE trunk SET name = coalesce(doc->>'name', name), transport = coalesce(doc->>'transport', transport), host = coalesce(doc->>'host', host),
            port = coalesce((doc->>'port')::integer, port), enabled = coalesce((doc->>'enabled')::boolean, enabled), version = version + 1
        WHERE id = trunk_of;
        UPDATE bot_peer SET name = coalesce(doc->>'name', name), sip_user = coalesce(nullif(doc->>'sip_user', ''), sip_user),
            channels = coalesce((doc->>'channels')::integer, channels), record = coalesce((doc->>'record')::boolean, record), enabled = coalesce((doc->>'enabled')::boolean, enabled), version = version + 1
        WHERE id = target RETURNING * INTO saved;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'id', saved.id, 'version', saved.version);
END $$;
COMMENT ON FUNCTION bot_peer_save(integer, integer, jsonb) IS '新增或修改语音机器人节点及其中继';
