// Desk phones (PLAT-02, PLAT-01): registration with digest, NAT, ringing, talking, refusing, getting lost.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Phone } from './lib/phone.mjs';
import { closeFarSides } from './lib/sipp.mjs';

const NANNING = '07711236601';
let region, agent, leader, phone;
let people = 13977000000;
const open = [];

before(async () => {
  region = await Region.start();
  agent = await Person.signIn(region, 'nanning', 'a1001');
  leader = await Person.signIn(region, 'nanning', 'leader');
  await Promise.all([agent.listen(), leader.listen()]);
  phone = await Phone.start(region, { user: '011001' });
});
after(async () => {
  closeFarSides();
  for (const one of open) one.kill?.();
  phone?.close();
  await agent?.close();
  await leader?.close();
  await region?.stop();
});

const state = (name, timeout_ms) => agent.waitFor('agent', (d) => d === agent.seen('agent').data && d.state === name, timeout_ms);
const ready = () => agent.put('/agent/state', { state: 'ready' });
// A caller who has chosen the queue.
function dial() {
  const caller = Caller.start(region, { from: String(++people), to: NANNING, args: ['--keys', '1', '--tone', '440'] });
  caller.from = String(people);
  open.push(caller);
  return caller;
}
const offers = (from) => region.sql(`SELECT string_agg(o.outcome, ',' ORDER BY o.t_ring) FROM offer o JOIN call c USING (call_id) WHERE c.caller_no = '${from}'`);
const outcome = (from) => until(`the end of ${from}`, () => region.sql(`SELECT outcome || ' ' || end_reason FROM call WHERE caller_no = '${from}' AND t_end IS NOT NULL`));
// A caller rings the phone; gives the caller when the phone has rung.
async function ringing() {
  const caller = dial();
  await ready();
  await phone.ringing(30000);
  await state('ring');
  return caller;
}
// After a talk: no summary is needed in the seed.
async function done() {
  await state('acw');
  await agent.post('/agent/wrap-up/done');
  await state('ready');
  await agent.put('/agent/state', { state: 'busy' });
}

test('without a registered phone nobody signs in with one', async () => {
  const answer = await agent.raw('POST', '/agent/sign-in', { line: 'phone' });
  assert.equal(answer.status, 409, JSON.stringify(answer.body));
});

for (const algorithm of ['MD5', 'SHA-256'])
  test(`REGISTER with digest ${algorithm}; the strong one is offered first`, async () => {
    const answer = await phone.register({ algorithm });
    assert.equal(answer.status, 200, answer.first);
    assert.deepEqual(phone.offered, ['SHA-256', 'MD5']);
    assert.match(answer.get('contact'), new RegExp(`<${phone.contact}>;expires=(600|599)`));
  });

test('a wrong password, an unknown extension and a foreign one are refused alike', async () => {
  for (const user of ['011001', '999999', '021001']) {
    const stranger = await Phone.start(region, { user, password: 'falsch' });
    assert.equal((await stranger.register()).status, 403);
    assert.deepEqual(stranger.offered, ['SHA-256', 'MD5'], 'nothing is to be learnt from the challenge');
    stranger.close();
  }
  await until('the log line', () => /auth_failed.*user=011001.*wrong_credentials/.test(region.log));
});

test('the agent signs in with line "phone": his line is up', async () => {
  const document = await agent.post('/agent/sign-in', { line: 'phone' });
  assert.equal(document.line.kind, 'phone');
  assert.equal(document.line.state, 'up');
});

test('a call rings the phone with the caller\'s number; answered on the phone both talk, announced and recorded; the phone hangs up', async () => {
  const caller = await ringing();
  assert.match(phone.invite.get('from'), new RegExp(caller.from));
  assert.match(phone.invite.body, /RTP\/AVP 8 0 101/);
  await phone.answer();
  await state('talk');
  await phone.rtp.hears(8, 50); // announcement, then the caller
  await caller.waitFor('audio');
  assert.equal((await phone.hangUp()).status, 200);
  await caller.exited;
  assert.equal(await outcome(caller.from), 'answered agent');
  const recording = () => region.sql(`SELECT state, length_ms FROM recording r JOIN call c USING (call_id) WHERE c.caller_no = '${caller.from}'`);
  await until('recording closed', () => recording().startsWith('closed|'));
  assert.ok(Number(recording().split('|')[1]) > 500, recording());
  assert.equal(offers(caller.from), 'answered');
  await done();
});

test('the caller hangs up: the phone gets BYE', async () => {
  const caller = await ringing();
  await phone.answer();
  await state('talk');
  await caller.waitFor('audio');
  await caller.hangUp();
  await until('BYE', () => phone.bye);
  phone.rtp.close();
  assert.equal(await outcome(caller.from), 'answered caller');
  await done();
});

test('the caller hangs up while the phone rings: the phone gets CANCEL', async () => {
  const caller = await ringing();
  await caller.hangUp();
  await until('CANCEL', () => phone.cancelled);
  assert.equal(await outcome(caller.from), 'ab_ring caller');
  assert.equal(offers(caller.from), 'caller_left');
  await until('no ring', () => agent.seen('agent').data.state !== 'ring');
  await agent.put('/agent/state', { state: 'busy' });
});

test('the phone says busy or declines: rejected, and the caller waits on', async () => {
  const caller = await ringing();
  for (const status of [486, 603]) {
    phone.refuse(status);
    await until('rejected', () => (offers(caller.from) ?? '').includes('rejected'));
    await until('no ring', () => agent.seen('agent').data.state !== 'ring');
    await agent.put('/agent/state', { state: 'busy' });
    if (status === 603) break;
    phone.invite = undefined;
    await ready();
    await phone.ringing();
    await state('ring');
  }
  await until('two', () => offers(caller.from) === 'rejected,rejected');
  assert.equal(caller.code, undefined, 'still waiting');
  await caller.hangUp();
  assert.equal(await outcome(caller.from), 'ab_queue caller');
});

test('nobody lifts the receiver: no_answer, the phone gets CANCEL, the agent is busy with the reason', async () => {
  region.sql('UPDATE queue SET ring_timeout_ms = 2000 WHERE center_id = 2');
  await region.configured();
  phone.invite = phone.cancelled = undefined;
  const caller = await ringing();
  await until('CANCEL', () => phone.cancelled, 30000);
  await until('no_answer', () => offers(caller.from) === 'no_answer');
  await state('busy');
  assert.equal(agent.seen('agent').data.reason, '久不应答');
  await caller.hangUp();
  region.sql('UPDATE queue SET ring_timeout_ms = 20000 WHERE center_id = 2');
});

test('a phone behind NAT: ringing goes to where it registered from, and it is kept alive by OPTIONS', async () => {
  phone.contact = 'sip:011001@192.168.77.77:5060';
  assert.equal((await phone.register()).status, 200);
  phone.invite = undefined;
  const caller = await ringing();
  assert.match(phone.invite.uri, /011001@192\.168\.77\.77/);
  assert.match(phone.seen.find((m) => m.status === 200).get('via'), new RegExp(`received=127.0.0.1|rport=${phone.port}`));
  await phone.answer(); // its ACK and our BYE must find the way as well
  await state('talk');
  await caller.hangUp();
  await until('BYE', () => phone.bye);
  phone.rtp.close();
  await done();
  phone.sendText('\r\n\r\n'); // keep-alive of RFC 5626 harms nobody
  await until('OPTIONS', () => phone.seen.some((m) => m.method === 'OPTIONS'), 45000, 100);
});

test('a phone that unregisters: the line is lost, supervisors see it, no call rings', async () => {
  await until('no ring', () => agent.seen('agent').data.state !== 'ring');
  assert.equal((await phone.register({ expires: 0 })).status, 200);
  await agent.waitFor('agent', (d) => d === agent.seen('agent').data && d.line.state === 'lost');
  await leader.waitFor('seat', (s) => s.agent_no === '1001' && s.line_state === 'lost');
  assert.equal((await agent.raw('PUT', '/agent/state', { state: 'ready' })).status, 409);
  assert.equal((await phone.register()).status, 200);
  await agent.waitFor('agent', (d) => d === agent.seen('agent').data && d.line.state === 'up');
});

test('another password ends the registration', async () => {
  region.sql('UPDATE phone SET ha1_md5 = md5(\'x\'), ha1_sha256 = \'\' WHERE extension = \'011001\'');
  await agent.waitFor('agent', (d) => d === agent.seen('agent').data && d.line.state === 'lost');
  await until('the log line', () => /extension=011001.*registered=no why=new_password/.test(region.log));
});
