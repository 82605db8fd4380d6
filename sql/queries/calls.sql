-- The call log, a caller's history, recordings. Run with the centers the person may see; numbers
-- are masked unless reveal.

-- name: call_list
-- $1 from, $2 to (timestamptz, null = open), $3 center id, $4 number of the person outside, $5 agent no, $6 queue id, $7 outcome,
-- $8 direction, $9 only calls one of these users took part in (int array, null = all), $10 limit, $11 after (cursor),
-- $12 reveal, $13 summary (code; '-' talked and none). One column: {items, next}. Open calls have outcome "open". The newest calls are walked until the page is
-- full; whose they are is looked up in hashes of the users' talks and offers (those begin after the call came in; one
-- that rang in vain is a missed call of his, CC-14).
WITH page AS (
    SELECT c.call_id, c.t_in FROM call c
    WHERE ($1::timestamptz IS NULL OR c.t_in >= $1::timestamptz) AND ($2::timestamptz IS NULL OR c.t_in < $2::timestamptz)
      AND ($3::int IS NULL OR c.center_id = $3::int)
      AND ($4::text IS NULL OR c.party_no IN ($4::text, nullif(normalise_number($4::text), '')))
      AND ($5::text IS NULL OR c.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($6::int IS NULL OR c.first_queue_id = $6::int
           OR EXISTS (SELECT FROM queue_visit v WHERE v.call_id = c.call_id AND v.queue_id = $6::int))
      AND ($7::text IS NULL OR c.outcome = $7::text)
      AND ($8::text IS NULL OR c.direction = $8::text)
      AND (nullif($13::text, '') IS NULL OR wrap_up_key(c.wrap_up_code, c.outcome) = CASE $13::text WHEN '-' THEN '' ELSE $13::text END)
      AND ($9::int[] IS NULL OR c.user_id = ANY ($9::int[])
           OR c.call_id IN (SELECT k.call_id FROM talk k WHERE k.user_id = ANY ($9::int[]) AND ($1::timestamptz IS NULL OR k.t_ans >= $1::timestamptz))
           OR c.call_id IN (SELECT o.call_id FROM offer o WHERE o.user_id = ANY ($9::int[]) AND ($1::timestamptz IS NULL OR o.t_ring >= $1::timestamptz)))
      AND ($11::text IS NULL OR (c.t_in, c.call_id) < (cursor_time($11::text), cursor_id($11::text)::uuid))
    ORDER BY c.t_in DESC, c.call_id DESC LIMIT least($10::int, 200) + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.t_in DESC, p.call_id DESC) AS n FROM page p)
SELECT jsonb_build_object(
    'items', coalesce(jsonb_agg(call_item(c, $12::boolean) ORDER BY n) FILTER (WHERE n <= least($10::int, 200)), '[]'),
    'next', (SELECT cursor_of(t_in, call_id::text) FROM numbered WHERE n = least($10::int, 200)
             AND EXISTS (SELECT FROM numbered WHERE n > least($10::int, 200)))) AS document
FROM numbered JOIN call c USING (call_id);

-- name: call_get
-- $1 call id, $2 reveal, $3 only if one of these users took part (int array, null = any), $4 also what leaders did beside it (an agent is
-- not told who listened). One column; no row = not found.
SELECT call_item(c, $2::boolean) || jsonb_build_object(
    'hold_ms', c.hold_ms, 'acw_ms', c.acw_ms, 'trunk_id', c.trunk_id,
    'from_center', coalesce((SELECT name FROM center f WHERE f.code = c.from_center), c.from_center), 'from_agent_no', c.from_agent_no,
    'linked', (SELECT coalesce(jsonb_agg(jsonb_build_object('call_id', o.call_id, 'center_name', f.name, 't_in', iso(o.t_in),
            'outcome', o.outcome) ORDER BY o.t_in, o.call_id), '[]')
        FROM call o JOIN center f ON f.id = o.center_id WHERE o.global_call_id = c.global_call_id AND o.call_id <> c.call_id),
    'ivr_path', (SELECT coalesce(jsonb_agg(jsonb_build_object('menu', k.menu, 'key', k.key, 'result', k.result, 'at', iso(k.at)) ORDER BY k.at, k.seq), '[]')
        FROM ivr_key k WHERE k.call_id = c.call_id),
    'queue_visits', (SELECT coalesce(jsonb_agg(jsonb_build_object('queue_id', v.queue_id, 'queue_name', coalesce(q.name, ''),
            't_q_in', iso(v.t_q_in), 't_q_out', iso(v.t_q_out), 'wait_ms', v.wait_ms, 'priority', v.priority,
            'outcome', v.outcome) ORDER BY v.t_q_in, v.visit_id), '[]')
        FROM queue_visit v LEFT JOIN queue q ON q.id = v.queue_id WHERE v.call_id = c.call_id),
    'door_refusals', (SELECT coalesce(jsonb_agg(jsonb_build_object('queue_id', d.queue_id, 'queue_name', coalesce(q.name, ''),
            'at', iso(d.at), 'cause', d.cause) ORDER BY d.at), '[]')
        FROM door_refusal d LEFT JOIN queue q ON q.id = d.queue_id WHERE d.call_id = c.call_id),
    'offers', (SELECT coalesce(jsonb_agg(jsonb_build_object('agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            't_ring', iso(o.t_ring), 'ring_ms', o.ring_ms, 'outcome', o.outcome, 'reason', o.reason) ORDER BY o.t_ring, o.offer_id), '[]')
        FROM offer o LEFT JOIN app_user u ON u.id = o.user_id WHERE o.call_id = c.call_id),
    'talks', (SELECT coalesce(jsonb_agg(jsonb_build_object('agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'kind', k.kind, 't_ans', iso(k.t_ans), 't_rel', iso(k.t_rel), 'talk_ms', k.talk_ms, 'hold_ms', k.hold_ms,
            'released_by', k.released_by, 'passed_to', k.passed_to, 'passed_name', CASE k.passed_to
                WHEN 'queue' THEN (SELECT q.name FROM queue q WHERE q.id = k.passed_id)
                WHEN 'agent' THEN (SELECT p.agent_no || ' ' || p.name FROM app_user p WHERE p.id = k.passed_id) END)
            ORDER BY k.t_ans, k.talk_id), '[]')
        FROM talk k LEFT JOIN app_user u ON u.id = k.user_id WHERE k.call_id = c.call_id AND (k.kind <> 'monitor' OR $4::boolean)),
    'holds', (SELECT coalesce(jsonb_agg(jsonb_build_object('agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            't_start', iso(h.t_start), 't_end', iso(h.t_end), 'hold_ms', ms_between(h.t_start, h.t_end)) ORDER BY h.t_start, h.hold_id), '[]')
        FROM hold h LEFT JOIN app_user u ON u.id = h.user_id WHERE h.call_id = c.call_id),
    'leader_actions', CASE WHEN $4::boolean THEN (SELECT coalesce(jsonb_agg(jsonb_build_object('at', iso(a.at), 'action', a.action,
            'by_name', coalesce(b.name, ''), 'by_center', coalesce(b.center_name, ''), 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'mode', substring(a.detail FROM ' mode=([a-z]+)'), 'seconds', substring(a.detail FROM ' seconds=([0-9]+)')::int,
            'to', CASE WHEN a.action = 'queue.move' THEN substring(a.detail FROM '^to=([a-z]+)') END,
            'to_name', CASE substring(a.detail FROM '^to=([a-z]+)') WHEN 'queue' THEN (SELECT q.name FROM queue q WHERE q.id = substring(a.detail FROM ' id=([0-9]+)')::int)
                WHEN 'agent' THEN (SELECT p.agent_no || ' ' || p.name FROM app_user p WHERE p.id = substring(a.detail FROM ' id=([0-9]+)')::int) END,
            'reason', coalesce(substring(a.detail FROM ' reason=(.*)$'), '')) ORDER BY a.at, a.id), '[]')
        FROM audit_log a LEFT JOIN LATERAL actor_shown(a.user_id) b ON true
        LEFT JOIN app_user u ON a.object_kind = 'user' AND u.id::text = a.object_id
        WHERE a.center_id = c.center_id AND a.at >= c.t_in AND a.at <= coalesce(c.t_end, now()) + interval '10 seconds'
          AND (a.action LIKE 'monitor.%' AND position('call=' || c.call_id IN a.detail) > 0
               OR a.action = 'queue.move' AND a.object_id = c.call_id::text)) ELSE '[]'::jsonb END,
    'outside_legs', (SELECT coalesce(jsonb_agg(jsonb_build_object('purpose', o.purpose, 'agent_no', coalesce(u.agent_no, ''),
            'agent_name', coalesce(u.name, ''), 'number', mask_number(o.number, $2::boolean), 't_start', iso(o.t_start), 't_ans', iso(o.t_ans), 't_end', iso(o.t_end),
            'talk_ms', o.talk_ms, 'outcome', o.outcome, 'released_by', o.released_by, 'joined', o.joined, 'passed', o.passed,
            'to_center', coalesce((SELECT f.name FROM center f WHERE f.code = o.to_center), o.to_center), 'bot_result', o.bot_result, 'bot_rounds', o.bot_rounds, 'bot_intent', b.intent)
            ORDER BY o.t_start, o.reach_id), '[]')
        FROM outside_leg o LEFT JOIN bot_session b ON b.session_id = o.reach_id AND b.call_id = o.call_id LEFT JOIN app_user u ON u.id = o.user_id WHERE o.call_id = c.call_id),
    'ivr_transfers', (SELECT coalesce(jsonb_agg(jsonb_build_object('agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'mode', x.mode, 'target', x.target, 't_start', iso(x.t_start), 't_end', iso(x.t_end), 'result', x.result) ORDER BY x.t_start, x.visit_id), '[]')
        FROM ivr_transfer x LEFT JOIN app_user u ON u.id = x.user_id WHERE x.call_id = c.call_id),
    'surveys', (SELECT coalesce(jsonb_agg(jsonb_build_object('agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'queue_name', coalesce(q.name, ''), 'channel', s.channel, 'asked_at', iso(s.t_asked), 'level', s.level, 'name', CASE WHEN s.level IS NULL THEN '未评价' ELSE s.name END)
            ORDER BY s.t_asked, s.survey_id), '[]')
        FROM survey s LEFT JOIN app_user u ON u.id = s.user_id LEFT JOIN queue q ON q.id = s.queue_id WHERE s.call_id = c.call_id)
    ) || jsonb_build_object(
    'bot_sessions', bot_sessions_of(c.call_id),
    'recordings', (SELECT coalesce(jsonb_agg(jsonb_build_object('recording_id', r.recording_id, 'length_ms', r.length_ms, 'size', r.size,
            'sha256', r.sha256, 'state', r.state, 'left', r.left_party, 'right', r.right_party, 'error', r.error,
            'started_at', iso(r.t_start)) ORDER BY r.t_start, r.recording_id), '[]')
        FROM recording r WHERE r.call_id = c.call_id),
    'recording_gaps', (SELECT coalesce(jsonb_agg(jsonb_build_object('from', iso(g.ended - make_interval(secs => g.ms / 1000.0)), 'to', iso(g.ended), 'ms', g.ms,
            'by', g.by, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, '')) ORDER BY g.ended), '[]')
        FROM (SELECT a.at AS ended, a.object_id, substring(a.detail FROM ' paused_ms=([0-9]+)')::bigint AS ms, substring(a.detail FROM ' by=([a-z]+)') AS by
            FROM audit_log a WHERE a.center_id = c.center_id AND a.at >= c.t_in AND a.at <= coalesce(c.t_end, now()) + interval '10 seconds'
              AND a.action = 'recording.resume' AND position('call=' || c.call_id IN a.detail) > 0) g
        LEFT JOIN app_user u ON u.id::text = g.object_id),
    'tickets', (SELECT coalesce(jsonb_agg(jsonb_build_object('ticket_id', k.ticket_id, 'ticket_no', k.ticket_no, 'state', k.state) ORDER BY k.ticket_no), '[]')
        FROM ticket_of_call k WHERE k.call_id = c.call_id),
    'unrecorded', (SELECT coalesce(jsonb_agg(jsonb_build_object('why', n.why, 'at', iso(n.at)) ORDER BY n.at), '[]')
        FROM unrecorded_call n WHERE n.call_id = c.call_id),
    'quality', (SELECT coalesce(jsonb_agg(jsonb_build_object('party', l.party, 'transport', l.transport, 'packets_sent', l.packets_sent,
            'packets_received', l.packets_received, 'packets_lost', l.packets_lost, 'packets_discarded', l.packets_discarded,
            'jitter_us', l.jitter_us, 'remote_jitter_us', l.remote_jitter_us, 'remote_lost', l.remote_lost,
            'round_trip_us', l.round_trip_us, 'mos', l.mos) ORDER BY l.at, l.leg_id), '[]')
        FROM leg_quality l WHERE l.call_id = c.call_id)) AS document
FROM call c
WHERE c.call_id = $1::uuid
  AND ($3::int[] IS NULL OR c.user_id = ANY ($3::int[])
       OR EXISTS (SELECT FROM talk k WHERE k.call_id = c.call_id AND k.user_id = ANY ($3::int[]))
       OR EXISTS (SELECT FROM offer o WHERE o.call_id = c.call_id AND o.user_id = ANY ($3::int[])));

-- name: caller_history
-- $1 number, $2 limit, $3 reveal, $4 call not to be listed (the one ringing; null = none). Run with the own center.
-- One column: {place, calls, records}.
SELECT jsonb_build_object(
    'place', (SELECT jsonb_build_object('province', p.province, 'city', p.city, 'city_code', p.city_code, 'exact', p.exact)
              FROM place_of($1::text) p),
    'calls', (SELECT coalesce(jsonb_agg(call_item(h, $3::boolean) ORDER BY h.t_in DESC), '[]')
        FROM (SELECT c.* FROM call c
              WHERE c.party_no IN ($1::text, normalise_number($1::text)) AND c.party_no <> ''
                AND ($4::uuid IS NULL OR c.call_id <> $4::uuid)
              ORDER BY c.t_in DESC LIMIT least($2::int, 50)) h),
    'records', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'record_no', r.record_no, 'created_at', iso(r.created_at),
            'category_name', coalesce(k.name, ''), 'title', r.title, 'state', r.state) ORDER BY r.created_at DESC), '[]')
        FROM (SELECT * FROM record WHERE caller_no IN ($1::text, normalise_number($1::text)) AND caller_no <> ''
              ORDER BY created_at DESC LIMIT least($2::int, 50)) r
        LEFT JOIN category k ON k.center_id = r.center_id AND k.code = r.category)) AS document;

-- name: recording_get
-- $1 recording id, $2 only if one of these users talked in the call (int array, null = any).
-- Columns: path, state (deleted: there is no file any more), length_ms, size, sha256, call_id, center_id, left_party, right_party.
SELECT r.path, r.state, r.length_ms, r.size, r.sha256, r.call_id, r.center_id, r.left_party, r.right_party
FROM recording r
WHERE r.recording_id = $1::uuid
  AND ($2::int[] IS NULL OR r.user_id = ANY ($2::int[])
       OR EXISTS (SELECT FROM talk k WHERE k.call_id = r.call_id AND k.user_id = ANY ($2::int[])));

-- name: call_wrap_up
-- $1 call id, $2 user id, $3 code, $4 note. One row when the call is here and he talked in it: call_id. For a summary
-- that comes after the wrap-up time; during it telephony journals a fact.
UPDATE call c SET wrap_up_code = nullif($3::text, ''), wrap_up_note = coalesce($4::text, ''), wrap_up_by = $2::int, wrap_up_at = now()
WHERE c.call_id = $1::uuid AND EXISTS (SELECT FROM talk k WHERE k.call_id = c.call_id AND k.user_id = $2::int)
RETURNING call_id;
