-- Transcripts of messages (VM-02, VM-04), made by an engine that hears; its sessions are a pool of the centers like the others (PLAT-10).
--
-- The table is the queue: a row is made when a message is closed, or asked for by hand, and is 'waiting' until there is a text, or a
-- reason why there is none. A daemon that ends in between has lost nothing: whoever looks next finds it waiting.

ALTER TABLE pool_share DROP CONSTRAINT pool_share_kind_check;
ALTER TABLE pool_share ADD CONSTRAINT pool_share_kind_check CHECK (kind IN ('trunk', 'tts', 'asr'));
COMMENT ON TABLE pool_share IS '资源池份额：各中心的外线通道、语音合成会话与语音识别会话，无行即没有保底、不设上限';
COMMENT ON COLUMN pool_share.kind IS '资源：trunk 外线通道、tts 语音合成会话、asr 语音识别会话';

-- A message's sound leaves the house for an engine: each center says whether it wants that.
ALTER TABLE voicemail_setting ADD COLUMN transcribe boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN voicemail_setting.transcribe IS '新留言是否送语音识别引擎转成文字';

CREATE TABLE transcript (
    recording_id uuid PRIMARY KEY REFERENCES voicemail ON DELETE CASCADE,
    center_id integer NOT NULL REFERENCES center,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
    requested_at timestamptz NOT NULL DEFAULT now(),
    next_at timestamptz NOT NULL DEFAULT now(),
    tries integer NOT NULL DEFAULT 0,
    reason text NOT NULL DEFAULT '',
    text text,
    engine text NOT NULL DEFAULT '',
    confidence real CHECK (confidence BETWEEN 0 AND 1),
    made_at timestamptz,
    CHECK (state <> 'done' OR (text IS NOT NULL AND made_at IS NOT NULL))
);
COMMENT ON TABLE transcript IS '录音的识别文字（个人信息，随录音删除）；等待中的行即为识别的队列';
COMMENT ON COLUMN transcript.recording_id IS '录音编号，即留言编号';
COMMENT ON COLUMN transcript.center_id IS '所属中心';
COMMENT ON COLUMN transcript.state IS '状态：等待识别、已识别、已放弃';
COMMENT ON COLUMN transcript.requested_at IS '要求识别的时间，同一中心先到先得';
COMMENT ON COLUMN transcript.next_at IS '此后可以送识别（失败后推迟）';
COMMENT ON COLUMN transcript.tries IS '本次要求以来失败的次数';
COMMENT ON COLUMN transcript.reason IS '最近一次失败的原因';
COMMENT ON COLUMN transcript.text IS '识别出的文字，空文字为没有听出内容，空值为还没有识别过';
COMMENT ON COLUMN transcript.engine IS '识别引擎的名称';
COMMENT ON COLUMN transcript.confidence IS '引擎给出的可信度（0 至 1），空为未给出';
COMMENT ON COLUMN transcript.made_at IS '识别完成时间';
CREATE INDEX transcript_queue ON transcript (center_id, requested_at, recording_id) WHERE state = 'waiting';
SELECT protect_table('transcript');
GRANT SELECT, INSERT, UPDATE ON transcript TO hotlined_app;

-- Pages that show the message look again, and the daemon looks for what waits.
CREATE FUNCTION transcript_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hotlined_config', 'voicemail ' || NEW.center_id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION transcript_changed() IS '识别状态变化后通知守护进程刷新留言页面';
CREATE TRIGGER transcript_changed AFTER INSERT OR UPDATE ON transcript FOR EACH ROW EXECUTE FUNCTION transcript_changed();

CREATE FUNCTION transcript_wanted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO transcript (recording_id, center_id)
    SELECT NEW.voicemail_id, NEW.center_id FROM voicemail_setting s WHERE s.center_id = NEW.center_id AND s.transcribe
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION transcript_wanted() IS '留言录完：启用识别的中心排队等待识别';
CREATE TRIGGER transcript_wanted AFTER UPDATE ON voicemail FOR EACH ROW
    WHEN (OLD.state = 'recording' AND NEW.state = 'new') EXECUTE FUNCTION transcript_wanted();

-- What was said goes with the sound: deleted by hand, or after its day.
CREATE FUNCTION transcript_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM transcript WHERE recording_id = NEW.recording_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION transcript_gone() IS '录音删除或清除后，识别文字一并删除';
CREATE TRIGGER transcript_gone AFTER UPDATE ON recording FOR EACH ROW
    WHEN (NEW.state = 'deleted' AND OLD.state <> 'deleted' AND NEW.talk_id IS NULL) EXECUTE FUNCTION transcript_gone();

-- Once more, from the first try; one that waits keeps its place. {result: ok | missing | state | no_engine | off}.
CREATE FUNCTION voicemail_transcribe(which uuid, only_users integer[], has_engine boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    SELECT * INTO v FROM voicemail m WHERE m.voicemail_id = which AND m.state <> 'recording' FOR UPDATE;
    IF NOT FOUND OR NOT (only_users IS NULL OR v.assigned_to IS NULL OR v.assigned_to = ANY (only_users)) THEN
        RETURN '{"result": "missing"}';
    ELSIF v.state = 'deleted' OR EXISTS (SELECT FROM recording r WHERE r.recording_id = which AND r.state = 'deleted') THEN
        RETURN '{"result": "state"}';
    ELSIF NOT has_engine THEN
        RETURN '{"result": "no_engine"}';
    ELSIF NOT EXISTS (SELECT FROM voicemail_setting s WHERE s.center_id = v.center_id AND s.transcribe) THEN
        RETURN '{"result": "off"}';
    END IF;
    INSERT INTO transcript AS t (recording_id, center_id) VALUES (which, v.center_id)
    ON CONFLICT (recording_id) DO UPDATE SET state = 'waiting', tries = 0, reason = '', next_at = now(),
        requested_at = CASE t.state WHEN 'waiting' THEN t.requested_at ELSE now() END;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION voicemail_transcribe(uuid, integer[], boolean) IS '要求重新识别一条留言';

-- A try that led to nothing: later again, four times as late each time, until so many were made. Returns in how many ms, null: not again.
CREATE FUNCTION transcript_failed(which uuid, why text, most_tries integer, retry_s integer, for_good boolean) RETURNS bigint LANGUAGE sql AS $$
    UPDATE transcript SET tries = tries + 1, reason = why, state = CASE WHEN for_good OR tries + 1 >= most_tries THEN 'failed' ELSE 'waiting' END,
        next_at = now() + least(retry_s * power(4, least(tries, 10)), 21600) * interval '1 second'
    WHERE recording_id = which AND state = 'waiting'
    RETURNING CASE state WHEN 'waiting' THEN (extract(epoch FROM next_at - now()) * 1000)::bigint END
$$;
COMMENT ON FUNCTION transcript_failed(uuid, text, integer, integer, boolean) IS '一次识别没有成功：推迟再试，或放弃';

-- As in 021; transcribe: absent = as it was.
CREATE OR REPLACE FUNCTION voicemail_setting_save(of_center integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old voicemail_setting;
    scene_doc jsonb;
BEGIN
    SELECT * INTO old FROM voicemail_setting s WHERE s.center_id = of_center FOR UPDATE;
    IF coalesce(old.version, 1) <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'version', coalesce(old.version, 1));
    END IF;
    IF doc->>'assign_rule' = 'round_robin' AND NOT EXISTS (SELECT FROM skill_group g WHERE g.center_id = of_center AND g.id = (doc->>'assign_group_id')::integer) THEN
        RAISE EXCEPTION '组内轮流分派须选择本中心的一个技能组' USING ERRCODE = 'HL014', CONSTRAINT = 'assign_group_id';
    END IF;
    INSERT INTO voicemail_setting AS s (center_id, version, enabled, off_prompt, quota_mb, assign_rule, assign_group_id, transcribe)
    VALUES (of_center, 2, (doc->>'enabled')::boolean, doc->>'off_prompt', (doc->>'quota_mb')::integer, doc->>'assign_rule',
        CASE doc->>'assign_rule' WHEN 'round_robin' THEN (doc->>'assign_group_id')::integer END, coalesce((doc->>'transcribe')::boolean, old.transcribe, false))
    ON CONFLICT (center_id) DO UPDATE SET enabled = EXCLUDED.enabled, off_prompt = EXCLUDED.off_prompt, quota_mb = EXCLUDED.quota_mb,
        assign_rule = EXCLUDED.assign_rule, assign_group_id = EXCLUDED.assign_group_id, transcribe = EXCLUDED.transcribe, version = s.version + 1;
    FOR scene_doc IN SELECT jsonb_array_elements(doc->'scenes')
    LOOP
        INSERT INTO voicemail_scene (center_id, scene, enabled, prompt)
        VALUES (of_center, scene_doc->>'scene', (scene_doc->>'enabled')::boolean, scene_doc->>'prompt')
        ON CONFLICT (center_id, scene) DO UPDATE SET enabled = EXCLUDED.enabled, prompt = EXCLUDED.prompt;
    END LOOP;
    RETURN jsonb_build_object('result', 'ok', 'version', coalesce(old.version, 1) + 1);
END $$;
