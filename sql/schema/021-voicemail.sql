-- Messages that callers leave (VM-01 to VM-08), and callers to be called back (SCN-14).
--
-- A message is a recording without an agent: what the facts recording_begin and recording_end say more of it makes its
-- row. It comes with a registration that is a draft until somebody has called back and saved it.

-- --- who may ------------------------------------------------------------------------------------

-- Added to whatever is allowed by now, so that the order in which functions come to a database does not matter.
DO $$
DECLARE
    known text[] := (SELECT array_agg(DISTINCT m[1]) FROM pg_constraint c,
        regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_.]+)''', 'g') m
        WHERE c.conrelid = 'role_permission'::regclass AND c.conname = 'role_permission_permission_check');
BEGIN
    ALTER TABLE role_permission DROP CONSTRAINT role_permission_permission_check;
    EXECUTE format('ALTER TABLE role_permission ADD CONSTRAINT role_permission_permission_check CHECK (permission IN (%s))',
        (SELECT string_agg(quote_literal(p), ', ') FROM unnest(known || '{voicemail.read,voicemail.work,voicemail.assign,callback.work}'::text[]) p));
END $$;
INSERT INTO role_permission (role_code, permission, scope) VALUES
    ('agent', 'voicemail.read', 'self'), ('agent', 'voicemail.work', 'self'), ('agent', 'callback.work', 'self'),
    ('leader', 'voicemail.read', 'center'), ('leader', 'voicemail.work', 'center'), ('leader', 'voicemail.assign', 'center'), ('leader', 'callback.work', 'center'),
    ('city_admin', 'voicemail.read', 'center'), ('city_admin', 'voicemail.assign', 'center'), ('city_admin', 'callback.work', 'center'),
    ('region_supervisor', 'voicemail.read', 'region'), ('region_admin', 'voicemail.read', 'region');

-- --- settings of a city -------------------------------------------------------------------------

CREATE TABLE voicemail_setting (
    center_id integer PRIMARY KEY REFERENCES center,
    enabled boolean NOT NULL DEFAULT false,
    off_prompt text NOT NULL DEFAULT '',
    quota_mb integer NOT NULL DEFAULT 1024 CHECK (quota_mb BETWEEN 1 AND 1048576),
    assign_rule text NOT NULL DEFAULT 'none' CHECK (assign_rule IN ('none', 'round_robin')),
    assign_group_id integer REFERENCES skill_group,
    version integer NOT NULL DEFAULT 1,
    CHECK (assign_rule = 'none' OR assign_group_id IS NOT NULL)
);
COMMENT ON TABLE voicemail_setting IS '语音留言设置，每中心一行，无行即为停用';
COMMENT ON COLUMN voicemail_setting.center_id IS '中心';
COMMENT ON COLUMN voicemail_setting.enabled IS '本中心留言总开关，停用时跳过留言环节';
COMMENT ON COLUMN voicemail_setting.off_prompt IS '停用时来电人听到的提示音代码，空为不播放';
COMMENT ON COLUMN voicemail_setting.quota_mb IS '留言录音的存储配额（MB），用满后不再接受新留言';
COMMENT ON COLUMN voicemail_setting.assign_rule IS '分派规则：人工、组内轮流';
COMMENT ON COLUMN voicemail_setting.assign_group_id IS '轮流分派的技能组';
COMMENT ON COLUMN voicemail_setting.version IS '版本号（并发修改检查）';

CREATE TABLE voicemail_scene (
    center_id integer NOT NULL REFERENCES center,
    scene text NOT NULL CHECK (scene IN ('off_day', 'off_hours', 'all_busy', 'chosen')),
    enabled boolean NOT NULL DEFAULT true,
    prompt text NOT NULL DEFAULT '',
    PRIMARY KEY (center_id, scene)
);
COMMENT ON TABLE voicemail_scene IS '留言的启用场景，每中心每场景一行，无行即为启用、不另播提示音';
COMMENT ON COLUMN voicemail_scene.center_id IS '中心';
COMMENT ON COLUMN voicemail_scene.scene IS '场景：非工作日、非工作时段、坐席全忙、来电人按键选择';
COMMENT ON COLUMN voicemail_scene.enabled IS '该场景是否启用';
COMMENT ON COLUMN voicemail_scene.prompt IS '该场景留言前的提示音代码，空为不播放';

-- What changes with every message; apart from the settings, so that the directory is not read again for it.
CREATE TABLE voicemail_turn (
    center_id integer PRIMARY KEY REFERENCES center,
    used_bytes bigint NOT NULL DEFAULT 0,
    last_user_id integer
);
COMMENT ON TABLE voicemail_turn IS '留言的已用存储与轮流分派的位置';
COMMENT ON COLUMN voicemail_turn.center_id IS '中心';
COMMENT ON COLUMN voicemail_turn.used_bytes IS '留言录音已用字节数';
COMMENT ON COLUMN voicemail_turn.last_user_id IS '最近一次按规则分派到的坐席';

CREATE TABLE callback_setting (
    center_id integer PRIMARY KEY REFERENCES center,
    max_attempts integer NOT NULL DEFAULT 3 CHECK (max_attempts BETWEEN 1 AND 20),
    retry_minutes integer NOT NULL DEFAULT 15 CHECK (retry_minutes BETWEEN 0 AND 1440),
    expire_hours integer NOT NULL DEFAULT 24 CHECK (expire_hours BETWEEN 1 AND 720),
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE callback_setting IS '回拨设置，每中心一行，无行即为默认值';
COMMENT ON COLUMN callback_setting.center_id IS '中心';
COMMENT ON COLUMN callback_setting.max_attempts IS '最多拨打次数';
COMMENT ON COLUMN callback_setting.retry_minutes IS '未接通后多少分钟可以再拨';
COMMENT ON COLUMN callback_setting.expire_hours IS '最近一次来电后多少小时失效';
COMMENT ON COLUMN callback_setting.version IS '版本号（并发修改检查）';
ALTER TABLE queue ADD COLUMN callback boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN queue.callback IS '排队未接通的来电是否生成回拨记录';

-- --- registrations that are drafts --------------------------------------------------------------

ALTER TABLE record DROP CONSTRAINT record_state_check;
ALTER TABLE record ADD CONSTRAINT record_state_check CHECK (state IN ('draft', 'open', 'closed', 'void'));
ALTER TABLE record ALTER COLUMN category DROP NOT NULL, ALTER COLUMN created_by DROP NOT NULL;
ALTER TABLE record ADD CONSTRAINT record_draft_check CHECK (state IN ('draft', 'void') OR (category IS NOT NULL AND created_by IS NOT NULL));
COMMENT ON COLUMN record.state IS '状态：初始化（留言待回访）、处理中、办结、作废';
COMMENT ON COLUMN record.category IS '业务类别，初始化的记录可暂空';
COMMENT ON COLUMN record.created_by IS '登记人；由系统初始化的记录为受理坐席，未分派时为空';

CREATE TABLE record_link (
    record_id uuid NOT NULL REFERENCES record ON DELETE CASCADE,
    call_id uuid NOT NULL,
    center_id integer NOT NULL REFERENCES center,
    kind text NOT NULL CHECK (kind IN ('voicemail', 'call_back')),
    reached boolean NOT NULL DEFAULT false,
    PRIMARY KEY (record_id, call_id)
);
COMMENT ON TABLE record_link IS '业务记录关联的通话：其录音随记录可查';
COMMENT ON COLUMN record_link.record_id IS '业务记录编号';
COMMENT ON COLUMN record_link.call_id IS '呼叫编号';
COMMENT ON COLUMN record_link.center_id IS '所属中心';
COMMENT ON COLUMN record_link.kind IS '关系：留言、回访';
COMMENT ON COLUMN record_link.reached IS '回访是否接通';
CREATE INDEX record_link_call ON record_link (call_id);

-- Whoever saves a draft fills it in; it becomes a formal registration once he has also reached the caller (VM-08), and
-- nothing else makes it one. The order of the two does not matter.
CREATE FUNCTION record_becomes_formal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'void' THEN
        RETURN NEW;
    END IF;
    NEW.state := 'draft';
    NEW.closed_at := NULL;
    IF NEW.category IS NOT NULL AND NEW.created_by IS NOT NULL
       AND EXISTS (SELECT FROM record_link k WHERE k.record_id = NEW.id AND k.kind = 'call_back' AND k.reached) THEN
        NEW.state := CASE NEW.method WHEN 'call_back' THEN 'closed' ELSE record_state(NEW.method) END; -- he was called back
        NEW.closed_at := CASE NEW.state WHEN 'closed' THEN now() END;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION record_becomes_formal() IS '初始化的记录在回访接通并保存后成为正式记录';
CREATE TRIGGER record_becomes_formal BEFORE UPDATE ON record FOR EACH ROW WHEN (OLD.state = 'draft') EXECUTE FUNCTION record_becomes_formal();

-- --- messages -----------------------------------------------------------------------------------

CREATE TABLE voicemail (
    voicemail_id uuid PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    call_id uuid NOT NULL,
    scene text NOT NULL CHECK (scene IN ('off_day', 'off_hours', 'all_busy', 'chosen')),
    caller_no text NOT NULL DEFAULT '',
    caller_place text NOT NULL DEFAULT '',
    caller_city text NOT NULL DEFAULT '',
    menu_path text NOT NULL DEFAULT '',
    left_at timestamptz NOT NULL,
    length_ms bigint,
    speech_ms bigint,
    size bigint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'recording' CHECK (state IN ('recording', 'new', 'assigned', 'in_work', 'finished', 'void')),
    assigned_to integer REFERENCES app_user,
    assigned_at timestamptz,
    taken_at timestamptz,
    finished_by integer REFERENCES app_user,
    finished_at timestamptz,
    note text NOT NULL DEFAULT '',
    record_id uuid REFERENCES record ON DELETE SET NULL,
    call_back_id uuid,
    called_back_at timestamptz,
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE voicemail IS '语音留言';
COMMENT ON COLUMN voicemail.voicemail_id IS '留言编号，即其录音编号';
COMMENT ON COLUMN voicemail.center_id IS '所属中心';
COMMENT ON COLUMN voicemail.call_id IS '呼叫编号';
COMMENT ON COLUMN voicemail.scene IS '场景：非工作日、非工作时段、坐席全忙、来电人按键选择';
COMMENT ON COLUMN voicemail.caller_no IS '来电号码，空为匿名';
COMMENT ON COLUMN voicemail.caller_place IS '来电归属地文字';
COMMENT ON COLUMN voicemail.caller_city IS '来电归属地行政区划代码';
COMMENT ON COLUMN voicemail.menu_path IS '留言前的按键路径';
COMMENT ON COLUMN voicemail.left_at IS '留言时间';
COMMENT ON COLUMN voicemail.length_ms IS '留言时长（毫秒）';
COMMENT ON COLUMN voicemail.speech_ms IS '其中说话时长（毫秒），守护进程中断时未知';
COMMENT ON COLUMN voicemail.size IS '录音文件大小（字节），计入配额';
COMMENT ON COLUMN voicemail.state IS '状态：录制中、新留言、已分派、处理中、已办结、作废';
COMMENT ON COLUMN voicemail.assigned_to IS '受理坐席';
COMMENT ON COLUMN voicemail.assigned_at IS '分派时间';
COMMENT ON COLUMN voicemail.taken_at IS '开始处理时间';
COMMENT ON COLUMN voicemail.finished_by IS '办结或作废人';
COMMENT ON COLUMN voicemail.finished_at IS '办结或作废时间';
COMMENT ON COLUMN voicemail.note IS '办结说明或作废原因';
COMMENT ON COLUMN voicemail.record_id IS '由留言初始化的业务记录';
COMMENT ON COLUMN voicemail.call_back_id IS '最近一次回访的呼叫编号';
COMMENT ON COLUMN voicemail.called_back_at IS '回访接通时间';
COMMENT ON COLUMN voicemail.version IS '版本号（并发修改检查）';
CREATE INDEX voicemail_time ON voicemail (center_id, left_at DESC, voicemail_id DESC);
CREATE INDEX voicemail_caller ON voicemail (caller_no, left_at DESC);
CREATE INDEX voicemail_agent ON voicemail (assigned_to, left_at DESC);
CREATE INDEX voicemail_call_back ON voicemail (call_back_id) WHERE call_back_id IS NOT NULL;

CREATE TABLE voicemail_step (
    voicemail_id uuid NOT NULL REFERENCES voicemail ON DELETE CASCADE,
    seq integer NOT NULL,
    center_id integer NOT NULL REFERENCES center,
    at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL CHECK (state IN ('new', 'assigned', 'in_work', 'finished', 'void', 'call_back')),
    user_id integer REFERENCES app_user,
    target_id integer REFERENCES app_user,
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (voicemail_id, seq)
);
COMMENT ON TABLE voicemail_step IS '留言处理经过：每次状态变化或回访一行';
COMMENT ON COLUMN voicemail_step.voicemail_id IS '留言编号';
COMMENT ON COLUMN voicemail_step.seq IS '序号';
COMMENT ON COLUMN voicemail_step.center_id IS '所属中心';
COMMENT ON COLUMN voicemail_step.at IS '时间';
COMMENT ON COLUMN voicemail_step.state IS '变为的状态，或回访';
COMMENT ON COLUMN voicemail_step.user_id IS '操作人，空为系统';
COMMENT ON COLUMN voicemail_step.target_id IS '分派到的坐席';
COMMENT ON COLUMN voicemail_step.note IS '说明';

-- --- callers to be called back ------------------------------------------------------------------

CREATE TABLE callback (
    callback_id uuid PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    number text NOT NULL CHECK (number <> ''),
    place text NOT NULL DEFAULT '',
    queue_id integer,
    source text NOT NULL CHECK (source IN ('gave_up', 'requested')),
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    waits integer NOT NULL DEFAULT 1,
    wait_ms bigint NOT NULL DEFAULT 0,
    call_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'reached', 'not_reached', 'answered', 'dropped', 'expired')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    claimed_by integer REFERENCES app_user,
    claimed_at timestamptz,
    claim_call_id uuid,
    outcome text NOT NULL DEFAULT '',
    finished_by integer REFERENCES app_user,
    finished_at timestamptz,
    note text NOT NULL DEFAULT ''
);
COMMENT ON TABLE callback IS '回拨记录：排队未接通或要求回拨的来电，同一号码合并为一条';
COMMENT ON COLUMN callback.callback_id IS '编号';
COMMENT ON COLUMN callback.center_id IS '所属中心';
COMMENT ON COLUMN callback.number IS '回拨号码';
COMMENT ON COLUMN callback.place IS '归属地文字';
COMMENT ON COLUMN callback.queue_id IS '首次等待的队列';
COMMENT ON COLUMN callback.source IS '由来：排队未接通、来电人要求回拨';
COMMENT ON COLUMN callback.first_at IS '首次入队时间，回拨按此先后';
COMMENT ON COLUMN callback.last_at IS '最近一次来电时间';
COMMENT ON COLUMN callback.waits IS '合并的来电次数';
COMMENT ON COLUMN callback.wait_ms IS '等待时长合计（毫秒）';
COMMENT ON COLUMN callback.call_id IS '最近一次来电的呼叫编号';
COMMENT ON COLUMN callback.state IS '状态：待回拨、回拨中、已接通、多次未接通、来电人已再次来电并接通、人工取消、已失效';
COMMENT ON COLUMN callback.attempts IS '已拨打次数';
COMMENT ON COLUMN callback.next_at IS '此后可以拨打';
COMMENT ON COLUMN callback.expires_at IS '失效时间';
COMMENT ON COLUMN callback.claimed_by IS '正在回拨的坐席';
COMMENT ON COLUMN callback.claimed_at IS '取得时间';
COMMENT ON COLUMN callback.claim_call_id IS '正在回拨的呼叫编号，拨号之前就已确定';
COMMENT ON COLUMN callback.outcome IS '最近一次回拨的结果';
COMMENT ON COLUMN callback.finished_by IS '办结人，空为系统';
COMMENT ON COLUMN callback.finished_at IS '办结时间';
COMMENT ON COLUMN callback.note IS '说明';
-- One open entry for each number of a center: whoever gives up again is merged into it.
CREATE UNIQUE INDEX callback_number ON callback (center_id, number) WHERE state IN ('open', 'claimed');
CREATE INDEX callback_place ON callback (center_id, first_at, callback_id) WHERE state IN ('open', 'claimed');
CREATE INDEX callback_time ON callback (center_id, last_at DESC, callback_id DESC);
CREATE INDEX callback_claim ON callback (claim_call_id) WHERE claim_call_id IS NOT NULL;

CREATE TABLE callback_attempt (
    call_id uuid PRIMARY KEY,
    callback_id uuid NOT NULL REFERENCES callback,
    center_id integer NOT NULL REFERENCES center,
    user_id integer NOT NULL REFERENCES app_user,
    at timestamptz NOT NULL DEFAULT now(),
    outcome text NOT NULL DEFAULT 'open',
    ended_at timestamptz
);
COMMENT ON TABLE callback_attempt IS '一次回拨';
COMMENT ON COLUMN callback_attempt.call_id IS '呼叫编号';
COMMENT ON COLUMN callback_attempt.callback_id IS '回拨记录';
COMMENT ON COLUMN callback_attempt.center_id IS '所属中心';
COMMENT ON COLUMN callback_attempt.user_id IS '坐席';
COMMENT ON COLUMN callback_attempt.at IS '拨打时间';
COMMENT ON COLUMN callback_attempt.outcome IS '结果：接通，或未接通的原因';
COMMENT ON COLUMN callback_attempt.ended_at IS '结束时间';
CREATE INDEX callback_attempt_entry ON callback_attempt (callback_id, at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{voicemail_setting,voicemail_scene,voicemail_turn,callback_setting,record_link,voicemail,voicemail_step,callback,callback_attempt}'::text[]
    LOOP
        PERFORM protect_table(name::regclass);
    END LOOP;
END $$;
SELECT watch_table('voicemail_setting'), watch_table('voicemail_scene');
GRANT SELECT, INSERT, UPDATE ON voicemail_setting, voicemail_scene, callback_setting, voicemail, callback TO hotlined_app;
GRANT SELECT, INSERT ON voicemail_step TO hotlined_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON record_link, callback_attempt TO hotlined_app;
GRANT SELECT ON voicemail_turn TO hotlined_app;

-- Whoever looks at these lists is told that they changed: once for each center and transaction.
CREATE FUNCTION notify_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hotlined_config', TG_TABLE_NAME || ' ' || c.center_id) FROM (SELECT DISTINCT center_id FROM changed) c;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_work() IS '留言与回拨变化后通知守护进程刷新页面';
CREATE TRIGGER notify_new AFTER INSERT ON voicemail REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notify_work();
CREATE TRIGGER notify_changed AFTER UPDATE ON voicemail REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notify_work();
CREATE TRIGGER notify_new AFTER INSERT ON callback REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notify_work();
CREATE TRIGGER notify_changed AFTER UPDATE ON callback REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notify_work();

-- --- a message arrives --------------------------------------------------------------------------

CREATE FUNCTION voicemail_note(which uuid, what text, by_user integer, target integer, why text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO voicemail_step (voicemail_id, seq, center_id, state, user_id, target_id, note)
    SELECT v.voicemail_id, 1 + coalesce((SELECT max(s.seq) FROM voicemail_step s WHERE s.voicemail_id = which), 0), v.center_id, what, nullif(by_user, 0), target, why
    FROM voicemail v WHERE v.voicemail_id = which
$$;
COMMENT ON FUNCTION voicemail_note(uuid, text, integer, integer, text) IS '记下留言处理的一步';

-- The registration that waits for the caller to be called back: number, time, recording and path are there already.
CREATE FUNCTION voicemail_record(v voicemail) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    of_call public.call;
    wanted uuid := gen_random_uuid();
BEGIN
    SELECT * INTO of_call FROM call c WHERE c.call_id = v.call_id;
    INSERT INTO record (id, center_id, record_no, call_id, caller_no, caller_city, problem_city, title, content, method, info_source, unit_type, channel, state)
    SELECT wanted, v.center_id, next_record_no(v.center_id), v.call_id, v.caller_no,
        city.code, city.code, '语音留言',
        format('%s 留言 %s 秒%s', to_char(v.left_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'), v.length_ms / 1000,
            CASE v.menu_path WHEN '' THEN '' ELSE '，按键路径：' || v.menu_path END),
        'call_back', coalesce(of_call.info_source, CASE c.kind WHEN 'regional' THEN 'r12366' ELSE 'city' END), coalesce(of_call.unit_type, 'self'), 'voicemail', 'draft'
    FROM center c, LATERAL (SELECT CASE WHEN region_cities() @> jsonb_build_array(jsonb_build_object('code', v.caller_city)) THEN v.caller_city ELSE '' END AS code) city
    WHERE c.id = v.center_id;
    INSERT INTO record_link (record_id, call_id, center_id, kind) VALUES (wanted, v.call_id, v.center_id, 'voicemail');
    RETURN wanted;
END $$;
COMMENT ON FUNCTION voicemail_record(voicemail) IS '为一条留言生成初始化的业务记录';

-- Gives a message to an agent; its registration is his from then on.
CREATE FUNCTION voicemail_give(which uuid, agent integer, by_user integer, why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE voicemail SET state = 'assigned', assigned_to = agent, assigned_at = now(), taken_at = NULL, version = version + 1 WHERE voicemail_id = which;
    UPDATE record SET created_by = agent WHERE id = (SELECT v.record_id FROM voicemail v WHERE v.voicemail_id = which);
    PERFORM voicemail_note(which, 'assigned', by_user, agent, why);
END $$;
COMMENT ON FUNCTION voicemail_give(uuid, integer, integer, text) IS '把留言分派给坐席';

-- The next one of the group, in the order of their numbers; NULL: there is nobody.
CREATE FUNCTION voicemail_next_agent(of_center integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    turn integer;
    chosen integer;
BEGIN
    INSERT INTO voicemail_turn (center_id) VALUES (of_center) ON CONFLICT DO NOTHING;
    SELECT coalesce(last_user_id, 0) INTO turn FROM voicemail_turn t WHERE t.center_id = of_center FOR UPDATE;
    SELECT u.id INTO chosen FROM voicemail_setting s JOIN skill_group_member m ON m.skill_group_id = s.assign_group_id
    JOIN app_user u ON u.id = m.user_id AND u.enabled AND u.deleted_at IS NULL AND u.agent_no <> '' AND u.center_id = of_center
    WHERE s.center_id = of_center AND s.assign_rule = 'round_robin' ORDER BY u.id <= turn, u.id LIMIT 1;
    IF chosen IS NOT NULL THEN
        UPDATE voicemail_turn SET last_user_id = chosen WHERE center_id = of_center;
    END IF;
    RETURN chosen;
END $$;
COMMENT ON FUNCTION voicemail_next_agent(integer) IS '按规则轮到的坐席';

-- Adds to what a center's messages take on the disk; call control hears of it when the quota is reached, or is no more.
CREATE FUNCTION voicemail_use(of_center integer, bytes bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    quota bigint := coalesce((SELECT s.quota_mb FROM voicemail_setting s WHERE s.center_id = of_center), 1024) * 1048576::bigint;
    used bigint;
BEGIN
    INSERT INTO voicemail_turn AS t (center_id, used_bytes) VALUES (of_center, greatest(bytes, 0))
    ON CONFLICT (center_id) DO UPDATE SET used_bytes = greatest(0, t.used_bytes + bytes) RETURNING used_bytes INTO used;
    IF (used >= quota) <> (used - bytes >= quota) THEN
        PERFORM nextval('directory_revision');
        PERFORM pg_notify('hotlined_config', 'voicemail_turn');
    END IF;
END $$;
COMMENT ON FUNCTION voicemail_use(integer, bigint) IS '计入留言存储用量，到达或退出配额时通知守护进程';

-- What was recorded is a message from 3 s of speech on; where nobody counted (the daemon died), from 3 s of length on.
CREATE FUNCTION voicemail_recorded(which uuid, took_ms bigint, spoke_ms bigint, bytes bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
    agent integer;
BEGIN
    IF coalesce(spoke_ms, took_ms, 0) < 3000 THEN
        DELETE FROM voicemail WHERE voicemail_id = which AND state = 'recording';
        RETURN;
    END IF;
    UPDATE voicemail m SET state = 'new', length_ms = coalesce(took_ms, 0), speech_ms = spoke_ms, size = coalesce(bytes, 0),
        menu_path = coalesce((SELECT string_agg(k.menu || CASE k.key WHEN '' THEN '' ELSE ' ' || k.key END, ' › ' ORDER BY k.at, k.seq)
            FROM ivr_key k WHERE k.call_id = m.call_id AND k.result = 'ok'), '')
    WHERE m.voicemail_id = which AND m.state = 'recording' RETURNING * INTO v;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE voicemail SET record_id = voicemail_record(v) WHERE voicemail_id = which;
    PERFORM voicemail_note(which, 'new', 0, NULL, '');
    PERFORM voicemail_use(v.center_id, v.size);
    agent := voicemail_next_agent(v.center_id);
    IF agent IS NOT NULL THEN
        PERFORM voicemail_give(which, agent, 0, '组内轮流');
    END IF;
END $$;
COMMENT ON FUNCTION voicemail_recorded(uuid, bigint, bigint, bigint) IS '留言录完：成为一条新留言，过短的不算';

-- The recordings of a batch that are messages; those say in which scene they were left, and how long was spoken.
CREATE FUNCTION apply_voicemails(recordings thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(recordings) f WHERE f.begun ? 'scene' OR f.ended ? 'speech_ms') THEN
        RETURN;
    END IF;
    INSERT INTO voicemail (voicemail_id, center_id, call_id, scene, caller_no, caller_place, caller_city, left_at)
    SELECT f.id, f.center_id, (f.begun->>'call_id')::uuid, f.begun->>'scene', coalesce(c.caller_no, ''), coalesce(c.caller_place, ''),
        coalesce(c.caller_city, ''), ms_time((f.begun->>'t_start_ms')::bigint)
    FROM unnest(recordings) f LEFT JOIN call c ON c.call_id = (f.begun->>'call_id')::uuid
    WHERE f.begun ? 'scene';
    PERFORM voicemail_recorded(f.id, (f.ended->>'length_ms')::bigint, (f.ended->>'speech_ms')::bigint, (f.ended->>'size')::bigint)
    FROM unnest(recordings) f WHERE f.ended ? 'speech_ms' ORDER BY f.n;
END $$;
COMMENT ON FUNCTION apply_voicemails(thing_facts[]) IS '应用留言的事实';

-- As in 018, and what of it are messages.
CREATE OR REPLACE FUNCTION apply_recordings(recordings thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
    finished bigint;
BEGIN
    INSERT INTO recording (recording_id, center_id, call_id, talk_id, user_id, path, t_start, left_party, right_party,
        length_ms, size, sha256, error, state)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'talk_id')::uuid, nullif((begun->>'user_id')::integer, 0), begun->>'path',
        ms_time((begun->>'t_start_ms')::bigint), coalesce(begun->>'left', 'caller'), coalesce(begun->>'right', 'agent'),
        (ended->>'length_ms')::bigint, (ended->>'size')::bigint, coalesce(ended->>'sha256', ''), coalesce(ended->>'error', ''),
        CASE WHEN ended IS NULL THEN 'open' WHEN coalesce(ended->>'error', '') = '' THEN 'closed' ELSE 'failed' END
    FROM unnest(recordings) f WHERE begun IS NOT NULL;
    UPDATE recording r SET length_ms = (ended->>'length_ms')::bigint, size = (ended->>'size')::bigint, sha256 = coalesce(ended->>'sha256', ''),
        error = coalesce(ended->>'error', ''), state = CASE WHEN coalesce(ended->>'error', '') = '' THEN 'closed' ELSE 'failed' END
    FROM unnest(recordings) f WHERE begun IS NULL AND r.recording_id = f.id;
    GET DIAGNOSTICS finished = ROW_COUNT;
    PERFORM warn_missing('recording_end', recordings, finished);
    PERFORM apply_voicemails(recordings);
END $$;

-- A file that went after its day gives its room back.
CREATE FUNCTION voicemail_file_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM voicemail_use(v.center_id, -v.size) FROM voicemail v WHERE v.voicemail_id = NEW.recording_id;
    UPDATE voicemail SET size = 0 WHERE voicemail_id = NEW.recording_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION voicemail_file_gone() IS '留言录音清除后退还配额';
CREATE TRIGGER voicemail_file_gone AFTER UPDATE ON recording FOR EACH ROW
    WHEN (NEW.state = 'deleted' AND OLD.state <> 'deleted' AND NEW.talk_id IS NULL) EXECUTE FUNCTION voicemail_file_gone();

-- --- somebody is to be called back --------------------------------------------------------------

-- The entry of a number: a new one, or the one that waits already, which keeps its place.
CREATE FUNCTION callback_enter(of_center integer, wanted text, queue integer, why text, first timestamptz, last timestamptz, waited bigint, of_call uuid, from_place text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    hours integer := coalesce((SELECT s.expire_hours FROM callback_setting s WHERE s.center_id = of_center), 24);
BEGIN
    UPDATE callback SET state = 'expired', finished_at = expires_at WHERE center_id = of_center AND state = 'open' AND expires_at <= last;
    INSERT INTO callback AS k (callback_id, center_id, number, place, queue_id, source, first_at, last_at, wait_ms, call_id, next_at, expires_at)
    VALUES (gen_random_uuid(), of_center, wanted, from_place, queue, why, first, last, waited, of_call, last, last + hours * interval '1 hour')
    ON CONFLICT (center_id, number) WHERE state IN ('open', 'claimed') DO UPDATE SET
        first_at = least(k.first_at, EXCLUDED.first_at), last_at = greatest(k.last_at, EXCLUDED.last_at), call_id = EXCLUDED.call_id,
        waits = k.waits + CASE k.call_id WHEN EXCLUDED.call_id THEN 0 ELSE 1 END, wait_ms = k.wait_ms + EXCLUDED.wait_ms,
        expires_at = greatest(k.expires_at, EXCLUDED.expires_at), source = CASE 'requested' WHEN EXCLUDED.source THEN 'requested' ELSE k.source END;
END $$;
COMMENT ON FUNCTION callback_enter(integer, text, integer, text, timestamptz, timestamptz, bigint, uuid, text) IS '登记一个待回拨的号码，已有的合并';

-- The caller asked for it at a key; the fact says which number he wants to be called at. As in 018 besides.
CREATE OR REPLACE FUNCTION apply_ivr_keys(keys thing_facts[]) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
    INSERT INTO ivr_key (key_id, center_id, call_id, visit_id, seq, node, menu, key, result, at)
    SELECT f.id, f.center_id, (begun->>'call_id')::uuid, (begun->>'visit_id')::uuid, (begun->>'seq')::integer, begun->>'node',
        coalesce(begun->>'menu', ''), coalesce(begun->>'key', ''), begun->>'result', ms_time((begun->>'at_ms')::bigint)
    FROM unnest(keys) f;
    PERFORM callback_enter(f.center_id, f.begun->>'callback_no', (f.begun->>'queue_id')::integer, 'requested',
        ms_time(coalesce((f.begun->>'first_ms')::bigint, (f.begun->>'at_ms')::bigint)), ms_time((f.begun->>'at_ms')::bigint),
        greatest(0, (f.begun->>'at_ms')::bigint - coalesce((f.begun->>'first_ms')::bigint, (f.begun->>'at_ms')::bigint)),
        (f.begun->>'call_id')::uuid, coalesce(f.begun->>'callback_place', ''))
    FROM unnest(keys) f WHERE coalesce(f.begun->>'callback_no', '') <> ''
        AND NOT EXISTS (SELECT FROM call c WHERE c.call_id = (f.begun->>'call_id')::uuid AND c.outcome = 'answered') ORDER BY f.n;
END $$;

-- What the end of a call means for those who are to be called back, and for messages. Once for each call: when its end is
-- first written. Rules:
--   a caller who waited, or found the door shut, and was not answered   entry, if the queue wants it
--   a caller who was answered after all                                 his entry is closed
--   a call back that was answered                                       the entry is reached; a message's record formal
--   one that was not                                                    it may be tried again, after a while, so many times;
--                                                                       not counted when the agent gave up before it was answered
CREATE FUNCTION call_back_settle(ended uuid, of_center integer, result text, reason text, ended_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
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
COMMENT ON FUNCTION call_back_settle(uuid, integer, text, text, timestamptz) IS '回拨或回访结束后的处理';

CREATE FUNCTION call_has_ended() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.direction = 'out' THEN
        PERFORM call_back_settle(NEW.call_id, NEW.center_id, NEW.outcome, NEW.end_reason, NEW.t_end);
    ELSIF NEW.outcome = 'answered' THEN
        UPDATE callback SET state = 'answered', finished_at = NEW.t_end, claim_call_id = NULL
        WHERE center_id = NEW.center_id AND number = NEW.caller_no AND state IN ('open', 'claimed');
    ELSIF NEW.caller_no <> '' AND EXISTS (SELECT FROM queue q WHERE q.id = NEW.first_queue_id AND q.callback) THEN
        PERFORM callback_enter(NEW.center_id, NEW.caller_no, NEW.first_queue_id, 'gave_up', NEW.t_end - coalesce(NEW.wait_ms, 0) * interval '1 millisecond',
            NEW.t_end, coalesce(NEW.wait_ms, 0), NEW.call_id, NEW.caller_place);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION call_has_ended() IS '呼叫结束后登记、关闭回拨记录';
CREATE TRIGGER call_has_ended AFTER INSERT ON call FOR EACH ROW
    WHEN (NEW.t_end IS NOT NULL AND NOT NEW.test AND (NEW.direction = 'out' OR NEW.outcome IN ('answered', 'ab_queue', 'ab_ring', 'lost')))
    EXECUTE FUNCTION call_has_ended();
CREATE TRIGGER call_has_ended_later AFTER UPDATE OF t_end ON call FOR EACH ROW
    WHEN (OLD.t_end IS NULL AND NEW.t_end IS NOT NULL AND NOT NEW.test AND (NEW.direction = 'out' OR NEW.outcome IN ('answered', 'ab_queue', 'ab_ring', 'lost')))
    EXECUTE FUNCTION call_has_ended();

-- --- who calls back -----------------------------------------------------------------------------

-- Whoever claims an entry calls it; one statement decides, so that it is called once. The call's id is given before the
-- call is made: after a crash the journal says whether it was (recover_work). A claim that led to no call and could not be
-- given back, because the database went away in between, lasts ten minutes. {result: ok | missing | taken | later | over, number, ...}.
CREATE FUNCTION callback_claim(which uuid, actor integer, of_call uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    k callback;
BEGIN
    UPDATE callback b SET state = 'claimed', claimed_by = actor, claimed_at = now(), claim_call_id = of_call
    WHERE b.callback_id = which AND ((b.state = 'open' AND b.next_at <= now() AND b.expires_at > now())
        OR (b.state = 'claimed' AND b.claimed_at < now() - interval '10 minutes' AND NOT EXISTS (SELECT FROM call c WHERE c.call_id = b.claim_call_id)))
    RETURNING * INTO k;
    IF FOUND THEN
        INSERT INTO callback_attempt (call_id, callback_id, center_id, user_id) VALUES (of_call, which, k.center_id, actor);
        RETURN jsonb_build_object('result', 'ok', 'number', k.number);
    END IF;
    SELECT * INTO k FROM callback b WHERE b.callback_id = which;
    RETURN CASE WHEN NOT FOUND THEN '{"result": "missing"}'::jsonb
        WHEN k.state = 'claimed' THEN jsonb_build_object('result', 'taken', 'by', (SELECT u.agent_no || ' ' || u.name FROM app_user u WHERE u.id = k.claimed_by))
        WHEN k.state = 'open' AND k.expires_at > now() THEN jsonb_build_object('result', 'later', 'at', to_char(k.next_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI'))
        ELSE '{"result": "over"}' END;
END $$;
COMMENT ON FUNCTION callback_claim(uuid, integer, uuid) IS '取得一条回拨记录，仅一人能取得';

-- The call was not made after all: the entry is as it was.
CREATE FUNCTION callback_unclaim(of_call uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM callback_attempt WHERE call_id = of_call;
    UPDATE callback SET state = 'open', claimed_by = NULL, claimed_at = NULL, claim_call_id = NULL WHERE claim_call_id = of_call AND state = 'claimed';
END $$;
COMMENT ON FUNCTION callback_unclaim(uuid) IS '未拨出，退回回拨记录';

-- After the facts of a process that died were taken and its calls closed: what was claimed and never dialed is open
-- again, and messages being recorded are as long as their calls. Returns how many.
CREATE FUNCTION recover_work(began timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    done integer := 0;
BEGIN
    IF current_setting('hotlined.centers', true) IS DISTINCT FROM '*' THEN
        RAISE EXCEPTION 'the work of a dead process is recovered by the daemon only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM callback_unclaim(b.claim_call_id) FROM callback b
    WHERE b.state = 'claimed' AND b.claimed_at < began AND NOT EXISTS (SELECT FROM call c WHERE c.call_id = b.claim_call_id);
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM voicemail_recorded(v.voicemail_id, (extract(epoch FROM c.t_end - v.left_at) * 1000)::bigint, NULL, NULL)
    FROM voicemail v JOIN call c USING (call_id) WHERE v.state = 'recording' AND v.left_at < began AND c.t_end IS NOT NULL;
    RETURN done;
END $$;
COMMENT ON FUNCTION recover_work(timestamptz) IS '守护进程中断后收回未拨出的回拨，保住录到一半的留言';

-- --- what people do with messages ---------------------------------------------------------------

-- {result: ok | missing | stale | state}. only_users: those whose message it may be, null = anybody's; nobody's yet is everybody's.
CREATE FUNCTION voicemail_assign(which uuid, agent integer, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    SELECT * INTO v FROM voicemail m WHERE m.voicemail_id = which AND m.state <> 'recording' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"result": "missing"}';
    ELSIF v.state IN ('finished', 'void') THEN
        RETURN '{"result": "state"}';
    ELSIF NOT EXISTS (SELECT FROM app_user u WHERE u.id = agent AND u.center_id = v.center_id AND u.enabled AND u.deleted_at IS NULL AND u.agent_no <> '') THEN
        RAISE EXCEPTION '本中心没有这名坐席，请重新选择' USING ERRCODE = 'HL010', CONSTRAINT = 'user_id';
    END IF;
    PERFORM voicemail_give(which, agent, actor, '');
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION voicemail_assign(uuid, integer, integer) IS '人工分派留言';

-- A message that is nobody's, or one's own, is in work from now on; taking what one has is nothing.
CREATE FUNCTION voicemail_take(which uuid, only_users integer[], actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    SELECT * INTO v FROM voicemail m WHERE m.voicemail_id = which AND m.state <> 'recording' FOR UPDATE;
    IF NOT FOUND OR NOT (only_users IS NULL OR v.assigned_to IS NULL OR v.assigned_to = ANY (only_users)) THEN
        RETURN '{"result": "missing"}';
    ELSIF v.state = 'in_work' AND v.assigned_to = actor THEN
        RETURN '{"result": "ok"}';
    ELSIF v.state NOT IN ('new', 'assigned') OR (v.state = 'assigned' AND v.assigned_to <> actor) THEN
        RETURN '{"result": "state"}';
    ELSIF NOT EXISTS (SELECT FROM app_user u WHERE u.id = actor AND u.center_id = v.center_id AND u.agent_no <> '') THEN
        RAISE EXCEPTION '您不是本中心的坐席，请把留言分派给坐席' USING ERRCODE = 'HL010', CONSTRAINT = 'user_id';
    END IF;
    IF v.state = 'new' THEN
        PERFORM voicemail_give(which, actor, actor, '');
    END IF;
    UPDATE voicemail SET state = 'in_work', taken_at = now(), version = version + 1 WHERE voicemail_id = which;
    PERFORM voicemail_note(which, 'in_work', actor, NULL, '');
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION voicemail_take(uuid, integer[], integer) IS '开始处理留言';

-- Before the call is made, as with call-backs. {result: ok | missing | state, number}.
CREATE FUNCTION voicemail_call(which uuid, actor integer, of_call uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    UPDATE voicemail SET call_back_id = of_call, version = version + 1
    WHERE voicemail_id = which AND state = 'in_work' AND assigned_to = actor AND caller_no <> '' RETURNING * INTO v;
    IF FOUND THEN
        INSERT INTO record_link (record_id, call_id, center_id, kind) VALUES (v.record_id, of_call, v.center_id, 'call_back');
        RETURN jsonb_build_object('result', 'ok', 'number', v.caller_no, 'call_id', v.call_id);
    END IF;
    RETURN CASE WHEN EXISTS (SELECT FROM voicemail m WHERE m.voicemail_id = which AND m.state <> 'recording') THEN '{"result": "state"}'::jsonb ELSE '{"result": "missing"}' END;
END $$;
COMMENT ON FUNCTION voicemail_call(uuid, integer, uuid) IS '回访留言：拨号前记下呼叫编号';

CREATE FUNCTION voicemail_uncall(of_call uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM record_link WHERE call_id = of_call AND kind = 'call_back';
    UPDATE voicemail SET call_back_id = NULL, version = version + 1 WHERE call_back_id = of_call;
END $$;
COMMENT ON FUNCTION voicemail_uncall(uuid) IS '回访未拨出';

-- Finished when its registration is formal; void with a reason. {result: ok | missing | state | draft}.
CREATE FUNCTION voicemail_finish(which uuid, how text, why text, only_users integer[], actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v voicemail;
BEGIN
    SELECT * INTO v FROM voicemail m WHERE m.voicemail_id = which AND m.state <> 'recording' FOR UPDATE;
    IF NOT FOUND OR NOT (only_users IS NULL OR v.assigned_to IS NULL OR v.assigned_to = ANY (only_users)) THEN
        RETURN '{"result": "missing"}';
    ELSIF v.state IN ('finished', 'void') OR (how = 'finished' AND v.state <> 'in_work') THEN
        RETURN '{"result": "state"}';
    ELSIF how = 'finished' AND EXISTS (SELECT FROM record r WHERE r.id = v.record_id AND r.state = 'draft') THEN
        RETURN '{"result": "draft"}';
    END IF;
    UPDATE voicemail SET state = how, finished_by = actor, finished_at = now(), note = why, version = version + 1 WHERE voicemail_id = which;
    UPDATE record SET state = 'void', updated_by = actor, updated_at = now() WHERE id = v.record_id AND how = 'void' AND state = 'draft';
    PERFORM voicemail_note(which, how, actor, NULL, why);
    RETURN '{"result": "ok"}';
END $$;
COMMENT ON FUNCTION voicemail_finish(uuid, text, text, integer[], integer) IS '办结或作废留言';

CREATE FUNCTION callback_drop(which uuid, why text, actor integer) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    UPDATE callback SET state = 'dropped', note = why, finished_by = actor, finished_at = now() WHERE callback_id = which AND state = 'open';
    IF FOUND THEN
        RETURN '{"result": "ok"}';
    END IF;
    RETURN CASE WHEN EXISTS (SELECT FROM callback k WHERE k.callback_id = which) THEN '{"result": "state"}'::jsonb ELSE '{"result": "missing"}' END;
END $$;
COMMENT ON FUNCTION callback_drop(uuid, text, integer) IS '取消一条回拨记录';

-- For files that people read.
CREATE FUNCTION local_time(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS'), '')
$$;
COMMENT ON FUNCTION local_time(timestamptz) IS '供导出文件阅读的当地时间';
CREATE FUNCTION voicemail_word(code text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE code WHEN 'off_day' THEN '非工作日' WHEN 'off_hours' THEN '非工作时段' WHEN 'all_busy' THEN '坐席全忙' WHEN 'chosen' THEN '按键选择'
        WHEN 'new' THEN '新留言' WHEN 'assigned' THEN '已分派' WHEN 'in_work' THEN '处理中' WHEN 'finished' THEN '已办结' WHEN 'void' THEN '已作废' ELSE code END
$$;
COMMENT ON FUNCTION voicemail_word(text) IS '留言场景与状态的中文名称';

-- Settings of a center as one document each; expected: its version, 1 = nothing was ever set.
CREATE FUNCTION voicemail_setting_save(of_center integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old voicemail_setting;
    scene_doc jsonb;
BEGIN
    SELECT * INTO old FROM voicemail_setting s WHERE s.center_id = of_center FOR UPDATE;
    IF coalesce(old.version, 1) <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'version', coalesce(old.version, 1));
    END IF;
    IF doc->>'assign_rule' = 'round_robin' AND NOT EXISTS (SELECT FROM skill_group g WHERE g.center_id = of_center AND g.id = (doc->>'assign_group_id')::integer) THEN
        RAISE EXCEPTION '组内轮流分派须选择本中心的一个技能组' USING ERRCODE = 'HL014', CONSTRAINT = 'assign_group_id';
    END IF;
    INSERT INTO voicemail_setting AS s (center_id, version, enabled, off_prompt, quota_mb, assign_rule, assign_group_id)
    VALUES (of_center, 2, (doc->>'enabled')::boolean, doc->>'off_prompt', (doc->>'quota_mb')::integer, doc->>'assign_rule',
        CASE doc->>'assign_rule' WHEN 'round_robin' THEN (doc->>'assign_group_id')::integer END)
    ON CONFLICT (center_id) DO UPDATE SET enabled = EXCLUDED.enabled, off_prompt = EXCLUDED.off_prompt, quota_mb = EXCLUDED.quota_mb,
        assign_rule = EXCLUDED.assign_rule, assign_group_id = EXCLUDED.assign_group_id, version = s.version + 1;
    FOR scene_doc IN SELECT jsonb_array_elements(doc->'scenes')
    LOOP
        INSERT INTO voicemail_scene (center_id, scene, enabled, prompt)
        VALUES (of_center, scene_doc->>'scene', (scene_doc->>'enabled')::boolean, scene_doc->>'prompt')
        ON CONFLICT (center_id, scene) DO UPDATE SET enabled = EXCLUDED.enabled, prompt = EXCLUDED.prompt;
    END LOOP;
    RETURN jsonb_build_object('result', 'ok', 'version', coalesce(old.version, 1) + 1);
END $$;
COMMENT ON FUNCTION voicemail_setting_save(integer, integer, jsonb) IS '修改中心的留言设置';

CREATE FUNCTION callback_setting_save(of_center integer, expected integer, doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    old callback_setting;
BEGIN
    SELECT * INTO old FROM callback_setting s WHERE s.center_id = of_center FOR UPDATE;
    IF coalesce(old.version, 1) <> expected THEN
        RETURN jsonb_build_object('result', 'stale', 'version', coalesce(old.version, 1));
    END IF;
    INSERT INTO callback_setting AS s (center_id, version, max_attempts, retry_minutes, expire_hours)
    VALUES (of_center, 2, (doc->>'max_attempts')::integer, (doc->>'retry_minutes')::integer, (doc->>'expire_hours')::integer)
    ON CONFLICT (center_id) DO UPDATE SET max_attempts = EXCLUDED.max_attempts, retry_minutes = EXCLUDED.retry_minutes,
        expire_hours = EXCLUDED.expire_hours, version = s.version + 1;
    UPDATE queue SET callback = NOT callback, version = version + 1
    WHERE center_id = of_center AND deleted_at IS NULL AND callback <> (doc->'queue_ids' @> to_jsonb(id));
    RETURN jsonb_build_object('result', 'ok', 'version', coalesce(old.version, 1) + 1);
END $$;
COMMENT ON FUNCTION callback_setting_save(integer, integer, jsonb) IS '修改中心的回拨设置';

-- Prompts that speak of messages and call-backs, common to all centers.
WITH given (code, name, text) AS (VALUES
    ('vm_off_day', '留言（非工作日）', '今天是非工作日，请您在提示音后留言，留言结束请按井号键，我们将在工作日尽快与您联系。'),
    ('vm_off_hours', '留言（非工作时段）', '现在是非工作时间，请您在提示音后留言，留言结束请按井号键，我们将尽快与您联系。'),
    ('vm_all_busy', '留言（坐席全忙）', '当前坐席全忙，请您在提示音后留言，留言结束请按井号键，我们将尽快与您联系。'),
    ('vm_off', '留言停用', '本中心暂不提供语音留言服务。'),
    ('vm_thanks', '留言完成', '您的留言已记录，感谢您的来电，再见。'),
    ('cb_thanks', '回拨已登记', '已为您登记回拨，我们将在坐席空闲时尽快与您联系，请保持电话畅通，再见。')
), made AS (
    INSERT INTO prompt (code, name, published_version) SELECT code, name, 1 FROM given ON CONFLICT DO NOTHING RETURNING id, code
)
INSERT INTO prompt_version (prompt_id, version, text, path, source)
SELECT m.id, 1, g.text, 'common/' || m.code || '-1.wav', 'tts' FROM made m JOIN given g USING (code);

-- Whoever may not ingest has no use for its parts either.
DO $$
DECLARE
    part regprocedure;
BEGIN
    FOR part IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY ('{voicemail_record,voicemail_next_agent,
        voicemail_use,voicemail_recorded,apply_voicemails,callback_enter,call_back_settle,recover_work}')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', part);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION recover_work(timestamptz) TO hotlined_app;
