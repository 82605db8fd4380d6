-- Signing in, sessions, and who a person is. Run with the daemon's scope: nobody is signed in yet.

-- name: user_login
-- $1 center code, $2 login. No row: no such center. user_id null: no such user, or disabled.
-- Columns: center_id, user_id, password_hash, locked_until_ms (0 = not locked).
SELECT c.id AS center_id, u.id AS user_id, coalesce(u.password_hash, '') AS password_hash,
    coalesce((SELECT (extract(epoch FROM f.locked_until) * 1000)::bigint FROM login_failure f
              WHERE f.center_id = c.id AND f.login = lower($2::text) AND f.locked_until > now()), 0) AS locked_until_ms
FROM center c
LEFT JOIN app_user u ON u.center_id = c.id AND lower(u.login) = lower($2::text)
    AND u.enabled AND u.deleted_at IS NULL AND u.password_hash <> ''
WHERE c.code = $1::text AND c.enabled;

-- name: login_failed
-- $1 center id, $2 login. Counts; the fifth failure in a row locks for 15 minutes. A count older
-- than 15 minutes begins anew. Columns: failures, locked_until_ms (0 = not locked).
INSERT INTO login_failure AS f (center_id, login, failures, last_at)
VALUES ($1::int, lower($2::text), 1, now())
ON CONFLICT (center_id, login) DO UPDATE SET
    failures = CASE WHEN f.last_at < now() - interval '15 minutes' THEN 1 ELSE f.failures + 1 END,
    last_at = now(),
    locked_until = CASE WHEN f.last_at >= now() - interval '15 minutes' AND f.failures + 1 >= 5
                        THEN now() + interval '15 minutes' END
RETURNING failures, coalesce((extract(epoch FROM locked_until) * 1000)::bigint, 0) AS locked_until_ms;

-- name: login_succeeded
-- $1 center id, $2 login. Forgets the failures.
DELETE FROM login_failure WHERE center_id = $1::int AND login = lower($2::text);

-- name: session_create
-- $1 token hash (hex), $2 user id, $3 csrf token, $4 address, $5 expires at (timestamptz).
INSERT INTO session (token_hash, center_id, user_id, csrf, address, expires_at)
SELECT $1::text, u.center_id, u.id, $3::text, $4::text, $5::timestamptz FROM app_user u WHERE u.id = $2::int;

-- name: session_load_active
-- No parameters: all sessions there are. One that has expired here may live on in the daemon's memory, when
-- the database was away for long; the daemon decides.
-- Columns: token_hash, user_id, center_id, csrf, address, created_ms, last_seen_ms, expires_ms.
SELECT s.token_hash, s.user_id, s.center_id, s.csrf, s.address,
    (extract(epoch FROM s.created_at) * 1000)::bigint AS created_ms,
    (extract(epoch FROM s.last_seen_at) * 1000)::bigint AS last_seen_ms,
    (extract(epoch FROM s.expires_at) * 1000)::bigint AS expires_ms
FROM session s JOIN app_user u ON u.id = s.user_id AND u.enabled AND u.deleted_at IS NULL;

-- name: session_touch
-- $1 token hash, $2 last seen (timestamptz), $3 expires at (timestamptz).
UPDATE session SET last_seen_at = $2::timestamptz, expires_at = $3::timestamptz WHERE token_hash = $1::text;

-- name: session_delete
-- $1 token hash.
DELETE FROM session WHERE token_hash = $1::text;

-- name: session_purge
-- $1 now (timestamptz), of the daemon, which said when they expire: the clock of the database's machine may be another.
-- Removes what has expired, sessions and counts of failures.
WITH old AS (DELETE FROM login_failure WHERE last_at < now() - interval '1 day' AND coalesce(locked_until, last_at) < now())
DELETE FROM session WHERE expires_at <= $1::timestamptz;

-- name: user_subjects
-- $1 user ids (int array text). One row each, ordered by id, none for who may not sign in: user_id, center_id, center_code, center_kind, team_id (0 = none), login,
-- name, agent_no, permissions (json {"call.read":"center"}: the widest scope of all roles),
-- granted (json [center ids]), functions_off (json [names] that the center is without: their permissions are still in permissions).
SELECT u.id AS user_id, u.center_id, c.code AS center_code, c.kind AS center_kind, coalesce(u.team_id, 0) AS team_id,
    u.login, u.name, u.agent_no,
    (SELECT coalesce(json_object_agg(permission, scope), '{}') FROM (
        SELECT DISTINCT ON (p.permission) p.permission, p.scope
        FROM user_role r JOIN role_permission p USING (role_code)
        WHERE r.user_id = u.id
        ORDER BY p.permission, array_position('{region,center,team,self}'::text[], p.scope)) w) AS permissions,
    (SELECT coalesce(json_agg(g.granted_center_id ORDER BY 1), '[]') FROM center_grant g WHERE g.user_id = u.id) AS granted,
    to_jsonb(c.functions_off) AS functions_off
FROM app_user u JOIN center c ON c.id = u.center_id
WHERE u.id = ANY ($1::int[]) AND u.enabled AND u.deleted_at IS NULL AND c.enabled
ORDER BY u.id;

-- name: me
-- $1 user id, $2 csrf token, $3 permissions that went with functions of the center (text array). One column: the document of GET /me.
WITH w AS (
    SELECT DISTINCT ON (p.permission) p.permission, p.scope
    FROM user_role r JOIN role_permission p USING (role_code)
    WHERE r.user_id = $1::int AND p.permission <> ALL ($3::text[])
    ORDER BY p.permission, array_position('{region,center,team,self}'::text[], p.scope))
SELECT json_build_object(
    'user', json_build_object('id', u.id, 'login', u.login, 'name', u.name, 'agent_no', u.agent_no, 'team_id', u.team_id),
    'center', json_build_object('id', c.id, 'code', c.code, 'name', c.name, 'kind', c.kind),
    'permissions', (SELECT coalesce(json_object_agg(permission, scope), '{}') FROM w),
    'functions_off', to_jsonb(c.functions_off),
    'csrf_token', $2::text,
    'centers', (SELECT json_agg(json_build_object('id', v.id, 'code', v.code, 'name', v.name, 'kind', v.kind) ORDER BY v.sort, v.id)
        FROM center v
        WHERE v.enabled AND (v.id = u.center_id
            OR v.id IN (SELECT granted_center_id FROM center_grant g WHERE g.user_id = u.id)
            OR (c.kind = 'regional' AND EXISTS (SELECT FROM w WHERE scope = 'region')))),
    'is_agent', u.agent_no <> '' AND EXISTS (SELECT FROM w WHERE permission = 'agent.work')) AS document
FROM app_user u JOIN center c ON c.id = u.center_id
WHERE u.id = $1::int AND u.deleted_at IS NULL;

-- name: user_password
-- $1 user id. Column: password_hash, to check the old password.
SELECT password_hash FROM app_user WHERE id = $1::int AND enabled AND deleted_at IS NULL;

-- name: user_set_password
-- $1 user id, $2 new hash, $3 token hash of the session that stays ('' = none). Ends the others;
-- one row per session ended: token_hash.
WITH changed AS (
    UPDATE app_user SET password_hash = $2::text, password_changed_at = now()
    WHERE id = $1::int AND deleted_at IS NULL RETURNING id)
DELETE FROM session WHERE user_id IN (SELECT id FROM changed) AND token_hash <> $3::text
RETURNING token_hash;

-- name: centers_public
-- No parameters. One column: [{code, name}] for the sign-in page.
SELECT coalesce(json_agg(json_build_object('code', code, 'name', name) ORDER BY sort, id), '[]') AS document
FROM center WHERE enabled;
