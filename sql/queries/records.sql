-- Registrations (业务记录) and what was typed but not saved.

-- name: record_create
-- $1 body (json), $2 center id, $3 user id. One column: {id, record_no, version}. The same id again gives
-- the same record. HL020 with the field in CONSTRAINT for what the dictionaries do not have.
SELECT record_create($1::jsonb, $2::int, $3::int) AS document;

-- name: record_get
-- $1 id, $2 reveal, $3 only if created by one of these users (int array, null = any). One column; no row = not found.
SELECT jsonb_build_object('id', r.id, 'record_no', r.record_no, 'center_id', r.center_id, 'center_name', c.name, 'call_id', r.call_id,
    'caller_no', mask_number(r.caller_no, $2::boolean), 'caller_name', r.caller_name, 'caller_city', r.caller_city,
    'problem_city', r.problem_city, 'category', r.category, 'category_name', coalesce(k.name, ''),
    'problem_type_id', r.problem_type_id, 'problem_type_name', coalesce(p.name, ''), 'title', r.title, 'content', r.content,
    'answer', r.answer, 'method', r.method, 'method_name', m.name, 'urgency', r.urgency, 'urgency_name', g.name,
    'same_day', r.same_day, 'due_at', iso(r.due_at), 'taxpayer_name', r.taxpayer_name, 'taxpayer_no', r.taxpayer_no, 'tags', to_jsonb(r.tags))
    || jsonb_build_object('queue_id', r.queue_id, 'queue_name', coalesce((SELECT q.name FROM queue q WHERE q.id = r.queue_id), ''), 'info_source', r.info_source, 'unit_type', r.unit_type, 'channel', r.channel, 'state', r.state,
    'created_by', r.created_by, 'created_by_name', u.name, 'agent_no', u.agent_no, 'created_at', iso(r.created_at),
    'updated_at', iso(r.updated_at), 'closed_at', iso(r.closed_at), 'version', r.version,
    'tickets', (SELECT coalesce(jsonb_agg(jsonb_build_object('ticket_id', t.ticket_id, 'ticket_no', t.ticket_no, 'state', t.state) ORDER BY t.ticket_no), '[]')
        FROM ticket t WHERE t.record_id = r.id),
    'calls', (SELECT coalesce(jsonb_agg(jsonb_build_object('call_id', k.call_id, 'kind', k.kind, 'reached', k.reached,
            'recordings', (SELECT coalesce(jsonb_agg(jsonb_build_object('recording_id', o.recording_id, 'length_ms', o.length_ms, 'state', o.state) ORDER BY o.t_start), '[]')
                FROM recording o WHERE o.call_id = k.call_id)) ORDER BY k.kind DESC, k.call_id), '[]')
        FROM record_link k WHERE k.record_id = r.id)) AS document
FROM record r
JOIN center c ON c.id = r.center_id
JOIN method m ON m.code = r.method
JOIN urgency g ON g.code = r.urgency
LEFT JOIN app_user u ON u.id = r.created_by
LEFT JOIN category k ON k.center_id = r.center_id AND k.code = r.category
LEFT JOIN problem_type p ON p.id = r.problem_type_id
WHERE r.id = $1::uuid AND ($3::int[] IS NULL OR r.created_by = ANY ($3::int[]));

-- name: record_update
-- $1 id, $2 expected version, $3 body (json), $4 only if created by one of these users (int array,
-- null = any), $5 user id.
-- One column: {result: "ok"|"missing"|"stale", id, record_no, version}.
SELECT record_update($1::uuid, $2::int, $3::jsonb, $4::int[], $5::int) AS document;

-- name: record_list
-- $1 from, $2 to (timestamptz or null), $3 center id, $4 caller number, $5 category, $6 state, $7 only created by these
-- users (int array, null = all), $8 limit, $9 after, $10 reveal. One column: {items, next}.
WITH page AS (
    SELECT r.* FROM record r
    WHERE ($1::timestamptz IS NULL OR r.created_at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR r.created_at < $2::timestamptz)
      AND ($3::int IS NULL OR r.center_id = $3::int)
      AND ($4::text IS NULL OR r.caller_no IN ($4::text, nullif(normalise_number($4::text), '')))
      AND ($5::text IS NULL OR r.category = $5::text) AND ($6::text IS NULL OR r.state = $6::text)
      AND ($7::int[] IS NULL OR r.created_by = ANY ($7::int[]))
      AND ($9::text IS NULL OR (r.created_at, r.id) < (cursor_time($9::text), cursor_id($9::text)::uuid))
    ORDER BY r.created_at DESC, r.id DESC LIMIT least($8::int, 200) + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.created_at DESC, p.id DESC) AS n FROM page p)
SELECT jsonb_build_object(
    'items', coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'record_no', r.record_no, 'center_id', r.center_id, 'center_name', c.name,
            'call_id', r.call_id, 'caller_no', mask_number(r.caller_no, $10::boolean), 'caller_name', r.caller_name, 'caller_city', r.caller_city,
            'category', r.category, 'category_name', coalesce(k.name, ''), 'title', r.title, 'info_source', r.info_source,
            'unit_type', r.unit_type, 'channel', r.channel, 'state', r.state, 'same_day', r.same_day, 'created_by_name', coalesce(u.name, ''),
            'agent_no', coalesce(u.agent_no, ''), 'created_at', iso(r.created_at), 'version', r.version) ORDER BY n)
        FILTER (WHERE n <= least($8::int, 200)), '[]'),
    'next', (SELECT cursor_of(created_at, id::text) FROM numbered WHERE n = least($8::int, 200)
             AND EXISTS (SELECT FROM numbered WHERE n > least($8::int, 200)))) AS document
FROM numbered r
JOIN center c ON c.id = r.center_id
LEFT JOIN app_user u ON u.id = r.created_by
LEFT JOIN category k ON k.center_id = r.center_id AND k.code = r.category;

-- name: draft_get
-- $1 call id, $2 user id. One column: {document}; no row = none.
SELECT jsonb_build_object('document', document) AS document FROM draft WHERE call_id = $1::uuid AND user_id = $2::int;

-- name: draft_put
-- $1 call id, $2 user id, $3 center id, $4 document (json).
INSERT INTO draft (call_id, user_id, center_id, document) VALUES ($1::uuid, $2::int, $3::int, $4::jsonb)
ON CONFLICT (call_id, user_id) DO UPDATE SET document = EXCLUDED.document, updated_at = now();

-- name: draft_delete
-- $1 call id, $2 user id.
DELETE FROM draft WHERE call_id = $1::uuid AND user_id = $2::int;

-- name: dictionaries
-- $1 center id. One column: the document of GET /dictionaries.
SELECT jsonb_build_object(
    'categories', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'name', name) ORDER BY sort, code), '[]')
        FROM category WHERE center_id = $1::int AND enabled),
    'problem_types', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'parent_id', parent_id, 'name', name) ORDER BY sort, id), '[]')
        FROM problem_type WHERE center_id = $1::int AND enabled),
    'wrap_up_codes', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'name', name) ORDER BY sort, code), '[]')
        FROM wrap_up_code WHERE center_id = $1::int AND enabled),
    'methods', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'name', name) ORDER BY sort), '[]') FROM method),
    'urgencies', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'name', name) ORDER BY sort), '[]') FROM urgency),
    'busy_reasons', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'kind', kind) ORDER BY sort, id), '[]')
        FROM reason WHERE center_id = $1::int AND enabled AND NOT system),
    'cities', region_cities(),
    'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'center_id', center_id, 'name', name, 'code', code) ORDER BY id), '[]')
        FROM queue WHERE center_id = $1::int AND enabled AND deleted_at IS NULL),
    'hold_warn_s', coalesce((SELECT hold_warn_s FROM desk_setting WHERE center_id = $1::int), 60)) AS document;

-- name: audit_list
-- $1 from, $2 to (timestamptz or null), $3 user id, $4 action (ending in a dot: all that begin so), $5 center id, $6 limit, $7 after. One column: {items, next}.
WITH page AS (
    SELECT a.* FROM audit_log a
    WHERE ($1::timestamptz IS NULL OR a.at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR a.at < $2::timestamptz)
      AND ($3::int IS NULL OR a.user_id = $3::int) AND ($4::text IS NULL OR a.action = $4::text OR ($4::text LIKE '%.' AND starts_with(a.action, $4::text)))
      AND ($5::int IS NULL OR a.center_id = $5::int)
      AND ($7::text IS NULL OR (a.at, a.id) < (cursor_time($7::text), cursor_id($7::text)::uuid))
    ORDER BY a.at DESC, a.id DESC LIMIT least($6::int, 200) + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.at DESC, p.id DESC) AS n FROM page p)
SELECT jsonb_build_object(
    'items', coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'center_id', a.center_id, 'user_id', a.user_id, 'login', u.login, 'name', u.name,
            'user_center', u.center_name,
            'action', a.action, 'object_kind', a.object_kind, 'object_id', a.object_id, 'detail', a.detail, 'address', a.address,
            'at', iso(a.at)) ORDER BY n) FILTER (WHERE n <= least($6::int, 200)), '[]'),
    'next', (SELECT cursor_of(at, id::text) FROM numbered WHERE n = least($6::int, 200)
             AND EXISTS (SELECT FROM numbered WHERE n > least($6::int, 200)))) AS document
FROM numbered a LEFT JOIN LATERAL actor_shown(a.user_id) u ON true;
