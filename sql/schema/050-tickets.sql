-- Tickets (工单): what a registration leads to when it is not done with the call. Somebody holds it, or a team has it; each
-- step of its way is a hop that stays as it was written (DATA-07, DATA-08).
--
-- Where later issues go on: a node of a published workflow is a column beside "state", in the ticket (where it stands) and in
-- the hop (where it went), and ticket_allows() asks it; a unit (局、所、科室) is one more kind of receiver beside person and
-- team: ticket_target() says who may be one, ticket_in_sight() and ticket_mine() whose it is then. A deadline is due_at.

-- --- who may ------------------------------------------------------------------------------------

-- What a permission may be called, and an ability of a key, is added to, whatever was added before.
CREATE FUNCTION add_permissions(added text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known text[] := ARRAY(SELECT DISTINCT m[1] FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_.]+)''', 'g') AS m
        WHERE c.conrelid = 'role_permission'::regclass AND c.conname = 'role_permission_permission_check');
BEGIN
    ALTER TABLE role_permission DROP CONSTRAINT role_permission_permission_check;
    EXECUTE (SELECT format('ALTER TABLE role_permission ADD CONSTRAINT role_permission_permission_check CHECK (permission IN (%s))',
            string_agg(quote_literal(p), ', ' ORDER BY p))
        FROM (SELECT unnest(known) UNION SELECT unnest(added)) AS all_of(p));
END $$;
COMMENT ON FUNCTION add_permissions(text[]) IS '迁移用：增加权限名称';
CREATE FUNCTION add_key_groups(added text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known text[] := (SELECT (regexp_match(pg_get_constraintdef(c.oid), '<@ ''(\{[^}]*\})'''))[1]::text[] FROM pg_constraint c
        WHERE c.conrelid = 'api_key'::regclass AND c.conname = 'api_key_groups_check');
BEGIN
    ALTER TABLE api_key DROP CONSTRAINT api_key_groups_check;
    EXECUTE format('ALTER TABLE api_key ADD CONSTRAINT api_key_groups_check CHECK (groups <> ''{}'' AND groups <@ %L::text[])', known || added);
END $$;
COMMENT ON FUNCTION add_key_groups(text[]) IS '迁移用：增加接口密钥的能力组';
REVOKE ALL ON FUNCTION add_permissions(text[]), add_key_groups(text[]) FROM PUBLIC;
SELECT add_permissions('{ticket.read,ticket.create,ticket.work,ticket.assign}');
-- An administrator assigns, closes and voids what is his center's (CC-31); he makes none.
INSERT INTO role_permission (role_code, permission, scope)
SELECT role, permission, scope
FROM (VALUES
    ('agent', 'self', '{ticket.read,ticket.create,ticket.work}'::text[]),
    ('leader', 'center', '{ticket.read,ticket.create,ticket.work,ticket.assign}'),
    ('qa', 'center', '{ticket.read}'),
    ('city_admin', 'center', '{ticket.read,ticket.work,ticket.assign}'),
    ('region_supervisor', 'region', '{ticket.read}'),
    ('region_admin', 'region', '{ticket.read}')
) AS r(role, scope, permissions), unnest(permissions) AS permission;

-- --- tickets and their hops ---------------------------------------------------------------------

CREATE TABLE ticket (
    ticket_id uuid PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    ticket_no text NOT NULL,
    record_id uuid NOT NULL REFERENCES record,
    info_source text NOT NULL CHECK (info_source IN ('city', 'r12366')),
    unit_type text NOT NULL CHECK (unit_type IN ('self', 'from_12366', 'from_city')),
    channel text NOT NULL,
    category text NOT NULL,
    problem_type_id integer REFERENCES problem_type,
    urgency text NOT NULL REFERENCES urgency,
    title text NOT NULL DEFAULT '',
    due_at timestamptz,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'in_work', 'finished', 'void')),
    holder_id integer REFERENCES app_user,
    team_id integer REFERENCES team,
    accepted_at timestamptz,
    finished_at timestamptz,
    result text NOT NULL DEFAULT '',
    created_by integer NOT NULL REFERENCES app_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (ticket_no, center_id),
    FOREIGN KEY (center_id, category) REFERENCES category (center_id, code),
    CHECK (holder_id IS NULL OR team_id IS NULL),
    CHECK (state <> 'in_work' OR holder_id IS NOT NULL)
);
COMMENT ON TABLE ticket IS '工单主表：由一条业务记录生成';
COMMENT ON COLUMN ticket.ticket_id IS '编号，由页面生成，重复提交视为一次';
COMMENT ON COLUMN ticket.center_id IS '所属中心';
COMMENT ON COLUMN ticket.ticket_no IS '工单号：GD 加记录单号，作废后重新生成的加 -2、-3 …';
COMMENT ON COLUMN ticket.record_id IS '由哪条业务记录生成';
COMMENT ON COLUMN ticket.info_source IS '数据来源分类：分中心、自治区12366，取自业务记录';
COMMENT ON COLUMN ticket.unit_type IS '单位类型：自接、12366转接、地市呼转，取自业务记录';
COMMENT ON COLUMN ticket.channel IS '渠道，取自业务记录';
COMMENT ON COLUMN ticket.category IS '业务类别';
COMMENT ON COLUMN ticket.problem_type_id IS '问题类型';
COMMENT ON COLUMN ticket.urgency IS '紧急程度';
COMMENT ON COLUMN ticket.title IS '标题';
COMMENT ON COLUMN ticket.due_at IS '办理期限，空为不限';
COMMENT ON COLUMN ticket.state IS '状态：待受理、处理中、已办结、已作废';
COMMENT ON COLUMN ticket.holder_id IS '经办人；办结、作废后为最后的经办人';
COMMENT ON COLUMN ticket.team_id IS '交给班组、还没有人受理时的班组';
COMMENT ON COLUMN ticket.accepted_at IS '现经办人受理时间';
COMMENT ON COLUMN ticket.finished_at IS '办结或作废时间';
COMMENT ON COLUMN ticket.result IS '办结意见或作废原因';
COMMENT ON COLUMN ticket.created_by IS '创建人';
COMMENT ON COLUMN ticket.created_at IS '创建时间';
COMMENT ON COLUMN ticket.version IS '版本号（并发修改检查）';
CREATE INDEX ticket_time ON ticket (center_id, created_at DESC, ticket_id DESC);
CREATE INDEX ticket_newest ON ticket (created_at DESC, ticket_id DESC);
CREATE INDEX ticket_author ON ticket (created_by, created_at DESC);
CREATE INDEX ticket_holder ON ticket (holder_id, state);
CREATE INDEX ticket_team ON ticket (team_id) WHERE team_id IS NOT NULL;
CREATE INDEX ticket_nobody ON ticket (center_id) WHERE state = 'open' AND holder_id IS NULL AND team_id IS NULL;
CREATE INDEX ticket_record ON ticket (record_id);
CREATE UNIQUE INDEX ticket_of_record ON ticket (record_id) WHERE state <> 'void'; -- one that counts for each registration

CREATE TABLE ticket_hop (
    ticket_id uuid NOT NULL REFERENCES ticket ON DELETE CASCADE,
    seq integer NOT NULL,
    center_id integer NOT NULL REFERENCES center,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL CHECK (action IN ('create', 'assign', 'accept', 'forward', 'return', 'finish', 'void', 'reopen', 'call')),
    state text NOT NULL CHECK (state IN ('open', 'in_work', 'finished', 'void')),
    user_id integer REFERENCES app_user,
    from_user integer REFERENCES app_user,
    from_team integer REFERENCES team,
    to_user integer REFERENCES app_user,
    to_team integer REFERENCES team,
    opinion text NOT NULL DEFAULT '',
    PRIMARY KEY (ticket_id, seq)
);
COMMENT ON TABLE ticket_hop IS '工单流转明细：每一步一行，只增加，不修改';
COMMENT ON COLUMN ticket_hop.ticket_id IS '工单编号';
COMMENT ON COLUMN ticket_hop.seq IS '序号';
COMMENT ON COLUMN ticket_hop.center_id IS '所属中心（机构）';
COMMENT ON COLUMN ticket_hop.at IS '时间';
COMMENT ON COLUMN ticket_hop.action IS '动作：创建、分派、受理、转办、退回、办结、作废、重新打开、回访';
COMMENT ON COLUMN ticket_hop.state IS '这一步之后的状态';
COMMENT ON COLUMN ticket_hop.user_id IS '操作人，空为系统';
COMMENT ON COLUMN ticket_hop.from_user IS '这一步之前的经办人';
COMMENT ON COLUMN ticket_hop.from_team IS '这一步之前的班组，有经办人时为其所在班组';
COMMENT ON COLUMN ticket_hop.to_user IS '这一步之后的经办人';
COMMENT ON COLUMN ticket_hop.to_team IS '这一步之后的班组，有经办人时为其所在班组';
COMMENT ON COLUMN ticket_hop.opinion IS '意见；回访为其结果';
CREATE INDEX ticket_hop_user ON ticket_hop (user_id, ticket_id);

SELECT protect_table('ticket'), protect_table('ticket_hop');
GRANT SELECT, INSERT, UPDATE ON ticket TO hotlined_app;
GRANT SELECT, INSERT ON ticket_hop TO hotlined_app; -- nothing of it is ever overwritten

-- The calls of a ticket: that of its registration, and those linked to it (a message, call-backs). Their recordings are its.
CREATE VIEW ticket_of_call WITH (security_invoker = true) AS
    SELECT t.ticket_id, t.ticket_no, t.center_id, t.state, r.call_id, 'record' AS kind
    FROM ticket t JOIN record r ON r.id = t.record_id
    WHERE r.call_id IS NOT NULL AND NOT EXISTS (SELECT FROM record_link k WHERE k.record_id = r.id AND k.call_id = r.call_id)
    UNION ALL
    SELECT t.ticket_id, t.ticket_no, t.center_id, t.state, k.call_id, k.kind
    FROM ticket t JOIN record_link k ON k.record_id = t.record_id;
COMMENT ON VIEW ticket_of_call IS '工单与通话的关联';
GRANT SELECT ON ticket_of_call TO hotlined_app;

-- Whoever looks at tickets is told of each hop: {center_id, ticket_id, what}.
CREATE FUNCTION notify_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hotlined_config', format('ticket %s %s', c.center_id,
        jsonb_build_object('center_id', c.center_id, 'ticket_id', c.ticket_id, 'what', c.action))) FROM changed c;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_ticket() IS '工单流转后通知守护进程刷新页面';
CREATE TRIGGER notify_new AFTER INSERT ON ticket_hop REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notify_ticket();

-- --- whose it is --------------------------------------------------------------------------------

-- May these people (NULL: anybody of the centers in sight) see it? Whoever made, holds or worked on it, or is of its team.
CREATE FUNCTION ticket_in_sight(t ticket, users integer[], team integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT users IS NULL OR t.created_by = ANY (users) OR t.holder_id = ANY (users) OR t.team_id = team
        OR EXISTS (SELECT FROM ticket_hop h WHERE h.ticket_id = t.ticket_id AND h.user_id = ANY (users))
$$;
COMMENT ON FUNCTION ticket_in_sight(ticket, integer[], integer) IS '工单是否在这些人员的范围内';

-- Is the step theirs to make? What is nobody's yet is its author's; he may also void it or open it again later.
CREATE FUNCTION ticket_is_theirs(t ticket, what text, users integer[], team integer, actor integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN what = 'accept' AND t.holder_id <> actor THEN false -- that is taken over by assigning it
        ELSE users IS NULL OR t.holder_id = ANY (users)
            OR (t.holder_id IS NULL AND (t.team_id = team OR t.created_by = ANY (users)))
            OR (what IN ('void', 'reopen', 'assign') AND t.created_by = ANY (users)) END
$$;
COMMENT ON FUNCTION ticket_is_theirs(ticket, text, integer[], integer, integer) IS '这一步是否由这些人员来做';

CREATE FUNCTION ticket_allows(state text, what text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE what WHEN 'accept' THEN state = 'open' WHEN 'finish' THEN state = 'in_work' WHEN 'reopen' THEN state IN ('finished', 'void')
        ELSE state IN ('open', 'in_work') END
$$;
COMMENT ON FUNCTION ticket_allows(text, text) IS '工单在这个状态下能否做这一步';

-- One person's lists. todo: to be accepted, by him or his team, and for who assigns what is nobody's; doing: he works on it;
-- done: he moved it on and has it no more; created: he made it.
CREATE FUNCTION ticket_mine(which text, me integer, team integer, assigns boolean) RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE which
    WHEN 'todo' THEN
        RETURN QUERY SELECT t.ticket_id FROM ticket t WHERE t.holder_id = me AND t.state = 'open'
            UNION ALL SELECT t.ticket_id FROM ticket t WHERE t.team_id = team AND t.state = 'open'
            UNION ALL SELECT t.ticket_id FROM ticket t WHERE assigns AND t.holder_id IS NULL AND t.team_id IS NULL AND t.state = 'open';
    WHEN 'doing' THEN
        RETURN QUERY SELECT t.ticket_id FROM ticket t WHERE t.holder_id = me AND t.state = 'in_work';
    WHEN 'done' THEN
        RETURN QUERY SELECT DISTINCT h.ticket_id FROM ticket_hop h JOIN ticket t USING (ticket_id)
            WHERE h.user_id = me AND h.action IN ('assign', 'forward', 'return', 'finish', 'void')
              AND NOT (t.holder_id IS NOT DISTINCT FROM me AND t.state IN ('open', 'in_work'));
    WHEN 'created' THEN
        RETURN QUERY SELECT t.ticket_id FROM ticket t WHERE t.created_by = me;
    END CASE;
END $$;
COMMENT ON FUNCTION ticket_mine(text, integer, integer, boolean) IS '一个人的待办、在办、已办和创建的工单';

CREATE FUNCTION ticket_workers(of_center integer) RETURNS SETOF app_user LANGUAGE sql STABLE AS $$
    SELECT u.* FROM app_user u
    WHERE u.center_id = of_center AND u.enabled AND u.deleted_at IS NULL
      AND EXISTS (SELECT FROM user_role r JOIN role_permission p USING (role_code) WHERE r.user_id = u.id AND p.permission = 'ticket.work')
$$;
COMMENT ON FUNCTION ticket_workers(integer) IS '一个中心可以办理工单的人员';

-- The receiver that a document names: a person who may work on tickets, or a team that has one. Refuses what is neither.
CREATE FUNCTION ticket_target(of_center integer, doc jsonb, wanted boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    to_person integer := (doc->>'to_user_id')::integer;
    to_team integer := (doc->>'to_team_id')::integer;
BEGIN
    IF to_person IS NOT NULL AND to_team IS NOT NULL THEN
        PERFORM refuse('人员和班组只能选一个', 'to_team_id');
    ELSIF to_person IS NULL AND to_team IS NULL AND wanted THEN
        PERFORM refuse('请选择转给哪个人员或班组', 'to_user_id');
    ELSIF to_person IS NOT NULL AND NOT EXISTS (SELECT FROM ticket_workers(of_center) u WHERE u.id = to_person) THEN
        PERFORM refuse(format('本中心没有编号为 %s 的人员，或其已停用、没有办理工单的权限，请重新选择', to_person), 'to_user_id');
    ELSIF to_team IS NOT NULL AND NOT EXISTS (SELECT FROM ticket_workers(of_center) u JOIN team k ON k.id = u.team_id
            WHERE k.id = to_team AND k.center_id = of_center AND k.enabled) THEN
        PERFORM refuse(format('本中心没有编号为 %s 的班组，或其已停用、没有能办理工单的成员，请重新选择', to_team), 'to_team_id');
    END IF;
END $$;
COMMENT ON FUNCTION ticket_target(integer, jsonb, boolean) IS '检查工单转给的人员或班组';

-- --- as it is shown -----------------------------------------------------------------------------

-- Receivers and holders in a line: "1001 王某".
CREATE FUNCTION ticket_person(person integer) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT btrim(u.agent_no || ' ' || u.name) FROM app_user u WHERE u.id = person), '')
$$;
COMMENT ON FUNCTION ticket_person(integer) IS '工单上显示的人员：工号和姓名';
CREATE FUNCTION ticket_team_name(team integer) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT k.name FROM team k WHERE k.id = team), '')
$$;
COMMENT ON FUNCTION ticket_team_name(integer) IS '工单上显示的班组';

CREATE FUNCTION ticket_item(t ticket, reveal boolean) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('ticket_id', t.ticket_id, 'ticket_no', t.ticket_no, 'center_id', t.center_id, 'center_name', c.name, 'title', t.title, 'state', t.state,
        'info_source', t.info_source, 'unit_type', t.unit_type, 'channel', t.channel, 'category', t.category, 'category_name', coalesce(k.name, ''),
        'problem_type_id', t.problem_type_id, 'problem_type_name', coalesce(p.name, ''), 'urgency', t.urgency, 'urgency_name', g.name, 'due_at', iso(t.due_at),
        'holder_id', t.holder_id, 'holder', ticket_person(t.holder_id), 'team_id', t.team_id, 'team_name', ticket_team_name(t.team_id),
        'created_by', t.created_by, 'created_by_name', ticket_person(t.created_by), 'created_at', iso(t.created_at), 'accepted_at', iso(t.accepted_at),
        'finished_at', iso(t.finished_at), 'result', t.result, 'record_id', t.record_id, 'record_no', r.record_no, 'caller_no', mask_number(r.caller_no, reveal),
        'caller_name', r.caller_name, 'version', t.version)
    FROM record r
    JOIN center c ON c.id = t.center_id
    JOIN urgency g ON g.code = t.urgency
    LEFT JOIN category k ON k.center_id = t.center_id AND k.code = t.category
    LEFT JOIN problem_type p ON p.id = t.problem_type_id
    WHERE r.id = t.record_id
$$;
COMMENT ON FUNCTION ticket_item(ticket, boolean) IS '工单列表中的一行';

-- --- its way ------------------------------------------------------------------------------------

-- Writes a step down; old and next: the ticket before and after it. The department of a person is his team of that moment.
CREATE FUNCTION ticket_note(old ticket, next ticket, what text, actor integer, words text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_hop (ticket_id, seq, center_id, action, state, user_id, from_user, from_team, to_user, to_team, opinion)
    SELECT next.ticket_id, 1 + coalesce((SELECT max(h.seq) FROM ticket_hop h WHERE h.ticket_id = next.ticket_id), 0), next.center_id, what, next.state,
        nullif(actor, 0), old.holder_id, coalesce(old.team_id, (SELECT u.team_id FROM app_user u WHERE u.id = old.holder_id)),
        next.holder_id, coalesce(next.team_id, (SELECT u.team_id FROM app_user u WHERE u.id = next.holder_id)), words;
END $$;
COMMENT ON FUNCTION ticket_note(ticket, ticket, text, integer, text) IS '记下工单流转的一步';

-- Makes a ticket of a registration that these people (NULL: anybody) may make one of; the same id again is the same ticket.
-- What the document does not say of the matter is as in the registration.
CREATE FUNCTION ticket_create(doc jsonb, only_users integer[], actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := (doc->>'ticket_id')::uuid;
    of_record public.record%ROWTYPE;
    made ticket;
    matter jsonb;
    other text;
    before bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(wanted::text, 12366));
    SELECT * INTO made FROM ticket t WHERE t.ticket_id = wanted AND t.created_by = actor;
    IF FOUND THEN
        RETURN jsonb_build_object('ticket_id', made.ticket_id, 'ticket_no', made.ticket_no, 'state', made.state, 'version', made.version);
    END IF;
    SELECT * INTO of_record FROM record r WHERE r.id = (doc->>'record_id')::uuid AND (only_users IS NULL OR r.created_by = ANY (only_users)) FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM refuse('没有这条业务记录，或您无权为它生成工单', 'record_id');
    ELSIF of_record.state = 'draft' THEN
        PERFORM refuse('这条登记还不是正式记录（留言须回访接通并保存），暂不能生成工单', 'record_id');
    ELSIF of_record.state = 'void' THEN
        PERFORM refuse('这条业务记录已作废，不能生成工单', 'record_id');
    END IF;
    SELECT max(t.ticket_no) FILTER (WHERE t.state <> 'void'), count(*) INTO other, before FROM ticket t WHERE t.record_id = of_record.id;
    IF other IS NOT NULL THEN
        PERFORM refuse(format('这条业务记录已有工单 %s，请在该工单上继续办理', other), 'record_id');
    END IF;
    matter := to_jsonb(of_record) || (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(doc)
        WHERE key IN ('category', 'problem_type_id', 'urgency', 'title', 'due_at') AND value <> 'null' AND NOT (value = '""' AND key IN ('category', 'urgency')));
    PERFORM check_record(of_record.center_id, matter);
    PERFORM ticket_target(of_record.center_id, doc, false);
    INSERT INTO ticket (ticket_id, center_id, ticket_no, record_id, info_source, unit_type, channel, category, problem_type_id, urgency, title, due_at,
        holder_id, team_id, created_by)
    VALUES (wanted, of_record.center_id, 'GD' || of_record.record_no || CASE before WHEN 0 THEN '' ELSE '-' || before + 1 END, of_record.id,
        of_record.info_source, of_record.unit_type, of_record.channel, matter->>'category', (matter->>'problem_type_id')::integer, matter->>'urgency',
        matter->>'title', nullif(matter->>'due_at', '')::timestamptz, (doc->>'to_user_id')::integer, (doc->>'to_team_id')::integer, actor)
    RETURNING * INTO made;
    PERFORM ticket_note(NULL, made, 'create', actor, btrim(coalesce(doc->>'opinion', '')));
    RETURN jsonb_build_object('ticket_id', made.ticket_id, 'ticket_no', made.ticket_no, 'state', made.state, 'version', made.version);
END $$;
COMMENT ON FUNCTION ticket_create(jsonb, integer[], integer) IS '由业务记录生成工单，同一编号重复提交只生效一次';

-- Who gave it to whoever has it now, and may have it back; NULL: nobody.
CREATE FUNCTION ticket_giver(t ticket, actor integer) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT u.id FROM ticket_workers(t.center_id) u
    WHERE u.id <> actor AND u.id = (SELECT h.user_id FROM ticket_hop h
        WHERE h.ticket_id = t.ticket_id AND h.action IN ('create', 'assign', 'forward', 'return', 'reopen') ORDER BY h.seq DESC LIMIT 1)
$$;
COMMENT ON FUNCTION ticket_giver(ticket, integer) IS '工单退回时退给谁：上一个交办的人';

-- What a step makes of a ticket; who has it, for how long, and what came of it.
CREATE FUNCTION ticket_stepped(old ticket, what text, doc jsonb, actor integer) RETURNS ticket LANGUAGE plpgsql AS $$
DECLARE
    later ticket := old;
BEGIN
    later.state := CASE what WHEN 'accept' THEN 'in_work' WHEN 'finish' THEN 'finished' WHEN 'void' THEN 'void' ELSE 'open' END;
    later.accepted_at := CASE later.state WHEN 'open' THEN NULL ELSE coalesce(old.accepted_at, CASE what WHEN 'accept' THEN now() END) END;
    later.finished_at := CASE WHEN later.state IN ('finished', 'void') THEN now() END;
    later.result := CASE WHEN later.state IN ('finished', 'void') THEN btrim(doc->>'opinion') ELSE '' END;
    CASE
    WHEN what IN ('accept', 'finish') THEN later.holder_id := CASE what WHEN 'accept' THEN actor ELSE old.holder_id END; later.team_id := NULL;
    WHEN what IN ('assign', 'forward') THEN later.holder_id := (doc->>'to_user_id')::integer; later.team_id := (doc->>'to_team_id')::integer;
    WHEN what = 'return' THEN later.holder_id := ticket_giver(old, actor); later.team_id := NULL;
    ELSE NULL; -- voided and opened again it stays whose it was
    END CASE;
    later.version := old.version + 1;
    RETURN later;
END $$;
COMMENT ON FUNCTION ticket_stepped(ticket, text, jsonb, integer) IS '工单走一步之后的样子';

-- One step of these people (NULL: of anybody's ticket). {result: ok | missing | stale | state | holder | giver | exists, ticket_id,
-- ticket_no, state, version, holder}.
CREATE FUNCTION ticket_step(which uuid, expected integer, what text, doc jsonb, only_users integer[], team integer, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old ticket;
    next ticket;
    said text;
BEGIN
    SELECT * INTO old FROM ticket t WHERE t.ticket_id = which AND ticket_in_sight(t, only_users, team) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    said := CASE WHEN old.version <> expected THEN 'stale'
        WHEN NOT ticket_is_theirs(old, what, only_users, team, actor) THEN 'holder'
        WHEN NOT ticket_allows(old.state, what) THEN 'state'
        WHEN what = 'return' AND ticket_giver(old, actor) IS NULL THEN 'giver'
        WHEN what = 'reopen' AND EXISTS (SELECT FROM ticket t WHERE t.record_id = old.record_id AND t.state <> 'void' AND t.ticket_id <> which) THEN 'exists'
        ELSE 'ok' END;
    IF said <> 'ok' THEN
        RETURN jsonb_build_object('result', said, 'version', old.version, 'holder', coalesce(nullif(ticket_person(old.holder_id), ''), ticket_team_name(old.team_id)));
    END IF;
    IF what IN ('assign', 'forward') THEN
        PERFORM ticket_target(old.center_id, doc, true);
    END IF;
    next := ticket_stepped(old, what, doc, actor);
    UPDATE ticket SET (state, holder_id, team_id, accepted_at, finished_at, result, version) =
        (next.state, next.holder_id, next.team_id, next.accepted_at, next.finished_at, next.result, next.version) WHERE ticket_id = which;
    PERFORM ticket_note(old, next, what, actor, btrim(coalesce(doc->>'opinion', '')));
    -- The matter of the registration is done when its ticket is, and not done when that is opened again.
    UPDATE record SET state = 'closed', closed_at = now() WHERE id = old.record_id AND state = 'open' AND what = 'finish';
    UPDATE record SET state = 'open', closed_at = NULL WHERE id = old.record_id AND state = 'closed' AND what = 'reopen' AND record_state(method) = 'open';
    RETURN jsonb_build_object('result', 'ok', 'ticket_id', which, 'ticket_no', next.ticket_no, 'state', next.state, 'version', next.version);
END $$;
COMMENT ON FUNCTION ticket_step(uuid, integer, text, jsonb, integer[], integer, integer) IS '工单流转一步：分派、受理、转办、退回、办结、作废、重新打开';

-- --- calling back -------------------------------------------------------------------------------

-- Whoever works on it calls the person of its registration; the call is linked before it is made. {result: ok | missing | state | no_number, number}.
CREATE FUNCTION ticket_call(which uuid, actor integer, of_call uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    t ticket;
    number text;
BEGIN
    SELECT * INTO t FROM ticket k WHERE k.ticket_id = which FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF t.state <> 'in_work' OR t.holder_id <> actor THEN
        RETURN '{"result": "state"}';
    END IF;
    SELECT r.caller_no INTO number FROM record r WHERE r.id = t.record_id;
    IF number = '' THEN
        RETURN '{"result": "no_number"}';
    END IF;
    INSERT INTO record_link (record_id, call_id, center_id, kind) VALUES (t.record_id, of_call, t.center_id, 'call_back');
    RETURN jsonb_build_object('result', 'ok', 'number', number);
END $$;
COMMENT ON FUNCTION ticket_call(uuid, integer, uuid) IS '工单回访：拨号前记下呼叫编号';

-- A call that was linked has ended: whether it reached anybody, and a hop of each ticket it belongs to.
CREATE FUNCTION ticket_called(ended uuid, said text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t ticket;
BEGIN
    UPDATE record_link k SET reached = true WHERE k.call_id = ended AND k.kind = 'call_back' AND said = 'reached';
    FOR t IN SELECT k.* FROM record_link l JOIN ticket k ON k.record_id = l.record_id AND k.state <> 'void'
        WHERE l.call_id = ended AND l.kind = 'call_back' FOR UPDATE OF k
    LOOP
        PERFORM ticket_note(t, t, 'call', coalesce((SELECT c.user_id FROM call c WHERE c.call_id = ended), 0), coalesce(said, ''));
    END LOOP;
END $$;
COMMENT ON FUNCTION ticket_called(uuid, text) IS '回访结束后记入工单';
REVOKE ALL ON FUNCTION ticket_called(uuid, text) FROM PUBLIC;

-- As in 021, and what it means for tickets.
CREATE OR REPLACE FUNCTION call_back_settle(ended uuid, of_center integer, result text, reason text, ended_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    reached boolean := result = 'answered';
    said text := CASE WHEN reached THEN 'reached' ELSE reason END;
    tried integer := (reached OR reason <> 'agent')::integer;
    most integer := coalesce((SELECT s.max_attempts FROM callback_setting s WHERE s.center_id = of_center), 3);
    pause interval := coalesce((SELECT s.retry_minutes FROM callback_setting s WHERE s.center_id = of_center), 15) * interval '1 minute';
    v voicemail;
BEGIN
    UPDATE callback_attempt a SET outcome = said, ended_at = call_back_settle.ended_at WHERE a.call_id = ended;
    UPDATE callback b SET outcome = said, claim_call_id = NULL, attempts = b.attempts + tried,
        state = CASE WHEN reached THEN 'reached' WHEN b.attempts + tried >= most THEN 'not_reached' ELSE 'open' END,
        next_at = CASE tried WHEN 1 THEN call_back_settle.ended_at + pause ELSE b.next_at END,
        finished_by = CASE WHEN reached THEN b.claimed_by END,
        finished_at = CASE WHEN reached OR b.attempts + tried >= most THEN call_back_settle.ended_at END
    WHERE b.claim_call_id = ended AND b.state = 'claimed';
    PERFORM ticket_called(ended, said);
    SELECT * INTO v FROM voicemail m WHERE m.call_back_id = ended;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM voicemail_note(v.voicemail_id, 'call_back', v.assigned_to, NULL, said);
    UPDATE voicemail m SET called_back_at = CASE WHEN reached THEN coalesce(m.called_back_at, call_back_settle.ended_at) ELSE m.called_back_at END,
        version = m.version + 1 WHERE m.voicemail_id = v.voicemail_id;
    IF reached THEN
        UPDATE record_link k SET reached = true WHERE k.record_id = v.record_id AND k.call_id = ended;
        UPDATE record SET updated_at = call_back_settle.ended_at WHERE id = v.record_id; -- a draft that was saved before becomes formal now
    END IF;
END $$;

-- --- teams --------------------------------------------------------------------------------------

-- As in 022; a team that tickets went to stays, because their hops say so (it may be disabled).
CREATE OR REPLACE FUNCTION team_delete(target integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old team%ROWTYPE;
    people text;
BEGIN
    SELECT * INTO old FROM team t WHERE t.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    END IF;
    SELECT string_agg(btrim(u.agent_no || ' ' || u.name), '、' ORDER BY u.agent_no, u.id) INTO people
    FROM app_user u WHERE u.team_id = target AND u.deleted_at IS NULL;
    IF people IS NOT NULL THEN
        RAISE EXCEPTION '班组“%”还有成员：%，请先把他们调到其他班组', old.name, people USING ERRCODE = 'HL013', CONSTRAINT = 'id';
    END IF;
    IF EXISTS (SELECT FROM ticket_hop h WHERE target IN (h.from_team, h.to_team)) THEN
        RAISE EXCEPTION '班组“%”经办过工单，不能删除；不再使用的请停用', old.name USING ERRCODE = 'HL013', CONSTRAINT = 'id';
    END IF;
    UPDATE app_user SET team_id = NULL WHERE team_id = target;
    DELETE FROM team WHERE id = target;
    RETURN '{"result": "ok"}';
END $$;
