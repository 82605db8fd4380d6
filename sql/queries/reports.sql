-- Reports and the wall's figures.

-- name: rpt_voice_service
-- RPT-01 语音服务统计分析表.
-- $1 from, $2 to (dates, both included, Asia/Shanghai), $3 center id, $4 queue id, $5 unit type (each null = all),
-- $6 by: center | queue | wrap_up, $7 source: facts | rollup, $8 summary (code; '-' talked and none; null = all). One
-- column: the document of GET /reports/voice_service.
-- A call with all its visits lies at the moment it entered (kpi E1); ratios are of sums (E6); open calls stand outside
-- of them (E4). With by=center a queue filter takes the calls whose first queue it was. By summary (CC-06) calls of the
-- same code in several centers are one row, named as the first of these centers names it, one that uses it still before
-- others, and marked when none does, because another code may have the name by now. Calls without a code are two rows
-- more, so that the total is that of the other groupings.
WITH arg AS (
    SELECT local_midnight($1::date) AS t0, local_midnight($2::date + 1) AS t1,
        CASE $6::text WHEN 'queue' THEN 'queue' WHEN 'wrap_up' THEN 'wrap_up' ELSE 'call' END AS per,
        CASE $8::text WHEN '-' THEN '' ELSE nullif($8::text, '') END AS code),
sums AS MATERIALIZED (
    SELECT s.* FROM arg, voice_sums(arg.t0, arg.t1, $3::int, $4::int, $5::text, arg.code, arg.per, $7::text) s),
codes AS (
    SELECT DISTINCT ON (w.code) w.code, w.sort, w.enabled,
        w.name || CASE WHEN w.enabled THEN '' ELSE '（停用）' END AS name
    FROM wrap_up_code w JOIN center c ON c.id = w.center_id
    WHERE NOT c.test AND ($3::int IS NULL OR c.id = $3::int)
    ORDER BY w.code, w.enabled DESC, c.sort, c.id),
keys AS ( -- every center, queue or summary in sight has its row, with or without calls
    SELECT c.id AS center_id, 0 AS queue_id, c.name AS center_name, NULL AS queue_name, '' AS code, NULL AS code_name, c.sort
    FROM center c, arg WHERE arg.per = 'call' AND NOT c.test AND ($3::int IS NULL OR c.id = $3::int)
    UNION ALL
    SELECT q.center_id, q.id, c.name, q.name, '', NULL, c.sort
    FROM queue q JOIN center c ON c.id = q.center_id, arg
    WHERE arg.per = 'queue' AND NOT c.test AND ($3::int IS NULL OR q.center_id = $3::int) AND ($4::int IS NULL OR q.id = $4::int)
      AND (q.deleted_at IS NULL OR EXISTS (SELECT FROM sums s WHERE s.queue_id = q.id))
    UNION ALL
    SELECT 0, 0, NULL, NULL, k.code, k.name, k.sort
    FROM (SELECT code, name, sort FROM codes WHERE enabled OR EXISTS (SELECT FROM sums s WHERE s.code = codes.code)
        UNION ALL SELECT s.code, s.code, 2147483645 FROM sums s WHERE s.code <> '' AND NOT EXISTS (SELECT FROM codes WHERE codes.code = s.code)
        UNION ALL VALUES ('', '未小结', 2147483646), (NULL, '未接通或处理中', 2147483647)) k, arg
    WHERE arg.per = 'wrap_up' AND (arg.code IS NULL OR k.code = arg.code)),
rows AS (
    SELECT k.*, voice_figures(coalesce(s.figures, voice_nothing(arg.per))) AS figures
    FROM keys k CROSS JOIN arg LEFT JOIN sums s ON s.center_id = k.center_id AND s.queue_id = k.queue_id AND s.code IS NOT DISTINCT FROM k.code),
total AS (
    SELECT voice_figures(coalesce((SELECT s.figures FROM sums s WHERE s.center_id IS NULL AND (s.figures).n_in IS NOT NULL), voice_nothing(arg.per))) AS figures FROM arg),
columns (n, id, title, kind, formula, shown) AS (VALUES
    (1, 'center_name', '中心', 'text', '', 'cq'),
    (2, 'queue_name', '队列', 'text', '', 'q'),
    (2, 'wrap_up_name', '小结类型', 'text', '接通而没有小结的为“未小结”；未到坐席或尚未结束的为“未接通或处理中”', 'w'),
    (3, 'in', '呼入量', 'count', '呼入呼叫数,不含黑名单拦截', 'c'),
    (4, 'visits', '入队次数', 'count', '进入该队列排队的次数', 'q'),
    (5, 'blocked', '黑名单拦截', 'count', '进入语音流程前拒绝,不计入呼入量', 'c'),
    (6, 'ivr_self', 'IVR/智能自助', 'count', '在语音流程或智能应答中办结,未请求人工', 'c'),
    (7, 'ivr_self_rate', '自助率', 'percent', 'IVR/智能自助 ÷(呼入量 − 处理中)', 'c'),
    (8, 'ivr_abandon', 'IVR放弃', 'count', '请求人工前来电人挂机', 'c'),
    (9, 'ivr_lost', '语音流程异常', 'count', '请求人工前平台异常结束', 'c'),
    (10, 'closed', '非工作时段', 'count', '非工作时段请求人工,不计入各比率', 'c'),
    (11, 'req', '人工请求', 'count', '进入过人工队列或在队列门口被拒的呼叫数', 'c'),
    (12, 'ans', '人工接通', 'count', '至少一名坐席接听且通话时长大于 0', 'cq'),
    (13, 'ans_rate', '接通率', 'percent', '人工接通 ÷(人工请求 − 处理中)', 'cq'),
    (14, 'ans_15', '15秒内接通', 'count', '接通且等待 ≤ 15 秒', 'cq'),
    (15, 'in_time_rate', '应答及时率', 'percent', '15秒内接通 ÷ 人工接通', 'cq'),
    (16, 'ans_T', 'T秒内接通', 'count', '接通且等待 ≤ 队列服务水平时限 T', 'cq'),
    (17, 'sl', '服务水平', 'percent', '', 'cq'),
    (18, 'ab_queue', '排队放弃', 'count', '等待中来电人挂机,未在振铃', 'cq'),
    (19, 'ab_ring', '振铃放弃', 'count', '坐席振铃时来电人挂机', 'cq'),
    (20, 'ab_short', '短时放弃', 'count', '放弃且等待 ≤ 短时放弃时限 S', 'cq'),
    (21, 'ab_rate', '放弃率', 'percent', '(排队放弃 + 振铃放弃)÷(人工请求 − 处理中)', 'cq'),
    (22, 'flow_vm', '转留言', 'count', '按规则或按键转语音留言后结束', 'cq'),
    (23, 'flow_cb', '转回拨', 'count', '按规则或按键转回拨后结束', 'cq'),
    (24, 'flow_bot', '转智能', 'count', '按规则或按键转智能客服后结束', 'cq'),
    (25, 'flow_ext', '溢出他中心', 'count', '溢出至外部或他中心', 'cq'),
    (26, 'overflow_out', '溢出其他队列', 'count', '因时长或长度溢出到其他队列', 'q'),
    (26, 'overflow_in', '其他队列溢入', 'count', '自其他队列溢出而来的入队次数,已含在入队次数中', 'q'),
    (27, 'moved_out', '移往其他队列', 'count', '人工移往其他队列', 'q'),
    (28, 'door_out', '门口拒绝', 'count', '队列满或无人签入,未进入等待', 'q'),
    (29, 'lost', '系统损失', 'count', '请求人工后由平台结束:最长等待、无坐席、异常', 'cq'),
    (30, 'loss', '呼损量', 'count', '人工请求 − 处理中 − 人工接通', 'cq'),
    (31, 'loss_rate', '呼损率', 'percent', '呼损量 ÷(人工请求 − 处理中)', 'cq'),
    (32, 'asa', '平均应答速度', 'seconds', 'Σ(接通时刻 − 首次入队时刻)÷ 人工接通,含振铃', 'cq'),
    (33, 'max_wait', '最长等待', 'seconds', '接通、放弃、损失呼叫中的最长等待', 'cq'),
    (34, 'avg_ab_wait', '平均放弃等待', 'seconds', 'Σ 放弃呼叫等待 ÷ 放弃量', 'cq'),
    (35, 'talk_sum', '通话总时长', 'seconds', 'Σ 来电人与坐席通话时长,含保持', 'cq'),
    (36, 'att', '平均通话时长', 'seconds', '通话总时长 ÷ 人工接通', 'cq'),
    (37, 'aht', '平均处理时长', 'seconds', '(通话总时长 + 整理时长)÷ 人工接通', 'cq'),
    (38, 'out', '外呼量', 'count', '呼出呼叫数', 'c'),
    (39, 'out_ans', '外呼接通', 'count', '呼出且接通', 'c'),
    (40, 'out_rate', '外呼接通率', 'percent', '外呼接通 ÷ 外呼量', 'c'),
    (41, 'xin_12366', '12366转入', 'count', '单位类型为12366转接的呼入', 'c'),
    (42, 'xin_city', '地市转入', 'count', '单位类型为地市呼转的呼入', 'c'),
    (43, 'xout_12366', '转12366', 'count', '转往自治区12366的呼叫', 'c'),
    (44, 'xout_city', '转地市', 'count', '转往其他分中心的呼叫', 'c'),
    (45, 'open', '处理中', 'count', '统计时仍未结束,不计入各比率', 'cq'),
    (46, 'check', '核对差', 'count', '', 'cq'))
SELECT jsonb_build_object(
    'id', 'RPT-01', 'code', 'voice_service', 'title', '语音服务统计分析表', 'made_at', iso(now()),
    'filters', jsonb_build_object('from', $1::date, 'to', $2::date, 'center_id', $3::int, 'queue_id', $4::int, 'unit_type', $5::text,
        'by', CASE arg.per WHEN 'call' THEN 'center' ELSE arg.per END, 'wrap_up_code', nullif($8::text, ''), 'source', $7::text,
        'sl_formula', coalesce(instance_setting('sl_formula'), 'default'),
        'short_abandon_excluded', coalesce(instance_setting('short_abandon_excluded'), 'off') = 'on'),
    'conditions', jsonb_build_array(
        jsonb_build_object('title', '统计期间', 'value', to_char($1::date, 'YYYY-MM-DD') || ' 至 ' || to_char($2::date, 'YYYY-MM-DD')),
        jsonb_build_object('title', '中心', 'value', coalesce((SELECT c.name FROM center c WHERE c.id = $3::int), '可见的全部中心')),
        jsonb_build_object('title', '队列', 'value', coalesce((SELECT q.name FROM queue q WHERE q.id = $4::int), '全部')),
        jsonb_build_object('title', '单位类型', 'value',
            CASE $5::text WHEN 'self' THEN '分中心自接来电' WHEN 'from_12366' THEN '12366转接来电' WHEN 'from_city' THEN '地市呼转来电' ELSE '全部' END),
        jsonb_build_object('title', '小结类型', 'value', CASE arg.code WHEN '' THEN '未小结'
            ELSE coalesce((SELECT name FROM codes WHERE codes.code = arg.code), arg.code, '全部') END),
        jsonb_build_object('title', '统计对象', 'value', CASE arg.per WHEN 'queue' THEN '队列' WHEN 'wrap_up' THEN '小结类型' ELSE '中心' END)),
    'columns', (SELECT jsonb_agg(jsonb_build_object('id', c.id, 'title', c.title, 'kind', c.kind,
            'formula', CASE c.id
                WHEN 'check' THEN CASE arg.per WHEN 'queue'
                    THEN '入队次数 −(接通 + 放弃 + 溢出 + 移出 + 转出 + 损失 + 处理中),应为 0'
                    ELSE '呼入量 − 各结果之和,应为 0' END
                WHEN 'sl' THEN CASE coalesce(instance_setting('sl_formula'), 'default')
                    WHEN 'F1' THEN 'F1:(T秒内接通 + T秒内放弃)÷(接通 + 放弃)'
                    WHEN 'F2' THEN 'F2:T秒内接通 ÷ 接通'
                    WHEN 'F3' THEN 'F3:T秒内接通 ÷(接通 + 放弃)'
                    WHEN 'F4' THEN 'F4:T秒内接通 ÷(接通 + T秒后放弃)'
                    ELSE '默认:T秒内接通 ÷(人工请求 − 处理中 − 短时放弃 − T秒内转出)' END
                ELSE c.formula END
                || CASE WHEN c.id IN ('ans_rate', 'ab_rate', 'loss_rate', 'avg_ab_wait') AND instance_setting('short_abandon_excluded') = 'on'
                        THEN ';已剔除短时放弃' ELSE '' END) ORDER BY c.n)
        FROM columns c WHERE CASE arg.per WHEN 'wrap_up' THEN c.shown = 'w' OR c.shown LIKE 'c%' AND c.kind <> 'text'
            ELSE position(left(arg.per, 1) IN c.shown) > 0 END),
    'rows', (SELECT coalesce(jsonb_agg(CASE arg.per
            WHEN 'wrap_up' THEN jsonb_build_object('wrap_up_code', CASE r.code WHEN '' THEN '-' ELSE r.code END, 'wrap_up_name', r.code_name)
            ELSE jsonb_build_object('center_id', r.center_id, 'center_name', r.center_name,
                'queue_id', nullif(r.queue_id, 0), 'queue_name', r.queue_name) END
            || r.figures ORDER BY r.sort, r.center_id, r.queue_id, r.code), '[]') FROM rows r),
    'total', jsonb_build_object(CASE arg.per WHEN 'wrap_up' THEN 'wrap_up_name' ELSE 'center_name' END, '合计') || total.figures,
    'check', (SELECT coalesce(sum(abs((r.figures->>'check')::bigint) + abs((r.figures->>'check_req')::bigint)), 0) FROM rows r)
           + abs((total.figures->>'check')::bigint) + abs((total.figures->>'check_req')::bigint)) AS document
FROM arg, total;

-- name: rpt_agent_voice
-- RPT-17 坐席语音类工作情况统计表.
-- $1 from, $2 to (dates, both included, Asia/Shanghai), $3 center id, $4 queue id, $5 team id, $6 only these users (int array; each
-- null = all), $7 by: agent | team | queue | center, $8 source: facts | rollup. One column: the document of GET /reports/agent_voice.
-- What agents did lies on the day on which its call came in or was made (kpi E1); registrations on the day they were saved. Every
-- agent in sight has a row, and whoever did something there: also who is deleted by now, or of another center.
WITH arg AS (
    SELECT CASE WHEN $7::text IN ('team', 'queue', 'center') THEN $7::text ELSE 'agent' END AS per),
sums AS MATERIALIZED (
    SELECT s.* FROM arg, agent_sums($1::date, $2::date, $3::int, $5::int, $4::int, $6::int[], arg.per, $8::text) s),
people AS (
    SELECT u.id, u.center_id, u.team_id FROM app_user u
    WHERE u.agent_no <> '' AND u.deleted_at IS NULL AND ($5::int IS NULL OR u.team_id = $5::int) AND ($6::int[] IS NULL OR u.id = ANY ($6::int[]))),
keys AS (
    SELECT p.center_id, CASE arg.per WHEN 'agent' THEN p.id WHEN 'team' THEN coalesce(p.team_id, 0) ELSE 0 END AS id FROM people p, arg WHERE arg.per <> 'queue'
    UNION SELECT q.center_id, q.id FROM queue q, arg
        WHERE arg.per = 'queue' AND q.deleted_at IS NULL AND ($4::int IS NULL OR q.id = $4::int)
          AND EXISTS (SELECT FROM people p WHERE p.center_id = q.center_id)
    UNION SELECT s.center_id, s.id FROM sums s WHERE s.center_id IS NOT NULL),
rows AS (
    SELECT c.id AS center_id, c.name AS center_name, c.sort, k.id, a.agent_no, a.home, agent_figures(s.figures)
        || CASE arg.per
            WHEN 'agent' THEN jsonb_build_object('user_id', k.id, 'agent_no', coalesce(a.agent_no, ''), 'agent_name', coalesce(a.name, '（已不在本系统）'),
                'team_name', CASE WHEN a.home = c.id THEN coalesce(t.name, '') ELSE '外中心' END)
            WHEN 'team' THEN jsonb_build_object('team_id', nullif(k.id, 0), 'team_name', CASE k.id WHEN 0 THEN '未分组' ELSE t.name END)
            WHEN 'queue' THEN jsonb_build_object('queue_id', nullif(k.id, 0), 'queue_name', CASE k.id WHEN 0 THEN '未经队列' ELSE q.name END)
            ELSE '{}' END || jsonb_build_object('center_id', c.id, 'center_name', c.name) AS row,
        coalesce(CASE arg.per WHEN 'agent' THEN a.agent_no WHEN 'team' THEN t.name END, '') AS place
    FROM keys k CROSS JOIN arg JOIN center c ON c.id = k.center_id
    LEFT JOIN LATERAL (SELECT * FROM agent_shown(k.id) WHERE arg.per = 'agent') a ON true
    LEFT JOIN app_user u ON arg.per = 'agent' AND u.id = k.id
    LEFT JOIN team t ON t.id = CASE arg.per WHEN 'agent' THEN u.team_id WHEN 'team' THEN k.id END
    LEFT JOIN queue q ON arg.per = 'queue' AND q.id = k.id
    LEFT JOIN sums s ON s.center_id = k.center_id AND s.id = k.id
    WHERE NOT c.test AND ($3::int IS NULL OR c.id = $3::int)),
total AS (SELECT agent_figures((SELECT s.figures FROM sums s WHERE s.center_id IS NULL)) AS figures),
columns (n, id, title, kind, formula, shown) AS (VALUES
    (1, 'center_name', '中心', 'text', '', 'atqc'),
    (2, 'agent_no', '工号', 'text', '', 'a'),
    (3, 'agent_name', '姓名', 'text', '', 'a'),
    (4, 'team_name', '班组', 'text', '现在所在的班组；外中心为自治区接话的人员', 'at'),
    (5, 'queue_name', '队列', 'text', '呼出等不经队列的为“未经队列”', 'q'),
    (10, 'offers', '振铃(请求)数', 'count', '队列中的来电向坐席振铃的次数（已结束的）', ''),
    (11, 'ans', '应答数', 'count', '首先接听且通话时长大于 0 的来电；转接而来的在“转入”中', ''),
    (12, 'ans_rate', '应答率', 'percent', '接起的振铃（含转接到队列的来电，不含应答无通话）÷（振铃数 − 振铃放弃）', ''),
    (13, 'no_talk', '应答无通话', 'count', '接起而通话时长为 0，不计入应答数', ''),
    (14, 'rona', '久不应答', 'count', '振铃到时限无人接起，来电人仍在', ''),
    (15, 'rona_rate', '久不应答率', 'percent', '久不应答 ÷（振铃数 − 振铃放弃）', ''),
    (16, 'ring_reject', '拒接', 'count', '坐席拒接的振铃', ''),
    (17, 'ab_ring_T_in', '振铃放弃(服务水平内)', 'count', '振铃时来电人挂机，在本队列等待 ≤ 服务水平时限 T', ''),
    (18, 'ab_ring_T_out', '振铃放弃(服务水平外)', 'count', '振铃时来电人挂机，在本队列等待超过服务水平时限 T', ''),
    (19, 'ring_other', '其他结束的振铃', 'count', '他人接起、来电被移走、线路断开、强制改变状态', ''),
    (20, 'avg_ring', '应答均长', 'seconds', 'Σ 接起的振铃时长 ÷ 接起的振铃', ''),
    (21, 'talk_sum', '通话总时长', 'seconds', 'Σ 本人通话时长：应答、转入、外呼，含保持', ''),
    (22, 'att', '平均通话时长', 'seconds', '应答与转入的通话时长 ÷（应答数 + 转入）', ''),
    (23, 'max_talk', '最大通话时长', 'seconds', '应答与转入中最长的一段', ''),
    (24, 'min_talk', '最小通话时长', 'seconds', '应答与转入中最短的一段', ''),
    (25, 'hold_cnt', '保持次数', 'count', '坐席按的保持，不含磋商时的等待', ''),
    (26, 'hold_sum', '保持时长', 'seconds', 'Σ 保持时长', ''),
    (27, 'hold_avg', '平均保持时长', 'seconds', '保持时长 ÷ 保持次数', ''),
    (28, 'consult_wait', '磋商等待时长', 'seconds', 'Σ 坐席磋商、求助时来电人的等待', ''),
    (29, 'acw_cnt', '整理次数', 'count', '话后整理时长大于 0 的次数，含外呼之后', ''),
    (30, 'acw_sum', '整理时长', 'seconds', 'Σ 话后整理时长', ''),
    (31, 'acw_avg', '平均整理时长', 'seconds', '整理时长 ÷ 整理次数', ''),
    (32, 'aht', '平均处理时长', 'seconds', '（应答与转入的通话时长 + 其整理时长）÷（应答数 + 转入）', ''),
    (33, 'out', '外呼量', 'count', '本人呼出的呼叫，接通与否', ''),
    (34, 'out_ans', '外呼接通', 'count', '呼出且通话时长大于 0', ''),
    (35, 'out_rate', '外呼接通率', 'percent', '外呼接通 ÷ 外呼量', ''),
    (36, 'out_talk', '外呼通话时长', 'seconds', 'Σ 外呼通话时长', ''),
    (37, 'internal', '内部呼叫', 'count', '向同事（含其他中心）磋商并接通的次数', ''),
    (38, 'help', '求助次数', 'count', '向班长、同事或其他中心求助并接通的次数', ''),
    (39, 'conf', '三方次数', 'count', '本人发起并成为三方通话的次数', ''),
    (40, 'xfer_in', '转入', 'count', '由他人转来、接替而接听的来电；无人接而退回本人的不计', ''),
    (41, 'xfer_talk', '转入通话时长', 'seconds', 'Σ 转入的通话时长', ''),
    (42, 'xfer_out', '转出', 'count', '转给队列、坐席、外部号码或其他中心；无人接而退回本人的不计', ''),
    (43, 'to_ivr', '转IVR', 'count', '把来电人转入语音菜单或流程，转出与挂起后返回都计', ''),
    (44, 'agent_release', '主动挂机数', 'count', '坐席先结束的通话；转接、转IVR 不计', ''),
    (45, 'records', '登记数', 'count', '本人登记的业务记录，按登记时间，不含暂存与作废', ''),
    (46, 'push', '推送评价', 'count', '对本人的通话询问满意度的次数', ''),
    (47, 'rated', '参评', 'count', '来电人按键评价的次数', ''),
    (48, 'sat_rate', '满意率', 'percent', '（非常满意 + 满意 + 基本满意）÷ 参评', ''),
    (49, 'check', '核对差', 'count', '振铃数 − 各结束方式之和，应为 0', ''))
SELECT jsonb_build_object(
    'id', 'RPT-17', 'code', 'agent_voice', 'title', '坐席语音类工作情况统计表', 'made_at', iso(now()),
    'filters', jsonb_build_object('from', $1::date, 'to', $2::date, 'center_id', $3::int, 'queue_id', $4::int, 'team_id', $5::int, 'by', arg.per, 'source', $8::text),
    'conditions', jsonb_build_array(
        jsonb_build_object('title', '统计期间', 'value', to_char($1::date, 'YYYY-MM-DD') || ' 至 ' || to_char($2::date, 'YYYY-MM-DD')),
        jsonb_build_object('title', '中心', 'value', coalesce((SELECT c.name FROM center c WHERE c.id = $3::int), '可见的全部中心')),
        jsonb_build_object('title', '班组', 'value', coalesce((SELECT t.name FROM team t WHERE t.id = $5::int), CASE WHEN $6::int[] IS NULL THEN '全部' ELSE '本班组' END)),
        jsonb_build_object('title', '队列', 'value', coalesce((SELECT q.name FROM queue q WHERE q.id = $4::int), '全部')),
        jsonb_build_object('title', '统计对象', 'value', CASE arg.per WHEN 'team' THEN '班组' WHEN 'queue' THEN '队列' WHEN 'center' THEN '中心' ELSE '坐席' END),
        jsonb_build_object('title', '归属', 'value', '按来电进入、呼出开始的时间归属，跨零点的通话整体计入前一日')),
    'choices', jsonb_build_object(
        'teams', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'center_id', t.center_id, 'center_name', c.name, 'name', t.name) ORDER BY c.sort, t.id), '[]')
            FROM team t JOIN center c ON c.id = t.center_id
            WHERE $6::int[] IS NULL OR EXISTS (SELECT FROM app_user u WHERE u.team_id = t.id AND u.id = ANY ($6::int[]))),
        'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'center_id', q.center_id, 'center_name', c.name, 'name', q.name) ORDER BY c.sort, q.id), '[]')
            FROM queue q JOIN center c ON c.id = q.center_id WHERE q.deleted_at IS NULL)),
    'columns', (SELECT jsonb_agg(jsonb_build_object('id', c.id, 'title', c.title, 'kind', c.kind, 'formula', c.formula) ORDER BY c.n)
        FROM columns c WHERE c.shown = '' OR position(left(arg.per, 1) IN c.shown) > 0),
    'rows', (SELECT coalesce(jsonb_agg(r.row ORDER BY r.sort, r.center_id, r.place = '', r.place, r.id), '[]') FROM rows r),
    'total', jsonb_build_object('center_name', '合计') || total.figures,
    'check', (SELECT coalesce(sum(abs((r.row->>'check')::bigint)), 0) FROM rows r) + abs((total.figures->>'check')::bigint)) AS document
FROM arg, total;

-- name: wall_today
-- $1 center ids (int array text, e.g. '{2,3}'). Rows (center_id, document): the row of RPT-01 for today from the roll-up
-- with slots [{t, in, ans}] by half hour up to now; a row for each center asked for that is in sight.
WITH arg AS (
    SELECT local_midnight((now() AT TIME ZONE 'Asia/Shanghai')::date) AS t0),
sums AS MATERIALIZED (
    SELECT s.* FROM arg, voice_sums(arg.t0, arg.t0 + interval '1 day', NULL, NULL, NULL, NULL, 'call', 'rollup') s WHERE s.center_id IS NOT NULL),
slots AS MATERIALIZED (
    SELECT r.center_id, date_bin('30 minutes', r.bucket, '2000-01-01Z') AS t, sum(r.n_in) AS n_in, sum(r.ans) AS ans
    FROM rollup_voice r, arg
    WHERE r.level = 'call' AND r.bucket >= arg.t0 AND r.bucket < arg.t0 + interval '1 day' AND r.center_id = ANY ($1::int[])
    GROUP BY 1, 2)
SELECT c.id AS center_id, voice_figures(coalesce(s.figures, voice_nothing('call'))) || jsonb_build_object('center_id', c.id, 'center_name', c.name,
    'slots', (SELECT jsonb_agg(jsonb_build_object('t', to_char(g.t AT TIME ZONE 'Asia/Shanghai', 'HH24:MI'),
            'in', coalesce(h.n_in, 0), 'ans', coalesce(h.ans, 0)) ORDER BY g.t)
        FROM arg, generate_series(arg.t0, now(), interval '30 minutes') AS g(t)
        LEFT JOIN slots h ON h.t = g.t AND h.center_id = c.id)) AS document
FROM center c LEFT JOIN sums s ON s.center_id = c.id
WHERE c.id = ANY ($1::int[])
ORDER BY c.sort, c.id;

-- name: report_list
-- $1 sees whole centers (bool). One column: the list of GET /reports, without what is about whole centers for who does not.
SELECT jsonb_agg(r) FILTER (WHERE $1::boolean OR (r->>'of_teams')::boolean) AS document
FROM jsonb_array_elements('[{"id": "RPT-01", "code": "voice_service", "title": "语音服务统计分析表", "group": "运行情况", "of_teams": false,
  "filters": ["from", "to", "center_id", "queue_id", "unit_type", "wrap_up_code", "by"]},
  {"id": "RPT-17", "code": "agent_voice", "title": "坐席语音类工作情况统计表", "group": "人员表现", "of_teams": true,
  "filters": ["from", "to", "center_id", "team_id", "queue_id", "by"]}]'::jsonb) r;
