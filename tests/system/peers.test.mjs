// PLAT-02 with peers that share no line with us: baresip as the taxpayer's telephone and as the agent's desk phone, and
// Kamailio before the trunk, which record-routes and changes the transport. Both directions over UDP, TCP and TLS.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PASSWORD, Person, until } from './lib/region.mjs';
import { SipRegion } from './lib/sip_region.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Kamailio } from './lib/kamailio.mjs';
import { samplesOf, shareOf } from './lib/sound.mjs';

const SERVICE = '07711236601', OUTSIDE = '13977100001', EXTENSION = '011001';
const TAXPAYER_HZ = 440, AGENT_HZ = 700;
const TRANSPORTS = ['udp', 'tcp', 'tls'];
let region, agent, proxy, tls, desk;
const taxpayers = {};

before(async () => {
  region = await SipRegion.start({ env: { SIP_MD5_ONLY: 1 } }); // baresip 1.0 knows no other digest, and gives up where one is offered;
  tls = join(region.dir, 'state/tls');
  agent = await Person.signIn(region, 'nanning', 'a1001');
  await agent.listen();
  for (const [i, answers] of [[0, false], [1, true]])
    taxpayers[answers] = await Baresip.start(region.dir, { user: `1397710000${i}`, hz: TAXPAYER_HZ, answers });
});
after(async () => {
  for (const one of [...Object.values(taxpayers), desk, proxy]) await one?.close();
  await agent?.close();
  await region?.stop();
});

const state = (name, timeout_ms) => agent.waitFor('agent', (d) => d === agent.seen('agent').data && d.state === name, timeout_ms);

// The proxy between the carrier's telephones and us, its inner side over the transport; the trunk leads to it.
async function standBetween(transport) {
  const ours = transport === 'tls' ? region.tlsPort : region.sipPort;
  const ways = { service: SERVICE, daemon: `127.0.0.1:${ours};transport=${transport}`, carrier: `127.0.0.1:${taxpayers.true.port};transport=udp` };
  if (proxy) await proxy.change(ways);
  else proxy = await Kamailio.start(tls, ways);
  region.sql(`UPDATE trunk SET transport = '${transport}', host = '127.0.0.1', port = ${transport === 'tls' ? proxy.tlsPort : proxy.port} WHERE name = '本机演示中继'`);
  await region.configured();
}

// The agent's telephone registers over the same transport and takes every call.
async function sitDown(transport) {
  const ours = transport === 'tls' ? region.tlsPort : region.sipPort;
  await desk?.close();
  desk = await Baresip.start(region.dir, { user: EXTENSION, password: PASSWORD, registrar: `127.0.0.1:${ours}`, transport, hz: AGENT_HZ, answers: true, cafile: join(tls, 'cafile.pem') });
  await until('the line is up', async () => (await agent.raw('POST', '/agent/sign-in', { line: 'phone', move: true })).body.line?.state === 'up');
}

// Somebody hears the other one's tone, for half a second without a break.
const hears = (who, hz) => until(`${who.user} hears ${hz} Hz`, () => {
  const heard = who.heard();
  return heard.length >= 4000 && shareOf(heard, hz, heard.length - 4000) > 0.9;
}, 30000, 100);

// The pieces of a call's recording: taxpayers left, the agent right, nothing of the other.
async function recorded(callId) {
  await until('recording closed', () => region.sql(`SELECT count(*) FROM recording WHERE call_id = '${callId}' AND state = 'closed'`) === '1');
  const id = region.sql(`SELECT recording_id FROM recording WHERE call_id = '${callId}'`);
  const leader = await Person.signIn(region, 'nanning', 'leader');
  const answer = await fetch(`${region.base}/api/v1/recordings/${id}/audio`, { headers: { cookie: leader.cookie } });
  assert.equal(answer.status, 200);
  const bytes = Buffer.from(await answer.arrayBuffer());
  for (const [channel, hz, other] of [[0, TAXPAYER_HZ, AGENT_HZ], [1, AGENT_HZ, TAXPAYER_HZ]]) {
    const samples = samplesOf(bytes, channel), windows = [];
    for (let at = 0; at + 1600 <= samples.length; at += 1600) windows.push([shareOf(samples, hz, at, at + 1600), shareOf(samples, other, at, at + 1600)]);
    const own = windows.filter(([share]) => share > 0.9).length;
    assert.ok(own >= 3, `track ${channel} has ${hz} Hz in ${own} of ${windows.length} fifths of a second`);
    assert.ok(windows.every(([, share]) => share < 0.05), `track ${channel} has nothing of ${other} Hz: ${windows.map(([, share]) => share.toFixed(2))}`);
  }
}

async function summed() {
  await state('acw');
  await agent.post('/agent/wrap-up/done');
  await agent.put('/agent/state', { state: 'busy' });
}

// Every request in the dialog went through the proxy, inside over the transport.
function cameBack(transport, methods, log = proxy.passed()) {
  for (const [method, inside] of methods)
    assert.ok(log.includes(`${method}/${inside ? transport : 'udp'}`), `${method} over ${inside ? transport : 'udp'} went through the proxy: ${log.join(' ')}`);
}

for (const transport of TRANSPORTS) {
  test(`PLAT-02 a taxpayer's baresip calls through a record-routing Kamailio over ${transport}, presses a key and talks to an agent's baresip registered over ${transport}; he hangs up`, async () => {
    await standBetween(transport);
    await sitDown(transport);
    await agent.put('/agent/state', { state: 'ready' });
    const taxpayer = taxpayers.false;
    taxpayer.forget();
    taxpayer.dial(`sip:${SERVICE}@127.0.0.1:${proxy.port}`);
    await taxpayer.waitFor('CALL_ESTABLISHED');
    await until('the menu hears a key', () => { taxpayer.command('sndcode', '1'); return agent.seen('agent', (d) => ['ring', 'talk'].includes(d.state)); }, 30000, 400);
    await state('talk');
    const callId = agent.seen('agent').data.call.call_id;
    assert.equal(agent.seen('agent').data.call.party_no, taxpayer.user);
    await hears(taxpayer, AGENT_HZ);
    await hears(desk, TAXPAYER_HZ);
    taxpayer.hangUp();
    await summed();
    await recorded(callId);
    await until('the call is in the books', () => region.sql(`SELECT end_reason FROM call WHERE call_id = '${callId}'`) === 'caller');
    cameBack(transport, [['INVITE', false], ['ACK', false], ['BYE', false]]);
  });

  test(`PLAT-02 an agent's baresip calls out over a ${transport} trunk through Kamailio; the far baresip puts him on hold and takes him back; he hangs up`, async () => {
    const taxpayer = taxpayers.true;
    taxpayer.forget();
    await agent.post('/agent/calls', { number: OUTSIDE });
    await taxpayer.waitFor('CALL_ESTABLISHED', 30000);
    await until('connected', () => agent.seen('agent').data.state === 'talk' && !agent.seen('agent').data.call.dialing);
    const callId = agent.seen('agent').data.call.call_id;
    await hears(taxpayer, AGENT_HZ);
    await hears(desk, TAXPAYER_HZ);
    taxpayer.command('hold');
    await until('silence at the agent', () => { const heard = desk.heard(); return shareOf(heard, TAXPAYER_HZ, heard.length - 4000) < 0.1; });
    taxpayer.command('resume');
    await hears(desk, TAXPAYER_HZ);
    await hears(taxpayer, AGENT_HZ);
    await agent.post(`/agent/calls/${callId}/hangup`);
    await taxpayer.waitFor('CALL_CLOSED');
    await summed();
    await recorded(callId);
    cameBack(transport, [['INVITE', true], ['ACK', true], ['INVITE', false], ['BYE', true]]);
  });
}

test('XFER-04 XFER-01 CC-04 CC-13 PLAT-02 the baresip of an agent holds a caller and takes him back, asks another baresip through Kamailio and passes the caller on to it, asked first and blind', async () => {
  await standBetween('udp');
  await sitDown('udp');
  const [caller, other] = [taxpayers.false, taxpayers.true];
  const silent = (who, hz, what) => until(what, () => { const heard = who.heard(); return heard.length >= 4000 && shareOf(heard, hz, heard.length - 4000) < 0.1; }, 20000, 100);
  for (const how of ['consult', 'transfer']) {
    [caller, other].forEach((one) => one.forget());
    await agent.put('/agent/state', { state: 'ready' });
    caller.dial(`sip:${SERVICE}@127.0.0.1:${proxy.port}`);
    await caller.waitFor('CALL_ESTABLISHED');
    await until('the menu hears a key', () => { caller.command('sndcode', '1'); return agent.seen('agent', (d) => d === agent.seen('agent').data && ['ring', 'talk'].includes(d.state)); }, 30000, 400);
    await state('talk');
    const callId = agent.seen('agent').data.call.call_id;
    const act = (verb, body) => agent.post(`/agent/calls/${callId}/${verb}`, body);
    const both = () => Promise.all([hears(caller, AGENT_HZ), hears(desk, TAXPAYER_HZ)]);
    await both();
    await act('hold');
    await Promise.all([silent(desk, TAXPAYER_HZ, 'who is held is not heard'), silent(caller, AGENT_HZ, 'and hears music')]);
    await act('retrieve');
    await both();
    if (how === 'consult') {
      await act('consult', { number: OUTSIDE });
      await other.waitFor('CALL_ESTABLISHED', 30000);
      await until('they talk', () => agent.seen('agent').data.call?.consult?.state === 'talking');
      await Promise.all([hears(other, AGENT_HZ), silent(caller, AGENT_HZ, 'the caller hears music')]);
      await act('consult/complete');
    } else {
      await act('transfer', { number: OUTSIDE });
      await other.waitFor('CALL_ESTABLISHED', 30000);
    }
    await state('acw');
    await Promise.all([hears(caller, TAXPAYER_HZ), hears(other, TAXPAYER_HZ)]); // the two outside say the same tone
    (how === 'consult' ? caller : other).hangUp();
    await Promise.all([caller, other].map((one) => one.waitFor('CALL_CLOSED')));
    await summed();
    await until('the other leg is in the books', () => region.sql(`SELECT purpose || ' ' || outcome || ' ' || passed FROM outside_leg WHERE call_id = '${callId}'`) === 'pass answered true');
    await until('and the call', () => region.sql(`SELECT end_reason FROM call WHERE call_id = '${callId}'`) === (how === 'consult' ? 'caller' : 'transfer_done'));
  }
  cameBack('udp', [['INVITE', true], ['ACK', true], ['BYE', true]]);
});
