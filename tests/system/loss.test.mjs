// Worse things than outage.test.mjs: killed while PostgreSQL is away, a full disk, no place for recordings, an
// impatient operator (architecture.md 7, OPS-02, NFR-07, NFR-08, PLAT-03).
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Person, until } from './lib/region.mjs';
import { SmallDisk } from './lib/small_disk.mjs';
import { Agent } from './lib/agent.mjs';
import { Sipp, closeFarSides } from './lib/sipp.mjs';

const NANNING = '07711236601';
let region, leader, agent;
let people = 13966000000;
const callers = [];

const lineArgs = ['--tone', '1000', '--detect-tone', '440'];
const newAgent = async () => { agent = await Agent.start(region, 'nanning', 'a1001', { lineArgs }); };

before(async () => {
  region = await SmallDisk.start({ env: { DRAIN_S: 60 } });
  leader = await Person.signIn(region, 'nanning', 'leader');
  await leader.listen();
  await newAgent();
});
after(async () => {
  closeFarSides();
  callers.forEach((c) => c.kill());
  await agent?.line.kill();
  await agent?.person.close();
  await leader?.close();
  await region?.stop();
});

function dial() {
  const from = String(++people);
  const caller = Object.assign(Caller.start(region, { from, to: NANNING, args: ['--keys', '1', '--tone', '440', '--detect-tone', '1000'] }), { from });
  callers.push(caller);
  return caller;
}
async function talk() {
  const caller = dial();
  const { call } = await agent.ring();
  await agent.answer(call.call_id);
  await caller.waitFor('tone');
  await agent.line.waitFor('tone', (e) => e.at > caller.seen('tone').at - 20000);
  return { caller, callId: call.call_id };
}
async function finish() {
  await agent.waitState('acw');
  await agent.done();
  await agent.waitState('ready');
}
const row = (sql) => region.sql(sql);
const whole = (callId) => until(`call ${callId} whole`, () =>
  row(`SELECT count(*) FROM call WHERE call_id = '${callId}' AND t_end IS NOT NULL`) === '1', 60000);
// How often each kind of fact of a call is there.
const kinds = (callId) => Object.fromEntries(row(`SELECT kind, count(*) FROM fact WHERE payload->>'call_id' = '${callId}' GROUP BY kind`).split('\n').filter(Boolean).map((l) => l.split('|')));

// Share of the energy at one frequency in one channel of a G.711 A-law or PCM WAV.
function share(path, channel, hz) {
  const raw = execFileSync('sox', ['--ignore-length', path, '-t', 's16', '-r', '8000', '-', 'remix', String(channel)], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
  const all = new Int16Array(raw.buffer, raw.byteOffset, raw.length >> 1);
  const samples = all.subarray(Math.max(0, all.length - 8000)); // the last second
  const w = (2 * Math.PI * hz) / 8000;
  let re = 0, im = 0, energy = 1;
  samples.forEach((x, i) => { re += x * Math.cos(w * i); im += x * Math.sin(w * i); energy += x * x; });
  return { share: (2 * (re * re + im * im)) / (samples.length * energy), seconds: all.length / 8000 };
}

test('no place for a recording: the call goes on, the missing recording is listed with its reason (PLAT-03)', async (t) => {
  const place = join(region.state, 'recordings/nanning');
  const aside = `${place}.aside`;
  if (existsSync(place)) renameSync(place, aside);
  writeFileSync(place, 'a file where a directory should be');
  t.after(() => {
    if (existsSync(place) && statSync(place).isFile()) rmSync(place);
    if (existsSync(aside)) renameSync(aside, place);
  });
  const errors = async () => Number(/hotlined_recording_errors_total (\d+)/.exec(await (await fetch(`${region.base}/metrics`)).text())[1]);
  const before = await errors();
  const { caller, callId } = await talk();
  await caller.hangUp();
  await finish();
  await whole(callId);
  await until('the alarm: counted, and an error in the log', async () => (await errors()) === before + 1 && /level=error room=media event=recording_failed .*step=open/.test(region.log));
  const listed = await until('listed as unrecorded', () => row(`SELECT why FROM unrecorded_call WHERE call_id = '${callId}'`));
  assert.equal(listed, 'record_open_failed');
  assert.equal(row(`SELECT outcome FROM call WHERE call_id = '${callId}'`), 'answered');
  const { title, items } = await leader.get('/queries/unrecorded?limit=1');
  assert.deepEqual([title, items[0].call_id, items[0].why, items[0].why_name, items[0].agent_no, items[0].party_no], ['未录音通话', callId, 'record_open_failed', '录音文件无法建立', '1001', caller.from]);
  assert.deepEqual((await leader.get(`/queries/unrecorded?reason=record_no_room&number=${caller.from}`)).items, []);
  assert.equal((await agent.person.get('/queries/unrecorded?mine=1')).items[0].call_id, callId, 'the agent sees his own');
  assert.deepEqual((await (await Person.signIn(region, 'guilin', 'leader')).get('/queries/unrecorded')).items, [], 'of another center');
  rmSync(place);
  if (existsSync(aside)) renameSync(aside, place);
  const next = await talk();
  await next.caller.hangUp();
  await finish();
  await until('recorded again', () => row(`SELECT state || error FROM recording WHERE call_id = '${next.callId}'`) === 'closed');
});

test('the disk is full: calls go on and new ones are served, an alarm is in the log; with room again every fact is there once (OPS-02)', async (t) => {
  if (!region.mounted) return t.skip('may not mount a small file system');
  const { caller, callId } = await talk();
  const ballast = join(region.state, 'ballast');
  try { execFileSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], { stdio: 'pipe' }); } catch { /* until it is full */ }
  assert.equal(statfsSync(region.state).bavail, 0);
  await until('its recording finds no room', () => /event=recording_failed .*errno=28/.test(region.log));
  await caller.hangUp();
  await finish();
  const second = await talk();
  await second.caller.hangUp();
  await finish();
  await until('the log line', () => /room=outbox event=(write_failed|trouble)/.test(region.log));
  assert.equal((await leader.raw('GET', '/me')).status, 200);
  rmSync(ballast);
  await until('written again', () => /event=write_works/.test(region.log), 60000);
  for (const id of [callId, second.callId]) {
    await whole(id);
    const seen = kinds(id);
    for (const kind of ['call_begin', 'call_end', 'queue_enter', 'queue_leave', 'offer_begin', 'offer_end', 'talk_begin', 'talk_end', 'ivr_begin', 'ivr_end'])
      assert.equal(seen[kind], '1', `${kind} of ${id}: ${JSON.stringify(seen)}`);
  }
  await until('the recording that found no room is listed', () => row(`SELECT why FROM unrecorded_call WHERE call_id = '${callId}'`) === 'record_write_failed');
  console.log('lost: no fact - the disk full (10 kinds of facts of 2 calls, each once; the recording that found no room is listed)');
});

test('the disk of the recordings alone is full: talks go on and new ones are served, each missing recording is listed and counted; with room again the next is whole (OPS-02 PLAT-03)', async (t) => {
  const place = join(region.state, 'recordings/nanning');
  mkdirSync(place, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', place], { stdio: 'pipe' });
  } catch {
    return t.skip('may not mount a small file system');
  }
  let mounted = true;
  const away = () => { if (mounted) execFileSync('umount', ['-l', place]); mounted = false; };
  t.after(away);
  const errors = async () => Number(/hotlined_recording_errors_total (\d+)/.exec(await (await fetch(`${region.base}/metrics`)).text())[1]);
  const before_it = await errors();
  const log = region.log.length;
  const first = await talk();
  await until('it is being recorded', () => row(`SELECT state FROM recording WHERE call_id = '${first.callId}'`) === 'open');
  const ballast = join(place, 'ballast');
  try { execFileSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], { stdio: 'pipe' }); } catch { /* until it is full */ }
  await until('it is in the log', () => /event=recording_failed .*errno=28/.test(region.log.slice(log)), 60000);
  assert.equal(first.caller.code, undefined, 'the talk goes on');
  assert.equal(agent.document.state, 'talk');
  await first.caller.hangUp();
  await finish();
  const second = await talk(); // begins and ends without room
  await second.caller.hangUp();
  await finish();
  for (const { callId } of [first, second]) {
    await whole(callId);
    assert.equal(row(`SELECT outcome FROM call WHERE call_id = '${callId}'`), 'answered');
    assert.match(await until(`${callId} listed\n${region.log.slice(log).split('\n').filter((l) => /recording|outbox/.test(l)).join('\n')}`, () => row(`SELECT why FROM unrecorded_call WHERE call_id = '${callId}'`)), /^record_(write|open)_failed$/);
  }
  assert.equal(await errors(), before_it + 2);
  rmSync(ballast);
  const third = await talk();
  await third.caller.hangUp();
  await finish();
  await until('recorded again', () => row(`SELECT state || error FROM recording WHERE call_id = '${third.callId}'`) === 'closed');
  console.log('lost: 2 recordings, both listed with the reason - the disk of the recordings full (3 calls answered, each once; the third recording whole)');
});

test('killed while PostgreSQL is away, in a recorded talk: started without it, takes calls; afterwards no journalled fact is lost or doubled', async () => {
  const first = await talk();
  const path = await until('the recording', () => {
    const relative = row(`SELECT path FROM recording WHERE call_id = '${first.callId}'`);
    return relative && existsSync(join(region.state, 'recordings', relative)) && join(region.state, 'recordings', relative);
  });
  region.run('scripts/pg', ['stop', region.pgDir]);
  await leader.waitFor('store', (s) => s.available === false);
  const waiting = dial(); // its facts are in the outbox only
  await waiting.waitFor('key_sent');
  await leader.waitFor('waiting', (w) => w.calls.length === 1, 30000);
  await until('journalled', async () => (await (await fetch(`${region.base}/metrics`)).text()).match(/hotlined_facts_pending (\d+)/)?.[1] > 3);
  const last = leader.events.findLast((e) => e.id).id;
  const killed = Date.now();
  const answered = agent.document.call.answered_ms;
  await region.stopDaemon('SIGKILL');
  waiting.kill();
  first.caller.kill();
  await agent.line.kill();
  await agent.person.close();
  await leader.close();

  for (const [channel, hz] of [[1, 440], [2, 1000]]) {
    const heard = share(path, channel, hz);
    assert.ok(heard.share > 0.5, `${hz} Hz in channel ${channel} of the last second: ${heard.share}`);
    const spoken = (killed - answered) / 1000;
    assert.ok(heard.seconds > spoken - 6 && heard.seconds < spoken + 1, `${heard.seconds} s on disk of ${spoken} s (the announcement comes first)`);
  }

  const began = Date.now();
  region.log = '';
  const ready = region.startDaemon();
  ready.catch(() => {});
  await until('taking calls', () => region.log.includes('event=ready'), 30000);
  console.log(`# taking calls ${Date.now() - began} ms after the start, PostgreSQL away, with sanitizers`);
  const blind = dial();
  await blind.waitFor('audio');
  await blind.hangUp();
  region.run('scripts/pg', ['start', region.pgDir]);
  await ready;
  await whole(first.callId);
  assert.equal(row(`SELECT outcome, end_reason FROM call WHERE call_id = '${first.callId}'`), 'answered|error');
  const lost = await until('the waiting call closed', () => row(`SELECT call_id, outcome, end_reason FROM call WHERE caller_no = '${waiting.from}' AND t_end IS NOT NULL`), 60000);
  assert.match(lost, /\|lost\|error$/);
  const seen = kinds(lost.split('|')[0]);
  for (const kind of ['call_begin', 'ivr_begin', 'ivr_key', 'ivr_end', 'queue_enter']) assert.equal(seen[kind], '1', `${kind}: ${JSON.stringify(seen)}`);
  await until('the blind call', () => row(`SELECT outcome FROM call WHERE caller_no = '${blind.from}'`) === 'ivr_abandon', 60000);
  assert.equal(row('SELECT count(*) - count(DISTINCT id) FROM fact'), '0');
  console.log(`lost: nothing - killed while PostgreSQL was away (${row('SELECT count(*) FROM call')} calls and ${row('SELECT count(*) FROM fact')} facts, each once; the recording to its last second)`);
  assert.equal((await leader.raw('GET', '/me')).status, 200, 'the session survived');
  await leader.listen(last);
  assert.equal(leader.seen('hello').data.replayed, false, 'numbers of the process before mean nothing: the page fetches anew');
  const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
  const totals = [];
  for (const source of ['rollup', 'facts']) {
    const report = await leader.get(`/reports/voice_service?from=${today}&to=${today}&source=${source}`);
    assert.equal(report.check, 0);
    totals.push(report.total);
  }
  assert.deepEqual(totals[0], totals[1]);
});

test('SIGTERM with a talk: new calls get 503 with Retry-After; a second SIGTERM ends at once and cleanly, the caller gets BYE', async () => {
  await newAgent();
  const { caller, callId } = await talk();
  region.daemon.kill('SIGTERM');
  await until('draining', () => region.log.includes('event=draining'));
  await Sipp.run(region, 'refused', { fill: { status: '503', header: 'Retry-After:', value: '[0-9]', extra: 'Supported: timer' } });
  assert.equal(caller.code, undefined, 'the talk goes on');
  const began = Date.now();
  region.daemon.kill('SIGTERM');
  const exit = await region.exited;
  console.log(`# ended ${Date.now() - began} ms after the second signal`);
  assert.deepEqual(exit, { code: 0, signal: null });
  assert.ok(Date.now() - began < 15000);
  await caller.exited;
  assert.ok(caller.seen('bye_received'), caller.events.map((e) => e.event).join());
  await until('closed in the database', () => row(`SELECT outcome, end_reason FROM call WHERE call_id = '${callId}' AND t_end IS NOT NULL`));
  await until('its recording, too', () => row(`SELECT state FROM recording WHERE call_id = '${callId}'`) === 'closed');
  region.exit = undefined;
  await agent.line.kill();
  await agent.person.close();
  await region.startDaemon();
});
