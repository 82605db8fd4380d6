-- What may go when the disk is nearly full. All run with the daemon's scope.

-- name: recordings_expendable
-- $1 how many. Recordings whose day is over, oldest first: id, path.
SELECT recording_id, path FROM recording
WHERE state IN ('closed', 'failed') AND keep_until < (now() AT TIME ZONE 'Asia/Shanghai')::date
ORDER BY recording_id LIMIT $1::int;

-- name: recordings_deleted
-- $1 ids of recordings whose files were removed, $2 as many new ids for the audit log, $3 why. One row: how many.
WITH gone AS (
    UPDATE recording SET state = 'deleted'
    WHERE recording_id = ANY ($1::uuid[]) AND state IN ('closed', 'failed') AND keep_until < (now() AT TIME ZONE 'Asia/Shanghai')::date
    RETURNING recording_id, center_id, keep_until
), said AS (
    INSERT INTO audit_log (id, center_id, action, object_kind, object_id, detail, at)
    SELECT n.audit_id, g.center_id, 'recording.expire', 'recording', g.recording_id::text, 'keep_until=' || g.keep_until || ' ' || $3::text, now()
    FROM gone g JOIN unnest($1::uuid[], $2::uuid[]) AS n(recording_id, audit_id) USING (recording_id)
)
SELECT count(*) AS count FROM gone;
