-- Callers who gave up or asked to be called back (SCN-14).

-- name: callback_list
-- $1 from, $2 to (of the last call; timestamptz or null), $3 center id, $4 number, $5 state (null = all; open: also those
-- being called), $6 queue id, $7 limit, $8 after, $9 reveal. Open ones by their place, others newest first.
-- One column: {items, next}.
WITH page AS (
    SELECT k.*, CASE WHEN k.state = 'open' AND k.expires_at <= now() THEN 'expired' ELSE k.state END AS now_state,
        CASE $5::text WHEN 'open' THEN k.first_at ELSE '3000-01-01Z'::timestamptz - (k.last_at - '2000-01-01Z'::timestamptz) END AS place_at
    FROM callback k
    WHERE ($1::timestamptz IS NULL OR k.last_at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR k.last_at < $2::timestamptz)
      AND ($3::int IS NULL OR k.center_id = $3::int)
      AND ($4::text IS NULL OR k.number IN ($4::text, nullif(normalise_number($4::text), '')))
      AND ($6::int IS NULL OR k.queue_id = $6::int)
      AND ($5::text IS NULL OR CASE $5::text WHEN 'open' THEN k.state = 'claimed' OR (k.state = 'open' AND k.expires_at > now())
           WHEN 'expired' THEN k.state = 'expired' OR (k.state = 'open' AND k.expires_at <= now()) ELSE k.state = $5::text END)),
cut AS (
    SELECT p.* FROM page p
    WHERE $8::text IS NULL OR (p.place_at, p.callback_id) > (cursor_time($8::text), cursor_id($8::text)::uuid)
    ORDER BY p.place_at, p.callback_id LIMIT least($7::int, 200) + 1),
numbered AS (SELECT c.*, row_number() OVER (ORDER BY c.place_at, c.callback_id) AS n FROM cut c)
SELECT jsonb_build_object(
    'items', coalesce(jsonb_agg(jsonb_build_object('callback_id', k.callback_id, 'center_id', k.center_id, 'center_name', c.name,
            'number', mask_number(k.number, $9::boolean), 'place', k.place, 'queue_id', k.queue_id, 'queue_name', coalesce(q.name, ''), 'source', k.source,
            'first_at', iso(k.first_at), 'last_at', iso(k.last_at), 'waits', k.waits, 'wait_ms', k.wait_ms, 'call_id', k.call_id, 'state', k.now_state,
            'attempts', k.attempts, 'next_at', iso(k.next_at), 'due', k.next_at <= now(), 'expires_at', iso(k.expires_at),
            'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''), 'outcome', k.outcome, 'finished_at', iso(k.finished_at), 'note', k.note,
            'history', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', iso(a.at), 'agent_no', b.agent_no, 'agent_name', b.name, 'outcome', a.outcome, 'call_id', a.call_id) ORDER BY a.at), '[]')
                FROM callback_attempt a LEFT JOIN app_user b ON b.id = a.user_id WHERE a.callback_id = k.callback_id)) ORDER BY n)
        FILTER (WHERE n <= least($7::int, 200)), '[]'),
    'next', (SELECT cursor_of(place_at, callback_id::text) FROM numbered WHERE n = least($7::int, 200)
             AND EXISTS (SELECT FROM numbered WHERE n > least($7::int, 200)))) AS document
FROM numbered k
JOIN center c ON c.id = k.center_id
LEFT JOIN queue q ON q.id = k.queue_id
LEFT JOIN app_user u ON u.id = coalesce(k.finished_by, k.claimed_by);

-- name: callback_claim
-- $1 id, $2 user id, $3 id of the call that is made next. Columns: result, number, by (who has it, or when it may be called).
SELECT d->>'result' AS result, coalesce(d->>'number', '') AS number, coalesce(d->>'by', d->>'at', '') AS by FROM callback_claim($1::uuid, $2::int, $3::uuid) d;

-- name: callback_unclaim
-- $1 id of the call that was not made after all.
SELECT callback_unclaim($1::uuid);

-- name: callback_drop
-- $1 id, $2 reason, $3 user id. One column: {result}.
SELECT callback_drop($1::uuid, $2::text, $3::int) AS document;

-- name: callback_settings
-- $1 center id. One column: the document of GET /settings/callbacks.
SELECT jsonb_build_object('center_id', c.id, 'max_attempts', coalesce(s.max_attempts, 3), 'retry_minutes', coalesce(s.retry_minutes, 15),
    'expire_hours', coalesce(s.expire_hours, 24), 'version', coalesce(s.version, 1),
    'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'name', q.name, 'callback', q.callback) ORDER BY q.id), '[]')
        FROM queue q WHERE q.center_id = c.id AND q.deleted_at IS NULL)) AS document
FROM center c LEFT JOIN callback_setting s ON s.center_id = c.id
WHERE c.id = $1::int;

-- name: callback_settings_save
-- $1 center id, $2 expected version, $3 body (json). One column: {result, version}.
SELECT callback_setting_save($1::int, $2::int, $3::jsonb) AS document;
