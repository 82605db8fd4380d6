// Queues on the real daemon with real callers and agents: who is offered which caller, when and why.
// Each test has a city of its own, so that none depends on what another one left behind.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AT_ONCE_MS, Person, Region, until } from './lib/region.mjs';
import { Office, answer, callOf, finish, neverRang, rings } from './lib/office.mjs';
import { findSound, readWav, toneBegins } from './lib/sound.mjs';

let region;
before(async () => { region = await Region.start(); });
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  await region?.stop();
});

const prompt = (name) => readWav(join(region.dir, 'state/prompts', name));
const inCity = (code, body) => async () => {
  const office = await Office.open(region, code);
  try { await body(office); } finally { await office.close(); }
};
const offersOf = async (office, caller, test) => (await office.detail(caller, test)).offers;
// From the moment the agent is idle to the moment his page rings.
const idleToRing = (agent, idle_at) => agent.person.events.findLast((e) => e.event === 'agent' && e.data.state === 'ring').at - idle_at;

test('SCN-02 ACD-03 all agents busy: callers wait with music; priority first, then first come, each as soon as an agent is idle', inCity('liuzhou', async (office) => {
  await office.setQueue('consult', { wrap_up_ms: 60000, age_step_ms: 0 });
  const agent = await office.agent('a1001');
  const first = office.call('1');
  await rings([agent], first);
  await answer(agent);
  const heard = join(region.dir, 'music.wav');
  const a = await office.waiting('1', { args: ['--hear', heard] });
  const b = await office.waiting('1');
  const urgent = await office.waiting('4');
  const critical = await office.waiting('5');
  assert.equal((await office.queue('consult')).strategy, 'longest_idle');
  assert.equal((await office.wall()).queues.find((q) => q.name === '咨询').waiting, 4);
  neverRang([agent], a);
  let talking = first;
  for (const next of [critical, urgent, a, b]) {
    const idle_at = await finish(agent, talking);
    await rings([agent], next);
    assert.ok(idleToRing(agent, idle_at) < AT_ONCE_MS, `${idleToRing(agent, idle_at)} ms`);
    await answer(agent);
    talking = next;
  }
  await finish(agent, talking);
  const music = findSound(readWav(heard), prompt('common/hold_music-1.wav').subarray(0, 16000));
  assert.ok(music.score > 0.8, `music was heard: ${music.score}`);
  assert.match((await offersOf(office, critical, (c) => c.offers.length))[0].reason, /^优先级 9 > 2$/);
}));

test('ACD-03 who waits is raised step by step, so that a low priority never starves', inCity('guilin', async (office) => {
  await office.setQueue('consult', { age_step_ms: 700 });
  const agent = await office.agent('a1001');
  const first = office.call('1');
  await rings([agent], first);
  await answer(agent);
  const low = await office.waiting('1');
  const since = Date.now();
  await until('aged by three steps', () => Date.now() - since > 2400);
  const urgent = await office.waiting('4'); // priority 2: before the low one without ageing
  await finish(agent, first);
  await rings([agent], low);
  assert.match(agent.document.call.offer_reason, /^优先级 \d+ > \d+$/);
  await answer(agent);
  await finish(agent, low);
  await rings([agent], urgent);
}));

test('ACD-08 with callers in two of his queues the agent gets the one of the higher weight; the reason is shown and stored', inCity('wuzhou', async (office) => {
  const agent = await office.agent('a1001');
  await office.setWeight('report', agent, 60);
  await office.setWeight('consult', agent, 90);
  const first = office.call('2');
  await rings([agent], first);
  await answer(agent);
  const report = await office.waiting('3');
  const consult = await office.waiting('1');
  await finish(agent, first);
  await rings([agent], consult);
  assert.equal(agent.document.call.offer_reason, '权值 90 > 60');
  const calls = await answer(agent);
  const stored = await offersOf(office, consult, (c) => c.offers.length);
  assert.deepEqual(stored.map((o) => [o.agent_no, o.reason]), [['1001', '权值 90 > 60']]);
  assert.equal((await agent.person.get(`/calls/${calls}`)).offers[0].reason, '权值 90 > 60');
  await finish(agent, consult);
  await rings([agent], report);
}));

test('ACD-01 a complaint never reaches an agent without that group, however long it waits', inCity('beihai', async (office) => {
  const { items } = await office.admin.get('/settings/queues');
  assert.deepEqual(items.map((q) => q.code).sort(), ['complaint', 'consult', 'report'], 'what a center begins with');
  const [skilled, other] = await office.team(['a1001', 'a1003']); // 1003 serves consult and report
  const first = office.call('2');
  await rings([skilled], first);
  await answer(skilled);
  const complaint = await office.waiting('2');
  const consult = office.call('1'); // somebody for the idle one, meanwhile
  await rings([other], consult);
  await answer(other);
  await finish(other, consult);
  await until('idle', () => other.document.state === 'ready');
  await finish(skilled, first);
  await rings([skilled], complaint);
  await answer(skilled);
  await finish(skilled, complaint);
  // Nobody with the group signed in: told so, not given to somebody else.
  await skilled.person.post('/agent/sign-out');
  const late = office.call('2');
  const row = await office.row(late, (c) => c.outcome !== 'open');
  assert.deepEqual([row.outcome, row.end_reason, row.agent_no], ['lost', 'no_agent', '']);
  for (const caller of [first, complaint, late]) neverRang([other], caller);
}));

test('ACD-07 one agent serves 32 queues, not 33, and of a burst of callers gets one at a time', inCity('fangchenggang', async (office) => {
  await office.changed(async () => {
    for (let i = 4; i <= 33; i++) await office.admin.post('/settings/queues', { code: `q${i}`, name: `队列${i}`, strategy: 'longest_idle' });
  });
  for (const code of ['consult', 'complaint', 'report']) await office.setQueue(code, { wrap_up_ms: 0 });
  const [one, two] = await office.team(['a1001', 'a1002']);
  const mine = (await office.admin.get('/settings/queues')).items.filter((q) => q.center_id === office.id && /^q\d/.test(q.code));
  assert.equal(mine.length, 30);
  const join = (q) => office.admin.raw('PUT', `/settings/queues/${q.id}/members/${one.person.me.user.id}`, { weight: 50 });
  const answers = await office.changed(async () => { const all = []; for (const q of mine) all.push((await join(q)).status); return all; });
  assert.deepEqual(answers, [...Array(29).fill(200), 422], '3 + 29 = 32, the 33rd is refused');
  await until('32 queues on the wall', async () => (await office.wall()).seats.find((s) => s.agent_no === '1001').queues.length === 32);

  const callers = Array.from({ length: 16 }, (_, i) => office.call(String(1 + (i % 3))));
  const open = new Set(callers);
  while (open.size) {
    const agent = await until('somebody rings', () => [one, two].find((a) => a.document.state === 'ring'));
    const caller = callers.find((c) => c.number === agent.document.call.caller_no);
    assert.ok(open.delete(caller), 'each caller once');
    await answer(agent);
    await caller.hangUp();
    await until('talk over', () => agent.document.state !== 'talk');
  }
  await until('all in the log', () => Number(region.sql(`SELECT count(*) FROM call WHERE center_id = ${office.id} AND outcome = 'answered'`)) === 16);
  for (const [table, from, to] of [['offer', 't_ring', 't_ring_end'], ['talk', 't_ans', 't_rel']])
    assert.equal(region.sql(`SELECT count(*) FROM ${table} a JOIN ${table} b ON a.user_id = b.user_id AND a.call_id <> b.call_id
      AND a.${from} < b.${to} AND b.${from} < a.${to} WHERE a.center_id = ${office.id}`), '0', `no two at once: ${table}`);
  assert.equal(region.sql(`SELECT count(*) FROM (SELECT call_id FROM offer WHERE center_id = ${office.id} GROUP BY call_id HAVING count(*) > 1) x`), '0', 'no call at two agents');
}));

test('CC-29 each strategy, changed in the settings, decides about the next call without a restart', inCity('qinzhou', async (office) => {
  const team = await office.team(['a1001', 'a1002', 'a1003']);
  const [a, b, c] = team;
  await office.setQueue('consult', { wrap_up_ms: 0 });
  const reset = async (...order) => { // ready in this order, so that the first is idle longest
    for (const agent of team) await agent.person.put('/agent/state', { state: 'busy' });
    for (const agent of order) await agent.ready();
  };
  const ringsAt = async () => {
    const caller = office.call('1');
    return [await rings(team, caller), caller];
  };
  const leave = async (caller) => {
    await caller.hangUp();
    await until('nobody rings', () => team.every((x) => x.document.state !== 'ring'));
  };

  await office.setQueue('consult', { strategy: 'longest_idle' });
  await reset(b, c, a);
  let [rung, caller] = await ringsAt();
  assert.equal(rung, b, 'idle longest');
  assert.match(rung.document.call.offer_reason, /空闲最久/);
  await leave(caller);

  await office.setQueue('consult', { strategy: 'by_weight' });
  await office.changed(async () => { // each with his own weight
    const { id } = await office.queue('consult');
    for (const [agent, weight] of [[a, 10], [b, 50], [c, 90]]) await office.admin.put(`/settings/queues/${id}/members/${agent.person.me.user.id}`, { weight });
  });
  await reset(a, b, c);
  [rung, caller] = await ringsAt();
  assert.equal(rung, c, 'highest weight');
  assert.match(rung.document.call.offer_reason, /权值最高 90/);
  await answer(c);
  await finish(c, caller);

  await office.setQueue('consult', { strategy: 'fewest_calls' });
  await reset(c, a, b); // c is idle longest, but has answered one
  [rung, caller] = await ringsAt();
  assert.equal(rung, a, 'answered least, then idle longest');
  assert.match(rung.document.call.offer_reason, /接听最少 0 次/);
  await leave(caller);

  await office.setQueue('consult', { strategy: 'round_robin' });
  await reset(a, b, c);
  const turns = [];
  for (let i = 0; i < 6; i++) {
    [rung, caller] = await ringsAt();
    turns.push(team.indexOf(rung));
    await leave(caller);
  }
  assert.equal(new Set(turns.slice(0, 3)).size, 3, `each in turn: ${turns}`);
  assert.deepEqual(turns.slice(3), turns.slice(0, 3));

  await office.setQueue('consult', { strategy: 'ring_all' });
  caller = office.call('1');
  await until('all ring', () => team.every((x) => x.document.state === 'ring'));
  const id = await answer(b);
  await until('the others stop', () => [a, c].every((x) => x.document.state === 'ready'));
  assert.equal((await a.person.raw('POST', `/agent/calls/${id}/answer`)).status, 409, 'too late');
  const offers = await offersOf(office, caller, (x) => x.offers.length === 3 && x.offers.every((o) => o.outcome !== 'open'));
  assert.deepEqual(offers.map((o) => o.outcome).sort(), ['answered', 'taken', 'taken']);
  await finish(b, caller);
}));

test('CC-29 ring time, wrap-up time, longest wait and length, changed in the settings, act on the next call', inCity('guigang', async (office) => {
  const agent = await office.agent('a1001');
  await office.setQueue('consult', { wrap_up_ms: 1500 });
  let caller = office.call('1');
  await rings([agent], caller);
  await answer(agent);
  await caller.hangUp();
  const acw = await until('wrap-up', () => agent.document.state === 'acw' && agent.document);
  assert.ok(Math.abs(acw.call.wrap_up_deadline_ms - acw.since_ms - 1500) < 200);
  const after_acw = await until('over by time', () => agent.document.state === 'ready' && agent.document);
  assert.ok(after_acw.since_ms - acw.since_ms >= 1450, `${after_acw.since_ms - acw.since_ms} ms`);

  await office.setQueue('consult', { wrap_up_ms: 0 });
  caller = office.call('1');
  await rings([agent], caller);
  await answer(agent);
  const before = agent.person.events.length;
  await caller.hangUp();
  await until('ready', () => agent.document.state === 'ready');
  assert.ok(!agent.person.events.slice(before).some((e) => e.event === 'agent' && e.data.state === 'acw'), 'no wrap-up');

  await office.setQueue('consult', { ring_timeout_ms: 1000 });
  caller = office.call('1');
  await rings([agent], caller);
  await until('ring time over', () => agent.document.state === 'busy', 3000);
  assert.equal(agent.document.reason, '久不应答');
  await caller.hangUp();

  await office.setQueue('consult', { max_length: 1, max_wait_ms: 0 });
  const first = await office.waiting('1');
  const second = office.call('1');
  assert.deepEqual([(await office.row(second, (c) => c.outcome !== 'open')).outcome], ['lost'], 'the queue is full');
  await first.hangUp();
  assert.equal((await office.row(first, (c) => c.outcome !== 'open')).outcome, 'ab_queue');

  await office.setQueue('consult', { max_length: 0, max_wait_ms: 1500 });
  caller = office.call('1');
  const row = await office.row(caller, (c) => c.outcome !== 'open');
  assert.deepEqual([row.outcome, row.end_reason], ['lost', 'max_wait']);
  const [visit] = (await office.detail(caller)).queue_visits;
  assert.equal(visit.outcome, 'lost'); // the platform sent him away (kpi, worked example 15)
  assert.ok(row.wait_ms >= 1450, `${row.wait_ms} ms`);
}));

test('CC-29 retries and the overflow queue, changed in the settings, act on the next call; the first entry is kept', inCity('hezhou', async (office) => {
  const report = await office.queue('report');
  await office.setQueue('consult', { ring_timeout_ms: 1000, max_offers: 1, overflow_queue_id: report.id, max_wait_ms: 0 });
  const [agent, other] = await office.team(['a1002', 'a1003']); // 1003 alone serves report of these two
  await other.person.put('/agent/state', { state: 'busy' });
  let caller = office.call('1');
  await rings([agent], caller);
  await until('not answered', () => agent.document.reason === '久不应答');
  await until('waits for a report agent', async () => (await office.wall()).waiting.find((c) => c.caller_no === office.masked(caller) && c.queue_id === report.id));
  await other.ready();
  await rings([other], caller);
  assert.equal(other.document.call.queue_name, report.name);
  await answer(other);
  const { call_id, queue_visits } = await office.detail(caller, (c) => c.queue_visits[1]?.outcome === 'answered');
  assert.deepEqual(queue_visits.map((v) => v.outcome), ['overflow_out', 'answered']);
  assert.equal(region.sql(`SELECT count(*) || ' ' || count(DISTINCT first_t_q_in) FROM queue_visit WHERE call_id = '${call_id}'`), '2 1');
  await finish(other, caller);

  // Too many offers and no overflow queue: the flow decides. Without a limit it goes on waiting.
  await other.person.put('/agent/state', { state: 'busy' });
  await office.setQueue('consult', { overflow_queue_id: 0 });
  await agent.ready();
  caller = office.call('1');
  await rings([agent], caller);
  assert.equal((await office.row(caller, (c) => c.outcome !== 'open')).outcome, 'lost');
  await office.setQueue('consult', { max_offers: 0 });
  await agent.ready();
  caller = office.call('1');
  await rings([agent], caller);
  await until('not answered', () => agent.document.reason === '久不应答');
  assert.equal((await office.wall()).waiting.length, 1);
  await caller.hangUp();
}));

test('CC-22 an agent who does not answer: next agent, place at the head kept, he is busy with 久不应答 and told, the event is written', inCity('yulin', async (office) => {
  await office.setQueue('consult', { ring_timeout_ms: 2000, wrap_up_ms: 0, age_step_ms: 0 });
  const [silent, other] = await office.team(['a1001', 'a1002'], { ready: false });
  await other.ready();
  const zero = office.call('1');
  await rings([other], zero);
  await answer(other);
  await silent.ready();
  const a = office.call('1');
  await rings([silent], a);
  const b = await office.waiting('1');
  const told = await until('made busy', () => silent.document.state === 'busy' && silent.document, 8000);
  assert.deepEqual([told.reason, told.call], ['久不应答', null]);
  const seat = (await office.wall()).seats.find((s) => s.agent_no === '1001');
  assert.deepEqual([seat.state, seat.reason], ['busy', '久不应答']);
  await finish(other, zero);
  await rings([other], a); // at the head, before b
  await answer(other);
  const { call_id, offers } = await office.detail(a, (c) => c.offers.length === 2 && c.offers[1].outcome === 'answered');
  assert.deepEqual(offers.map((o) => [o.agent_no, o.outcome]), [['1001', 'no_answer'], ['1002', 'answered']]);
  assert.ok(offers[0].ring_ms >= 1900 && offers[0].ring_ms < 4000, `${offers[0].ring_ms} ms`);
  const written = () => region.sql(`SELECT count(*) FROM no_answer WHERE call_id = '${call_id}' AND user_id = ${silent.person.me.user.id}`);
  assert.equal(written(), '1');
  await until('the state is written with its reason', () => region.sql(`SELECT count(*) FROM agent_state WHERE user_id = ${silent.person.me.user.id} AND state = 'busy' AND reason = '久不应答'`) === '1');
  await finish(other, a);
  await rings([other], b);

  // A caller who hangs up while it rings: nobody's fault.
  const before = region.sql('SELECT count(*) FROM no_answer');
  await b.hangUp();
  await until('ready again', () => other.document.state === 'ready');
  const left = await office.detail(b, (c) => c.outcome !== 'open');
  assert.deepEqual([left.outcome, left.offers.map((o) => o.outcome)], ['ab_ring', ['caller_left']]);
  assert.equal(region.sql('SELECT count(*) FROM no_answer'), before);

  // The only agent: the caller waits, the agent comes back idle and gets him.
  await silent.ready();
  await other.person.put('/agent/state', { state: 'busy' });
  const again = office.call('1');
  await rings([silent], again);
  await until('busy again', () => silent.document.state === 'busy');
  await silent.ready();
  await rings([silent], again);
  await again.hangUp();
}));

test('CC-09 the agent\'s number is said to caller and agent before they hear each other; off for one center it is not', inCity('baise', async (office) => {
  const chief = await Person.signIn(region, 'guangxi', 'admin');
  const talk = async (name) => {
    const [mine, his] = ['caller', 'agent'].map((who) => join(region.dir, `${name}-${who}.wav`));
    const agent = await office.agent('a1002', { lineArgs: ['--tone', '1000', '--detect-tone', '440', '--hear', his] });
    const caller = office.call('1', { args: ['--tone', '440', '--detect-tone', '1000', '--hear', mine] });
    await rings([agent], caller);
    await answer(agent);
    await Promise.all([caller.waitFor('tone'), agent.line.waitFor('tone')]);
    const joined = Date.now();
    await until('half a second of talk', () => Date.now() - joined > 500);
    await finish(agent, caller);
    await agent.person.post('/agent/sign-out');
    await agent.line.close();
    return { caller: readWav(mine), agent: readWav(his) };
  };
  const pieces = ['agent_no_prefix', 'digit_1', 'digit_0', 'digit_2', 'agent_no_suffix'].map((code) => prompt(`common/${code}-1.wav`));
  const on = await talk('on');
  for (const [who, hz] of [['caller', 1000], ['agent', 440]]) {
    const joined = toneBegins(on[who], hz);
    assert.ok(joined > 0, who);
    const found = pieces.map((piece) => findSound(on[who], piece));
    for (const { score } of found) assert.ok(score > 0.8, `${who} hears the number: ${found.map((f) => f.score.toFixed(2))}`);
    assert.ok(found[0].at < found[3].at && found[3].at < found[4].at, `${who}: 工号 1002 为您服务, in order`);
    assert.ok(found[4].at < joined, `${who}: the other one is heard after it`);
  }
  const center = (await chief.get('/settings/centers')).items.find((x) => x.id === office.id);
  await office.changed(() => chief.put(`/settings/centers/${office.id}`, { announce_agent_no: false }, { 'if-match': `"${center.version}"` }));
  const off = await talk('off');
  for (const who of ['caller', 'agent']) {
    const { score } = findSound(off[who], pieces[4]);
    assert.ok(score < 0.6, `${who} hears no number: ${score}`);
    assert.ok(toneBegins(off[who], who === 'caller' ? 1000 : 440) >= 0);
  }
  assert.equal((await office.wall()).center_id, office.id);
}));
