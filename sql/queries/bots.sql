-- The voice bot: its nodes, and who may use it how.

-- name: settings_bot_peers
-- No parameters.
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'transport', t.transport, 'host', t.host, 'port', t.port,
    'sip_user', p.sip_user, 'channels', p.channels, 'record', p.record, 'enabled', p.enabled, 'trunk_id', p.trunk_id, 'version', p.version) ORDER BY p.id), '[]')) AS document
FROM bot_peer p JOIN trunk t ON t.id = p.trunk_id;

-- name: settings_bot_peer_create
-- $1 body. HL014 names the field.
SELECT bot_peer_save(NULL, NULL, $1::jsonb) AS document;

-- name: settings_bot_peer_update
-- $1 id, $2 expected version, $3 body. HL014 names the field.
SELECT bot_peer_save($1::int, $2::int, $3::jsonb) AS document;

-- name: settings_bot_shares
-- No parameters: the centers in sight, also those without a row.
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('center_id', c.id, 'center_name', c.name, 'allowed', coalesce(s.allowed, false),
    'guaranteed', coalesce(s.guaranteed, 0), 'most', coalesce(s.most, 10), 'policy', coalesce(s.policy, 'key'), 'share_percent', coalesce(s.share_percent, 50),
    'calendar_code', coalesce(s.calendar_code, 'default'), 'data', coalesce(s.data, 'own'), 'version', coalesce(s.version, 1)) ORDER BY c.sort, c.id), '[]')) AS document
FROM center c LEFT JOIN bot_share s ON s.center_id = c.id;

-- name: settings_bot_share_save
-- $1 center id, $2 expected version, $3 body. HL014 names the field.
SELECT bot_share_save($1::int, $2::int, $3::jsonb) AS document;

-- name: bot_figures
-- $1 from, $2 to (timestamptz, null = open), $3 center id (null = all in sight). One column: {items}, a row for each center, never a sum of several:
-- sessions that began then, without test calls. "shown" is false for centers that keep theirs to themselves.
WITH counted AS (
    SELECT s.center_id, count(*) AS sessions, count(*) FILTER (WHERE result = 'human') AS human, count(*) FILTER (WHERE result = 'done') AS done,
        count(*) FILTER (WHERE result = 'silent') AS silent, count(*) FILTER (WHERE result = 'abandoned') AS abandoned,
        count(*) FILTER (WHERE result = 'failed') AS failed, sum(rounds) AS rounds
    FROM bot_session s JOIN call c USING (call_id)
    WHERE ($1::timestamptz IS NULL OR s.session_id >= uuid_floor($1::timestamptz)) AND ($2::timestamptz IS NULL OR s.session_id < uuid_floor($2::timestamptz))
      AND NOT c.test
    GROUP BY s.center_id),
meant AS (
    SELECT i.center_id, jsonb_agg(jsonb_build_object('intent', i.intent, 'sessions', i.n) ORDER BY i.n DESC, i.intent) FILTER (WHERE i.place <= 20) AS intents
    FROM (SELECT s.center_id, s.intent, count(*) AS n, row_number() OVER (PARTITION BY s.center_id ORDER BY count(*) DESC, s.intent) AS place
          FROM bot_session s JOIN call c USING (call_id)
          WHERE ($1::timestamptz IS NULL OR s.session_id >= uuid_floor($1::timestamptz)) AND ($2::timestamptz IS NULL OR s.session_id < uuid_floor($2::timestamptz))
      AND NOT c.test AND s.intent <> ''
          GROUP BY s.center_id, s.intent) i GROUP BY i.center_id)
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('center_id', c.id, 'center_name', c.name, 'kind', c.kind, 'shown', x.shown)
    || CASE WHEN x.shown THEN jsonb_build_object('sessions', coalesce(n.sessions, 0), 'human', coalesce(n.human, 0), 'done', coalesce(n.done, 0),
        'silent', coalesce(n.silent, 0), 'abandoned', coalesce(n.abandoned, 0), 'failed', coalesce(n.failed, 0), 'rounds', coalesce(n.rounds, 0),
        'intents', coalesce(m.intents, '[]')) ELSE '{}' END ORDER BY c.sort, c.id), '[]')) AS document
FROM center c CROSS JOIN LATERAL (SELECT c.id = ANY ((SELECT bot_centers())::integer[]) AS shown) x
LEFT JOIN counted n ON n.center_id = c.id LEFT JOIN meant m ON m.center_id = c.id
WHERE $3::int IS NULL OR c.id = $3::int;

-- name: bot_session_list
-- $1 from, $2 to (timestamptz, null = open), $3 center id (null = all in sight), $4 result, $5 intent, $6 only calls one of these users
-- took part in (int array, null = all), $7 limit, $8 after (cursor). One column: {items, next}, newest first.
WITH page AS (
    SELECT s.*, c.caller_place FROM bot_session s JOIN call c USING (call_id)
    WHERE ($1::timestamptz IS NULL OR s.session_id >= uuid_floor($1::timestamptz)) AND ($2::timestamptz IS NULL OR s.session_id < uuid_floor($2::timestamptz))
      AND ($3::int IS NULL OR s.center_id = $3::int) AND ($4::text IS NULL OR s.result = $4::text) AND ($5::text IS NULL OR s.intent = $5::text)
      AND ($6::int[] IS NULL OR c.user_id = ANY ($6::int[]) OR EXISTS (SELECT FROM talk k WHERE k.call_id = c.call_id AND k.user_id = ANY ($6::int[])))
      AND ($8::text IS NULL OR s.session_id < cursor_id($8::text)::uuid)
    ORDER BY s.session_id DESC LIMIT least($7::int, 200) + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.session_id DESC) AS n FROM page p)
SELECT jsonb_build_object(
    'items', coalesce(jsonb_agg(jsonb_build_object('session_id', p.session_id, 'center_id', p.center_id, 'center_name', z.name, 'call_id', p.call_id,
        't_start', iso(p.t_start), 'talk_ms', CASE WHEN p.t_ans IS NULL THEN 0 ELSE ms_between(p.t_ans, p.t_end) END, 'caller_place', p.caller_place,
        'result', p.result, 'rounds', p.rounds, 'intent', p.intent, 'summary', p.summary,
        'turns', (SELECT count(*) FROM bot_turn t WHERE t.call_id = p.call_id AND t.session_id = p.session_id)) ORDER BY p.n) FILTER (WHERE p.n <= least($7::int, 200)), '[]'),
    'next', (SELECT cursor_of(t_start, session_id::text) FROM numbered WHERE n = least($7::int, 200)
             AND EXISTS (SELECT FROM numbered WHERE n > least($7::int, 200)))) AS document
FROM numbered p JOIN center z ON z.id = p.center_id;
