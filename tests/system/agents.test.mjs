// Agents on the real daemon: the page that rings, states, signing in and out, the summary, own calls, two
// tracks, and a page that dies in the middle of a talk.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { AT_ONCE_MS, Person, Region, until } from './lib/region.mjs';
import { Line } from './lib/agent.mjs';
import { Office, answer, callOf, finish, neverRang, rings } from './lib/office.mjs';
import { findSound, readWav, samplesOf, shareOf } from './lib/sound.mjs';

const LIMIT_MS = 30000; // LINE_LOST_LIMIT_MS
let region;
before(async () => { region = await Region.start(); });
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  await region?.stop();
});

const inCity = (code, body) => async () => {
  const office = await Office.open(region, code);
  try { await body(office); } finally { await office.close(); }
};
const idOf = (agent) => agent.person.me.user.id;
const rows = (table, agent, order) => JSON.parse(region.sql(`SELECT coalesce(json_agg(x ORDER BY ${order}), '[]') FROM ${table} x WHERE user_id = ${idOf(agent)}`));
const record = (call, more = {}) => ({
  id: randomUUID(), call_id: call.call_id, caller_no: call.caller_no, caller_name: '韦女士', caller_city: '', problem_city: '', category: '01',
  title: '注销流程', content: '咨询注销', answer: '', method: 'direct', urgency: 'normal', same_day: true, ...more,
});

test('CC-01 the page of the ringing agent, and of nobody else, shows who calls, the path, the source, earlier contacts and open tickets, at once', inCity('liuzhou', async (office) => {
  const [agent, other] = await office.team(['a1001', 'a1002'], { ready: false });
  await agent.ready();
  const from = '13877288888';
  const earlier = office.call('1', { from });
  await rings([agent], earlier);
  const first = await answer(agent);
  const open = await agent.person.post('/records', record(agent.document.call, { method: 'dispatch', title: '未办结的事' }));
  await finish(agent, earlier);
  await office.row(earlier, (c) => c.outcome === 'answered' && c.record_no);
  const caller = office.call('3', { from });
  await rings([agent], caller);
  const ring = agent.person.events.findLast((e) => e.event === 'agent' && e.data.state === 'ring');
  const { call } = ring.data;
  assert.ok(ring.at - call.ring_ms < AT_ONCE_MS, `shown after ${ring.at - call.ring_ms} ms`);
  assert.deepEqual([call.caller_no, call.called_no, call.source, call.unit_type, call.queue_name], [from, office.number, 'direct', 'self', '举报']);
  assert.match(call.caller_place, /^广西 /);
  assert.deepEqual(call.ivr_path.map((k) => [k.menu, k.key, k.result]), [['主菜单', '3', 'ok']]);
  const history = await agent.person.get(`/callers/${from}/history?call_id=${call.call_id}`);
  assert.deepEqual(history.calls.map((c) => [c.call_id, c.outcome]), [[first, 'answered']], 'earlier contacts, without this one');
  assert.deepEqual(history.records.map((r) => [r.record_no, r.title, r.state]), [[open.record_no, '未办结的事', 'open']]);
  await until('the wall has it', () => office.leader.seen('seat', (s) => s.agent_no === '1001' && s.state === 'ring'));
  neverRang([other], caller);
  assert.ok(!other.person.events.some((e) => JSON.stringify(e.data).includes(from)), 'his colleague is told nothing of it');
}));

test('CC-10 CC-20 MON-01 states with reasons: seen by the leader at once, in a call for afterwards, written with begin, end and reason', inCity('guilin', async (office) => {
  const agent = await office.agent('a1001');
  const { busy_reasons: reasons } = await agent.person.get('/dictionaries');
  const meeting = reasons.find((r) => r.name === '会议');
  const meal = reasons.find((r) => r.name === '用餐');
  const set = async (state, reason_id) => {
    const at = Date.now();
    const document = await agent.person.put('/agent/state', { state, reason_id });
    const shown = await until('on the wall', () => office.leader.events.find((e) => e.event === 'seat' && e.at >= at && e.data.agent_no === '1001' && e.data.state === state));
    assert.ok(shown.at - at < AT_ONCE_MS, `${state} shown after ${shown.at - at} ms`);
    return [document, shown.data];
  };
  for (const [state, reason] of [['busy', meeting], ['rest', meal], ['busy', undefined], ['ready', undefined]]) {
    const [document, seat] = await set(state, reason?.id);
    assert.deepEqual([document.state, document.reason, document.next_state, seat.reason], [state, reason?.name ?? '', null, reason?.name ?? '']);
    assert.ok(seat.since_ms <= Date.now() && seat.queues.length === 3, 'time in state, own queues');
  }
  assert.equal((await agent.person.raw('PUT', '/agent/state', { state: 'busy', reason_id: meal.id })).status, 422, 'a reason of the other kind');
  assert.equal((await agent.person.raw('PUT', '/agent/state', { state: 'talk' })).status, 422);

  // In a call: it goes on, the state comes after it and no call in between.
  const caller = office.call('1');
  await rings([agent], caller);
  await answer(agent);
  const asked = await agent.person.put('/agent/state', { state: 'rest', reason_id: meal.id });
  assert.deepEqual([asked.state, asked.next_state], ['talk', 'rest']);
  const waiting = await office.waiting('1');
  assert.equal(agent.document.state, 'talk');
  await finish(agent, caller);
  await until('rest', () => agent.document.state === 'rest');
  assert.equal(agent.document.reason, '用餐');
  assert.equal(agent.document.next_state, null);
  neverRang([agent], waiting);
  assert.ok((await office.wall()).waiting.length === 1, 'the next one waits for somebody idle');
  await agent.ready();
  await rings([agent], waiting);
  await waiting.hangUp();
  await until('idle', () => agent.document.state === 'ready');
  await agent.person.post('/agent/sign-out');

  const written = await until('written', () => { const all = rows('agent_state', agent, 't_start, state_id'); return all.length >= 11 && all.every((s) => s.t_end) && all; });
  assert.deepEqual(written.map((s) => [s.state, s.reason]), [['busy', ''], ['ready', ''], ['busy', '会议'], ['rest', '用餐'], ['busy', ''], ['ready', ''], ['ring', ''], ['talk', ''],
    ['acw', ''], ['rest', '用餐'], ['ready', ''], ['ring', ''], ['ready', '']]);
  assert.deepEqual(written.filter((s) => s.reason_id).map((s) => s.reason_id), [meeting.id, meal.id, meal.id]);
  written.forEach((s, i) => assert.equal(i ? s.t_start : s.t_end > s.t_start, i ? written[i - 1].t_end : true, 'without gap'));
}));

test('CC-19 signing in elsewhere asks with where and since, and moves; signing out in a call is refused; both are written', inCity('wuzhou', async (office) => {
  const agent = await office.agent('a1001', { lineArgs: ['--tone', '1000'] });
  const desk = await Person.signIn(region, 'wuzhou', 'a1001'); // the same person at another desk
  await desk.listen();
  const before = Date.now();
  const asked = await desk.raw('POST', '/agent/sign-in', { line: 'browser' });
  assert.deepEqual([asked.status, asked.body.code, asked.body.where], [409, 'agent.signed_in_elsewhere', '127.0.0.1']);
  assert.match(asked.body.since, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*\+08:00$/);
  assert.ok(new Date(asked.body.since).getTime() <= before && before - new Date(asked.body.since).getTime() < 60000);
  assert.equal((await desk.raw('PUT', '/agent/line', { sdp: 'v=0\r\n' })).status, 409, 'nor does a line come by the way');
  const caller = office.call('1', { args: ['--detect-tone', '1000', '--tone', '440'] });
  await rings([agent], caller);
  await answer(agent);
  await caller.waitFor('tone');
  const refused = await agent.person.raw('POST', '/agent/sign-out');
  assert.deepEqual([refused.status, refused.body.code], [409, 'agent.in_call']);
  assert.match(refused.body.title, /[一-鿿]/);

  // Moved in the middle of the call: state and call go with him.
  const moved = await desk.post('/agent/sign-in', { line: 'browser', move: true });
  assert.deepEqual([moved.state, moved.call.caller_no], ['talk', caller.number]);
  await until('the old page knows', () => agent.line.closed || agent.line.seen('closed') || agent.document.line.state !== 'up');
  const line = await Line.start(desk, ['--tone', '1000', '--detect-tone', '440']);
  await line.waitFor('tone'); // the caller is heard at the new desk
  assert.equal((await agent.person.raw('POST', '/agent/sign-in', { line: 'browser' })).body.code, 'agent.signed_in_elsewhere', 'now the old desk is elsewhere');
  await caller.hangUp();
  await until('wrap-up', () => desk.seen('agent')?.data.state === 'acw');
  await desk.post('/agent/wrap-up/done');
  await desk.post('/agent/sign-out');
  assert.equal((await desk.get('/agent')).signed_in, false);
  const sessions = await until('written', () => { const all = rows('agent_session', agent, 't_in'); return all.length === 2 && all.every((s) => s.t_out) && all; });
  assert.deepEqual(sessions.map((s) => [s.out_reason, s.line, s.address]), [['moved', 'browser', '127.0.0.1'], ['user', 'browser', '127.0.0.1']]);
  assert.ok(sessions[0].t_out <= sessions[1].t_in || Math.abs(new Date(sessions[0].t_out) - new Date(sessions[1].t_in)) < 50);
  await line.close();
  await desk.close();
}));

test('CC-06 a compulsory summary: no timer, nothing ends the wrap-up without a code; the code is on the call', inCity('beihai', async (office) => {
  await office.setQueue('consult', { wrap_up_required: true, wrap_up_ms: 1000 });
  const agent = await office.agent('a1001');
  const caller = office.call('1');
  await rings([agent], caller);
  const call_id = await answer(agent);
  await caller.hangUp();
  const acw = await until('wrap-up', () => agent.document.state === 'acw' && agent.document);
  assert.deepEqual([acw.call.wrap_up_required, acw.call.wrap_up_saved, acw.call.wrap_up_deadline_ms], [true, false, null]);
  const second = await office.waiting('1');
  const wrap = (body) => agent.person.raw('PUT', `/agent/calls/${call_id}/wrap-up`, body);
  await until('the time of an ordinary wrap-up is over', () => Date.now() - acw.since_ms > 1500);
  for (const refused of [await agent.person.raw('POST', '/agent/wrap-up/done'), await agent.person.raw('PUT', '/agent/state', { state: 'ready' }), await wrap({ code: '', note: '无' })])
    assert.deepEqual([refused.status, refused.body.code], [409, 'agent.wrap_up_missing']);
  for (const code of ['no_such', 'ANSWERED', "x' OR 1"]) {
    const { status, body } = await wrap({ code, note: '无' });
    assert.deepEqual([status, body.errors], [422, { code: '没有这个小结类型，或已停用，请重新选择' }], code);
  }
  assert.equal(agent.document.call.wrap_up_saved, false);
  assert.equal(agent.document.state, 'acw');
  neverRang([agent], second);
  assert.equal((await wrap({ code: 'call_back', note: '明日回拨' })).status, 204);
  await until('saved is shown', () => agent.document.call?.wrap_up_saved);
  await agent.done().catch((error) => { if (agent.document.state === 'acw') throw error; }); // asked for meanwhile: over by itself
  await rings([agent], second);
  const row = await office.row(caller, (c) => c.wrap_up_code);
  assert.deepEqual([row.call_id, row.wrap_up_code, row.wrap_up_note], [call_id, 'call_back', '明日回拨']);
  await until('written', () => Number(region.sql(`SELECT acw_ms FROM call WHERE call_id = '${call_id}'`)) >= 1500);
}));

test('CC-14 an agent sees his own calls, missed ones too, with result, length, ticket and recording, and nobody else\'s', inCity('fangchenggang', async (office) => {
  await office.setQueue('consult', { ring_timeout_ms: 1500, wrap_up_ms: 0 });
  const [agent, other] = await office.team(['a1001', 'a1002'], { ready: false });
  await agent.ready();
  const talked = office.call('1');
  await rings([agent], talked);
  await answer(agent);
  const saved = await agent.person.post('/records', record(agent.document.call));
  await finish(agent, talked);
  const missed = office.call('1');
  await rings([agent], missed);
  await until('missed', () => agent.document.reason === '久不应答');
  await other.ready(); // and his colleague takes it
  await rings([other], missed);
  await answer(other);
  await finish(other, missed);
  const foreign = office.call('1');
  await rings([other], foreign);
  await answer(other);
  await finish(other, foreign);
  await Promise.all([talked, missed, foreign].map((c) => office.row(c, (r) => r.outcome === 'answered')));
  const own = (query = '') => until('own calls', async () => { const { items } = await agent.person.get(`/calls?mine=1${query}`); return items.length && items; });
  const list = await until('recording closed', async () => { const l = await own(); return l.some((c) => c.has_recording && c.record_no) && l; });
  assert.deepEqual(list.map((c) => c.caller_no).sort(), [talked.number, missed.number].sort(), 'his own, the missed one, not his colleague\'s');
  const row = list.find((c) => c.caller_no === talked.number);
  assert.deepEqual([row.outcome, row.agent_no, row.record_no, row.has_recording], ['answered', '1001', saved.record_no, true]);
  assert.ok(row.talk_ms > 0 && row.t_in && row.t_end);
  assert.deepEqual((await own(`&caller_no=${missed.number}`)).map((c) => [c.caller_no, c.agent_no]), [[missed.number, '1002']], 'filter; who had it instead');
  const detail = await agent.person.get(`/calls/${list.find((c) => c.caller_no === missed.number).call_id}`);
  assert.deepEqual(detail.offers.map((o) => [o.agent_no, o.outcome]), [['1001', 'no_answer'], ['1002', 'answered']]);
  assert.equal((await agent.person.raw('GET', `/calls/${(await office.row(foreign)).call_id}`)).status, 404);
}));

test('CC-14 a caller passed on to another queue talks to the next agent; both have the call in their lists, as transferred, with their own recording', inCity('guilin', async (office) => {
  const [agent, other] = await office.team(['a1001', 'a1002'], { ready: false });
  await agent.ready();
  const caller = office.call('1');
  await rings([agent], caller);
  const id = await answer(agent);
  const { queues } = await agent.person.get('/dictionaries');
  const current = agent.document.call.queue_id;
  const elsewhere = await region.sql('SELECT id FROM queue WHERE center_id = (SELECT id FROM center WHERE code = \'liuzhou\') LIMIT 1');
  const wrong = await agent.person.raw('POST', `/agent/calls/${id}/transfer`, { queue_id: Number(elsewhere) });
  assert.deepEqual([wrong.status, Object.keys(wrong.body.errors)], [422, ['queue_id']], 'a queue of another city does not exist');
  await other.ready();
  const target = queues.find((q) => q.id !== current && q.code === 'complaint') ?? queues.find((q) => q.id !== current);
  await agent.person.post(`/agent/calls/${id}/transfer`, { queue_id: target.id });
  await rings([other], caller);
  assert.equal(other.document.call.call_id, id, 'the same call');
  assert.equal(other.document.call.queue_name, target.name);
  await answer(other);
  await finish(other, caller);
  const row = await until('both recordings', async () => {
    const [mine] = (await agent.person.get('/calls?mine=1')).items;
    const detail = mine && await agent.person.get(`/calls/${mine.call_id}`);
    return detail?.recordings.filter((r) => r.state === 'closed').length === 2 && detail;
  });
  assert.deepEqual([row.transferred, row.outcome, row.agent_no], [true, 'answered', '1001']);
  assert.deepEqual(row.talks.map((k) => [k.agent_no, k.kind, k.released_by]), [['1001', 'inbound', 'agent'], ['1002', 'transfer_in', 'caller']]);
  assert.deepEqual((await other.person.get('/calls?mine=1')).items.map((c) => [c.call_id, c.transferred]), [[id, true]]);
}));

test('CC-04 two tracks: the caller\'s tone left only, the agent\'s right only; one side can be played alone', inCity('qinzhou', async (office) => {
  const agent = await office.agent('a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '440'] });
  const caller = office.call('1', { args: ['--tone', '440', '--detect-tone', '1000'] });
  await rings([agent], caller);
  const id = await answer(agent);
  await Promise.all([caller.waitFor('tone'), agent.line.waitFor('tone')]);
  const joined = Date.now();
  await until('a second and a half of talk', () => Date.now() - joined > 1500);
  await finish(agent, caller);
  const call = await office.detail(caller, (c) => c.recordings[0]?.state === 'closed');
  assert.equal(call.call_id, id);
  const audio = async (side) => {
    const response = await fetch(`${region.base}/api/v1/recordings/${call.recordings[0].recording_id}/audio?side=${side}`, { headers: { cookie: office.leader.cookie } });
    assert.equal(response.status, 200);
    return Buffer.from(await response.arrayBuffer());
  };
  const last = (samples) => samples.subarray(samples.length - 8000, samples.length - 1600); // all of it talk
  const tones = (samples) => [440, 1000].map((hz) => shareOf(last(samples), hz));
  const both = await audio('both');
  assert.equal(both.readUInt16LE(22), 2, 'stereo');
  const left = [samplesOf(both, 0), samplesOf(await audio('left'))];
  const right = [samplesOf(both, 1), samplesOf(await audio('right'))];
  // A machine that stands still for a moment leaves a gap in a tone, never the other one's.
  for (const samples of left) { const [caller_hz, agent_hz] = tones(samples); assert.ok(caller_hz > 0.6 && agent_hz < 0.02, `left ${caller_hz} ${agent_hz}`); }
  for (const samples of right) { const [caller_hz, agent_hz] = tones(samples); assert.ok(agent_hz > 0.6 && caller_hz < 0.02, `right ${caller_hz} ${agent_hz}`); }
}));

test('PLAT-01 an agent\'s page dies in a talk: music, the call stays and goes on with the new page; away too long, the caller is at the head of the queue', inCity('guigang', async (office) => {
  await office.setQueue('consult', { wrap_up_ms: 0, max_wait_ms: 0 });
  const agent = await office.agent('a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '440'] });
  const heard = join(region.dir, 'away.wav');
  const caller = office.call('1', { args: ['--tone', '440', '--detect-tone', '1000', '--hear', heard] });
  await rings([agent], caller);
  const call_id = await answer(agent);
  await Promise.all([caller.waitFor('tone'), agent.line.waitFor('tone')]);
  const count = (name) => caller.events.filter((e) => e.event === name).length;

  // Killed without a word, the event stream too: the whole page.
  await agent.line.kill();
  await agent.person.close();
  await until('the agent is not heard', () => count('tone_end') === 1);
  const away = await until('line lost', async () => { const d = await agent.person.get('/agent'); return d.line.state === 'lost' && d; });
  assert.deepEqual([away.signed_in, away.state, away.call.call_id, away.call.line_away], [true, 'talk', call_id, true], 'nothing of his is lost');
  assert.equal((await office.wall()).seats[0].line_state, 'lost');
  const musicBegins = Date.now();
  await until('two seconds of music', () => Date.now() - musicBegins > 2000);

  // The new page of the same session: fetches, listens, offers a line; the talk goes on.
  await agent.person.listen();
  agent.line = await Line.start(agent.person, ['--tone', '1000', '--detect-tone', '440']);
  await agent.line.waitFor('tone');
  await until('the caller hears the agent again', () => count('tone') === 2);
  assert.deepEqual(((d) => [d.state, d.call.call_id, d.call.line_away])(await agent.person.get('/agent')), ['talk', call_id, false]);
  assert.equal(caller.code, undefined, 'the call stayed');

  // Once more, and nobody comes back.
  const second = await office.waiting('1');
  await agent.line.kill();
  const killed = Date.now();
  await until('given back to the queue', async () => (await office.wall()).waiting.find((c) => c.call_id === call_id), LIMIT_MS + 20000, 200);
  assert.ok(Date.now() - killed >= LIMIT_MS, `after ${Date.now() - killed} ms`);
  assert.equal(caller.code, undefined, 'still the same call');
  assert.equal((await office.wall()).seats[0].state, 'busy');
  agent.line = await Line.start(agent.person, ['--tone', '1000', '--detect-tone', '440']);
  await agent.ready();
  await rings([agent], caller); // before the one who waits longer in the queue
  assert.equal(callOf(agent), call_id);
  await answer(agent);
  await until('heard again', () => count('tone') === 3);
  await finish(agent, caller);
  await rings([agent], second);
  assert.ok(findSound(readWav(heard), readWav(join(region.dir, 'state/prompts/common/hold_music-1.wav')).subarray(0, 16000)).score > 0.8, 'music meanwhile');
  const detail = await office.detail(caller, (c) => c.outcome === 'answered' && c.talks.length === 2 && c.recordings.every((r) => r.state === 'closed'));
  assert.deepEqual([detail.talks.map((k) => k.released_by), detail.recordings.length], [['system', 'caller'], 2]);
}));
