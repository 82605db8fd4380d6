// The knowledge base (KB-01, KB-02, KB-06, KB-07, KB-14, GEN-04, GEN-06, PLAT-08): the life of an entry, its versions, who sees what,
// search, and other systems with a key.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AT_ONCE_MS, Person, Region, until } from './lib/region.mjs';

const NANNING = 2, LIUZHOU = 3;
let region, chief, admin, leader, agent, other, otherAdmin;
const open = [];

before(async () => {
  region = await Region.start();
  [chief, admin, leader, agent, otherAdmin, other] = await Promise.all([['guangxi', 'admin'], ['nanning', 'admin'], ['nanning', 'leader'], ['nanning', 'a1001'],
    ['liuzhou', 'admin'], ['liuzhou', 'a1001']].map(([center, login]) => Person.signIn(region, center, login)));
});
after(async () => {
  for (const one of open) await one.close();
  await region?.stop();
});

const classesOf = async (person, center) => (await person.get('/knowledge/classes')).items.filter((c) => c.center_id === center);
const library = async (person, center, name = '办税流程') => (await classesOf(person, center)).find((c) => c.name === name && c.parent_id === null);
const ifMatch = (version) => ({ 'if-match': `"${version}"` });
const draft = async (person, fields) => {
  const id = randomUUID();
  const { version } = await person.post('/knowledge/entries', { id, ...fields });
  return { id, version };
};
const publish = async (person, e, note = '') => Object.assign(e, await person.call('POST', `/knowledge/entries/${e.id}/publish`, { note }, ifMatch(e.version)));
const published = async (person, fields) => publish(person, await draft(person, fields));
const search = async (person, q, more = '') => (await person.get(`/knowledge/items?q=${encodeURIComponent(q)}${more}`)).items;
const found = (items) => items.filter((i) => !i.near).map((i) => i.title);
const refused = async (person, method, path, body, headers) => {
  const answer = await person.raw(method, path, body, headers);
  assert.equal(answer.status, 422, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body.errors;
};
const marks = (parts) => parts.filter((p) => p.hit).map((p) => p.text);

test('KB-01 KB-02 each center begins with two libraries; classes are made, moved, sorted, disabled; what is in use is not deleted, and says by whom', async () => {
  for (let center = 1; center <= 15; center++)
    assert.deepEqual((await classesOf(chief, center)).map((c) => [c.name, c.parent_id, c.enabled]), [['办税流程', null, true], ['办税大厅', null, true]], String(center));
  assert.deepEqual([...new Set((await agent.get('/knowledge/classes')).items.map((c) => c.center_id))], [NANNING], 'a city has its own');
  const top = await library(admin, NANNING);
  const first = await admin.post('/knowledge/classes', { parent_id: top.id, name: '发票' });
  const second = await admin.post('/knowledge/classes', { parent_id: top.id, name: '申报', sort: 1 });
  const below = await leader.post('/knowledge/classes', { parent_id: first.id, name: '数电发票' });
  const tree = async () => (await classesOf(agent, NANNING)).map((c) => c.name);
  assert.deepEqual(await tree(), ['办税流程', '申报', '发票', '数电发票', '办税大厅']);
  // moved with all below it; never below itself, nor to another center, nor deeper than five
  const moved = await admin.put(`/knowledge/classes/${first.id}`, { parent_id: second.id, name: ' 发票管理 ' }, ifMatch(first.version));
  assert.deepEqual(await tree(), ['办税流程', '申报', '发票管理', '数电发票', '办税大厅']);
  assert.match((await refused(admin, 'PUT', `/knowledge/classes/${second.id}`, { parent_id: below.id }, ifMatch(1))).parent_id, /自己的下级/);
  assert.ok((await refused(admin, 'POST', '/knowledge/classes', { parent_id: (await library(otherAdmin, LIUZHOU)).id, name: '越界' })).parent_id);
  assert.match((await refused(admin, 'POST', '/knowledge/classes', { parent_id: top.id, name: '申报' })).name, /已有名为“申报”/);
  assert.ok((await refused(admin, 'POST', '/knowledge/classes', { name: '　' })).name);
  const fifth = await admin.post('/knowledge/classes', { parent_id: below.id, name: '五级' });
  assert.match((await refused(admin, 'POST', '/knowledge/classes', { parent_id: fifth.id, name: '六级' })).parent_id, /五级/);
  assert.equal((await admin.raw('PUT', `/knowledge/classes/${first.id}`, { name: '旧' }, ifMatch(first.version))).status, 412);
  // in use: by what is below, by drafts, by versions that were
  const e = await published(admin, { class_id: below.id, title: '全电红冲', content: '一' });
  assert.match((await refused(admin, 'DELETE', `/knowledge/classes/${second.id}`)).id, /下级类别“发票管理”/);
  await admin.raw('DELETE', `/knowledge/classes/${fifth.id}`);
  assert.match((await refused(admin, 'DELETE', `/knowledge/classes/${below.id}`)).id, /知识“全电红冲”/);
  const now = await admin.put(`/knowledge/entries/${e.id}`, { class_id: first.id }, ifMatch(e.version));
  await publish(admin, Object.assign(e, now));
  assert.match((await refused(admin, 'DELETE', `/knowledge/classes/${below.id}`)).id, /历史版本/);
  // disabled, nothing in it or below it is found
  assert.deepEqual(found(await search(agent, '全电红冲')), ['全电红冲']);
  const off = await admin.put(`/knowledge/classes/${second.id}`, { enabled: false }, ifMatch(second.version));
  assert.deepEqual(await search(agent, '全电红冲'), []);
  assert.equal((await agent.get('/knowledge/items')).items.length, 0);
  await admin.put(`/knowledge/classes/${second.id}`, { enabled: true }, ifMatch(off.version));
  assert.equal(moved.version, 2);
  assert.equal((await agent.raw('POST', '/knowledge/classes', { name: '坐席' })).status, 403);
  assert.equal(await until('audited', () => region.sql("SELECT count(*) FROM audit_log WHERE action = 'kb_class.create' AND center_id = 2 AND detail LIKE 'name=发票 %'")), '1');
});

test('KB-14 the life of an entry: draft, published, changed, withdrawn, published again; readers see what is in force, nothing else', async () => {
  const { id: class_id } = await library(admin, NANNING, '办税大厅');
  const text = '　第一段 \r\n\r\n第二段<b>\u0007\n';
  const e = await draft(leader, { class_id, title: ' 大厅预约办法 ', content: text });
  const read = (person) => person.raw('GET', `/knowledge/items/${e.id}`);
  const entry = () => admin.get(`/knowledge/entries/${e.id}`);
  assert.deepEqual([(await read(agent)).status, (await entry()).state, (await entry()).content], [404, 'draft', '第一段\n\n第二段<b>']);
  assert.deepEqual(await search(agent, '大厅预约'), []);
  // who writes need not be who publishes
  assert.equal((await leader.raw('POST', `/knowledge/entries/${e.id}/publish`, {}, ifMatch(1))).status, 403);
  assert.equal((await agent.raw('GET', `/knowledge/entries/${e.id}`)).status, 403);
  await publish(admin, e, '首次发布');
  const item = (await read(agent)).body;
  assert.deepEqual([item.title, item.content, item.seq, item.class_path, item.note, item.versions.length], ['大厅预约办法', '第一段\n\n第二段<b>', 1, '办税大厅', '首次发布', 1]);
  // written on: readers have the old one until it is published
  Object.assign(e, await leader.put(`/knowledge/entries/${e.id}`, { title: '大厅预约新办法', content: '改过', valid_until: '2099-12-31' }, ifMatch(e.version)));
  assert.deepEqual([(await read(agent)).body.title, (await entry()).changed], ['大厅预约办法', true]);
  assert.equal((await leader.raw('PUT', `/knowledge/entries/${e.id}`, { title: '迟到' }, ifMatch(1))).status, 412);
  assert.equal((await leader.get('/knowledge/entries?state=changed')).items.filter((x) => x.id === e.id).length, 1);
  await publish(admin, e);
  assert.deepEqual([(await read(agent)).body.title, (await read(agent)).body.valid_until, (await entry()).changed], ['大厅预约新办法', '2099-12-31', false]);
  assert.match((await refused(admin, 'POST', `/knowledge/entries/${e.id}/publish`, {}, ifMatch(e.version))).id, /没有未发布的修改/);
  assert.match((await refused(admin, 'DELETE', `/knowledge/entries/${e.id}`)).id, /已发布过 2 个版本/);
  // withdrawn it is gone for readers, and may come again
  Object.assign(e, await admin.call('POST', `/knowledge/entries/${e.id}/withdraw`, undefined, ifMatch(e.version)));
  assert.deepEqual([(await read(agent)).status, found(await search(agent, '大厅预约')), (await entry()).state], [404, [], 'withdrawn']);
  assert.ok((await refused(admin, 'POST', `/knowledge/entries/${e.id}/withdraw`, undefined, ifMatch(e.version))).id);
  await publish(admin, e);
  assert.deepEqual(found(await search(agent, '大厅预约')), ['大厅预约新办法']);
  // what is past its last day is not found, and cannot be published
  region.sql(`UPDATE kb_version SET valid_until = '2020-01-01' WHERE entry_id = '${e.id}' AND ended_at IS NULL; UPDATE kb_entry SET valid_until = '2020-01-01', changed = true WHERE id = '${e.id}'`);
  assert.deepEqual([(await read(agent)).status, found(await search(agent, '大厅预约')), (await entry()).expired], [404, [], true]);
  assert.deepEqual((await admin.get('/knowledge/entries?state=expired')).items.map((x) => x.id), [e.id]);
  assert.match((await refused(admin, 'POST', `/knowledge/entries/${e.id}/publish`, {}, ifMatch(e.version))).valid_until, /2020-01-01 已过/);
  // a draft that nobody has read may go; written twice with one id it is one
  const spare = { id: randomUUID(), class_id, title: '多余', content: '文' };
  assert.deepEqual([(await admin.post('/knowledge/entries', spare)).version, (await admin.post('/knowledge/entries', spare)).version], [1, 1]);
  assert.equal((await admin.raw('DELETE', `/knowledge/entries/${spare.id}`)).status, 200);
  assert.equal((await admin.raw('GET', `/knowledge/entries/${spare.id}`)).status, 404);
  for (const [body, field] of [[{ title: ' ' }, 'title'], [{ content: '\n' }, 'content'], [{ class_id: 999999 }, 'class_id'], [{ share_scope: 'all' }, 'share_scope'],
    [{ valid_until: '2026-02-30' }, 'valid_until'], [{ valid_until: 'tomorrow' }, 'valid_until'], [{ state: 'published' }, 'state']])
    assert.ok((await refused(admin, 'POST', '/knowledge/entries', { id: randomUUID(), class_id, title: '题', content: '文', ...body }))[field], JSON.stringify(body));
  for (const action of ['create', 'update', 'publish', 'withdraw'])
    assert.ok(Number(await until(`kb_entry.${action} in the audit log`, () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'kb_entry.${action}' AND object_id = '${e.id}'`))) > 0, action);
});

test('KB-14 every publication is a version: older ones are read, and one published again is a new one; a draft somebody works on is left alone', async () => {
  const { id: class_id } = await library(admin, NANNING);
  const e = await published(admin, { class_id, title: '第一', content: '甲' });
  for (const [title, content] of [['第二', '乙'], ['第三', '丙']]) {
    Object.assign(e, await admin.put(`/knowledge/entries/${e.id}`, { title, content }, ifMatch(e.version)));
    await publish(admin, e);
  }
  const versions = async () => (await agent.get(`/knowledge/items/${e.id}`)).versions.map((v) => [v.seq, v.title, v.ended_at === null]);
  assert.deepEqual(await versions(), [[3, '第三', true], [2, '第二', false], [1, '第一', false]]);
  const first = await agent.get(`/knowledge/items/${e.id}/versions/1`);
  assert.deepEqual([first.title, first.content, first.seq], ['第一', '甲', 1]);
  assert.equal((await agent.raw('GET', `/knowledge/items/${e.id}/versions/4`)).status, 404);
  assert.deepEqual(found(await search(agent, '第一')), [], 'what is not in force is not found');
  const again = async (seq) => Object.assign(e, await admin.call('POST', `/knowledge/entries/${e.id}/versions/${seq}/publish`, { note: `恢复第 ${seq} 版` }, ifMatch(e.version)));
  await again(1);
  assert.deepEqual(await versions(), [[4, '第一', true], [3, '第三', false], [2, '第二', false], [1, '第一', false]]);
  assert.deepEqual([(await admin.get(`/knowledge/entries/${e.id}`)).title, (await admin.get(`/knowledge/entries/${e.id}`)).changed], ['第一', false], 'the draft goes along');
  Object.assign(e, await admin.put(`/knowledge/entries/${e.id}`, { title: '第五稿' }, ifMatch(e.version)));
  await again(2);
  const now = await admin.get(`/knowledge/entries/${e.id}`);
  assert.deepEqual([now.title, now.changed, now.seq, (await agent.get(`/knowledge/items/${e.id}`)).title], ['第五稿', true, 5, '第二'], 'the draft stays');
  assert.ok((await refused(admin, 'POST', `/knowledge/entries/${e.id}/versions/5/publish`, {}, ifMatch(e.version))).id);
  assert.equal((await admin.raw('POST', `/knowledge/entries/${e.id}/versions/9/publish`, {}, ifMatch(e.version))).status, 404);
  assert.equal((await leader.raw('POST', `/knowledge/entries/${e.id}/versions/1/publish`, {}, ifMatch(e.version))).status, 403);
});

test('GEN-04 GEN-06 KB-13 a center\'s own is its own; what it shares all read, their own first; older versions and drafts of others are nobody\'s', async () => {
  const at = async (person, center) => (await library(person, center)).id;
  const own = await published(otherAdmin, { class_id: await at(otherAdmin, LIUZHOU), title: '停车场共建', content: '本市的办法' });
  const shared = await published(otherAdmin, { class_id: await at(otherAdmin, LIUZHOU), title: '停车场共享', content: '全区可看', share_scope: 'region' });
  const common = await published(chief, { class_id: await at(chief, 1), title: '停车场共用', content: '全区统一的答复', share_scope: 'region' });
  const mine = await published(admin, { class_id: await at(admin, NANNING), title: '停车场共管', content: '本地的答复' });
  assert.deepEqual(found(await search(agent, '停车场')), ['停车场共管', '停车场共用', '停车场共享'], 'the local one first');
  assert.deepEqual(found(await search(other, '停车场')).sort(), ['停车场共享', '停车场共建', '停车场共用'].sort());
  assert.deepEqual((await search(other, '停车场')).slice(0, 2).map((i) => i.center_id), [LIUZHOU, LIUZHOU]);
  assert.ok((await agent.get('/knowledge/items')).items.every((i) => i.id !== own.id));
  for (const [person, id, status] of [[agent, own.id, 404], [agent, shared.id, 200], [agent, common.id, 200], [other, mine.id, 404], [admin, own.id, 404], [chief, own.id, 200]])
    assert.equal((await person.raw('GET', `/knowledge/items/${id}`)).status, status);
  // read, not written; its older versions are not told
  Object.assign(shared, await otherAdmin.put(`/knowledge/entries/${shared.id}`, { content: '全区可看，改过' }, ifMatch(shared.version)));
  await publish(otherAdmin, shared);
  assert.deepEqual([(await agent.get(`/knowledge/items/${shared.id}`)).versions, (await other.get(`/knowledge/items/${shared.id}`)).versions.length], [[], 2]);
  for (const [method, path, body] of [['GET', `/knowledge/items/${shared.id}/versions/1`], ['GET', `/knowledge/items/${shared.id}/versions/2`], ['GET', `/knowledge/entries/${shared.id}`],
    ['PUT', `/knowledge/entries/${shared.id}`, { title: '夺' }], ['DELETE', `/knowledge/entries/${shared.id}`], ['POST', `/knowledge/entries/${shared.id}/publish`, {}], ['POST', `/knowledge/entries/${shared.id}/withdraw`],
    ['POST', `/knowledge/entries/${shared.id}/versions/1/publish`, {}]]) {
    const answer = await admin.raw(method, path, body, ifMatch(shared.version));
    assert.equal(answer.status, 404, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  }
  // of classes: those in which something is shared, with no way to change them
  const seen = await classesOf(agent, LIUZHOU);
  assert.deepEqual(seen.map((c) => [c.name, c.center_name]), [['办税流程', region.sql(`SELECT name FROM center WHERE id = ${LIUZHOU}`)]]);
  assert.equal((await admin.raw('PUT', `/knowledge/classes/${seen[0].id}`, { name: '夺' }, ifMatch(1))).status, 404);
  assert.equal((await admin.raw('DELETE', `/knowledge/classes/${seen[0].id}`)).status, 404);
  assert.equal((await admin.raw('POST', '/knowledge/classes', { name: '越界', center_id: LIUZHOU })).status, 403);
  assert.equal((await admin.raw('POST', '/knowledge/entries', { id: randomUUID(), center_id: LIUZHOU, class_id: seen[0].id, title: '越', content: '界' })).status, 403);
  assert.ok((await refused(admin, 'POST', '/knowledge/entries', { id: randomUUID(), class_id: seen[0].id, title: '越', content: '界' })).class_id);
  // the region writes in a city; a city stops sharing, and it is gone for others
  assert.equal((await chief.post('/knowledge/entries', { id: randomUUID(), center_id: LIUZHOU, class_id: await at(otherAdmin, LIUZHOU), title: '代写', content: '文' })).version, 1);
  Object.assign(shared, await otherAdmin.put(`/knowledge/entries/${shared.id}`, { share_scope: 'center' }, ifMatch(shared.version)));
  await publish(otherAdmin, shared);
  assert.equal((await agent.raw('GET', `/knowledge/items/${shared.id}`)).status, 404);
  assert.deepEqual(await classesOf(agent, LIUZHOU), []);
});

// What a hotline is asked, and under which title the answer stands; sentences as people write them.
const BASE = [
  ['个体工商户注销税务登记', '个体户不再经营的，先结清税款、滞纳金和罚款，缴销发票，再申请注销。可在电子税务局办理，也可到办税服务厅窗口办理。'],
  ['增值税专用发票红冲办法', '开票有误、销货退回或服务中止的，购销双方确认后开具红字发票信息表，再开具红字专用发票。'],
  ['个人所得税汇算清缴退税', '在个人所得税手机应用里核对收入和扣除，有多缴的可申请退税，须填写本人的一类银行账户。'],
  ['专项附加扣除：赡养老人', '被赡养人年满六十岁。独生子女按规定标准定额扣除，非独生子女由兄弟姐妹分摊。'],
  ['城乡居民医疗保险缴费', '每年集中缴费期内按年缴纳，可用手机银行、微信或到网点办理，缴费后可查询凭证。'],
  ['灵活就业人员养老保险费', '可选择按月、按季或按年缴纳，档次在核定基数内自选，逾期不能补缴以前年度的应先咨询社保部门。'],
  ['社会保险费缴费证明打印', '登录电子税务局或自然人客户端，进入证明开具菜单，选择所属期后下载打印。'],
  ['纳税信用等级修复', '纳税人纠正失信行为后可申请修复，一年内补报补缴的按规定加分。'],
  ['税务登记非正常户解除', '补办未申报的各期申报，缴清罚款后由系统解除非正常状态。'],
  ['三方协议签订与银行扣款', '在电子税务局填写开户银行和账号，验证通过后即可用于网上缴款。'],
  ['KP3 版开票软件安装', '下载安装包 setup-3.2，关闭杀毒软件后安装，首次登录须插入税务UKey。'],
  ['小规模纳税人 1% 征收率', '适用 3% 征收率的应税收入减按 1% 征收，开票时选择对应税率。'],
  ['车辆购置税申报', '购车之日起六十日内申报，凭发票和合格证办理，新能源汽车按规定减免。'],
  ['房屋买卖契税计算', '按成交价格和适用税率计算，家庭唯一住房面积不超过规定的税率较低。'],
  ['印花税按次申报期限', '纳税义务发生之日起十五日内申报缴纳。'],
  ['出租房屋代开发票', '个人出租不动产可在电子税务局申请代开，先缴税后开票。'],
  ['发票增量与最高开票限额', '月供票数量不够的提交增量申请，需提供近期合同或开票明细。'],
  ['办税人员实名认证', '法定代表人、财务负责人和办税人员首次办税须实名采集，可扫脸完成。'],
  ['电子税务局忘记密码', '点击登录页的找回密码，通过实名手机号或扫脸重置。'],
  ['企业所得税季度预缴', '季度终了之日起十五日内预缴，年度终了后五个月内汇算清缴。'],
];
// The query, and which of BASE is expected.
const QUERIES = [['注销', 0], ['个体工商户 注销', 0], ['个体户怎么注销', 0], ['红冲', 1], ['专用发票开错了红字', 1], ['退税', 2], ['个税汇算清缴怎么退税', 2], ['赡养老人', 3], ['老人 扣除 独生子女', 3],
  ['居民医保缴费', 4], ['城乡居民医疗保险', 4], ['灵活就业', 5], ['灵活就业养老保险怎么交', 5], ['缴费证明', 6], ['社保缴费凭证打印', 6], ['信用修复', 7], ['非正常户', 8], ['解除非正常', 8], ['三方协议', 9],
  ['银行扣款', 9], ['kp3', 10], ['ＫＰ３', 10], ['setup-3.2', 10], ['ukey', 10], ['征收率', 11], ['1%', 11], ['3% 减按', 11], ['购置税', 12], ['新能源汽车', 12], ['契税', 13], ['买房契税税率', 13], ['印花税', 14],
  ['出租房屋', 15], ['个人出租 代开', 15], ['增量', 16], ['最高开票限额', 16], ['实名', 17], ['扫脸认证', 17], ['忘记密码', 18], ['电子税务局登录密码找回', 18], ['季度预缴', 19], ['企业所得税什么时候汇算', 19],
  ['缴销发票', 0], ['销货退回', 1], ['一类银行账户', 2], ['手机银行 缴费', 4], ['补报补缴', 7], ['网上缴款', 9], ['合格证', 12], ['合同 开票明细', 16]];

test('KB-07 a list of queries finds the expected item among the first five, hits marked as parts of the text; title before content; within chosen classes', async () => {
  const { id: top } = await library(chief, 1);
  const { id: class_id } = await chief.post('/knowledge/classes', { parent_id: top, name: '常见问题' });
  const ids = [];
  for (const [title, content] of BASE) ids.push((await published(chief, { class_id, title, content, share_scope: 'region' })).id);
  for (const [q, expected] of QUERIES) {
    const items = await search(agent, q);
    const place = items.findIndex((i) => i.id === ids[expected]);
    assert.ok(place >= 0 && place < 5, `${q}: ${BASE[expected][0]} at ${place} of ${items.map((i) => i.title).join('、')}`);
    assert.ok(marks([...items[place].title_parts, ...items[place].text_parts]).length > 0, q);
    for (const i of items) assert.equal(i.title_parts.map((p) => p.text).join(''), i.title, 'parts are the whole text');
  }
  // marked: all of the words, as they stand in the text
  const [kp] = await search(agent, 'kp3');
  assert.deepEqual([marks(kp.title_parts), kp.near], [['KP3'], false]);
  const [tax] = await search(agent, '房屋，契税');
  assert.deepEqual(marks(tax.title_parts), ['房屋', '契税']);
  const [long] = await search(agent, '杀毒软件');
  assert.deepEqual(marks(long.text_parts), ['杀毒软件']);
  // a title first; a longer word in one piece only
  const titles = found(await search(agent, '汇算清缴'));
  assert.deepEqual(titles, ['个人所得税汇算清缴退税', '企业所得税季度预缴']);
  assert.deepEqual(found(await search(agent, '缴退清')), []);
  // chosen classes with what is below them, and others
  const { id: hall } = await library(chief, 1, '办税大厅');
  assert.deepEqual(found(await search(agent, '契税', `&class_id=${top}`)), ['房屋买卖契税计算']);
  assert.deepEqual(await search(agent, '契税', `&class_id=${hall}`), []);
  assert.deepEqual(found(await search(agent, '契税', `&class_id=${hall},${class_id}`)), ['房屋买卖契税计算']);
  for (const [query, field] of [['q=税', 'q'], ['q=%EF%BC%8C', 'q'], ['q=a b', 'q'], ['class_id=x', 'class_id'], ['class_id=1,', 'class_id'], ['class_id=99999999999', 'class_id']])
    assert.ok((await refused(agent, 'GET', `/knowledge/items?${query}`))[field], query);
  for (const hostile of ["'; DROP TABLE kb_version; --", '%_%', '\\', '{"a"}', '<script>alert(1)</script>']) {
    const answer = await agent.raw('GET', `/knowledge/items?q=${encodeURIComponent(hostile)}`);
    assert.ok([200, 422].includes(answer.status), `${hostile}: ${answer.status}`);
  }
  // browsed without words, the newest first, by pages
  const pages = [];
  for (let after = ''; after !== null;) {
    const page = await agent.get(`/knowledge/items?class_id=${class_id}&limit=8${after && `&after=${after}`}`);
    pages.push(page.items.length);
    after = page.next;
  }
  assert.deepEqual(pages, [8, 8, 4]);
  assert.equal((await agent.get(`/knowledge/items?class_id=${class_id}&limit=1`)).items[0].title, BASE.at(-1)[0]);
});

test('KB-07 the index finds it, however many there are: no search reads the table from end to end, nor whole classes', async () => {
  region.sql(`INSERT INTO kb_entry (id, center_id, class_id, title, content, state, last_seq, changed)
      SELECT md5('many' || g)::uuid, ${NANNING}, (SELECT min(id) FROM kb_class WHERE center_id = ${NANNING}), '题目' || g || '之' || chr(19968 + g % 4000) || chr(20000 + g % 3000), repeat('纳税人缴费事项说明' || g || '，', 5), 'published', 1, false FROM generate_series(1, 5000) g;
    INSERT INTO kb_version (entry_id, seq, center_id, class_id, title, content, share_scope) SELECT id, 1, center_id, class_id, title, content, share_scope FROM kb_entry WHERE title LIKE '题目%';
    ANALYZE kb_version`);
  const scans = () => region.sql("SELECT pg_stat_force_next_flush(); SELECT (SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'kb_version') || ' ' || (SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'kb_version_pieces') || ' ' || (SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'kb_version_class')").trim().split(' ').map(Number);
  // A server process tells its counts late, those of the tests before, too: each query is asked so often that one that reads
  // all stands out from that.
  const OFTEN = 20, queries = ['题目4711', '缴费事项', '纳税人 说明4999', '没有的词语'];
  const [read, used, walked] = scans();
  for (const q of queries) for (let i = 0; i < OFTEN; i++) await search(agent, q);
  assert.equal(found(await search(agent, '题目4711')).length, 1);
  for (const limit of [1, 2, 3]) {
    const page = await agent.get(`/knowledge/items?limit=${limit}&q=${encodeURIComponent('缴费事项')}`);
    assert.deepEqual([page.items.length, page.more], [limit, true], `${limit} of many`);
  }
  const all = OFTEN * queries.length;
  const [readNow, , walkedNow] = await until('all counts are told', () => { const now = scans(); return now[1] >= used + all && now; }, 40000);
  assert.ok(readNow - read < OFTEN / 2, `the table was read from end to end ${readNow - read} times in ${all} searches`);
  assert.ok(walkedNow - walked < OFTEN / 2, `classes were read ${walkedNow - walked} times in ${all} searches`);
});

// A system of somebody else, as in keys.test.mjs.
class System extends Person {
  constructor(of, key) {
    super(of);
    this.key = key;
  }
  raw(method, path, body, headers = {}) { return super.raw(method, path, body, { ...headers, authorization: `Bearer ${this.key}` }); }
  async listen() {
    this.events = [];
    this.abort = new AbortController();
    const response = await fetch(`${this.region.base}/api/v1/events`, { headers: { authorization: `Bearer ${this.key}` }, signal: this.abort.signal });
    this.reading = this.readEvents(response).catch(() => {});
    await until('hello event', () => this.events.some((e) => e.event === 'hello'));
    open.push(this);
    return this;
  }
  // A result, and at once the event.
  async does(what, act) {
    const from = this.events.length, began = Date.now();
    const result = await act();
    const event = await until(`${what}: event`, () => this.events.slice(from).find((e) => e.event === 'knowledge' && e.data.what === what));
    assert.ok(event.at - began < AT_ONCE_MS, `${what} took ${event.at - began} ms`);
    return { result, data: event.data };
  }
}
const keyOf = async (person, groups, more) => new System(region, (await person.post('/settings/keys', { name: `测试 ${groups}`, groups, ...more })).key);

test('PLAT-08 IT: a key searches and reads the knowledge of its center; one with the ability also maintains it, each change told by event at once', async () => {
  const [reader, writer, foreign] = [await keyOf(admin, ['it']), await keyOf(admin, ['knowledge']), await keyOf(otherAdmin, ['it', 'knowledge'])];
  for (const system of [reader, writer, foreign]) await system.listen();
  const top = await library(reader, NANNING);
  const id = randomUUID();
  const fields = { id, class_id: top.id, title: '接口写入的知识', content: '由门户网站维护' };
  for (const [method, path, body] of [['POST', '/knowledge/entries', fields], ['GET', '/knowledge/entries'], ['POST', '/knowledge/classes', { name: '接口' }]])
    assert.deepEqual([(await reader.raw(method, path, body)).status, (await reader.raw(method, path, body)).body.code], [403, 'key.route'], path);
  const { result } = await writer.does('created', () => writer.post('/knowledge/entries', fields));
  const changed = await writer.does('updated', () => writer.put(`/knowledge/entries/${id}`, { content: '由门户网站维护，改过' }, ifMatch(result.version)));
  assert.deepEqual(changed.data, { center_id: NANNING, item_id: id, what: 'updated' });
  const done = await writer.does('published', () => writer.call('POST', `/knowledge/entries/${id}/publish`, { note: '接口' }, ifMatch(changed.result.version)));
  await until('the reader hears of it', () => reader.events.some((e) => e.event === 'knowledge' && e.data.item_id === id && e.data.what === 'published'));
  assert.deepEqual(found(await search(reader, '门户网站')), ['接口写入的知识']);
  const item = await reader.get(`/knowledge/items/${id}`);
  assert.deepEqual([item.content, item.published_by_name], ['由门户网站维护，改过', '接口密钥']);
  assert.equal((await reader.get(`/knowledge/items/${id}/versions/1`)).seq, 1);
  assert.ok(!reader.events.some((e) => e.event === 'knowledge' && e.data.what !== 'published'), 'of drafts only who writes hears');
  // nothing of it for another center's key, until it is shared
  assert.deepEqual([(await foreign.raw('GET', `/knowledge/items/${id}`)).status, (await search(foreign, '门户网站')).length, foreign.events.filter((e) => e.event === 'knowledge').length], [404, 0, 0]);
  const shared = await writer.put(`/knowledge/entries/${id}`, { share_scope: 'region' }, ifMatch(done.result.version));
  const everywhere = await foreign.does('published', () => writer.call('POST', `/knowledge/entries/${id}/publish`, {}, ifMatch(shared.version)));
  assert.equal((await foreign.get(`/knowledge/items/${id}`)).title, '接口写入的知识');
  await foreign.does('withdrawn', () => writer.call('POST', `/knowledge/entries/${id}/withdraw`, undefined, ifMatch(everywhere.result.version)));
  assert.equal((await reader.raw('GET', `/knowledge/items/${id}`)).status, 404);
  assert.equal(await until('written down with the key', () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'kb_entry.publish' AND object_id = '${id}' AND user_id IS NULL AND detail LIKE '%key=测试 knowledge%'`)), '2');
});

test('CC-36 GEN-03 a center without the knowledge base has none of it', async () => {
  await chief.put(`/settings/centers/${LIUZHOU}/functions/knowledge`, { enabled: false });
  await region.configured();
  for (const path of ['/knowledge/items', '/knowledge/classes', '/knowledge/entries'])
    assert.equal(await until(path, async () => { const answer = await otherAdmin.raw('GET', path); return answer.status === 403 && answer.body.code; }), 'function.off');
  await chief.put(`/settings/centers/${LIUZHOU}/functions/knowledge`, { enabled: true });
});
