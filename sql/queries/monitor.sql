-- What leaders see beside the live wall.

-- name: monitor_agents
-- $1 center id (null = all in sight). One column: {items}: the agents with team, district and today's figures, by center and
-- number: the figures of RPT-17 for today. Answered are callers they talked with, whoever brought them; out those they called who answered.
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('user_id', u.id, 'center_id', u.center_id, 'agent_no', u.agent_no,
    'name', u.name, 'team_id', coalesce(u.team_id, 0), 'team_name', coalesce(t.name, ''), 'org_name', coalesce(nullif(t.district, ''), CASE WHEN o.level NOT IN ('region', 'city') THEN o.name END, ''),
    'answered', d.answered, 'out', d.out_ans, 'talk_ms', d.talk_ms) ORDER BY c.sort, u.agent_no), '[]')) AS document
FROM app_user u JOIN center c ON c.id = u.center_id
LEFT JOIN team t ON t.id = u.team_id LEFT JOIN org o ON o.id = u.org_id
CROSS JOIN LATERAL agent_day(u.center_id, u.id, local_day(now())) d
WHERE u.agent_no <> '' AND u.deleted_at IS NULL AND ($1::int IS NULL OR u.center_id = $1::int);

-- name: agents_today
-- $1 newest fact at the last look (null = none), $2 the day of that look. Rows (center_id, document, newest, day): today's figures of
-- those agents whose talks ended since; on another day, or after ten minutes without a look, of all who talked today ("all": who is
-- not named has none), with a row for each center. center_id null: nothing changed there.
WITH arg AS (
    SELECT x.d, (SELECT id FROM fact ORDER BY id DESC LIMIT 1) AS newest,
        $1::uuid IS NULL OR $2::date IS DISTINCT FROM x.d OR $1::uuid < uuid_floor(now() - interval '10 minutes') AS everybody
    FROM (SELECT local_day(now()) AS d) x),
changed AS MATERIALIZED (
    SELECT DISTINCT f.center_id, (f.payload->>'user_id')::int AS user_id
    FROM fact f WHERE f.id > $1::uuid AND f.kind = 'talk_end' AND NOT (SELECT everybody FROM arg)
    UNION
    SELECT DISTINCT r.center_id, r.user_id
    FROM rollup_agent r JOIN center c ON c.id = r.center_id WHERE r.day = (SELECT d FROM arg) AND (SELECT everybody FROM arg)),
told AS MATERIALIZED (
    SELECT c.center_id, jsonb_agg(jsonb_build_object('user_id', c.user_id, 'answered', d.answered, 'out', d.out_ans,
        'talk_ms', d.talk_ms) ORDER BY c.user_id) AS items
    FROM changed c JOIN app_user u ON u.id = c.user_id AND u.center_id = c.center_id
    CROSS JOIN LATERAL agent_day(c.center_id, c.user_id, (SELECT d FROM arg)) d
    GROUP BY c.center_id)
SELECT t.center_id, jsonb_build_object('center_id', t.center_id, 'all', arg.everybody, 'items', t.items) AS document,
    arg.newest AS newest, arg.d AS day
FROM arg LEFT JOIN LATERAL (
    SELECT c.id AS center_id, coalesce(told.items, '[]') AS items
    FROM center c LEFT JOIN told ON told.center_id = c.id WHERE arg.everybody OR told.items IS NOT NULL) t ON true;
