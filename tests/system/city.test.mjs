// What a city sets by itself: work calendars, black and white lists. The daemon's clock is moved, not waited for.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Person, until } from './lib/region.mjs';
import { Clock } from './lib/clock.mjs';
import { Office, answer, finish, rings } from './lib/office.mjs';

const CALENDARS = '/settings/calendars';
const LISTS = '/settings/number-lists';
let region, office, leader, stranger;
before(async () => {
  region = await Clock.start();
  office = await Office.open(region, 'yulin');
  leader = office.leader;
  stranger = await Person.signIn(region, 'liuzhou', 'admin');
});
after(async () => {
  await office?.close();
  await region?.stop();
});

// --- helpers ---------------------------------------------------------------------------------------

const match = (version) => ({ 'if-match': `"${version}"` });
function refused(reply, ...fields) {
  assert.equal(reply.status, 422, JSON.stringify(reply.body));
  assert.deepEqual(Object.keys(reply.body.errors).sort(), fields.sort(), JSON.stringify(reply.body));
  for (const field of fields) assert.match(reply.body.errors[field], /[\u4e00-\u9fff]/);
  return reply.body.errors;
}
const one = (sql) => JSON.parse(region.sql(`SELECT row_to_json(t) FROM (${sql}) t`) || 'null');
const ended = (number) => until(`${number} ended`, () => one(`SELECT outcome, end_reason, priority, called_no FROM call LEFT JOIN LATERAL
  (SELECT priority FROM queue_visit v WHERE v.call_id = call.call_id LIMIT 1) v ON true WHERE caller_no = '${number}' AND outcome <> 'open' ORDER BY t_in DESC LIMIT 1`));
const audits = (kind) => region.sql(`SELECT coalesce(string_agg(action, ',' ORDER BY at, id), '') FROM audit_log WHERE object_kind = '${kind}' AND action <> 'refused'`);
// By way of yesterday: a clock set back by less than three hours is followed slowly, and late in the evening the next
// day is no further away. Whoever is signed in signs in anew.
async function backToNow() {
  const shows = (ms) => until('the daemon sees its clock', async () => Math.abs((await leader.get('/monitor/wall')).now_ms - ms()) < 60000);
  region.set(-24 * 3600);
  await shows(() => Date.now() - 24 * 3600e3);
  region.set(0);
  await shows(() => Date.now());
  await Promise.all([office.admin, office.leader].map((person) => person.close()));
  office.admin = await Person.signIn(region, 'yulin', 'admin');
  office.leader = leader = await Person.signIn(region, 'yulin', 'leader');
  stranger = await Person.signIn(region, 'liuzhou', 'admin');
  await Promise.all([office.admin, leader].map((person) => person.listen()));
}
async function goHome(agent) {
  await agent.person.raw('POST', '/agent/sign-out', {});
  await agent.close();
  office.agents = office.agents.filter((a) => a !== agent);
}
const WEEK = { 1: [['09:00', '12:00'], ['13:30', '17:00']], 2: [], 3: [], 4: [['09:00', '12:00'], ['13:30', '17:00']], 5: [], 6: [], 7: [] };
const HOURS = { week: WEEK, days: { '2026-10-01': [], '2026-10-10': [['10:00', '11:00']] }, notes: { '2026-10-01': '国庆节' } };
// Open: ends as self-service; closed: as closed.
const HOURS_FLOW = (calendar) => ({ entry: 'open', nodes: {
  open: { type: 'hours', calendar, open: 'yes', closed: 'no' },
  yes: { type: 'hangup', prompt: 'beep', reason: 'done' }, no: { type: 'hangup', prompt: 'beep', reason: 'closed' } } });

// --- calendars -------------------------------------------------------------------------------------

test('CC-26: a calendar with several periods, holidays and make-up days decides calls to the minute, and the test tool says the same and why', async () => {
  const made = await office.changed(() => office.admin.post(CALENDARS, { code: 'duty', name: '值班', document: HOURS, note: '新建' }));
  const { published } = { published: await office.publish(HOURS_FLOW('duty')) };
  assert.equal(published.result, 'ok');
  // Thursdays, the National Day, the Saturday worked for it.
  const moments = [['2026-10-08T08:59', false, 'week'], ['2026-10-08T09:00', true, 'week'], ['2026-10-08T11:59', true, 'week'], ['2026-10-08T12:00', false, 'week'],
    ['2026-10-08T13:30', true, 'week'], ['2026-10-08T17:00', false, 'week'], ['2026-10-01T09:30', false, 'special'], ['2026-10-10T10:30', true, 'special'], ['2026-10-17T10:30', false, 'week']];
  for (const [at, open, rule] of moments) {
    const said = await office.admin.post(`${CALENDARS}/${made.id}/at`, { at });
    assert.deepEqual([said.open, said.rule, said.date], [open, rule, at.slice(0, 10)], at);
    assert.equal(said.note, at.startsWith('2026-10-01') ? '国庆节' : '');
  }
  const thursday = await office.admin.post(`${CALENDARS}/${made.id}/at`, { at: '2026-10-08T10:00' });
  assert.deepEqual([thursday.weekday, thursday.periods], [4, WEEK[4]]);
  const draft = { week: {}, days: { '2026-10-08': [['00:00', '24:00']] } }; // typed, not saved
  assert.deepEqual((await office.admin.post(`${CALENDARS}/${made.id}/at`, { at: '2026-10-08T23:59', document: draft })).open, true);
  refused(await office.admin.raw('POST', `${CALENDARS}/${made.id}/at`, { at: '2026-02-30T09:00' }), 'at');
  refused(await office.admin.raw('POST', `${CALENDARS}/${made.id}/at`, { at: '2026-10-08T09:00', document: { week: [] } }), 'document');
  for (const [n, [at, open]] of moments.entries()) {
    region.setTo(`${at}:30`);
    await office.call('', { from: `1387700100${n}`, args: [] }).exited;
    assert.equal((await ended(`1387700100${n}`)).outcome, open ? 'ivr_self' : 'closed', at);
  }
  await backToNow();
});

test('CC-26: every change is a version that can be gone back to; one based on an old version is refused; one in use is not deleted and says by what', async () => {
  const duty = async () => (await office.admin.get(CALENDARS)).items.find((c) => c.code === 'duty');
  const { id, version, used_by } = await duty();
  assert.match(used_by, /主流程.*open/);
  const document = { ...HOURS, days: { ...HOURS.days, '2026-12-31': [] } };
  const put = (body, v) => office.admin.raw('PUT', `${CALENDARS}/${id}`, body, v && match(v));
  assert.equal((await put({ document })).status, 428);
  assert.equal((await put({ document }, version + 1)).status, 412);
  assert.equal((await put({ document, note: '年终' }, version)).body.version, version + 1);
  assert.equal((await put({ name: '别的' }, version)).status, 412);
  refused(await put({ code: 'other' }, version + 1), 'code');
  const { document: wrong } = refused(await put({ document: { week: { 8: [] }, days: { '2026-13-01': [], '2026-10-02': [['9:00', '10:00']] } } }, version + 1), 'document');
  for (const part of [/“8”/, /2026-13-01/, /2026-10-02/]) assert.match(wrong, part);
  refused(await office.admin.raw('POST', CALENDARS, { code: 'Duty', name: ' ', document: {} }), 'code', 'name', 'document');
  refused(await office.admin.raw('POST', CALENDARS, { code: 'duty', name: '又一个', document: HOURS }), 'code');
  let got = await office.admin.get(`${CALENDARS}/${id}`);
  assert.deepEqual(got.versions.map((v) => [v.version, v.note, v.made_by !== '']), [[2, '年终', true], [1, '新建', true]]);
  assert.equal((await office.admin.raw('POST', `${CALENDARS}/${id}/versions/9/restore`, {}, match(2))).status, 404);
  assert.equal((await office.admin.raw('POST', `${CALENDARS}/${id}/versions/1/restore`, {}, match(1))).status, 412);
  await office.changed(() => office.admin.call('POST', `${CALENDARS}/${id}/versions/1/restore`, {}, match(2)));
  got = await office.admin.get(`${CALENDARS}/${id}`);
  assert.deepEqual([got.version, got.document, got.versions.length, got.versions[0].note], [3, HOURS, 3, '退回到版本 1']);
  const { code: why } = refused(await office.admin.raw('DELETE', `${CALENDARS}/${id}`), 'code');
  assert.match(why, /值班.*主流程.*open/);
  const spare = await office.admin.post(CALENDARS, { code: 'spare', name: '备用', document: { week: {} } });
  assert.equal((await office.admin.raw('DELETE', `${CALENDARS}/${spare.id}`)).status, 200);
  assert.equal((await office.admin.raw('GET', `${CALENDARS}/${spare.id}`)).status, 404);
  await until('audited', () => audits('calendar') === 'calendar.create,calendar.update,calendar.restore,calendar.create,calendar.delete');
  for (const [method, path, body] of [['GET', ''], ['PUT', '', { name: '他人' }], ['DELETE', ''], ['POST', '/at', { at: '2026-10-08T09:00' }], ['POST', '/versions/1/restore', {}]])
    assert.equal((await stranger.raw(method, `${CALENDARS}/${id}${path}`, body, match(3))).status, 404, method + path);
  assert.equal((await leader.raw('POST', CALENDARS, { code: 'x', name: 'x', document: { week: {} } })).status, 403);
});

// --- lists -----------------------------------------------------------------------------------------

const list = (body, person = office.admin) => office.changed(() => person.post(LISTS, { reason: '骚扰', ...body }));
const entry = async (number) => (await office.admin.get(`${LISTS}?search=${number}`)).items.find((e) => e.number === number);

test('CC-33: a black listed number or prefix is refused or hears a prompt before the menu; its outcome is blocked, and no figure counts it as a call or a lost one', async () => {
  await office.publish((await import('./lib/office.mjs')).QUICK_FLOW);
  const made = await list({ kind: 'black', action: 'refuse', number: '+86 138 7709 0001' });
  const written = await entry('13877090001');
  assert.deepEqual([written.reason, written.author, written.expires_on, written.expired], ['骚扰', office.admin.me.user.name, '', false]);
  await list({ kind: 'black', action: 'prompt', prompt_code: 'goodbye', number: '1387709', prefix: true }, leader);
  const day = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
  const report = async (source) => (await leader.get(`/reports/voice_service?from=${day}&to=${day}&source=${source}`));
  const before = await report('facts');
  const caller = office.call('1', { from: '13877090001' });
  assert.equal((await caller.waitFor('ended')).status ?? 603, 603);
  await caller.exited;
  let call = await ended('13877090001');
  assert.deepEqual([call.outcome, call.end_reason], ['blocked', 'blocked']);
  const other = office.call('1', { from: '13877090002' });
  await other.waitFor('answered');
  await other.exited;
  call = await ended('13877090002');
  assert.deepEqual([call.outcome, call.end_reason], ['blocked', 'blocked']);
  assert.equal(Number(region.sql(`SELECT count(*) FROM ivr_visit v JOIN call c USING (call_id) WHERE c.outcome = 'blocked'`)), 0);
  for (const source of ['facts', 'rollup']) {
    const now = await report(source);
    assert.equal(now.check, 0);
    for (const figure of ['in', 'req', 'lost', 'ivr_lost', 'loss']) if (figure in before.total) assert.equal(now.total[figure], before.total[figure], `${figure} by ${source}`);
  }
  assert.equal(Number(region.sql(`SELECT sum(blocked) FROM rollup_voice WHERE center_id = ${office.id} AND level = 'call'`)), 2);
  assert.match(await (await fetch(`${region.base}/metrics`)).text(), /hotlined_calls_ended_total\{direction="in",outcome="blocked"\} 2/);
  const rows = (await leader.get('/calls?outcome=blocked')).items;
  assert.equal(rows.length, 2, 'and the log has them apart');
  const { version } = await entry('13877090001');
  await office.changed(() => office.admin.put(`${LISTS}/${made.id}`, { enabled: false }, match(version)));
  const prefixed = office.call('1', { from: '13877090001' }); // the prefix still holds
  await prefixed.waitFor('answered');
  await prefixed.exited;
  await until('blocked once more', () => region.sql("SELECT count(*) FROM call WHERE caller_no = '13877090001' AND outcome = 'blocked'") === '2');
});

test('CC-33: an entry ends with its day, by the clock of the call', async () => {
  const today = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
  await list({ kind: 'black', action: 'refuse', number: '13877080101', expires_on: today });
  assert.equal((await entry('13877080101')).expires_on, today);
  region.setTo(`${today}T23:59:50`);
  await office.call('1', { from: '13877080101' }).exited;
  assert.equal((await ended('13877080101')).outcome, 'blocked');
  region.setTo(`${new Date(Date.parse(today) + 86400000).toISOString().slice(0, 10)}T00:00:05`);
  const caller = office.call('1', { from: '13877080101' });
  await caller.waitFor('answered');
  await caller.hangUp();
  await until('let in', () => Number(region.sql("SELECT count(*) FROM call WHERE caller_no = '13877080101' AND outcome NOT IN ('blocked', 'open')")) === 1);
  await backToNow();
});

test('CC-34: a white listed caller is in his queue without the menu; another goes before those who came earlier', async () => {
  const agent = await office.agent('a1001', { ready: false });
  const { id } = await office.queue('consult');
  const today = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
  await list({ kind: 'white', action: 'queue', queue_id: id, number: '13877090201' });
  await list({ kind: 'white', action: 'queue', queue_id: id, number: '13877080102', expires_on: today, reason: '重点企业' });
  const white = await entry('13877080102');
  assert.deepEqual([white.kind, white.reason, white.author, white.expires_on, white.expired], ['white', '重点企业', office.admin.me.user.name, today, false]);
  await list({ kind: 'white', action: 'priority', priority: 7, number: '13877090202' });
  const straight = office.call('', { from: '13877090201' });
  await until('he waits', () => region.sql("SELECT count(*) FROM queue_visit v JOIN call c USING (call_id) WHERE c.caller_no = '13877090201'") === '1');
  assert.equal(region.sql("SELECT count(*) FROM ivr_visit v JOIN call c USING (call_id) WHERE c.caller_no = '13877090201'"), '0');
  const raised = office.call('1', { from: '13877090202' });
  await until('raised', () => region.sql("SELECT max(priority) FROM queue_visit v JOIN call c USING (call_id) WHERE c.caller_no = '13877090202'") === '7');
  await agent.ready();
  await rings([agent], raised);
  await answer(agent);
  await finish(agent, raised);
  await rings([agent], straight);
  await answer(agent);
  await finish(agent, straight);
  assert.equal((await ended('13877090201')).outcome, 'answered');
  const menus = (number) => region.sql(`SELECT string_agg((SELECT count(*) FROM ivr_visit v WHERE v.call_id = c.call_id)::text, ',' ORDER BY c.t_in) FROM call c WHERE caller_no = '${number}' AND t_end IS NOT NULL`);
  const important = office.call('', { from: '13877080102' });
  await rings([agent], important);
  await important.hangUp();
  await until('straight to the agent', () => menus('13877080102') === '0');
  const yesterday = new Date(Date.now() - 16 * 3600000).toISOString().slice(0, 10);
  await office.changed(() => office.admin.put(`${LISTS}/${white.id}`, { expires_on: yesterday }, match(white.version)));
  assert.equal((await entry('13877080102')).expired, true);
  const late = office.call('', { from: '13877080102' });
  await late.waitFor('audio');
  await late.hangUp();
  await until('by the menu, as everybody', () => menus('13877080102') === '0,1');
  await office.admin.call('DELETE', `${LISTS}/${white.id}`);
  await goHome(agent);
});

// --- overflow rules and announcements --------------------------------------------------------------

const visits = (number) => JSON.parse(region.sql(`SELECT coalesce(json_agg(json_build_array(q.code, v.outcome, v.first_t_q_in = c.first, v.wait_ms) ORDER BY v.t_q_in, v.visit_id), '[]')
  FROM queue_visit v JOIN queue q ON q.id = v.queue_id JOIN (SELECT call_id, min(first_t_q_in) AS first FROM queue_visit GROUP BY call_id) c USING (call_id)
  JOIN call k ON k.call_id = v.call_id WHERE k.caller_no = '${number}'`));

test('ACD-02 CC-29: rules in order lead callers on: beyond the length at once, after a while, when nobody is signed in, at closing time; the first entry time stays, in and out are counted for each queue', async () => {
  const agent = await office.agent('a1001', { ready: false }); // serves consult and complaint
  const [consult, complaint, report] = await Promise.all(['consult', 'complaint', 'report'].map((code) => office.queue(code)));
  assert.deepEqual([consult.overflow_rules, consult.announce_ms, consult.auto_answer_ms], [[], 0, 0]);
  await office.admin.post(CALENDARS, { code: 'hours', name: '时段', document: { week: { 1: [['00:00', '24:00']], 2: [['00:00', '24:00']], 3: [['00:00', '24:00']], 4: [['00:00', '24:00']], 5: [['00:00', '24:00']], 6: [['00:00', '24:00']], 7: [['00:00', '24:00']] }, days: { '2026-10-01': [] } } });
  await office.setQueue('consult', { overflow_rules: [
    { when: 'no_agent', queue_id: report.id }, // nobody serves it: the next one is asked
    { when: 'closed', calendar: 'hours', node: 'busy' },
    { when: 'length', length: 1, queue_id: complaint.id },
    { when: 'waited', after_ms: 2000, queue_id: complaint.id }] });
  const first = office.call('1', { from: '13877061001' });
  await until('waits in consult', () => visits('13877061001').length === 1);
  const second = office.call('1', { from: '13877061002' });
  await until('the second is led on at once', () => visits('13877061002').length === 2);
  assert.deepEqual(visits('13877061002').map(([code, outcome, same]) => [code, outcome, same]), [['consult', 'overflow_out', true], ['complaint', 'open', true]]);
  assert.ok(visits('13877061002')[0][3] < 100);
  await until('the first after two seconds', () => visits('13877061001').length === 2);
  assert.deepEqual(visits('13877061001').map(([code, outcome, same]) => [code, outcome, same]), [['consult', 'overflow_out', true], ['complaint', 'open', true]]);
  assert.ok(visits('13877061001')[0][3] >= 2000 && visits('13877061001')[0][3] < 4000, String(visits('13877061001')[0][3]));
  await agent.ready(); // who came first is first, wherever he waits
  await rings([agent], first);
  await answer(agent);
  await finish(agent, first);
  await rings([agent], second);
  await answer(agent);
  await finish(agent, second);
  await agent.person.put('/agent/state', { state: 'busy', reason_id: (await agent.person.get('/dictionaries')).busy_reasons[0].id });
  await office.setQueue('consult', { overflow_rules: [{ when: 'no_agent', node: 'busy' }] });
  const last = await office.waiting('1', { from: '13877061004' });
  await agent.person.raw('POST', '/agent/sign-out', {});
  await last.exited; // the last one went home
  await office.setQueue('consult', { overflow_rules: [{ when: 'closed', calendar: 'hours', node: 'busy' }] });
  region.setTo('2026-10-01T10:00:00');
  await office.call('1', { from: '13877061003' }).exited;
  await until('over', () => visits('13877061003').length === 1);
  assert.deepEqual(visits('13877061003').map(([code, outcome]) => [code, outcome]), [['consult', 'lost']]);
  await backToNow();
  assert.deepEqual(visits('13877061004').map(([code, outcome]) => [code, outcome]), [['consult', 'lost']]);
  const day = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
  for (const source of ['facts', 'rollup']) {
    const figures = await leader.get(`/reports/voice_service?from=${day}&to=${day}&by=queue&source=${source}`);
    assert.equal(figures.check, 0);
    const of = (code) => figures.rows.find((r) => r.queue_id === { consult, complaint }[code].id);
    assert.deepEqual([of('consult').overflow_out, of('consult').overflow_in, of('complaint').overflow_out, of('complaint').overflow_in], [2, 0, 0, 2], source);
    assert.deepEqual([of('consult').lost, of('complaint').ans], [1, 2], source); // the other one was lost on another day
  }
  await goHome(agent);
});

test('ACD-02 ACD-06: rules that lead nowhere are refused at their field; what rules lead to is in use', async () => {
  const [consult, report] = [await office.queue('consult'), await office.queue('report')];
  const other = Number(region.sql("SELECT id FROM queue WHERE center_id = 3 AND code = 'report'"));
  const put = (rules) => office.admin.raw('PUT', `/settings/queues/${consult.id}`, { overflow_rules: rules }, match(consult.version));
  for (const [rules, what] of [
    [[{ when: 'waited', queue_id: report.id }], /第 1 条.*等待时长/], [[{ when: 'no_agent' }], /第 1 条.*去向/], [{}, /列表/],
    [[{ when: 'no_agent', queue_id: consult.id }], /第 1 条.*另一个/], [[{ when: 'no_agent', queue_id: report.id }, { when: 'no_agent', queue_id: other }], /第 2 条.*本中心/],
    [[{ when: 'closed', calendar: 'none', queue_id: report.id }], /没有工作日历“none”/], [[{ when: 'no_agent', node: 'nowhere' }], /没有节点“nowhere”/]])
    assert.match(refused(await put(rules), 'overflow_rules').overflow_rules, what);
  refused(await office.admin.raw('PUT', `/settings/queues/${consult.id}`, { announce_ms: 100, auto_answer_ms: 60001 }, match(consult.version)), 'auto_answer_ms');
  refused(await office.admin.raw('PUT', `/settings/queues/${consult.id}`, { announce_ms: 100 }, match(consult.version)), 'announce_ms');
  const made = await office.admin.post('/settings/queues', { code: 'second', name: '二线' });
  const { id } = (await office.admin.get(CALENDARS)).items.find((c) => c.code === 'hours');
  await office.setQueue('consult', { overflow_rules: [{ when: 'closed', calendar: 'hours', queue_id: made.id }] });
  assert.match(refused(await office.admin.raw('DELETE', `/settings/queues/${made.id}`), 'queue_id').queue_id, /队列“咨询”的溢出规则/);
  assert.match(refused(await office.admin.raw('DELETE', `${CALENDARS}/${id}`), 'code').code, /队列“咨询”的溢出规则/);
  await office.setQueue('consult', { overflow_rules: [] });
  assert.equal((await office.admin.raw('DELETE', `/settings/queues/${made.id}`)).status, 200);
  assert.equal((await office.admin.raw('DELETE', `${CALENDARS}/${id}`)).status, 200);
});

test('CC-29 CC-07: those who wait hear how many are before them, with prompts there are; a queue answers by itself for who has not set it', async () => {
  const agent = await office.agent('a1001', { ready: false });
  await office.setQueue('consult', { announce_ms: 15000, auto_answer_ms: 1500 });
  const before = region.log.length;
  const first = await office.waiting('1', { from: '13877062001' });
  await office.waiting('1', { from: '13877062002' });
  const told = (ahead) => until(`told ${ahead}`, () => new RegExp(`event=announced call=\\S+ ahead=${ahead} `).test(region.log.slice(before)), 25000);
  await Promise.all([told(0), told(1)]);
  assert.doesNotMatch(region.log.slice(before), /prompt_missing/);
  await agent.ready();
  await rings([agent], first);
  await until('answered by itself', () => agent.document.state === 'talk', 10000);
  await finish(agent, first);
  await goHome(agent);
  await office.setQueue('consult', { announce_ms: 0, auto_answer_ms: 0 });
});

// --- deleting what is in use -----------------------------------------------------------------------

test('ACD-06: a queue in use is not deleted, closed or renamed; the refusal lists keys, nodes and lists that use it', async () => {
  const consult = await office.queue('consult');
  await list({ kind: 'white', action: 'queue', queue_id: consult.id, number: '13877090301' });
  for (const [method, body] of [['DELETE'], ['PUT', { enabled: false }], ['PUT', { code: 'other' }]]) {
    const { queue_id: why } = refused(await office.admin.raw(method, `/settings/queues/${consult.id}`, body, match(consult.version)), 'queue_id');
    assert.match(why, /语音流程“主流程”的“主菜单”按键 1、语音流程“主流程”的“主菜单”按键 4、语音流程“主流程”的“主菜单”按键 5、语音流程“转入流程”的“咨询坐席全忙”按键 1、语音流程“转入流程”的节点“consult”、白名单中的 2 个号码/);
  }
});

// --- last, because it takes a permission away -------------------------------------------------------

test('CC-33 CC-34: leaders keep the black list, from the call log as well, with masked numbers too; the white list is the administrator\'s; what is wrong is said at the field', async () => {
  const { items } = await leader.get('/calls?caller_no=13877090202');
  const made = await leader.post(LISTS, { kind: 'black', action: 'refuse', call_id: items[0].call_id, reason: '反复来电' }).catch((error) => error);
  assert.match(String(made.message), /已在名单中/, 'he is on the white list already');
  const post = (body, person = leader) => person.raw('POST', LISTS, { reason: '试', ...body });
  refused(await post({ kind: 'white', action: 'priority', priority: 3, number: '13800000001' }), 'kind');
  const white = await entry('13877090202');
  refused(await leader.raw('PUT', `${LISTS}/${white.id}`, { enabled: false }, match(white.version)), 'kind');
  refused(await leader.raw('DELETE', `${LISTS}/${white.id}`), 'kind');
  refused(await post({ kind: 'grey', action: 'eat', number: '1', reason: ' ', expires_on: 'tomorrow' }), 'kind', 'action', 'reason', 'expires_on');
  refused(await post({ kind: 'black', action: 'refuse' }), 'number');
  refused(await post({ kind: 'black', action: 'refuse', number: 'anonymous' }), 'number');
  refused(await post({ kind: 'black', action: 'queue', queue_id: 1, number: '13800000002' }), 'action');
  refused(await post({ kind: 'black', action: 'prompt', prompt_code: 'nothing', number: '13800000002' }), 'prompt_code');
  refused(await post({ kind: 'white', action: 'queue', queue_id: 1, number: '13800000002' }, office.admin), 'queue_id');
  refused(await post({ kind: 'white', action: 'priority', number: '13800000002' }, office.admin), 'priority');
  assert.equal((await stranger.raw('DELETE', `${LISTS}/${white.id}`)).status, 404);
  assert.ok((await stranger.get(LISTS)).items.length === 0);
  const masked = await Person.signIn(region, 'yulin', 'admin');
  region.sql("DELETE FROM role_permission WHERE permission = 'number.reveal'");
  await until('masked', async () => (await masked.get(LISTS)).items.find((e) => e.number === '138****0202'));
  const { call_id } = (await masked.get('/calls?outcome=answered')).items.find((c) => c.caller_no === '138****0201');
  const old = await masked.get(`${LISTS}?search=13877090201`);
  assert.equal((await masked.raw('DELETE', `${LISTS}/${old.items[0].id}`)).status, 200);
  await masked.post(LISTS, { kind: 'black', action: 'refuse', call_id, reason: '从通话记录' });
  await region.configured();
  assert.equal(region.sql("SELECT kind || ' ' || reason FROM number_list WHERE number = '13877090201'"), 'black 从通话记录');
  await office.call('1', { from: '13877090201' }).exited;
  await until('blocked', () => region.sql("SELECT count(*) FROM call WHERE caller_no = '13877090201' AND outcome = 'blocked'") === '1');
  await until('audited', () => /number_list.create.*number_list.update.*number_list.delete/.test(audits('number_list')));
});
