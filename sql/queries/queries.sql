-- Queries over what happened (docs/api.md "Queries"): recordings, calls out, sign-ins, states, holds, no-answers, transfers to the IVR, messages.
--
-- All take the same first parameters: $1 from, $2 to (timestamptz, null = open), $3 center id, $4 only of these users (int array,
-- null = all), $5 agent no, $6 limit, $7 after (cursor), $8 reveal numbers, $9 also counts by center. Then their own.
-- One column: {title, numbers: whole or masked, columns, items, next, groups}; columns say what a page and a file show and how. The newest rows are
-- walked by an index until the page is full; a scope narrower than the region names its center or its users.

-- name: query_recordings
-- $10 number of the person outside, $11 queue id, $12 and $13 shortest and longest length in seconds, $14 record no, $15 state,
-- $16 what the caller answered when he was asked (1 to 5; none: nothing, or he was not asked), $17 ticket no.
WITH found AS NOT MATERIALIZED (
    SELECT r.* FROM recording r
    WHERE ($1::timestamptz IS NULL OR r.t_start >= $1::timestamptz) AND ($2::timestamptz IS NULL OR r.t_start < $2::timestamptz)
      AND ($3::int IS NULL OR r.center_id = $3::int)
      AND ($4::int[] IS NULL OR r.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR r.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($10::text IS NULL OR r.call_id IN (SELECT call_id FROM call WHERE party_no IN ($10::text, nullif(normalise_number($10::text), ''))))
      AND ($11::int IS NULL OR EXISTS (SELECT FROM talk k WHERE k.talk_id = r.talk_id AND k.queue_id = $11::int))
      AND ($12::int IS NULL OR r.length_ms >= $12::int * 1000::bigint) AND ($13::int IS NULL OR r.length_ms <= $13::int * 1000::bigint)
      AND ($14::text IS NULL OR r.call_id IN (SELECT call_id FROM record WHERE record_no = $14::text))
      AND ($15::text IS NULL OR r.state = $15::text)
      AND ($16::text IS NULL OR CASE $16::text WHEN 'none' THEN NOT EXISTS (SELECT FROM survey s WHERE s.call_id = r.call_id AND s.level IS NOT NULL)
           ELSE EXISTS (SELECT FROM survey s WHERE s.call_id = r.call_id AND s.level::text = $16::text) END)
      AND ($17::text IS NULL OR r.call_id IN (SELECT k.call_id FROM ticket_of_call k WHERE k.ticket_no = upper(btrim($17::text))))),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.t_start, f.recording_id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.t_start DESC, f.recording_id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.t_start DESC, p.recording_id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '录音', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "started_at", "title": "开始时间", "kind": "time"}, {"id": "center_name", "title": "中心", "kind": "text"},
        {"id": "direction_name", "title": "方向", "kind": "text"}, {"id": "party_no", "title": "对方号码", "kind": "phone"},
        {"id": "caller_place", "title": "归属地", "kind": "text"}, {"id": "agent_no", "title": "工号", "kind": "text"},
        {"id": "agent_name", "title": "坐席", "kind": "text"}, {"id": "queue_name", "title": "队列", "kind": "text"},
        {"id": "part_name", "title": "内容", "kind": "text"}, {"id": "length_ms", "title": "录音时长", "kind": "ms"}, {"id": "satisfaction", "title": "满意度", "kind": "text"}, {"id": "record_no", "title": "业务记录", "kind": "text"}, {"id": "ticket_no", "title": "工单", "kind": "text"},
        {"id": "notes", "title": "标注", "kind": "count"}, {"id": "state_name", "title": "状态", "kind": "text"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'recording_id', x.recording_id, 'call_id', x.call_id, 'started_at', iso(x.t_start), 'length_ms', x.length_ms, 'size', x.size, 'sha256', x.sha256,
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'direction', t.direction, 'direction_name', word_of('direction', t.direction), 'party_no', mask_number(t.party_no, $8::boolean), 'caller_place', coalesce(t.caller_place, ''),
            'part', coalesce(nullif(x.right_party, ''), 'message'),
            'part_name', CASE x.right_party WHEN 'agent' THEN '坐席通话' WHEN 'bot' THEN '机器人' WHEN '' THEN '留言' ELSE '外部通话' END,
            'queue_name', coalesce(q.name, ''), 'level', w.level, 'satisfaction', coalesce(CASE WHEN w.level IS NULL AND w.asked THEN '未评价' ELSE w.name END, ''),
            'record_no', coalesce(d.record_no, ''), 'ticket_id', b.ticket_id, 'ticket_no', coalesce(b.ticket_no, ''), 'state', x.state, 'state_name', word_of('recording', x.state), 'error', x.error,
            'keep_until', x.keep_until, 'notes', (SELECT count(*) FROM recording_note o WHERE o.recording_id = x.recording_id)) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(t_start, recording_id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', g.ms) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count, sum(f.length_ms)::bigint AS ms FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id
LEFT JOIN call t ON t.call_id = x.call_id
LEFT JOIN talk k ON k.talk_id = x.talk_id
LEFT JOIN queue q ON q.id = coalesce(k.queue_id, CASE t.direction WHEN 'in' THEN t.first_queue_id END)
LEFT JOIN LATERAL (SELECT record_no FROM record WHERE call_id = x.call_id ORDER BY created_at LIMIT 1) d ON true
LEFT JOIN LATERAL (SELECT k.ticket_id, k.ticket_no FROM ticket_of_call k WHERE k.call_id = x.call_id ORDER BY k.state = 'void', k.ticket_no LIMIT 1) b ON true
-- A rating by phone goes before one by SMS, whichever came last.
LEFT JOIN LATERAL (SELECT s.level, s.name, true AS asked FROM survey s WHERE s.call_id = x.call_id
    ORDER BY s.level IS NOT NULL AND s.channel = 'voice' DESC, s.t_asked DESC LIMIT 1) w ON true;

-- name: query_outbound
-- Attempts agents made (QRY-06, CC-17). $10 number called, $11 result (connected, busy, no_answer, power_off ...).
WITH found AS NOT MATERIALIZED (
    SELECT o.* FROM call o
    WHERE ($1::timestamptz IS NULL OR o.t_in >= $1::timestamptz) AND ($2::timestamptz IS NULL OR o.t_in < $2::timestamptz)
      AND ($3::int IS NULL OR o.center_id = $3::int)
      AND ($4::int[] IS NULL OR o.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR o.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND o.direction = 'out'
      AND ($10::text IS NULL OR o.party_no IN ($10::text, nullif(normalise_number($10::text), '')))
      AND ($11::text IS NULL OR dial_result(o.outcome, o.end_reason) = $11::text)),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.t_in, f.call_id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.t_in DESC, f.call_id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.t_in DESC, p.call_id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '外呼记录', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "t_in", "title": "呼出时间", "kind": "time"}, {"id": "center_name", "title": "中心", "kind": "text"},
        {"id": "agent_no", "title": "工号", "kind": "text"}, {"id": "agent_name", "title": "坐席", "kind": "text"},
        {"id": "party_no", "title": "被叫号码", "kind": "phone"}, {"id": "caller_place", "title": "归属地", "kind": "text"},
        {"id": "shown_no", "title": "外显号码", "kind": "text"}, {"id": "trunk_name", "title": "中继", "kind": "text"},
        {"id": "result_name", "title": "结果", "kind": "text"}, {"id": "ring_ms", "title": "等候", "kind": "ms"},
        {"id": "talk_ms", "title": "通话", "kind": "ms"}, {"id": "record_no", "title": "业务记录", "kind": "text"},
        {"id": "recorded", "title": "录音", "kind": "text"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'call_id', x.call_id, 't_in', iso(x.t_in), 't_end', iso(x.t_end),
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'party_no', mask_number(x.party_no, $8::boolean), 'caller_place', x.caller_place, 'shown_no', x.caller_no, 'trunk_name', coalesce(g.name, ''),
            'result', dial_result(x.outcome, x.end_reason), 'result_name', word_of('dial', dial_result(x.outcome, x.end_reason)),
            'ring_ms', ms_between(x.t_in, coalesce(x.t_ans, x.t_end)), 'talk_ms', CASE WHEN x.t_ans IS NOT NULL THEN x.talk_ms END, 'record_no', coalesce(d.record_no, ''),
            'recording_id', r.recording_id, 'length_ms', r.length_ms, 'recorded', CASE WHEN r.recording_id IS NULL THEN '' ELSE '有' END) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(t_in, call_id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', g.ms) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count, sum(f.talk_ms)::bigint AS ms FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id
LEFT JOIN trunk g ON g.id = x.trunk_id
LEFT JOIN LATERAL (SELECT recording_id, length_ms FROM recording WHERE call_id = x.call_id AND state <> 'deleted' ORDER BY t_start LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT record_no FROM record WHERE call_id = x.call_id ORDER BY created_at LIMIT 1) d ON true;

-- name: query_sessions
-- Sign-ins (QRY-07). $10 reason of the sign-out (user, forced, timeout, moved; open = still signed in).
WITH found AS NOT MATERIALIZED (
    SELECT s.* FROM agent_session s
    WHERE ($1::timestamptz IS NULL OR s.t_in >= $1::timestamptz) AND ($2::timestamptz IS NULL OR s.t_in < $2::timestamptz)
      AND ($3::int IS NULL OR s.center_id = $3::int)
      AND ($4::int[] IS NULL OR s.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR s.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($10::text IS NULL OR coalesce(s.out_reason, 'open') = $10::text)),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.t_in, f.session_id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.t_in DESC, f.session_id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.t_in DESC, p.session_id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '签入签出', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "t_in", "title": "签入时间", "kind": "time"}, {"id": "t_out", "title": "签出时间", "kind": "time"},
        {"id": "center_name", "title": "中心", "kind": "text"}, {"id": "agent_no", "title": "工号", "kind": "text"},
        {"id": "agent_name", "title": "坐席", "kind": "text"}, {"id": "line_name", "title": "话路", "kind": "text"},
        {"id": "address", "title": "地址", "kind": "text"}, {"id": "length_ms", "title": "时长", "kind": "ms"},
        {"id": "reason_name", "title": "签出原因", "kind": "text"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'session_id', x.session_id, 't_in', iso(x.t_in), 't_out', iso(x.t_out),
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'line', x.line, 'line_name', word_of('line', x.line), 'address', x.address,
            'length_ms', ms_between(x.t_in, coalesce(x.t_out, now())), 'reason', x.out_reason,
            'reason_name', CASE WHEN x.t_out IS NULL THEN '签入中' ELSE word_of('sign_out', x.out_reason) END) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(t_in, session_id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', g.ms) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count, sum(ms_between(f.t_in, coalesce(f.t_out, now())))::bigint AS ms FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id;

-- name: query_states
-- Intervals of state (QRY-08). $10 state, $11 reason (part of its name), $12 and $13 shortest and longest in seconds.
WITH found AS NOT MATERIALIZED (
    SELECT s.* FROM agent_state s
    WHERE ($1::timestamptz IS NULL OR s.t_start >= $1::timestamptz) AND ($2::timestamptz IS NULL OR s.t_start < $2::timestamptz)
      AND ($3::int IS NULL OR s.center_id = $3::int)
      AND ($4::int[] IS NULL OR s.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR s.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($10::text IS NULL OR s.state = $10::text)
      AND ($11::text IS NULL OR position($11::text IN s.reason) > 0)
      AND ($12::int IS NULL OR coalesce(s.t_end, now()) - s.t_start >= $12::int * interval '1 second') AND ($13::int IS NULL OR coalesce(s.t_end, now()) - s.t_start <= $13::int * interval '1 second')),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.t_start, f.state_id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.t_start DESC, f.state_id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.t_start DESC, p.state_id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '示忙示闲', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "t_start", "title": "开始时间", "kind": "time"}, {"id": "t_end", "title": "结束时间", "kind": "time"},
        {"id": "center_name", "title": "中心", "kind": "text"}, {"id": "agent_no", "title": "工号", "kind": "text"},
        {"id": "agent_name", "title": "坐席", "kind": "text"}, {"id": "state_name", "title": "状态", "kind": "text"},
        {"id": "reason", "title": "原因", "kind": "text"}, {"id": "length_ms", "title": "时长", "kind": "ms"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'state_id', x.state_id, 'session_id', x.session_id, 't_start', iso(x.t_start), 't_end', iso(x.t_end),
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'state', x.state, 'state_name', word_of('state', x.state), 'reason', x.reason,
            'length_ms', ms_between(x.t_start, coalesce(x.t_end, now()))) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(t_start, state_id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', g.ms) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count, sum(ms_between(f.t_start, coalesce(f.t_end, now())))::bigint AS ms FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id;

-- name: query_holds
-- Holds (QRY-09). $10 number of the person outside, $11 and $12 shortest and longest in seconds.
WITH found AS NOT MATERIALIZED (
    SELECT h.* FROM hold h
    WHERE ($1::timestamptz IS NULL OR h.t_start >= $1::timestamptz) AND ($2::timestamptz IS NULL OR h.t_start < $2::timestamptz)
      AND ($3::int IS NULL OR h.center_id = $3::int)
      AND ($4::int[] IS NULL OR h.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR h.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($10::text IS NULL OR h.call_id IN (SELECT call_id FROM call WHERE party_no IN ($10::text, nullif(normalise_number($10::text), ''))))
      AND ($11::int IS NULL OR coalesce(h.t_end, now()) - h.t_start >= $11::int * interval '1 second') AND ($12::int IS NULL OR coalesce(h.t_end, now()) - h.t_start <= $12::int * interval '1 second')),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.t_start, f.hold_id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.t_start DESC, f.hold_id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.t_start DESC, p.hold_id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '保持/取保持', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "t_start", "title": "保持时间", "kind": "time"}, {"id": "t_end", "title": "取回时间", "kind": "time"},
        {"id": "center_name", "title": "中心", "kind": "text"}, {"id": "agent_no", "title": "工号", "kind": "text"},
        {"id": "agent_name", "title": "坐席", "kind": "text"}, {"id": "direction_name", "title": "方向", "kind": "text"},
        {"id": "party_no", "title": "对方号码", "kind": "phone"}, {"id": "caller_place", "title": "归属地", "kind": "text"},
        {"id": "length_ms", "title": "时长", "kind": "ms"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'hold_id', x.hold_id, 'call_id', x.call_id, 't_start', iso(x.t_start), 't_end', iso(x.t_end),
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'direction', t.direction, 'direction_name', word_of('direction', t.direction), 'party_no', mask_number(t.party_no, $8::boolean), 'caller_place', coalesce(t.caller_place, ''),
            'length_ms', ms_between(x.t_start, coalesce(x.t_end, now()))) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(t_start, hold_id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', g.ms) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count, sum(ms_between(f.t_start, coalesce(f.t_end, now())))::bigint AS ms FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id
LEFT JOIN call t ON t.call_id = x.call_id;

-- name: query_no_answers
-- Offers nobody took (DATA-04), with where the call went next. $10 number of the person outside, $11 queue id.
WITH found AS NOT MATERIALIZED (
    SELECT a.* FROM no_answer a
    WHERE ($1::timestamptz IS NULL OR a.at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR a.at < $2::timestamptz)
      AND ($3::int IS NULL OR a.center_id = $3::int)
      AND ($4::int[] IS NULL OR a.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR a.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($10::text IS NULL OR a.call_id IN (SELECT call_id FROM call WHERE party_no IN ($10::text, nullif(normalise_number($10::text), ''))))
      AND ($11::int IS NULL OR a.queue_id = $11::int)),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.at, f.offer_id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.at DESC, f.offer_id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.at DESC, p.offer_id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '久不应答', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "at", "title": "时间", "kind": "time"}, {"id": "center_name", "title": "中心", "kind": "text"},
        {"id": "agent_no", "title": "工号", "kind": "text"}, {"id": "agent_name", "title": "坐席", "kind": "text"},
        {"id": "queue_name", "title": "队列", "kind": "text"}, {"id": "party_no", "title": "对方号码", "kind": "phone"},
        {"id": "caller_place", "title": "归属地", "kind": "text"}, {"id": "ring_ms", "title": "振铃时长", "kind": "ms"},
        {"id": "next_target", "title": "之后转往", "kind": "text"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'offer_id', x.offer_id, 'call_id', x.call_id, 'at', iso(x.at),
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'queue_name', coalesce(q.name, ''), 'party_no', mask_number(t.party_no, $8::boolean), 'caller_place', coalesce(t.caller_place, ''), 'ring_ms', x.ring_ms,
            'next_target', coalesce((SELECT '工号 ' || w.agent_no || ' ' || w.name FROM offer n JOIN app_user w ON w.id = n.user_id
                WHERE n.call_id = x.call_id AND n.t_ring >= x.at AND n.offer_id <> x.offer_id ORDER BY n.t_ring, n.offer_id LIMIT 1),
                (SELECT '队列 ' || m.name FROM queue_visit v JOIN queue m ON m.id = v.queue_id WHERE v.call_id = x.call_id AND v.t_q_in >= x.at ORDER BY v.t_q_in LIMIT 1),
                CASE t.outcome WHEN 'open' THEN '排队中' WHEN 'ab_queue' THEN '来电人挂机' WHEN 'ab_ring' THEN '来电人挂机' END, '未再振铃')) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(at, offer_id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', g.ms) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count, sum(f.ring_ms)::bigint AS ms FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id
LEFT JOIN call t ON t.call_id = x.call_id
LEFT JOIN queue q ON q.id = x.queue_id;

-- name: query_ivr_transfers
-- Callers whom agents sent into a flow (DATA-04). $10 number of the person outside, $11 mode (release, suspend, survey), $12 result
-- (queue, hangup, caller, error, agent, taken_back; open = still there).
WITH found AS NOT MATERIALIZED (
    SELECT v.* FROM ivr_transfer v
    WHERE ($1::timestamptz IS NULL OR v.t_start >= $1::timestamptz) AND ($2::timestamptz IS NULL OR v.t_start < $2::timestamptz)
      AND ($3::int IS NULL OR v.center_id = $3::int)
      AND ($4::int[] IS NULL OR v.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR v.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($10::text IS NULL OR v.call_id IN (SELECT call_id FROM call WHERE party_no IN ($10::text, nullif(normalise_number($10::text), ''))))
      AND ($11::text IS NULL OR v.mode = $11::text) AND ($12::text IS NULL OR coalesce(v.result, 'open') = $12::text)),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.t_start, f.visit_id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.t_start DESC, f.visit_id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.t_start DESC, p.visit_id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '转IVR记录', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "t_start", "title": "转出时间", "kind": "time"}, {"id": "t_end", "title": "结束时间", "kind": "time"},
        {"id": "center_name", "title": "中心", "kind": "text"}, {"id": "agent_no", "title": "工号", "kind": "text"},
        {"id": "agent_name", "title": "坐席", "kind": "text"}, {"id": "party_no", "title": "对方号码", "kind": "phone"},
        {"id": "caller_place", "title": "归属地", "kind": "text"}, {"id": "target", "title": "转往", "kind": "text"},
        {"id": "mode_name", "title": "方式", "kind": "text"}, {"id": "length_ms", "title": "时长", "kind": "ms"},
        {"id": "result_name", "title": "结果", "kind": "text"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'visit_id', x.visit_id, 'call_id', x.call_id, 't_start', iso(x.t_start), 't_end', iso(x.t_end),
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'party_no', mask_number(t.party_no, $8::boolean), 'caller_place', coalesce(t.caller_place, ''), 'target', x.target,
            'mode', x.mode, 'mode_name', ivr_transfer_word(x.mode), 'length_ms', ms_between(x.t_start, coalesce(x.t_end, now())),
            'result', x.result, 'result_name', ivr_transfer_word(x.result)) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(t_start, visit_id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', g.ms) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count, sum(ms_between(f.t_start, coalesce(f.t_end, now())))::bigint AS ms FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id
LEFT JOIN call t ON t.call_id = x.call_id;

-- name: query_unrecorded
-- Calls of which nothing, or not everything, was recorded (PLAT-03). $10 number of the person outside, $11 why.
WITH found AS NOT MATERIALIZED (
    SELECT n.*, l.user_id, l.party_no, l.caller_place, l.talk_ms FROM unrecorded_call n LEFT JOIN call l ON l.call_id = n.call_id
    WHERE ($1::timestamptz IS NULL OR n.at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR n.at < $2::timestamptz)
      AND ($3::int IS NULL OR n.center_id = $3::int)
      AND ($4::int[] IS NULL OR l.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR l.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($10::text IS NULL OR l.party_no IN ($10::text, nullif(normalise_number($10::text), '')))
      AND ($11::text IS NULL OR n.why = $11::text)),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.at, f.id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.at DESC, f.id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.at DESC, p.id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '未录音通话', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "at", "title": "时间", "kind": "time"}, {"id": "center_name", "title": "中心", "kind": "text"},
        {"id": "agent_no", "title": "工号", "kind": "text"}, {"id": "agent_name", "title": "坐席", "kind": "text"},
        {"id": "party_no", "title": "对方号码", "kind": "phone"}, {"id": "caller_place", "title": "归属地", "kind": "text"},
        {"id": "talk_ms", "title": "通话时长", "kind": "ms"}, {"id": "why_name", "title": "原因", "kind": "text"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'unrecorded_id', x.id, 'call_id', x.call_id, 'at', iso(x.at),
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'party_no', mask_number(x.party_no, $8::boolean), 'caller_place', coalesce(x.caller_place, ''), 'talk_ms', x.talk_ms,
            'why', x.why, 'why_name', CASE x.why WHEN 'record_no_room' THEN '磁盘空间不足' WHEN 'record_open_failed' THEN '录音文件无法建立'
                WHEN 'record_write_failed' THEN '录音写入失败' WHEN 'record_start_failed' THEN '录音无法开始' ELSE x.why END) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(at, id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', g.ms) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count, sum(f.talk_ms)::bigint AS ms FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id;

-- name: query_timeline
-- A day of the agents of a center (QRY-08). $1 day (date, Beijing time; null = today), $2 center id, $3 only of these users (int array, null = all),
-- $4 agent no. One column: {day, from_ms, to_ms, agents: [{..., states: [[state, reason, from_ms, to_ms]]}]}, times within the day; of
-- today up to now. An interval may have begun the day before.
WITH given AS (SELECT coalesce($1::date, (now() AT TIME ZONE 'Asia/Shanghai')::date) AS day),
arg AS (SELECT day, local_midnight(day) AS t0, least(local_midnight(day + 1), greatest(now(), local_midnight(day))) AS t1 FROM given),
parts AS (
    SELECT s.user_id, s.state, s.reason, greatest(s.t_start, arg.t0) AS t_start, least(coalesce(s.t_end, arg.t1), arg.t1) AS t_end
    FROM agent_state s, arg
    WHERE s.center_id = $2::int AND s.t_start >= arg.t0 - interval '1 day' AND s.t_start < arg.t1 AND coalesce(s.t_end, arg.t1) > arg.t0
      AND ($3::int[] IS NULL OR s.user_id = ANY ($3::int[]))
      AND ($4::text IS NULL OR s.user_id IN (SELECT id FROM app_user WHERE agent_no = $4::text))),
agents AS (
    SELECT p.user_id, jsonb_agg(jsonb_build_array(p.state, p.reason, (extract(epoch FROM p.t_start) * 1000)::bigint, (extract(epoch FROM p.t_end) * 1000)::bigint) ORDER BY p.t_start, p.t_end) AS states
    FROM parts p GROUP BY 1)
SELECT jsonb_build_object('day', arg.day, 'center_id', $2::int,
    'from_ms', (extract(epoch FROM arg.t0) * 1000)::bigint, 'to_ms', (extract(epoch FROM local_midnight(arg.day + 1)) * 1000)::bigint,
    'agents', (SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', a.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''),
            'states', a.states) ORDER BY u.agent_no, a.user_id), '[]')
        FROM agents a LEFT JOIN app_user u ON u.id = a.user_id)) AS document
FROM arg;

-- name: query_data_checks
-- The nightly checks (DATA-04). $1 from, $2 to (dates, null = open), $3 center id, $4 limit. One column: {items}, each with its faults
-- (a hundred of them at most).
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('center_id', k.center_id, 'center_name', c.name, 'day', k.day,
        'sessions', k.sessions, 'intervals', k.intervals, 'faults', k.faults, 'checked_at', iso(k.checked_at),
        'found', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', f.kind, 'kind_name', word_of('fault', f.kind), 'at', iso(f.at), 'length_ms', f.length_ms,
                'session_id', f.session_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, '')) ORDER BY f.at, f.id), '[]')
            FROM (SELECT * FROM data_fault f WHERE f.center_id = k.center_id AND f.day = k.day ORDER BY f.id LIMIT 100) f LEFT JOIN app_user u ON u.id = f.user_id))
        ORDER BY k.day DESC, c.sort, c.id), '[]')) AS document
FROM (SELECT * FROM data_check k
    WHERE ($1::date IS NULL OR k.day >= $1::date) AND ($2::date IS NULL OR k.day <= $2::date) AND ($3::int IS NULL OR k.center_id = $3::int)
    ORDER BY k.day DESC, k.center_id LIMIT $4::int) k
JOIN center c ON c.id = k.center_id;

-- name: check_states_due
-- Run with the daemon's scope. Checks yesterday (Beijing time) once, not before three in the morning, when what was shipped
-- late is there. One row: document, null when there is nothing to do.
SELECT CASE WHEN (now() AT TIME ZONE 'Asia/Shanghai')::time >= '03:00'
    AND NOT EXISTS (SELECT FROM data_check k WHERE k.day = (now() AT TIME ZONE 'Asia/Shanghai')::date - 1)
    THEN check_states((now() AT TIME ZONE 'Asia/Shanghai')::date - 1) END AS document;

-- name: query_sms
-- Messages sent (SMS-05), with what was replied. $10 number, $11 state (queued, sent, delivered, failed). The agent is the one who is rated.
WITH found AS NOT MATERIALIZED (
    SELECT s.* FROM sms s
    WHERE ($1::timestamptz IS NULL OR s.created_at >= $1::timestamptz) AND ($2::timestamptz IS NULL OR s.created_at < $2::timestamptz)
      AND ($3::int IS NULL OR s.center_id = $3::int)
      AND ($4::int[] IS NULL OR s.user_id = ANY ($4::int[]))
      AND ($5::text IS NULL OR s.user_id IN (SELECT id FROM app_user WHERE agent_no = $5::text))
      AND ($10::text IS NULL OR s.number IN ($10::text, nullif(normalise_number($10::text), '')))
      AND ($11::text IS NULL OR s.state = $11::text)),
page AS (
    SELECT f.* FROM found f
    WHERE $7::text IS NULL OR (f.created_at, f.sms_id) < (cursor_time($7::text), cursor_id($7::text)::uuid)
    ORDER BY f.created_at DESC, f.sms_id DESC LIMIT $6::int + 1),
numbered AS (SELECT p.*, row_number() OVER (ORDER BY p.created_at DESC, p.sms_id DESC) AS n FROM page p)
SELECT jsonb_build_object('title', '短信记录', 'numbers', CASE WHEN $8::boolean THEN 'whole' ELSE 'masked' END,
    'columns', '[{"id": "created_at", "title": "时间", "kind": "time"}, {"id": "center_name", "title": "机构", "kind": "text"},
        {"id": "kind_name", "title": "用途", "kind": "text"}, {"id": "number", "title": "号码", "kind": "phone"},
        {"id": "agent_no", "title": "工号", "kind": "text"}, {"id": "text", "title": "内容", "kind": "text"},
        {"id": "state_name", "title": "状态", "kind": "text"}, {"id": "reason", "title": "原因", "kind": "text"},
        {"id": "attempts", "title": "提交次数", "kind": "count"}, {"id": "sent_at", "title": "提交时间", "kind": "time"},
        {"id": "done_at", "title": "送达或失败", "kind": "time"}, {"id": "replied", "title": "回复", "kind": "text"}]'::jsonb,
    'items', coalesce(jsonb_agg(jsonb_build_object('center_id', x.center_id, 'center_name', c.name,
            'sms_id', x.sms_id, 'created_at', iso(x.created_at), 'kind', x.kind, 'kind_name', sms_word('kind', x.kind),
            'number', mask_number(x.number, $8::boolean), 'call_id', x.call_id,
            'user_id', x.user_id, 'agent_no', coalesce(u.agent_no, ''), 'agent_name', coalesce(u.name, ''), 'text', x.text,
            'state', x.state, 'state_name', sms_word('state', x.state), 'reason', x.reason, 'attempts', x.attempts,
            'sent_at', iso(x.sent_at), 'done_at', iso(x.done_at), 'replies', coalesce(r.replies, '[]'), 'replied', coalesce(r.replied, '')) ORDER BY n) FILTER (WHERE n <= $6::int), '[]'),
    'next', (SELECT cursor_of(created_at, sms_id::text) FROM numbered WHERE n = $6::int AND EXISTS (SELECT FROM numbered WHERE n > $6::int)),
    'groups', CASE WHEN $9::boolean THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('center_id', g.center_id, 'center_name', k.name, 'count', g.count, 'ms', NULL) ORDER BY k.sort, k.id), '[]')
        FROM (SELECT f.center_id, count(*) AS count FROM found f GROUP BY 1) g JOIN center k ON k.id = g.center_id) END) AS document
FROM numbered x
JOIN center c ON c.id = x.center_id
LEFT JOIN app_user u ON u.id = x.user_id
LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('at', iso(y.received_at), 'text', y.text, 'outcome', y.outcome) ORDER BY y.reply_id) AS replies,
        string_agg(y.text || '（' || sms_word('outcome', y.outcome) || '）', '；' ORDER BY y.reply_id) AS replied
    FROM sms_reply y WHERE y.sms_id = x.sms_id) r ON true;
