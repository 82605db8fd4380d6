// PLAT-02: SIP as the standards have it, with SIPp as the second SIP stack: trunks over UDP, TCP and TLS,
// changes in mid-call, session timers, losses, strangers, credentials, the number plan, broken input.
// The scenarios are tests/system/sipp/*.xml; each can be run by hand against `make demo`.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { connect as tlsConnect, createServer as tlsServer } from 'node:tls';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, PASSWORD, Person, freePort, until } from './lib/region.mjs';
import { SipRegion } from './lib/sip_region.mjs';
import { Agent } from './lib/agent.mjs';
import { Phone } from './lib/phone.mjs';
import { Rtp, Sipp, closeFarSides } from './lib/sipp.mjs';

const NANNING = '07711236601';
const LIUZHOU = '07721236602';
const EXTENSION = '011001';
let region, supervisor, leader;
const slow = {}; // scenarios that take half a minute and more, begun at the start: {run, rtp, caller}

// --- certificates and trunks ----------------------------------------------------------------------

// A trunk of its own for each address of 127.0.0.0/8, so that the tests do not meet.
const TRUNKS = {
  tls: { id: 104, host: '127.0.0.4', port: 5061, transport: 'tls' },
  digest: { id: 105, host: '127.0.0.5', port: 5060, in_username: 'provider', in_password: 'Trunk-12366' },
  list: { id: 106, host: '127.0.0.6', port: 5060, allowed_ips: '127.0.6.0/24, 127.0.0.66' },
  narrow: { id: 107, host: '127.0.0.7', port: 5060, max_channels: 1 },
  plan: { id: 108, host: '127.0.0.8', port: 5060 },
};
const sqlText = (value) => (typeof value === 'number' ? value : `'${String(value).replaceAll("'", "''")}'`);
const addTrunk = (row) => {
  const full = { name: `试验中继${row.id}`, options_interval_s: 0, ...row };
  return `INSERT INTO trunk (${Object.keys(full).join(', ')}) VALUES (${Object.values(full).map(sqlText).join(', ')});`;
};

// The daemon has read what was just written.
function change(sql) {
  region.sql(sql);
  return region.configured();
}

const calls = (caller) => Number(region.sql(`SELECT count(*) FROM call WHERE caller_no = '${caller}'`));
const ended = (caller, count = 1) => until(`${count} ended call(s) of ${caller}`, () =>
  Number(region.sql(`SELECT count(*) FROM call WHERE caller_no = '${caller}' AND t_end IS NOT NULL`)) === count);
let people = 13900000000;
const somebody = () => String(++people);

// One scenario with sound; gives the Sipp (gone well), the two Rtp and who called.
async function play(scenario, { caller = somebody(), here = '127.0.0.1', keys = {}, ...options } = {}) {
  const rtp = await Rtp.open(here);
  const rtp2 = await Rtp.open(here);
  const run = Sipp.run(region, scenario, { here, keys: { caller, rtp: rtp.port, rtp2: rtp2.port, ...keys }, ...options })
    .finally(() => { rtp.close(); rtp2.close(); });
  run.catch(() => {}); // looked at where it is awaited
  return { run, rtp, rtp2, caller };
}
async function whole(scenario, options) {
  const one = await play(scenario, options);
  one.sipp = await one.run;
  return one;
}

before(async () => {
  region = await SipRegion.start({ env: { RTP_TIMEOUT_S: 5 } });
  await change(`UPDATE trunk SET allowed_ips = '127.0.0.1'; ${Object.values(TRUNKS).map(addTrunk).join('\n')}
    INSERT INTO number_plan (called_no, trunk_id, center_id, kind, source, flow_code) VALUES
      ('${NANNING}', 108, 3, 'public', 'direct', 'main'), ('9001', 108, 2, 'public', 'direct', 'main'),
      ('91450200', 108, 3, 'access_code', 'from_12366', 'transfer');`);
  supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  leader = await Person.signIn(region, 'nanning', 'leader');
  await Promise.all([supervisor.listen(), leader.listen()]);
  for (const name of ['refresh_by_them', 'refresh_by_us', 'refresh_by_reinvite', 'session_expires', 'no_ack'])
    slow[name] = await play(name, { timeout_s: 110 });
});
after(async () => {
  closeFarSides();
  await supervisor?.close();
  await leader?.close();
  await region?.stop();
});

// --- transports -----------------------------------------------------------------------------------

test('OPTIONS is answered over UDP and TCP', async () => {
  await Sipp.run(region, 'options', {});
  await Sipp.run(region, 'options', { transport: 'tcp' });
});

for (const transport of ['udp', 'tcp'])
  test(`a call over ${transport.toUpperCase()}: INVITE, 200, ACK, sound, BYE; it is in the call log`, async () => {
    const { caller, rtp } = await whole('call', { transport, hold_ms: 800 });
    assert.ok(rtp.counts[8] > 20, JSON.stringify(rtp.counts));
    await ended(caller);
    assert.equal(region.sql(`SELECT center_id, outcome, end_reason FROM call WHERE caller_no = '${caller}'`), '2|ivr_abandon|caller');
  });

// SIPp of Debian has no TLS: a few lines beside it wrap its TCP in TLS, with a certificate of the test CA.
async function tlsBridge(dir) {
  const ca = readFileSync(join(dir, 'cafile.pem'));
  const server = createServer((near) => {
    const far = tlsConnect({ host: '127.0.0.1', port: region.tlsPort, localAddress: '127.0.0.4', ca, checkServerIdentity: () => undefined });
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('a trunk over TLS: OPTIONS and a whole call inside TLS', async () => {
  const bridge = await tlsBridge(join(region.dir, 'state/tls'));
  const there = `127.0.0.1:${bridge.address().port}`;
  try {
    await Sipp.run(region, 'options', { transport: 'tcp', via: 'TLS', there });
    const { caller } = await whole('call', { transport: 'tcp', via: 'TLS', there });
    await ended(caller);
    assert.equal(region.sql(`SELECT trunk_id FROM call WHERE caller_no = '${caller}'`), '104');
  } finally {
    bridge.close();
  }
});

test('our OPTIONS go to a TLS trunk inside TLS; a trunk with an untrusted certificate is down', async () => {
  const dir = join(region.dir, 'state/tls');
  const answer = (socket) => {
    socket.on('error', () => {}).on('data', (text) => {
      const lines = text.toString().split('\r\n');
      const of = (name) => lines.filter((l) => l.toLowerCase().startsWith(`${name}:`)).join('\r\n');
      if (/^OPTIONS /.test(lines[0]))
        socket.write(`SIP/2.0 200 OK\r\n${of('via')}\r\n${of('from')}\r\n${of('to')};tag=x\r\n${of('call-id')}\r\n${of('cseq')}\r\nContent-Length: 0\r\n\r\n`);
    });
  };
  const good = tlsServer({ cert: readFileSync(join(dir, 'agent.crt')), key: readFileSync(join(dir, 'agent.key')) }, answer);
  good.listen(0, '127.0.0.1');
  await once(good, 'listening');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
    '-keyout', 'bad.key', '-out', 'bad.crt'], { cwd: dir, stdio: 'pipe' });
  const bad = tlsServer({ cert: readFileSync(join(dir, 'bad.crt')), key: readFileSync(join(dir, 'bad.key')) }, answer);
  bad.on('tlsClientError', () => {});
  bad.listen(0, '127.0.0.1');
  await once(bad, 'listening');
  try {
    await change(addTrunk({ id: 120, host: '127.0.0.1', port: good.address().port, transport: 'tls', options_interval_s: 2, allowed_ips: '127.1.0.1' })
      + addTrunk({ id: 121, host: '127.0.0.1', port: bad.address().port, transport: 'tls', options_interval_s: 2, allowed_ips: '127.1.0.2' }));
    await supervisor.waitFor('trunk', (t) => t.trunk_id === 120 && t.state === 'up');
    await supervisor.waitFor('trunk', (t) => t.trunk_id === 121 && t.state === 'down');
  } finally {
    await change('DELETE FROM trunk WHERE id IN (120, 121)');
    good.close();
    bad.close();
  }
});

// --- in the call ----------------------------------------------------------------------------------

test('a CANCEL that crosses our answer: the caller says BYE, nothing is left of the call', async () => {
  const { caller } = await whole('cancel');
  await ended(caller);
});

test('re-INVITE: hold, resume, A-law to µ-law and back, another address; sound follows', async () => {
  const { run, rtp, rtp2, caller } = await play('reinvite', { hold_ms: 1500 });
  await rtp.hears(8);
  await rtp.hears(0);
  await rtp2.hears(8);
  await run;
  await ended(caller);
});

test('INVITE and re-INVITE without description: we offer, the ACK answers', async () => {
  const { run, rtp, rtp2, caller } = await play('late_offer', { hold_ms: 1500 });
  await rtp.hears(8);
  await rtp2.hears(0);
  await run;
  await ended(caller);
});

test('UPDATE with an offer and without', async () => {
  const { caller } = await whole('update');
  await ended(caller);
});

const keysOf = (caller) => region.sql(`SELECT string_agg(k.menu || k.key, ' ' ORDER BY k.seq) FROM ivr_key k JOIN call c USING (call_id) WHERE c.caller_no = '${caller}'`);

test('keys by SIP INFO reach the menu; a foreign INFO is refused with 415', async () => {
  const { caller } = await whole('info');
  await ended(caller);
  assert.equal(keysOf(caller), '主菜单4 办税指引1');
});

test('keys by RFC 4733 reach the menu', async () => {
  const { run, rtp, caller } = await play('call', { hold_ms: 6000 });
  await rtp.hears(8, 5);
  await rtp.key('4');
  await until('first menu', () => keysOf(caller) === '主菜单4');
  await rtp.key('1');
  await until('second menu', () => keysOf(caller) === '主菜单4 办税指引1');
  await run;
  await ended(caller);
});

// --- who may call what ----------------------------------------------------------------------------

const refused = (fill, options) => whole('refused', { fill: { header: 'Call-ID:', value: '.', extra: 'Supported: timer', ...fill }, ...options });

test('a stranger gets 403, and one line of the log says why', async () => {
  const { caller } = await refused({ status: '403' }, { here: '127.0.0.99' });
  const lines = region.log.split('\n').filter((l) => l.includes(caller));
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0], /stranger.*source=127\.0\.0\.99.*why=no_trunk.*called=07711236601/);
  assert.equal(calls(caller), 0);
});

test('a called number that is not ours gets 404, and one line says so', async () => {
  const { caller } = await refused({ status: '404' }, { keys: { called: '0771999' } });
  const lines = region.log.split('\n').filter((l) => l.includes(caller));
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0], /refused.*called=0771999.*status=404/);
});

test('number plan: by called number, by trunk, and by internal access code only where the line names it', async () => {
  const centerOf = async (options) => {
    const { caller } = await whole('call', { hold_ms: 100, ...options });
    await ended(caller);
    return region.sql(`SELECT center_id, source, unit_type FROM call WHERE caller_no = '${caller}'`);
  };
  assert.equal(await centerOf({ keys: { called: NANNING } }), '2|direct|self');
  assert.equal(await centerOf({ keys: { called: LIUZHOU } }), '3|direct|self');
  assert.equal(await centerOf({ keys: { called: NANNING }, here: '127.0.0.8' }), '3|direct|self', 'the trunk has its own row');
  assert.equal(await centerOf({ keys: { called: '9001' }, here: '127.0.0.8' }), '2|direct|self');
  // Nobody takes it yet: a call of another center gets sound (183) until then, so that it can be given back.
  const passedOn = Caller.start(region, { from: '13900000888', to: '91450200', args: ['--local', '127.0.0.8'] });
  await passedOn.waitFor('progress');
  await passedOn.hangUp();
  await ended('13900000888');
  assert.equal(region.sql("SELECT center_id, source, unit_type FROM call WHERE caller_no = '13900000888'"), '3|from_12366|from_12366');
  for (const called of ['91450100', '92450000', '91450200'])
    await refused({ status: '404' }, { keys: { called } });
  await refused({ status: '404' }, { keys: { called: '91450100' }, here: '127.0.0.8' });
  await refused({ status: '404' }, { keys: { called: '9001' } });
});

test('callers without a number are served, too', async () => {
  const before = calls('');
  await Sipp.run(region, 'anonymous', {});
  await until('the call', () => calls('') === before + 1);
  const { caller } = await whole('call', { keys: { caller: 'unknown' }, caller: 'unknown' });
  assert.equal(caller, 'unknown');
  await until('the second call', () => calls('') === before + 2);
});

test('a trunk with digest is challenged; a wrong password gets 403 and no call', async (t) => {
  const far = await Phone.start(region, { user: 'provider', password: 'Trunk-12366', address: '127.0.0.5' });
  t.after(() => far.close());
  for (const algorithm of ['SHA-256', 'MD5']) {
    const caller = somebody();
    assert.equal((await far.call(NANNING, { caller, algorithm })).status, 200);
    await far.rtp.hears(8, 5);
    assert.equal((await far.endCall()).status, 200);
    await ended(caller);
    assert.equal(region.sql(`SELECT trunk_id FROM call WHERE caller_no = '${caller}'`), '105');
  }
  const caller = somebody();
  assert.equal((await far.call(NANNING, { caller, password: 'guess' })).status, 403);
  assert.equal(calls(caller), 0);
  await until('the log line', () => /auth_failed.*user=provider.*source=127\.0\.0\.5.*wrong_credentials/.test(region.log));
});

test('a trunk with a list of networks is known from them and from nowhere else', async () => {
  for (const here of ['127.0.6.7', '127.0.0.66']) {
    const { caller } = await whole('call', { here, hold_ms: 100 });
    await ended(caller);
    assert.equal(region.sql(`SELECT trunk_id FROM call WHERE caller_no = '${caller}'`), '106');
  }
  await refused({ status: '403' }, { here: '127.0.0.6' });
});

test('a full trunk: 503 with Retry-After; free again when the first call is over', async () => {
  const first = await play('call', { here: '127.0.0.7', hold_ms: 3000 });
  await first.rtp.hears(8, 5);
  await refused({ status: '503', header: 'Retry-After:', value: '[0-9]' }, { here: '127.0.0.7' });
  await first.run;
  await whole('call', { here: '127.0.0.7', hold_ms: 100 });
});

// --- health ---------------------------------------------------------------------------------------

test('health check: a trunk that answers is up, one that falls silent is down, supervisors see both', async () => {
  const port = await freePort();
  let far = await Sipp.start(region, 'trunk_alive', { there: `127.0.0.1:${region.sipPort}`, port, calls: 1000 });
  await change(addTrunk({ id: 130, host: '127.0.0.1', port, options_interval_s: 1, allowed_ips: '127.1.0.3' }));
  await supervisor.waitFor('trunk', (t) => t.trunk_id === 130 && t.state === 'up');
  assert.ok(!leader.seen('trunk'), 'trunks are the region\'s business');
  far.kill();
  const down = await supervisor.waitFor('trunk', (t) => t.trunk_id === 130 && t.state === 'down');
  far = await Sipp.start(region, 'trunk_alive', { port, calls: 1000 });
  await until('up again', () => supervisor.events.some((e) => e.at > down.at && e.event === 'trunk' && e.data.trunk_id === 130 && e.data.state === 'up'));
  const wall = await supervisor.get('/monitor/wall');
  assert.equal(wall.trunks.find((t) => t.trunk_id === 130).state, 'up');
  await until('both in the database', () => region.sql('SELECT string_agg(state, \',\' ORDER BY at) FROM trunk_event WHERE trunk_id = 130').startsWith('up,down,up'));
  await change('UPDATE trunk SET enabled = false WHERE id = 130');
  far.kill();
});

test('a trunk that challenges our requests gets our credentials', async () => {
  const port = await freePort();
  const far = await Sipp.start(region, 'trunk_challenges', { port, calls: 2 });
  await change(addTrunk({ id: 131, host: '127.0.0.1', port, options_interval_s: 1, allowed_ips: '127.1.0.4', username: 'hotline', password: 'geheim-12366' }));
  await supervisor.waitFor('trunk', (t) => t.trunk_id === 131 && t.state === 'up');
  await far.good();
  await change('UPDATE trunk SET enabled = false WHERE id = 131');
});

// --- desk phones as far sides ---------------------------------------------------------------------

test('outgoing legs: early media of a desk phone is taken', async (t) => {
  const port = await freePort();
  const keys = { extension: EXTENSION };
  await change(`UPDATE phone SET ha1_sha256 = '' WHERE extension = '${EXTENSION}'`); // SIPp has MD5 only
  await Sipp.run(region, 'register', { port, keys, args: ['-au', EXTENSION, '-ap', PASSWORD] });
  const person = await Person.signIn(region, 'nanning', 'a1001');
  await person.listen();
  t.after(() => person.close());
  await person.post('/agent/sign-in', { line: 'phone' });
  const rtp = await Rtp.open();
  const phone = await Sipp.start(region, 'phone_early', { port, keys: { ...keys, rtp: rtp.port } });
  await person.put('/agent/state', { state: 'ready' });
  const caller = Caller.start(region, { from: somebody(), to: NANNING, args: ['--keys', '1', '--tone', '440'] });
  t.after(() => caller.kill());
  await person.waitFor('agent', (a) => a.state === 'talk', 30000);
  await rtp.hears(8);
  await caller.hangUp();
  await phone.good();
  rtp.close();
});

test('outgoing legs: whatever a desk phone refuses with (3xx to 6xx), the caller waits on', async (t) => {
  const phone = await Phone.start(region, { user: '021001' });
  t.after(() => phone.close());
  assert.equal((await phone.register()).status, 200);
  const person = await Person.signIn(region, 'liuzhou', 'a1001');
  await person.listen();
  t.after(() => person.close());
  await person.post('/agent/sign-in', { line: 'phone' });
  const statuses = [302, 404, 486, 500, 603];
  const callers = statuses.map(() => {
    const from = somebody();
    return Object.assign(Caller.start(region, { from, to: LIUZHOU, args: ['--keys', '1', '--tone', '440'] }), { from });
  });
  t.after(() => callers.forEach((c) => c.kill()));
  await until('all wait', async () => (await supervisor.get('/monitor/wall?center_id=3')).centers[0].waiting.length === statuses.length, 30000);
  await person.put('/agent/state', { state: 'ready' });
  for (const status of statuses) { // who refused is offered the next caller at once
    await phone.ringing();
    phone.refuse(status, 'Refused', status === 302 ? ['Contact: <sip:elsewhere@127.0.0.1:9>'] : []);
    await until(`leg ended with ${status}`, () => new RegExp(`leg_ended.*status=${status} end=2`).test(region.log));
  }
  await person.put('/agent/state', { state: 'busy' });
  const list = callers.map((c) => `'${c.from}'`).join(',');
  await until('five offers', () => region.sql(`SELECT string_agg(DISTINCT o.outcome, ','), count(*) >= 5 FROM offer o JOIN call c USING (call_id) WHERE c.caller_no IN (${list})`) === 'rejected|t');
  for (const caller of callers) assert.equal(caller.code, undefined, 'still waiting');
  await Promise.all(callers.map((c) => c.hangUp()));
  await until('all ended', () => region.sql(`SELECT string_agg(DISTINCT outcome, ','), count(*) FROM call WHERE caller_no IN (${list})`) === 'ab_queue|5');
});

test('a lost peer: in a talk without RTP the leg is ended with a reason; the answer to our BYE is lost, too', async (t) => {
  const agent = await Agent.start(region, 'guilin', 'a1001');
  t.after(() => agent.close());
  const rtp = await Rtp.open();
  const caller = somebody();
  const sipp = await Sipp.start(region, 'deaf', { keys: { caller, called: '07731236603', rtp: rtp.port } });
  await rtp.hears(8, 5);
  await rtp.key('1');
  const { call } = await agent.ring();
  await agent.answer(call.call_id);
  await agent.waitState('talk');
  rtp.mute = true;
  await sipp.good();
  assert.ok(sipp.messages.split(/^BYE /m).length > 3, 'the BYE was repeated');
  await until('the log line', () => region.log.includes(call.call_id) && new RegExp(`no_rtp.*${call.call_id}`).test(region.log));
  await ended(caller);
  assert.equal(region.sql(`SELECT outcome, end_reason FROM call WHERE caller_no = '${caller}'`), 'answered|error');
  rtp.close();
});

// --- broken input ---------------------------------------------------------------------------------

test('broken descriptions get the right status', async () => {
  const bad = (status, type, body) => whole('bad_sdp', { fill: { status, type, body } });
  await bad('415', 'text/plain', 'hello');
  await bad('400', 'application/sdp', 'this is no description');
  await bad('488', 'application/sdp', ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 4000 RTP/AVP 18'].join('\n      '));
  await bad('488', 'application/sdp', ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=video 4000 RTP/AVP 96'].join('\n      '));
});

test('broken SIP disturbs nobody: garbage, half messages, absurd headers, while a call goes on', async () => {
  const { run, rtp, caller } = await play('call', { hold_ms: 4000 });
  await rtp.hears(8, 5);
  const socket = createSocket('udp4');
  const said = [];
  socket.on('message', (text) => said.push(text.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const head = (method, uri, more = '') => `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${Math.random()}\r\nFrom: <sip:1@x>;tag=1\r\nTo: <sip:2@y>\r\nCall-ID: ${Math.random()}\r\nCSeq: 1 ${method}\r\nMax-Forwards: 70\r\n${more}\r\n`;
  const messages = [
    Buffer.alloc(0), Buffer.from([0, 1, 2, 255, 254]), 'INVITE', 'INVITE sip: SIP/2.0\r\n\r\n', 'SIP/2.0 200 OK\r\n\r\n',
    head('INVITE', 'sip:07711236601@127.0.0.1', 'Content-Length: 99999\r\n'), head('INVITE', 'http://x/', ''),
    head('INVITE', 'sip:07711236601@127.0.0.1', `X: ${'a'.repeat(30000)}\r\n`), head('NONSENSE', 'sip:x@127.0.0.1'),
    head('INVITE', `sip:${'9'.repeat(5000)}@127.0.0.1`, 'Content-Type: application/sdp\r\n'),
    head('BYE', 'sip:x@127.0.0.1'), head('ACK', 'sip:x@127.0.0.1'), head('CANCEL', 'sip:x@127.0.0.1'), head('UPDATE', 'sip:x@127.0.0.1'),
    head('REGISTER', 'sip:127.0.0.1', 'Contact: *\r\nAuthorization: Digest username="\r\n'), head('INFO', 'sip:x@127.0.0.1'),
    head('OPTIONS', 'sip:127.0.0.1').replace('CSeq: 1 OPTIONS', 'CSeq: no INVITE'),
    'x'.repeat(60000),
  ];
  for (const message of messages) socket.send(message, region.sipPort, '127.0.0.1');
  const answerTo = (method) => until(`answer to ${method}`, () => said.find((m) => new RegExp(`^CSeq: 1 ${method}\r$`, 'm').test(m) && !/^SIP\/2.0 1/.test(m))?.slice(8, 11));
  assert.equal(await answerTo('BYE'), '481');
  assert.equal(await answerTo('UPDATE'), '481');
  assert.equal(await answerTo('INFO'), '481');
  assert.match(await answerTo('NONSENSE'), /^(405|501)$/);
  const tcp = connect(region.sipPort, '127.0.0.1');
  tcp.on('error', () => {});
  tcp.write(`GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n${'\0'.repeat(9000)}`);
  await rtp.hears(8, 20);
  tcp.destroy();
  socket.close();
  await run;
  await ended(caller);
  await Sipp.run(region, 'options', {});
});

// --- what was begun at the start ------------------------------------------------------------------

test('the ACK is lost: the 200 is repeated, after 32 s the call is ended', async () => {
  const sipp = await slow.no_ack.run;
  await ended(slow.no_ack.caller);
  assert.ok(sipp.messages.split('SIP/2.0 200 OK').length > 4, 'the 200 was repeated');
  assert.equal(region.sql(`SELECT end_reason FROM call WHERE caller_no = '${slow.no_ack.caller}'`), 'trunk');
});
test('session timer: the caller refreshes by UPDATE, the call lives on', async () => {
  await slow.refresh_by_them.run;
  await ended(slow.refresh_by_them.caller);
});
test('session timer: we refresh by UPDATE', async () => {
  await slow.refresh_by_us.run;
  await ended(slow.refresh_by_us.caller);
});
test('session timer: we refresh by re-INVITE where UPDATE is not known', async () => {
  await slow.refresh_by_reinvite.run;
  await ended(slow.refresh_by_reinvite.caller);
});
test('session timer: without the promised refresh the call is ended before 90 s', async () => {
  await slow.session_expires.run;
  await ended(slow.session_expires.caller);
});
test('a session interval below 90 s is refused with 422 and Min-SE', async () => {
  await refused({ status: '422', header: 'Min-SE:', value: '90', extra: 'Supported: timer\n      Session-Expires: 30;refresher=uac' });
});

test('in the end no call is left', async () => {
  await until('no open call', () => {
    const open = region.sql('SELECT call_id, caller_no, called_no, trunk_id, t_in FROM call WHERE t_end IS NULL');
    if (open) throw new Error(`${open}\n${region.story(open.split('|')[0]).join('\n')}`);
    return true;
  }, 45000);
  const metrics = await (await fetch(`${region.base}/metrics`)).text();
  assert.match(metrics, /hotlined_sip_refused_total\{reason="no_trunk"\} [1-9]/);
});
