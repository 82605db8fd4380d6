-- Calls that move between centers: the codes under which a center takes them, what is allowed in which direction, and
-- the queues and seats that are for such calls alone (XFER-01, XFER-08, XFER-10 ... XFER-16, ACD-09).

-- --- access codes ------------------------------------------------------------------------------

ALTER TABLE number_plan ADD COLUMN via_trunk_id integer REFERENCES trunk,
    ADD COLUMN queue_id integer REFERENCES queue,
    ADD COLUMN priority integer NOT NULL DEFAULT 10 CHECK (priority BETWEEN 0 AND 99);
COMMENT ON COLUMN number_plan.via_trunk_id IS '接入码由其他系统承担时通往该系统的中继，空为本系统承担';
COMMENT ON COLUMN number_plan.queue_id IS '转入来电先进的附属技能队列，空为按流程';
COMMENT ON COLUMN number_plan.priority IS '转入来电的排队优先级，直拨来电一般为 0';

-- --- dedicated queues and seats ----------------------------------------------------------------

ALTER TABLE queue ADD COLUMN transfer_only boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN queue.transfer_only IS '附属技能队列：只接其他中心转入的来电';
ALTER TABLE app_user ADD COLUMN transfer_seat boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN app_user.transfer_seat IS '转接专席：只在附属技能队列中接听';

-- --- what is allowed ---------------------------------------------------------------------------

-- One row for a city, set by the region; without a row everything is allowed at any time.
CREATE TABLE center_transfer (
    center_id integer PRIMARY KEY REFERENCES center,
    to_12366 boolean NOT NULL DEFAULT true,
    from_12366 boolean NOT NULL DEFAULT true,
    between_cities boolean NOT NULL DEFAULT true,
    to_12366_hours jsonb,
    from_12366_hours jsonb,
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE center_transfer IS '中心间呼转的授权：每个分中心一行，由自治区设置';
COMMENT ON COLUMN center_transfer.center_id IS '分中心';
COMMENT ON COLUMN center_transfer.to_12366 IS '允许分中心转自治区12366';
COMMENT ON COLUMN center_transfer.from_12366 IS '允许自治区12366转分中心';
COMMENT ON COLUMN center_transfer.between_cities IS '允许与其他开通互转的分中心互转';
COMMENT ON COLUMN center_transfer.to_12366_hours IS '可转自治区12366的时段（工作日历格式），空为全天';
COMMENT ON COLUMN center_transfer.from_12366_hours IS '自治区12366可转入的时段（工作日历格式），空为全天';
COMMENT ON COLUMN center_transfer.version IS '版本号（并发修改检查）';
SELECT protect_table('center_transfer');
SELECT watch_table('center_transfer');
GRANT SELECT, INSERT, UPDATE ON center_transfer TO hotlined_app;

-- --- who sent a call ---------------------------------------------------------------------------

ALTER TABLE call ADD COLUMN from_center text NOT NULL DEFAULT '', ADD COLUMN from_agent_no text NOT NULL DEFAULT '';
COMMENT ON COLUMN call.from_center IS '转出中心的代码，空为直拨或未知';
COMMENT ON COLUMN call.from_agent_no IS '转出坐席的工号';

-- As in 018, and which center and agent sent it stays with the call (XFER-13).
CREATE OR REPLACE FUNCTION mark_moved(passed_on call_change[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    UPDATE call o SET moved_to = CASE t.kind WHEN 'regional' THEN 'r12366' ELSE 'city' END
    FROM unnest(passed_on) c JOIN center t ON t.id = c.center_id
    WHERE o.call_id = (SELECT e.call_id FROM call e
        WHERE e.global_call_id = (c.begun->>'global_call_id')::uuid AND e.center_id <> c.center_id
          AND e.t_in <= ms_time((c.begun->>'t_in_ms')::bigint) ORDER BY e.t_in DESC LIMIT 1);
    UPDATE call o SET from_center = c.begun->>'from_center', from_agent_no = coalesce(c.begun->>'from_agent_no', '')
    FROM unnest(passed_on) c
    WHERE o.call_id = c.call_id AND c.begun->>'from_center' <> '';
END $$;

-- --- settings ----------------------------------------------------------------------------------

CREATE FUNCTION transfer_codes(target integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('source', n.source, 'code', n.called_no, 'queue_id', n.queue_id, 'queue_name', coalesce(q.name, ''),
        'priority', n.priority, 'trunk_id', n.via_trunk_id, 'trunk_name', coalesce(t.name, ''), 'version', n.version) ORDER BY n.source), '[]')
    FROM (SELECT DISTINCT ON (source) * FROM number_plan WHERE center_id = target AND kind = 'access_code' ORDER BY source, id) n
    LEFT JOIN queue q ON q.id = n.queue_id LEFT JOIN trunk t ON t.id = n.via_trunk_id
$$;
COMMENT ON FUNCTION transfer_codes(integer) IS '一个中心的内部接入码';

-- Codes are unlike every other number of the plan. A center's own people name the queue and the priority, too; which
-- trunk leads there is the region's to say.
CREATE FUNCTION transfer_code_save(target integer, wanted_source text, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old number_plan%ROWTYPE;
    wanted_queue integer := nullif((doc->>'queue_id')::integer, 0); -- 0 = none
    wanted_trunk integer := nullif((doc->>'trunk_id')::integer, 0);
BEGIN
    IF NOT EXISTS (SELECT FROM center WHERE id = target AND (kind = 'city' OR wanted_source = 'from_city')) THEN
        RETURN '{"result": "missing"}';
    END IF;
    PERFORM pg_advisory_xact_lock(12366, 5);
    SELECT * INTO old FROM number_plan n WHERE n.center_id = target AND n.kind = 'access_code' AND n.source = wanted_source ORDER BY n.id LIMIT 1;
    IF coalesce(old.version, 1) <> expected THEN -- nothing was set yet: 1
        RETURN jsonb_build_object('result', 'stale', 'id', target, 'version', coalesce(old.version, 1));
    ELSIF access_code_is_taken(doc->>'code', old.id) THEN
        RAISE EXCEPTION '号码“%”已在号码表中使用', doc->>'code' USING ERRCODE = 'HL014', CONSTRAINT = 'code';
    ELSIF wanted_queue IS NOT NULL AND NOT EXISTS (SELECT FROM queue q WHERE q.id = wanted_queue AND q.center_id = target AND q.enabled AND q.deleted_at IS NULL) THEN
        RAISE EXCEPTION '本中心没有这个队列' USING ERRCODE = 'HL014', CONSTRAINT = 'queue_id';
    ELSIF doc ? 'trunk_id' AND wanted_trunk IS NOT NULL AND NOT EXISTS (SELECT FROM trunk t WHERE t.id = wanted_trunk) THEN
        RAISE EXCEPTION '没有这条中继' USING ERRCODE = 'HL014', CONSTRAINT = 'trunk_id';
    END IF;
    IF old.id IS NULL THEN
        INSERT INTO number_plan (called_no, center_id, kind, source, flow_code, note, queue_id, priority, via_trunk_id, version)
        VALUES (doc->>'code', target, 'access_code', wanted_source, 'transfer', '内部接入码', wanted_queue,
            coalesce((doc->>'priority')::integer, 10), wanted_trunk, 2);
        RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', 2);
    END IF;
    UPDATE number_plan SET called_no = doc->>'code', queue_id = CASE WHEN doc ? 'queue_id' THEN wanted_queue ELSE old.queue_id END, priority = coalesce((doc->>'priority')::integer, old.priority),
        via_trunk_id = CASE WHEN doc ? 'trunk_id' THEN wanted_trunk ELSE old.via_trunk_id END, version = old.version + 1
    WHERE id = old.id;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION transfer_code_save(integer, text, integer, jsonb) IS '设置内部接入码';

-- Also of numbers of centers the person may not see: hence as the owner, and only yes or no.
CREATE FUNCTION access_code_is_taken(code text, but_for integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM number_plan n WHERE n.called_no = code AND n.id IS DISTINCT FROM but_for)
$$;
COMMENT ON FUNCTION access_code_is_taken(text, integer) IS '号码是否已在号码表中';

-- The row of a city to be changed, made when there is none; null when it was changed meanwhile.
CREATE FUNCTION transfer_row(target integer, expected integer) RETURNS center_transfer LANGUAGE plpgsql AS $$
DECLARE
    old center_transfer%ROWTYPE;
BEGIN
    PERFORM pg_advisory_xact_lock(12366, 5);
    SELECT * INTO old FROM center_transfer WHERE center_id = target;
    IF coalesce(old.version, 1) <> expected THEN
        RETURN NULL;
    END IF;
    IF old.version IS NULL THEN
        INSERT INTO center_transfer (center_id) VALUES (target) RETURNING * INTO old;
    END IF;
    RETURN old;
END $$;
COMMENT ON FUNCTION transfer_row(integer, integer) IS '取得一个中心的呼转设置以便修改';

CREATE FUNCTION transfer_save(target integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old center_transfer%ROWTYPE;
BEGIN
    IF NOT EXISTS (SELECT FROM center WHERE id = target AND kind = 'city') THEN
        RETURN '{"result": "missing"}';
    END IF;
    old := transfer_row(target, expected);
    IF old.center_id IS NULL THEN
        RETURN jsonb_build_object('result', 'stale', 'id', target, 'version', (SELECT version FROM center_transfer WHERE center_id = target));
    END IF;
    UPDATE center_transfer SET to_12366 = coalesce((doc->>'to_12366')::boolean, old.to_12366),
        from_12366 = coalesce((doc->>'from_12366')::boolean, old.from_12366),
        between_cities = coalesce((doc->>'between_cities')::boolean, old.between_cities),
        to_12366_hours = CASE WHEN doc ? 'to_12366_hours' THEN nullif(doc->'to_12366_hours', 'null') ELSE old.to_12366_hours END,
        from_12366_hours = CASE WHEN doc ? 'from_12366_hours' THEN nullif(doc->'from_12366_hours', 'null') ELSE old.from_12366_hours END,
        version = old.version + 1
    WHERE center_id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION transfer_save(integer, integer, jsonb) IS '设置中心间呼转的授权与时段';

-- Exactly these queues and seats are for transferred calls alone.
CREATE FUNCTION transfer_dedicate(target integer, expected integer, queues integer[], seats integer[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old center_transfer%ROWTYPE;
BEGIN
    IF NOT EXISTS (SELECT FROM center WHERE id = target) THEN
        RETURN '{"result": "missing"}';
    ELSIF EXISTS (SELECT FROM unnest(queues) w WHERE NOT EXISTS (SELECT FROM queue q WHERE q.id = w AND q.center_id = target AND q.deleted_at IS NULL)) THEN
        RAISE EXCEPTION '本中心没有这个队列' USING ERRCODE = 'HL014', CONSTRAINT = 'queues';
    ELSIF EXISTS (SELECT FROM unnest(seats) w WHERE NOT EXISTS (SELECT FROM app_user u WHERE u.id = w AND u.center_id = target AND u.agent_no <> '' AND u.deleted_at IS NULL)) THEN
        RAISE EXCEPTION '本中心没有这个坐席' USING ERRCODE = 'HL014', CONSTRAINT = 'seats';
    END IF;
    old := transfer_row(target, expected);
    IF old.center_id IS NULL THEN
        RETURN jsonb_build_object('result', 'stale', 'id', target, 'version', (SELECT version FROM center_transfer WHERE center_id = target));
    END IF;
    UPDATE queue SET transfer_only = id = ANY (queues), version = version + 1 WHERE center_id = target AND transfer_only <> (id = ANY (queues));
    UPDATE app_user SET transfer_seat = id = ANY (seats), version = version + 1 WHERE center_id = target AND transfer_seat <> (id = ANY (seats));
    UPDATE center_transfer SET version = old.version + 1 WHERE center_id = target;
    RETURN jsonb_build_object('result', 'ok', 'id', target, 'version', old.version + 1);
END $$;
COMMENT ON FUNCTION transfer_dedicate(integer, integer, integer[], integer[]) IS '指定转接专席与附属技能队列';
