// Calls that agents make (CC-14) on the real daemon: a far side with real sound, trunks that are full, down or refuse,
// what is written and counted of them, who may make them, and a daemon that dies in one.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Called, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { Office, answer, finish, neverRang, rings } from './lib/office.mjs';
import { Phone } from './lib/phone.mjs';
import { closeFarSides } from './lib/sipp.mjs';
import { readWav, samplesOf, shareOf, toneBegins } from './lib/sound.mjs';

const DEMO = '本机演示中继';
const day = (offset = 0) => new Date(Date.now() + 8 * 3600e3 + offset * 86400e3).toISOString().slice(0, 10);
const PERIOD = `from=${day(-1)}&to=${day(1)}`; // also when the test runs over midnight
let region;
let people = 13877300000;
const outside = [];

before(async () => { region = await Region.start(); });
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  outside.forEach((one) => one.kill());
  closeFarSides();
  await region?.stop();
});

const inCity = (code, body) => async () => {
  const office = await Office.open(region, code);
  try { await body(office); } finally { await office.close(); }
};
// Somebody outside, to whom the trunk leads from now on.
async function far(args = [], trunk = DEMO) {
  const called = await Called.start(region, { args });
  outside.push(called);
  await region.outside(called, trunk);
  return called;
}
const someone = () => String(++people);
const ask = (agent, number) => agent.person.raw('POST', '/agent/calls', { number });
const dial = async (agent, number) => (await agent.person.post('/agent/calls', { number })).call_id;
const state = (agent, name) => until(`agent ${name}`, () => agent.document.state === name && agent.document);
// How a call ended, once it is written.
const ended = (id) => until(`the end of ${id}`, () => region.sql(`SELECT direction, outcome, end_reason FROM call WHERE call_id = '${id}' AND t_end IS NOT NULL`));
const own = (agent, id, test = () => true) => until(`${id} in the agent's list`, async () => {
  const { items } = await agent.person.get('/calls?mine=1&direction=out');
  return items.find((c) => c.call_id === id && test(c));
});
const audits = (action, id) => Number(region.sql(`SELECT count(*) FROM audit_log WHERE action = '${action}' AND object_id = '${id}'`));
const report = (office, query = '') => office.leader.get(`/reports/voice_service?${PERIOD}${query}`);

test('CC-14 CC-04 RPT-01 a call out from the first digit to the report: ringing tone, talk, two tracks, summary, list, history, figures', inCity('liuzhou', async (office) => {
  const heard = join(region.dir, 'agent.wav');
  const agent = await office.agent('a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '450', '--hear', heard] });
  const called = await far(['--answer-after', '-1', '--tone', '700', '--detect-tone', '1000']);
  const before = (await report(office)).total;
  const number = someone();
  const id = await dial(agent, `+86 ${number.slice(0, 3)}-${number.slice(3, 7)} ${number.slice(7)}`);

  const invited = await called.waitFor('invited');
  assert.deepEqual([invited.from, invited.to], [office.number, number], 'the city\'s public number calls the number as the trunk wants it');
  await agent.line.waitFor('tone'); // 450 Hz: it rings there
  const rang = Date.now();
  const ringing = await state(agent, 'talk');
  assert.deepEqual([ringing.call.call_id, ringing.call.direction, ringing.call.dialing, ringing.call.answered_ms], [id, 'out', true, null]);
  assert.deepEqual([ringing.call.party_no, ringing.call.caller_no, ringing.call.called_no], [number, office.number, number]);
  assert.match(ringing.call.caller_place, /^广西 /, 'where the called one is');
  const seat = await office.leader.waitFor('seat', (s) => s.agent_no === '1001' && s.state === 'talk');
  assert.deepEqual(seat.data.call, { direction: 'out', call_id: id, queue_name: '', party_no: office.masked({ number }), answered_ms: null });
  assert.equal((await ask(agent, someone())).body.code, 'agent.in_call');
  assert.equal(called.seen('tone'), undefined, 'nobody out there hears him yet');

  const waiting = await office.waiting('1'); // an ordinary caller meanwhile
  await until('half a second of ringing, to be found in what was heard', () => Date.now() - rang > 500);
  called.say('answer');
  await called.waitFor('tone');
  await agent.line.waitFor('tone_end');
  const talking = await until('talking', () => agent.document.call?.dialing === false && agent.document);
  assert.ok(talking.call.answered_ms >= talking.call.began_ms);
  await office.leader.waitFor('seat', (s) => s.agent_no === '1001' && s.call?.answered_ms === talking.call.answered_ms);
  const joined = Date.now();
  await until('a second and a half of talk', () => Date.now() - joined > 1500);
  neverRang([agent], waiting);
  await waiting.hangUp();
  await called.hangUp();
  const acw = await state(agent, 'acw');
  assert.equal(acw.call.call_id, id);

  const record = await agent.person.post('/records', { id: randomUUID(), call_id: id, caller_no: '', caller_name: '韦女士', caller_city: '', problem_city: '', category: '01',
    title: '回访', content: '回访', answer: '', method: 'direct', urgency: 'normal', same_day: true });
  assert.equal((await agent.person.get(`/records/${record.id}`)).caller_no, number, 'the record is about the one called');
  assert.equal((await agent.person.raw('PUT', `/agent/calls/${id}/wrap-up`, { code: 'call_back', note: '已回访' })).status, 204);
  await agent.done();
  await state(agent, 'ready');

  const row = await own(agent, id, (c) => c.has_recording && c.wrap_up_code && c.t_end);
  assert.deepEqual([row.direction, row.party_no, row.caller_no, row.called_no, row.agent_no, row.queue_name, row.wait_ms], ['out', number, office.number, number, '1001', '', null]);
  assert.deepEqual([row.outcome, row.end_reason, row.wrap_up_code, row.wrap_up_note, row.record_no], ['answered', 'caller', 'call_back', '已回访', record.record_no]);
  assert.ok(row.talk_ms >= 1500 && row.talk_ms < 20000, `${row.talk_ms} ms`);
  assert.ok(!(await agent.person.get('/calls?mine=1&direction=in')).items.some((c) => c.call_id === id));
  const history = await agent.person.get(`/callers/${number}/history`);
  assert.deepEqual([history.calls.map((c) => [c.call_id, c.direction]), history.records.map((r) => r.record_no)], [[[id, 'out']], [record.record_no]]);
  assert.deepEqual((await office.leader.get(`/calls?caller_no=${number}`)).items.map((c) => c.call_id), [id], 'asked for by the number called');

  const detail = await until('recording closed', async () => { const c = await office.leader.get(`/calls/${id}`); return c.recordings[0]?.state === 'closed' && c.quality.length === 2 && c; });
  assert.deepEqual([detail.talks.length, detail.offers, detail.queue_visits, detail.ivr_path], [1, [], [], []]);
  assert.equal(detail.talks[0].kind, 'outbound');
  assert.deepEqual(detail.quality.map((q) => [q.party, q.transport]).sort(), [['agent', 'line'], ['caller', 'rtp']]);
  const audio = await fetch(`${region.base}/api/v1/recordings/${detail.recordings[0].recording_id}/audio?side=both`, { headers: { cookie: office.leader.cookie } });
  const sound = Buffer.from(await audio.arrayBuffer());
  assert.equal(sound.readUInt16LE(22), 2, 'stereo');
  for (const [channel, own_hz, other_hz] of [[0, 700, 1000], [1, 1000, 700]]) {
    const track = samplesOf(sound, channel);
    const last = track.subarray(track.length - 8000, track.length - 1600);
    const [mine, theirs] = [shareOf(last, own_hz), shareOf(last, other_hz)];
    assert.ok(mine > 0.6 && theirs < 0.02, `${channel ? 'right' : 'left'}: ${own_hz} Hz ${mine}, ${other_hz} Hz ${theirs}`);
  }
  await agent.close(); // writes what was heard
  const ears = readWav(heard);
  const [tone, voice] = [toneBegins(ears, 450), toneBegins(ears, 700)];
  assert.ok(tone >= 0 && voice > tone, `first the ringing tone (${tone}), then the person (${voice})`);
}));

test('RPT-01 calls out are counted as such, answered or not, in every grouping, and nothing is counted twice', inCity('guilin', async (office) => {
  const agent = await office.agent('a1001');
  const metrics = async () => {
    const text = await (await fetch(`${region.base}/metrics`)).text();
    return (outcome) => Number(new RegExp(`^hotlined_calls_ended_total{direction="out",outcome="${outcome}"} (\\d+)`, 'm').exec(text)?.[1]);
  };
  const then = await metrics();
  assert.deepEqual(((r) => [r.in, r.out, r.out_ans])((await report(office)).total), [0, 0, 0]);
  const called = await far(['--count', '2']);
  const first = await dial(agent, someone());
  await called.waitFor('answered');
  await until('talking', () => agent.document.call?.answered_ms);
  await agent.hangUp(first); // this time he puts it down
  await called.waitFor('bye_received');
  assert.equal(await ended(first), 'out|answered|agent');
  await agent.done();
  await state(agent, 'ready');
  const second = await dial(agent, someone());
  await until('rings', () => called.events.filter((e) => e.event === 'ringing').length === 2);
  called.say('refuse 486');
  assert.equal(await ended(second), 'out|lost|busy');
  for (const query of ['', '&by=wrap_up', '&source=rollup']) {
    const document = await until(`counted${query}`, async () => { const d = await report(office, query); return d.total.out === 2 && d; });
    assert.deepEqual([document.total.in, document.total.out_ans, document.total.out_rate, document.total.open, document.total.check, document.check], [0, 1, 50, 0, 0, 0], query);
  }
  const queues = await report(office, '&by=queue');
  assert.deepEqual([queues.total.visits, queues.total.ans, queues.total.talk_sum, queues.check], [0, 0, 0, 0], 'no queue has a part in them');
  const now = await metrics();
  assert.deepEqual(['answered', 'lost'].map((outcome) => now(outcome) - then(outcome)), [1, 1]);
}));

test('CC-14 the far side\'s own sound before the answer is heard by the agent, who is not heard there', inCity('wuzhou', async (office) => {
  const agent = await office.agent('a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '700'] });
  const called = await far(['--early', '--answer-after', '-1', '--tone', '700', '--detect-tone', '1000']);
  const id = await dial(agent, someone());
  await agent.line.waitFor('tone');
  assert.ok(called.seen('progress') && !called.seen('answered'));
  assert.equal(agent.document.call.dialing, true);
  const early = Date.now();
  await until('half a second of it', () => Date.now() - early > 500);
  assert.equal(called.seen('tone'), undefined);
  called.say('answer');
  await called.waitFor('tone');
  assert.ok(called.seen('tone').at >= called.seen('answered').at);
  await called.hangUp();
  assert.equal(await ended(id), 'out|answered|caller');
}));

test('CC-14 numbers as people paste them are called as the trunk wants them; what is no number is refused at its field', inCity('beihai', async (office) => {
  const agent = await office.agent('a1001');
  const called = await far(['--refuse', '486', '--count', '0']);
  const invited = () => called.events.filter((e) => e.event === 'invited').map((e) => e.to);
  const numbers = [['138 7710 0001', '13877100001'], ['+86-138-7710-0001', '13877100001'], ['(0772) 123-4567', '07721234567'], ['+86 772 1234567', '07721234567'],
    ['12345', '12345'], ['110', '110'], ['*123#', '*123#'], ['+852 2345 6789', '0085223456789']];
  region.sql(`INSERT INTO dial_rule (center_id, ranges) VALUES (${office.id}, '{service,local,mobile,national,international}')`);
  await region.configured();
  for (const [i, [typed, wanted]] of numbers.entries()) {
    const id = await dial(agent, typed);
    await until(`${typed} is called`, () => invited().length === i + 1);
    assert.equal(invited()[i], wanted, typed);
    assert.equal(await ended(id), 'out|lost|busy');
    assert.equal(region.sql(`SELECT party_no FROM call WHERE call_id = '${id}'`), wanted);
    await state(agent, 'ready');
  }
  const before = agent.person.events.length;
  for (const wrong of ['', '12', '+86', '+86 12', 'abc', '138x7710', '1+38', '123456789012345678901', '１３８７７１', 'sip:110@127.0.0.1', 13877100001]) {
    const answer = await ask(agent, wrong);
    assert.deepEqual([answer.status, Object.keys(answer.body.errors ?? {})], [422, ['number']], `${wrong}: ${JSON.stringify(answer.body)}`);
    assert.match(answer.body.errors.number, /[一-鿿]/);
  }
  assert.equal((await agent.person.raw('POST', '/agent/calls', {})).status, 422);
  assert.deepEqual([invited().length, agent.document.state, agent.person.events.slice(before).filter((e) => e.event === 'agent')], [numbers.length, 'ready', []]);
}));

test('CC-17 the center\'s rule decides what may be called, how the trunk is asked for it and whose number is shown; each outcome is stored', inCity('laibin', async (office) => {
  const agent = await office.agent('a1001');
  const admin = await Person.signIn(region, 'laibin', 'admin');
  const called = await far(['--refuse', '486', '--count', '0']);
  const invited = () => called.events.filter((e) => e.event === 'invited').map((e) => [e.from, e.to]);
  const area = region.sql(`SELECT area_code FROM center WHERE id = ${office.id}`), other = '07719990017';
  const near = region.sql(`SELECT from_prefix FROM number_place WHERE city_code = (SELECT city_code FROM center WHERE id = ${office.id}) AND length(from_prefix) = 7 LIMIT 1`);
  const distant = region.sql(`SELECT from_prefix FROM number_place WHERE city_code <> (SELECT city_code FROM center WHERE id = ${office.id}) AND length(from_prefix) = 7 LIMIT 1`);
  region.sql(`INSERT INTO number_plan (called_no, center_id, kind, source, flow_code) VALUES ('${other}', ${office.id}, 'public', 'direct', 'main')`);
  const first = await admin.get('/settings/dialing');
  assert.deepEqual([first.ranges, first.version], [['service', 'local', 'mobile', 'national'], 1], 'nothing set: no premium, no international numbers');
  const put = (body, version) => admin.raw('PUT', '/settings/dialing', body, { 'if-match': `"${version}"` });

  // What is refused names the number and why; no trunk is asked.
  for (const [number, range] of [['+852 2345 6789', '国际'], ['16812345', '声讯'], [`${area}16812345`, '声讯']]) {
    const answer = await ask(agent, number);
    assert.equal(answer.status, 422);
    assert.match(answer.body.errors.number, new RegExp(`${number.replace(/[+ ]/g, '')}.*“${range}”`));
  }
  assert.equal(invited().length, 0);

  // Wrong rules are told at their fields.
  for (const [body, field] of [[{ ranges: ['moon'] }, 'ranges'], [{ ranges: ['emergency'] }, 'ranges'], [{ prefix: '9a' }, 'prefix'], [{ shown_no: '10086' }, 'shown_no']]) {
    const answer = await put(body, 1);
    assert.deepEqual([answer.status, Object.keys(answer.body.errors ?? {})], [422, [field]], JSON.stringify(answer.body));
  }
  assert.equal((await put({ ranges: ['service', 'local', 'mobile', 'international'], prefix: '9', local_short: true, far_zero: true, shown_no: other }, 1)).status, 200);
  const tried = (number) => admin.post('/settings/dialing/try', { number });
  await until('in force', async () => (await tried('12366')).sent === '912366');
  assert.deepEqual(await tried('0085223456789'), { number: '0085223456789', sent: '90085223456789', range: 'international', range_title: '国际', allowed: true });
  assert.equal((await tried('01012345678')).allowed, false);
  assert.equal(invited().length, 0, 'trying calls nobody');

  const numbers = [['12345', '912345'], ['110', '9110'], [`${area}2345678`, '92345678'], [`${near}0001`, `9${near}0001`], [`${distant}0001`, `90${distant}0001`], ['+852 2345 6789', '90085223456789']];
  for (const [i, [typed, sent]] of numbers.entries()) {
    const id = await dial(agent, typed);
    await until(`${typed} is called`, () => invited().length === i + 1);
    assert.deepEqual(invited()[i], [other, sent], typed);
    assert.equal(await ended(id), 'out|lost|busy');
    assert.equal(region.sql(`SELECT caller_no, party_no FROM call WHERE call_id = '${id}'`), `${other}|${typed.startsWith('+') ? '0085223456789' : typed}`, 'in the books stands the number itself');
    await state(agent, 'ready');
  }
  const refused = await ask(agent, '010 1234 5678');
  assert.match(refused.body.errors.number, /01012345678.*“国内长途”/);
  assert.equal(await until('audited', () => region.sql(`SELECT object_id FROM audit_log WHERE action = 'dialing.update'`)), String(office.id));

  // Every outcome.
  for (const [args, outcome] of [[['--refuse', '480'], 'lost|no_answer'], [['--refuse', '480', '--cause', '20'], 'lost|power_off'], [['--talk', '1'], 'answered|caller']]) {
    await far(args);
    const id = await dial(agent, someone());
    assert.equal(await ended(id), `out|${outcome}`);
    if (outcome.startsWith('answered')) await agent.done();
    await state(agent, 'ready');
  }
}));

test('CC-14 nobody answers: busy, refused, no such number, switched off; the agent is as he was, with his reason', inCity('qinzhou', async (office) => {
  const agent = await office.agent('a1001');
  const meeting = (await agent.person.get('/dictionaries')).busy_reasons.find((r) => r.name === '会议');
  for (const [status, reason] of [[486, 'busy'], [603, 'refused'], [404, 'bad_number'], [480, 'no_answer']]) {
    const called = await far(['--refuse', String(status)]);
    const id = await dial(agent, someone());
    await called.waitFor('refused');
    assert.equal(await ended(id), `out|lost|${reason}`);
    const after = await state(agent, 'ready');
    assert.equal(after.call, null, 'nothing to sum up');
    assert.equal((await own(agent, id)).end_reason, reason);
  }
  await agent.person.put('/agent/state', { state: 'busy', reason_id: meeting.id });
  const called = await far(['--answer-after', '-1']);
  const id = await dial(agent, someone());
  await called.waitFor('ringing');
  called.say('refuse 603');
  assert.equal(await ended(id), 'out|lost|refused');
  assert.equal((await state(agent, 'busy')).reason, '会议');
  assert.equal(region.sql(`SELECT count(*) FROM talk JOIN call USING (call_id) WHERE direction = 'out' AND call.center_id = ${office.id}`), '0');
  assert.equal(region.sql(`SELECT count(*) FROM recording JOIN call USING (call_id) WHERE direction = 'out' AND call.center_id = ${office.id}`), '0');
}));

test('CC-14 the agent gives up before the answer: the far side is told, he is ready again, the next caller rings', inCity('guigang', async (office) => {
  const agent = await office.agent('a1001');
  const called = await far(['--answer-after', '-1']);
  const id = await dial(agent, someone());
  await called.waitFor('ringing');
  const waiting = await office.waiting('1');
  await agent.hangUp(id);
  await called.waitFor('cancelled');
  assert.deepEqual([await called.exited, called.seen('ended').reason], [0, 'cancelled']);
  assert.equal(await ended(id), 'out|lost|agent');
  await rings([agent], waiting);
  await answer(agent);
  await finish(agent, waiting);
}));

// --- trunks ------------------------------------------------------------------------------------------

// A second trunk, after the demo region's.
const second = (fields) => region.sql(`INSERT INTO trunk (name, host, port, allowed_ips, priority, options_interval_s) VALUES ('第二中继', '127.0.0.1', 9, '127.0.0.9', 20, 0)
  ON CONFLICT (name) DO NOTHING; UPDATE trunk SET ${fields} WHERE name = '第二中继'`);
const demo = (fields) => { region.sql(`UPDATE trunk SET ${fields} WHERE name = '${DEMO}'`); return region.configured(); };
const trunkOf = (id) => region.sql(`SELECT name FROM trunk WHERE id = (SELECT trunk_id FROM call WHERE call_id = '${id}')`);

test('CC-14 a trunk that is full, down or refuses hands the call to the next; with none left the agent is told and nothing has changed', inCity('yulin', async (office) => {
  const [agent, other] = await office.team(['a1001', 'a1002']);
  const first = await far(['--count', '0', '--answer-after', '0']);
  second('enabled = true');
  const next = await far(['--count', '0', '--refuse', '486'], '第二中继');
  const over = async (id, end) => { assert.equal(await ended(id), end); };

  // Full: one channel, and his colleague has it.
  await demo('max_channels = 1');
  const long = await dial(other, someone());
  await first.waitFor('answered');
  const full = await dial(agent, someone());
  await next.waitFor('refused');
  await over(full, 'out|lost|busy');
  assert.equal(await until('trunk written', () => trunkOf(full)), '第二中继');
  await until('the log line', () => /event=trunk_full.*direction=out/.test(region.log));

  // Nothing left: said at once, no call, no event, as he was.
  second('enabled = false');
  await region.configured();
  const [calls, events] = [region.sql('SELECT count(*) FROM call'), agent.person.events.length];
  const none = await ask(agent, someone());
  assert.deepEqual([none.status, none.body.code], [503, 'trunk.none']);
  assert.match(none.body.title, /[一-鿿]/);
  assert.deepEqual([region.sql('SELECT count(*) FROM call'), agent.document.state, agent.person.events.slice(events).filter((e) => e.event === 'agent')], [calls, 'ready', []]);
  await other.hangUp(long);
  await over(long, 'out|answered|agent');
  second('enabled = true');
  await demo('max_channels = 0');

  // It refuses with 503: the next one, and the agent hears nothing of it.
  const broken = await far(['--count', '0', '--refuse', '503']);
  const passed = await dial(agent, someone());
  await broken.waitFor('refused');
  await until('the next', () => next.events.filter((e) => e.event === 'refused').length === 2);
  await over(passed, 'out|lost|busy');
  await until('the log line', () => new RegExp(`event=trunk_refused.*${passed}.*status=503`).test(region.log));

  // Down by its health check: it is not even asked.
  await demo('port = 9, options_interval_s = 1');
  await until('down', () => /event=trunk_state.*state=down/.test(region.log), 30000);
  const around = await dial(agent, someone());
  await until('the next', () => next.events.filter((e) => e.event === 'refused').length === 3);
  await over(around, 'out|lost|busy');
  assert.equal(trunkOf(around), '第二中继');
  assert.ok(!region.story(around).some((line) => line.includes('trunk_refused')));
  second('enabled = false');
  await region.configured();
  assert.equal((await ask(agent, someone())).body.code, 'trunk.none');
  await demo('options_interval_s = 0');
}));

// --- who may ------------------------------------------------------------------------------------------

test('CC-14 GEN-03 without the permission, of the center or of the role, there is no call, and the attempt is written', inCity('baise', async (office) => {
  const agent = await office.agent('a1001');
  await far(['--refuse', '486', '--count', '0']);
  const admin = await Person.signIn(region, 'guangxi', 'admin');
  const center = async () => (await admin.get('/settings/centers')).items.find((c) => c.code === 'baise');
  const switchOff = async (functions) => { const { id, version } = await center(); await admin.put(`/settings/centers/${id}`, { functions_off: functions }, { 'if-match': `"${version}"` }); };
  const refusals = () => Number(region.sql(`SELECT count(*) FROM audit_log WHERE action = 'refused' AND user_id = ${agent.person.me.user.id} AND detail = '/api/v1/agent/calls'`));
  const refused = async (code = 'forbidden') => { const answer = await ask(agent, someone()); return answer.status === 403 && answer.body.code === code && !answer.body.call_id; };
  const allowed = () => until('allowed again', async () => (await ask(agent, someone())).status === 201);

  const id = await dial(agent, someone());
  assert.equal(await ended(id), 'out|lost|busy');
  await until('audited', () => audits('call.dial', id) === 1);

  await switchOff(['dial']);
  await until('refused', () => refused('function.off'));
  assert.equal((await agent.person.get('/me')).permissions['call.dial'], undefined, 'the page has no dial pad');
  await until('written', () => refusals() >= 1);
  for (const wanted of ['busy', 'ready']) assert.equal((await agent.person.put('/agent/state', { state: wanted })).state, wanted, 'the rest of his work goes on');
  await switchOff([]);
  await allowed();

  // A role that takes calls and makes none.
  const before = refusals();
  region.sql(`INSERT INTO role (code, name) VALUES ('listener', '只接听');
    INSERT INTO role_permission SELECT 'listener', permission, scope FROM role_permission WHERE role_code = 'agent' AND permission <> 'call.dial';
    UPDATE user_role SET role_code = 'listener' WHERE user_id = ${agent.person.me.user.id} AND role_code = 'agent'`);
  await until('refused', refused);
  await until('written', () => refusals() > before);
  region.sql(`UPDATE user_role SET role_code = 'agent' WHERE user_id = ${agent.person.me.user.id}`);
  await allowed();
  assert.equal((await agent.person.get('/agent')).signed_in, true, 'and was at work all the time');
}));

test('CC-14 GEN-04 a call out is nobody else\'s: not another agent\'s, not another city\'s', inCity('hezhou', async (office) => {
  const agent = await office.agent('a1001');
  const [colleague, stranger, elsewhere] = await Promise.all([['hezhou', 'a1002'], ['hechi', 'a1001'], ['hechi', 'leader']].map(([code, login]) => Person.signIn(region, code, login)));
  await elsewhere.listen();
  const called = await far(['--answer-after', '0', '--detect-tone', '1000']);
  const number = someone();
  const id = await dial(agent, number);
  await until('talking', () => agent.document.call?.answered_ms);
  for (const person of [colleague, stranger]) assert.equal((await person.raw('POST', `/agent/calls/${id}/hangup`)).status, 409, 'nor can they end it');
  assert.equal((await ask({ person: colleague }, someone())).body.code, 'agent.not_signed_in');
  await called.hangUp();
  await own(agent, id, (c) => c.t_end);
  for (const person of [colleague, stranger, elsewhere]) {
    assert.equal((await person.raw('GET', `/calls/${id}`)).status, 404, person.me.user.login);
    assert.deepEqual((await person.get('/calls?direction=out')).items.filter((c) => c.call_id === id), []);
  }
  for (const person of [stranger, elsewhere]) assert.deepEqual((await person.get(`/callers/${number}/history`)).calls, []);
  assert.ok(!elsewhere.events.some((e) => ['seat', 'today', 'waiting'].includes(e.event) && JSON.stringify(e.data).includes(office.masked({ number }))));
  await elsewhere.close();
}));

// --- desk phones, and the worst ----------------------------------------------------------------------

test('CC-14 PLAT-02 an agent with a desk phone: it rings first, picked up the number is called; left lying nobody is', async () => {
  const person = await Person.signIn(region, 'nanning', 'a1001');
  await person.listen();
  const phone = await Phone.start(region, { user: '011001' });
  const now = (name) => person.waitFor('agent', (d) => d === person.seen('agent').data && d.state === name);
  try {
    assert.equal((await phone.register()).status, 200);
    await person.post('/agent/sign-in', { line: 'phone' });
    await person.put('/agent/state', { state: 'ready' });
    const called = await far(['--answer-after', '0', '--tone', '700']);
    const number = someone();
    const { call_id: id } = await person.post('/agent/calls', { number });
    const invite = await phone.ringing();
    assert.ok(invite.get('from').includes(number), 'the phone shows whom it will call');
    assert.equal(called.seen('invited'), undefined, 'nobody is called while the phone rings');
    await phone.answer();
    await called.waitFor('answered');
    await until('talking', () => person.seen('agent').data.call?.answered_ms);
    await phone.rtp.hears(8, 50);
    await called.waitFor('first_rtp');
    assert.equal((await phone.hangUp()).status, 200);
    await called.waitFor('bye_received');
    assert.equal(await ended(id), 'out|answered|agent');
    await until('recorded', () => region.sql(`SELECT state FROM recording WHERE call_id = '${id}'`) === 'closed');
    await now('acw');
    await person.post('/agent/wrap-up/done');
    await now('ready');

    const never = await far(['--answer-after', '0']);
    phone.invite = undefined;
    const { call_id: left } = await person.post('/agent/calls', { number: someone() });
    await phone.ringing();
    phone.refuse(486);
    assert.match(await ended(left), /^out\|lost\|/);
    await now('ready');

    phone.invite = undefined;
    const { call_id: given } = await person.post('/agent/calls', { number: someone() });
    await phone.ringing();
    await person.post(`/agent/calls/${given}/hangup`);
    await until('CANCEL', () => phone.cancelled);
    assert.equal(await ended(given), 'out|lost|agent');
    await now('ready');
    assert.equal(never.seen('invited'), undefined);

    await phone.register({ expires: 0 });
    await until('the line is lost', () => person.seen('agent').data.line.state === 'lost');
    assert.equal((await person.raw('POST', '/agent/calls', { number: someone() })).body.code, 'agent.no_line');
  } finally {
    phone.close();
    await person.close();
  }
});

test('CC-14 NFR-07 the daemon is killed with one call out talking and one ringing: both are closed after the restart, each once', async () => {
  const talking = await far(['--answer-after', '0', '--tone', '440', '--detect-tone', '1000']);
  const one = await Agent.start(region, 'fangchenggang', 'a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '440'] });
  const two = await Agent.start(region, 'chongzuo', 'a1001');
  const first = await dial(one, someone());
  await Promise.all([talking.waitFor('tone'), one.line.waitFor('tone')]);
  const ringing = await far(['--answer-after', '-1']);
  const late = await dial(two, someone());
  await ringing.waitFor('ringing');
  const path = await until('the recording', () => {
    const relative = region.sql(`SELECT path FROM recording WHERE call_id = '${first}'`);
    return relative && existsSync(join(region.dir, 'state/recordings', relative)) && relative;
  });
  await until('both written', () => region.sql(`SELECT count(*) FROM call WHERE call_id IN ('${first}', '${late}')`) === '2');
  await region.stopDaemon('SIGKILL');
  for (const called of [talking, ringing]) called.kill();
  for (const agent of [one, two]) { await agent.line.kill(); await agent.person.close(); }
  await region.startDaemon();
  assert.equal(await ended(first), 'out|answered|error');
  assert.equal(await ended(late), 'out|lost|error');
  assert.ok(Number(region.sql(`SELECT talk_ms FROM call WHERE call_id = '${first}'`)) >= 0);
  assert.equal(region.sql(`SELECT path || ' ' || state FROM recording WHERE call_id = '${first}'`), `${path} failed`, 'what there is of it stays');
  assert.equal(region.sql(`SELECT count(*) FROM talk WHERE call_id IN ('${first}', '${late}') AND t_rel IS NOT NULL`), '1');
  for (const id of [first, late]) assert.equal(region.sql(`SELECT count(*) FROM fact WHERE kind = 'call_begin' AND payload->>'call_id' = '${id}'`), '1');
  const leader = await Person.signIn(region, 'fangchenggang', 'leader');
  const document = await until('counted', async () => { const d = await leader.get(`/reports/voice_service?${PERIOD}`); return d.total.open === 0 && d; });
  assert.deepEqual([document.total.out, document.total.out_ans, document.check], [1, 1, 0]);
});
