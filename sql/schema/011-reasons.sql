-- Busy and rest reasons (CC-20) and wrap-up codes (CC-06) are kept by the administrator of a center.
-- What facts name is never deleted, only disabled; a name may be used again once its owner is disabled.

ALTER TABLE reason ADD COLUMN version integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN reason.version IS '版本号（并发修改检查）';
ALTER TABLE wrap_up_code ADD COLUMN version integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN wrap_up_code.version IS '版本号（并发修改检查）';

-- Until now a name could be there twice: as busy and as rest reason, or under two codes.
UPDATE reason r SET name = r.name || '（小休）'
WHERE r.kind = 'rest' AND r.enabled AND EXISTS (
    SELECT FROM reason b WHERE b.center_id = r.center_id AND b.name = r.name AND b.kind = 'busy' AND b.enabled);
UPDATE wrap_up_code w SET name = w.name || ' ' || w.code
WHERE w.enabled AND EXISTS (
    SELECT FROM wrap_up_code o WHERE o.center_id = w.center_id AND o.name = w.name AND o.code < w.code AND o.enabled);
ALTER TABLE reason DROP CONSTRAINT reason_center_id_kind_name_key;
CREATE UNIQUE INDEX reason_name ON reason (center_id, name) WHERE enabled;
CREATE UNIQUE INDEX wrap_up_code_name ON wrap_up_code (center_id, name) WHERE enabled;

-- Whether facts name it is asked before it is deleted.
CREATE INDEX agent_state_reason ON agent_state (reason_id) WHERE reason_id IS NOT NULL;
CREATE INDEX call_wrap_up_code ON call (center_id, wrap_up_code) WHERE wrap_up_code IS NOT NULL;

-- The same as before, but what was disabled or is there already stays as it is without the old constraint.
CREATE OR REPLACE FUNCTION center_start_dictionaries(target integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO work_calendar (center_id, code, name, document)
    SELECT target, 'default', '全天', jsonb_build_object('week', jsonb_object_agg(d::text, '[["00:00","24:00"]]'::jsonb), 'days', '{}'::jsonb)
    FROM generate_series(1, 7) d
    ON CONFLICT (center_id, code) DO NOTHING;
    INSERT INTO reason (center_id, kind, name, system, allowed_ms, sort)
    SELECT target, g.* FROM (VALUES
        ('busy', '培训', false, 0, 10), ('busy', '会议', false, 0, 20), ('busy', '处理工单', false, 0, 30), ('busy', '回访', false, 0, 40),
        ('busy', '久不应答', true, 0, 50), ('busy', '设备故障', false, 0, 60), ('busy', '其他', false, 0, 70),
        ('rest', '小休', false, 600000, 80), ('rest', '用餐', false, 2400000, 90)) AS g(kind, name, system, allowed_ms, sort)
    WHERE NOT EXISTS (SELECT FROM reason r WHERE r.center_id = target AND r.name = g.name);
    INSERT INTO wrap_up_code (center_id, code, name, sort)
    SELECT target, g.* FROM (VALUES
        ('answered', '已答复', 10), ('call_back', '需回拨', 20), ('ticket', '已转工单', 30), ('transferred', '已转接', 40),
        ('harassment', '骚扰', 50), ('silent', '无声', 60), ('misdialed', '误拨', 70), ('dropped', '断线', 80)) AS g(code, name, sort)
    WHERE NOT EXISTS (SELECT FROM wrap_up_code w WHERE w.center_id = target AND (w.code = g.code OR w.name = g.name));
    INSERT INTO category (center_id, code, name, ident, sort)
    SELECT target, k.code, k.name, k.ident, k.code::integer FROM (VALUES
        ('01', '咨询', 'consult'), ('02', '查询', 'inquiry'), ('03', '特殊业务预受理', 'pre_accept'), ('04', '投诉', 'complaint'),
        ('05', '涉税举报', 'tax_report'), ('06', '违法乱纪举报', 'discipline_report'), ('07', '意见建议', 'suggestion'),
        ('08', '求助', 'help_request'), ('09', '系统异常', 'system_fault'), ('10', '表扬', 'praise'), ('99', '其他', 'other')) AS k(code, name, ident)
    ON CONFLICT (center_id, code) DO NOTHING;
$$;

-- The fields of a body that may be stored, names without spaces around them.
CREATE FUNCTION entry_fields(doc jsonb, allowed text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, CASE key WHEN 'name' THEN to_jsonb(btrim(value #>> '{}', E' \t\r\n\u3000')) ELSE value END), '{}')
    FROM jsonb_each(doc) WHERE key = ANY (allowed) AND value <> 'null'
$$;
COMMENT ON FUNCTION entry_fields(jsonb, text[]) IS '字典条目可保存的内容';

-- --- reasons -----------------------------------------------------------------------------------

-- What the daemon itself gives an agent as reason is nobody's to change.
CREATE FUNCTION refuse_system_reason(r reason) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF r.system THEN
        RAISE EXCEPTION '“%”由系统设置，不能修改或删除', r.name USING ERRCODE = 'HL015', CONSTRAINT = 'id';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_system_reason(reason) IS '拒绝修改系统原因';

CREATE FUNCTION reason_save(target integer, expected integer, home_center integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old reason%ROWTYPE;
    next reason%ROWTYPE;
BEGIN
    IF target IS NULL THEN
        old.center_id := home_center;
        old.allowed_ms := 0;
        old.sort := (SELECT coalesce(max(r.sort), 0) + 10 FROM reason r WHERE r.center_id = home_center);
        old.enabled := true;
        next := jsonb_populate_record(old, entry_fields(doc, '{kind,name,allowed_ms,sort,enabled}'));
        INSERT INTO reason (center_id, kind, name, allowed_ms, sort, enabled)
        VALUES (next.center_id, next.kind, next.name, next.allowed_ms, next.sort, next.enabled) RETURNING * INTO next;
    ELSE
        SELECT * INTO old FROM reason r WHERE r.id = target FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        END IF;
        PERFORM refuse_system_reason(old);
        IF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
        next := jsonb_populate_record(old, entry_fields(doc, '{name,allowed_ms,sort,enabled}'));
        UPDATE reason SET (name, allowed_ms, sort, enabled, version) =
            (next.name, next.allowed_ms, next.sort, next.enabled, old.version + 1)
        WHERE id = target RETURNING * INTO next;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '本中心已有名为“%”的原因', next.name USING ERRCODE = 'HL014', CONSTRAINT = 'name';
END $$;
COMMENT ON FUNCTION reason_save(integer, integer, integer, jsonb) IS '新建或修改示忙、小休原因';

CREATE FUNCTION reason_delete(target integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old reason%ROWTYPE;
BEGIN
    SELECT * INTO old FROM reason r WHERE r.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    PERFORM refuse_system_reason(old);
    IF EXISTS (SELECT FROM agent_state s WHERE s.reason_id = target) THEN
        RAISE EXCEPTION '坐席已用过“%”，删除会使历史记录失去依据，请改为停用', old.name USING ERRCODE = 'HL013', CONSTRAINT = 'id';
    END IF;
    DELETE FROM reason WHERE id = target;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION reason_delete(integer) IS '删除没有用过的原因';

-- --- wrap-up codes -----------------------------------------------------------------------------

CREATE FUNCTION wrap_up_code_create(home_center integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    next wrap_up_code%ROWTYPE;
BEGIN
    next.sort := (SELECT coalesce(max(w.sort), 0) + 10 FROM wrap_up_code w WHERE w.center_id = home_center);
    next.enabled := true;
    next := jsonb_populate_record(next, entry_fields(doc, '{code,name,sort,enabled}'));
    IF EXISTS (SELECT FROM wrap_up_code w WHERE w.center_id = home_center AND w.code = next.code) THEN
        RAISE EXCEPTION '本中心已有代码为“%”的小结类型', next.code USING ERRCODE = 'HL014', CONSTRAINT = 'code';
    END IF;
    INSERT INTO wrap_up_code (center_id, code, name, sort, enabled)
    VALUES (home_center, next.code, next.name, next.sort, next.enabled);
    RETURN jsonb_build_object('result', 'ok', 'code', next.code, 'version', 1);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '本中心已有名为“%”的小结类型', next.name USING ERRCODE = 'HL014', CONSTRAINT = 'name';
END $$;
COMMENT ON FUNCTION wrap_up_code_create(integer, jsonb) IS '新建小结类型';

CREATE FUNCTION wrap_up_code_update(home_center integer, wanted text, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old wrap_up_code%ROWTYPE;
    next wrap_up_code%ROWTYPE;
BEGIN
    SELECT * INTO old FROM wrap_up_code w WHERE w.center_id = home_center AND w.code = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF old.version <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'code', old.code, 'version', old.version);
    END IF;
    next := jsonb_populate_record(old, entry_fields(doc, '{name,sort,enabled}'));
    UPDATE wrap_up_code SET (name, sort, enabled, version) = (next.name, next.sort, next.enabled, old.version + 1)
    WHERE center_id = home_center AND code = wanted;
    RETURN jsonb_build_object('result', 'ok', 'code', wanted, 'version', old.version + 1);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '本中心已有名为“%”的小结类型', next.name USING ERRCODE = 'HL014', CONSTRAINT = 'name';
END $$;
COMMENT ON FUNCTION wrap_up_code_update(integer, text, integer, jsonb) IS '修改小结类型';

CREATE FUNCTION wrap_up_code_delete(home_center integer, wanted text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old wrap_up_code%ROWTYPE;
BEGIN
    SELECT * INTO old FROM wrap_up_code w WHERE w.center_id = home_center AND w.code = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF EXISTS (SELECT FROM call c WHERE c.center_id = home_center AND c.wrap_up_code = wanted) THEN
        RAISE EXCEPTION '已有来电小结为“%”，删除会使历史记录失去名称，请改为停用', old.name USING ERRCODE = 'HL013', CONSTRAINT = 'code';
    END IF;
    DELETE FROM wrap_up_code WHERE center_id = home_center AND code = wanted;
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION wrap_up_code_delete(integer, text) IS '删除没有用过的小结类型';
