-- Facts: what happened. The raw journal, one table per kind of thing, registrations, the roll-up.
--
-- Fact tables are partitioned by month ON THE ID: a UUIDv7 begins with its time in ms, so a range
-- of ids is a range of time. The primary key is the id alone (truly unique, which a key on
-- (id, time) would not be), and finishing a row by its id touches one partition only.

CREATE FUNCTION ms_time(ms bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT 'epoch'::timestamptz + ms * interval '1 millisecond'
$$;
COMMENT ON FUNCTION ms_time(bigint) IS '毫秒时间戳转为时间';

-- The smallest UUIDv7 of a moment.
CREATE FUNCTION uuid_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;
COMMENT ON FUNCTION uuid_floor(timestamptz) IS '某一时刻最小的 UUIDv7';
CREATE FUNCTION uuid_time(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT ms_time(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint)
$$;
COMMENT ON FUNCTION uuid_time(uuid) IS 'UUIDv7 所含的时间';

CREATE TABLE fact (
    id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (id);
COMMENT ON TABLE fact IS '原始事实日志:守护进程送来的全部事实,只增不改';
COMMENT ON COLUMN fact.id IS '事实编号(UUIDv7)';
COMMENT ON COLUMN fact.center_id IS '所属中心';
COMMENT ON COLUMN fact.at IS '发生时间';
COMMENT ON COLUMN fact.kind IS '种类';
COMMENT ON COLUMN fact.payload IS '内容';
COMMENT ON COLUMN fact.received_at IS '入库时间';
CREATE TABLE call (
    call_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    global_call_id uuid,
    direction text NOT NULL CHECK (direction IN ('in', 'out', 'internal')),
    source text NOT NULL CHECK (source IN ('direct', 'from_12366', 'from_city')),
    info_source text NOT NULL CHECK (info_source IN ('city', 'r12366')),
    unit_type text NOT NULL CHECK (unit_type IN ('self', 'from_12366', 'from_city')),
    trunk_id integer,
    entry_code text NOT NULL DEFAULT '',
    caller_no text NOT NULL DEFAULT '',
    caller_province text NOT NULL DEFAULT '',
    caller_city text NOT NULL DEFAULT '',
    caller_place text NOT NULL DEFAULT '',
    called_no text NOT NULL DEFAULT '',
    t_in timestamptz NOT NULL,
    t_ans timestamptz,
    t_end timestamptz,
    outcome text NOT NULL DEFAULT 'open' CHECK (outcome IN ('open', 'blocked', 'ivr_self', 'ivr_abandon', 'ivr_lost', 'closed', 'answered', 'ab_queue', 'ab_ring', 'flow_vm', 'flow_cb', 'flow_bot', 'flow_ext', 'lost')),
    end_reason text NOT NULL DEFAULT '',
    requested boolean NOT NULL DEFAULT false,
    first_queue_id integer,
    wait_ms bigint,
    talk_ms bigint NOT NULL DEFAULT 0,
    hold_ms bigint NOT NULL DEFAULT 0,
    acw_ms bigint NOT NULL DEFAULT 0,
    user_id integer,
    sl_threshold_ms integer NOT NULL DEFAULT 20000,
    short_abandon_ms integer NOT NULL DEFAULT 5000,
    moved_to text CHECK (moved_to IN ('r12366', 'city')),
    wrap_up_code text,
    wrap_up_note text NOT NULL DEFAULT '',
    wrap_up_by integer,
    wrap_up_at timestamptz,
    test boolean NOT NULL DEFAULT false
) PARTITION BY RANGE (call_id);
COMMENT ON TABLE call IS '来电电话记录主表:每个呼入、呼出或内部呼叫一行';
COMMENT ON COLUMN call.call_id IS '呼叫编号';
COMMENT ON COLUMN call.center_id IS '所属中心';
COMMENT ON COLUMN call.global_call_id IS '全局呼叫编号:12366 与分中心之间转接的各段相同';
COMMENT ON COLUMN call.direction IS '方向:呼入、呼出、内部';
COMMENT ON COLUMN call.source IS '来源:直拨、12366转接、地市呼转';
COMMENT ON COLUMN call.info_source IS '信息来源:分中心、自治区12366';
COMMENT ON COLUMN call.unit_type IS '单位类型:分中心自接、12366转接、地市呼转';
COMMENT ON COLUMN call.trunk_id IS '中继';
COMMENT ON COLUMN call.entry_code IS '接入码';
COMMENT ON COLUMN call.caller_no IS '主叫号码,空为匿名';
COMMENT ON COLUMN call.caller_province IS '主叫归属省份';
COMMENT ON COLUMN call.caller_city IS '主叫归属地市行政区划代码';
COMMENT ON COLUMN call.caller_place IS '主叫归属地文字';
COMMENT ON COLUMN call.called_no IS '被叫号码';
COMMENT ON COLUMN call.t_in IS '进入时间';
COMMENT ON COLUMN call.t_ans IS '人工接通时间';
COMMENT ON COLUMN call.t_end IS '结束时间';
COMMENT ON COLUMN call.outcome IS '结果,结束时确定,唯一';
COMMENT ON COLUMN call.end_reason IS '结束原因';
COMMENT ON COLUMN call.requested IS '是否请求人工(进入过队列或在队列门口被拒)';
COMMENT ON COLUMN call.first_queue_id IS '首次请求的队列';
COMMENT ON COLUMN call.wait_ms IS '等待时长(毫秒),含振铃,自首次入队起';
COMMENT ON COLUMN call.talk_ms IS '来电人通话时长(毫秒),含保持';
COMMENT ON COLUMN call.hold_ms IS '保持时长(毫秒)';
COMMENT ON COLUMN call.acw_ms IS '话后整理时长(毫秒),各坐席合计';
COMMENT ON COLUMN call.user_id IS '首个接听坐席';
COMMENT ON COLUMN call.sl_threshold_ms IS '当时的服务水平时限 T(毫秒)';
COMMENT ON COLUMN call.short_abandon_ms IS '当时的短时放弃时限 S(毫秒)';
COMMENT ON COLUMN call.moved_to IS '转往其他中心:自治区12366、地市分中心';
COMMENT ON COLUMN call.wrap_up_code IS '小结类型';
COMMENT ON COLUMN call.wrap_up_note IS '小结备注';
COMMENT ON COLUMN call.wrap_up_by IS '小结人';
COMMENT ON COLUMN call.wrap_up_at IS '小结时间';
COMMENT ON COLUMN call.test IS '测试呼叫,不进入任何指标';
CREATE INDEX call_time ON call (center_id, t_in DESC, call_id DESC);
CREATE INDEX call_caller ON call (caller_no, t_in DESC);
CREATE INDEX call_global ON call (global_call_id);
CREATE INDEX call_open ON call (call_id) WHERE outcome = 'open';

CREATE TABLE ivr_visit (
    visit_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    flow_id integer,
    flow_version integer,
    t_start timestamptz NOT NULL,
    t_end timestamptz,
    exit text CHECK (exit IN ('queue', 'hangup', 'caller', 'error'))
) PARTITION BY RANGE (visit_id);
COMMENT ON TABLE ivr_visit IS '进入语音流程的一次停留';
COMMENT ON COLUMN ivr_visit.visit_id IS '停留编号';
COMMENT ON COLUMN ivr_visit.center_id IS '所属中心';
COMMENT ON COLUMN ivr_visit.call_id IS '呼叫编号';
COMMENT ON COLUMN ivr_visit.flow_id IS '流程';
COMMENT ON COLUMN ivr_visit.flow_version IS '流程版本';
COMMENT ON COLUMN ivr_visit.t_start IS '开始时间';
COMMENT ON COLUMN ivr_visit.t_end IS '结束时间';
COMMENT ON COLUMN ivr_visit.exit IS '离开方式:入队、流程挂机、来电人挂机、异常';
CREATE INDEX ivr_visit_call ON ivr_visit (call_id);
CREATE INDEX ivr_visit_open ON ivr_visit (visit_id) WHERE t_end IS NULL;

CREATE TABLE ivr_key (
    key_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    visit_id uuid,
    seq integer NOT NULL,
    node text NOT NULL,
    menu text NOT NULL DEFAULT '',
    key text NOT NULL DEFAULT '',
    result text NOT NULL CHECK (result IN ('ok', 'invalid', 'no_input')),
    at timestamptz NOT NULL
) PARTITION BY RANGE (key_id);
COMMENT ON TABLE ivr_key IS '按键轨迹:每次按键一行,按序保存';
COMMENT ON COLUMN ivr_key.key_id IS '按键编号';
COMMENT ON COLUMN ivr_key.center_id IS '所属中心';
COMMENT ON COLUMN ivr_key.call_id IS '呼叫编号';
COMMENT ON COLUMN ivr_key.visit_id IS '流程停留编号';
COMMENT ON COLUMN ivr_key.seq IS '序号';
COMMENT ON COLUMN ivr_key.node IS '流程节点';
COMMENT ON COLUMN ivr_key.menu IS '菜单名称';
COMMENT ON COLUMN ivr_key.key IS '按键,空为未按';
COMMENT ON COLUMN ivr_key.result IS '结果:有效、无效、未按键';
COMMENT ON COLUMN ivr_key.at IS '时间';
CREATE INDEX ivr_key_call ON ivr_key (call_id, seq);

CREATE TABLE queue_visit (
    visit_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    queue_id integer NOT NULL,
    t_q_in timestamptz NOT NULL,
    first_t_q_in timestamptz NOT NULL,
    t_q_out timestamptz,
    outcome text NOT NULL DEFAULT 'open' CHECK (outcome IN ('open', 'answered', 'ab_queue', 'ab_ring', 'overflow_out', 'moved_out', 'lost', 'flow_vm', 'flow_cb', 'flow_bot', 'flow_ext')),
    priority integer NOT NULL DEFAULT 0,
    wait_ms bigint,
    sl_threshold_ms integer NOT NULL DEFAULT 20000,
    short_abandon_ms integer NOT NULL DEFAULT 5000
) PARTITION BY RANGE (visit_id);
COMMENT ON TABLE queue_visit IS '一个呼叫进入一个人工队列的一次排队';
COMMENT ON COLUMN queue_visit.visit_id IS '排队编号';
COMMENT ON COLUMN queue_visit.center_id IS '所属中心';
COMMENT ON COLUMN queue_visit.call_id IS '呼叫编号';
COMMENT ON COLUMN queue_visit.queue_id IS '队列';
COMMENT ON COLUMN queue_visit.t_q_in IS '入队时间';
COMMENT ON COLUMN queue_visit.first_t_q_in IS '该呼叫首次入队时间';
COMMENT ON COLUMN queue_visit.t_q_out IS '离队时间';
COMMENT ON COLUMN queue_visit.outcome IS '结果';
COMMENT ON COLUMN queue_visit.priority IS '优先级';
COMMENT ON COLUMN queue_visit.wait_ms IS '在本队列等待时长(毫秒)';
COMMENT ON COLUMN queue_visit.sl_threshold_ms IS '入队时队列的服务水平时限 T(毫秒)';
COMMENT ON COLUMN queue_visit.short_abandon_ms IS '入队时队列的短时放弃时限 S(毫秒)';
CREATE INDEX queue_visit_call ON queue_visit (call_id);
CREATE INDEX queue_visit_queue ON queue_visit (queue_id, t_q_in);
CREATE INDEX queue_visit_open ON queue_visit (visit_id) WHERE outcome = 'open';

CREATE TABLE door_refusal (
    refusal_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    queue_id integer NOT NULL,
    at timestamptz NOT NULL,
    cause text NOT NULL CHECK (cause IN ('full', 'no_agent'))
) PARTITION BY RANGE (refusal_id);
COMMENT ON TABLE door_refusal IS '队列门口拒绝:队列满或无人签入,未进入等待';
COMMENT ON COLUMN door_refusal.refusal_id IS '编号';
COMMENT ON COLUMN door_refusal.center_id IS '所属中心';
COMMENT ON COLUMN door_refusal.call_id IS '呼叫编号';
COMMENT ON COLUMN door_refusal.queue_id IS '队列';
COMMENT ON COLUMN door_refusal.at IS '时间';
COMMENT ON COLUMN door_refusal.cause IS '原因:队列满、无坐席签入';
CREATE INDEX door_refusal_call ON door_refusal (call_id);

CREATE TABLE offer (
    offer_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    visit_id uuid,
    queue_id integer,
    user_id integer NOT NULL,
    t_ring timestamptz NOT NULL,
    t_ring_end timestamptz,
    ring_ms bigint,
    outcome text NOT NULL DEFAULT 'open' CHECK (outcome IN ('open', 'answered', 'no_answer', 'rejected', 'caller_left', 'line_lost', 'taken', 'moved', 'forced')),
    reason text NOT NULL DEFAULT ''
) PARTITION BY RANGE (offer_id);
COMMENT ON TABLE offer IS '向一名坐席的一次振铃';
COMMENT ON COLUMN offer.offer_id IS '振铃编号';
COMMENT ON COLUMN offer.center_id IS '所属中心';
COMMENT ON COLUMN offer.call_id IS '呼叫编号';
COMMENT ON COLUMN offer.visit_id IS '排队编号';
COMMENT ON COLUMN offer.queue_id IS '队列';
COMMENT ON COLUMN offer.user_id IS '坐席';
COMMENT ON COLUMN offer.t_ring IS '振铃开始';
COMMENT ON COLUMN offer.t_ring_end IS '振铃结束';
COMMENT ON COLUMN offer.ring_ms IS '振铃时长(毫秒)';
COMMENT ON COLUMN offer.outcome IS '结果';
COMMENT ON COLUMN offer.reason IS '选中该坐席的理由';
CREATE INDEX offer_call ON offer (call_id);
CREATE INDEX offer_user ON offer (user_id, t_ring);
CREATE INDEX offer_open ON offer (offer_id) WHERE outcome = 'open';

CREATE TABLE talk (
    talk_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    queue_id integer,
    user_id integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('inbound', 'outbound', 'internal', 'consult', 'transfer_in', 'monitor')),
    t_ans timestamptz NOT NULL,
    t_rel timestamptz,
    talk_ms bigint,
    hold_ms bigint,
    released_by text CHECK (released_by IN ('caller', 'agent', 'supervisor', 'system'))
) PARTITION BY RANGE (talk_id);
COMMENT ON TABLE talk IS '一名坐席与一方的一段通话';
COMMENT ON COLUMN talk.talk_id IS '通话编号';
COMMENT ON COLUMN talk.center_id IS '所属中心';
COMMENT ON COLUMN talk.call_id IS '呼叫编号';
COMMENT ON COLUMN talk.queue_id IS '队列';
COMMENT ON COLUMN talk.user_id IS '坐席';
COMMENT ON COLUMN talk.kind IS '种类:呼入、呼出、内部、咨询、转入、监听';
COMMENT ON COLUMN talk.t_ans IS '接通时间';
COMMENT ON COLUMN talk.t_rel IS '释放时间';
COMMENT ON COLUMN talk.talk_ms IS '通话时长(毫秒),含保持';
COMMENT ON COLUMN talk.hold_ms IS '保持时长(毫秒)';
COMMENT ON COLUMN talk.released_by IS '释放方:来电人、坐席、班长、系统';
CREATE INDEX talk_call ON talk (call_id);
CREATE INDEX talk_user ON talk (user_id, t_ans);
CREATE INDEX talk_open ON talk (talk_id) WHERE t_rel IS NULL;

CREATE TABLE hold (
    hold_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    talk_id uuid,
    user_id integer NOT NULL,
    t_start timestamptz NOT NULL,
    t_end timestamptz
) PARTITION BY RANGE (hold_id);
COMMENT ON TABLE hold IS '一次保持';
COMMENT ON COLUMN hold.hold_id IS '保持编号';
COMMENT ON COLUMN hold.center_id IS '所属中心';
COMMENT ON COLUMN hold.call_id IS '呼叫编号';
COMMENT ON COLUMN hold.talk_id IS '通话编号';
COMMENT ON COLUMN hold.user_id IS '坐席';
COMMENT ON COLUMN hold.t_start IS '开始时间';
COMMENT ON COLUMN hold.t_end IS '结束时间';
CREATE INDEX hold_call ON hold (call_id);
CREATE INDEX hold_open ON hold (hold_id) WHERE t_end IS NULL;

CREATE TABLE acw (
    acw_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    user_id integer NOT NULL,
    queue_id integer,
    t_start timestamptz NOT NULL,
    t_end timestamptz NOT NULL,
    acw_ms bigint NOT NULL CHECK (acw_ms >= 0)
) PARTITION BY RANGE (acw_id);
COMMENT ON TABLE acw IS '一次话后整理';
COMMENT ON COLUMN acw.acw_id IS '整理编号';
COMMENT ON COLUMN acw.center_id IS '所属中心';
COMMENT ON COLUMN acw.call_id IS '呼叫编号';
COMMENT ON COLUMN acw.user_id IS '坐席';
COMMENT ON COLUMN acw.queue_id IS '队列';
COMMENT ON COLUMN acw.t_start IS '开始时间';
COMMENT ON COLUMN acw.t_end IS '结束时间';
COMMENT ON COLUMN acw.acw_ms IS '整理时长(毫秒)';
CREATE INDEX acw_call ON acw (call_id);
CREATE INDEX acw_user ON acw (user_id, t_start);

CREATE TABLE agent_session (
    session_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    user_id integer NOT NULL,
    t_in timestamptz NOT NULL,
    t_out timestamptz,
    line text NOT NULL CHECK (line IN ('browser', 'phone')),
    address text NOT NULL DEFAULT '',
    out_reason text CHECK (out_reason IN ('user', 'forced', 'timeout', 'moved'))
) PARTITION BY RANGE (session_id);
COMMENT ON TABLE agent_session IS '坐席一次签入到签出';
COMMENT ON COLUMN agent_session.session_id IS '签入编号';
COMMENT ON COLUMN agent_session.center_id IS '所属中心';
COMMENT ON COLUMN agent_session.user_id IS '坐席';
COMMENT ON COLUMN agent_session.t_in IS '签入时间';
COMMENT ON COLUMN agent_session.t_out IS '签出时间';
COMMENT ON COLUMN agent_session.line IS '话路:浏览器、话机';
COMMENT ON COLUMN agent_session.address IS '签入地址或话机';
COMMENT ON COLUMN agent_session.out_reason IS '签出原因:本人、强制、超时、改在他处签入';
CREATE INDEX agent_session_user ON agent_session (user_id, t_in);
CREATE INDEX agent_session_open ON agent_session (session_id) WHERE t_out IS NULL;

CREATE TABLE agent_state (
    state_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    session_id uuid NOT NULL,
    user_id integer NOT NULL,
    state text NOT NULL CHECK (state IN ('ready', 'busy', 'rest', 'ring', 'talk', 'acw')),
    reason_id integer,
    reason text NOT NULL DEFAULT '',
    t_start timestamptz NOT NULL,
    t_end timestamptz
) PARTITION BY RANGE (state_id);
COMMENT ON TABLE agent_state IS '坐席一次签入中的一段状态';
COMMENT ON COLUMN agent_state.state_id IS '状态编号';
COMMENT ON COLUMN agent_state.center_id IS '所属中心';
COMMENT ON COLUMN agent_state.session_id IS '签入编号';
COMMENT ON COLUMN agent_state.user_id IS '坐席';
COMMENT ON COLUMN agent_state.state IS '状态:示闲、示忙、小休、振铃、通话、整理';
COMMENT ON COLUMN agent_state.reason_id IS '原因编号';
COMMENT ON COLUMN agent_state.reason IS '原因';
COMMENT ON COLUMN agent_state.t_start IS '开始时间';
COMMENT ON COLUMN agent_state.t_end IS '结束时间';
CREATE INDEX agent_state_user ON agent_state (user_id, t_start);
CREATE INDEX agent_state_session ON agent_state (session_id, t_start, state_id);
CREATE INDEX agent_state_open ON agent_state (session_id) WHERE t_end IS NULL;

CREATE TABLE no_answer (
    offer_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    queue_id integer,
    user_id integer NOT NULL,
    at timestamptz NOT NULL,
    ring_ms bigint
) PARTITION BY RANGE (offer_id);
COMMENT ON TABLE no_answer IS '久不应答';
COMMENT ON COLUMN no_answer.offer_id IS '振铃编号';
COMMENT ON COLUMN no_answer.center_id IS '所属中心';
COMMENT ON COLUMN no_answer.call_id IS '呼叫编号';
COMMENT ON COLUMN no_answer.queue_id IS '队列';
COMMENT ON COLUMN no_answer.user_id IS '坐席';
COMMENT ON COLUMN no_answer.at IS '时间';
COMMENT ON COLUMN no_answer.ring_ms IS '振铃时长(毫秒)';
CREATE INDEX no_answer_user ON no_answer (user_id, at);

CREATE TABLE recording (
    recording_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    talk_id uuid,
    user_id integer,
    path text NOT NULL,
    t_start timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'failed', 'deleted')),
    left_party text NOT NULL DEFAULT 'caller',
    right_party text NOT NULL DEFAULT 'agent',
    channels integer NOT NULL DEFAULT 2,
    length_ms bigint,
    size bigint,
    sha256 text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    keep_until date
) PARTITION BY RANGE (recording_id);
COMMENT ON TABLE recording IS '语音记录表:每段通话的双轨录音';
COMMENT ON COLUMN recording.recording_id IS '录音编号';
COMMENT ON COLUMN recording.center_id IS '所属中心';
COMMENT ON COLUMN recording.call_id IS '呼叫编号';
COMMENT ON COLUMN recording.talk_id IS '通话编号';
COMMENT ON COLUMN recording.user_id IS '坐席';
COMMENT ON COLUMN recording.path IS '文件,相对于录音目录';
COMMENT ON COLUMN recording.t_start IS '开始时间';
COMMENT ON COLUMN recording.state IS '状态:录制中、完成、失败、已删除';
COMMENT ON COLUMN recording.left_party IS '左声道一方';
COMMENT ON COLUMN recording.right_party IS '右声道一方';
COMMENT ON COLUMN recording.channels IS '声道数';
COMMENT ON COLUMN recording.length_ms IS '时长(毫秒)';
COMMENT ON COLUMN recording.size IS '文件大小(字节)';
COMMENT ON COLUMN recording.sha256 IS '文件校验值';
COMMENT ON COLUMN recording.error IS '错误';
COMMENT ON COLUMN recording.keep_until IS '保存至,空为按保存期限设置';
CREATE INDEX recording_call ON recording (call_id);
CREATE INDEX recording_open ON recording (recording_id) WHERE state = 'open';

CREATE TABLE leg_quality (
    leg_id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid,
    user_id integer,
    party text NOT NULL CHECK (party IN ('caller', 'agent')),
    transport text NOT NULL CHECK (transport IN ('rtp', 'line')),
    packets_sent bigint,
    packets_received bigint,
    packets_lost bigint,
    packets_discarded bigint,
    jitter_us bigint,
    remote_jitter_us bigint,
    remote_lost bigint,
    round_trip_us bigint,
    mos numeric(4, 2),
    at timestamptz NOT NULL
) PARTITION BY RANGE (leg_id);
COMMENT ON TABLE leg_quality IS '通话一侧的传输质量';
COMMENT ON COLUMN leg_quality.leg_id IS '编号';
COMMENT ON COLUMN leg_quality.center_id IS '所属中心';
COMMENT ON COLUMN leg_quality.call_id IS '呼叫编号';
COMMENT ON COLUMN leg_quality.user_id IS '坐席';
COMMENT ON COLUMN leg_quality.party IS '一方:来电人、坐席';
COMMENT ON COLUMN leg_quality.transport IS '传输:SIP媒体、浏览器话路';
COMMENT ON COLUMN leg_quality.packets_sent IS '发送包数';
COMMENT ON COLUMN leg_quality.packets_received IS '接收包数';
COMMENT ON COLUMN leg_quality.packets_lost IS '丢失包数';
COMMENT ON COLUMN leg_quality.packets_discarded IS '丢弃包数';
COMMENT ON COLUMN leg_quality.jitter_us IS '抖动(微秒)';
COMMENT ON COLUMN leg_quality.remote_jitter_us IS '对端抖动(微秒)';
COMMENT ON COLUMN leg_quality.remote_lost IS '对端丢失包数';
COMMENT ON COLUMN leg_quality.round_trip_us IS '往返时延(微秒)';
COMMENT ON COLUMN leg_quality.mos IS '估算语音质量';
COMMENT ON COLUMN leg_quality.at IS '时间';
CREATE INDEX leg_quality_call ON leg_quality (call_id);

CREATE TABLE unrecorded_call (
    id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    call_id uuid NOT NULL,
    why text NOT NULL,
    at timestamptz NOT NULL
) PARTITION BY RANGE (id);
COMMENT ON TABLE unrecorded_call IS '未能录音的通话';
COMMENT ON COLUMN unrecorded_call.id IS '编号';
COMMENT ON COLUMN unrecorded_call.center_id IS '所属中心';
COMMENT ON COLUMN unrecorded_call.call_id IS '呼叫编号';
COMMENT ON COLUMN unrecorded_call.why IS '原因';
COMMENT ON COLUMN unrecorded_call.at IS '时间';
CREATE INDEX unrecorded_call_call ON unrecorded_call (call_id);

CREATE TABLE trunk_event (
    id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    trunk_id integer NOT NULL,
    state text NOT NULL CHECK (state IN ('up', 'down')),
    at timestamptz NOT NULL
) PARTITION BY RANGE (id);
COMMENT ON TABLE trunk_event IS '中继状态变化';
COMMENT ON COLUMN trunk_event.id IS '编号';
COMMENT ON COLUMN trunk_event.center_id IS '所属中心(自治区中心)';
COMMENT ON COLUMN trunk_event.trunk_id IS '中继';
COMMENT ON COLUMN trunk_event.state IS '状态:正常、中断';
COMMENT ON COLUMN trunk_event.at IS '时间';

CREATE TABLE audit_log (
    id uuid NOT NULL PRIMARY KEY,
    center_id integer NOT NULL,
    user_id integer,
    action text NOT NULL,
    object_kind text NOT NULL DEFAULT '',
    object_id text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    at timestamptz NOT NULL
) PARTITION BY RANGE (id);
COMMENT ON TABLE audit_log IS '操作审计,只增不改';
COMMENT ON COLUMN audit_log.id IS '编号';
COMMENT ON COLUMN audit_log.center_id IS '所属中心';
COMMENT ON COLUMN audit_log.user_id IS '操作人';
COMMENT ON COLUMN audit_log.action IS '操作';
COMMENT ON COLUMN audit_log.object_kind IS '对象种类';
COMMENT ON COLUMN audit_log.object_id IS '对象编号';
COMMENT ON COLUMN audit_log.detail IS '详情';
COMMENT ON COLUMN audit_log.address IS '来源地址';
COMMENT ON COLUMN audit_log.at IS '时间';
CREATE INDEX audit_log_time ON audit_log (center_id, at DESC, id DESC);

-- --- registrations -----------------------------------------------------------------------------

CREATE TABLE record (
    id uuid PRIMARY KEY,
    center_id integer NOT NULL REFERENCES center,
    record_no text NOT NULL,
    call_id uuid,
    caller_no text NOT NULL DEFAULT '',
    caller_name text NOT NULL DEFAULT '',
    caller_city text NOT NULL DEFAULT '',
    problem_city text NOT NULL DEFAULT '',
    category text NOT NULL,
    problem_type_id integer REFERENCES problem_type,
    title text NOT NULL DEFAULT '',
    content text NOT NULL DEFAULT '',
    answer text NOT NULL DEFAULT '',
    method text NOT NULL DEFAULT 'direct' REFERENCES method,
    urgency text NOT NULL DEFAULT 'normal' REFERENCES urgency,
    same_day boolean NOT NULL DEFAULT false,
    due_at timestamptz,
    taxpayer_name text NOT NULL DEFAULT '',
    taxpayer_no text NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    info_source text NOT NULL CHECK (info_source IN ('city', 'r12366')),
    unit_type text NOT NULL CHECK (unit_type IN ('self', 'from_12366', 'from_city')),
    channel text NOT NULL CHECK (channel IN ('voice', 'voicemail', 'chat', 'web_form', 'app', 'mini_program', 'sms', 'from_12345', 'letter', 'visit', 'late_entry')),
    state text NOT NULL DEFAULT 'closed' CHECK (state IN ('open', 'closed', 'void')),
    created_by integer NOT NULL REFERENCES app_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_by integer REFERENCES app_user,
    updated_at timestamptz,
    closed_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    UNIQUE (center_id, record_no),
    FOREIGN KEY (center_id, category) REFERENCES category (center_id, code)
);
COMMENT ON TABLE record IS '业务记录(来电登记)';
COMMENT ON COLUMN record.id IS '编号,由页面生成,重复保存视为一次';
COMMENT ON COLUMN record.center_id IS '受理中心';
COMMENT ON COLUMN record.record_no IS '记录单号,中心内按日编号';
COMMENT ON COLUMN record.call_id IS '呼叫编号,空为补录';
COMMENT ON COLUMN record.caller_no IS '来电号码';
COMMENT ON COLUMN record.caller_name IS '来电人姓名';
COMMENT ON COLUMN record.caller_city IS '来电归属地行政区划代码';
COMMENT ON COLUMN record.problem_city IS '问题归属地行政区划代码';
COMMENT ON COLUMN record.category IS '业务类别';
COMMENT ON COLUMN record.problem_type_id IS '问题类型';
COMMENT ON COLUMN record.title IS '标题';
COMMENT ON COLUMN record.content IS '反映内容';
COMMENT ON COLUMN record.answer IS '答复内容';
COMMENT ON COLUMN record.method IS '处理方式';
COMMENT ON COLUMN record.urgency IS '紧急程度';
COMMENT ON COLUMN record.same_day IS '是否即办';
COMMENT ON COLUMN record.due_at IS '办理期限';
COMMENT ON COLUMN record.taxpayer_name IS '纳税人名称';
COMMENT ON COLUMN record.taxpayer_no IS '纳税人识别号';
COMMENT ON COLUMN record.tags IS '标签';
COMMENT ON COLUMN record.info_source IS '信息来源:分中心、自治区12366,系统填写';
COMMENT ON COLUMN record.unit_type IS '单位类型,系统填写';
COMMENT ON COLUMN record.channel IS '渠道,系统填写';
COMMENT ON COLUMN record.state IS '状态:处理中、办结、作废';
COMMENT ON COLUMN record.created_by IS '登记人';
COMMENT ON COLUMN record.created_at IS '登记时间';
COMMENT ON COLUMN record.updated_by IS '最近修改人';
COMMENT ON COLUMN record.updated_at IS '最近修改时间';
COMMENT ON COLUMN record.closed_at IS '办结时间';
COMMENT ON COLUMN record.version IS '版本号(并发修改检查)';
CREATE INDEX record_time ON record (center_id, created_at DESC, id DESC);
CREATE INDEX record_caller ON record (caller_no, created_at DESC);
CREATE INDEX record_call ON record (call_id);
CREATE TABLE record_version (
    record_id uuid NOT NULL REFERENCES record,
    version integer NOT NULL,
    center_id integer NOT NULL REFERENCES center,
    document jsonb NOT NULL,
    changed_by integer,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (record_id, version)
);
COMMENT ON TABLE record_version IS '业务记录的修改历史:每次修改前的内容';
COMMENT ON COLUMN record_version.record_id IS '业务记录编号';
COMMENT ON COLUMN record_version.version IS '版本';
COMMENT ON COLUMN record_version.center_id IS '受理中心';
COMMENT ON COLUMN record_version.document IS '该版本的内容';
COMMENT ON COLUMN record_version.changed_by IS '修改人';
COMMENT ON COLUMN record_version.changed_at IS '修改时间';
CREATE TABLE record_counter (
    center_id integer NOT NULL REFERENCES center,
    day date NOT NULL,
    last integer NOT NULL,
    PRIMARY KEY (center_id, day)
);
COMMENT ON TABLE record_counter IS '记录单号计数:每中心每日';
COMMENT ON COLUMN record_counter.center_id IS '中心';
COMMENT ON COLUMN record_counter.day IS '日期';
COMMENT ON COLUMN record_counter.last IS '已用的最大序号';
CREATE TABLE draft (
    call_id uuid NOT NULL,
    user_id integer NOT NULL REFERENCES app_user,
    center_id integer NOT NULL REFERENCES center,
    document jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (call_id, user_id)
);
COMMENT ON TABLE draft IS '暂存的登记内容';
COMMENT ON COLUMN draft.call_id IS '呼叫编号';
COMMENT ON COLUMN draft.user_id IS '坐席';
COMMENT ON COLUMN draft.center_id IS '所属中心';
COMMENT ON COLUMN draft.document IS '已填写的内容';
COMMENT ON COLUMN draft.updated_at IS '暂存时间';

-- --- roll-up -----------------------------------------------------------------------------------

CREATE TABLE rollup_voice (
    bucket timestamptz NOT NULL,
    center_id integer NOT NULL REFERENCES center,
    level text NOT NULL CHECK (level IN ('call', 'queue')),
    queue_id integer NOT NULL DEFAULT 0,
    unit_type text NOT NULL,
    n_in bigint NOT NULL DEFAULT 0,
    blocked bigint NOT NULL DEFAULT 0,
    ivr_self bigint NOT NULL DEFAULT 0,
    ivr_abandon bigint NOT NULL DEFAULT 0,
    ivr_lost bigint NOT NULL DEFAULT 0,
    closed bigint NOT NULL DEFAULT 0,
    req bigint NOT NULL DEFAULT 0,
    req_open bigint NOT NULL DEFAULT 0,
    ans bigint NOT NULL DEFAULT 0,
    ans_15 bigint NOT NULL DEFAULT 0,
    ans_t bigint NOT NULL DEFAULT 0,
    ab_queue bigint NOT NULL DEFAULT 0,
    ab_ring bigint NOT NULL DEFAULT 0,
    ab_short bigint NOT NULL DEFAULT 0,
    ab_t bigint NOT NULL DEFAULT 0,
    flow_vm bigint NOT NULL DEFAULT 0,
    flow_cb bigint NOT NULL DEFAULT 0,
    flow_bot bigint NOT NULL DEFAULT 0,
    flow_ext bigint NOT NULL DEFAULT 0,
    flow_t bigint NOT NULL DEFAULT 0,
    lost bigint NOT NULL DEFAULT 0,
    n_open bigint NOT NULL DEFAULT 0,
    overflow_out bigint NOT NULL DEFAULT 0,
    moved_out bigint NOT NULL DEFAULT 0,
    door_out bigint NOT NULL DEFAULT 0,
    wait_ans_ms bigint NOT NULL DEFAULT 0,
    wait_ab_ms bigint NOT NULL DEFAULT 0,
    wait_short_ms bigint NOT NULL DEFAULT 0,
    max_wait_ms bigint NOT NULL DEFAULT 0,
    talk_ms bigint NOT NULL DEFAULT 0,
    acw_ms bigint NOT NULL DEFAULT 0,
    n_out bigint NOT NULL DEFAULT 0,
    out_ans bigint NOT NULL DEFAULT 0,
    xin_12366 bigint NOT NULL DEFAULT 0,
    xin_city bigint NOT NULL DEFAULT 0,
    xout_12366 bigint NOT NULL DEFAULT 0,
    xout_city bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (center_id, level, bucket, queue_id, unit_type)
);
COMMENT ON TABLE rollup_voice IS '语音服务五分钟汇总:由事实入库时维护,与明细逐数相等';
COMMENT ON COLUMN rollup_voice.bucket IS '五分钟起点,按呼叫进入时间归属';
COMMENT ON COLUMN rollup_voice.center_id IS '所属中心';
COMMENT ON COLUMN rollup_voice.level IS '口径:call 呼叫,queue 排队';
COMMENT ON COLUMN rollup_voice.queue_id IS '队列;呼叫口径为首次请求的队列,0 为无';
COMMENT ON COLUMN rollup_voice.unit_type IS '单位类型';
COMMENT ON COLUMN rollup_voice.n_in IS '呼入量;排队口径为入队次数';
COMMENT ON COLUMN rollup_voice.blocked IS '黑名单拦截';
COMMENT ON COLUMN rollup_voice.ivr_self IS '自助结束';
COMMENT ON COLUMN rollup_voice.ivr_abandon IS 'IVR放弃';
COMMENT ON COLUMN rollup_voice.ivr_lost IS '语音流程异常';
COMMENT ON COLUMN rollup_voice.closed IS '非工作时段';
COMMENT ON COLUMN rollup_voice.req IS '人工请求';
COMMENT ON COLUMN rollup_voice.req_open IS '人工请求中仍在处理';
COMMENT ON COLUMN rollup_voice.ans IS '人工接通';
COMMENT ON COLUMN rollup_voice.ans_15 IS '15秒内接通';
COMMENT ON COLUMN rollup_voice.ans_t IS 'T秒内接通';
COMMENT ON COLUMN rollup_voice.ab_queue IS '排队放弃';
COMMENT ON COLUMN rollup_voice.ab_ring IS '振铃放弃';
COMMENT ON COLUMN rollup_voice.ab_short IS '短时放弃';
COMMENT ON COLUMN rollup_voice.ab_t IS 'T秒内放弃';
COMMENT ON COLUMN rollup_voice.flow_vm IS '转留言';
COMMENT ON COLUMN rollup_voice.flow_cb IS '转回拨';
COMMENT ON COLUMN rollup_voice.flow_bot IS '转智能客服';
COMMENT ON COLUMN rollup_voice.flow_ext IS '溢出至外部或他中心';
COMMENT ON COLUMN rollup_voice.flow_t IS 'T秒内按规则或按键离开';
COMMENT ON COLUMN rollup_voice.lost IS '系统损失';
COMMENT ON COLUMN rollup_voice.n_open IS '处理中';
COMMENT ON COLUMN rollup_voice.overflow_out IS '溢出到其他队列(排队口径)';
COMMENT ON COLUMN rollup_voice.moved_out IS '移往其他队列(排队口径)';
COMMENT ON COLUMN rollup_voice.door_out IS '门口拒绝(排队口径)';
COMMENT ON COLUMN rollup_voice.wait_ans_ms IS '接通者等待合计(毫秒)';
COMMENT ON COLUMN rollup_voice.wait_ab_ms IS '放弃者等待合计(毫秒)';
COMMENT ON COLUMN rollup_voice.wait_short_ms IS '短时放弃者等待合计(毫秒)';
COMMENT ON COLUMN rollup_voice.max_wait_ms IS '最长等待(毫秒)';
COMMENT ON COLUMN rollup_voice.talk_ms IS '通话合计(毫秒)';
COMMENT ON COLUMN rollup_voice.acw_ms IS '整理合计(毫秒)';
COMMENT ON COLUMN rollup_voice.n_out IS '外呼量';
COMMENT ON COLUMN rollup_voice.out_ans IS '外呼接通';
COMMENT ON COLUMN rollup_voice.xin_12366 IS '12366转入';
COMMENT ON COLUMN rollup_voice.xin_city IS '地市转入';
COMMENT ON COLUMN rollup_voice.xout_12366 IS '转12366';
COMMENT ON COLUMN rollup_voice.xout_city IS '转地市';

-- --- partitions --------------------------------------------------------------------------------

-- Makes the partitions of one month (UTC) where they are missing. A table is made apart and then
-- attached, which does not lock out readers and writers of the others.
CREATE FUNCTION ensure_month(month timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first timestamptz := date_trunc('month', month, 'UTC');
    next timestamptz := date_trunc('month', date_trunc('month', month, 'UTC') + interval '35 days', 'UTC');
    parent text;
    part text;
    made integer := 0;
BEGIN
    IF first < '2020-01-01' OR first > now() + interval '2 years' THEN
        RAISE EXCEPTION '时间 % 不在可接受的范围内', month USING ERRCODE = 'HL001';
    END IF;
    PERFORM pg_advisory_xact_lock(12366, 2);
    FOR parent IN SELECT p.partrelid::regclass::text FROM pg_partitioned_table p
                  JOIN pg_class c ON c.oid = p.partrelid WHERE c.relnamespace = 'public'::regnamespace
    LOOP
        part := parent || to_char(first AT TIME ZONE 'UTC', '"_"YYYYMM');
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       parent, part, uuid_floor(first), uuid_floor(next));
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION ensure_month(timestamptz) IS '建立某月的各事实表分区';
REVOKE ALL ON FUNCTION ensure_month(timestamptz) FROM PUBLIC;

-- Partitions of this month, the one before and the months ahead; returns how many tables it made.
CREATE FUNCTION ensure_partitions(months_ahead integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(ensure_month(now() + make_interval(months => m))), 0)::integer
    FROM generate_series(-1, least(months_ahead, 12)) AS m
$$;
COMMENT ON FUNCTION ensure_partitions(integer) IS '提前建立今后若干月的分区';

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                  AND a.attname = 'center_id' AND NOT c.relrowsecurity
    LOOP
        PERFORM protect_table(name::regclass);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON fact, audit_log, record_version TO hotlined_app;
GRANT SELECT, INSERT, UPDATE ON call, ivr_visit, ivr_key, queue_visit, door_refusal, offer, talk, hold, acw,
    agent_session, agent_state, no_answer, recording, leg_quality, unrecorded_call, trunk_event,
    record, record_counter, rollup_voice TO hotlined_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON draft TO hotlined_app;

SELECT ensure_partitions(2);
