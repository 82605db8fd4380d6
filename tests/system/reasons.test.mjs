// Busy reasons and wrap-up codes are what the administrator of a city makes them, for agents already at work.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Person, Region, until } from './lib/region.mjs';
import { Office, answer, finish, neverRang, rings } from './lib/office.mjs';
import { Database, schemaFiles } from './lib/sql.mjs';

let region, office, agent, stranger, leader;
before(async () => {
  region = await Region.start();
  office = await Office.open(region, 'yulin');
  agent = await office.agent('a1001');
  stranger = await Person.signIn(region, 'liuzhou', 'admin');
  leader = office.leader;
});
after(async () => {
  await office?.close();
  await region?.stop();
});

// --- helpers ---------------------------------------------------------------------------------------

const match = (version) => ({ 'if-match': `"${version}"` });
const REASONS = '/settings/reasons';
const CODES = '/settings/wrap-up-codes';
const reason = async (name, person = office.admin) => (await person.get(REASONS)).items.find((r) => r.name === name);
const code = async (wanted, person = office.admin) => (await person.get(CODES)).items.find((c) => c.code === wanted);
const offered = async (kind = 'busy_reasons') => (await agent.person.get('/dictionaries'))[kind];
const add = (body) => office.changed(() => office.admin.post(REASONS, body));
const change = async (name, fields) => {
  const { id, version } = await reason(name);
  return office.changed(() => office.admin.put(`${REASONS}/${id}`, fields, match(version)));
};
const changeCode = async (wanted, fields) => {
  const { version } = await code(wanted);
  return office.changed(() => office.admin.put(`${CODES}/${wanted}`, fields, match(version)));
};
const setState = (state, reason_id) => agent.person.raw('PUT', '/agent/state', { state, reason_id });
const states = (reason_id) => JSON.parse(region.sql(`SELECT coalesce(json_agg(json_build_array(state, reason) ORDER BY t_start), '[]') FROM agent_state WHERE reason_id = ${reason_id}`));
const audits = (kind) => JSON.parse(region.sql(`SELECT coalesce(json_agg(json_build_array(action, object_id, detail) ORDER BY at, id), '[]') FROM audit_log
  WHERE object_kind = '${kind}' AND user_id = ${office.admin.me.user.id} AND action <> 'refused'`));

// 422 with a Chinese message for each of these fields, and for no others.
function refused(reply, ...fields) {
  assert.equal(reply.status, 422, JSON.stringify(reply.body));
  assert.deepEqual(Object.keys(reply.body.errors).sort(), fields.sort(), JSON.stringify(reply.body));
  for (const field of fields) assert.match(reply.body.errors[field], /[\u4e00-\u9fff]/);
  return reply.body.errors;
}

// --- reasons ---------------------------------------------------------------------------------------

test('CC-20: a new reason is there at once for an agent at work; busy with it he gets no call, idle again he does; it is stored', async () => {
  const made = await add({ kind: 'busy', name: '政策学习' });
  assert.equal(made.version, 1);
  assert.deepEqual((await offered()).find((r) => r.id === made.id), { id: made.id, name: '政策学习', kind: 'busy' });
  assert.equal((await offered()).at(-1).id, made.id, 'a new one comes last');
  const set = await setState('busy', made.id);
  assert.deepEqual([set.status, set.body.state, set.body.reason_id, set.body.reason], [200, 'busy', made.id, '政策学习']);
  await leader.waitFor('seat', (s) => s.agent_no === '1001' && s.reason === '政策学习');
  const caller = await office.waiting('1');
  assert.equal(agent.document.state, 'busy');
  neverRang([agent], caller);
  assert.equal((await setState('ready')).status, 200);
  await rings([agent], caller);
  await answer(agent);
  const asked = await setState('busy', made.id); // in a call: kept for afterwards, the call goes on
  assert.deepEqual([asked.body.state, asked.body.next_state], ['talk', 'busy']);
  await finish(agent, caller);
  await until('busy after the call', () => agent.document.state === 'busy' && agent.document.reason === '政策学习');
  await until('both states written', () => states(made.id).length === 2);
  assert.deepEqual(states(made.id), [['busy', '政策学习'], ['busy', '政策学习']]);
});

test('CC-20: a rest reason with its own length of time and place in the list', async () => {
  const made = await add({ kind: 'rest', name: '哺乳', allowed_ms: 1800000, sort: 5 });
  assert.deepEqual((await offered())[0], { id: made.id, name: '哺乳', kind: 'rest' });
  assert.equal((await setState('busy', made.id)).body.code, 'agent.bad_reason', 'a reason of the other kind');
  const set = await setState('rest', made.id);
  assert.deepEqual([set.status, set.body.state, set.body.reason], [200, 'rest', '哺乳']);
  const row = await reason('哺乳');
  assert.deepEqual([row.allowed_ms, row.sort, row.enabled, row.system, row.center_id, row.center_name], [1800000, 5, true, false, office.id, '玉林市12366分中心']);
});

test('CC-20: renamed, the next state has the new name and what was written keeps the old one; disabled, it is refused; enabled again, taken', async () => {
  const { id } = await reason('政策学习');
  assert.equal((await change('政策学习', { name: '  业务学习 ' })).version, 2);
  assert.equal((await offered()).find((r) => r.id === id).name, '业务学习');
  assert.equal((await setState('busy', id)).body.reason, '业务学习');
  await until('written', () => states(id).length === 3);
  assert.deepEqual(states(id).map(([, name]) => name), ['政策学习', '政策学习', '业务学习']);
  await change('业务学习', { enabled: false });
  assert.ok(!(await offered()).some((r) => r.id === id));
  const no = await setState('busy', id);
  assert.deepEqual([no.status, no.body.code], [422, 'agent.bad_reason']);
  assert.equal((await reason('业务学习')).enabled, false, 'the administrator still sees it');
  await change('业务学习', { enabled: true });
  assert.equal((await setState('busy', id)).status, 200);
});

test('CC-20: what states name is not deleted but says why; what nobody used is; the system\'s own is untouchable', async () => {
  const used = await reason('业务学习');
  const { id: why } = refused(await office.admin.raw('DELETE', `${REASONS}/${used.id}`), 'id');
  assert.match(why, /业务学习.*停用/);
  assert.equal((await setState('busy', used.id)).status, 200, 'and is still there');
  const spare = await add({ kind: 'busy', name: '盘点' });
  await office.changed(() => office.admin.call('DELETE', `${REASONS}/${spare.id}`));
  assert.equal((await setState('busy', spare.id)).body.code, 'agent.bad_reason');
  assert.equal(await reason('盘点'), undefined);
  assert.equal((await office.admin.raw('DELETE', `${REASONS}/${spare.id}`)).status, 404);
  const own = await reason('久不应答');
  assert.equal(own.system, true);
  for (const [method, body] of [['PUT', { name: '不接' }], ['PUT', { enabled: false }], ['DELETE']])
    assert.match(refused(await office.admin.raw(method, `${REASONS}/${own.id}`, body, match(own.version)), 'id').id, /久不应答.*系统/);
  assert.deepEqual(await reason('久不应答'), own);
  refused(await office.admin.raw('POST', REASONS, { kind: 'busy', name: '久不应答' }), 'name');
});

test('CC-20: wrong fields, names already there, and changes based on an old version are told in Chinese', async () => {
  const post = (body) => office.admin.raw('POST', REASONS, body);
  refused(await post({}), 'kind', 'name');
  refused(await post({ kind: 'lunch', name: ' ' }), 'kind', 'name');
  refused(await post({ kind: 'busy', name: '长'.repeat(16), allowed_ms: -1, sort: 1000001, enabled: 'yes', system: true }), 'name', 'allowed_ms', 'sort', 'enabled', 'system');
  for (const name of ['会议', ' 会议 ', '\u3000会议']) assert.match(refused(await post({ kind: 'rest', name }), 'name').name, /会议/);
  const meeting = await reason('会议');
  const put = (body, headers) => office.admin.raw('PUT', `${REASONS}/${meeting.id}`, body, headers);
  refused(await put({ kind: 'rest' }, match(meeting.version)), 'kind');
  refused(await put({ name: '培训' }, match(meeting.version)), 'name');
  assert.equal((await put({ name: '例会' })).status, 428);
  assert.equal((await put({ name: '例会' }, match(meeting.version + 1))).status, 412);
  assert.equal((await put({ sort: 21 }, match(meeting.version))).body.version, meeting.version + 1);
  assert.equal((await put({ name: '例会' }, match(meeting.version))).status, 412);
  // A disabled one lets its name go and does not get it back while another has it.
  await change('会议', { enabled: false });
  const other = await add({ kind: 'busy', name: '会议' });
  refused(await put({ enabled: true }, match((await office.admin.get(REASONS)).items.find((r) => r.id === meeting.id).version)), 'name');
  await office.admin.call('DELETE', `${REASONS}/${other.id}`);
  await change('会议', { enabled: true });
  const race = await Promise.all([1, 2, 3].map(() => post({ kind: 'busy', name: '同时' })));
  assert.deepEqual(race.map((r) => r.status).sort(), [201, 422, 422], 'of three at once one is first');
});

test('CC-20 CC-06 GEN-04: another city sees and changes none of it; who may only read changes nothing', async () => {
  const { id, version } = await reason('业务学习');
  const at = office.id;
  assert.ok((await stranger.get(REASONS)).items.every((r) => r.center_id === 3));
  assert.ok((await stranger.get(CODES)).items.every((c) => c.center_id === 3));
  for (const [method, body] of [['PUT', { name: '他人' }], ['DELETE']]) {
    assert.equal((await stranger.raw(method, `${REASONS}/${id}`, body, match(version))).status, 404);
    assert.equal((await stranger.raw(method, `${CODES}/answered?center_id=${at}`, body, match(1))).status, 403);
    assert.equal((await leader.raw(method, `${REASONS}/${id}`, body, match(version))).status, 403);
    assert.equal((await leader.raw(method, `${CODES}/answered`, body, match(1))).status, 403);
  }
  assert.equal((await stranger.raw('POST', REASONS, { kind: 'busy', name: '混入', center_id: at })).status, 403);
  assert.equal((await stranger.raw('POST', CODES, { code: 'spy', name: '混入', center_id: at })).status, 403);
  for (const path of [REASONS, CODES]) assert.equal((await stranger.raw('GET', `${path}?center_id=${at}`)).status, 403, path);
  assert.equal((await stranger.raw('POST', REASONS, { kind: 'busy', name: '业务学习' })).status, 201, 'a name of his own');
  assert.ok((await reason('业务学习')).version === version);
  const foreign = await reason('业务学习', stranger);
  assert.equal((await setState('busy', foreign.id)).body.code, 'agent.bad_reason');
  const region_admin = await Person.signIn(region, 'guangxi', 'admin');
  assert.equal((await region_admin.raw('PUT', `${CODES}/silent?center_id=${at}`, { sort: 61 }, match(1))).status, 200);
  assert.deepEqual([(await code('silent')).sort, (await code('silent', stranger)).sort], [61, 60], 'the same code of each city');
  assert.equal((await region_admin.raw('POST', CODES, { code: 'visit', name: '约见', center_id: at })).status, 201);
  assert.equal((await code('visit')).name, '约见');
});

// --- wrap-up codes -----------------------------------------------------------------------------------

test('CC-06: a new wrap-up code is offered and taken at once; used it is disabled, not deleted', async () => {
  await office.changed(() => office.admin.post(CODES, { code: 'hall', name: '引导至大厅', sort: 15 }));
  assert.deepEqual((await offered('wrap_up_codes')).map((c) => c.code).slice(0, 3), ['answered', 'hall', 'call_back']);
  await agent.ready();
  const caller = office.call('1');
  await rings([agent], caller);
  const call_id = await answer(agent);
  await caller.hangUp();
  await until('wrap-up', () => agent.document.state === 'acw');
  assert.equal((await agent.person.raw('PUT', `/agent/calls/${call_id}/wrap-up`, { code: 'hall', note: '带身份证' })).status, 204);
  await agent.done();
  const row = await office.row(caller, (c) => c.wrap_up_code);
  assert.deepEqual([row.call_id, row.wrap_up_code, row.wrap_up_note], [call_id, 'hall', '带身份证']);
  assert.match(refused(await office.admin.raw('DELETE', `${CODES}/hall`), 'code').code, /引导至大厅.*停用/);
  assert.equal((await changeCode('hall', { name: '大厅办理' })).version, 2);
  await changeCode('hall', { enabled: false });
  assert.ok(!(await offered('wrap_up_codes')).some((c) => c.code === 'hall'));
  assert.equal((await code('hall')).name, '大厅办理', 'for what looks back');
  const late = await until('taken no longer', async () => { const put = await agent.person.raw('PUT', `/agent/calls/${call_id}/wrap-up`, { code: 'hall', note: '' }); return put.status !== 204 && put; });
  assert.deepEqual([late.status, Object.keys(late.body.errors)], [422, ['code']]);
});

test('CC-06: wrong fields, codes and names already there, old versions; what no call used is deleted', async () => {
  const post = (body) => office.admin.raw('POST', CODES, body);
  refused(await post({}), 'code', 'name');
  refused(await post({ code: '大厅', name: ' ' }), 'code', 'name');
  refused(await post({ code: 'x'.repeat(33), name: '长'.repeat(16), sort: -1, enabled: 1 }), 'code', 'name', 'sort', 'enabled');
  assert.match(refused(await post({ code: 'answered', name: '新的' }), 'code').code, /answered/);
  assert.match(refused(await post({ code: 'fresh', name: '已答复' }), 'name').name, /已答复/);
  const path = `${CODES}/dropped`;
  assert.equal((await office.admin.raw('PUT', path, { name: '掉线' })).status, 428);
  assert.equal((await office.admin.raw('PUT', path, { name: '掉线' }, match(9))).status, 412);
  refused(await office.admin.raw('PUT', path, { name: '误拨' }, match(1)), 'name');
  refused(await office.admin.raw('PUT', path, { code: 'other' }, match(1)), 'code');
  await changeCode('dropped', { name: '掉线' });
  await office.changed(() => office.admin.call('DELETE', path));
  assert.equal((await office.admin.raw('DELETE', path)).status, 404);
  assert.equal((await office.admin.raw('PUT', path, { name: '掉线' }, match(2))).status, 404);
  assert.ok(!(await offered('wrap_up_codes')).some((c) => c.code === 'dropped'));
});

// --- what is written of it, and the way from older data ------------------------------------------------

test('CC-20 CC-06: every change is in the audit log, refused ones are not', async () => {
  const { id } = await reason('业务学习');
  const mine = await until('all of it', () => { const all = audits('reason'); return all.length >= 13 && all; });
  assert.deepEqual(mine[0], ['reason.create', '', `busy name=政策学习 center=${office.id}`]);
  assert.deepEqual(mine.filter(([, object]) => object === String(id)).map(([action, , detail]) => [action, JSON.parse(detail)]),
    [['reason.update', { name: '  业务学习 ' }], ['reason.update', { enabled: false }], ['reason.update', { enabled: true }]]);
  assert.equal(mine.filter(([action]) => action === 'reason.delete').length, 2);
  assert.equal(mine.filter(([action]) => action === 'reason.create').length, 5);
  const codes = (await until('its codes, too', () => { const all = audits('wrap_up_code'); return all.length >= 5 && all; })).map(([action, object]) => `${action} ${object}`);
  assert.deepEqual(codes, ['wrap_up_code.create', 'wrap_up_code.update', 'wrap_up_code.update', 'wrap_up_code.update', 'wrap_up_code.delete']
    .map((action, i) => `${action} ${office.id}/${i < 3 ? 'hall' : 'dropped'}`));
  const listed = (await office.admin.get('/audit?action=reason.delete')).items;
  assert.deepEqual(listed.map((a) => [a.login, a.object_kind]), [['admin', 'reason'], ['admin', 'reason']]);
});

test('CC-20: names that were there twice before the migration are told apart by it; the start data stay as the city made them', () => {
  const db = new Database();
  try {
    db.psql('hotlined', 'CREATE DATABASE older');
    db.database = 'older';
    const number = (f) => Number(/\/(\d+)-[^/]*$/.exec(f)[1]);
    const [before_it, then] = [(f) => number(f) < 11, (f) => number(f) >= 11];
    for (const file of schemaFiles().filter(before_it)) db.migrate(file);
    db.sql(`INSERT INTO center (id, code, kind, name) VALUES (1, 'town', 'city', '某市');
      SELECT center_start_data(1);
      INSERT INTO reason (center_id, kind, name) VALUES (1, 'rest', '其他');
      INSERT INTO wrap_up_code (center_id, code, name) VALUES (1, 'zz', '已答复')`);
    for (const file of schemaFiles().filter(then)) db.migrate(file);
    assert.deepEqual(db.rows("SELECT kind, name, version FROM reason WHERE name LIKE '其他%' ORDER BY id"),
      [{ kind: 'busy', name: '其他', version: 1 }, { kind: 'rest', name: '其他\uff08小休\uff09', version: 1 }]);
    assert.equal(db.sql("SELECT name FROM wrap_up_code WHERE code = 'zz'"), '已答复 zz');
    db.sql("UPDATE reason SET enabled = false WHERE name = '培训'; UPDATE wrap_up_code SET name = '没声音' WHERE code = 'silent'");
    const all = () => [db.rows('SELECT * FROM reason ORDER BY id'), db.rows('SELECT * FROM wrap_up_code ORDER BY code')];
    const now = all();
    db.sql('SELECT center_start_data(1)');
    assert.deepEqual(all(), now);
  } finally {
    db.stop();
  }
});
