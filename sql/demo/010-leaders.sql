-- In the demo leaders and the region's supervisor have a number each, so that they can sign in with a line, listen and take
-- calls over (MON-08, CC-12). Not in the seed of tests, where a leader without a number is a case of its own.
UPDATE app_user u SET agent_no = n.agent_no
FROM (VALUES ('leader', '1011'), ('supervisor', '1013')) AS n(login, agent_no)
WHERE u.login = n.login AND u.agent_no = '' AND u.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM app_user o WHERE o.center_id = u.center_id AND o.agent_no = n.agent_no AND o.deleted_at IS NULL);
