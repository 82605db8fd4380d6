// The voice bot as a SIP peer: who meets it, what it learns, how its callers come back, and eighty of them at once.
import test, { after, afterEach, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { samplesOf, shareOfTime } from './lib/sound.mjs';
import { Bot, ANSWER_HZ, HEARD, QUESTION_HZ, SAID, SLOTS } from './lib/bot.mjs';
import { closeFarSides } from './lib/sipp.mjs';

const NUMBER = '07711236601', CENTER = 2;
const FLOW = {
  entry: 'first',
  nodes: {
    first: { type: 'bot', next: 'human', done: 'end', off: 'main' },
    main: { type: 'menu', name: '主菜单', prompt: 'main_menu', keys: { 1: 'human', 3: 'by_key', 4: 'rule' }, failed: 'human' },
    by_key: { type: 'bot', next: 'human', done: 'end', off: 'human' },
    human: { type: 'queue', queue: 'consult', on_full: 'relief', on_no_agent: 'sorry', on_wait_over: 'sorry' },
    relief: { type: 'bot', next: 'again', done: 'end', off: 'sorry' },
    rule: { type: 'bot', next: 'human', done: 'end', off: 'sorry_wait' },
    sorry_wait: { type: 'play', prompt: 'all_busy', next: 'human' },
    again: { type: 'queue', queue: 'consult', prompt: 'please_wait', on_full: 'sorry', on_no_agent: 'sorry', on_wait_over: 'sorry' },
    sorry: { type: 'hangup', reason: 'lost' },
    end: { type: 'hangup', reason: 'done' },
  },
};
let region, chief, admin, agent, bots, node;
let people = 13977400000;
const open = [];

before(async () => {
  region = await Region.start({ env: { RTP_TIMEOUT_S: 5 } });
  [chief, admin] = [await Person.signIn(region, 'guangxi', 'admin'), await Person.signIn(region, 'nanning', 'admin')];
  agent = await Agent.start(region, 'nanning', 'a1001', { ready: false, lineArgs: ['--tone', '440'] });
  bots = [await Bot.start(), await Bot.start()];
  const flow = (await admin.get('/settings/flows')).items.find((f) => f.code === 'main');
  await admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: FLOW, note: '机器人' }, { 'if-match': `"${flow.version}"` });
  node = (await chief.post('/settings/bots/nodes', { name: '机器人一', host: '127.0.0.1', port: bots[0].port, channels: 40 })).id;
  await region.configured();
});
after(async () => {
  for (const one of open) one.kill();
  for (const bot of bots ?? []) bot.close();
  closeFarSides();
  await agent?.close();
  await region?.stop();
});

// What a chapter that failed left behind must not fail the next one.
afterEach(() => Promise.all(open.splice(0).filter((one) => one.code === undefined).map((one) => one.hangUp())));

const share = async () => (await chief.get('/settings/bots/shares')).items.find((s) => s.center_id === CENTER);
async function quota(change) {
  await chief.put(`/settings/bots/shares/${CENTER}`, change, { 'if-match': `"${(await share()).version}"` });
  await region.configured();
}
async function policy(change) {
  await admin.put(`/settings/bots/shares/${CENTER}/policy`, change, { 'if-match': `"${(await share()).version}"` });
  await region.configured();
}
const permit = (change) => quota({ allowed: true, guaranteed: 0, most: 80, ...change });

function dial(args = []) {
  const from = String(++people);
  const caller = Object.assign(Caller.start(region, { from, to: NUMBER, args: ['--detect-tone', String(QUESTION_HZ), ...args] }), { from });
  open.push(caller);
  return caller;
}
// The question is heard: a key pressed before is nobody's, the bot may not have answered yet.
async function withBot(caller) {
  const session = await until(`${caller.from} is with the bot`, () => bots[0].of(caller.from));
  await caller.waitFor('tone');
  return session;
}
// The menu's prompt is heard: the call went on without a bot.
const inMenu = (caller) => until(`${caller.from} hears the menu`, () => region.log.includes('event=began') && caller.seen('audio') && !bots.some((b) => b.of(caller.from)));
const visits = (caller) => region.sql(`SELECT string_agg(o.bot_result || ' ' || o.bot_rounds, ',' ORDER BY o.t_start) FROM outside_leg o JOIN call c USING (call_id) WHERE c.caller_no = '${caller.from}' AND o.purpose = 'bot'`);
const outcome = (caller) => until(`the end of ${caller.from}`, () => region.sql(`SELECT outcome FROM call WHERE caller_no = '${caller.from}' AND t_end IS NOT NULL`));
const used = async () => (await chief.get('/monitor/bots')).nodes.reduce((sum, n) => sum + n.used, 0);

test('NLU-04 without the region\'s permission a city\'s callers meet no bot; a city cannot permit itself', async () => {
  await policy({ policy: 'always' });
  const caller = dial();
  await inMenu(caller);
  await caller.hangUp();
  assert.equal(await outcome(caller), 'ivr_abandon');
  const answer = await admin.raw('PUT', `/settings/bots/shares/${CENTER}`, { allowed: true }, { 'if-match': '"1"' });
  assert.equal(answer.status, 403, JSON.stringify(answer.body));
});

test('NLU-01 NLU-02 NLU-05 the caller meets the bot first, is answered by key, asks for a human and is in the city\'s queue; the agent sees what the bot learnt', async () => {
  await permit();
  const caller = dial();
  const session = await withBot(caller);
  assert.equal(session.invite.get('x-hotlined-center'), 'nanning');
  caller.say('key 1');
  await until('a round', () => session.rounds === 1);
  caller.say('key 0');
  await until('in the queue', () => region.sql(`SELECT count(*) FROM queue_visit v JOIN call c USING (call_id) WHERE c.caller_no = '${caller.from}'`) === '1');
  await agent.ready();
  const { call } = await agent.ring();
  assert.equal(call.party_no, caller.from);
  const { turns, ...learnt } = call.bot;
  assert.deepEqual(learnt, { rounds: 1, result: 'human', intent: '退税进度', summary: '想知道出口退税到哪一步', slots: SLOTS, left_out: false });
  assert.deepEqual(turns.map((t) => [t.who, t.text]), [['caller', HEARD], ['bot', SAID]]);
  assert.ok(turns.every((t) => t.at_ms >= call.began_ms && t.at_ms <= call.queued_ms), 'said between the beginning and the queue');
  await agent.answer(call.call_id);
  await agent.waitState('talk');
  assert.deepEqual((await agent.person.get('/agent')).call.bot, call.bot, 'in the talk as before');
  await caller.hangUp();
  await agent.waitState('acw');
  await agent.done();
  await agent.person.put('/agent/state', { state: 'busy' });
  assert.equal(await outcome(caller), 'answered');
  assert.equal(visits(caller), 'human 1');
  const detail = await agent.person.get(`/calls/${call.call_id}`);
  assert.deepEqual(detail.bot_sessions.map(({ session_id, t_start, t_end, turns: said, ...rest }) => ({ ...rest, turns: said.map((s) => [s.who, s.text, Date.parse(s.at)]) })),
    [{ result: 'human', rounds: 1, intent: '退税进度', summary: '想知道出口退税到哪一步', slots: Object.entries(SLOTS).map(([name, value]) => ({ name, value })), turns: turns.map((s) => [s.who, s.text, s.at_ms]) }]);
  const looks = () => Number(region.sql(`SELECT count(*) FROM audit_log WHERE action = 'call.read' AND object_id = '${call.call_id}'`));
  await until('the look is in the audit log', () => looks() === 1);
  const stranger = await Person.signIn(region, 'nanning', 'a1002');
  assert.equal((await stranger.raw('GET', `/calls/${call.call_id}`)).status, 404, 'an agent who had nothing to do with it');
  assert.equal((await (await Person.signIn(region, 'liuzhou', 'admin')).raw('GET', `/calls/${call.call_id}`)).status, 404, 'another city');
});

test('NLU-02 what a bot tells wrongly is refused, logged and counted; the talk goes on, and what was right stays', async () => {
  const refused = async () => Number(/hotlined_sip_refused_total\{reason="bad_body"\} (\d+)/.exec(await (await fetch(`${region.base}/metrics`)).text())[1]);
  const before = await refused();
  const caller = dial();
  const session = await withBot(caller);
  const answered = async (what, status, type) => {
    const count = session.tellings.length;
    session.tell(what, type);
    await until(`an answer to ${JSON.stringify(what).slice(0, 60)}`, () => session.tellings.length > count);
    assert.equal(session.tellings.at(-1), status, JSON.stringify(what).slice(0, 60));
  };
  await answered({ turns: [{ who: 'bot', text: '您好' }] }, 200);
  const wrong = ['', 'x', '[]', '{} x', { turns: [{ who: 'agent', text: 'x' }] }, { slots: { a: 1 } }, { intent: 'x'.repeat(64) }, { turns: [{ who: 'bot', text: '对' }, { who: 'bot' }] }, { mood: 'good' }];
  for (const what of wrong) await answered(what, 400);
  await answered({ intent: 'x'.repeat(9000) }, 413);
  await answered({}, 415, 'application/json');
  assert.equal(await refused(), before + wrong.length + 1);
  assert.match(region.log, /event=bad_body .*why="Turn Of Nobody"/);
  for (let n = 0; n < 7; n++) await answered({ turns: Array.from({ length: 16 }, (_, i) => ({ who: 'caller', text: `第${n}-${i}句` })) }, 200); // 113 of a hundred
  caller.say('key 1');
  await until('the talk goes on', () => session.rounds === 1);
  session.refer('<sip:queue-consult@hotlined>', 'rounds=1');
  await agent.ready();
  const { call } = await agent.ring();
  assert.deepEqual([call.bot.turns.length, call.bot.left_out, call.bot.turns[0].text, call.bot.intent], [100, true, '您好', '退税进度']);
  assert.deepEqual(call.bot.slots, SLOTS);
  await agent.answer(call.call_id);
  await agent.waitState('talk');
  await caller.hangUp();
  await agent.waitState('acw');
  await agent.done();
  await agent.person.put('/agent/state', { state: 'busy' });
  await until('in the record', () => region.sql(`SELECT count(*) FROM bot_turn WHERE call_id = '${call.call_id}'`) === '100');
});

test('NLU-01 NLU-02 NLU-05 a bot refers its caller to a queue of the city: accepted, notified until done, with what it learnt; nonsense is refused and the talk goes on', async () => {
  const caller = dial();
  const session = await withBot(caller);
  const answered = async (to, status) => {
    const before = session.answers.length;
    session.refer(to, 'rounds=9');
    await until(`an answer to ${to}`, () => session.answers.length > before);
    assert.equal(session.answers.at(-1), status, to);
  };
  for (const to of [undefined, 'nonsense', '<sip:127.0.0.1>', '<tel:12366>', '<sip:consult@hotlined>', '<sip:queue-consult@hotlined?Replaces=1>', '<sip:queue-consult@hotlined;method=BYE>']) await answered(to, 400);
  for (const to of ['<sip:queue-none@hotlined>', '<sip:node-none@hotlined>']) await answered(to, 488);
  assert.deepEqual(session.notified, []);
  caller.say('key 1');
  await until('the talk goes on', () => session.rounds === 1);
  session.refer('<sip:queue-consult@hotlined>', `outcome=human;rounds=4;intent=${encodeURIComponent('社保缴费')};summary=${encodeURIComponent('问缴费年限')}`);
  await until('it is let go', () => !bots[0].of(caller.from));
  assert.equal(session.answers.at(-1), 202);
  assert.deepEqual(session.notified, [['SIP/2.0 100 Trying', 'active'], ['SIP/2.0 200 OK', 'terminated']]);
  await until('in the queue', () => region.sql(`SELECT count(*) FROM queue_visit v JOIN call c USING (call_id) WHERE c.caller_no = '${caller.from}' AND v.t_q_out IS NULL`) === '1');
  await agent.ready();
  const { call } = await agent.ring();
  assert.deepEqual({ ...call.bot, turns: call.bot.turns.length }, { rounds: 4, result: 'human', intent: '社保缴费', summary: '问缴费年限', slots: SLOTS, turns: 2, left_out: false });
  await agent.answer(call.call_id);
  await agent.waitState('talk');
  await caller.hangUp();
  await agent.waitState('acw');
  await agent.done();
  await agent.person.put('/agent/state', { state: 'busy' });
  assert.equal(visits(caller), 'human 4');
  assert.equal(await used(), 0);
  const menu = dial();
  const again = await withBot(menu);
  again.refer('<sip:node-main@hotlined>');
  await inMenu(menu);
  await menu.hangUp();
  assert.equal(await outcome(menu), 'ivr_abandon');
});

test('CC-05 NLU-02 what is said to a bot is recorded where its node says so: both tracks, a part of the call, no talk of an agent', async () => {
  const peer = async () => (await chief.get('/settings/bots/nodes')).items.find((p) => p.id === node);
  assert.equal((await peer()).record, false);
  const id = (caller) => region.sql(`SELECT call_id FROM call WHERE caller_no = '${caller.from}'`);
  assert.equal(region.sql('SELECT count(*) FROM recording WHERE right_party = \'bot\''), '0', 'nothing of the talks before');
  await chief.put(`/settings/bots/nodes/${node}`, { record: true }, { 'if-match': `"${(await peer()).version}"` });
  await region.configured();
  const [HZ, AGENT] = [1330, 440];
  const caller = dial(['--tone', String(HZ)]);
  const session = await withBot(caller);
  const since = Date.now();
  await until('a while of it', () => Date.now() - since > 1500);
  session.refer('<sip:queue-consult@hotlined>', 'rounds=1');
  await agent.ready();
  const { call } = await agent.ring();
  await agent.answer(call.call_id);
  await agent.waitState('talk');
  const talk = Date.now();
  await until('a while of it', () => Date.now() - talk > 1500);
  await caller.hangUp();
  await agent.waitState('acw');
  await agent.done();
  await agent.person.put('/agent/state', { state: 'busy' });
  const detail = await until('both pieces', async () => {
    const found = await admin.get(`/calls/${id(caller)}`);
    return found.recordings.length === 2 && found.recordings.every((r) => r.state === 'closed') && found.t_end && found.talks[0].t_rel && found;
  });
  assert.deepEqual(detail.recordings.map((r) => [r.left, r.right]), [['caller', 'bot'], ['caller', 'agent']]);
  const [bot, person] = detail.recordings;
  const leg = detail.outside_legs.find((l) => l.purpose === 'bot');
  assert.ok(Math.abs(bot.length_ms - leg.talk_ms) <= 500, `${bot.length_ms} ms of ${leg.talk_ms}`);
  assert.ok(Math.abs(person.length_ms - detail.talks[0].talk_ms) <= 500);
  assert.equal(detail.talk_ms, detail.talks[0].talk_ms, 'the bot is in no talk time');
  assert.equal(region.sql(`SELECT count(*) FROM talk WHERE call_id = '${detail.call_id}'`), '1');
  for (const [piece, left, right] of [[bot, HZ, QUESTION_HZ], [person, HZ, AGENT]]) {
    const sound = Buffer.from(await (await fetch(`${region.base}/api/v1/recordings/${piece.recording_id}/audio?side=both`, { headers: { cookie: admin.cookie } })).arrayBuffer());
    for (const [channel, wanted] of [[0, left], [1, right]])
      for (const hz of [HZ, QUESTION_HZ, AGENT]) {
        const share = shareOfTime(samplesOf(sound, channel), hz);
        assert.ok(hz === wanted ? share > 0.2 : share < 0.02, `${piece.right}, ${channel ? 'right' : 'left'}: ${hz} Hz in ${share}`);
      }
  }
  const { items } = await admin.get(`/queries/recordings?number=${caller.from}`);
  assert.deepEqual(items.map((r) => [r.part, r.part_name, r.agent_no, r.call_id]), [['agent', '坐席通话', '1001', detail.call_id], ['bot', '机器人', '', detail.call_id]]);
  await chief.put(`/settings/bots/nodes/${node}`, { record: false }, { 'if-match': `"${(await peer()).version}"` });
  await region.configured();
});

test('NLU-06 who needs nothing more ends with the bot: self-service of that center, nobody else\'s', async () => {
  const caller = dial();
  const session = await withBot(caller);
  caller.say('key 1');
  await until('a round', () => session.rounds === 1);
  caller.say('key 2');
  await caller.exited;
  assert.equal(await outcome(caller), 'ivr_self');
  assert.equal(visits(caller), 'done 1');
  assert.equal(region.sql('SELECT string_agg(DISTINCT center_id::text, \',\') FROM outside_leg WHERE purpose = \'bot\''), String(CENTER));
});

test('NLU-06 a city\'s talks with the bot are its own until it shares them with the region, and no figure of 12366 either way; the switch is in the audit log', async () => {
  const span = `from=2026-01-01T00:00:00Z&to=${new Date(Date.now() + 86400000).toISOString()}`;
  const figures = async (person) => (await person.get(`/bots/figures?${span}`)).items;
  const of = async (person, center) => (await figures(person)).find((f) => f.center_id === center);
  const list = async (person) => (await person.get(`/bots/sessions?${span}`)).items;
  const call = region.sql('SELECT call_id FROM bot_session ORDER BY session_id LIMIT 1');
  const switchTo = async (person, data) => {
    await person.put(`/settings/bots/shares/${CENTER}/data`, { data }, { 'if-match': `"${(await share()).version}"` });
    assert.equal((await share()).data, data);
  };
  const mine = await of(admin, CENTER);
  assert.equal(mine.sessions, Number(region.sql(`SELECT count(*) FROM bot_session WHERE center_id = ${CENTER}`)));
  assert.ok(mine.sessions > 3 && mine.human > 0 && mine.done > 0 && mine.intents.length);
  const region12366 = JSON.stringify(await of(chief, 1));
  assert.equal(JSON.parse(region12366).sessions, 0);
  const hidden = async () => {
    assert.deepEqual(Object.keys(await of(chief, CENTER)).sort(), ['center_id', 'center_name', 'kind', 'shown']);
    assert.deepEqual(await list(chief), []);
    assert.deepEqual((await chief.get(`/calls/${call}`)).bot_sessions, []);
  };
  await hidden();
  await switchTo(admin, 'shared');
  assert.deepEqual(await of(chief, CENTER), mine);
  assert.equal((await list(chief)).length, mine.sessions);
  assert.equal((await chief.get(`/calls/${call}`)).bot_sessions[0].turns.length, 2);
  assert.equal(JSON.stringify(await of(chief, 1)), region12366);
  assert.deepEqual((await figures(await Person.signIn(region, 'liuzhou', 'admin'))).map((f) => f.center_id), [3], 'another city sees itself');
  await switchTo(chief, 'own');
  await hidden();
  const body = { data: 'everybody' };
  const wrong = await admin.raw('PUT', `/settings/bots/shares/${CENTER}/data`, body, { 'if-match': `"${(await share()).version}"` });
  assert.deepEqual([wrong.status, Object.keys(wrong.body.errors)], [422, ['data']]);
  assert.equal((await admin.raw('PUT', '/settings/bots/shares/3/data', { data: 'own' }, { 'if-match': '"1"' })).status, 403, 'another center\'s');
  assert.equal((await agent.person.raw('PUT', `/settings/bots/shares/${CENTER}/data`, { data: 'own' }, { 'if-match': '"1"' })).status, 403);
  await until('both switches', () => region.sql("SELECT string_agg(detail, ',' ORDER BY at) FROM audit_log WHERE action = 'bot.data'") === '{"data":"shared"},{"data":"own"}');
});

test('NLU-05 a bot that falls silent, says nothing at its end, or does not answer loses nobody: the caller comes to a human', async () => {
  const silent = dial(), wordless = dial();
  await withBot(silent);
  silent.say('key 5');
  (await withBot(wordless)).hangUp();
  const queued = (caller) => until(`${caller.from} waits`, () => region.sql(`SELECT count(*) FROM queue_visit v JOIN call c USING (call_id) WHERE c.caller_no = '${caller.from}' AND v.t_q_out IS NULL`) === '1', 30000);
  await Promise.all([silent, wordless].map(queued));
  for (const caller of [silent, wordless]) await caller.hangUp();
  for (const caller of [silent, wordless]) assert.equal(await outcome(caller), 'ab_queue');
  assert.equal(visits(silent), 'silent 0');
  assert.equal(visits(wordless), 'human 0');
  bots[0].deaf = true;
  const unheard = dial();
  await until('the menu after nobody answered', () => region.sql(`SELECT count(*) FROM outside_leg o JOIN call c USING (call_id) WHERE c.caller_no = '${unheard.from}' AND bot_result = 'failed'`) === '1', 40000);
  bots[0].deaf = false;
  await unheard.hangUp();
  assert.equal(await used(), 0, 'no channel stays taken');
  const { pings } = bots[0];
  await until('the node is heard again', async () => bots[0].pings > pings && (await chief.get('/monitor/wall')).trunks.find((t) => t.name === '机器人一').state === 'up', 60000);
});

test('NLU-03 policies: off, out of hours, when busy, by key, by share', async () => {
  const meets = async (caller) => { await withBot(caller); await caller.hangUp(); };
  const passes = async (caller) => { await inMenu(caller); await caller.hangUp(); };
  await policy({ policy: 'off' });
  await passes(dial());
  await policy({ policy: 'key' });
  await passes(dial());
  await meets(dial(['--keys', '3']));
  await policy({ policy: 'share', share_percent: 0 });
  await passes(dial());
  await policy({ policy: 'share', share_percent: 100 });
  await meets(dial());
  await policy({ policy: 'busy' });
  await meets(dial());
  await agent.ready();
  await passes(dial());
  await agent.person.put('/agent/state', { state: 'busy' });
  const calendar = (hours) => {
    region.sql(`UPDATE work_calendar SET version = version + 1, document = '${JSON.stringify({ week: Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((d) => [d, hours])) })}' WHERE center_id = ${CENTER} AND code = 'default'`);
    return region.configured();
  };
  await policy({ policy: 'out_of_hours', calendar_code: 'default' });
  await calendar([['00:00', '24:00']]);
  await passes(dial());
  await calendar([]);
  await meets(dial());
  const wrong = await admin.raw('PUT', `/settings/bots/shares/${CENTER}/policy`, { policy: 'sometimes' }, { 'if-match': `"${(await share()).version}"` });
  assert.deepEqual([wrong.status, Object.keys(wrong.body.errors)], [422, ['policy']]);
});

test('SCN-03 with a queue of one, the second caller is taken by the bot and comes back to the queue with his first time', async (t) => {
  t.after(() => region.sql(`UPDATE queue SET max_length = 0 WHERE center_id = ${CENTER} AND code = 'consult'`));
  await policy({ policy: 'busy' });
  region.sql(`UPDATE queue SET max_length = 1 WHERE center_id = ${CENTER} AND code = 'consult'`);
  await region.configured();
  await quota({ allowed: false });
  const first = dial(['--keys', '1']);
  const waits = (caller) => until(`${caller.from} waits`, () => region.sql(`SELECT count(*) FROM queue_visit v JOIN call c USING (call_id) WHERE c.caller_no = '${caller.from}' AND v.t_q_out IS NULL`) === '1');
  await waits(first);
  await quota({ allowed: true });
  await policy({ policy: 'key' });
  const second = dial(['--keys', '1']);
  const session = await withBot(second);
  await first.hangUp();
  second.say('key 0');
  await until('handed back', () => session.keys === '0');
  await waits(second);
  await second.hangUp();
  assert.equal(await outcome(second), 'ab_queue');
  const third = dial(['--keys', '1']);
  await waits(third);
  const fourth = dial(['--keys', '1']);
  await withBot(fourth);
  fourth.say('key 2');
  await fourth.exited;
  assert.equal(await outcome(fourth), 'flow_bot');
  await third.hangUp();
});

test('SCN-03 NLU-01 from a threshold on callers are offered to the bot; where it is off or full they hear so and stay in the queue, and who comes back keeps his place', async (t) => {
  await permit();
  const { id } = (await admin.get('/settings/queues')).items.find((q) => q.code === 'consult' && q.center_id === CENTER);
  const rules = async (overflow_rules) => {
    const { version } = (await admin.get('/settings/queues')).items.find((q) => q.id === id);
    await admin.put(`/settings/queues/${id}`, { overflow_rules }, { 'if-match': `"${version}"` });
  };
  t.after(() => rules([]));
  await rules([{ when: 'length', length: 2, node: 'rule' }]);
  await policy({ policy: 'key' });
  const waiting = (caller) => until(`${caller.from} waits`, () => region.sql(`SELECT count(*) FROM queue_visit v JOIN call c USING (call_id) WHERE c.caller_no = '${caller.from}' AND v.t_q_out IS NULL`) === '1', 30000);
  const played = (caller) => region.sql(`SELECT string_agg(v.outcome, ',' ORDER BY v.t_q_in, v.visit_id) FROM queue_visit v JOIN call c USING (call_id) WHERE c.caller_no = '${caller.from}'`);
  const here = [];
  for (let n = 0; n < 2; n++) { // up to the threshold nobody is offered to it
    const caller = dial(['--keys', '1']);
    await waiting(caller);
    here.push(caller);
  }
  assert.equal(bots[0].sessions.size, 0);
  const third = dial(['--keys', '1']); // the one after it is
  await withBot(third);
  const fourth = dial(['--keys', '1']);
  await withBot(fourth);
  fourth.say('key 0');
  await waiting(fourth);
  third.say('key 0');
  await waiting(third);
  assert.equal(played(third), 'flow_bot,open');
  await policy({ policy: 'off' });
  const fifth = dial(['--keys', '1']);
  await waiting(fifth);
  await policy({ policy: 'key' });
  await quota({ most: 0 });
  const sixth = dial(['--keys', '1']);
  await waiting(sixth);
  for (const caller of [fifth, sixth]) {
    await until('the rule led him out of the queue, no bot took him, and he waits again (kpi E16)', () => played(caller) === 'overflow_out,open');
    assert.equal(visits(caller), '', 'no bot was called');
  }
  await quota({ most: 80 });
  for (const caller of here) await caller.hangUp();
  await agent.ready();
  for (const caller of [third, fourth, fifth, sixth]) { // by the time they first came to the queue
    const { call } = await agent.ring();
    assert.equal(call.party_no, caller.from);
    await agent.answer(call.call_id);
    await agent.waitState('talk');
    await caller.hangUp();
    await agent.waitState('acw');
    await agent.done();
  }
  await agent.person.put('/agent/state', { state: 'busy' });
});

// With many talks this process drops packets on a busy machine: who is not heard presses again.
async function press(caller, key) {
  const session = bots.map((bot) => bot.of(caller.from)).find(Boolean);
  let last = -Infinity;
  await until(`key ${key} of ${caller.from} is heard`, () => {
    if (session.keys.includes(key)) return true;
    if (Date.now() - last > 5000) { caller.say(`key ${key}`); last = Date.now(); }
    return false;
  }, 60000);
}

// On a busy machine new calls are limited: people call again.
async function many(count) {
  const crowd = [];
  while (crowd.length < count) {
    const caller = dial();
    await until(`${caller.from} hears an answer`, () => caller.seen('answered') || caller.seen('refused'), 30000);
    if (caller.seen('answered')) { crowd.push(caller); continue; }
    assert.equal(caller.seen('refused').status, 503);
    await new Promise((again) => { setTimeout(again, 300); });
  }
  return crowd;
}

test('NLU-12 NLU-13 PLAT-10 eighty sessions at once over two nodes, each with its own dialog; the eighty-first meets no bot; a node grows without a restart', async () => {
  await chief.post('/settings/bots/nodes', { name: '机器人二', host: '127.0.0.1', port: bots[1].port, channels: 40 });
  await permit({ most: 100 });
  await policy({ policy: 'always' });
  await until('both nodes are up', async () => (await chief.get('/monitor/bots')).nodes.length === 2);
  const crowd = await many(80);
  await until('eighty with the bots', () => bots[0].sessions.size + bots[1].sessions.size === 80, 60000);
  assert.deepEqual(bots.map((b) => b.sessions.size), [40, 40]);
  assert.equal(await used(), 80);
  assert.equal((await chief.get('/monitor/bots')).centers.find((c) => c.center_id === CENTER).used, 80);
  const late = dial();
  await inMenu(late);
  await Promise.all(crowd.map((caller) => press(caller, '1')));
  assert.ok(bots.every((bot) => [...bot.sessions.values()].every((session) => session.rounds > 0)), 'each has its answer');
  const peer = (await chief.get('/settings/bots/nodes')).items.find((p) => p.id === node);
  await chief.put(`/settings/bots/nodes/${node}`, { channels: 41 }, { 'if-match': `"${peer.version}"` });
  await region.configured();
  const last = dial();
  await withBot(last);
  await Promise.all(crowd.map((caller, i) => i % 2 ? press(caller, '2').then(() => caller.exited) : caller.hangUp()));
  await until('all are told of', () => Number(region.sql('SELECT count(*) FROM outside_leg WHERE bot_result = \'done\' AND bot_rounds > 0')) >= 41, 60000);
  await last.hangUp();
  await late.hangUp();
  await until('no channel stays taken', async () => (await used()) === 0);
});

test('NLU-05 a hundred callers handed back in every way a bot can: not one is lost, each waits in the city\'s queue', async () => {
  const ways = [(caller) => press(caller, '0'), (caller, session) => session.hangUp(), (caller, session) => session.refer('<sip:queue-consult@hotlined>', 'rounds=3'), (caller) => press(caller, '5'),
    (caller, session) => { session.refer('<sip:queue-consult@hotlined>'); session.hangUp('outcome=human'); }];
  const all = [];
  await permit();
  await policy({ policy: 'always' });
  for (let quarter = 0; quarter < 4; quarter++) {
    const crowd = await many(25);
    await Promise.all(crowd.map((caller) => caller.waitFor('tone', undefined, 60000))); // each hears the question
    const sessions = crowd.map((caller) => bots.map((bot) => bot.of(caller.from)).find(Boolean));
    await Promise.all(crowd.map((caller, i) => ways[i % ways.length](caller, sessions[i])));
    all.push(...crowd);
    const numbers = crowd.map((caller) => `'${caller.from}'`).join(',');
    await until('all of them wait', () => Number(region.sql(`SELECT count(DISTINCT c.call_id) FROM queue_visit v JOIN call c USING (call_id) JOIN queue q ON q.id = v.queue_id WHERE c.caller_no IN (${numbers}) AND q.code = 'consult' AND v.t_q_out IS NULL AND c.t_end IS NULL`)) === crowd.length, 60000);
  }
  assert.deepEqual(all.filter((caller) => caller.seen('ended')), [], 'nobody heard the end');
  assert.equal(await used(), 0);
  await Promise.all(all.map((caller) => caller.hangUp()));
});
