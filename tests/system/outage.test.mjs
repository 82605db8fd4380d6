// What breaks and what must still hold: PostgreSQL away, the daemon killed, stopped and reloaded.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';

const NANNING = '07711236601';
let region, leader, agent;

before(async () => {
  region = await Region.start();
  leader = await Person.signIn(region, 'nanning', 'leader');
  await leader.listen();
  agent = await Agent.start(region, 'nanning', 'a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '440'] });
});
after(async () => {
  await agent?.line.kill();
  await leader?.close();
  await region?.stop();
});

const dial = (from) => Caller.start(region, { from, to: NANNING, args: ['--keys', '1', '--tone', '440', '--detect-tone', '1000'] });

async function talk(from) {
  const caller = dial(from);
  const { call } = await agent.ring();
  await agent.answer(call.call_id);
  await caller.waitFor('tone');
  return { caller, callId: call.call_id };
}
async function finish() {
  await agent.waitState('acw');
  await agent.done();
  await agent.waitState('ready');
}
const count = (table, where) => Number(region.sql(`SELECT count(*) FROM ${table} WHERE ${where}`));

test('PostgreSQL stops for a while: calls come, talk and end; afterwards every fact is there exactly once (PLAT-01)', async () => {
  const first = await talk('13877100101'); // begins while it is there
  region.run('scripts/pg', ['stop', region.pgDir]);
  await leader.waitFor('store', (s) => s.available === false);
  await first.caller.hangUp();
  await finish();
  const second = await talk('13877100102'); // begins and ends while it is away
  await second.caller.hangUp();
  await finish();
  const answer = await leader.raw('GET', '/calls');
  assert.equal(answer.status, 503, 'what needs the database says so');
  assert.equal(answer.body.code, 'store.unavailable');
  assert.match(answer.body.title, /数据库/);
  assert.equal((await leader.raw('GET', '/monitor/wall')).status, 200, 'the wall lives');
  const { data } = leader.seen('store');
  assert.ok(data.pending_facts > 0, 'pages know how much waits');
  region.run('scripts/pg', ['start', region.pgDir]);
  await leader.waitFor('store', (s) => s.available === true, 60000);
  for (const callId of [first.callId, second.callId]) {
    await until('the call is whole', () => count('call', `call_id = '${callId}' AND outcome = 'answered' AND t_end IS NOT NULL`) === 1, 60000);
    await until('its recording', () => count('recording', `call_id = '${callId}' AND state = 'closed'`) === 1);
    assert.equal(count('talk', `call_id = '${callId}'`), 1);
    assert.equal(count('offer', `call_id = '${callId}' AND outcome = 'answered'`), 1);
    assert.equal(count('queue_visit', `call_id = '${callId}' AND outcome = 'answered'`), 1);
    assert.equal(count('ivr_key', `call_id = '${callId}' AND key = '1'`), 1);
  }
  await until('nothing waits', () => leader.seen('store')?.data.pending_facts === 0, 60000);
  const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
  for (const source of ['rollup', 'facts']) {
    const report = await leader.get(`/reports/voice_service?from=${today}&to=${today}&source=${source}`);
    assert.equal(report.check, 0);
    assert.equal(report.total.ans, 2, source);
  }
});

test('killed in the middle of a recorded talk: back in seconds, nothing journalled is lost, the recording plays to its last second (CC-05)', async () => {
  const { caller, callId } = await talk('13877100103');
  const path = await until('the recording on disk', () => {
    const line = region.sql(`SELECT path FROM recording WHERE call_id = '${callId}'`);
    return line && existsSync(join(region.dir, 'state/recordings', line)) && join(region.dir, 'state/recordings', line);
  });
  await until('three seconds of it', () => readFileSync(path).length > 3 * 16000);
  const facts = Number(region.sql('SELECT count(*) FROM fact'));
  await region.stopDaemon('SIGKILL');
  caller.kill();
  const onDisk = readFileSync(path);
  const began = Date.now();
  await region.startDaemon();
  console.log(`# ready ${Date.now() - began} ms after the start (with sanitizers)`);
  const data = onDisk.indexOf('data');
  assert.equal(onDisk.toString('latin1', 0, 4), 'RIFF');
  assert.ok(onDisk.readUInt32LE(data + 4) > 2 * 16000, 'the header counts what was written');
  const closed = await until('the call closed', () => region.sql(`SELECT outcome || ' ' || end_reason FROM call WHERE call_id = '${callId}' AND t_end IS NOT NULL`));
  assert.equal(closed, 'answered error');
  assert.ok(Number(region.sql('SELECT count(*) FROM fact')) >= facts);
  assert.equal(count('talk', `call_id = '${callId}' AND t_rel IS NULL`), 0);
  assert.equal((await leader.raw('GET', '/me')).status, 200, 'sessions survive');
  const recording = (await leader.get(`/calls/${callId}`)).recordings[0];
  const audio = await fetch(`${region.base}/api/v1/recordings/${recording.recording_id}/audio?side=left`, { headers: { cookie: leader.cookie } });
  const wav = Buffer.from(await audio.arrayBuffer());
  assert.equal(audio.status, 200);
  assert.ok(wav.length > 2 * 16000, 'the caller is heard up to the kill');
  assert.ok(wav.subarray(wav.length - 8000).some((byte) => byte !== 0), 'also in the last half second');
  await leader.close();
  await leader.listen();
  await agent.close();
  agent = await Agent.start(region, 'nanning', 'a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '440'] });
});

test('while the daemon starts a page hears "starting" or the truth, never a refusal or an error', async () => {
  const call = '01a21485-82e8-77bc-9b81-39d7a58a4a51';
  const other = await Person.signIn(region, 'nanning', 'a1003'); // a1001 has a line that a kill would end
  await other.put(`/drafts/${call}`, { document: { typed: 1 } });
  const answers = new Set();
  let over = false;
  const asking = (async () => {
    while (!over) for (const [method, body] of [['GET'], ['PUT', { document: { typed: 1 } }]]) {
      const answer = await other.raw(method, `/drafts/${call}`, body).catch(() => undefined); // nobody listens
      if (answer) answers.add(answer.status);
    }
  })();
  await agent.line.kill();
  await region.stopDaemon('SIGKILL');
  await region.startDaemon();
  await until('it answers again', async () => (await other.raw('GET', `/drafts/${call}`)).status === 200);
  over = true;
  await asking;
  for (const status of answers) assert.ok([200, 204, 503].includes(status), `${[...answers]}`);
  await leader.close();
  await leader.listen();
  agent = await Agent.start(region, 'nanning', 'a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '440'] });
});

test('the configuration is read again on SIGHUP; what needs a restart is named, what is wrong is refused', async () => {
  const text = readFileSync(region.config, 'utf8');
  writeFileSync(region.config, text.replace('log_level = "info"', 'log_level = "debug"').replace('workers = 2', 'workers = 3'));
  region.daemon.kill('SIGHUP');
  await until('reloaded', () => /event=reloaded needs_restart=\S*workers/.test(region.log));
  writeFileSync(region.config, text.replace('log_level = "info"', 'log_level = "loud"'));
  region.daemon.kill('SIGHUP');
  await until('refused', () => /event=reload_refused \S*log_level/.test(region.log));
  writeFileSync(region.config, text);
  region.daemon.kill('SIGHUP');
  await until('good again', () => (region.log.match(/event=reloaded/g) || []).length === 2);
});

test('PLAT-04 SIGTERM drains: /readyz says so, no new call is taken, the talk goes on to its end, then the daemon ends by itself', async () => {
  const { caller } = await talk('13877100104');
  const health = async (path) => { const answer = await fetch(`${region.base}${path}`); return [answer.status, (await answer.text()).trim()]; };
  assert.deepEqual([await health('/healthz'), await health('/readyz')], [[200, 'ok'], [200, 'ready']]);
  region.daemon.kill('SIGTERM');
  await until('draining', () => region.log.includes('event=draining'));
  const refused = dial('13877100105');
  const answer = await refused.waitFor('refused');
  assert.equal(answer.status, 503);
  assert.deepEqual([await health('/healthz'), await health('/readyz')], [[200, 'ok'], [503, 'draining']]);
  assert.equal(caller.seen('ended'), undefined, 'the talk goes on');
  await caller.hangUp();
  const exit = await region.exited;
  assert.deepEqual(exit, { code: 0, signal: null });
  region.daemon = undefined;
  region.exit = undefined;
  region.log = '';
  await agent.line.kill();
});

test('started while PostgreSQL is away it takes calls with the last configuration (PLAT-01)', async () => {
  region.run('scripts/pg', ['stop', region.pgDir]);
  const ready = region.startDaemon(); // ready needs the sessions: not before the database is back
  ready.catch(() => undefined);
  await until('taking calls', () => region.log.slice(-4000).includes('event=ready'));
  const caller = dial('13877100106');
  await caller.waitFor('answered');
  await caller.waitFor('audio');
  await caller.hangUp();
  region.run('scripts/pg', ['start', region.pgDir]);
  await ready;
  await until('its fact is there', () => count('call', "caller_no = '13877100106' AND t_end IS NOT NULL") === 1, 60000);
});

// What a NAT or SBC does that was told to pass on some ports as they are: whoever speaks to OUTSIDE is heard by the daemon
// from another address, and gets its answers from OUTSIDE.
const OUTSIDE = '127.0.0.9', BETWEEN = '127.0.0.8';
async function nat(ports) {
  const sockets = [], wall = { passed: 0, close: () => sockets.forEach((s) => s.close()) };
  for (const port of ports) {
    const outer = createSocket('udp4'), inner = new Map();
    sockets.push(outer);
    outer.on('message', (packet, from) => {
      const who = `${from.address}:${from.port}`;
      if (!inner.has(who)) {
        const socket = createSocket('udp4').on('message', (back) => outer.send(back, from.port, from.address));
        inner.set(who, once(socket.bind(0, BETWEEN), 'listening').then(() => socket));
        sockets.push(socket);
      }
      if (port !== ports[0]) wall.passed++; // the first is SIP
      void inner.get(who).then((socket) => socket.send(packet, port, '127.0.0.1'));
    });
    outer.bind(port, OUTSIDE);
    await once(outer, 'listening');
  }
  return wall;
}

test('PLAT-04 behind a NAT that passes on the SIP port and a fixed range of RTP ports, a call is heard both ways', async () => {
  await region.stopDaemon();
  const first = region.env.RTP_MIN, last = first + 19;
  const text = readFileSync(region.config, 'utf8').replace('public_address = "127.0.0.1"', `public_address = "${OUTSIDE}"`).replace(/port_max = \d+/, `port_max = ${last}`)
    .replace(/(sip: \{\s+listen = "[^"]+";)/, `$1\n    public_host = "${OUTSIDE}";`);
  writeFileSync(region.config, text);
  await region.startDaemon();
  const wall = await nat([region.sipPort, ...Array.from({ length: 20 }, (_, i) => first + i)]);
  try {
    const caller = Caller.start(region, { from: '13877100107', to: NANNING, args: ['--server', `${OUTSIDE}:${region.sipPort}`, '--tone', '440', '--keys', '1'] });
    await caller.waitFor('answered');
    await caller.waitFor('audio');
    await until('his key was heard through it', () => count('ivr_key', "key = '1' AND call_id IN (SELECT call_id FROM call WHERE caller_no = '13877100107')") === 1, 60000);
      await caller.hangUp();
    await until('its end was heard', () => count('call', "caller_no = '13877100107' AND t_end IS NOT NULL AND end_reason = 'caller'") === 1, 60000);
  } finally {
    wall.close();
  }
});
