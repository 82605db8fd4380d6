// Tickets on the real daemon: made of registrations, given from hand to hand, finished; whose they are; and the recordings
// of real calls, found by the number of the ticket.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Called, Person, Region, until } from './lib/region.mjs';
import { Office, answer, finish, rings } from './lib/office.mjs';
import { PSQL } from './lib/psql.mjs';

let region, office, maker, handler, other, leader, called, category, teams;
let people = 13877800000;

before(async () => {
  region = await Region.start();
  office = await Office.open(region, 'nanning');
  leader = office.leader;
  [maker, handler, other] = await Promise.all(['a1003', 'a1004', 'a1005'].map((login) => Person.signIn(region, 'nanning', login)));
  category = (await maker.get('/dictionaries')).categories[0].code;
  teams = Object.fromEntries((await leader.get('/tickets/choices')).teams.map((t) => [t.name, t.id]));
  called = await Called.start(region, { args: ['--count', '0', '--tone', '700'] });
  await region.outside(called);
});
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  called?.kill();
  await Promise.all([maker, handler, other].map((p) => p?.close()));
  await office?.close();
  await region?.stop();
});

const idOf = (person) => person.me.user.id;
const record = async (person, fields = {}) => (await person.post('/records', { id: randomUUID(), caller_no: String(++people), caller_name: '来电某', category, title: '发票问题', content: '内容甲', answer: '待办', method: 'dispatch', ...fields })).id;
async function made(person, fields = {}, of) {
  const { ticket_id } = await person.post('/tickets', { ticket_id: randomUUID(), record_id: of ?? await record(person), ...fields });
  return ticket_id;
}
const ticket = (person, id) => person.get(`/tickets/${id}`);
// A step on the newest version, or on the one that is said; gives the answer, whatever it is.
async function step(person, id, verb, body = {}, version) {
  const now = version ?? (await leader.get(`/tickets/${id}`)).version;
  return person.raw('POST', `/tickets/${id}/${verb}`, body, { 'if-match': `"${now}"` });
}
async function does(person, id, verb, body) {
  const answer = await step(person, id, verb, body);
  assert.equal(answer.status, 200, `${verb}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
// what: the field of a 422, else the code.
function refused(answer, status, what) {
  const said = status === 422 ? Object.keys(answer.body.errors ?? {})[0] : answer.body.code;
  assert.deepEqual([answer.status, what ?? said], [status, said], JSON.stringify(answer.body));
}
const listed = async (person, query) => (await person.get(`/tickets?${query}`)).items.map((t) => t.ticket_id);
const counts = async (person) => (await person.get('/tickets?limit=1')).counts;
const audited = (action, id) => until(`audit ${action}`, () => Number(region.sql(`SELECT count(*) FROM audit_log WHERE action = '${action}' AND object_id = '${id}'`)));

test('DATA-07 DATA-08 CC-08 the whole life of a ticket: made of a registration, accepted, sent back, given to a team, finished, opened again, finished; each step stays as it was written', async () => {
  const of = await record(maker, { urgency: 'urgent' });
  const body = { ticket_id: randomUUID(), record_id: of, due_at: '2099-01-05T18:00:00+08:00', to_user_id: idOf(handler), opinion: '请核实后答复' };
  const first = await maker.raw('POST', '/tickets', body);
  assert.equal(first.status, 201, JSON.stringify(first.body));
  assert.deepEqual(await maker.post('/tickets', body), first.body, 'twice is once');
  const id = first.body.ticket_id;
  const saved = await maker.get(`/records/${of}`);
  assert.equal(first.body.ticket_no, `GD${saved.record_no}`);
  assert.deepEqual([saved.state, saved.tickets], ['open', [{ ticket_id: id, ticket_no: first.body.ticket_no, state: 'open' }]]);
  const main = await ticket(maker, id);
  assert.deepEqual([main.center_id, main.info_source, main.unit_type, main.channel, main.category, main.urgency, main.due_at.slice(0, 10), main.state, main.title, main.holder_id],
    [office.id, 'city', 'self', 'late_entry', category, 'urgent', '2099-01-05', 'open', '发票问题', idOf(handler)]);
  assert.equal(main.record.content, '内容甲');

  await does(handler, id, 'accept');
  await does(handler, id, 'return', { opinion: '缺少纳税人识别号' });
  assert.equal((await ticket(maker, id)).holder_id, idOf(maker), 'it is with who gave it');
  await does(maker, id, 'forward', { opinion: '已补充', to_team_id: teams['二组'] });
  await does(handler, id, 'accept', { opinion: '' });
  assert.equal((await does(handler, id, 'finish', { opinion: '已电话答复' })).state, 'finished');
  assert.deepEqual([(await ticket(maker, id)).result, (await maker.get(`/records/${of}`)).state], ['已电话答复', 'closed'], 'the registration is done with it');
  await does(maker, id, 'reopen', { opinion: '来电人不满意' });
  assert.deepEqual([(await ticket(maker, id)).result, (await maker.get(`/records/${of}`)).state], ['', 'open']);
  await does(handler, id, 'accept');
  await does(handler, id, 'finish', { opinion: '再次答复' });

  const { hops } = await ticket(maker, id);
  assert.deepEqual(hops.map((h) => [h.seq, h.action, h.state]), [[1, 'create', 'open'], [2, 'accept', 'in_work'], [3, 'return', 'open'], [4, 'forward', 'open'], [5, 'accept', 'in_work'],
    [6, 'finish', 'finished'], [7, 'reopen', 'open'], [8, 'accept', 'in_work'], [9, 'finish', 'finished']]);
  const name = (person) => `${person.me.user.agent_no} ${person.me.user.name}`;
  assert.deepEqual(hops.slice(0, 4).map((h) => [h.by, h.from, h.to, h.to_team, h.opinion]), [[name(maker), '', name(handler), '二组', '请核实后答复'], [name(handler), name(handler), name(handler), '二组', ''],
    [name(handler), name(handler), name(maker), '一组', '缺少纳税人识别号'], [name(maker), name(maker), '', '二组', '已补充']]);
  const times = hops.map((h) => Date.parse(h.at));
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
  const app = region.run('scripts/pg', ['conninfo', region.pgDir]).trim();
  for (const change of [`UPDATE ticket_hop SET opinion = '改'`, 'DELETE FROM ticket_hop'])
    assert.throws(() => region.run(PSQL, ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-d', app, '-c', `SET ROLE hotlined_app; SET hotlined.centers = '*'; ${change}`]), /permission denied/);
  for (const action of ['ticket.create', 'ticket.accept', 'ticket.return', 'ticket.forward', 'ticket.finish', 'ticket.reopen', 'ticket.read']) assert.ok(await audited(action, id), action);
});

test('CC-31 CC-08 what is refused, and why: the form, whose it is, a version that is gone, a state that does not allow it, a receiver there is not', async () => {
  const of = await record(maker);
  const id = await made(maker, { to_user_id: idOf(handler) }, of);
  const making = (fields, person = maker) => person.raw('POST', '/tickets', { ticket_id: randomUUID(), record_id: of, ...fields });
  refused(await making({}), 422, 'record_id');
  assert.match((await making({})).body.title, /已有工单 GD/);
  refused(await making({ record_id: await record(handler) }), 422, 'record_id');
  refused(await making({ record_id: 'x' }), 422, 'record_id');
  const fresh = await record(maker);
  const theirs = Number(region.sql('SELECT id FROM app_user WHERE center_id = 3 AND agent_no = \'1001\''));
  for (const [field, value] of [['urgency', 'sofort'], ['due_at', '2026-02-30'], ['category', 'nix'], ['to_user_id', theirs], ['to_user_id', 999999], ['to_team_id', 999999], ['state', 'finished']])
    refused(await making({ record_id: fresh, [field]: value }), 422, field);
  refused(await making({ record_id: fresh, to_user_id: idOf(handler), to_team_id: teams['一组'] }), 422, 'to_team_id');
  region.sql(`INSERT INTO record (id, center_id, record_no, method, info_source, unit_type, channel, state, created_by) VALUES ('${randomUUID()}', 2, 'DRAFT1', 'call_back', 'city', 'self', 'voicemail', 'draft', ${idOf(maker)})`);
  const draft = region.sql("SELECT id FROM record WHERE record_no = 'DRAFT1'");
  assert.match((await making({ record_id: draft })).body.errors.record_id, /还不是正式记录/, 'a message that nobody called back');

  assert.equal((await handler.raw('POST', `/tickets/${id}/accept`, {})).status, 428);
  refused(await step(handler, id, 'accept', {}, 7), 412, 'version.stale');
  refused(await step(other, id, 'accept'), 404, 'not_found');
  refused(await step(maker, id, 'accept'), 409, 'ticket.holder');
  refused(await step(leader, id, 'accept'), 409, 'ticket.holder');
  refused(await step(handler, id, 'finish', { opinion: '太早' }), 409, 'ticket.state');
  refused(await step(handler, id, 'finish', {}), 422, 'opinion');
  refused(await step(handler, id, 'finish', { opinion: ' \u3000 ' }), 422, 'opinion');
  refused(await step(handler, id, 'forward', { opinion: '转' }), 422, 'to_user_id');
  refused(await step(handler, id, 'forward', { opinion: '转', to_user_id: theirs }), 422, 'to_user_id');
  refused(await step(handler, id, 'assign', { to_user_id: idOf(other) }), 403);
  refused(await handler.raw('POST', `/tickets/${id}/call`), 409, 'ticket.state');
  await does(handler, id, 'accept');
  refused(await step(handler, id, 'accept'), 409, 'ticket.state');
  refused(await step(handler, id, 'reopen', { opinion: '再' }), 409, 'ticket.state');
  refused(await step(maker, id, 'finish', { opinion: '不在手上' }), 409, 'ticket.holder');
  // Two at once on one version: one of them is too late.
  const { version } = await ticket(leader, id);
  const both = await Promise.all([step(handler, id, 'finish', { opinion: '办完' }, version), step(leader, id, 'assign', { to_user_id: idOf(other) }, version)]);
  assert.deepEqual(both.map((a) => a.status).sort(), [200, 412]);

  const timed = await record(maker, { same_day: false, due_at: '2099-02-01T18:00:00+08:00' });
  assert.equal((await ticket(maker, await made(maker, { due_at: '' }, timed))).due_at, null, 'none, though the registration has one');

  // Its author voids one; the registration may have another, and only one that counts.
  const gone = await made(maker, {}, fresh);
  refused(await step(maker, gone, 'return', { opinion: '无人' }), 409, 'ticket.giver');
  await does(maker, gone, 'void', { opinion: '重复' });
  const next = await made(maker, {}, fresh);
  assert.match((await ticket(maker, next)).ticket_no, /^GD\d+-2$/);
  refused(await step(maker, gone, 'reopen', { opinion: '又要' }), 409, 'ticket.exists');
  // A team that a ticket went to stays.
  const team = await office.admin.call('POST', '/settings/teams', { name: '临时组' });
  region.sql(`UPDATE app_user SET team_id = ${team.id} WHERE id = ${idOf(other)}`);
  await does(leader, next, 'assign', { to_team_id: team.id });
  const home = teams['一组'];
  region.sql(`UPDATE app_user SET team_id = ${home} WHERE id = ${idOf(other)}`);
  await region.configured();
  const kept = await office.admin.raw('DELETE', `/settings/teams/${team.id}`, undefined, { 'if-match': '"1"' });
  assert.equal(kept.status, 422);
  assert.match(kept.body.title, /临时组.*经办过工单/);
});

test('WF-03 GEN-04 CC-35 whose tickets one sees: self, team, center, region; to do, in work, done and created with their counts; nothing of another center', async () => {
  const start = await Promise.all([maker, handler, other, leader].map(counts));
  const added = async () => {
    const now = await Promise.all([maker, handler, other, leader].map(counts));
    return now.map((c, i) => Object.fromEntries(Object.entries(c).map(([k, v]) => [k, v - start[i][k]]).filter(([, v]) => v)));
  };
  const mine = await made(maker, { title: '给人的' , to_user_id: idOf(handler) });
  const teamed = await made(maker, { title: '给班组的', to_team_id: teams['二组'] });
  const nobodys = await made(maker, { title: '待分派的' });
  assert.deepEqual(await added(), [{ created: 3, all: 3 }, { todo: 2, all: 2 }, {}, { todo: 1, all: 3 }]);
  for (const [person, list, wanted] of [[handler, 'todo', [teamed, mine]], [leader, 'todo', [nobodys]], [maker, 'created', [nobodys, teamed, mine]], [other, 'all', []]])
    assert.deepEqual((await listed(person, `list=${list}&q=的`)).filter((t) => [mine, teamed, nobodys].includes(t)), wanted, list);
  for (const id of [mine, teamed, nobodys]) refused(await other.raw('GET', `/tickets/${id}`), 404);
  refused(await handler.raw('GET', `/tickets/${nobodys}`), 404);
  await does(handler, teamed, 'accept');
  await does(handler, mine, 'accept');
  await does(handler, mine, 'finish', { opinion: '好了' });
  await does(leader, nobodys, 'assign', { to_user_id: idOf(other) });
  assert.deepEqual(await added(), [{ created: 3, all: 3 }, { doing: 1, done: 1, all: 2 }, { todo: 1, all: 1 }, { done: 1, all: 3 }]);
  await does(handler, teamed, 'forward', { to_user_id: idOf(other), opinion: '您来' });
  assert.equal((await ticket(handler, teamed)).holder_id, idOf(other), 'who worked on it sees where it went');
  refused(await step(handler, teamed, 'finish', { opinion: '不再' }), 409, 'ticket.holder');

  // Of scope team: what colleagues have and made.
  region.sql(`INSERT INTO role (code, name) VALUES ('foreman', '组长'); INSERT INTO role_permission (role_code, permission, scope) VALUES ('foreman', 'ticket.read', 'team'), ('foreman', 'ticket.work', 'team'), ('foreman', 'ticket.assign', 'team');
    DELETE FROM user_role WHERE user_id = (SELECT id FROM app_user WHERE center_id = 2 AND login = 'a1006'); INSERT INTO user_role (user_id, role_code, center_id) SELECT id, 'foreman', 2 FROM app_user WHERE center_id = 2 AND login = 'a1006'`);
  const foreman = await Person.signIn(region, 'nanning', 'a1006'); // of the second team, as handler is
  const seen = await listed(foreman, 'list=all');
  assert.deepEqual([mine, teamed, nobodys].map((t) => seen.includes(t)), [true, true, false]);
  refused(await step(foreman, nobodys, 'assign', { to_user_id: idOf(handler) }), 404, 'not_found');
  const held = await made(maker, { to_user_id: idOf(handler) });
  await does(foreman, held, 'assign', { to_user_id: idOf(foreman), opinion: '我来' });
  await does(foreman, held, 'accept');

  // The region reads all, each under its center; a city sees nothing of another.
  const supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  assert.deepEqual((await supervisor.get(`/tickets?center_id=${office.id}&ticket_no=${(await ticket(leader, mine)).ticket_no.toLowerCase()}`)).items.map((t) => [t.ticket_id, t.center_id, t.state]), [[mine, office.id, 'finished']]);
  refused(await step(supervisor, held, 'void', { opinion: '无权' }), 403);
  for (const login of ['a1001', 'leader', 'admin']) {
    const far = await Person.signIn(region, 'liuzhou', login);
    assert.deepEqual([await listed(far, 'list=all'), (await counts(far)).all], [[], 0]);
    refused(await far.raw('GET', `/tickets/${mine}`), 404);
    refused(await far.raw('GET', `/tickets?center_id=${office.id}`), 403);
    if (login === 'leader') refused(await step(far, held, 'void', { opinion: '越界' }), 404, 'not_found');
  }
  assert.ok(await audited('refused', mine));

  // Filters and pages.
  for (const [query, wanted] of [[`state=finished`, [mine]], ['q=给班组', [teamed]], ['q=没有这样的', []], [`from=2099-01-01`, []], [`to=2020-01-01`, []]])
    assert.deepEqual((await listed(leader, query)).filter((t) => [mine, teamed, nobodys].includes(t)), wanted, query);
  for (const wrong of ['list=alles', 'from=gestern', 'after=x', 'limit=0']) refused(await leader.raw('GET', `/tickets?${wrong}`), 422);
  const whole = await listed(leader, 'limit=200');
  const pages = [];
  for (let next = ''; next !== null;) {
    const page = await leader.get(`/tickets?limit=2${next && `&after=${next}`}`);
    assert.equal(page.counts === null, next !== '', 'counts on the first page only');
    pages.push(...page.items.map((t) => t.ticket_id));
    next = page.next;
  }
  assert.deepEqual(pages, whole);
});

test('CC-05 QRY-04 recordings of real calls are found by the number of their ticket: the call of the registration and the call-back from the ticket; whoever has the ticket hears them', async () => {
  const [first, second] = await office.team(['a1001', 'a1002'], { ready: false, lineArgs: ['--tone', '1000'] });
  await first.ready();
  const caller = await office.waiting('1', { args: ['--tone', '440'] });
  await rings([first], caller);
  const call_id = await answer(first);
  await until('it is recorded', () => region.sql(`SELECT count(*) FROM recording WHERE call_id = '${call_id}'`) === '1');
  const of = await record(first.person, { call_id, caller_no: caller.number, title: '真实来电' });
  const id = await made(first.person, { to_user_id: idOf(second.person) }, of); // during the call
  await finish(first, caller);
  const { ticket_no } = await ticket(leader, id);
  const found = (query) => until(`recordings ${query}`, async () => { const { items } = await leader.get(`/queries/recordings?${query}`); return items.length && items.every((i) => i.state === 'closed') && items; });
  const [recording] = await found(`ticket_no=${ticket_no}`);
  assert.deepEqual([recording.call_id, recording.ticket_no, recording.ticket_id, recording.agent_no, recording.record_no], [call_id, ticket_no, id, '1001', (await ticket(leader, id)).record_no]);
  assert.deepEqual((await leader.get('/queries/recordings?ticket_no=GD0')).items, []);
  const columns = (await leader.get('/queries/recordings?limit=1')).columns.map((c) => c.id);
  assert.ok(columns.includes('ticket_no'));
  assert.deepEqual((await leader.get(`/calls/${call_id}`)).tickets, [{ ticket_id: id, ticket_no, state: 'open' }]);

  // Who has the ticket was not in the call: he hears it through the ticket alone.
  const path = `/recordings/${recording.recording_id}/audio`;
  const sound = async (person, at) => {
    const response = await fetch(`${region.base}/api/v1${at}`, { headers: { cookie: person.cookie } });
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  };
  assert.equal((await sound(second.person, path)).status, 404);
  const heard = await sound(second.person, `/tickets/${id}${path}`);
  assert.deepEqual([heard.status, heard.body.subarray(0, 4).toString()], [200, 'RIFF']);
  assert.equal((await second.person.get(`/tickets/${id}/recordings/${recording.recording_id}/waveform`)).left.length, 600);
  assert.ok(await audited('recording.play', recording.recording_id));
  for (const [person, ticket_id] of [[other, id], [second.person, await made(second.person)], [await Person.signIn(region, 'liuzhou', 'leader'), id]])
    assert.equal((await sound(person, `/tickets/${ticket_id}${path}`)).status, 404);

  // He calls back; that call is the ticket's, too.
  await does(second.person, id, 'accept');
  const back = await second.person.post(`/tickets/${id}/call`);
  await until('they talk', () => second.document.call?.call_id === back.call_id && second.document.call.answered_ms);
  assert.ok(called.events.some((e) => e.event === 'invited' && e.to === caller.number), 'the number of the registration is called');
  await until('it is recorded', () => region.sql(`SELECT count(*) FROM recording WHERE call_id = '${back.call_id}'`) === '1');
  await second.hangUp(back.call_id);
  await second.waitState('acw');
  await second.done();
  const both = await until('both recordings', async () => { const items = await found(`ticket_no=${ticket_no}`); return items.length === 2 && items; });
  assert.deepEqual(both.map((i) => [i.call_id, i.direction, i.agent_no, i.ticket_no]), [[back.call_id, 'out', '1002', ticket_no], [call_id, 'in', '1001', ticket_no]]);
  const whole = await until('the step', async () => { const t = await ticket(second.person, id); return t.hops.at(-1).action === 'call' && t; });
  assert.deepEqual([whole.hops.at(-1).by, whole.hops.at(-1).opinion, whole.state], [`1002 ${second.person.me.user.name}`, 'reached', 'in_work']);
  assert.deepEqual(whole.calls.map((c) => [c.call_id, c.kind, c.agent_no, c.recordings.length]), [[call_id, 'record', '1001', 1], [back.call_id, 'call_back', '1002', 1]]);
  assert.deepEqual((await leader.get(`/records/${of}`)).calls.map((c) => [c.call_id, c.reached]), [[back.call_id, true]]);

  // Nobody is called that showed no number; and a call that could not be made leaves nothing.
  const silent = await made(second.person, { to_user_id: idOf(second.person) }, await record(second.person, { caller_no: '' }));
  await does(second.person, silent, 'accept');
  refused(await second.person.raw('POST', `/tickets/${silent}/call`), 409, 'call.no_number');
  await second.person.post('/agent/sign-out');
  refused(await second.person.raw('POST', `/tickets/${id}/call`), 409, 'agent.not_signed_in');
  assert.equal((await ticket(leader, id)).calls.length, 2);
  assert.equal(region.sql(`SELECT count(*) FROM record_link WHERE record_id = '${of}'`), '1');
});

test('CC-08 a list that is open hears of each step: everybody of the center who may see tickets, and nobody of another', async () => {
  const near = await (await Person.signIn(region, 'nanning', 'a1003')).listen();
  const far = await (await Person.signIn(region, 'liuzhou', 'leader')).listen();
  const supervisor = await (await Person.signIn(region, 'guangxi', 'supervisor')).listen();
  const id = await made(maker, { to_user_id: idOf(handler) });
  for (const [what, act] of [['create', null], ['accept', () => does(handler, id, 'accept')], ['finish', () => does(handler, id, 'finish', { opinion: '完' })]]) {
    await act?.();
    for (const person of [near, supervisor]) assert.deepEqual((await person.waitFor('ticket', (d) => d.ticket_id === id && d.what === what)).data, { center_id: office.id, ticket_id: id, what });
  }
  const theirs = await Person.signIn(region, 'liuzhou', 'a1001');
  const own = (await theirs.post('/tickets', { ticket_id: randomUUID(), record_id: await record(theirs) })).ticket_id;
  await far.waitFor('ticket', (d) => d.ticket_id === own);
  assert.ok(far.events.filter((e) => e.event === 'ticket').every((e) => e.data.center_id === 3));
  for (const person of [near, far, supervisor]) await person.close();
});
