-- A few items of the region's knowledge base, shared with all centers, so that the page is not empty: what a tax hotline in general is
-- asked, in words of our own, without figures that change from year to year.
CREATE TEMP TABLE demo_class (name text, library text, sort integer) ON COMMIT DROP;
INSERT INTO demo_class VALUES ('登记与变更', '办税流程', 10), ('申报与缴税', '办税流程', 20), ('发票', '办税流程', 30), ('个人所得税', '办税流程', 40), ('电子税务局', '办税流程', 50), ('窗口与预约', '办税大厅', 10);
CREATE TEMP TABLE demo_item (n integer, class text, title text, content text) ON COMMIT DROP;
INSERT INTO demo_item VALUES
(1, '登记与变更', '个体工商户停止经营怎样注销税务登记', '先看名下有没有没结清的事：未申报的税款所属期、欠税、滞纳金和罚款、没有缴销的发票。
都结清后可在电子税务局提交注销申请，也可到办税服务厅窗口办理。从来没有领过发票、没有欠税的，一般可以当场办结。
税务登记注销以后，再到市场监管部门办理营业执照注销。'),
(2, '登记与变更', '更换财务负责人、办税人员怎样变更', '在电子税务局的身份信息维护中提交变更，新的人员要先完成实名认证。
变更法定代表人的，先在市场监管部门变更营业执照，税务信息一般随之更新；没有更新的，可带变更后的执照到窗口办理。'),
(3, '申报与缴税', '申报期最后一天遇到节假日怎么办', '申报期限的最后一天是法定休假日的，以休假日期满的次日为最后一天；期限内有连续三日以上法定休假日的，按休假天数顺延。
当年每个月的申报截止日期，以税务机关公布的办税日历为准。'),
(4, '申报与缴税', '没有收入要不要申报', '要。办理了税务登记、在申报期内没有应税收入的，也应当按期办理零申报。
长期不申报会被认定为非正常户，影响领用发票和纳税信用。'),
(5, '申报与缴税', '逾期申报、逾期缴税有什么后果', '逾期没有申报的，税务机关责令限期改正，可以处以罚款；首次违反且情节轻微、及时改正的，可以不予处罚。
逾期没有缴税的，从滞纳税款之日起按日加收滞纳金。
补办申报后如系统仍提示异常，请记下提示内容，转由主管税务所核实。'),
(6, '申报与缴税', '三方协议怎样签订，为什么扣款失败', '在电子税务局填写开户银行、账号和户名，提交验证；有的银行还要先在银行一方签约。
扣款失败先看余额是否足够、账号和户名是否与银行一致、协议是否已经验证通过。'),
(7, '发票', '发票开错了怎样红冲', '已经开具的发票有误、发生销货退回或服务中止的，不能直接作废跨月的发票，应当开具红字发票。
购买方已经确认用途或入账的，由购买方或销售方发起红字确认单，对方确认后再开具红字发票；没有确认的，由销售方直接发起。'),
(8, '发票', '个人出租房屋怎样代开发票', '可以在电子税务局或办税服务厅申请代开。需要身份证件、租赁合同和房屋权属资料，先缴税再开票。
多人共有的房屋，可以由其中一人申请，并提供其他共有人的信息。'),
(9, '个人所得税', '综合所得汇算清缴怎样退税', '在个人所得税手机应用里核对全年收入、扣除和已缴税款，补充专项附加扣除后提交申报。
有多缴税款的，填写本人的银行账户申请退税；进度可以在应用里查询。
如对单位申报的收入有疑问，可以在应用里申诉。'),
(10, '个人所得税', '专项附加扣除怎样填报', '在个人所得税手机应用里选择扣除年度，按项目填写：子女教育、继续教育、大病医疗、住房贷款利息或住房租金、赡养老人、婴幼儿照护。
住房贷款利息和住房租金不能同时扣除。可以由单位按月扣除，也可以在汇算清缴时一次扣除。'),
(11, '电子税务局', '忘记电子税务局登录密码怎么办', '在登录页点“忘记密码”，用实名登记的手机号或扫脸验证后重新设置。
手机号已经更换、收不到验证码的，可以带身份证件到办税服务厅更新。请勿把密码和验证码告诉任何人，热线也不会询问。'),
(12, '窗口与预约', '到办税服务厅办事怎样预约', '可以在电子税务局、手机应用或微信公众号里选择办税服务厅、办理时间和事项。
请先查看所办事项是否可以网上办理；需要到窗口的，按清单带齐资料。地址和办公时间以各办税服务厅公布的为准。');

INSERT INTO kb_class (center_id, parent_id, name, sort)
SELECT l.center_id, l.id, d.name, d.sort FROM demo_class d JOIN kb_class l ON l.name = d.library AND l.parent_id IS NULL JOIN center c ON c.id = l.center_id AND c.kind = 'regional'
WHERE NOT EXISTS (SELECT FROM kb_class o WHERE o.center_id = l.center_id AND o.parent_id = l.id AND o.name = d.name);
-- As the region's administrator would write and publish them; an item that is there stays as it is.
SELECT set_config('hotlined.centers', '*', true) \g /dev/null
WITH made AS MATERIALIZED (
    SELECT i.n, kb_entry_create(md5('demo knowledge ' || i.n)::uuid, c.id, jsonb_build_object('class_id', k.id, 'title', i.title, 'content', i.content, 'share_scope', 'region'), u.id) AS entry, u.id AS actor
    FROM demo_item i JOIN center c ON c.kind = 'regional' JOIN kb_class k ON k.center_id = c.id AND k.name = i.class AND k.parent_id IS NOT NULL
    JOIN app_user u ON u.center_id = c.id AND u.login = 'admin' AND u.deleted_at IS NULL
    WHERE NOT EXISTS (SELECT FROM kb_entry e WHERE e.id = md5('demo knowledge ' || i.n)::uuid))
SELECT kb_entry_publish((entry->>'id')::uuid, 1, NULL, '', actor) FROM made ORDER BY n \g /dev/null
