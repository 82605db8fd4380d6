// To which center a caller of the region's number goes: the table of rules and places, taxpayers before it, and what
// happens while the directory of taxpayers cannot be read.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { CITIES, QUICK_FLOW, answer, cityOf } from './lib/office.mjs';
import { lock as lockTables } from './lib/drills.mjs';

let region, boss, cityAdmin, nanning, liuzhou;
const callers = [];

before(async () => {
  region = await Region.start();
  region.sql('UPDATE center SET announce_agent_no = false');
  for (const code of ['main', 'transfer'])
    region.sql(`UPDATE flow_version v SET document = '${JSON.stringify(code === 'main' ? QUICK_FLOW : { ...QUICK_FLOW, entry: 'consult', nodes: { consult: QUICK_FLOW.nodes.consult, busy: QUICK_FLOW.nodes.busy } })}' FROM flow f WHERE f.id = v.flow_id AND f.code = '${code}' AND f.center_id IN (1, 2, 3)`);
  await region.configured();
  [boss, cityAdmin, nanning, liuzhou] = await Promise.all([Person.signIn(region, 'guangxi', 'admin'), Person.signIn(region, 'nanning', 'admin'),
    Agent.start(region, 'nanning', 'a1001'), Agent.start(region, 'liuzhou', 'a1001')]);
});
after(async () => {
  for (const caller of callers) caller.kill();
  await Promise.all([nanning?.close(), liuzhou?.close(), boss?.close(), cityAdmin?.close()]);
  await region?.stop();
});

const match = (version) => ({ 'if-match': `"${version}"` });
const setting = () => boss.get('/settings/routes');
async function set(fields) {
  const { version } = await setting();
  await boss.put('/settings/routes', fields, match(version));
  await region.configured();
}
async function upload(person, path, text) {
  const response = await fetch(`${region.base}/api/v1${path}`, { method: 'POST', headers: { cookie: person.cookie, 'x-csrf-token': person.csrf, 'content-type': 'text/csv' }, body: text });
  return { status: response.status, body: await response.json() };
}
const where = (number) => boss.post('/settings/routes/try', { number });
function calls(from) {
  const caller = Caller.start(region, { from, to: '12366' });
  callers.push(caller);
  return caller;
}
const mobileOf = (city) => region.sql(`SELECT from_prefix FROM number_place WHERE city = '${city}' AND from_prefix LIKE '1%' ORDER BY from_prefix LIMIT 1`);
// Rings at the agent of the city, is answered, and ends.
async function arrives(agent, from, { number = from, source = 'from_12366' } = {}) {
  const begun = Date.now();
  const caller = calls(from);
  await agent.waitState('ring', 30000);
  const took = Date.now() - begun;
  const { call } = agent.document;
  assert.deepEqual([call.party_no, call.source, call.unit_type, call.info_source], [number, source, source, 'r12366']);
  const id = await answer(agent);
  await caller.hangUp();
  await until('summing up', () => agent.document.state === 'acw');
  await agent.done();
  await until('ready again', () => agent.document.state === 'ready');
  return { id, took, queue: call.queue_name, transfer: call.transfer };
}

test('ACD-10 rules are imported from a file, with an error for each wrong line, and belong to the region alone', async () => {
  const file = '号段,分中心,说明\n0771,nanning,默认\n07718,崇左市,江州区\n0772,柳州市12366分中心,默认\n07725,来宾,\n077x,南宁市,\n0775,没有这个中心,\n1387799,liuzhou,"携号, 转网"\n';
  const done = await upload(boss, '/settings/routes/import', file);
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.deepEqual([done.body.made, done.body.changed, done.body.problems.map((p) => p.line)], [5, 0, [6, 7]]);
  assert.match(done.body.problems[0].problem, /号段“077x”应为/);
  assert.match(done.body.problems[1].problem, /没有中心“没有这个中心”/);
  assert.deepEqual((await upload(boss, '/settings/routes/import', file)).body.changed, 5);
  assert.equal((await upload(boss, '/settings/routes/import', '号段,分中心\n')).body.errors.file, '文件里没有号段；每行应为号段、分中心、说明三列');
  assert.equal((await upload(cityAdmin, '/settings/routes/import', file)).status, 403);
  assert.equal((await cityAdmin.raw('GET', '/settings/routes')).status, 403);
  const { items } = await boss.get('/settings/routes/rules?search=077');
  assert.deepEqual(items.map((r) => [r.prefix, r.center_name]), [['0771', '南宁市12366分中心'], ['07718', '崇左市12366分中心'], ['0772', '柳州市12366分中心'], ['07725', '来宾市12366分中心']]);
  const { id } = await boss.raw('PUT', '/settings/routes/rules', { prefix: '0774', center_id: cityOf('wuzhou').id, note: '' }).then((a) => a.body);
  const wrong = await boss.raw('PUT', '/settings/routes/rules', { prefix: '7715', center_id: 2 });
  assert.equal(wrong.status, 422);
  assert.match(wrong.body.errors.prefix, /号段“7715”应为/);
  assert.equal((await boss.raw('DELETE', `/settings/routes/rules/${id}`)).status, 200);
  assert.equal((await boss.raw('DELETE', `/settings/routes/rules/${id}`)).status, 404);
  await until('audited', () => /route\.import route\.rule route\.rule_delete/.test(region.sql("SELECT string_agg(DISTINCT action, ' ' ORDER BY action) FROM audit_log WHERE action LIKE 'route.%'")));
  const page = await boss.get('/settings/routes/rules?limit=2');
  assert.deepEqual([page.items.length, page.next], [2, '07718']);
  assert.equal((await boss.get('/settings/routes/rules?limit=2&after=07718')).items[0].prefix, '0772');
});

test('ACD-10 every city is found by mobile, area code and country form; shared area codes by default and rule; unknown ones where it is set', async () => {
  await region.configured();
  const names = ['南宁', '柳州', '桂林', '梧州', '北海', '防城港', '钦州', '贵港', '玉林', '百色', '贺州', '河池', '来宾', '崇左'];
  for (const [i, name] of names.entries()) {
    const mobile = `${mobileOf(name)}4321`;
    for (const form of [mobile, `+86${mobile}`, `0086${mobile}`, `86${mobile}`, `0${mobile}`]) {
      const found = await where(form);
      assert.deepEqual([found.number, found.center_id, found.by], [mobile, CITIES[i].id, 'place'], form);
      assert.match(found.why, new RegExp(`归属地号段“${mobile.slice(0, 7)}”`));
    }
  }
  const expected = { '07715551234': ['nanning', 'rule', '0771'], '+867718551234': ['chongzuo', 'rule', '07718'], '00867725551234': ['laibin', 'rule', '07725'], '07721234567': ['liuzhou', 'rule', '0772'],
    '13877991234': ['liuzhou', 'rule', '1387799'], '07737551234': ['guilin', 'place', '0773'], '+867792345678': ['beihai', 'place', '0779'] };
  for (const [number, [city, by, digits]] of Object.entries(expected)) {
    const found = await where(number);
    assert.deepEqual([found.center_id, found.by], [cityOf(city).id, by], number);
    assert.match(found.why, new RegExp(`“${digits}”`));
  }
  // Two cities share the code and no rule says which: the city of the table, and the sentence says so.
  const shared = await where('07752345678');
  assert.ok(['guigang', 'yulin'].map((c) => cityOf(c).id).includes(shared.center_id));
  assert.match(shared.why, /几个城市共用/);
  for (const number of ['anonymous', '', '13800138000', '02088886666', '10086']) {
    const found = await where(number);
    assert.deepEqual([found.by, found.center_id, found.stays], ['default', 0, true], number);
  }
  await set({ unknown_center_id: cityOf('guilin').id });
  assert.deepEqual([(await where('13800138000')).center_id, (await where('anonymous')).center_id], [cityOf('guilin').id, cityOf('guilin').id]);
  await set({ unknown_center_id: 0 });
  assert.equal((await boss.raw('PUT', '/settings/routes', { unknown_center_id: 99 }, match((await setting()).version))).body.errors.unknown_center_id, '没有这个中心');
  assert.equal((await boss.raw('PUT', '/settings/routes', { by_taxpayer: true }, match(1))).status, 412);
});

test('ACD-10 the region\'s number sends callers to the center of their number; who is not taken goes through its own flow', async () => {
  const [number] = (await setting()).numbers;
  assert.deepEqual([number.called_no, number.by_caller], ['12366', false]);
  await set({ numbers: [number.id] });
  const mobile = `${mobileOf('南宁')}4321`;
  const { id, transfer } = await arrives(nanning, `+86${mobile}`, { number: mobile });
  assert.equal(transfer.center_name, '广西12366纳税缴费服务热线');
  await arrives(liuzhou, '07721234567');
  await arrives(liuzhou, '13877991234'); // by the rule, against the place of its first digits
  const [outcome, same] = (await until('both calls in the books', () => region.sql(`SELECT r.outcome, r.global_call_id = c.global_call_id FROM call c JOIN call r ON r.global_call_id = c.global_call_id AND r.center_id = 1
    WHERE c.call_id = '${id}' AND r.outcome <> 'open'`))).split('|');
  assert.deepEqual([outcome, same], ['flow_ext', 't']);
  // Nobody is signed in at 桂林: the caller hears the region's menu.
  const stays = calls(`${mobileOf('桂林')}4321`);
  await until('it stays with the region', () => region.log.includes('refused=该中心没有坐席签入'));
  await stays.hangUp();
});

test('ACD-11 taxpayers are imported by their center, with an error for each wrong line; a look is audited and masked', async () => {
  const office = region.sql('SELECT name FROM org WHERE center_id = 3');
  const file = `纳税人识别号,名称,主管税务机关,号码\n91450200MA5KABCD1X,柳州甲公司,${office},13877100001 0772-1234567\n91450200MA5KABCD2X,柳州乙公司,,+8613877100002\nbad,丙公司,,13877100003\n91450200MA5KABCD4X,丁公司,没有这个所,13877100004\n91450200MA5KABCD5X,戊公司,,12a\n`;
  const admin = await Person.signIn(region, 'liuzhou', 'admin');
  try {
    const done = await upload(admin, '/taxpayers/import', file);
    assert.deepEqual([done.body.made, done.body.changed, done.body.problems.map((p) => p.line)], [2, 0, [4, 5, 6]], JSON.stringify(done.body));
    assert.deepEqual(done.body.problems.map((p) => p.problem), ['纳税人识别号“BAD”应为 15 到 20 位数字或大写字母', '本中心没有税务机关“没有这个所”', '号码“12a”不是手机号码，也不是带区号的固定电话']);
    assert.equal((await upload(admin, '/taxpayers/import', file)).body.changed, 2);
    assert.match((await upload(admin, '/taxpayers/import', `${'91450200MA5KABCD1X,甲,,13877100001\n'.repeat(2001)}`)).body.errors.file, /一次最多导入 2000 行/);
    assert.equal((await upload(admin, '/taxpayers/import?center_id=2', file)).status, 403);
    assert.deepEqual((await cityAdmin.get('/taxpayers')).items, []); // of another city
    const { items } = await admin.get('/taxpayers?q=13877100001');
    assert.deepEqual([items.length, items[0].name, items[0].org_name], [1, '柳州甲公司', office]);
    await until('audited', () => region.sql("SELECT count(*) > 0 FROM audit_log WHERE action = 'taxpayer.list' AND center_id = 3 AND detail LIKE '%13877100001%'") === 't');
    assert.equal((await admin.raw('DELETE', `/taxpayers/${items[0].id}`)).status, 200);
    assert.equal(region.sql("SELECT count(*) FROM taxpayer_phone WHERE number = '13877100001'"), '0');
    assert.equal((await upload(admin, '/taxpayers/import', file)).body.made, 1);
  } finally {
    await admin.close();
  }
});

test('ACD-11 a taxpayer\'s call goes to his center before the prefix rule, into the queue of his office', async () => {
  assert.equal((await where('13877100001')).by, 'taxpayer'); // of 柳州, though the number is from 南宁
  const admin = await Person.signIn(region, 'liuzhou', 'admin');
  try {
    const [office] = (await admin.get('/settings/offices')).items;
    assert.equal(office.taxpayers, 1);
    const complaint = office.queues.find((q) => q.name.includes('投诉'));
    assert.equal((await admin.raw('PUT', `/settings/offices/${office.id}`, { queue_id: 1 })).body.errors.queue_id, '本中心没有这个队列');
    assert.equal((await cityAdmin.raw('PUT', `/settings/offices/${office.id}`, { queue_id: 0 })).status, 404);
    await admin.put(`/settings/offices/${office.id}`, { queue_id: complaint.id });
    region.sql(`INSERT INTO queue_member (queue_id, user_id, center_id, weight) SELECT ${complaint.id}, id, 3, 50 FROM app_user WHERE center_id = 3 AND login = 'a1001' ON CONFLICT DO NOTHING`);
    await region.configured();
    const found = await where('+8613877100001');
    assert.deepEqual([found.center_id, found.queue_name, found.why], [3, complaint.name, '号码属于纳税人“柳州甲公司”']);
    assert.equal((await arrives(liuzhou, '13877100001')).queue, complaint.name);
    assert.notEqual((await arrives(liuzhou, '13877100002')).queue, complaint.name); // no office
  } finally {
    await admin.close();
  }
});

test('ACD-11 numbers of taxpayers of several centers go by the prefix', async () => {
  const file = '91450100MA5KABCD9X,南宁丁公司,,13877991234 13877100002\n';
  assert.equal((await upload(cityAdmin, '/taxpayers/import', file)).body.made, 1);
  const found = await where('13877100002');
  assert.deepEqual([found.by, found.center_id], ['place', 2]);
  assert.match(found.why, /匹配到 2 户纳税人，分属不同中心/);
  assert.equal((await where('13877991234')).by, 'taxpayer');
  await arrives(nanning, '13877991234');
});

test('ACD-11 while the directory of taxpayers is locked the call goes by the prefix within about a second, and the taxpayer counts again afterwards', async () => {
  const lock = await lockTables(region, 'taxpayer, taxpayer_phone', 'ACCESS EXCLUSIVE');
  let took;
  try {
    ({ took } = await arrives(nanning, '13877100001')); // of a taxpayer of 柳州
    assert.ok(took < 4000, `rang after ${took} ms`);
    assert.ok(took > 800, `was not asked for at all: rang after ${took} ms`);
    assert.ok((await arrives(nanning, '13877100001')).took < took, 'while the tables are known to be away nobody waits for them');
    assert.equal((await boss.raw('GET', '/settings/queues')).status, 200);
  } finally {
    await lock.let();
  }
  await until('the taxpayer counts again', async () => {
    const caller = calls('13877100001');
    const agent = await until('somebody rings', () => [nanning, liuzhou].find((a) => a.document.state === 'ring'), 20000);
    const id = await answer(agent);
    await caller.hangUp();
    await until('summing up', () => agent.document.state === 'acw' && id);
    await agent.done();
    await until('ready again', () => agent.document.state === 'ready');
    return agent === liuzhou;
  }, 40000);
});
