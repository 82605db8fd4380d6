// Queries over what happened, the tables behind them, recordings taken away, address books: an agent works a morning on
// the real daemon, and his leader asks what he did; millions of rows are asked by index.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Called, Person, Region, until } from './lib/region.mjs';
import { Office, answer, finish, rings } from './lib/office.mjs';
import { Journal, literal, statements, uuid7 } from './lib/sql.mjs';

const day = (offset = 0) => new Date(Date.now() + 8 * 3600e3 + offset * 86400e3).toISOString().slice(0, 10);
let region, office, agent, colleague, people;
let someone = 13877500000;

before(async () => {
  region = await Region.start();
  office = await Office.open(region, 'nanning');
  people = Object.fromEntries(await Promise.all([['leader', 'nanning', 'leader'], ['admin', 'nanning', 'admin'], ['far', 'liuzhou', 'leader'], ['farAgent', 'liuzhou', 'a1001'],
    ['chief', 'guangxi', 'supervisor'], ['other', 'nanning', 'a1003']].map(async ([name, center, login]) => [name, await Person.signIn(region, center, login)])));
});
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  await office?.close();
  await region?.stop();
});

const list = async (who, path) => (await who.get(`/queries/${path}`)).items;
const bytes = async (person, path) => {
  const response = await fetch(`${region.base}/api/v1${path}`, { headers: { cookie: person.cookie } });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
};
const audits = (action, kind) => until(`audit ${action} ${kind}`, () => {
  const rows = JSON.parse(region.sql(`SELECT coalesce(json_agg(a ORDER BY at), '[]') FROM audit_log a WHERE action = '${action}' AND object_kind = '${kind}'`));
  return rows.length && rows;
});
const userId = (center, login) => Number(region.sql(`SELECT id FROM app_user WHERE center_id = ${center} AND login = '${login}'`));

// --- a morning of real work ------------------------------------------------------------------------

const DIALS = [[['--refuse', '486'], 'busy', '对方占线'], [['--refuse', '480', '--cause', '19'], 'no_answer', '无人接听'], [['--refuse', '480', '--cause', '20'], 'power_off', '对方关机或不在服务区'],
  [['--refuse', '404'], 'bad_number', '空号或号码有误'], [['--answer-after', '0', '--tone', '700'], 'connected', '已接通']];

test('QRY-06 CC-17 CC-03 every attempt to call out is listed with its result: busy, no answer, power off, no such number, connected with its recording', async () => {
  agent = await office.agent('a1001', { lineArgs: ['--tone', '1000'] });
  const dialed = [];
  for (const [args, result, words] of DIALS) {
    const called = await Called.start(region, { args });
    await region.outside(called);
    const number = String(++someone);
    const { call_id } = await agent.person.post('/agent/calls', { number });
    if (result === 'connected') {
      await until('talking', () => agent.document.call?.answered_ms);
      await until('recorded', () => region.sql(`SELECT count(*) FROM recording WHERE call_id = '${call_id}'`) === '1');
      await called.hangUp();
      await agent.waitState('acw');
      await agent.done();
    }
    await until('ended', () => region.sql(`SELECT t_end FROM call WHERE call_id = '${call_id}'`));
    await until('free again', () => agent.document.state === 'ready');
    called.kill();
    dialed.push({ call_id, number, result, words });
  }
  const page = await people.leader.get(`/queries/outbound?from=${day(-1)}`);
  assert.deepEqual(page.items.map((i) => [i.call_id, i.party_no, i.result, i.result_name, i.agent_no]),
    dialed.toReversed().map((d) => [d.call_id, d.number, d.result, d.words, '1001']));
  const [connected, ...failed] = page.items;
  assert.ok(connected.recording_id && connected.talk_ms > 0 && connected.trunk_name && connected.shown_no);
  assert.ok(failed.every((i) => i.recording_id === null && i.talk_ms === null && i.ring_ms >= 0));
  for (const { call_id, number, result } of dialed) {
    assert.deepEqual((await list(people.leader, `outbound?result=${result}`)).map((i) => i.call_id), [call_id]);
    assert.deepEqual((await list(people.leader, `outbound?number=%2B86${number}`)).map((i) => i.call_id), [call_id]);
  }
  const path = await until('closed', () => region.sql(`SELECT state FROM recording WHERE recording_id = '${connected.recording_id}'`) === 'closed');
  assert.ok(path);
  assert.equal((await bytes(people.leader, `/recordings/${connected.recording_id}/audio`)).status, 200, 'and it can be heard');
  // The call log says the same (CC-03: the outcome of a click is there).
  const logged = (await people.leader.get('/calls?direction=out')).items;
  assert.deepEqual(logged.map((c) => c.end_reason).slice(1), ['bad_number', 'power_off', 'no_answer', 'busy']);
});

test('CC-17 the forms a number may have: as it is written, with country code; what is none is refused at the field', async () => {
  const called = await Called.start(region, { args: ['--count', '0', '--refuse', '486'] });
  await region.outside(called);
  for (const [typed, dialed] of [['138-7750-9001', '13877509001'], ['+86 (772) 283-1234', '07722831234'], ['010 6341 7114', '01063417114']]) {
    const { call_id } = await agent.person.post('/agent/calls', { number: typed });
    await until('stored', () => region.sql(`SELECT called_no FROM call WHERE call_id = '${call_id}' AND t_end IS NOT NULL`) === dialed);
    await until('free again', () => agent.document.state === 'ready');
  }
  assert.equal((await agent.person.raw('POST', '/agent/calls', { number: '12a' })).status, 422);
  const own = region.sql("SELECT called_no FROM number_plan WHERE center_id = 2 AND kind = 'public' ORDER BY id LIMIT 1");
  assert.ok(called.events.filter((e) => e.event === 'invited').every((e) => e.from === own), 'the caller sees the number of the center');
  called.kill();
});

test('QRY-09 QRY-08 QRY-07 DATA-04 a talk with two holds, a busy with reason, a caller sent to the menu, a call not taken, the end of the shift: each in its list, with its length', async () => {
  await office.setQueue('consult', { ring_timeout_ms: 5000 });
  const caller = await office.waiting('1');
  await rings([agent], caller);
  const call_id = await answer(agent);
  const holds = () => region.sql(`SELECT count(*) FROM hold WHERE call_id = '${call_id}' AND t_end IS NOT NULL`);
  for (const n of ['1', '2']) {
    await agent.person.post(`/agent/calls/${call_id}/hold`);
    await until('held', () => agent.document.call.held_since_ms && Date.now() - agent.document.call.held_since_ms > 300);
    await agent.person.post(`/agent/calls/${call_id}/retrieve`);
    await until('retrieved', () => holds() === n && !agent.document.call.held_since_ms); // else the next one seems to be held already
  }
  await finish(agent, caller);
  const sent = await office.waiting('1');
  await rings([agent], sent);
  const sent_id = await answer(agent);
  await until('his number has been said', async () => (await agent.person.raw('POST', `/agent/calls/${sent_id}/flow`, { mode: 'release' })).status === 204);
  await until('he sums up', () => agent.document.state === 'acw');
  await agent.done();
  await sent.hangUp();
  await until('his stay in the menu is over', () => region.sql(`SELECT count(*) FROM ivr_transfer WHERE call_id = '${sent_id}' AND t_end IS NOT NULL`) === '1');
  const meeting = (await agent.person.get('/dictionaries')).busy_reasons.find((r) => r.name === '会议');
  await agent.person.put('/agent/state', { state: 'busy', reason_id: meeting.id });
  await agent.waitState('busy');
  await agent.ready();
  const left = await office.waiting('1');
  await rings([agent], left);
  await until('not answered', () => agent.document.state === 'busy', 15000);
  await left.hangUp();
  await agent.person.post('/agent/sign-out');
  await until('signed out', () => region.sql("SELECT count(*) FROM agent_session WHERE center_id = 2 AND t_out IS NOT NULL") === '1');

  const held = await list(people.leader, 'holds');
  assert.deepEqual(held.map((h) => [h.call_id, h.agent_no, h.party_no, h.direction]), Array(2).fill([call_id, '1001', caller.number, 'in']));
  assert.ok(held.every((h) => h.length_ms >= 300 && h.length_ms < 20000 && h.length_ms === Date.parse(h.t_end) - Date.parse(h.t_start)));
  assert.deepEqual(await list(people.leader, 'holds?min_s=3600'), []);
  assert.equal((await list(people.leader, `holds?number=${caller.number}&max_s=60`)).length, 2);

  const [transfer] = await list(people.leader, 'ivr-transfers');
  assert.deepEqual([transfer.call_id, transfer.agent_no, transfer.party_no, transfer.target, transfer.mode, transfer.mode_name, transfer.result, transfer.result_name],
    [sent_id, '1001', sent.number, '主菜单', 'release', '转出', 'caller', '来电人挂机']);
  assert.equal(transfer.length_ms, Date.parse(transfer.t_end) - Date.parse(transfer.t_start));
  for (const [query, count] of [['mode=release', 1], ['mode=suspend', 0], ['result=caller', 1], ['result=queue', 0], [`number=${sent.number}`, 1], ['number=139', 0], ['agent_no=1002', 0]])
    assert.equal((await list(people.leader, `ivr-transfers?from=${day()}&${query}`)).length, count, query);
  assert.deepEqual(await list(people.far, 'ivr-transfers'), [], 'of another center');

  const [session] = await list(people.leader, 'sessions');
  assert.deepEqual([session.agent_no, session.reason, session.reason_name, session.line_name, session.address], ['1001', 'user', '本人签出', '浏览器', '127.0.0.1']);
  assert.equal(session.length_ms, Date.parse(session.t_out) - Date.parse(session.t_in));
  assert.deepEqual(await list(people.leader, 'sessions?reason=forced'), []);
  assert.equal((await list(people.leader, 'sessions?reason=user&agent_no=1001')).length, 1);

  const states = (await list(people.leader, `states?limit=200&agent_no=1001`)).toReversed();
  assert.deepEqual(states.filter((s) => s.state === 'busy').map((s) => s.reason).slice(-2), ['会议', '久不应答']);
  assert.deepEqual((await list(people.leader, `states?state=busy&reason=${encodeURIComponent('会议')}`)).map((s) => [s.state_name, s.reason]), [['示忙', '会议']]);
  assert.ok(states.every((s) => s.session_id === session.session_id && s.length_ms === Date.parse(s.t_end) - Date.parse(s.t_start)));
  assert.equal(states.reduce((sum, s) => sum + s.length_ms, 0), session.length_ms, 'no gap, no overlap');

  const [missed] = await list(people.leader, 'no-answers');
  assert.deepEqual([missed.agent_no, missed.party_no, missed.queue_name], ['1001', left.number, '咨询']);
  assert.ok(missed.ring_ms >= 4500 && missed.ring_ms < 15000 && missed.next_target === '来电人挂机', JSON.stringify(missed));

  const line = await people.leader.get(`/queries/timeline?day=${day()}`);
  const mine = line.agents.find((a) => a.agent_no === '1001');
  assert.deepEqual(mine.states.map(([state]) => state), states.map((s) => s.state), 'the day as it was, in order');
  mine.states.slice(1).forEach(([, , from], i) => assert.equal(from, mine.states[i][3], 'one ends where the next begins'));
  assert.ok(line.from_ms <= mine.states[0][2] && line.to_ms - line.from_ms === 86400000);
  assert.deepEqual((await people.leader.get(`/queries/timeline?day=${day(-3)}`)).agents, []);
  assert.equal((await people.leader.get('/queries/timeline')).day, day(), 'today when nothing else is asked');
  assert.equal((await people.leader.raw('GET', '/queries/timeline?day=gestern')).status, 422);
});

// --- what a night finds ------------------------------------------------------------------------------

// One session of one center on a day: states of so many seconds each, changed by spoil before they are written.
function shift(center, login, date, spoil = () => {}) {
  const journal = new Journal();
  const t = Date.parse(`${date}T09:00:00+08:00`);
  const [session_id, user_id] = [uuid7(t), userId(center, login)];
  const starts = [0, 60, 300, 420, 500].map((s) => t + s * 1000);
  journal.fact(center, t, 'agent_session_begin', { session_id, user_id, t_in_ms: t, line: 'phone', address: '011001' });
  ['busy', 'ready', 'talk', 'acw', 'ready'].forEach((state, i) => journal.fact(center, starts[i], 'agent_state', { state_id: uuid7(starts[i]), session_id, user_id, state, reason_id: null, reason: '', t_start_ms: starts[i] }));
  journal.fact(center, t + 600000, 'agent_session_end', { session_id, user_id, t_out_ms: t + 600000, reason: 'timeout' });
  region.sql(`SET hotlined.centers = '*'; SELECT ingest_facts($f$${JSON.stringify(journal.sorted())}$f$::jsonb)`);
  spoil(session_id);
  return session_id;
}
const change = (session, state, fields) => region.sql(`UPDATE agent_state SET ${fields} WHERE session_id = '${session}' AND state = '${state}'`);

test('DATA-04 the nightly check finds a planted gap, overlap, an interval that never ended, one outside its session; what the daemon wrote today has none', async () => {
  const date = day(-1);
  const good = shift(2, 'a1002', date);
  const planted = {
    gap: shift(3, 'a1001', date, (s) => change(s, 'talk', "t_end = t_end - interval '7 seconds'")),
    overlap: shift(3, 'a1002', date, (s) => change(s, 'talk', "t_end = t_end + interval '5 seconds'")),
    open: shift(4, 'a1001', date, (s) => change(s, 'acw', 't_end = NULL')),
    outside: shift(4, 'a1002', date, (s) => change(s, 'busy', "t_start = t_start - interval '3 seconds'")),
  };
  // Beside the daemon, as it will do it itself.
  region.sql(`SELECT check_states('${date}')`);
  const checks = (await people.chief.raw('GET', '/queries/data-checks')).status;
  assert.equal(checks, 403, 'a supervisor keeps no settings');
  const chief = await Person.signIn(region, 'guangxi', 'admin');
  const { items } = await chief.get(`/queries/data-checks?from=${date}&to=${date}`);
  assert.equal(items.length, 15);
  const of = (center) => items.find((i) => i.center_id === center);
  assert.deepEqual([of(2).sessions, of(2).intervals, of(2).faults], [1, 5, 0]);
  assert.deepEqual(of(3).found.map((f) => [f.kind, f.kind_name, f.length_ms, f.session_id, f.agent_no]).sort(), [
    ['gap', '间断', 7000, planted.gap, '1001'], ['overlap', '重叠', 5000, planted.overlap, '1002']]);
  assert.deepEqual(of(4).found.map((f) => f.kind).sort(), ['open', 'outside']);
  assert.ok(of(4).found.some((f) => f.kind === 'open' && f.session_id === planted.open));
  assert.ok(of(4).found.some((f) => f.kind === 'outside' && f.length_ms === 3000 && f.session_id === planted.outside));
  assert.ok(!items.some((i) => i.found.some((f) => f.session_id === good)));
  const [own] = (await people.admin.get(`/queries/data-checks?from=${date}`)).items.map((i) => i.center_id);
  assert.equal(own, 2, 'an administrator sees his own center');
  assert.equal((await people.admin.raw('GET', '/queries/data-checks?center_id=3')).status, 403);

  const today = JSON.parse(region.sql(`SELECT check_states('${day()}')`));
  assert.ok(today.sessions >= 1 && today.intervals >= 15, JSON.stringify(today));
  assert.equal(today.faults, 0, region.sql(`SELECT json_agg(f) FROM data_fault f WHERE day = '${day()}'`));

  // The daemon does it once a day, not before three in the morning.
  region.sql('DELETE FROM data_check; DELETE FROM data_fault');
  await office.close();
  await region.stopDaemon();
  const from = region.log.length;
  await region.startDaemon();
  if (new Date(Date.now() + 8 * 3600e3).getUTCHours() >= 3) {
    await until('checked by itself', () => /event=state_faults .*faults=\d/.test(region.log.slice(from)));
    await until('in the metrics', async () => Number(/^hotlined_state_faults (\d+)/m.exec(await (await fetch(`${region.base}/metrics`)).text())?.[1]) === Number(region.sql(`SELECT sum(faults) FROM data_check WHERE day = '${date}'`)));
    assert.equal(region.sql(`SELECT count(DISTINCT day) || ' ' || count(*) FROM data_check`), '1 15');
  } else {
    await until('up for a while', () => /event=ready/.test(region.log.slice(from)));
    assert.equal(region.sql('SELECT count(*) FROM data_check'), '0');
  }
  office = await Office.open(region, 'nanning');
});

// --- recordings ------------------------------------------------------------------------------------------

const QUARTER = 8000 / 4;
// Recordings of two cities with a file each: a tone left, silence, a tone right; seconds long.
function record(center, login, t, seconds, number, more = {}) {
  const journal = new Journal();
  const user = userId(center, login);
  const queue = Number(region.sql(`SELECT id FROM queue WHERE center_id = ${center} AND code = '${more.queue ?? 'consult'}'`));
  const call = journal.begin(center, t, { caller_no: number });
  const visit = journal.enter(call, t, queue);
  journal.leave(call, visit, t + 1000, 'answered');
  const talk = journal.talk(call, queue, user, t + 1000, t + 1000 + seconds * 1000);
  const id = uuid7(t + 1000);
  const path = `test/${id}.wav`;
  const codes = Buffer.alloc(seconds * 16000, 0xd5); // A-law silence
  for (let i = 0; i < QUARTER; i++) codes[2 * i] = i % 8 < 4 ? 0x20 : 0xa0;
  const file = join(region.dir, 'state/recordings', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.concat([Buffer.alloc(58), codes]));
  journal.fact(center, t + 1000, 'recording_begin', { recording_id: id, call_id: call.id, talk_id: talk, user_id: user, path, t_start_ms: t + 1000, left: 'caller', right: 'agent' });
  journal.fact(center, t + 1000 + seconds * 1000, 'recording_end', { recording_id: id, call_id: call.id, length_ms: seconds * 1000, size: codes.length + 58, sha256: 'ef'.repeat(32), error: '' });
  journal.end(call, t + 1000 + seconds * 1000, 'answered', { wait_ms: 1000, t_ans_ms: t + 1000, talk_ms: seconds * 1000, user_id: user });
  if (more.asked) {
    const [visit_id, end] = [uuid7(t + 1500), t + 2000 + seconds * 1000];
    journal.fact(center, t + 1500, 'ivr_begin', { visit_id, call_id: call.id, flow_id: 1, flow_version: 1, t_start_ms: t + 1500, mode: 'survey', user_id: user, talk_id: talk, target: '满意度调查' });
    journal.fact(center, end, 'ivr_end', { visit_id, call_id: call.id, t_end_ms: end, exit: 'hangup', survey_talk_id: talk, survey_user_id: user, survey_queue_id: queue, survey_asked_ms: end - 500,
      ...(more.level ? { survey_level: more.level, survey_name: more.levelName } : {}) });
  }
  region.sql(`SET hotlined.centers = '*'; SELECT ingest_facts($f$${JSON.stringify(journal.sorted())}$f$::jsonb)`);
  return { id, call_id: call.id };
}
let made;

test('QRY-04 recordings are found by time, number, agent, queue, length, satisfaction and record, by those in whose scope they are', async () => {
  const t = Date.parse(`${day(-2)}T10:00:00+08:00`);
  made = {
    short: record(2, 'a1001', t, 2, '13877600001', { asked: true }),
    long: record(2, 'a1002', t + 60000, 9, '13877600002', { queue: 'complaint', asked: true, level: 2, levelName: '不满意' }),
    far: record(3, 'a1001', t + 120000, 4, '13877600003'),
  };
  const category = (await people.other.get('/dictionaries')).categories[0].code;
  const saved = await people.other.post('/records', { id: randomUUID(), call_id: made.long.call_id, caller_no: '13877600002', caller_name: '', caller_city: '450100', problem_city: '450100',
    category, title: '投诉', content: '内容', answer: '', method: 'direct', urgency: 'normal', same_day: true });
  const found = async (who, query) => (await list(who, `recordings?from=${day(-2)}&to=${day(-1)}${query}`)).map((r) => Object.keys(made).find((name) => made[name].id === r.recording_id));
  const complaint = (await office.queue('complaint')).id;
  assert.deepEqual(await found(people.leader, ''), ['long', 'short']);
  assert.deepEqual(await found(people.chief, ''), ['far', 'long', 'short']);
  assert.deepEqual(await found(people.chief, '&center_id=3'), ['far']);
  for (const [query, wanted] of [['number=13877600001', 'short'], ['agent_no=1002', 'long'], [`queue_id=${complaint}`, 'long'], ['min_s=5', 'long'], ['max_s=5', 'short'], [`record_no=${saved.record_no}`, 'long'], ['state=closed&max_s=2', 'short'], ['satisfaction=2', 'long'], ['satisfaction=none', 'short']])
    assert.deepEqual(await found(people.leader, `&${query}`), [wanted], query);
  for (const query of ['state=failed', 'satisfaction=5', 'number=139', 'record_no=none', 'min_s=3600']) assert.deepEqual(await found(people.leader, `&${query}`), [], query);
  assert.deepEqual(await found(people.farAgent, ''), ['far'], 'an agent: his own');
  assert.deepEqual(await found(people.other, ''), []);
  assert.equal((await people.leader.raw('GET', '/queries/recordings?center_id=3')).status, 403);
  for (const [query, field] of [['min_s=x', 'min_s'], ['from=gestern', 'from'], ['after=x', 'after'], ['limit=0', 'limit'], ['by=x', 'by']])
    assert.deepEqual(Object.keys((await people.leader.raw('GET', `/queries/recordings?${query}`)).body.errors), [field]);
  const [row] = await list(people.leader, 'recordings?agent_no=1002&number=13877600002');
  assert.deepEqual([row.length_ms, row.queue_name, row.record_no, row.state_name, row.sha256, row.party_no, row.level, row.satisfaction], [9000, '投诉', saved.record_no, '完成', 'ef'.repeat(32), '13877600002', 2, '不满意']);
  assert.equal((await list(people.leader, 'recordings?number=13877600001'))[0].satisfaction, '未评价');
  // The region counts by center; the parts are the whole.
  const all = await people.chief.get(`/queries/recordings?from=${day(-2)}&to=${day(-1)}&by=center&limit=1`);
  assert.deepEqual(all.groups.map((g) => [g.center_id, g.count, g.ms]), [[2, 2, 11000], [3, 1, 4000]]);
  assert.equal(all.items.length, 1);
  await audits('query.list', 'recordings');
});

test('QRY-04 a copy taken away has its own number in the file and in the audit log; without the permission there is none', async () => {
  const path = `/recordings/${made.short.id}/download`;
  assert.equal((await people.other.raw('GET', path)).status, 403, 'an agent');
  assert.equal((await people.far.raw('GET', path)).status, 404, 'of another center');
  const copies = [await bytes(people.leader, path), await bytes(people.leader, `${path}?side=right`)];
  const ids = copies.map(({ status, headers, body }) => {
    assert.equal(status, 200);
    assert.match(headers.get('content-disposition'), /^attachment; filename\*=UTF-8''%E5%BD%95%E9%9F%B3_[0-9a-f-]{36}\.wav$/);
    assert.deepEqual([body.toString('latin1', 0, 4), body.toString('latin1', 36, 40), body.toString('latin1', 44, 52)], ['RIFF', 'LIST', 'INFOICMT']);
    assert.equal(body.readUInt32LE(4), body.length - 8);
    const data = body.indexOf('data', 44, 'latin1');
    assert.equal(data - 44, body.readUInt32LE(40), 'the list ends where the sound begins');
    assert.equal(body.readUInt32LE(data + 4), body.length - data - 8);
    const [, id, user] = /hotlined download=([0-9a-f-]{36}) user=(\d+)\0/.exec(body.toString('latin1', 0, data));
    assert.equal(Number(user), people.leader.me.user.id);
    return { id, sound: body.subarray(data + 8) };
  });
  assert.notEqual(ids[0].id, ids[1].id);
  const heard = (await bytes(people.leader, `/recordings/${made.short.id}/audio`)).body;
  assert.ok(heard.subarray(44).equals(ids[0].sound), 'the sound is the same');
  assert.equal(ids[1].sound.length, ids[0].sound.length / 2, 'one side');
  const rows = await until('both audited', async () => { const rows = (await audits('recording.download', 'recording')); return rows.length === 2 && rows; });
  assert.deepEqual(rows.map((r) => [r.object_id, r.user_id, r.detail]), ids.map(({ id }, i) => [made.short.id, people.leader.me.user.id, `download=${id} side=${i ? 'right' : 'both'}`]));
});

test('QRY-04 an auditor finds and hears recordings of his center, takes a copy with its mark, sees no whole number and answers no call', async () => {
  region.sql(`INSERT INTO app_user (center_id, login, name, agent_no, password_hash) SELECT 2, 'auditor', '审计员', '', password_hash FROM app_user WHERE center_id = 2 AND login = 'leader';
    INSERT INTO user_role (user_id, role_code, center_id) SELECT id, 'auditor', 2 FROM app_user WHERE center_id = 2 AND login = 'auditor'`);
  const auditor = await Person.signIn(region, 'nanning', 'auditor');
  const rows = await list(auditor, `recordings?from=${day(-2)}&to=${day(-1)}`);
  assert.deepEqual(rows.map((r) => [r.recording_id, r.party_no]), [[made.long.id, '138****0002'], [made.short.id, '138****0001']]);
  assert.equal((await bytes(auditor, `/recordings/${made.short.id}/audio`)).status, 200);
  const copy = await bytes(auditor, `/recordings/${made.short.id}/download`);
  assert.match(copy.body.toString('latin1', 0, 200), new RegExp(`hotlined download=[0-9a-f-]{36} user=${auditor.me.user.id}\\0`));
  await until('audited', async () => (await audits('recording.download', 'recording')).some((r) => r.user_id === auditor.me.user.id && r.object_id === made.short.id));
  assert.equal((await bytes(auditor, '/queries/recordings.csv')).status, 200);
  assert.equal((await auditor.raw('GET', `/recordings/${made.far.id}/audio`)).status, 404, 'of another center');
  for (const path of ['/agent', '/records?limit=1', '/monitor/wall']) assert.equal((await auditor.raw('GET', path)).status, 403, path);
});

test('QRY-04 notes stand at their place with author and time, once; only the author takes his away; no other center sees one', async () => {
  const path = `/recordings/${made.long.id}/notes`;
  const notes = async (who = people.leader) => (await who.get(path)).items;
  const [first, second] = [randomUUID(), randomUUID()];
  await people.leader.post(path, { id: first, at_ms: 4200, note: '答复不完整' });
  await people.leader.post(path, { id: first, at_ms: 4200, note: '答复不完整' });
  await people.admin.post(path, { id: second, at_ms: 1500, note: '问候规范' });
  assert.deepEqual((await notes()).map((n) => [n.id, n.at_ms, n.note, n.mine]), [[second, 1500, '问候规范', false], [first, 4200, '答复不完整', true]]);
  assert.equal((await notes())[1].author_name, people.leader.me.user.name);
  assert.match((await notes())[1].created_at, /^20\d\d-\d\d-\d\dT/);
  for (const who of [people.far, people.farAgent, people.other]) {
    assert.equal((await who.raw('GET', path)).status, 404);
    assert.equal((await who.raw('POST', path, { id: randomUUID(), at_ms: 0, note: '混入' })).status, 404);
  }
  assert.equal((await people.leader.raw('DELETE', `${path}/${second}`)).status, 404, "another's");
  assert.equal((await people.leader.raw('POST', path, { id: randomUUID(), at_ms: 0, note: ' ' })).status, 422);
  await people.leader.call('DELETE', `${path}/${first}`);
  assert.deepEqual((await notes()).map((n) => n.id), [second]);
  assert.equal((await list(people.leader, 'recordings?number=13877600002'))[0].notes, 1);
  await audits('recording.note', 'recording');
});

// --- files, pages, scopes -----------------------------------------------------------------------------------

const sheet = (workbook) => {
  const path = join(region.dir, 'query.xlsx');
  writeFileSync(path, workbook);
  return execFileSync('unzip', ['-p', path], { encoding: 'utf8' });
};

test('QRY-06 QRY-07 QRY-08 QRY-09 a list as CSV and XLSX has the rows of the page in Chinese, for those who may take it away, and is audited', async () => {
  const LISTS = { recordings: '录音', outbound: '外呼记录', sessions: '签入签出', states: '示忙示闲', holds: '保持/取保持', 'no-answers': '久不应答', 'ivr-transfers': '转IVR记录' };
  for (const [name, title] of Object.entries(LISTS)) {
    const page = await people.leader.get(`/queries/${name}?limit=200`);
    assert.deepEqual([page.title, page.next, page.numbers], [title, null, 'whole']);
    const csv = await bytes(people.leader, `/queries/${name}.csv`);
    const lines = csv.body.toString().replace(/\r\n$/, '').split('\r\n');
    assert.deepEqual([csv.status, lines.length], [200, page.items.length + 1], name);
    assert.equal(lines[0], `\uFEFF${page.columns.map((c) => c.title + (c.kind === 'ms' ? '（秒）' : '')).join(',')}`);
    const first = page.columns.map((c) => { const v = page.items[0][c.id]; return v === null ? '—' : c.kind === 'ms' ? (v / 1000).toFixed(2) : c.kind === 'time' ? v.slice(0, 19).replace('T', ' ') : String(v); });
    assert.equal(lines[1], first.join(','), name);
    const xlsx = await bytes(people.leader, `/queries/${name}.xlsx`);
    assert.ok(xlsx.status === 200 && sheet(xlsx.body).includes(page.columns.at(-1).title), name);
    assert.equal((await people.farAgent.raw('GET', `/queries/${name}.csv`)).status, 403, 'an agent takes nothing away');
    await audits('query.export', name);
  }
  // A reader without numbers gets them masked, on the page and in the file.
  const before = region.sql("SELECT string_agg(permission || '=' || scope, ' ') FROM role_permission WHERE role_code = 'leader'");
  region.sql("DELETE FROM role_permission WHERE role_code = 'leader' AND permission = 'number.reveal'");
  await until('masked', async () => (await people.leader.get('/queries/holds')).numbers === 'masked');
  for (const path of ['/queries/holds', '/queries/holds.csv', '/queries/outbound.csv', '/queries/recordings.csv']) {
    const text = (await bytes(people.leader, path)).body.toString();
    assert.ok(/138\*{4}\d{4}/.test(text) && !/1387\d{7}/.test(text), path);
  }
  // With the file permission for himself only, a file has his own rows only.
  region.sql("UPDATE role_permission SET scope = 'self' WHERE role_code = 'leader' AND permission = 'call.export'");
  await until('narrower', async () => (await bytes(people.leader, '/queries/holds.csv')).body.toString().trim().split('\r\n').length === 1);
  region.sql("UPDATE role_permission SET scope = 'center' WHERE role_code = 'leader' AND permission = 'call.export'; INSERT INTO role_permission VALUES ('leader', 'number.reveal', 'center')");
  await until('as before', async () => (await people.leader.get('/queries/holds')).numbers === 'whole' && (await bytes(people.leader, '/queries/holds.csv')).body.length > 200);
  assert.equal(region.sql("SELECT count(*) FROM role_permission WHERE role_code = 'leader'"), String(before.split(' ').length));
});

test('QRY-07 QRY-08 pages lose and repeat nothing; everybody sees his scope', async () => {
  const journal = new Journal();
  const t = Date.parse(`${day(-4)}T09:00:00+08:00`);
  const users = { 2: userId(2, 'a1001'), 3: userId(3, 'a1001') };
  const ids = [];
  for (let i = 0; i < 45; i++) {
    const center = i % 5 ? 2 : 3;
    const at = t + Math.floor(i / 3) * 1000; // several in one ms
    const session_id = uuid7(at);
    ids.push(session_id);
    journal.fact(center, at, 'agent_session_begin', { session_id, user_id: users[center], t_in_ms: at, line: 'browser', address: '10.0.0.1' });
    journal.fact(center, at + 500, 'agent_session_end', { session_id, user_id: users[center], t_out_ms: at + 500, reason: ['user', 'forced', 'timeout', 'moved'][i % 4] });
  }
  region.sql(`SET hotlined.centers = '*'; SELECT ingest_facts($f$${JSON.stringify(journal.sorted())}$f$::jsonb)`);
  const period = `from=${day(-4)}&to=${day(-3)}`;
  const seen = [];
  let next = null;
  do {
    const page = await people.chief.get(`/queries/sessions?${period}&limit=7${next ? `&after=${encodeURIComponent(next)}` : ''}`);
    seen.push(...page.items.map((i) => i.session_id));
    next = page.next;
  } while (next);
  assert.deepEqual([seen.length, [...new Set(seen)].sort()], [45, [...ids].sort()]);
  assert.equal((await list(people.leader, `sessions?${period}&limit=200`)).length, 36);
  assert.equal((await list(people.farAgent, `sessions?${period}&limit=200`)).length, 9);
  assert.equal((await list(people.other, `sessions?${period}&limit=200`)).length, 0);
  assert.equal((await list(people.leader, `sessions?${period}&reason=forced&limit=200`)).every((s) => s.reason_name === '强制签出' && s.length_ms === 500), true);
  const { groups } = await people.chief.get(`/queries/sessions?${period}&by=center`);
  assert.deepEqual(groups.map((g) => [g.center_id, g.count, g.ms]), [[2, 36, 18000], [3, 9, 4500]]);
});

test('QRY-04 QRY-06 QRY-07 QRY-08 QRY-09 DATA-04 with many rows each list is walked by index, for the region, a center, an agent', () => {
  const user = userId(2, 'a1001');
  const rows = 40000; // of the days before; as many as show a plan that would read them all
  region.sql(`SET hotlined.centers = '*';
    CREATE TEMP TABLE spread AS SELECT n, now() - interval '20 days' + n * interval '30 seconds' AS t, 1 + n % 15 AS center_id, (SELECT array_agg(id ORDER BY id) FROM app_user u WHERE u.center_id = 1 + n % 15 AND agent_no <> '')[1 + n / 15 % 3] AS user_id FROM generate_series(1, ${rows}) n;
    SELECT ensure_month(t) FROM (SELECT DISTINCT date_trunc('month', t) AS t FROM spread) m;
    CREATE TEMP TABLE ids AS SELECT s.*, (left(uuid_floor(t)::text, 14) || '7' || substr(md5(n::text), 1, 3) || '-8' || substr(md5(n::text), 4, 3) || '-' || substr(md5(n::text), 7, 12))::uuid AS id FROM spread s;
    INSERT INTO call (call_id, center_id, direction, source, info_source, unit_type, caller_no, called_no, t_in, t_end, outcome, end_reason, user_id)
      SELECT id, center_id, CASE WHEN n % 5 = 0 THEN 'out' ELSE 'in' END, 'direct', 'city', 'self', '138' || lpad((n % 9999)::text, 8, '0'), '12366', t, t + interval '1 minute', 'answered', 'caller', user_id FROM ids;
    INSERT INTO recording (recording_id, center_id, call_id, user_id, path, t_start, state, length_ms) SELECT id, center_id, id, user_id, 'x', t, 'closed', n % 100000 FROM ids;
    INSERT INTO agent_session (session_id, center_id, user_id, t_in, t_out, line, out_reason) SELECT id, center_id, user_id, t, t + interval '1 hour', 'browser', 'user' FROM ids;
    INSERT INTO agent_state (state_id, center_id, session_id, user_id, state, t_start, t_end) SELECT id, center_id, id, user_id, 'ready', t, t + interval '1 minute' FROM ids;
    INSERT INTO hold (hold_id, center_id, call_id, user_id, t_start, t_end) SELECT id, center_id, id, user_id, t, t + interval '1 minute' FROM ids;
    INSERT INTO no_answer (offer_id, center_id, call_id, user_id, at) SELECT id, center_id, id, user_id, t FROM ids;
    INSERT INTO ivr_visit (visit_id, center_id, call_id, flow_id, flow_version, t_start, t_end, exit, mode, user_id) SELECT id, center_id, id, 1, 1, t, t + interval '1 minute', 'queue', CASE WHEN n % 4 <> 0 THEN 'release' END, user_id FROM ids;
    INSERT INTO survey (survey_id, center_id, call_id, user_id, t_asked, level, name) SELECT id, center_id, id, user_id, t, 1 + n % 5, '一般' FROM ids;
    ANALYZE call, recording, agent_session, agent_state, hold, no_answer, ivr_visit, survey`);
  const all = statements();
  const OWN = { recordings: 8, outbound: 2, sessions: 1, states: 4, holds: 3, no_answers: 2, ivr_transfers: 3 };
  const plan = (name, centers, params) => region.run('psql', ['-qAtX', '-h', join(region.pgDir, 'run'), '-U', 'hotlined_app', '-d', 'hotlined', '-v', 'ON_ERROR_STOP=1', '-c',
    `SET plan_cache_mode = force_custom_plan; SET jit = off; SET hotlined.centers = ${literal(centers)}; PREPARE q AS ${all[`query_${name}`]}; EXPLAIN (ANALYZE, TIMING off, COSTS off) EXECUTE q(${params.map(literal).join(', ')})`]);
  for (const [name, own] of Object.entries(OWN))
    for (const [who, centers, from, center, users, agentNo] of [['the region', '*', null, null, null, null], ['the region, old pages', '*', null, null, null, null], ['a center', '{2}', null, 2, null, null],
      ['an agent', '{2}', null, 2, `{${user}}`, null], ['a leader asks for an agent of some days ago', '{2}', day(-10), 2, null, '1001']]) {
      const after = who.includes('old') ? `${Date.parse(`${day(-9)}T00:00:00+08:00`) * 1000}_ffffffff-ffff-7fff-8fff-ffffffffffff` : null;
      const text = plan(name, centers, [from, from && day(-9), center, users, agentNo, 50, after, true, false, ...Array(own).fill(null)]);
      const read = [...text.matchAll(/actual rows=(\d+) loops=(\d+)/g)].map(([, n, loops]) => n * loops);
      assert.ok(Math.max(...read) < 4000, `${name} for ${who} reads ${Math.max(...read)} of ${rows} rows\n${text}`);
      const removed = [...text.matchAll(/Rows Removed by Filter: (\d+)/g)].map(([, n]) => Number(n));
      assert.ok(Math.max(0, ...removed) < 4000, `${name} for ${who} throws ${Math.max(...removed)} rows away\n${text}`);
    }
});

// --- address books --------------------------------------------------------------------------------------------

test('CC-02 CC-03 address books: the center\'s for all of it, a personal one for its owner alone; found by name, unit or number; dialed from', async () => {
  const [a, b] = [people.other, await Person.signIn(region, 'nanning', 'a1004')];
  const add = (who, book, name, numbers, more = {}) => who.raw('POST', '/contacts', { id: randomUUID(), book, name, numbers, ...more });
  const names = async (who, query = '') => (await who.get(`/contacts${query}`)).items.map((c) => c.name);
  const made = await add(people.leader, 'center', '王科长', ['0771-5551234', '138 7760 0009'], { unit: '第一税务分局', note: '上午在' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal((await add(a, 'own', '李会计', ['13877600010'], { unit: '某公司' })).status, 201);
  assert.equal((await add(b, 'own', '赵老板', ['13877600011'])).status, 201);
  assert.equal((await add(people.far, 'center', '柳州的人', ['07721234567'])).status, 201);
  const refused = await add(a, 'center', '混入', ['110']);
  assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
  assert.deepEqual(await names(a), ['李会计', '王科长']);
  assert.deepEqual(await names(b), ['王科长', '赵老板']);
  assert.deepEqual(await names(people.leader), ['王科长']);
  assert.deepEqual(await names(a, '?book=own'), ['李会计']);
  for (const [q, wanted] of [['王', ['王科长']], ['第一', ['王科长']], ['0771-555', ['王科长']], ['77600010', ['李会计']], ['赵', []], ['%', []]])
    assert.deepEqual(await names(a, `?q=${encodeURIComponent(q)}`), wanted, q);
  const [entry] = (await a.get('/contacts?book=center')).items;
  assert.deepEqual([entry.numbers, entry.unit, entry.note, entry.updated_by_name], [['07715551234', '13877600009'], '第一税务分局', '上午在', people.leader.me.user.name]);

  for (const [body, field] of [[{ numbers: [] }, 'numbers'], [{ numbers: ['abc'] }, 'numbers'], [{ numbers: '110' }, 'numbers'], [{ numbers: ['110', '119', '120', '122', '12315', '12366'] }, 'numbers'], [{ name: '　' }, 'name'], [{ book: 'x' }, 'book']])
    assert.deepEqual(Object.keys((await people.leader.raw('POST', '/contacts', { id: randomUUID(), book: 'center', name: '名', numbers: ['110'], ...body })).body.errors), [field], JSON.stringify(body));
  const change = (who, version, body) => who.raw('PUT', `/contacts/${entry.id}`, body, { 'if-match': `"${version}"` });
  assert.equal((await change(people.leader, 1, { note: '下午在' })).body.version, 2);
  assert.equal((await change(people.leader, 1, { note: '晚上在' })).status, 412);
  assert.equal((await change(a, 2, { note: '他人' })).status, 404);
  assert.equal((await change(people.far, 2, { note: '外地' })).status, 404);
  const [mine] = (await a.get('/contacts?book=own')).items;
  assert.equal((await b.raw('DELETE', `/contacts/${mine.id}`)).status, 404);
  assert.equal((await people.leader.raw('DELETE', `/contacts/${mine.id}`)).status, 404, 'not even the leader');
  assert.equal(region.sql(`SELECT count(*) FROM contact WHERE id = '${mine.id}'`), '1');

  // Out as CSV and in again: the same book, nothing twice; what is wrong is told by line.
  const csv = (await bytes(people.leader, '/contacts.csv')).body.toString();
  assert.equal(csv, '\uFEFF姓名,单位,号码,备注\r\n王科长,第一税务分局,07715551234 13877600009,下午在\r\n');
  const upload = async (who, book, text) => {
    const response = await fetch(`${region.base}/api/v1/contacts/import?book=${book}`, { method: 'POST', headers: { cookie: who.cookie, 'x-csrf-token': who.csrf, 'content-type': 'text/csv' }, body: text });
    return { status: response.status, body: await response.json() };
  };
  assert.deepEqual((await upload(people.leader, 'center', csv)).body, { made: 0, changed: 1, problems: [] });
  const mixed = await upload(a, 'own', '姓名,单位,号码,备注\n"孙, 大"" 户",甲,\'+8613877600012;0771-5550000,"两\n行"\n\n没号码,乙,,\n坏号码,丙,12a,\n李会计,某公司,13877600099\n');
  assert.deepEqual([mixed.body.made, mixed.body.changed, mixed.body.problems.map((p) => p.line)], [1, 1, [5, 6]]);
  assert.match(mixed.body.problems[1].problem, /12a/);
  assert.deepEqual((await a.get('/contacts?book=own')).items.map((c) => [c.name, c.numbers]).sort(), [['孙, 大" 户', ['+8613877600012', '07715550000']], ['李会计', ['13877600099']]].sort());
  assert.equal((await upload(a, 'center', csv)).status, 403);
  for (const wrong of ['', '姓名,单位,号码,备注\n', 'a,b,"110', Buffer.from([0xc1, 0xd6, 0x2c, 0x2c, 0x31])]) assert.deepEqual(Object.keys((await upload(a, 'own', wrong)).body.errors ?? {}), ['file']);
  await audits('contact.import', 'contact');
  await people.leader.call('DELETE', `/contacts/${entry.id}`);
  assert.deepEqual(await names(b), ['赵老板']);
  await audits('contact.delete', 'contact');
});
