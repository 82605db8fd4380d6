// RPT-17 on the real daemon: real calls of every kind, counted by hand; and the leader's page, which must say the same of today
// (MON-02, MON-06): for the leader, for the region's supervisor, by request and by events.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Called, Person, Region, until } from './lib/region.mjs';
import { Office, answer, callOf, rings } from './lib/office.mjs';
import { metric } from './lib/drills.mjs';

const TRUNK = '本机演示中继';
const day = (offset = 0) => new Date(Date.now() + 8 * 3600e3 + offset * 86400e3).toISOString().slice(0, 10);
let region, office, supervisor, A, B;
let people = 13877500000;
const outside = [];

before(async () => {
  region = await Region.start();
  region.sql('UPDATE center SET announce_agent_no = false'); // nothing here is about that, and it takes five seconds
  office = await Office.open(region, 'nanning');
  supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  await supervisor.listen();
  const { version, queues, center_id, ...now } = await office.admin.get('/settings/survey');
  assert.deepEqual([queues.length, center_id], [3, office.id]);
  await office.changed(() => office.admin.put('/settings/survey', { ...now, prompt: 'beep', thanks_prompt: '', enabled: true }, { 'if-match': `"${version}"` }));
  await office.setQueue('consult', { ring_timeout_ms: 5000 });
  [A, B] = await office.team(['a1001', 'a1002'], { ready: false });
});
after(async () => {
  outside.forEach((one) => one.kill());
  await office?.close();
  await supervisor?.close();
  await region?.stop();
});

const idOf = (agent) => agent.person.me.user.id;
const act = (agent, verb, body) => agent.person.post(`/agent/calls/${callOf(agent)}/${verb}`, body);
const is = (agent, state) => until(`${agent.person.me.user.login} ${state}`, () => agent.document.state === state && agent.document);
const sees = (agent, what, probe) => until(what, () => agent.document.call && probe(agent.document.call));
async function far(args) {
  const called = await Called.start(region, { args });
  outside.push(called);
  await region.outside(called, TRUNK);
  return called;
}
/** Nobody is offered anything that is not meant for him. */
async function only(agent) {
  for (const one of [A, B]) {
    if (one.document.state === 'acw') {
      await one.done();
      await until('summed up', () => one.document.state !== 'acw');
    }
    if (one !== agent && one.document.state === 'ready') await one.person.put('/agent/state', { state: 'busy' });
    if (one !== agent) await is(one, 'busy');
  }
  if (agent && agent.document.state !== 'ready') await agent.ready();
}
async function talks(agent, caller = office.call('1')) {
  await only(agent);
  await rings([agent], caller);
  caller.id = await answer(agent);
  await caller.waitFor('audio');
  return caller;
}
async function over(caller, ...agents) {
  await caller.hangUp();
  for (const agent of agents) await is(agent, 'acw');
}

// What was done here, by hand.
const FIGURES = ['offers', 'ans', 'rona', 'ring_reject', 'ab_ring_T_in', 'ab_ring_T_out', 'ring_other', 'no_talk', 'hold_cnt', 'out', 'out_ans', 'internal', 'help', 'conf', 'xfer_in', 'xfer_out',
  'to_ivr', 'agent_release', 'records', 'push', 'rated'];
const done = {};
const count = (agent, ...what) => { for (const name of what) (done[idOf(agent)] ??= Object.fromEntries(FIGURES.map((f) => [f, 0])))[name]++; };
const report = (person, query = '') => person.get(`/reports/agent_voice?from=${day()}&to=${day()}${query}`);
const rowOf = (document, agent) => document.rows.find((r) => r.user_id === idOf(agent));
const counts = (row) => Object.fromEntries(FIGURES.map((f) => [f, row[f]]));
const counted = () => until('the report has what was done', async () => {
  const document = await report(office.leader);
  for (const agent of [A, B]) if (done[idOf(agent)]) assert.deepEqual(counts(rowOf(document, agent)), done[idOf(agent)]);
  return document;
});

test('RPT-17 answered, held, put down, sent away: what the agent did is counted once and as what it was', async () => {
  let caller = await talks(A);
  count(A, 'offers', 'ans');
  const saved = await A.person.post('/records', { id: crypto.randomUUID(), call_id: caller.id, category: '01', title: '开票', content: '如何开票', answer: '已答复', method: 'direct', urgency: 'normal' });
  assert.ok(saved.record_no);
  count(A, 'records');
  for (let i = 0; i < 2; i++) {
    await act(A, 'hold');
    await sees(A, 'held', (c) => c.held_since_ms);
    await act(A, 'retrieve');
    await sees(A, 'back', (c) => !c.held_since_ms);
    count(A, 'hold_cnt');
  }
  await over(caller, A);
  caller = await talks(A);
  await A.hangUp(caller.id);
  await is(A, 'acw');
  await caller.exited;
  count(A, 'offers', 'ans', 'agent_release');
  caller = await talks(A); // to the menu, where he gives up
  await act(A, 'flow', { mode: 'release' });
  await is(A, 'acw');
  await caller.hangUp();
  count(A, 'offers', 'ans', 'to_ivr');
  for (const key of ['2', null]) { // asked how it was: satisfied; and no answer
    caller = await talks(A);
    await act(A, 'survey');
    await is(A, 'acw');
    if (key) {
      await caller.waitFor('audio');
      caller.say(`key ${key}`);
      await caller.waitFor('ended');
    } else {
      await caller.hangUp();
    }
    count(A, 'offers', 'ans', 'agent_release', 'push', ...(key ? ['rated'] : []));
  }
  const document = await counted();
  const row = rowOf(document, A);
  assert.deepEqual([row.ans_rate, row.rona_rate, row.sat_rate, row.out_rate, document.check], [100, 0, 100, null, 0]);
  assert.ok(row.hold_sum > 0 && row.hold_sum < row.talk_sum && row.acw_cnt >= 4 && row.max_talk >= row.min_talk && row.min_talk > 0);
});

test('RPT-17 nobody answers, refused, hung up while it rang: three kinds of ring, and the next agent\'s call', async () => {
  await only(A);
  let caller = office.call('1');
  await rings([A], caller);
  await until('no answer', () => A.document.reason === '久不应答');
  await B.ready();
  await rings([B], caller);
  await answer(B);
  count(A, 'offers', 'rona');
  count(B, 'offers', 'ans');
  await over(caller, B);
  await only(A);
  caller = office.call('1');
  await rings([A], caller);
  await B.ready();
  await A.reject(callOf(A));
  await rings([B], caller);
  await answer(B);
  count(A, 'offers', 'ring_reject');
  count(B, 'offers', 'ans');
  await over(caller, B);
  await only(A);
  caller = office.call('1');
  await rings([A], caller);
  await caller.hangUp();
  await until('he is gone', () => A.document.state !== 'ring');
  count(A, 'offers', 'ab_ring_T_in');
  await counted();
});

test('RPT-17 calls out: one answered, one nobody took', async () => {
  await only(null);
  const taken = await far(['--answer-after', '0']);
  await A.person.post('/agent/calls', { number: String(++people) });
  await sees(A, 'answered', (c) => c.answered_ms);
  await taken.hangUp();
  await is(A, 'acw');
  count(A, 'out', 'out_ans');
  await only(null);
  await far(['--refuse', '486']);
  await A.person.post('/agent/calls', { number: String(++people) });
  await is(A, 'busy');
  count(A, 'out');
  const row = rowOf(await counted(), A);
  assert.ok(row.out_rate === 50 && row.out_talk > 0 && row.out_talk < row.talk_sum);
});

test('RPT-17 passed on blind and after asking, not taken and back, helped by two and by three, a queue, a leader\'s ear', async () => {
  let caller = await talks(A); // blind to B, who refuses: it comes back, which is no transfer; then he takes it
  count(A, 'offers', 'ans');
  await act(A, 'transfer', { user_id: idOf(B) });
  await is(B, 'ring');
  await B.reject(caller.id);
  await is(A, 'talk');
  await act(A, 'transfer', { user_id: idOf(B) });
  await is(B, 'ring');
  await B.answer(caller.id);
  await is(B, 'talk');
  count(A, 'xfer_out');
  count(B, 'xfer_in');
  await over(caller, B);

  caller = await talks(A); // asks B first, then hands over; B puts down
  count(A, 'offers', 'ans');
  await act(A, 'consult', { user_id: idOf(B) });
  await is(B, 'ring');
  await B.answer(caller.id);
  await sees(A, 'they talk', (c) => c.consult?.state === 'talking');
  await act(A, 'consult/complete');
  await until('B has him', () => B.document.state === 'talk' && !B.document.call.consult);
  count(A, 'internal', 'xfer_out');
  await B.hangUp(caller.id);
  await caller.exited;
  count(B, 'xfer_in', 'agent_release');

  caller = await talks(A); // help of two, then of three; once in vain, which is none
  count(A, 'offers', 'ans');
  await act(A, 'help', { user_id: idOf(B) });
  await is(B, 'ring');
  await B.answer(caller.id);
  await sees(A, 'they talk', (c) => c.consult?.state === 'talking');
  await act(A, 'consult/end');
  await sees(A, 'alone again', (c) => !c.consult);
  count(A, 'help');
  await until('B is free', () => B.document.state === 'busy');
  await act(A, 'help', { user_id: idOf(B), three: true });
  await is(B, 'ring');
  await B.answer(caller.id);
  await sees(A, 'three talk', (c) => c.consult?.state === 'joined');
  count(A, 'help', 'conf');
  await act(A, 'consult/end');
  await sees(A, 'alone again', (c) => !c.consult);
  await until('B is free', () => B.document.state === 'busy');
  await act(A, 'help', { user_id: idOf(B) });
  await is(B, 'ring');
  await B.reject(caller.id);
  await sees(A, 'in vain', (c) => c.consult_failed);
  await over(caller, A);

  caller = await talks(A); // to a queue, where B takes him
  count(A, 'offers', 'ans', 'xfer_out');
  await act(A, 'transfer', { queue_id: (await office.queue('complaint')).id });
  await is(A, 'acw');
  await B.ready();
  await rings([B], caller);
  await answer(B);
  count(B, 'offers', 'xfer_in');
  await over(caller, B);

  const row = rowOf(await counted(), B);
  assert.deepEqual([row.ans_rate, row.help, row.internal], [100, 0, 0], 'who is asked has it not; what was passed on to him is answered');
  assert.ok(row.xfer_talk > 0 && row.xfer_talk < row.talk_sum);
  assert.ok(rowOf(await report(office.leader), A).consult_wait > 0);
});

test('MON-02 MON-06 the leader\'s page says of today what RPT-17 says: to the leader, to the administrator, to the region, in the list and in the events', async () => {
  await only(null);
  await until('nothing of it waits for the database', async () => await metric(region, 'hotlined_facts_pending') === 0);
  const document = await counted();
  const facts = JSON.parse(region.sql(`SELECT json_object_agg(user_id, ms) FROM (SELECT user_id, sum(talk_ms) AS ms FROM talk WHERE kind IN ('inbound', 'outbound', 'transfer_in') GROUP BY 1) x`));
  const people = { leader: office.leader, admin: office.admin, supervisor };
  for (const [who, person] of Object.entries(people)) {
    const { items } = await person.get(`/monitor/agents?center_id=${office.id}`);
    const seen = await report(person, `&center_id=${office.id}`);
    assert.deepEqual(seen.rows, document.rows, who);
    assert.deepEqual(items.map((i) => i.user_id).sort(), document.rows.map((r) => r.user_id).sort(), who);
    for (const item of items) {
      const row = document.rows.find((r) => r.user_id === item.user_id);
      assert.deepEqual([item.answered, item.out, Math.round(Number(item.talk_ms) / 10)], [row.ans + row.xfer_in, row.out_ans, Math.round(row.talk_sum * 100)], `${who}: ${row.agent_no}`);
      assert.equal(Number(item.talk_ms), facts[item.user_id] ?? 0, `${who}: ${row.agent_no}, to the millisecond`);
    }
  }
  assert.deepEqual(['answered', 'out'].map((name) => document.rows.map((r) => (name === 'out' ? r.out_ans : r.ans + r.xfer_in)).sort((a, b) => b - a).slice(0, 2)), [
    [A, B].map((one) => done[idOf(one)].ans + done[idOf(one)].xfer_in).sort((a, b) => b - a), [1, 0]], 'and nobody else did anything');
  for (const person of [office.leader, supervisor])
    for (const agent of [A, B]) {
      const row = rowOf(document, agent);
      await until('the last event of his says so', () => {
        const told = person.events.findLast((e) => e.event === 'agents_today' && e.data.items.some((i) => i.user_id === idOf(agent)));
        const { answered, out, talk_ms } = told.data.items.find((i) => i.user_id === idOf(agent));
        return answered === row.ans + row.xfer_in && out === row.out_ans && Number(talk_ms) === facts[idOf(agent)];
      });
    }
  // Another call: both go on together.
  const caller = await talks(B);
  await over(caller, B);
  count(B, 'offers', 'ans');
  const after_it = rowOf(await counted(), B);
  await until('told', () => office.leader.seen('agents_today', (d) => d.items.some((i) => i.user_id === idOf(B) && i.answered === after_it.ans + after_it.xfer_in)));
  const { total } = await office.admin.get(`/reports/voice_service?from=${day()}&to=${day()}`);
  const all = (await report(office.admin)).total;
  assert.deepEqual([all.ans, all.out, all.out_ans], [total.ans, total.out, total.out_ans], 'all agents together are RPT-01');
});

// --- who, and how it is asked --------------------------------------------------------------------

test('RPT-17 groups, filters and both sources; wrong ones are said at their field', async () => {
  const whole = await report(office.leader);
  for (const by of ['agent', 'team', 'queue', 'center']) {
    const [facts, rollup] = await Promise.all(['facts', 'rollup'].map((source) => report(office.leader, `&by=${by}&source=${source}`)));
    assert.deepEqual([facts.rows, facts.total], [rollup.rows, rollup.total], by);
    assert.deepEqual([rollup.total, rollup.check], [whole.total, 0], by);
  }
  assert.equal((await report(office.leader, '&by=queue')).rows.find((r) => r.queue_name === '投诉').xfer_in, 1);
  assert.deepEqual(whole.conditions.map((c) => c.title), ['统计期间', '中心', '班组', '队列', '统计对象', '归属']);
  assert.deepEqual([whole.total.center_name, whole.columns[0].title, whole.columns[4].title], ['合计', '中心', '振铃(请求)数']);
  const { total } = await office.leader.get(`/reports/agent_voice?from=${day(-9)}&to=${day(-8)}`);
  assert.deepEqual([total.offers, total.ans_rate, total.min_talk], [0, null, null]);
  for (const [query, field] of [['&by=wrap_up', 'by'], ['&source=guess', 'source'], ['&team_id=x', 'team_id'], ['&queue_id=0', 'queue_id']]) {
    const refused = await office.leader.raw('GET', `/reports/agent_voice?from=${day()}&to=${day()}${query}`);
    assert.deepEqual([refused.status, Object.keys(refused.body.errors)], [422, [field]], query);
  }
  assert.deepEqual(Object.keys((await office.leader.raw('GET', '/reports/agent_voice.xlsx?from=2026-02-30')).body.errors), ['from', 'to']);
});

test('RPT-17 GEN-04 a city sees its own agents, a team leader his team, an agent nothing; the region each center, merged only when it asks', async () => {
  const liuzhou = await Person.signIn(region, 'liuzhou', 'leader');
  assert.ok((await report(liuzhou)).rows.every((r) => r.center_id === 3 && r.offers === 0));
  assert.equal((await liuzhou.raw('GET', `/reports/agent_voice?from=${day()}&to=${day()}&center_id=2`)).status, 403);
  assert.ok(!JSON.stringify(await report(liuzhou, `&queue_id=${(await office.queue('consult')).id}`)).includes('南宁'));
  assert.equal((await A.person.raw('GET', `/reports/agent_voice?from=${day()}&to=${day()}`)).status, 403);
  const own = await report(supervisor, '&center_id=1');
  assert.deepEqual([[...new Set(own.rows.map((r) => r.center_id))], own.total.offers], [[1], 0], 'what cities do is none of 12366\'s');
  const merged = await report(supervisor);
  assert.equal(new Set(merged.rows.map((r) => r.center_id)).size, 15);
  assert.deepEqual([merged.total.ans, merged.conditions[1].value], [(await report(office.leader)).total.ans, '可见的全部中心']);

  region.sql(`INSERT INTO role (code, name) VALUES ('team_lead', '组长'); INSERT INTO role_permission VALUES ('team_lead', 'report.read', 'team');
    INSERT INTO user_role SELECT id, 'team_lead', 2 FROM app_user WHERE center_id = 2 AND login = 'a1005'`);
  const team = region.sql(`SELECT string_agg(id::text, ',' ORDER BY id) FROM app_user WHERE team_id = (SELECT team_id FROM app_user WHERE id = ${idOf(A)}) AND agent_no <> ''`);
  region.sql(`UPDATE app_user SET team_id = (SELECT team_id FROM app_user WHERE id = ${idOf(A)}) WHERE center_id = 2 AND login = 'a1005'`);
  await region.configured();
  const lead = await Person.signIn(region, 'nanning', 'a1005');
  const his = await report(lead);
  assert.deepEqual(his.rows.map((r) => String(r.user_id)).sort(), [...new Set([...team.split(','), String(lead.me.user.id)])].sort());
  assert.ok(!his.rows.some((r) => r.user_id === idOf(B)), 'B is of another team');
  assert.deepEqual(counts(his.total), counts(rowOf(his, A)));
  assert.deepEqual(his.choices.teams.map((t) => t.id), [lead.me.user.team_id]);
  assert.deepEqual((await lead.get('/reports')).map((r) => r.id), ['RPT-17']);
  assert.deepEqual((await office.leader.get('/reports')).map((r) => r.id), ['RPT-01', 'RPT-17']);
  assert.equal((await lead.raw('GET', `/reports/voice_service?from=${day()}&to=${day()}`)).body.code, 'report.scope');
});

test('RPT-17 XLSX and CSV have the rows of the page; who took them away is in the audit log', async () => {
  const document = await report(office.leader);
  const file = async (kind) => {
    const response = await fetch(`${region.base}/api/v1/reports/agent_voice.${kind}?from=${day()}&to=${day()}`, { headers: { cookie: office.leader.cookie } });
    assert.equal(response.status, 200, await response.clone().text());
    assert.equal(decodeURIComponent(/filename\*=UTF-8''(\S+)/.exec(response.headers.get('content-disposition'))[1]), `坐席语音类工作情况统计表_${day()}_${day()}.${kind}`);
    return Buffer.from(await response.arrayBuffer());
  };
  const csv = (await file('csv')).toString('utf8').slice(1).trimEnd().split('\r\n').map((l) => l.split(','));
  assert.deepEqual(csv[0], document.columns.map((c) => c.title + ({ percent: '（%）', seconds: '（秒）' }[c.kind] ?? '')));
  const shown = (row) => document.columns.map((c) => (typeof row[c.id] === 'number' ? row[c.id].toFixed(c.kind === 'count' ? 0 : 2) : row[c.id] || '—'));
  assert.deepEqual(csv.slice(1).map((r) => r.map((cell) => cell || '—')), [...document.rows, document.total].map(shown));
  assert.equal((await file('xlsx')).subarray(0, 2).toString(), 'PK');
  const { items } = await until('audited', async () => { const found = await office.admin.get('/audit?action=report.export'); return found.items.length >= 2 && found; });
  assert.ok(items.every((a) => a.object_id === 'RPT-17' && a.login === 'leader'));
});
