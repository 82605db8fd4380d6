-- SMS: gateways, the outbox, what comes back. No statement but sms_claim and sms_try returns the secret header's value.

-- name: settings_sms_get
-- $1 center id. Of a center that has saved none: how it would be, version 1. waiting: messages in the outbox.
SELECT jsonb_build_object('center_id', c.id, 'enabled', coalesce(g.enabled, false), 'url', coalesce(g.url, ''), 'secret_name', coalesce(g.secret_name, ''),
    'timeout_ms', coalesce(g.timeout_ms, 5000), 'per_second', coalesce(g.per_second, 5), 'version', coalesce(g.version, 1),
    'waiting', (SELECT count(*) FROM sms s WHERE s.center_id = c.id AND s.state = 'queued')) AS document
FROM center c LEFT JOIN sms_gateway g ON g.center_id = c.id WHERE c.id = $1::int;

-- name: settings_sms_put
-- $1 center id, $2 expected version, $3 body. HL014 names the field.
SELECT sms_gateway_save($1::int, $2::int, $3::jsonb) AS document;

-- name: sms_try
-- $1 center id, $2 number as typed. Makes a message to try the gateway with; seen by the daemon only: id, number, text, connector.
SELECT d->>'sms_id' AS sms_id, d->>'number' AS number, d->>'text' AS text, d->'connector' AS connector FROM sms_try($1::int, $2::text) d;

-- name: sms_claim
-- $1 centers that are busy (int array), $2 how many at most. Daemon scope, seen by the daemon only: id, center_id, number, text, connector.
SELECT sms_id, center_id, number, body, connector FROM sms_claim($1::int[], $2::int);

-- name: sms_answered
-- $1 id, $2 sent, again or refused, $3 why, $4 the gateway's own id.
SELECT sms_answered($1::uuid, $2::text, $3::text, $4::text);

-- name: sms_reported
-- $1 id, $2 delivered (else failed), $3 why.
SELECT sms_reported($1::uuid, $2::boolean, $3::text) AS document;

-- name: sms_replied
-- $1 center id, $2 the gateway's id of the reply, $3 number, $4 text.
SELECT sms_replied($1::int, $2::text, $3::text, $4::text) AS document;
