-- What waits for an engine that hears, and what comes of it. All run with the daemon's scope.

-- name: transcripts_due
-- $1 at most so many of each center. In order: id, center_id, since_us (when it was asked for), path, waiting (of the center, all).
SELECT recording_id, center_id, (extract(epoch FROM requested_at) * 1000000)::bigint AS since_us, path, waiting
FROM (SELECT t.recording_id, t.center_id, t.requested_at, r.path, count(*) OVER (PARTITION BY t.center_id) AS waiting,
        row_number() OVER (PARTITION BY t.center_id ORDER BY t.requested_at, t.recording_id) AS n
      FROM transcript t JOIN voicemail_setting s ON s.center_id = t.center_id AND s.transcribe JOIN recording r USING (recording_id)
      WHERE t.state = 'waiting' AND t.next_at <= now()) d
WHERE n <= $1::int ORDER BY center_id, n;

-- name: transcript_done
-- $1 id, $2 text, $3 engine, $4 confidence (null = not given). One row: waited (false: nobody waits for it any more).
WITH done AS (
    UPDATE transcript SET state = 'done', text = $2::text, engine = $3::text, confidence = $4::real, made_at = now(), reason = ''
    WHERE recording_id = $1::uuid AND state = 'waiting' RETURNING 1)
SELECT EXISTS (SELECT FROM done) AS waited;

-- name: transcript_failed
-- $1 id, $2 reason, $3 tries at most, $4 seconds until the second one, $5 for good. One row: again_ms (null: not again).
SELECT transcript_failed($1::uuid, $2::text, $3::int, $4::int, $5::boolean) AS again_ms;
