-- Monitors: what an agent did on a day (MON-02, MON-06), with one meaning wherever it is shown; and where a team belongs.

-- By call, as kpi.md E1 says: a talk belongs to the day on which its call came in or was made, whole. Talks of 0 s are none (S12);
-- colleagues' calls, consultations and watching are not counted (E9, E19, S14). Of calls of the home center alone: what somebody of
-- the region takes over in a city is the city's, and changes nothing in the region's own figures (GEN-05).
CREATE FUNCTION agent_talk_sums(home integer, target integer, t0 timestamptz, t1 timestamptz)
RETURNS TABLE (ans bigint, transfer_in bigint, out_ans bigint, talk_ms bigint) LANGUAGE sql STABLE AS $$
    SELECT count(*) FILTER (WHERE k.kind = 'inbound'), count(*) FILTER (WHERE k.kind = 'transfer_in'), count(*) FILTER (WHERE k.kind = 'outbound'),
        coalesce(sum(k.talk_ms), 0)::bigint
    FROM talk k JOIN call c ON c.call_id = k.call_id
    WHERE k.user_id = target AND k.t_ans >= t0 AND k.talk_id >= uuid_floor(t0) AND k.center_id = home
      AND k.kind IN ('inbound', 'transfer_in', 'outbound') AND k.talk_ms > 0
      AND c.call_id >= uuid_floor(t0 - interval '1 minute') AND c.t_in >= t0 AND c.t_in < t1 AND NOT c.test AND c.direction <> 'internal'
$$;
COMMENT ON FUNCTION agent_talk_sums(integer, integer, timestamptz, timestamptz) IS '一名坐席在一段时间内的接听、转入、呼出接通数与通话时长（按呼叫进入时间归属）';

-- Monitors show the region's and the cities' agents by district (MON-04, MON-07): a team belongs to one.
ALTER TABLE team ADD COLUMN district text NOT NULL DEFAULT '' CHECK (length(district) <= 20);
COMMENT ON COLUMN team.district IS '所属区县局（监控按此分组，空为市局本级）';

CREATE OR REPLACE FUNCTION team_save(target integer, expected integer, home_center integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old team%ROWTYPE;
    next team%ROWTYPE;
BEGIN
    IF target IS NULL THEN
        old.enabled := true;
        old.district := '';
        next := jsonb_populate_record(old, entry_fields(doc, '{name,district,enabled}'));
        INSERT INTO team (center_id, name, district, enabled) VALUES (home_center, next.name, btrim(next.district), next.enabled) RETURNING * INTO next;
    ELSE
        SELECT * INTO old FROM team t WHERE t.id = target FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"result": "missing"}';
        ELSIF old.version <> expected THEN
            RETURN jsonb_build_object('result', 'stale', 'id', old.id, 'version', old.version);
        END IF;
        next := jsonb_populate_record(old, entry_fields(doc, '{name,district,enabled}'));
        UPDATE team SET (name, district, enabled, version) = (next.name, btrim(next.district), next.enabled, old.version + 1) WHERE id = target RETURNING * INTO next;
    END IF;
    RETURN jsonb_build_object('result', 'ok', 'id', next.id, 'version', next.version);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '本中心已有名为“%”的班组', next.name USING ERRCODE = 'HL014', CONSTRAINT = 'name';
END $$;
