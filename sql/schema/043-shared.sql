-- What centers share, and what a registration takes from its call.

-- What each center is guaranteed of the trunk channels and the speech sessions, and what it may have at most (PLAT-10). The voice
-- bots' are in bot_share, beside their policy; the directory has all of them in one list.

CREATE TABLE pool_share (
    center_id integer NOT NULL REFERENCES center,
    kind text NOT NULL CHECK (kind IN ('trunk', 'tts')),
    guaranteed integer NOT NULL DEFAULT 0 CHECK (guaranteed BETWEEN 0 AND 100000),
    most integer CHECK (most BETWEEN 0 AND 100000),
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (center_id, kind),
    CHECK (guaranteed <= most)
);
COMMENT ON TABLE pool_share IS '资源池份额：各中心的外线通道与语音合成会话，无行即没有保底、不设上限';
COMMENT ON COLUMN pool_share.center_id IS '中心';
COMMENT ON COLUMN pool_share.kind IS '资源：trunk 外线通道、tts 语音合成会话';
COMMENT ON COLUMN pool_share.guaranteed IS '保底数量，其他中心不能占用';
COMMENT ON COLUMN pool_share.most IS '最多数量，空为不设上限';
COMMENT ON COLUMN pool_share.version IS '版本号（并发修改检查）';
SELECT protect_table('pool_share');
SELECT watch_table('pool_share');
GRANT SELECT, INSERT, UPDATE ON pool_share TO hotlined_app;

-- A center has a row from the first change on; before, its version is 1. most: absent or null = no limit.
CREATE FUNCTION pool_share_save(target integer, of_kind text, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old pool_share%ROWTYPE;
    least_of integer := coalesce((doc->>'guaranteed')::integer, 0);
    most_of integer := (doc->>'most')::integer;
BEGIN
    IF NOT EXISTS (SELECT FROM center WHERE id = target) THEN RETURN '{"result": "missing"}'; END IF;
    INSERT INTO pool_share (center_id, kind) VALUES (target, of_kind) ON CONFLICT DO NOTHING;
    SELECT * INTO old FROM pool_share WHERE center_id = target AND kind = of_kind FOR UPDATE;
    IF old.version <> expected THEN RETURN jsonb_build_object('result', 'stale', 'id', target, 'version', old.version); END IF;
    IF least_of > most_of THEN
        RAISE EXCEPTION '保底数量 % 不能多于最多数量 %', least_of, most_of USING ERRCODE = 'HL014', CONSTRAINT = 'guaranteed';
    END IF;
    UPDATE pool_share SET guaranteed = least_of, most = most_of, version = old.version + 1 WHERE center_id = target AND kind = of_kind;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION pool_share_save(integer, text, integer, jsonb) IS '修改一个中心的资源池份额';

-- --- registrations of calls that are under way ------------------------------------------------------

ALTER TABLE record ADD COLUMN queue_id integer;
COMMENT ON COLUMN record.queue_id IS '来电所在的队列，空为补录、呼出或未经队列';

-- As in 013; number, queue and center of a call under way are what the daemon says, not what the page says.
CREATE OR REPLACE FUNCTION record_create(doc jsonb, home_center integer, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := (doc->>'id')::uuid;
    of_call call;
    live jsonb := doc->'live'; -- said by the daemon of a call that is under way: its row may not be here yet
    regional boolean := (SELECT kind = 'regional' FROM center c WHERE c.id = home_center);
    how text := coalesce(nullif(doc->>'method', ''), 'direct');
    made record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(wanted::text, 12366));
    DELETE FROM draft WHERE call_id = (doc->>'call_id')::uuid AND user_id = actor;
    SELECT r.id, r.record_no, r.version INTO made FROM record r WHERE r.id = wanted AND r.created_by = actor;
    IF FOUND THEN
        RETURN to_jsonb(made);
    END IF;
    PERFORM check_record(home_center, doc);
    IF call_is_elsewhere((doc->>'call_id')::uuid, home_center) THEN
        PERFORM refuse('这个来电不属于本中心', 'call_id');
    END IF;
    IF (live->>'center_id')::integer <> home_center THEN
        PERFORM refuse('这个来电不属于本中心', 'call_id');
    END IF;
    SELECT * INTO of_call FROM call c WHERE c.call_id = (doc->>'call_id')::uuid;
    INSERT INTO record (id, center_id, record_no, call_id, caller_no, caller_name, caller_city, problem_city, category,
        queue_id, problem_type_id, title, content, answer, method, urgency, same_day, due_at, taxpayer_name, taxpayer_no, tags,
        info_source, unit_type, channel, state, created_by, closed_at)
    SELECT wanted, home_center, next_record_no(home_center), (doc->>'call_id')::uuid,
        coalesce(nullif(live->>'party_no', ''), nullif(doc->>'caller_no', ''), of_call.party_no, ''), coalesce(doc->>'caller_name', ''),
        coalesce(nullif(doc->>'caller_city', ''), live->>'caller_city', of_call.caller_city, ''), coalesce(doc->>'problem_city', ''), doc->>'category',
        coalesce((live->>'queue_id')::integer, of_call.first_queue_id), (doc->>'problem_type_id')::integer, coalesce(doc->>'title', ''), coalesce(doc->>'content', ''), coalesce(doc->>'answer', ''),
        how, coalesce(nullif(doc->>'urgency', ''), 'normal'), coalesce((doc->>'same_day')::boolean, false),
        nullif(doc->>'due_at', '')::timestamptz, coalesce(doc->>'taxpayer_name', ''), coalesce(doc->>'taxpayer_no', ''),
        coalesce((SELECT array_agg(t) FROM jsonb_array_elements_text(CASE jsonb_typeof(doc->'tags') WHEN 'array' THEN doc->'tags' ELSE '[]' END) t), '{}'),
        coalesce(live->>'info_source', of_call.info_source, CASE WHEN regional THEN 'r12366' ELSE 'city' END), coalesce(live->>'unit_type', of_call.unit_type, 'self'),
        CASE WHEN doc->>'call_id' IS NULL THEN 'late_entry' ELSE 'voice' END,
        record_state(how), actor, CASE record_state(how) WHEN 'closed' THEN now() END
    RETURNING id, record_no, version INTO made;
    PERFORM keep_place(home_center, coalesce(nullif(live->>'party_no', ''), nullif(doc->>'caller_no', ''), of_call.party_no), doc->>'caller_city', actor);
    RETURN to_jsonb(made);
END $$;
