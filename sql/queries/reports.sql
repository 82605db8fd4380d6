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
-- No parameters. One column: the list of GET /reports.
SELECT '[{"id": "RPT-01", "code": "voice_service", "title": "语音服务统计分析表", "group": "运行情况",
  "filters": ["from", "to", "center_id", "queue_id", "unit_type", "wrap_up_code", "by"]}]'::jsonb AS document;
