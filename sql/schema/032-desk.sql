-- The agent's desk and what is asked about it: when a hold has lasted too long (CC-21), the transfers to the IVR as a list (DATA-04),
-- auditors who listen (QRY-04), and messages that are deleted by hand.

-- What a permission may be called is added to, whatever was added before.
DO $$
DECLARE
    added text[] := '{voicemail.delete}';
    known text[] := ARRAY(SELECT DISTINCT m[1] FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_.]+)''', 'g') AS m
        WHERE c.conname = 'role_permission_permission_check');
BEGIN
    ALTER TABLE role_permission DROP CONSTRAINT role_permission_permission_check;
    EXECUTE (SELECT format('ALTER TABLE role_permission ADD CONSTRAINT role_permission_permission_check CHECK (permission IN (%s))',
            string_agg(quote_literal(p), ', ' ORDER BY p))
        FROM (SELECT unnest(known) UNION SELECT unnest(added)) AS all_of(p));
END $$;

-- Who deletes is nobody who works on messages. Auditors look at calls and recordings of their center; numbers stay masked.
INSERT INTO role_permission (role_code, permission, scope) VALUES
    ('city_admin', 'voicemail.delete', 'center'), ('region_admin', 'voicemail.delete', 'region'),
    ('auditor', 'call.read', 'center'), ('auditor', 'recording.play', 'center'), ('auditor', 'recording.download', 'center'), ('auditor', 'call.export', 'center')
ON CONFLICT DO NOTHING;

-- --- the desk of a center -----------------------------------------------------------------------

CREATE TABLE desk_setting (
    center_id integer PRIMARY KEY REFERENCES center,
    hold_warn_s integer NOT NULL DEFAULT 60 CHECK (hold_warn_s BETWEEN 0 AND 3600),
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE desk_setting IS '坐席工作台设置，每中心一行，无行即为默认值';
COMMENT ON COLUMN desk_setting.center_id IS '中心';
COMMENT ON COLUMN desk_setting.hold_warn_s IS '保持超过多少秒时提醒坐席，0 为不提醒';
COMMENT ON COLUMN desk_setting.version IS '版本号（并发修改检查）';
SELECT protect_table('desk_setting');
SELECT watch_table('desk_setting');
GRANT SELECT, INSERT, UPDATE ON desk_setting TO hotlined_app;

-- expected: the version, 1 = nothing was ever set.
CREATE FUNCTION desk_setting_save(of_center integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    now_is integer;
BEGIN
    INSERT INTO desk_setting (center_id) VALUES (of_center) ON CONFLICT DO NOTHING;
    SELECT s.version INTO now_is FROM desk_setting s WHERE s.center_id = of_center FOR UPDATE;
    IF now_is <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'version', now_is);
    END IF;
    UPDATE desk_setting SET hold_warn_s = (doc->>'hold_warn_s')::integer, version = version + 1 WHERE center_id = of_center;
    RETURN jsonb_build_object('result', 'ok', 'version', expected + 1);
END $$;
COMMENT ON FUNCTION desk_setting_save(integer, integer, jsonb) IS '修改坐席工作台设置';

-- --- transfers to the IVR, newest first: of all centers, of one, of one agent ----------------------

CREATE INDEX ivr_visit_sent_newest ON ivr_visit (t_start DESC, visit_id DESC) WHERE mode IS NOT NULL;
CREATE INDEX ivr_visit_sent_center ON ivr_visit (center_id, t_start DESC, visit_id DESC) WHERE mode IS NOT NULL;
CREATE INDEX ivr_visit_sent_agent ON ivr_visit (user_id, t_start DESC, visit_id DESC) WHERE mode IS NOT NULL;

CREATE FUNCTION ivr_transfer_word(code text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE code WHEN 'release' THEN '转出' WHEN 'suspend' THEN '挂起，办完返回' WHEN 'survey' THEN '满意度调查'
        WHEN 'queue' THEN '再次要求人工' WHEN 'hangup' THEN '流程结束' WHEN 'caller' THEN '来电人挂机' WHEN 'error' THEN '出错'
        WHEN 'agent' THEN '返回坐席' WHEN 'taken_back' THEN '坐席取回' ELSE coalesce(code, '进行中') END
$$;
COMMENT ON FUNCTION ivr_transfer_word(text) IS '转IVR的方式与结果的中文名称';

-- --- messages deleted by hand -------------------------------------------------------------------

ALTER TABLE voicemail DROP CONSTRAINT voicemail_state_check;
ALTER TABLE voicemail ADD CONSTRAINT voicemail_state_check CHECK (state IN ('recording', 'new', 'assigned', 'in_work', 'finished', 'void', 'deleted'));
COMMENT ON COLUMN voicemail.state IS '状态：录制中、新留言、已分派、处理中、已办结、作废、已删除（录音文件已不在）';
COMMENT ON COLUMN voicemail.finished_by IS '办结、作废或删除人';
COMMENT ON COLUMN voicemail.finished_at IS '办结、作废或删除时间';
COMMENT ON COLUMN voicemail.note IS '办结说明，作废或删除的原因';
ALTER TABLE voicemail_step DROP CONSTRAINT voicemail_step_state_check;
ALTER TABLE voicemail_step ADD CONSTRAINT voicemail_step_state_check CHECK (state IN ('new', 'assigned', 'in_work', 'finished', 'void', 'deleted', 'call_back'));

-- After its file is gone. Its registration goes with it while it is a draft; a formal one stays. {result: ok | missing}.
CREATE FUNCTION voicemail_delete(which uuid, why text, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    SELECT * INTO v FROM voicemail m WHERE m.voicemail_id = which AND m.state NOT IN ('recording', 'deleted') FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    UPDATE voicemail SET state = 'deleted', finished_by = actor, finished_at = now(), note = why, version = version + 1 WHERE voicemail_id = which;
    UPDATE record SET state = 'void', updated_by = actor, updated_at = now() WHERE id = v.record_id AND state = 'draft';
    UPDATE recording SET state = 'deleted' WHERE recording_id = which AND state <> 'deleted'; -- gives its room back
    PERFORM voicemail_note(which, 'deleted', actor, NULL, why);
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION voicemail_delete(uuid, text, integer) IS '人工删除留言';

-- As in 021; what is deleted stays so.
CREATE OR REPLACE FUNCTION voicemail_assign(which uuid, agent integer, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    SELECT * INTO v FROM voicemail m WHERE m.voicemail_id = which AND m.state <> 'recording' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF v.state IN ('finished', 'void', 'deleted') THEN
        RETURN '{"result": "state"}';
    ELSIF NOT EXISTS (SELECT FROM app_user u WHERE u.id = agent AND u.center_id = v.center_id AND u.enabled AND u.deleted_at IS NULL AND u.agent_no <> '') THEN
        RAISE EXCEPTION '本中心没有这名坐席，请重新选择' USING ERRCODE = 'HL010', CONSTRAINT = 'user_id';
    END IF;
    PERFORM voicemail_give(which, agent, actor, '');
    RETURN '{"result": "ok"}';
END $$;
CREATE OR REPLACE FUNCTION voicemail_finish(which uuid, how text, why text, only_users integer[], actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    SELECT * INTO v FROM voicemail m WHERE m.voicemail_id = which AND m.state <> 'recording' FOR UPDATE;
    IF NOT FOUND OR NOT (only_users IS NULL OR v.assigned_to IS NULL OR v.assigned_to = ANY (only_users)) THEN
        RETURN '{"result": "missing"}';
    ELSIF v.state IN ('finished', 'void', 'deleted') OR (how = 'finished' AND v.state <> 'in_work') THEN
        RETURN '{"result": "state"}';
    ELSIF how = 'finished' AND EXISTS (SELECT FROM record r WHERE r.id = v.record_id AND r.state = 'draft') THEN
        RETURN '{"result": "draft"}';
    END IF;
    UPDATE voicemail SET state = how, finished_by = actor, finished_at = now(), note = why, version = version + 1 WHERE voicemail_id = which;
    UPDATE record SET state = 'void', updated_by = actor, updated_at = now() WHERE id = v.record_id AND how = 'void' AND state = 'draft';
    PERFORM voicemail_note(which, how, actor, NULL, why);
    RETURN '{"result": "ok"}';
END $$;

CREATE OR REPLACE FUNCTION voicemail_word(code text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE code WHEN 'off_day' THEN '非工作日' WHEN 'off_hours' THEN '非工作时段' WHEN 'all_busy' THEN '坐席全忙' WHEN 'chosen' THEN '按键选择'
        WHEN 'new' THEN '新留言' WHEN 'assigned' THEN '已分派' WHEN 'in_work' THEN '处理中' WHEN 'finished' THEN '已办结' WHEN 'void' THEN '已作废'
        WHEN 'deleted' THEN '已删除' ELSE code END
$$;
