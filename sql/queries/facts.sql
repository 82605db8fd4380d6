-- The way of facts into the tables. All run with the daemon's scope.

-- name: ingest_facts
-- $1 json array of {id, center_id, at_ms, kind, payload}.
-- One row: applied (facts that were new). SQLSTATE HL001: one of them cannot be applied; nothing
-- of the batch was.
SELECT ingest_facts($1::jsonb) AS applied;

-- name: ensure_partitions
-- $1 months ahead. One row: tables made. Daily is often enough.
SELECT ensure_partitions($1::int) AS made;

-- name: close_orphans
-- $1 when this process began, $2 when the one before was last known to live (timestamptz, null = not known). Closes what the process before left open; run once,
-- after the outbox was shipped. One row: calls closed, call-backs that were claimed and never dialed.
WITH closing AS MATERIALIZED (SELECT close_orphans($1::timestamptz, $2::timestamptz) AS closed)
SELECT closed, recover_work($1::timestamptz) AS recovered FROM closing;
