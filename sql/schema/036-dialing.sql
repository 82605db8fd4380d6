-- How a center dials out (CC-17). A center without a line may call everything but premium and international numbers.

CREATE TABLE dial_rule (
    center_id integer PRIMARY KEY REFERENCES center,
    ranges text[] NOT NULL DEFAULT '{service,local,mobile,national}'
        CHECK (ranges <@ '{service,local,mobile,national,premium,international}'::text[]),
    prefix text NOT NULL DEFAULT '' CHECK (prefix ~ '^[0-9*#]{0,8}$'),
    local_short boolean NOT NULL DEFAULT false,
    far_zero boolean NOT NULL DEFAULT false,
    shown_no text NOT NULL DEFAULT '',
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE dial_rule IS '外呼规则，每中心一行，无行即为缺省';
COMMENT ON COLUMN dial_rule.center_id IS '中心';
COMMENT ON COLUMN dial_rule.ranges IS '允许拨打的范围：服务短号、本地固话、手机、国内长途、声讯、国际；紧急号码总是允许';
COMMENT ON COLUMN dial_rule.prefix IS '向中继送出的号码前加拨的号码';
COMMENT ON COLUMN dial_rule.local_short IS '本地固话是否不带区号送出';
COMMENT ON COLUMN dial_rule.far_zero IS '外地手机前是否加 0 送出';
COMMENT ON COLUMN dial_rule.shown_no IS '外显号码，须为本中心的公开号码；空为第一个公开号码';
COMMENT ON COLUMN dial_rule.version IS '版本号（并发修改检查）';
SELECT protect_table('dial_rule');
SELECT watch_table('dial_rule');
GRANT SELECT, INSERT, UPDATE ON dial_rule TO hotlined_app;

-- A center has a row from the first change on; before, its version is 1. What doc does not name stays.
CREATE FUNCTION dial_rule_save(target integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old dial_rule%ROWTYPE;
    next dial_rule%ROWTYPE;
BEGIN
    IF NOT EXISTS (SELECT FROM center WHERE id = target) THEN RETURN '{"result": "missing"}'; END IF;
    INSERT INTO dial_rule (center_id) VALUES (target) ON CONFLICT DO NOTHING;
    SELECT * INTO old FROM dial_rule WHERE center_id = target FOR UPDATE;
    IF old.version <> expected THEN RETURN jsonb_build_object('result', 'stale', 'id', target, 'version', old.version); END IF;
    next := jsonb_populate_record(old, (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(doc)
        WHERE key IN ('ranges', 'prefix', 'local_short', 'far_zero', 'shown_no') AND value <> 'null'));
    IF next.shown_no <> '' AND NOT EXISTS (SELECT FROM number_plan n WHERE n.center_id = target AND n.kind = 'public' AND n.called_no = next.shown_no) THEN
        RAISE EXCEPTION '外显号码“%”不是本中心的公开号码，请从号码表中选择', next.shown_no USING ERRCODE = 'HL014', CONSTRAINT = 'shown_no';
    END IF;
    UPDATE dial_rule SET (ranges, prefix, local_short, far_zero, shown_no, version) =
        (next.ranges, next.prefix, next.local_short, next.far_zero, next.shown_no, old.version + 1) WHERE center_id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION dial_rule_save(integer, integer, jsonb) IS '修改一个中心的外呼规则';
