// Calls that move between centers: the codes under which a center takes them, what is allowed in which direction, and
// queues and seats that are for such calls alone.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { Office, answer, neverRang } from './lib/office.mjs';

let region, boss, city; // boss: the region's administrator; city: 南宁 at work
const callers = [];

before(async () => {
  region = await Region.start();
  [boss, city] = await Promise.all([Person.signIn(region, 'guangxi', 'admin'), Office.open(region, 'nanning')]);
});
after(async () => {
  for (const caller of callers) caller.kill();
  await Promise.all([boss?.close(), city?.close()]);
  await region?.stop();
});

const along = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
function calls(to, args = [], from = '13877100007') {
  const caller = Caller.start(region, { from, to, args });
  callers.push(caller);
  return caller;
}
const refused = async (to, args) => (await calls(to, args).waitFor('refused')).status;
async function center(id, person = boss) { return (await person.get('/settings/transfers')).items.find((c) => c.center_id === id); }
const match = (version) => ({ 'if-match': `"${version}"` });
const changed = async (action) => { const body = await action(); await region.configured(); return body; };
async function allow(id, fields) {
  const { version } = await center(id);
  return changed(() => boss.put(`/settings/transfers/${id}`, fields, match(version)));
}
async function code(id, source, fields, person = boss) {
  const old = (await center(id, person)).codes.find((c) => c.source === source);
  return changed(() => person.put(`/settings/transfers/${id}/codes/${source}`, { code: old?.code, ...fields }, match(old?.version ?? 1)));
}
const idOf = (name) => Number(region.sql(`SELECT id FROM center WHERE code = '${name}'`));

test('XFER-08 a city changes its own access code: audited, known to nobody on the public trunk, unlike every number of the plan', async () => {
  assert.equal(await refused('91450100'), 404);
  const own = await center(city.id, city.admin);
  assert.deepEqual((await city.admin.get('/settings/transfers')).items.map((c) => c.center_id), [city.id]);
  await code(city.id, 'from_12366', { code: '7001' }, city.admin);
  assert.equal((await center(city.id)).codes.find((c) => c.source === 'from_12366').code, '7001');
  assert.equal(await refused('7001'), 404);
  assert.match(await until('audited', () => region.sql(`SELECT detail FROM audit_log WHERE action = 'transfer.code' AND object_id = '${city.id}'`)), /code=7001/);
  const { version } = (await center(city.id, city.admin)).codes.find((c) => c.source === 'from_12366');
  const put = (id, body, v = version, person = city.admin) => person.raw('PUT', `/settings/transfers/${id}/codes/from_12366`, body, match(v));
  assert.equal((await put(city.id, { code: '7002' }, version - 1)).status, 412);
  assert.match((await put(city.id, { code: '12366' })).body.errors.code, /号码“12366”已在号码表中使用/);
  assert.match((await put(city.id, { code: '70x' })).body.errors.code, /数字/);
  assert.match((await put(city.id, { code: '7001', queue_id: 1 })).body.errors.queue_id, /没有这个队列/);
  assert.match((await put(city.id, { code: '7001', trunk_id: 1 })).body.errors.trunk_id, /自治区/);
  assert.equal((await put(3, { code: '7003' })).status, 403);
  assert.equal((await city.admin.raw('PUT', `/settings/transfers/${city.id}`, { to_12366: true }, match(own.version))).status, 403);
});

test('XFER-16 the four settings of a city are kept with their hours, and wrong hours are refused', async () => {
  const hours = { week: { 1: [['09:00', '12:00']] }, days: {} };
  for (const [to_12366, from_12366] of [[false, false], [true, false], [false, true], [true, true]]) {
    await allow(city.id, { to_12366, from_12366, to_12366_hours: to_12366 ? hours : null });
    const now = await center(city.id);
    assert.deepEqual([now.to_12366, now.from_12366], [to_12366, from_12366]);
    assert.deepEqual(now.to_12366_hours, to_12366 ? hours : null);
  }
  const { version } = await center(city.id);
  const wrong = await boss.raw('PUT', `/settings/transfers/${city.id}`, { from_12366_hours: { week: { 1: [['9', '12']] } } }, match(version));
  assert.equal(wrong.status, 422);
  assert.ok(wrong.body.errors.from_12366_hours);
  assert.equal((await boss.raw('PUT', `/settings/transfers/${idOf('guangxi')}`, { to_12366: false }, match(1))).status, 404);
  await allow(city.id, { to_12366_hours: null });
});

// 柳州 is another daemon's from here on: what comes over the demo trunk is its calls.
test('XFER-14 XFER-17 a city of another daemon passes a caller on: its name, keys, notes and form are there, and without the header it works as well', async () => {
  const liuzhou = idOf('liuzhou'), trunk = Number(region.sql("SELECT id FROM trunk WHERE name = '本机演示中继'"));
  for (const source of ['from_12366', 'from_city']) await code(liuzhou, source, { trunk_id: trunk });
  assert.equal((await center(liuzhou)).codes[0].trunk_name, '本机演示中继');
  const agent = await Agent.start(region, 'guangxi', 'a1001');
  try {
    const global = '0193a5d2-1111-7abc-8def-0123456789ab';
    const caller = calls('92450000', ['--call-id', global, '--along', along({ center: 'liuzhou', agent_no: '1003', agent: '韦兰', caller: '13977200001',
      note: '数电票勾选,客户急', path: [['主菜单', '1']], draft: { title: '数电票', content: '不能勾选', id: 'x' } })], '077212345678');
    const { call } = await agent.ring();
    assert.equal((await caller.waitFor('progress')).early_media, true);
    assert.equal(caller.seen('answered'), undefined); // it rings there until somebody takes it here
    assert.equal(call.party_no, '13977200001');
    assert.deepEqual([call.source, call.unit_type, call.info_source], ['from_city', 'from_city', 'city']);
    assert.deepEqual(call.transfer, { global_call_id: global, center_id: liuzhou, center_name: '柳州市12366分中心', agent_no: '1003', agent_name: '韦兰',
      note: '数电票勾选,客户急', path: [{ menu: '主菜单', key: '1', result: 'ok' }], draft: { title: '数电票', content: '不能勾选' } });
    await answer(agent);
    await caller.waitFor('answered');
    const made = await agent.person.post('/records', { id: crypto.randomUUID(), call_id: call.call_id, category: '01', title: '数电票' });
    await caller.hangUp();
    const [from, no, record] = await until('the call in the books', () => region.sql(`SELECT c.from_center, c.from_agent_no, r.unit_type FROM call c JOIN record r USING (call_id)
      WHERE c.call_id = '${call.call_id}' AND c.from_center <> '' AND r.id = '${made.id}'`)).then((row) => row.split('|'));
    assert.deepEqual([from, no, record], ['liuzhou', '1003', 'from_city']);
    await agent.done().catch(() => {});
    await agent.ready();

    const bare = calls('92450000', [], '13977200002'); // a provider took the header away
    const { call: second } = await agent.ring();
    assert.equal(second.party_no, '13977200002');
    assert.equal(second.transfer.center_name, '柳州市12366分中心'); // the only center behind that trunk
    assert.equal(second.transfer.draft, null);
    bare.say('cancel');
    await bare.exited;
    await until('ready again', () => agent.document.state === 'ready');
    await agent.person.post('/agent/sign-out');
  } finally {
    await agent.close();
  }
});

test('XFER-11 what the region switches off is refused at the next call, and what it allows again rings', async () => {
  await allow(idOf('liuzhou'), { to_12366: false });
  assert.equal(await refused('92450000'), 403);
  await allow(idOf('liuzhou'), { to_12366: true, to_12366_hours: { week: {}, days: {} } });
  assert.equal(await refused('92450000'), 403);
  await allow(idOf('liuzhou'), { to_12366_hours: null });
  const agent = await Agent.start(region, 'guangxi', 'a1001');
  const caller = calls('92450000');
  await agent.ring();
  caller.say('cancel');
  await agent.close();
});

test('XFER-10 XFER-15 ACD-09 a dedicated queue and seat take transferred calls and no others, before direct callers', async () => {
  const [special, normal] = await city.team(['a1001', 'a1002']);
  const queue = (await city.queue('report')).id;
  const { version } = await center(city.id, city.admin);
  await changed(() => city.admin.put(`/settings/transfers/${city.id}/dedicated`, { queues: [queue], seats: [special.person.me.user.id] }, match(version)));
  await code(city.id, 'from_city', { queue_id: queue, priority: 30 }, city.admin);
  const now = await center(city.id, city.admin);
  assert.deepEqual(now.queues.filter((q) => q.transfer_only).map((q) => q.id), [queue]);
  assert.deepEqual(now.seats.filter((s) => s.transfer_seat).map((s) => s.user_id), [special.person.me.user.id]);

  await normal.person.put('/agent/state', { state: 'busy', reason_id: 0 }).catch(() => normal.person.put('/agent/state', { state: 'busy' }));
  const direct = await city.waiting('1');
  const barred = city.call('3'); // asks for the dedicated queue itself: nobody there for a direct caller
  await barred.waitFor('over', () => true, 20000).catch(() => barred.exited);
  const passed = calls('92450100', [], '13977200003');
  await until('the special seat rings', () => special.document.state === 'ring' && special.document.call.caller_no === '13977200003');
  await answer(special);
  await passed.hangUp();
  neverRang([special], direct);
  neverRang([special], barred);

  // Both wait in the same queue: the transferred one first.
  await changed(() => city.admin.put(`/settings/transfers/${city.id}/dedicated`, { queues: [], seats: [] }, match(now.version)));
  await code(city.id, 'from_city', { queue_id: 0 }, city.admin);
  await special.person.post('/agent/sign-out').catch(() => {});
  const second = calls('92450100', [], '13977200004');
  await until('both wait', async () => (await city.wall()).waiting.length === 2);
  assert.equal((await city.wall()).waiting.find((w) => w.caller_no === '139****0004').priority, 30);
  await normal.ready();
  await until('the transferred one rings', () => normal.document.state === 'ring');
  assert.equal(normal.document.call.caller_no, '13977200004');
  second.say('cancel');
  await until('then the direct one', () => normal.document.state === 'ring' && normal.document.call.caller_no === direct.number);
  await direct.hangUp();
});
