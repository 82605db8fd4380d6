-- What of a center's talks is recorded (CC-05): by queue, of calls out, of what colleagues say to each other; and for how long an
-- agent may pause the recording while a caller says something secret. Recording everything is what a center without a line does.

-- What a permission may be called is added to, whatever was added before (as in 032).
DO $$
DECLARE
    added text[] := '{recording.pause}';
    known text[] := ARRAY(SELECT DISTINCT m[1] FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_.]+)''', 'g') AS m
        WHERE c.conname = 'role_permission_permission_check');
BEGIN
    ALTER TABLE role_permission DROP CONSTRAINT role_permission_permission_check;
    EXECUTE (SELECT format('ALTER TABLE role_permission ADD CONSTRAINT role_permission_permission_check CHECK (permission IN (%s))',
            string_agg(quote_literal(p), ', ' ORDER BY p))
        FROM (SELECT unnest(known) UNION SELECT unnest(added)) AS all_of(p));
END $$;

-- Whoever takes calls: a center that does not want it leaves the longest pause at 0.
INSERT INTO role_permission (role_code, permission, scope)
    SELECT role_code, 'recording.pause', 'self' FROM role_permission WHERE permission = 'agent.work'
ON CONFLICT DO NOTHING;

ALTER TABLE queue ADD COLUMN recording text NOT NULL DEFAULT 'always' CHECK (recording IN ('always', 'on_demand', 'never'));
COMMENT ON COLUMN queue.recording IS '录音规则：总是、由坐席按需开始、从不';

CREATE TABLE recording_rule (
    center_id integer PRIMARY KEY REFERENCES center,
    outbound text NOT NULL DEFAULT 'always' CHECK (outbound IN ('always', 'on_demand', 'never')),
    internal boolean NOT NULL DEFAULT true,
    pause_s integer NOT NULL DEFAULT 0 CHECK (pause_s BETWEEN 0 AND 600),
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE recording_rule IS '录音规则，每中心一行，无行即为缺省';
COMMENT ON COLUMN recording_rule.center_id IS '中心';
COMMENT ON COLUMN recording_rule.outbound IS '呼出电话：总是、由坐席按需开始、从不';
COMMENT ON COLUMN recording_rule.internal IS '磋商、求助时同事之间的谈话是否录音';
COMMENT ON COLUMN recording_rule.pause_s IS '坐席一次最多暂停多少秒，到时自动恢复；0 为不许暂停';
COMMENT ON COLUMN recording_rule.version IS '版本号（并发修改检查）';
SELECT protect_table('recording_rule');
SELECT watch_table('recording_rule');
GRANT SELECT, INSERT, UPDATE ON recording_rule TO hotlined_app;

-- A center has a row from the first change on; before, its version is 1. queues: [{id, recording}], those not named stay.
CREATE FUNCTION recording_rule_save(target integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old recording_rule%ROWTYPE;
    wrong text;
BEGIN
    IF NOT EXISTS (SELECT FROM center WHERE id = target) THEN RETURN '{"result": "missing"}'; END IF;
    INSERT INTO recording_rule (center_id) VALUES (target) ON CONFLICT DO NOTHING;
    SELECT * INTO old FROM recording_rule WHERE center_id = target FOR UPDATE;
    IF old.version <> expected THEN RETURN jsonb_build_object('result', 'stale', 'id', target, 'version', old.version); END IF;
    SELECT e.value->>'id' INTO wrong FROM jsonb_array_elements(coalesce(doc->'queues', '[]')) e
        WHERE NOT EXISTS (SELECT FROM queue q WHERE q.id = (e.value->>'id')::integer AND q.center_id = target AND q.deleted_at IS NULL) LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '本中心没有编号为 % 的队列，请刷新后重试', wrong USING ERRCODE = 'HL014', CONSTRAINT = 'queues';
    END IF;
    UPDATE recording_rule SET outbound = coalesce(doc->>'outbound', outbound), internal = coalesce((doc->>'internal')::boolean, internal),
        pause_s = coalesce((doc->>'pause_s')::integer, pause_s), version = old.version + 1 WHERE center_id = target;
    UPDATE queue q SET recording = e.value->>'recording', version = q.version + 1 FROM jsonb_array_elements(coalesce(doc->'queues', '[]')) e
        WHERE q.id = (e.value->>'id')::integer AND q.recording <> e.value->>'recording';
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION recording_rule_save(integer, integer, jsonb) IS '修改一个中心的录音规则';
