-- Notes on recordings.

-- name: recording_note_list
-- $1 recording id, $2 only if one of these users talked in the call (int array, null = any), $3 user id. One column: {items}; no
-- row = not found.
SELECT jsonb_build_object('items', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'at_ms', n.at_ms, 'note', n.note, 'author_name', coalesce(u.name, ''),
        'author_no', coalesce(u.agent_no, ''), 'mine', n.author_id = $3::int, 'created_at', iso(n.created_at)) ORDER BY n.at_ms, n.id), '[]')
    FROM recording_note n LEFT JOIN app_user u ON u.id = n.author_id WHERE n.recording_id = r.recording_id)) AS document
FROM recording r
WHERE r.recording_id = $1::uuid
  AND ($2::int[] IS NULL OR r.user_id = ANY ($2::int[]) OR EXISTS (SELECT FROM talk k WHERE k.call_id = r.call_id AND k.user_id = ANY ($2::int[])));

-- name: recording_note_add
-- $1 recording id, $2 only if one of these users talked in the call (int array, null = any), $3 user id, $4 note id, $5 position in ms,
-- $6 text. One column: {id}; no row = there is no such recording. The same id again changes nothing.
WITH wanted AS (
    SELECT r.recording_id, r.center_id FROM recording r
    WHERE r.recording_id = $1::uuid
      AND ($2::int[] IS NULL OR r.user_id = ANY ($2::int[]) OR EXISTS (SELECT FROM talk k WHERE k.call_id = r.call_id AND k.user_id = ANY ($2::int[])))),
made AS (
    INSERT INTO recording_note (id, center_id, recording_id, at_ms, note, author_id)
    SELECT $4::uuid, w.center_id, w.recording_id, $5::int, $6::text, $3::int FROM wanted w
    ON CONFLICT (id) DO NOTHING)
SELECT jsonb_build_object('id', $4::uuid) AS document FROM wanted;

-- name: recording_note_delete
-- $1 recording id, $2 note id, $3 user id: only its author takes a note away. One column: {result}.
WITH gone AS (DELETE FROM recording_note n WHERE n.recording_id = $1::uuid AND n.id = $2::uuid AND n.author_id = $3::int RETURNING id)
SELECT jsonb_build_object('result', CASE WHEN EXISTS (SELECT FROM gone) THEN 'ok' ELSE 'missing' END) AS document;
