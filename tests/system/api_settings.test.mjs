// The settings over HTTP, on a real daemon with real calls: what is published is in force for the next
// call, what is wrong is not, and nobody reaches further than he may.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { findSound, readWav } from './lib/sound.mjs';

const NANNING = '07711236601';
const LIUZHOU = '07721236602';
const SECRET = 'Neue-Leute-77';
let region, admin, leader, region_admin, liuzhou;

before(async () => {
  region = await Region.start();
  admin = await Person.signIn(region, 'nanning', 'admin');
  leader = await Person.signIn(region, 'nanning', 'leader');
  region_admin = await Person.signIn(region, 'guangxi', 'admin');
  liuzhou = await Person.signIn(region, 'liuzhou', 'admin');
  await Promise.all([admin.listen(), leader.listen()]);
});
after(async () => {
  await Promise.all([admin, leader].map((p) => p?.close()));
  await region?.stop();
});

// --- helpers ---------------------------------------------------------------------------------------

// Does something that is published and waits until the daemon has read the configuration with it.
async function published(action) {
  const answer = await action();
  const wanted = region.nextRevision();
  await admin.waitFor('directory', (d) => d.revision >= wanted);
  return answer;
}
const match = (version) => ({ 'if-match': `"${version}"` });
const item = async (person, path, test) => (await person.get(path)).items.find(test);
const queue = (person, code, center = 2) => item(person, '/settings/queues', (q) => q.code === code && q.center_id === center);
const flowOf = async (person, code = 'main') => person.get(`/settings/flows/${(await item(person, '/settings/flows', (f) => f.code === code && f.center_id === person.me.center.id)).id}`);
const isChinese = (text) => assert.match(text, /[一-鿿]/);

// 422 with a Chinese message for each of these fields, and for no others.
function refused(answer, ...fields) {
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /application\/problem\+json/);
  assert.deepEqual(Object.keys(answer.body.errors).sort(), fields.sort(), JSON.stringify(answer.body));
  isChinese(answer.body.title);
  for (const field of fields) isChinese(answer.body.errors[field]);
  return answer.body.errors;
}

async function upload(person, path, bytes, type = 'audio/wav') {
  const response = await fetch(`${region.base}/api/v1${path}`, { method: 'PUT', headers: { cookie: person.cookie, 'x-csrf-token': person.csrf, 'content-type': type }, body: bytes });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
async function sound(person, path) {
  const response = await fetch(`${region.base}/api/v1${path}`, { headers: { cookie: person.cookie } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'audio/wav');
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(bytes.toString('latin1', 0, 4), 'RIFF');
  assert.deepEqual([bytes.readUInt16LE(20), bytes.readUInt16LE(22), bytes.readUInt32LE(24)], [1, 1, 8000], '8 kHz mono PCM');
  return new Int16Array(bytes.buffer, bytes.byteOffset + 44, (bytes.length - 44) / 2);
}
// Share of the energy at one frequency, 0 to 1 (Goertzel).
function shareOf(samples, hz) {
  const w = (2 * Math.PI * hz) / 8000;
  let re = 0;
  let im = 0;
  let energy = 0;
  samples.forEach((x, i) => { re += x * Math.cos(w * i); im += x * Math.sin(w * i); energy += x * x; });
  return (2 * (re * re + im * im)) / (samples.length * energy);
}
function tone(name, args, hz = 1000, seconds = 2) {
  const path = join(region.dir, name);
  execFileSync('sox', ['-n', ...args, path, 'synth', String(seconds), 'sine', String(hz), 'gain', '-3'], { stdio: ['ignore', 'ignore', 'pipe'] });
  return readFileSync(path);
}

// --- people ----------------------------------------------------------------------------------------

const newcomer = { login: 'newcomer', name: '新来的', agent_no: '1901', roles: ['agent'], enabled: true, password: SECRET, extension: '019901', phone_password: 'phone-secret-1', auto_answer_ms: 0 };

test('a new user signs in with the password given; his secrets are nowhere to be read (GEN-10, DATA-12)', async () => {
  const made = await admin.raw('POST', '/settings/users', newcomer);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id } = made.body;
  const person = await Person.signIn(region, 'nanning', 'newcomer', SECRET);
  assert.equal(person.me.user.agent_no, '1901');
  assert.equal(person.me.is_agent, true);
  const user = await admin.get(`/settings/users/${id}`);
  assert.deepEqual([user.login, user.roles, user.extension, user.version, user.center_id], ['newcomer', ['agent'], '019901', 1, 2]);
  const listed = await item(admin, '/settings/users', (u) => u.id === id);
  for (const secret of [SECRET, 'phone-secret-1', 'scrypt', 'ha1', 'password'])
    assert.ok(!JSON.stringify([user, listed]).includes(secret), secret);
  const phone = JSON.parse(region.sql(`SELECT to_json(p) FROM phone p WHERE user_id = ${id}`));
  assert.equal(phone.ha1_md5, createHash('md5').update('019901:hotlined:phone-secret-1').digest('hex'));
  assert.equal(phone.ha1_sha256, createHash('sha256').update('019901:hotlined:phone-secret-1').digest('hex'));
  assert.ok(!region.log.includes(SECRET) && !region.log.includes('phone-secret-1'));
});

test('a change needs the version it is based on: 428 without, 412 when somebody was faster (DATA-12)', async () => {
  const user = await item(admin, '/settings/users', (u) => u.login === 'newcomer');
  const path = `/settings/users/${user.id}`;
  assert.equal((await admin.raw('PUT', path, { name: '改名' })).status, 428);
  assert.equal((await admin.raw('PUT', path, { name: '改名' }, match(user.version + 5))).status, 412);
  const saved = await admin.raw('PUT', path, { name: '改名', extension: '019901' }, match(user.version));
  assert.deepEqual([saved.status, saved.body.version], [200, user.version + 1]);
  assert.equal((await admin.raw('PUT', path, { name: '再改' }, match(user.version))).status, 412);
  const now = await admin.get(path);
  assert.deepEqual([now.name, now.roles, now.extension, now.agent_no], ['改名', ['agent'], '019901', '1901'], 'what was left out stays');
  assert.equal(region.sql(`SELECT ha1_md5 <> '' FROM phone WHERE user_id = ${user.id}`), 't', 'the phone keeps its password');
});

test('everything wrong with a user is said at its field, in Chinese (GEN-10)', async () => {
  const wrong = (body) => admin.raw('POST', '/settings/users', body);
  refused(await wrong({}), 'login', 'name');
  refused(await wrong({ login: 'x'.repeat(40), name: '', agent_no: '123456789', auto_answer_ms: 60001, enabled: 'yes', team_id: 0, colour: 'red' }),
    'login', 'name', 'agent_no', 'auto_answer_ms', 'enabled', 'team_id', 'colour');
  refused(await wrong({ login: 'a b', name: ' ', agent_no: '12a', password: 'short', extension: '1', phone_password: 'abc', roles: [7] }),
    'login', 'name', 'agent_no', 'password', 'extension', 'phone_password', 'roles');
  refused(await wrong({ login: 'other9', name: '某人', phone_password: 'long-enough-1' }), 'extension');
  refused(await wrong({ login: 'other9', name: '某人', extension: '019909' }), 'phone_password');
  refused(await wrong({ login: 'other9', name: '某人', password: 'Xother9-12345' }), 'password');
  const errors = [
    [{ login: 'NEWCOMER' }, 'login'], [{ agent_no: '1901' }, 'agent_no'], [{ extension: '019901', phone_password: 'long-enough-1' }, 'extension'],
    [{ roles: ['king'] }, 'roles'], [{ team_id: Number(region.sql('SELECT min(id) FROM team WHERE center_id = 3')) }, 'team_id'],
  ];
  for (const [more, field] of errors) refused(await wrong({ login: 'other9', name: '某人', ...more }), field);
  assert.equal(await item(admin, '/settings/users', (u) => u.login === 'other9'), undefined, 'nothing was half-saved');
  assert.equal((await admin.raw('POST', '/settings/users', [])).status, 400);
  assert.equal((await admin.raw('GET', '/settings/users/abc')).status, 404);
});

test('disabling a user ends his sessions and his stream at once; a new password ends the old ones (DATA-13)', async () => {
  const user = await item(admin, '/settings/users', (u) => u.login === 'newcomer');
  const person = await Person.signIn(region, 'nanning', 'newcomer', SECRET);
  await person.listen();
  await admin.put(`/settings/users/${user.id}`, { enabled: false }, match(user.version));
  await until('signed out', async () => (await person.raw('GET', '/me')).status === 401, 3000);
  await person.cut(); // the daemon ended the stream
  await assert.rejects(Person.signIn(region, 'nanning', 'newcomer', SECRET), /401/);
  await admin.put(`/settings/users/${user.id}`, { enabled: true }, match(user.version + 1));
  const again = await Person.signIn(region, 'nanning', 'newcomer', SECRET);
  await admin.put(`/settings/users/${user.id}`, { password: 'Ganz-Anders-88' }, match(user.version + 2));
  await until('signed out', async () => (await again.raw('GET', '/me')).status === 401, 3000);
  await assert.rejects(Person.signIn(region, 'nanning', 'newcomer', SECRET), /401/);
  await Person.signIn(region, 'nanning', 'newcomer', 'Ganz-Anders-88');
});

test('nobody gives a role that reaches further than his own, nor takes over somebody who has one (DATA-13)', async () => {
  const body = { login: 'climber', name: '攀登者' };
  for (const role of ['region_admin', 'region_supervisor'])
    refused(await admin.raw('POST', '/settings/users', { ...body, roles: [role] }), 'roles');
  // Somebody of the regional center who may change settings there, but not the region's things.
  const limited = { login: 'limited', name: '本部管理员', roles: ['city_admin'], password: SECRET };
  assert.equal((await region_admin.raw('POST', '/settings/users', limited)).status, 201);
  const person = await Person.signIn(region, 'guangxi', 'limited', SECRET);
  const users = (await person.get('/settings/users')).items;
  const boss = users.find((u) => u.login === 'admin');
  refused(await person.raw('POST', '/settings/users', { ...body, roles: ['region_admin'] }), 'roles');
  refused(await person.raw('POST', '/settings/users', { ...body, roles: ['agent', 'region_supervisor'] }), 'roles');
  refused(await person.raw('PUT', `/settings/users/${boss.id}`, { password: 'Jetzt-Meins-99' }, match(boss.version)), 'roles');
  refused(await person.raw('DELETE', `/settings/users/${boss.id}`), 'roles');
  const me = users.find((u) => u.login === 'limited');
  refused(await person.raw('PUT', `/settings/users/${me.id}`, { roles: ['city_admin', 'region_admin'] }, match(me.version)), 'roles');
  assert.equal((await person.raw('POST', '/settings/users', { ...body, roles: ['agent', 'leader', 'city_admin'] })).status, 201, 'what he may he can');
  assert.equal((await region_admin.raw('POST', '/settings/users', { ...body, login: 'watcher', roles: ['region_supervisor'] })).status, 201);
  assert.equal((await region_admin.raw('POST', '/settings/users', { ...body, center_id: 2, roles: ['region_supervisor'] })).status, 422, 'not outside of the regional center');
  await Person.signIn(region, 'guangxi', 'admin'); // the password is what it was
  const roles = async (who) => Object.fromEntries((await who.get('/settings/roles')).items.map((r) => [r.code, r.grantable]));
  assert.deepEqual(await roles(admin), { agent: true, leader: true, qa: true, kb_admin: true, city_admin: true, auditor: true });
  assert.deepEqual([(await roles(person)).region_admin, (await roles(person)).agent], [false, true]);
  assert.equal((await roles(region_admin)).region_admin, true);
});

test('nobody deletes or disables himself', async () => {
  const me = await admin.get(`/settings/users/${admin.me.user.id}`);
  refused(await admin.raw('DELETE', `/settings/users/${me.id}`), 'id');
  refused(await admin.raw('PUT', `/settings/users/${me.id}`, { enabled: false }, match(me.version)), 'enabled');
  assert.equal((await admin.raw('GET', '/me')).status, 200);
});

test('GEN-04 ACD-04 people of another center do not exist for a city; the region sees and makes them', async () => {
  const stranger = Number(region.sql("SELECT id FROM app_user WHERE center_id = 3 AND login = 'a1001'"));
  for (const [method, body] of [['GET'], ['PUT', { name: '换人' }], ['DELETE']])
    assert.equal((await admin.raw(method, `/settings/users/${stranger}`, body, match(1))).status, 404, method);
  assert.ok((await admin.get('/settings/users')).items.every((u) => u.center_id === 2));
  assert.equal((await admin.raw('GET', '/settings/users?center_id=3')).status, 403);
  assert.equal((await admin.raw('POST', '/settings/users', { login: 'spy', name: '他人', center_id: 3 })).status, 403);
  const centers = new Set((await region_admin.get('/settings/users')).items.map((u) => u.center_id));
  assert.equal(centers.size, 15);
  const made = await region_admin.raw('POST', '/settings/users', { login: 'sent', name: '派来', agent_no: '1902', roles: ['agent'], center_id: 3 });
  assert.equal(made.status, 201);
  assert.ok(await item(liuzhou, '/settings/users', (u) => u.id === made.body.id));
  for (const path of ['/settings/teams', '/settings/reasons']) assert.ok((await admin.get(path)).items.every((i) => i.center_id === 2), path);
  assert.equal((await leader.raw('POST', '/settings/users', { login: 'spy', name: '他人' })).status, 403, 'reading is not changing');
  const agent = await Person.signIn(region, 'nanning', 'a1006');
  assert.equal((await agent.raw('GET', '/settings/users')).status, 403);
});

test('a deleted user is gone from everywhere and his names are free', async () => {
  const user = await item(admin, '/settings/users', (u) => u.login === 'newcomer');
  const person = await Person.signIn(region, 'nanning', 'newcomer', 'Ganz-Anders-88');
  assert.equal((await admin.raw('DELETE', `/settings/users/${user.id}`)).status, 200);
  await until('signed out', async () => (await person.raw('GET', '/me')).status === 401, 3000);
  assert.equal((await admin.raw('DELETE', `/settings/users/${user.id}`)).status, 404);
  assert.equal((await admin.raw('POST', '/settings/users', newcomer)).status, 201);
});

// --- queues ----------------------------------------------------------------------------------------

test('CC-29 every number of a queue has its limits and is named in Chinese when it is wrong', async () => {
  const limits = { ring_timeout_ms: [1000, 300000], wrap_up_ms: [0, 3600000], max_wait_ms: [0, 86400000], max_length: [0, 100000],
    age_step_ms: [0, 86400000], sl_threshold_ms: [1000, 600000], short_abandon_ms: [0, 600000] };
  const numbers = Object.keys(limits);
  const body = (pick) => ({ code: 'limits', name: '界限', ...Object.fromEntries(numbers.map((n) => [n, pick(limits[n])])) });
  refused(await admin.raw('POST', '/settings/queues', body(([, max]) => max + 1)), ...numbers);
  refused(await admin.raw('POST', '/settings/queues', body(([min]) => min - 1)), ...numbers);
  const errors = refused(await admin.raw('POST', '/settings/queues', body(() => 1.5)), ...numbers);
  assert.match(errors.ring_timeout_ms, /振铃时限/);
  refused(await admin.raw('POST', '/settings/queues', { code: 'Not a code', name: ' ', strategy: 'magic' }), 'code', 'name', 'strategy');
  for (const [pick, code] of [[([min]) => min, 'lowest'], [([, max]) => max, 'highest']]) {
    assert.equal((await admin.raw('POST', '/settings/queues', { ...body(pick), code })).status, 201);
    const { id } = await queue(admin, code);
    assert.equal((await admin.raw('DELETE', `/settings/queues/${id}`)).status, 200);
  }
});

test('ACD-04 ACD-06 queues belong to one city, names may repeat, one in use is not deleted', async () => {
  const spare = { code: 'vat', name: '增值税专席', strategy: 'by_weight' };
  for (const person of [admin, liuzhou]) assert.equal((await person.raw('POST', '/settings/queues', spare)).status, 201);
  refused(await admin.raw('POST', '/settings/queues', spare), 'code');
  const mine = await queue(admin, 'vat');
  const his = await queue(liuzhou, 'vat', 3);
  for (const [method, path, body] of [['PUT', '', { name: '他人' }], ['DELETE', ''], ['GET', '/members'], ['PUT', '/members/17', { weight: 5 }], ['DELETE', '/members/17']])
    assert.equal((await admin.raw(method, `/settings/queues/${his.id}${path}`, body, match(his.version))).status, 404, method + path);
  assert.equal((await admin.raw('PUT', `/settings/queues/${mine.id}`, { max_length: 3 })).status, 428);
  assert.equal((await admin.raw('PUT', `/settings/queues/${mine.id}`, { max_length: 3 }, match(mine.version))).body.version, mine.version + 1);
  assert.equal((await admin.raw('PUT', `/settings/queues/${mine.id}`, { max_length: 4 }, match(mine.version))).status, 412);
  assert.deepEqual([(await queue(admin, 'vat')).max_length, (await queue(liuzhou, 'vat', 3)).max_length], [3, 0]);
  const used = await queue(admin, 'consult');
  const errors = refused(await admin.raw('DELETE', `/settings/queues/${used.id}`), 'queue_id');
  assert.match(errors.queue_id, /主流程/);
  refused(await admin.raw('PUT', `/settings/queues/${used.id}`, { enabled: false }, match(used.version)), 'queue_id');
  assert.equal((await admin.raw('DELETE', `/settings/queues/${mine.id}`)).status, 200);
  assert.equal((await admin.raw('DELETE', `/settings/queues/${mine.id}`)).status, 404);
});

const call = (to, keys, more = {}) => Caller.start(region, { to, ...more, args: [...(keys ? ['--keys', keys] : []), ...(more.args ?? [])] });
const waiting = () => leader.seen('waiting')?.data.calls ?? []; // now, not some time ago
const waitingIn = (name) => until(`a call waits in ${name}`, () => waiting().find((c) => c.queue_name === name));
const nobodyWaits = () => until('nobody waits', () => waiting().length === 0);

test('ACD-05 ACD-07 who joins a queue by the page is offered its next call, and no longer when he left', async () => {
  const report = await queue(admin, 'report', 2);
  const agent = await Agent.start(region, 'nanning', 'a1002'); // serves consult and complaint, not report
  const members = `/settings/queues/${report.id}/members`;
  try {
    const id = agent.person.me.user.id;
    assert.ok(!(await admin.get(members)).items.some((m) => m.user_id === id));
    let caller = call(NANNING, '3');
    assert.equal((await caller.waitFor('ended', undefined, 60000)).reason !== '', true); // nobody serves it: all busy
    assert.equal(agent.document.state, 'ready');
    refused(await admin.raw('PUT', `${members}/${id}`, { weight: 0 }), 'weight');
    refused(await admin.raw('PUT', `${members}/${id}`, {}), 'weight');
    const stranger = Number(region.sql("SELECT id FROM app_user WHERE center_id = 3 AND login = 'a1001'"));
    refused(await admin.raw('PUT', `${members}/${stranger}`, { weight: 50 }), 'user_id');
    refused(await admin.raw('PUT', `${members}/${admin.me.user.id}`, { weight: 50 }), 'user_id');
    await published(() => admin.put(`${members}/${id}`, { weight: 50 }));
    assert.equal((await admin.get(members)).items.find((m) => m.user_id === id).weight, 50);
    caller = call(NANNING, '3');
    assert.equal((await agent.ring()).call.queue_name, '举报');
    await caller.hangUp();
    await agent.waitState('ready');
    await published(() => admin.call('DELETE', `${members}/${id}`));
    assert.equal((await admin.raw('DELETE', `${members}/${id}`)).status, 404);
    caller = call(NANNING, '3');
    await caller.waitFor('ended', undefined, 60000);
    assert.equal(agent.document.state, 'ready');
  } finally {
    await agent.person.raw('POST', '/agent/sign-out', {});
    await agent.close();
  }
});

test('ACD-08 CC-29 with calls in two queues the agent gets that of the higher weight; a changed weight counts for the next one', async () => {
  const [consult, complaint] = [await queue(admin, 'consult'), await queue(admin, 'complaint')];
  const agent = await Agent.start(region, 'nanning', 'a1001', { ready: false });
  const id = agent.person.me.user.id;
  const flow = await flowOf(admin);
  const level = structuredClone(flow.document); // both queues with the same priority: only the weight decides
  level.nodes.complaint.priority = level.nodes.consult.priority;
  await admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: level, note: '同优先级' }, match(flow.version));
  const weigh = (q, weight) => admin.put(`/settings/queues/${q.id}/members/${id}`, { weight });
  const oneOfBoth = async () => {
    const callers = [call(NANNING, '1', { from: '13877100011' })];
    await waitingIn('咨询');
    callers.push(call(NANNING, '2', { from: '13877100012' }));
    await waitingIn('投诉');
    await agent.person.put('/agent/state', { state: 'ready' });
    const { call: rung } = await agent.ring();
    await agent.person.put('/agent/state', { state: 'busy', reason_id: (await agent.person.get('/dictionaries')).busy_reasons[0].id });
    await Promise.all(callers.map((c) => c.hangUp()));
    await nobodyWaits();
    await agent.waitState('busy');
    return rung;
  };
  try {
    await weigh(consult, 30);
    await published(() => weigh(complaint, 90));
    let rung = await oneOfBoth();
    assert.equal(rung.queue_name, '投诉');
    assert.match(rung.offer_reason, /90 > 30/);
    await weigh(consult, 91);
    await published(() => weigh(complaint, 20));
    rung = await oneOfBoth();
    assert.equal(rung.queue_name, '咨询');
    assert.match(rung.offer_reason, /91 > 20/);
  } finally {
    await agent.person.raw('POST', '/agent/sign-out', {});
    await agent.close();
  }
});

// --- flows -----------------------------------------------------------------------------------------

test('IVR-01 the check names every problem of a flow; publishing refuses it with the same list and the old one stays in force', async () => {
  const flow = await flowOf(admin);
  const wrong = structuredClone(flow.document);
  wrong.nodes.welcome.prompt = 'no_such_prompt';
  wrong.nodes.open.calendar = 'no_such_calendar';
  wrong.nodes.consult.queue = 'no_such_queue';
  wrong.nodes.main.keys['1'] = 'no_such_node';
  wrong.nodes.busy.volume = 11;
  const { problems } = await admin.post(`/settings/flows/${flow.id}/check`, { document: wrong });
  for (const word of ['no_such_prompt', 'no_such_calendar', 'no_such_queue', 'no_such_node', 'volume'])
    assert.equal(problems.filter((p) => p.includes(word)).length, 1, `${word}: ${problems.join('\n')}`);
  problems.forEach(isChinese);
  assert.deepEqual(await admin.post(`/settings/flows/${flow.id}/check`, { document: flow.document }), { problems: [] });
  const island = structuredClone(flow.document);
  island.nodes.island = { type: 'hangup', reason: 'done' };
  assert.match((await admin.post(`/settings/flows/${flow.id}/check`, { document: island })).problems.join(), /island/);
  const answer = await admin.raw('POST', `/settings/flows/${flow.id}/publish`, { document: wrong }, match(flow.version));
  assert.deepEqual([answer.status, answer.body.code, answer.body.problems], [422, 'flow.invalid', problems]);
  assert.match(answer.headers.get('content-type'), /application\/problem\+json/);
  const now = await flowOf(admin);
  assert.deepEqual([now.published_version, now.version, now.document], [flow.published_version, flow.version, flow.document]);
  assert.equal((await admin.raw('POST', `/settings/flows/${flow.id}/publish`, { document: flow.document })).status, 428);
  assert.equal((await admin.raw('POST', `/settings/flows/${flow.id}/publish`, { document: flow.document }, match(flow.version + 1))).status, 412);
  refused(await admin.raw('POST', `/settings/flows/${flow.id}/publish`, { document: 'text' }, match(flow.version)), 'document');
  refused(await admin.raw('POST', `/settings/flows/${flow.id}/check`, {}), 'document');
  assert.equal((await leader.raw('POST', `/settings/flows/${flow.id}/publish`, { document: flow.document }, match(flow.version))).status, 403);
});

test('IVR-05 GEN-04 a city does not open, check or publish the flow of another, and its publishing leaves theirs untouched', async () => {
  const his = await flowOf(liuzhou);
  for (const [method, path, body] of [['GET', ''], ['POST', '/check', { document: his.document }], ['POST', '/publish', { document: his.document }]])
    assert.equal((await admin.raw(method, `/settings/flows/${his.id}${path}`, body, match(his.version))).status, 404, path);
  assert.ok((await admin.get('/settings/flows')).items.every((f) => f.center_id === 2));
  const hashes = () => region.sql("SELECT md5(string_agg(v.document::text || f.published_version, ';' ORDER BY f.id)) FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version WHERE f.center_id <> 2");
  const before = hashes();
  const mine = await flowOf(admin);
  await admin.call('POST', `/settings/flows/${mine.id}/publish`, { document: mine.document, note: '只是我们的' }, match(mine.version));
  assert.equal(hashes(), before);
  const history = (await flowOf(admin)).versions;
  assert.deepEqual([history[0].note, history[0].published_by], ['只是我们的', admin.me.user.name]);
});

test('PLAT-07 an old version is looked at and published again as a new one; another city neither sees nor restores it', async () => {
  const before = await flowOf(admin);
  const old = before.published_version;
  const next = structuredClone(before.document);
  next.nodes.main.name = '换过的主菜单';
  const { version } = await admin.call('POST', `/settings/flows/${before.id}/publish`, { document: next, note: '换菜单名' }, match(before.version));
  const kept = await admin.get(`/settings/flows/${before.id}/versions/${old}`);
  assert.deepEqual([kept.version, kept.published, kept.document], [old, false, before.document]);
  assert.equal((await admin.get(`/settings/flows/${before.id}/versions/${old + 1}`)).published, true);
  const path = `/settings/flows/${before.id}/rollback`;
  assert.equal((await admin.raw('POST', path, { version: old })).status, 428);
  assert.equal((await admin.raw('POST', path, { version: old }, match(version - 1))).status, 412);
  assert.equal((await admin.raw('POST', path, { version: 999 }, match(version))).status, 404);
  refused(await admin.raw('POST', path, {}, match(version)), 'version');
  assert.equal((await leader.raw('POST', path, { version: old }, match(version))).status, 403);
  for (const [method, at, body] of [['GET', `/versions/${old}`], ['POST', '/rollback', { version: old }]])
    assert.equal((await liuzhou.raw(method, `/settings/flows/${before.id}${at}`, body, match(version))).status, 404, at);
  const done = await admin.call('POST', path, { version: old, note: '恢复' }, match(version));
  const now = await flowOf(admin);
  assert.deepEqual([done.published_version, now.published_version, now.document], [old + 2, old + 2, before.document]);
  assert.deepEqual(now.versions.slice(0, 3).map((v) => v.version), [old + 2, old + 1, old]);
  assert.equal(now.versions[0].note, '恢复');
  // what has become wrong since then is told, and nothing is published
  await admin.post('/settings/queues', { code: 'passing', name: '临时队列' });
  const passing = await queue(admin, 'passing');
  next.nodes.consult.queue = 'passing';
  const third = await admin.call('POST', `/settings/flows/${before.id}/publish`, { document: next, note: '临时' }, match(now.version));
  const fourth = await admin.call('POST', path, { version: old, note: '再恢复' }, match(third.version));
  await admin.call('DELETE', `/settings/queues/${passing.id}`, undefined, match(passing.version));
  const answer = await admin.raw('POST', path, { version: third.published_version }, match(fourth.version));
  assert.deepEqual([answer.status, answer.body.code], [422, 'flow.invalid']);
  assert.match(answer.body.problems.join(), /passing/);
  assert.deepEqual((await flowOf(admin)).document, before.document);
});

test('IVR-01 a virtual caller tries a document that is not published: the path, what is heard, what is waited for and how it ends', async () => {
  const flow = await flowOf(admin);
  const key = (k) => ({ kind: 'key', key: k }), heard = { kind: 'play_done' };
  const document = {
    entry: 'hello',
    nodes: {
      hello: { type: 'play', prompt: 'greeting', next: 'open' },
      open: { type: 'hours', calendar: 'tried', open: 'menu', closed: 'bye' },
      menu: { type: 'menu', name: '总机', prompt: 'main_menu', invalid: 'invalid_key', retries: 1, keys: { 1: 'ask', 2: 'rate', 3: 'box', '*': '@back' }, failed: 'bye' },
      ask: { type: 'collect', prompt: 'please_wait', variable: 'no', min: 2, max: 4, next: 'look', failed: 'bye' },
      look: { type: 'condition', variable: 'no', starts_with: '45', yes: 'wait', no: 'menu' },
      wait: { type: 'queue', queue: 'consult', prompt: 'please_wait', on_full: 'bye', on_no_agent: 'bye', on_wait_over: 'box' },
      rate: { type: 'survey', prompt: 'beep', keys: { 1: 5, 2: 1 }, next: 'bye' },
      box: { type: 'voicemail', prompt: 'beep', next: 'bye', off: 'menu', failed: 'bye' },
      bye: { type: 'hangup', prompt: 'goodbye', reason: 'lost' },
    },
  };
  await published(() => region.sql(`INSERT INTO work_calendar (center_id, code, name, document) VALUES (2, 'tried', '试呼用', '{"week":{"3":[["09:00","17:00"]]}}')`));
  const open = Date.parse('2026-11-25T10:00:00+08:00'), night = Date.parse('2026-11-25T23:00:00+08:00'); // a Wednesday
  const before = region.sql('SELECT count(*) FROM call') + region.sql('SELECT count(*) FROM flow_version');
  const attempt = (events, at_ms = open, who = admin) => who.post(`/settings/flows/${flow.id}/try`, { document, caller_no: '13877100077', at_ms, events });
  const begin = await attempt();
  assert.deepEqual([begin.path, begin.ended, begin.problems, begin.truncated],
    [[{ node: 'hello', title: 'hello', type: 'play', event: 'start', key: '' }], null, [], false]);
  assert.deepEqual([begin.waits.kind, begin.waits.prompt, begin.waits.node], ['play', 'greeting', 'hello']);
  assert.deepEqual([begin.variables.caller_no, begin.variables.caller_city, begin.variables.source], ['13877100077', '450100', 'direct']);
  const menu = await attempt([heard]);
  assert.deepEqual(menu.path.map((p) => p.node), ['hello', 'open', 'menu']);
  assert.deepEqual([menu.waits.kind, menu.waits.title, menu.waits.prompt], ['key', '总机', 'main_menu']);
  const closed = await attempt([heard, heard], night);
  assert.deepEqual([closed.path.map((p) => p.node), closed.ended, closed.waits], [['hello', 'open', 'bye'], { reason: 'lost' }, null]);
  assert.equal((await attempt([heard, key('7')])).waits.prompt, 'invalid_key');
  const queued = await attempt([heard, key('1'), key('4'), key('5'), heard, { kind: 'timeout' }, heard]);
  assert.deepEqual([queued.waits.kind, queued.waits.queue, queued.variables.no], ['queue', 'consult', '45']);
  assert.deepEqual(queued.path.at(-1), { node: 'wait', title: 'wait', type: 'queue', event: 'timeout', key: '' });
  const events = [heard, key('1'), key('4'), key('5'), key('#'), heard];
  assert.deepEqual((await attempt([...events, { kind: 'answered' }])).ended, { reason: 'answered' });
  assert.deepEqual((await attempt([...events, { kind: 'hangup' }])).ended, { reason: 'caller' });
  const box = await attempt([...events, { kind: 'wait_over' }, heard]);
  assert.equal(box.waits.kind, 'voicemail');
  assert.equal((await attempt([...events, { kind: 'wait_over' }, heard, { kind: 'off' }])).waits.node, 'menu');
  assert.equal((await attempt([heard, key('2'), key('1')])).survey_level, 5);
  assert.equal((await attempt([], open, leader)).path.length, 1); // who may read may try
  assert.equal(region.sql('SELECT count(*) FROM call') + region.sql('SELECT count(*) FROM flow_version'), before);
  const wrong = await admin.post(`/settings/flows/${flow.id}/try`, { document: { entry: 'x', nodes: { a: { type: 'agent', agent_no: '99999999', off: 'a', busy: 'a', no_answer: 'a' } } } });
  assert.deepEqual([wrong.path, wrong.waits], [[], null]);
  assert.match(wrong.problems.join(), /工号“99999999”不存在/);
  const query = await admin.post(`/settings/flows/${flow.id}/check`, { document: { entry: 'a', nodes: { a: { type: 'http', connector: 'tax', next: 'b', failed: 'b', timeout: 'b' }, b: { type: 'hangup' } } } });
  assert.deepEqual(query.problems, ['节点“a”：查询接口“tax”没有配置。']);
  refused(await admin.raw('POST', `/settings/flows/${flow.id}/try`, { document, events: [{ kind: 'dance' }] }), 'events');
  refused(await admin.raw('POST', `/settings/flows/${flow.id}/try`, { document, events: [key('A')] }), 'events');
  refused(await admin.raw('POST', `/settings/flows/${flow.id}/try`, { document, events: Array(501).fill(heard) }), 'events');
  refused(await admin.raw('POST', `/settings/flows/${flow.id}/try`, { document, source: 'moon' }), 'source');
  refused(await admin.raw('POST', `/settings/flows/${flow.id}/try`, { document: [] }), 'document');
  assert.equal((await liuzhou.raw('POST', `/settings/flows/${flow.id}/try`, { document })).status, 404);
});

test('IVR-02 IVR-03 a published flow is in force for the next call, while a running call finishes on the old one; a queue made a moment ago may be named', async () => {
  const agent = await Agent.start(region, 'nanning', 'a1001', { ready: false });
  try {
    const running = call(NANNING, '');
    await running.waitFor('audio'); // hears the greeting of the old flow
    await admin.post('/settings/queues', { code: 'fresh', name: '新队列' });
    const fresh = await queue(admin, 'fresh');
    const flow = await flowOf(admin);
    const next = structuredClone(flow.document);
    next.nodes.consult.queue = 'fresh';
    next.nodes.main.name = '新菜单';
    await admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: next, note: '改队列' }, match(flow.version)); // at once: the directory has not heard of the queue yet
    await published(() => admin.put(`/settings/queues/${fresh.id}/members/${agent.person.me.user.id}`, { weight: 50 }));
    const later = call(NANNING, '1', { from: '13877100021' });
    const ids = { 新队列: (await waitingIn('新队列')).call_id };
    running.say('key 1');
    ids.咨询 = (await waitingIn('咨询')).call_id;
    await Promise.all([running, later].map((c) => c.hangUp()));
    await nobodyWaits();
    const menus = async (name) => (await until('the call in the log', async () => {
      const detail = await leader.raw('GET', `/calls/${ids[name]}`);
      return detail.status === 200 && detail.body.ivr_path.length && detail.body;
    })).ivr_path.map((k) => k.menu);
    assert.deepEqual([await menus('咨询'), await menus('新队列')], [['主菜单'], ['新菜单']]);
    const back = await flowOf(admin);
    await published(() => admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: flow.document, note: '改回' }, match(back.version)));
  } finally {
    await agent.person.raw('POST', '/agent/sign-out', {});
    await agent.close();
  }
});

// --- prompts ---------------------------------------------------------------------------------------

test('IVR-02 a text is spoken and published for this city only; what is wrong leaves the old one', async () => {
  const before = await sound(admin, '/settings/prompts/all_busy/audio'); // common to all
  const his = await sound(liuzhou, '/settings/prompts/all_busy/audio');
  assert.deepEqual(before, his);
  const made = await published(() => admin.put('/settings/prompts/all_busy', { text: '坐席都在通话,请过十分钟再拨。' }));
  assert.deepEqual([made.result, made.version], ['ok', 1]);
  const own = await item(admin, '/settings/prompts', (p) => p.code === 'all_busy');
  assert.deepEqual([own.text, own.source, own.common, own.center_id], ['坐席都在通话,请过十分钟再拨。', 'tts', false, 2]);
  const spoken = await sound(admin, '/settings/prompts/all_busy/audio');
  assert.ok(spoken.length > 8000 && Buffer.compare(Buffer.from(spoken.buffer), Buffer.from(before.buffer)) !== 0);
  assert.deepEqual(await sound(liuzhou, '/settings/prompts/all_busy/audio'), his);
  refused(await admin.raw('PUT', '/settings/prompts/all_busy', { text: '' }), 'text');
  refused(await admin.raw('PUT', '/settings/prompts/all_busy', { text: '\u3000' }), 'text');
  refused(await admin.raw('PUT', '/settings/prompts/all_busy', { text: '长'.repeat(501) }), 'text');
  for (const code of ['Upper', '1st', 'a%2eb', 'a'.repeat(48)]) refused(await admin.raw('PUT', `/settings/prompts/${code}`, { text: '你好' }), 'code');
  assert.equal((await admin.raw('PUT', '/settings/prompts/..%2fup', { text: '你好' })).status, 404);
  refused(await upload(admin, '/settings/prompts/all_busy', Buffer.from('no sound at all')), 'audio');
  refused(await upload(admin, '/settings/prompts/all_busy', Buffer.alloc(0)), 'audio');
  refused(await upload(admin, '/settings/prompts/all_busy', tone('deep.wav', ['-r', '8000', '-b', '24', '-c', '1'])), 'audio');
  // Too long is refused before it is sent: curl asks first (Expect), as fetch cannot.
  writeFileSync(join(region.dir, 'long.wav'), Buffer.alloc(9 << 20));
  assert.equal(execFileSync('curl', ['-s', '-o', join(region.dir, 'answer'), '-w', '%{http_code}', '-T', join(region.dir, 'long.wav'), '-H', 'Expect: 100-continue', '-H', 'Content-Type: audio/wav',
    '-H', `Cookie: ${admin.cookie}`, '-H', `X-CSRF-Token: ${admin.csrf}`, `${region.base}/api/v1/settings/prompts/all_busy`], { encoding: 'utf8' }), '413');
  assert.equal((await leader.raw('PUT', '/settings/prompts/all_busy', { text: '你好' })).status, 403);
  assert.equal((await admin.raw('PUT', '/settings/prompts/all_busy?center_id=3', { text: '你好' })).status, 403);
  assert.equal((await item(admin, '/settings/prompts', (p) => p.code === 'all_busy')).version, 1);
  assert.deepEqual(await sound(admin, '/settings/prompts/all_busy/audio'), spoken);
  assert.equal((await admin.raw('GET', '/settings/prompts/nothing/audio')).status, 404);
});

test('IVR-02 an uploaded WAV of any usual kind becomes 8 kHz mono and is what the next caller hears', async () => {
  const kinds = [
    [['-r', '8000', '-c', '1', '-e', 'a-law']], [['-r', '16000', '-c', '2', '-e', 'mu-law']],
    [['-r', '44100', '-c', '2', '-b', '16']], [['-r', '48000', '-c', '1', '-b', '16']],
  ];
  for (const [i, [args]] of kinds.entries()) {
    const answer = await upload(admin, '/settings/prompts/tone_test', tone(`kind${i}.wav`, args));
    assert.deepEqual([answer.status, answer.body.version], [200, i + 1], JSON.stringify(answer.body));
    const samples = await sound(admin, '/settings/prompts/tone_test/audio');
    assert.ok(Math.abs(samples.length - 16000) < 100, `${samples.length} samples`);
    assert.ok(shareOf(samples, 1000) > 0.95 && shareOf(samples, 440) < 0.01, `${args}: ${shareOf(samples, 1000)}`);
  }
  for (const hz of [1000, 440]) { // published twice: the caller hears the newest
    await published(() => upload(liuzhou, '/settings/prompts/greeting', tone(`greet${hz}.wav`, ['-r', '16000', '-c', '1', '-b', '16'], hz, 4)).then((a) => assert.equal(a.status, 200)));
    const caller = call(LIUZHOU, '', { args: ['--detect-tone', String(hz)] });
    await caller.waitFor('tone');
    await caller.hangUp();
  }
  assert.deepEqual((await item(liuzhou, '/settings/prompts', (p) => p.code === 'greeting')).source, 'upload');
});

test('two who publish the same prompt at once: each answer is true and one of the sounds is in force', async () => {
  const texts = ['第一个说法。', '第二个说法。', '第三个说法。'];
  const answers = await Promise.all(texts.map((text) => admin.raw('PUT', '/settings/prompts/race', { text })));
  const good = answers.filter((a) => a.status === 200);
  assert.ok(good.length >= 1 && answers.every((a) => [200, 409].includes(a.status)), JSON.stringify(answers.map((a) => a.body)));
  const now = await item(admin, '/settings/prompts', (p) => p.code === 'race');
  assert.equal(now.version, Math.max(...good.map((a) => a.body.version)));
  assert.ok(answers[texts.indexOf(now.text)].status === 200);
  const alone = await admin.put('/settings/prompts/alone', { text: now.text });
  assert.equal(alone.result, 'ok');
  assert.deepEqual(await sound(admin, '/settings/prompts/race/audio'), await sound(admin, '/settings/prompts/alone/audio'), 'the sound is that of the text');
});

const KINDS = { greeting: '欢迎语', key: '导航按键提示音', closing: '结束语', off_hours: '非工作时段提示音' };
for (const [kind, name] of Object.entries(KINDS))
  test(`TTS-02 a city says its own ${kind} as a text or as an uploaded WAV or MP3; its neighbour hears nothing of it`, async () => {
    const code = { greeting: 'greeting', key: 'main_menu', closing: 'goodbye', off_hours: 'closed' }[kind];
    const his = await sound(liuzhou, `/settings/prompts/${code}/audio`);
    await admin.put(`/settings/prompts/${code}`, { text: `这是我们的${name}。`, kind, name });
    const own = await item(admin, '/settings/prompts', (p) => p.code === code);
    assert.deepEqual([own.kind, own.name, own.source, own.common], [kind, name, 'tts', false]);
    const spoken = await sound(admin, `/settings/prompts/${code}/audio`);
    for (const [file, type, hz] of [[tone(`${kind}.wav`, ['-r', '16000', '-c', '1', '-b', '16'], 1000), 'audio/wav', 1000], [readFileSync('tests/fuzz/corpus/mp3/tone_22050'), 'audio/mpeg', 440]]) {
      const answer = await upload(admin, `/settings/prompts/${code}`, file, type);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const now = await sound(admin, `/settings/prompts/${code}/audio`);
      assert.ok(shareOf(now, hz) > 0.9, `${type}: ${shareOf(now, hz)}`);
    }
    const listed = await item(admin, '/settings/prompts', (p) => p.code === code);
    assert.deepEqual([listed.kind, listed.name, listed.source, listed.text], [kind, name, 'upload', '']);
    assert.deepEqual(await sound(admin, `/settings/prompts/${code}/audio?version=${own.version}`), spoken, 'the first is kept');
    assert.deepEqual(await sound(liuzhou, `/settings/prompts/${code}/audio`), his);
  });

test('TTS-02 a caller hears the four of his city: greeting, keys and closing words, and out of hours what is said then', async () => {
  const flow = await flowOf(admin);
  const ends = (prompt, reason) => ({ type: 'hangup', prompt, reason });
  const said = { greeting: '绿城南宁欢迎您的来电。', main_menu: '请按井号键继续。', goodbye: '感谢来电，祝您生活愉快。', closed: '现在大家都下班回家了。' };
  for (const [code, text] of Object.entries(said)) await admin.put(`/settings/prompts/${code}`, { text });
  await published(() => region.sql(`INSERT INTO work_calendar (center_id, code, name, document) VALUES (2, 'never', '不上班', '{"week":{}}')`));
  const document = { entry: 'hello', nodes: {
    hello: { type: 'play', prompt: 'greeting', next: 'keys' },
    keys: { type: 'menu', prompt: 'main_menu', timeout_ms: 500, retries: 0, keys: { 1: 'night', '#': 'bye' }, failed: 'bye' },
    night: { type: 'hours', calendar: 'never', open: 'bye', closed: 'late' }, bye: ends('goodbye', 'done'), late: ends('closed', 'closed') } };
  const { version } = await published(() => admin.call('POST', `/settings/flows/${flow.id}/publish`, { document, note: '四种' }, match(flow.version)));
  const hears = async (caller, file, ...codes) => {
    await caller.exited;
    for (const code of codes) assert.ok(findSound(readWav(file), await sound(admin, `/settings/prompts/${code}/audio`)).score > 0.7, code);
  };
  const [day, night] = ['day', 'night'].map((name) => join(region.dir, `heard-${name}.wav`));
  await Promise.all([hears(call(NANNING, '', { args: ['--hear', day] }), day, 'greeting', 'main_menu', 'goodbye'),
    hears(call(NANNING, '1', { from: '13877100091', args: ['--hear', night] }), night, 'greeting', 'closed')]);
  await published(() => admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: flow.document, note: '改回' }, match(version)));
});

test('TTS-01 a text is heard before it is published, in each voice and at each speed; what is wrong is told at its field', async () => {
  const { items: voices } = await admin.get('/settings/voices');
  assert.ok(voices.length >= 4 && voices.every((v) => v.code && v.name), JSON.stringify(voices));
  const preview = async (body) => {
    const response = await fetch(`${region.base}/api/v1/settings/prompts/preview`, { method: 'POST', headers: { cookie: admin.cookie, 'x-csrf-token': admin.csrf, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'audio/wav']);
    return Buffer.from(await response.arrayBuffer());
  };
  const text = '请于2026年11月30日前拨打12366。';
  const before = region.sql('SELECT count(*) FROM prompt_version');
  const sounds = [await preview({ text }), await preview({ text, voice: voices[1].code }), await preview({ text, speed: 150 })];
  assert.equal(new Set(sounds.map((s) => s.toString('base64'))).size, 3, 'three different sounds');
  assert.ok(sounds[2].length < sounds[0].length * 0.8, 'faster is shorter');
  assert.deepEqual(await preview({ text: '请于二零二六年十一月三十日前拨打幺二三六六。' }), sounds[0], 'numbers are read as people do');
  assert.equal(region.sql('SELECT count(*) FROM prompt_version'), before, 'nothing was published');
  assert.deepEqual(readdirSync(join(region.dir, 'state/prompts/preview')), [], 'and nothing is left');
  refused(await admin.raw('POST', '/settings/prompts/preview', { text: '' }), 'text');
  refused(await admin.raw('POST', '/settings/prompts/preview', { text: '长'.repeat(501) }), 'text');
  refused(await admin.raw('POST', '/settings/prompts/preview', { text, voice: 'de; rm -rf /' }), 'voice');
  refused(await admin.raw('POST', '/settings/prompts/preview', { text, speed: 20 }), 'speed');
  refused(await admin.raw('PUT', '/settings/prompts/kindless', { text, kind: 'song' }), 'kind');
  refused(await admin.raw('PUT', '/settings/prompts/kindless', { text, name: '名'.repeat(41) }), 'name');
  assert.equal((await leader.raw('POST', '/settings/prompts/preview', { text })).status, 403);
});

test('TTS-03 an old version is in force again; a prompt in use is not deleted, the answer names where; a common one takes the place of the own', async () => {
  const publish = (text) => published(() => admin.put('/settings/prompts/please_wait', { text, voice: 'yue', speed: 120 }));
  await publish('请稍候一。');
  const first = await sound(admin, '/settings/prompts/please_wait/audio');
  await publish('请稍候二。');
  const { items } = await admin.get('/settings/prompts/please_wait/versions');
  assert.deepEqual(items.map((v) => [v.version, v.text, v.voice, v.speed, v.published]), [[2, '请稍候二。', 'yue', 120, true], [1, '请稍候一。', 'yue', 120, false]]);
  assert.equal((await admin.raw('POST', '/settings/prompts/please_wait/restore', { version: 7 })).status, 404);
  assert.equal((await liuzhou.raw('POST', '/settings/prompts/please_wait/restore?center_id=2', { version: 1 })).status, 403);
  await published(() => admin.post('/settings/prompts/please_wait/restore', { version: 1 }));
  assert.deepEqual(await sound(admin, '/settings/prompts/please_wait/audio'), first);
  const listed = await item(admin, '/settings/prompts', (p) => p.code === 'please_wait');
  assert.deepEqual([listed.version, listed.text], [1, '请稍候一。']);
  assert.ok(listed.used_by.some((u) => u.flow_name === '主流程' && u.node === 'consult'), JSON.stringify(listed.used_by));
  assert.equal((await publish('请稍候三。')).version, 3, 'numbers go on');
  await published(() => admin.call('DELETE', '/settings/prompts/please_wait')); // a common one is there
  assert.equal((await item(admin, '/settings/prompts', (p) => p.code === 'please_wait')).common, true);
  assert.equal((await admin.raw('DELETE', '/settings/prompts/please_wait')).status, 404, 'the common one is not ours');
  await admin.put('/settings/prompts/only_ours', { text: '只有我们。' });
  const flow = await flowOf(admin);
  const next = structuredClone(flow.document);
  next.nodes.busy.prompt = 'only_ours';
  next.nodes.busy.name = '都在忙';
  await admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: next, note: '' }, match(flow.version));
  const answer = await admin.raw('DELETE', '/settings/prompts/only_ours');
  refused(answer, 'code');
  assert.match(answer.body.errors.code, /“主流程”的节点“都在忙”/);
  await admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: flow.document, note: '' }, match(flow.version + 1));
  await admin.call('DELETE', '/settings/prompts/only_ours');
  assert.equal((await admin.raw('GET', '/settings/prompts/only_ours/audio')).status, 404);
});

test('ACD-06 a queue that a key leads to is neither deleted nor switched off: the answer names flow, menu and key', async () => {
  const q = await queue(admin, 'complaint');
  for (const answer of [await admin.raw('DELETE', `/settings/queues/${q.id}`), await admin.raw('PUT', `/settings/queues/${q.id}`, { enabled: false }, match(q.version))])
    assert.match(JSON.stringify(answer.body), /语音流程“主流程”的“主菜单”按键 2/, String(answer.status));
});

// --- trunks, audit ---------------------------------------------------------------------------------

test('NFR-12 GEN-01 trunks and numbers are the region\'s; a trunk switched off takes no call, switched on it does; its passwords are never shown', async () => {
  for (const path of ['/settings/trunks', '/settings/numbers']) assert.equal((await admin.raw('GET', path)).status, 403, path);
  assert.equal((await admin.raw('PUT', '/settings/trunks/1', { enabled: false }, match(1))).status, 403);
  const trunk = async () => (await region_admin.get('/settings/trunks')).items[0];
  const path = `/settings/trunks/${(await trunk()).id}`;
  refused(await region_admin.raw('PUT', path, { name: '', transport: 'pigeon', port: 0, max_channels: -1 }, match(1)), 'name', 'port', 'max_channels');
  refused(await region_admin.raw('PUT', path, { transport: 'pigeon', host: 'a b', allowed_ips: '10.0.0.0/8, nonsense', username: 'a"b' }, match(1)), 'transport', 'host', 'allowed_ips', 'username');
  assert.equal((await region_admin.raw('PUT', path, { enabled: false })).status, 428);
  const put = async (body) => published(async () => region_admin.put(path, body, match((await trunk()).version)));
  await put({ username: 'hotline', password: 'trunk-secret-5' });
  assert.ok(!JSON.stringify(await trunk()).includes('trunk-secret-5'));
  assert.deepEqual([(await trunk()).has_password, (await trunk()).username], [true, 'hotline']);
  await put({ enabled: false });
  const refusedCall = call(NANNING, '');
  await refusedCall.waitFor('refused');
  await refusedCall.exited;
  await put({ enabled: true });
  const taken = call(NANNING, '');
  await taken.waitFor('answered');
  await taken.hangUp();
  const numbers = (await region_admin.get('/settings/numbers')).items;
  assert.equal(numbers.filter((n) => n.kind === 'public').length, 15);
  assert.deepEqual((await region_admin.get('/settings/numbers?center_id=2')).items.map((n) => n.center_id), [2, 2, 2]);
});

test('every change of the settings is in the audit log of its center, with who and what but no secrets (GEN-04)', async () => {
  const log = async (person, query = '') => {
    const all = [];
    let after = '';
    do {
      const page = await person.get(`/audit?limit=20${query}${after}`);
      all.push(...page.items);
      after = page.next ? `&after=${page.next}` : '';
    } while (after);
    return all;
  };
  const wanted = ['user.create', 'user.update', 'user.delete', 'queue.create', 'queue.update', 'queue.delete', 'queue.member.put', 'queue.member.delete', 'flow.publish', 'prompt.publish', 'prompt.restore', 'prompt.delete'];
  const mine = await until('all of it in the log', async () => {
    const all = await log(admin);
    return wanted.every((action) => all.some((a) => a.action === action)) && all;
  });
  assert.equal(new Set(mine.map((a) => a.id)).size, mine.length, 'pages neither lose nor repeat');
  assert.ok(mine.every((a) => a.center_id === 2));
  const created = mine.find((a) => a.action === 'user.create');
  assert.deepEqual([created.login, created.address], ['admin', '127.0.0.1']);
  assert.ok(!/Neue-Leute|phone-secret|trunk-secret|Ganz-Anders/.test(JSON.stringify([mine, await log(region_admin)])));
  assert.ok((await log(liuzhou)).every((a) => a.center_id === 3));
  const one = await log(admin, '&action=flow.publish');
  assert.ok(one.length >= 3 && one.every((a) => a.action === 'flow.publish'));
  assert.equal((await admin.raw('GET', '/audit?limit=500')).status, 422);
  assert.equal((await admin.raw('GET', '/audit?from=yesterday')).status, 422);
  assert.equal((await admin.raw('GET', '/audit?after=1_x')).status, 422);
  assert.equal((await leader.raw('GET', '/audit')).status, 403);
});
