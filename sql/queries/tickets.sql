-- Tickets (工单): lists, one of them, and its steps. What is allowed to whom: sql/schema/050-tickets.sql.

-- name: ticket_list
-- $1 from, $2 to (timestamptz or null), $3 center id, $4 which (todo, doing, done, created, all), $5 user id, $6 his team (0 = none), $7 he assigns
-- what is nobody's, $8 only those in sight of these users (int array, null = all), $9 ticket number, $10 state, $11 text in title or
-- content, $12 limit, $13 after, $14 reveal. One column: {items, next, counts}; counts of the lists, whatever the filters, on the first page only.
WITH found AS NOT MATERIALIZED (
    SELECT t.* FROM ticket t WHERE $4::text = 'all' AND ticket_in_sight(t, $8::int[], $6::int)
    UNION ALL
    SELECT t.* FROM ticket_mine($4::text, $5::int, $6::int, $7::boolean) m JOIN ticket t ON t.ticket_id = m
    WHERE $4::text <> 'all' AND ticket_in_sight(t, $8::int[], $6::int)),
page AS (
    SELECT f.* FROM found f
    WHERE ($1::timestamptz IS NULL OR f.created_at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR f.created_at < $2::timestamptz)
      AND ($3::int IS NULL OR f.center_id = $3::int)
      AND ($9::text IS NULL OR f.ticket_no = upper(btrim($9::text)))
      AND ($10::text IS NULL OR f.state = $10::text)
      AND ($11::text IS NULL OR EXISTS (SELECT FROM record r WHERE r.id = f.record_id
           AND position(lower($11::text) IN lower(f.title || ' ' || r.title || ' ' || r.content)) > 0))
      AND ($13::text IS NULL OR (f.created_at, f.ticket_id) < (cursor_time($13::text), cursor_id($13::text)::uuid))
    ORDER BY f.created_at DESC, f.ticket_id DESC LIMIT least($12::int, 200) + 1),
numbered AS (SELECT p.ticket_id, p.created_at, row_number() OVER (ORDER BY p.created_at DESC, p.ticket_id DESC) AS n FROM page p)
SELECT jsonb_build_object(
    'items', (SELECT coalesce(jsonb_agg(ticket_item(t, $14::boolean) ORDER BY n), '[]') FROM numbered JOIN ticket t USING (ticket_id) WHERE n <= least($12::int, 200)),
    'next', (SELECT cursor_of(created_at, ticket_id::text) FROM numbered WHERE n = least($12::int, 200)
             AND EXISTS (SELECT FROM numbered WHERE n > least($12::int, 200))),
    'counts', CASE WHEN $13::text IS NULL THEN (
        SELECT jsonb_object_agg(l, CASE l WHEN 'all' THEN (SELECT count(*) FROM ticket t WHERE ticket_in_sight(t, $8::int[], $6::int))
            ELSE (SELECT count(*) FROM ticket_mine(l, $5::int, $6::int, $7::boolean)) END)
        FROM unnest('{todo,doing,done,created,all}'::text[]) l) END) AS document;

-- name: ticket_get
-- $1 id, $2 reveal, $3 only if in sight of these users (int array, null = any), $4 or of this team (0 = none). One column; no row = not found.
SELECT ticket_item(t, $2::boolean) || jsonb_build_object(
    'record', (SELECT jsonb_build_object('id', r.id, 'record_no', r.record_no, 'caller_city', r.caller_city, 'title', r.title, 'content', r.content, 'answer', r.answer,
            'taxpayer_name', r.taxpayer_name, 'taxpayer_no', r.taxpayer_no, 'state', r.state, 'created_at', iso(r.created_at), 'created_by_name', ticket_person(r.created_by))
        FROM record r WHERE r.id = t.record_id),
    'calls', (SELECT coalesce(jsonb_agg(jsonb_build_object('call_id', c.call_id, 'kind', k.kind, 'direction', c.direction, 't_in', iso(c.t_in),
            'party_no', mask_number(c.party_no, $2::boolean), 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''), 'talk_ms', c.talk_ms,
            'outcome', c.outcome, 'end_reason', c.end_reason,
            'recordings', (SELECT coalesce(jsonb_agg(jsonb_build_object('recording_id', o.recording_id, 'length_ms', o.length_ms, 'state', o.state,
                    'left', o.left_party, 'right', o.right_party, 'started_at', iso(o.t_start)) ORDER BY o.t_start, o.recording_id), '[]')
                FROM recording o WHERE o.call_id = c.call_id)) ORDER BY c.t_in, c.call_id), '[]')
        FROM ticket_of_call k JOIN call c ON c.call_id = k.call_id LEFT JOIN app_user u ON u.id = c.user_id WHERE k.ticket_id = t.ticket_id),
    'hops', (SELECT jsonb_agg(jsonb_build_object('seq', h.seq, 'at', iso(h.at), 'action', h.action, 'state', h.state, 'by', coalesce(nullif(ticket_person(h.user_id), ''), '系统'),
            'from', ticket_person(h.from_user), 'from_team', ticket_team_name(h.from_team), 'to', ticket_person(h.to_user), 'to_team', ticket_team_name(h.to_team),
            'opinion', h.opinion) ORDER BY h.seq) FROM ticket_hop h WHERE h.ticket_id = t.ticket_id)) AS document
FROM ticket t
WHERE t.ticket_id = $1::uuid AND ticket_in_sight(t, $3::int[], $4::int);

-- name: ticket_choices
-- $1 center id. One column: whom tickets may be given to, {people, teams}.
SELECT jsonb_build_object(
    'people', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', u.id, 'agent_no', u.agent_no, 'name', u.name, 'team_id', u.team_id) ORDER BY u.agent_no = '', u.agent_no, u.name), '[]')
        FROM ticket_workers($1::int) u),
    'teams', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', k.id, 'name', k.name, 'district', k.district) ORDER BY k.district, k.name), '[]')
        FROM team k WHERE k.center_id = $1::int AND k.enabled AND EXISTS (SELECT FROM ticket_workers($1::int) u WHERE u.team_id = k.id))) AS document;

-- name: ticket_create
-- $1 body (json), $2 only of registrations of these users (int array, null = any), $3 user id. One column: {ticket_id, ticket_no, state, version}.
SELECT ticket_create($1::jsonb, $2::int[], $3::int) AS document;

-- name: ticket_step
-- $1 id, $2 expected version, $3 action, $4 body (json), $5 only these users' (int array, null = any), $6 or this team's (0 = none), $7 user id.
-- One column: {result, ticket_id, ticket_no, state, version, holder}.
SELECT ticket_step($1::uuid, $2::int, $3::text, $4::jsonb, $5::int[], $6::int, $7::int) AS document;

-- name: ticket_call
-- $1 id, $2 user id, $3 id of the call that is made next. Columns: result, number, by.
SELECT d->>'result' AS result, coalesce(d->>'number', '') AS number, '' AS by FROM ticket_call($1::uuid, $2::int, $3::uuid) d;

-- name: ticket_uncall
-- $1 id of the call that was not made after all.
DELETE FROM record_link WHERE call_id = $1::uuid AND kind = 'call_back';

-- name: ticket_recording
-- $1 recording id, $2 only of tickets in sight of these users (int array, null = any), $3 ticket id, $4 or of this team (0 = none).
-- Columns as of recording_get.
SELECT r.path, r.state, r.length_ms, r.size, r.sha256, r.call_id, r.center_id, r.left_party, r.right_party
FROM recording r
WHERE r.recording_id = $1::uuid
  AND EXISTS (SELECT FROM ticket_of_call k JOIN ticket t ON t.ticket_id = k.ticket_id
      WHERE k.ticket_id = $3::uuid AND k.call_id = r.call_id AND ticket_in_sight(t, $2::int[], $4::int));
