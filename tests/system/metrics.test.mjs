// /metrics against docs/metrics.md and a real call; a flood of strangers is counted, not written out.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Person, Region, ROOT, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';

let region;
before(async () => { region = await Region.start(); });
after(async () => region?.stop());

const text = async () => (await fetch(`${region.base}/metrics`)).text();
async function value(series) {
  const line = (await text()).split('\n').find((l) => l.startsWith(`${series} `));
  assert.ok(line, `no series ${series}`);
  return Number(line.split(' ')[1]);
}

test('every metric is described once, in the format and in docs/metrics.md (NFR-04)', async () => {
  const page = await text();
  const names = [...page.matchAll(/^# TYPE (\S+) (counter|gauge)$/gm)].map((m) => m[1]);
  assert.deepEqual(names, [...new Set(names)], 'one TYPE for each');
  for (const line of page.trim().split('\n')) assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?\d+)$/);
  const described = [...new Set([...readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(/^\|.*?\|/gm)].flatMap((m) => m[0].match(/hotlined_\w+/g) ?? []))];
  assert.deepEqual([...names].sort(), described.sort());
});

test('a call is seen waiting, talking and ended; so are agent, reader, legs and answers', async () => {
  const agent = await Agent.start(region, 'nanning', 'a1001', { lineArgs: ['--tone', '1000'], ready: false });
  assert.equal(await value('hotlined_agents{state="busy"}'), 1);
  assert.equal(await value('hotlined_event_readers'), 1);
  const caller = Caller.start(region, { to: '07711236601', args: ['--keys', '1', '--tone', '440', '--detect-tone', '1000'] });
  await until('waiting', async () => await value('hotlined_calls_waiting') === 1);
  await agent.ready();
  const { call } = await agent.ring();
  await agent.answer(call.call_id);
  await caller.waitFor('tone');
  for (const [series, wanted] of [['hotlined_calls', 1], ['hotlined_calls_waiting', 0], ['hotlined_calls_talking', 1], ['hotlined_agents{state="talk"}', 1],
    ['hotlined_calls_total{direction="in"}', 1], ['hotlined_media_legs', 2], ['hotlined_store_available', 1]]) assert.equal(await value(series), wanted, series);
  await caller.hangUp();
  await agent.waitState('acw');
  assert.equal(await value('hotlined_calls_ended_total{direction="in",outcome="answered"}'), 1);
  assert.ok(await value('hotlined_media_packets_received_total') > 0);
  assert.equal(await value('hotlined_recording_errors_total'), 0);
  const before_it = await value('hotlined_http_requests_total{class="4xx"}');
  await new Person(region).raw('GET', '/me');
  assert.equal(await value('hotlined_http_requests_total{class="4xx"}'), before_it + 1);
  await until('all shipped', async () => await value('hotlined_facts_pending') === 0);
  await agent.close();
});

// Sends INVITEs from a plain socket and acknowledges the refusals. Gives the statuses.
async function flood(count, { from = '13877100001', to, more = '', address = '127.0.0.1' }) {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  const { port } = socket.address();
  const answers = new Map();
  const send = (lines) => socket.send(`${lines.join('\r\n')}\r\n\r\n`, region.sipPort, '127.0.0.1');
  socket.on('message', (message) => {
    const lines = String(message).split('\r\n');
    const status = Number(lines[0].split(' ')[1]);
    if (status < 200) return;
    const header = (name) => lines.find((l) => l.toLowerCase().startsWith(`${name}:`));
    answers.set(header('call-id'), status);
    send([`ACK sip:${to}@127.0.0.1 SIP/2.0`, header('via'), header('from'), header('to'), header('call-id'), 'CSeq: 1 ACK', 'Max-Forwards: 70', 'Content-Length: 0']);
  });
  for (let i = 0; i < count; i++) {
    const id = `${port}-${i}`;
    send([`INVITE sip:${to}@127.0.0.1 SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${id}`, `From: <sip:${from}@127.0.0.1>;tag=${id}`,
      `To: <sip:${to}@127.0.0.1>`, `Call-ID: ${id}`, 'CSeq: 1 INVITE', `Contact: <sip:x@127.0.0.1:${port}>`, 'Max-Forwards: 70', ...(more ? [more] : []), 'Content-Length: 0']);
  }
  await until('all answered', () => answers.size === count);
  socket.close();
  return [...answers.values()];
}

// At most five lines in any second of one reason, and what was left out stands in the summaries.
async function bounded(count, line, why) {
  const said = () => region.log.split('\n').filter((l) => l.includes(line) && !l.includes('withheld='));
  const withheld = () => region.log.split('\n').filter((l) => l.includes(` why=${why} withheld=`)).reduce((sum, l) => sum + Number(/withheld=(\d+)/.exec(l)[1]), 0);
  await until('the rest is summed up', () => said().length + withheld() === count);
  assert.ok(said().length < count / 2, `${said().length} lines`);
  const times = said().map((l) => Date.parse(/time=(\S+)/.exec(l)[1]));
  for (let i = 5; i < times.length; i++) assert.ok(times[i] - times[i - 5] >= 990, 'six lines within a second');
}

test('a flood of calls to unknown numbers: each 404 and counted, few lines (PLAT-02)', async () => {
  assert.deepEqual(new Set(await flood(60, { to: '0000' })), new Set([404]));
  assert.equal(await value('hotlined_calls_refused_total{reason="unknown_number"}'), 60);
  await bounded(60, 'event=refused trunk=', 'unknown_number');
});

test('a flood of strangers, and of wrong credentials of a trunk: the same (PLAT-02)', async () => {
  region.sql("UPDATE trunk SET host = '203.0.113.9', allowed_ips = '203.0.113.9'");
  await until('the trunk is elsewhere', async () => (await flood(1, { to: '0000' }))[0] === 403);
  const known = await value('hotlined_sip_refused_total{reason="no_trunk"}');
  // Ten each: who tries more often is banned (hostile_scanner.test.mjs).
  const addresses = [1, 2, 3, 4, 5, 6].map((n) => `127.0.7.${n}`);
  assert.deepEqual(new Set((await Promise.all(addresses.map((address) => flood(10, { to: '07711236601', address })))).flat()), new Set([403]));
  assert.equal(await value('hotlined_sip_refused_total{reason="no_trunk"}'), known + 60);
  await bounded(known + 60, 'event=stranger source=', 'no_trunk');
  region.sql("UPDATE trunk SET host = '127.0.0.1', allowed_ips = '127.0.0.0/8', in_username = 'tax', in_password = 'secret-1'");
  await until('the trunk must sign', async () => (await flood(1, { to: '07711236601' }))[0] === 401);
  const more = 'Authorization: Digest username="guess", realm="hotlined", nonce="n", uri="sip:x", response="00000000000000000000000000000000"';
  assert.deepEqual(new Set(await flood(60, { to: '07711236601', more })), new Set([403]));
  assert.equal(await value('hotlined_sip_refused_total{reason="wrong_credentials"}'), 60);
  await bounded(60, 'event=auth_failed user=', 'wrong_credentials');
});
