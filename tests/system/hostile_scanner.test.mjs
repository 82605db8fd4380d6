// The usual scanner on the SIP port: passwords and numbers guessed by strangers. Who tries too often gets no answer
// for a while and costs next to nothing; trunks and registered phones notice nothing. Every stranger has an address
// of 127.0.0.0/8 of his own.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Phone, parse } from './lib/phone.mjs';
import { closeFarSides } from './lib/sipp.mjs';

const NANNING = '07711236601';
const BAN_S = 8;
const LIMIT = 40; // points of src/sip/door.h
let region, supervisor, leader;
const open = [];

before(async () => {
  region = await Region.start({ env: { SIP_BAN_S: BAN_S } });
  region.sql("UPDATE trunk SET allowed_ips = '127.0.0.1'");
  await region.configured();
  supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  leader = await Person.signIn(region, 'nanning', 'leader');
});
after(async () => {
  closeFarSides();
  for (const one of open) one.close?.();
  await region?.stop();
});

const hex = () => randomBytes(8).toString('hex');
async function value(series) {
  const text = await (await fetch(`${region.base}/metrics`)).text();
  return Number(text.split('\n').find((l) => l.startsWith(`${series} `)).split(' ')[1]);
}
const seconds = async () => { // CPU the daemon has used
  const [utime, stime] = readFileSync(`/proc/${region.daemon.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
  return (Number(utime) + Number(stime)) / 100;
};

class Stranger {
  static async at(address) {
    const stranger = new Stranger();
    stranger.address = address;
    stranger.answers = [];
    stranger.socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    stranger.socket.on('message', (bytes) => {
      const answer = parse(String(bytes));
      if (answer.status >= 200) {
        stranger.answers.push(answer);
        stranger.told?.();
      }
      if (answer.status >= 200 && /INVITE/.test(answer.get('cseq')))
        stranger.send(stranger.text('ACK', { id: answer.get('call-id'), to: answer.get('to') }));
    });
    stranger.socket.bind(0, address);
    await once(stranger.socket, 'listening');
    stranger.port = stranger.socket.address().port;
    open.push(stranger);
    return stranger;
  }

  text(method, { user = '100', called = user, headers = [], id = hex(), to = `<sip:${called}@127.0.0.1>`, transport = 'UDP' } = {}) {
    return `${[`${method} sip:${called}@127.0.0.1:${region.sipPort} SIP/2.0`, `Via: SIP/2.0/${transport} ${this.address}:${this.port};branch=z9hG4bK${id}`,
      `From: <sip:${user}@127.0.0.1>;tag=${id}`, `To: ${to}`, `Call-ID: ${id}`, `CSeq: 1 ${method}`, `Contact: <sip:${user}@${this.address}:${this.port}>`,
      'Max-Forwards: 70', ...headers, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`;
  }
  send(text) { this.socket.send(text, region.sipPort, '127.0.0.1'); }
  // One request; the status, or null when the ban line has come instead.
  async ask(method, options) {
    const id = hex();
    const before_it = this.answers.length;
    this.send(this.text(method, { ...options, id }));
    const answered = new Promise((tell) => { this.told = tell; });
    const dropped = async () => this.dropped !== undefined && await value('hotlined_sip_dropped_total') > this.dropped;
    await Promise.race([answered, until(`an answer to ${method} of ${this.address}`, async () => this.answers.length > before_it || this.isBanned() || dropped())]);
    return this.answers.slice(before_it).find((a) => a.get('call-id') === id)?.status ?? null;
  }
  get bans() { return region.log.split(`event=banned source=${this.address} `).length - 1; }
  get ends() { return region.log.split(`event=ban_over source=${this.address} `).length - 1; }
  isBanned() { return this.bans > this.ends; }
  // Asks until there is nothing to hear any more; gives the statuses heard.
  async exhaust(method, options) {
    const heard = [];
    this.dropped = await value('hotlined_sip_dropped_total'); // of more than five bans a second not each has its line
    while (!heard.includes(null) && heard.length < 500) heard.push(await this.ask(method, options(heard.length)));
    this.dropped = undefined; // what is asked later is waited for
    return heard.filter(Boolean);
  }
  // So many requests, none of which is answered: dropped counts them.
  async isDeaf(count, method, options = () => ({})) {
    const [before_it, dropped] = [this.answers.length, await value('hotlined_sip_dropped_total')];
    for (let i = 0; i < count; i++) this.send(this.text(method, options(i)));
    await until('all dropped', async () => await value('hotlined_sip_dropped_total') >= dropped + count);
    assert.equal(this.answers.length, before_it, 'no answer');
  }
  close() { this.socket.close(); }
}
const WRONG = (user) => `Authorization: Digest username="${user}", realm="hotlined", nonce="${hex()}", uri="sip:x", response="${'0'.repeat(32)}", algorithm=MD5, cnonce="c", qop=auth, nc=00000001`;
const WRONG_SERIES = 'hotlined_sip_refused_total{reason="wrong_credentials"}';
const guess = (i) => ({ user: `0${11001 + i}`, headers: [WRONG(`0${11001 + i}`)] });

test('passwords guessed by REGISTER: some tries, then silence; supervisors of the region see it, and the ban ends', async () => {
  const stranger = await Stranger.at('127.0.0.20');
  const heard = await stranger.exhaust('REGISTER', guess);
  assert.deepEqual(new Set(heard), new Set([403]));
  assert.ok(heard.length >= 10 && heard.length <= LIMIT / 3 + 2, `${heard.length} tries`);
  await stranger.isDeaf(200, 'REGISTER', guess);
  assert.equal(stranger.bans, 1, 'one line');
  assert.equal(await value('hotlined_sip_banned'), 1);
  assert.equal(await value('hotlined_sip_bans_total'), 1);
  const { strangers } = await supervisor.get('/monitor/wall');
  assert.equal(strangers.banned, 1);
  assert.ok(Math.abs(Date.now() - strangers.since_ms) < 60000);
  assert.equal((await leader.get('/monitor/wall')).strangers, null, 'a center has no part in it');
  await until('the end', () => stranger.ends === 1, (BAN_S + 20) * 1000);
  assert.match(region.log, /event=ban_over source=127\.0\.0\.20 why=time/);
  assert.equal(await stranger.ask('REGISTER'), 401);
  assert.deepEqual((await supervisor.get('/monitor/wall')).strangers, { banned: 0, since_ms: null });
});

test('extensions guessed without a password, and OPTIONS sweeps: the same', async () => {
  for (const [address, method, status] of [['127.0.0.21', 'REGISTER', 401], ['127.0.0.22', 'OPTIONS', 200], ['127.0.0.23', 'SUBSCRIBE', 405], ['127.0.0.26', 'MESSAGE', 405]]) {
    const stranger = await Stranger.at(address);
    const heard = await stranger.exhaust(method, (i) => ({ user: String(100 + i) }));
    assert.equal(heard[0], status);
    assert.equal(new Set(heard).size, 1);
    assert.ok(heard.length >= LIMIT / 2 && heard.length <= LIMIT + 4, `${method}: ${heard.length}`);
  }
});

test('calls of strangers to foreign numbers: 403 and logged, then nothing; no call came of it', async () => {
  const stranger = await Stranger.at('127.0.0.24');
  const calls = region.sql('SELECT count(*) FROM call');
  const heard = await stranger.exhaust('INVITE', (i) => ({ user: '1000', called: `${['00', '900', '011', ''][i % 4]}44203${i}5550${i}` }));
  assert.deepEqual(new Set(heard), new Set([403]));
  assert.ok(heard.length <= LIMIT / 3 + 2, `${heard.length}`);
  assert.match(region.log, /event=stranger source=127\.0\.0\.24 why=no_trunk caller=1000 called=00442030555/);
  await stranger.isDeaf(50, 'INVITE', () => ({ called: NANNING }));
  assert.equal(region.sql('SELECT count(*) FROM call'), calls);
});

test('a tool that gives its name is not even answered twice', async () => {
  for (const [i, name] of ['friendly-scanner', 'sipvicious/0.3', 'sipcli/v1.8'].entries()) {
    const stranger = await Stranger.at(`127.0.0.${40 + i}`);
    const heard = await stranger.exhaust('OPTIONS', () => ({ headers: [`User-Agent: ${name}`] }));
    assert.ok(heard.length <= 1, `${name}: ${heard.length}`);
  }
});

// The log says at most five bans a second (log_limit.h), and these chapters read it: they begin in a second of their own.
async function newSecondOfTheLog() {
  let seen = -1, since = 0;
  await until('the log counts anew', () => {
    const bans = region.log.split('event=banned').length;
    if (bans !== seen) [seen, since] = [bans, Date.now()];
    return Date.now() - since > 1100;
  });
}

test('over TCP: the same; no connection is left behind, whatever was sent on it', async () => {
  await newSecondOfTheLog();
  const stranger = await Stranger.at('127.0.0.25');
  const dial = async (localAddress, text) => {
    const socket = connect({ port: region.sipPort, host: '127.0.0.1', localAddress });
    open.push({ close: () => socket.destroy() });
    socket.heard = '';
    socket.on('data', (data) => { socket.heard += data; });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  const wrong = await value(WRONG_SERIES);
  const { length: descriptors } = readdirSync(`/proc/${region.daemon.pid}/fd`);
  const first = await dial('127.0.0.25', Array.from({ length: 60 }, (_, i) => stranger.text('REGISTER', { ...guess(i), transport: 'TCP' })).join(''));
  await until('banned', () => stranger.isBanned());
  const dropped = await value('hotlined_sip_dropped_total');
  const second = await dial('127.0.0.25', stranger.text('OPTIONS', { transport: 'TCP' }));
  await until('dropped', async () => await value('hotlined_sip_dropped_total') > dropped);
  assert.equal(second.heard, '');
  assert.ok(await value(WRONG_SERIES) - wrong <= LIMIT / 3 + 2, 'those that came in one piece with the last ones are refused unseen');
  // Sofia reads on from none of these, and would keep their descriptors for half an hour.
  const broken = ['\x01\x02\r\nX: y\r\n\r\n', 'OPTIONS sip:x\r\n\r\n', 'SIP/2.0 xx\r\nVia: x\r\n\r\n', 'A'.repeat(70000), 'OPTIONS sip:x SIP/2.0\r\nContent-Length: -5\r\n\r\n'];
  const others = await Promise.all(broken.flatMap((text, i) => [1, 2, 3].map((n) => dial(`127.0.1.${10 * i + n}`, text))));
  await until('some seen', async () => await value('hotlined_sip_connections') >= 10);
  for (const one of [first, second, ...others]) one.destroy();
  await until('all gone', async () => await value('hotlined_sip_connections') === 0, 30000);
  assert.ok(readdirSync(`/proc/${region.daemon.pid}/fd`).length <= descriptors + 5);
});

test('a registered phone is never banned, whatever comes from its address', async () => {
  const phone = await Phone.start(region, { user: '011001', address: '127.0.0.30' });
  open.push(phone);
  assert.equal((await phone.register()).status, 200);
  const neighbour = await Stranger.at('127.0.0.30');
  for (let i = 0; i < 2 * LIMIT; i++) assert.equal(await neighbour.ask('REGISTER', guess(i)), 403);
  assert.equal(neighbour.bans, 0);
  assert.equal((await phone.register()).status, 200);
});

test('a new trunk at a banned address is heard at once', async () => {
  await newSecondOfTheLog();
  const stranger = await Stranger.at('127.0.0.31');
  await stranger.exhaust('REGISTER', guess);
  await until('the ban', () => stranger.isBanned());
  region.sql("INSERT INTO trunk (name, host, port, options_interval_s) VALUES ('新中继', '127.0.0.31', 5060, 0)");
  await until('no ban', () => /event=ban_over source=127\.0\.0\.31 why=known/.test(region.log));
  assert.equal(await stranger.ask('INVITE', { called: '0000' }), 404, 'a call of a trunk to a number we do not have');
});

test('while banned strangers flood us a trunk works at full speed, and a dropped request costs a small part of an answered one', async () => {
  const trunk = await Stranger.at('127.0.0.1');
  const ask = async () => {
    const began = performance.now();
    assert.equal(await trunk.ask('INVITE', { called: '0000' }), 404);
    return performance.now() - began;
  };
  const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
  const many = async () => { const times = []; for (let i = 0; i < 40; i++) times.push(await ask()); return median(times); };

  const began = await seconds();
  const quiet = await many();
  const spent = (await seconds()) - began;
  const each = Math.max(spent / 40, 0.0001);

  const strangers = await Promise.all(['127.0.0.50', '127.0.0.51', '127.0.0.52'].map((a) => Stranger.at(a)));
  for (const one of strangers) await one.exhaust('OPTIONS', () => ({ headers: ['User-Agent: friendly-scanner'] }));
  const flood = strangers.map((one) => one.text('INVITE', { called: '00442035550' }));
  const [dropped, cpu] = [await value('hotlined_sip_dropped_total'), await seconds()];
  let flooding = true;
  const pump = (async () => {
    while (flooding) {
      for (let i = 0; i < 60; i++) strangers[i % 3].send(flood[i % 3]);
      await new Promise((wake) => setTimeout(wake, 20));
    }
  })();
  const loud = await many();
  const caller = Caller.start(region, { to: NANNING, args: ['--keys', '1'] });
  open.push({ close: () => caller.kill() });
  await caller.waitFor('audio');
  await until('some thousands', async () => await value('hotlined_sip_dropped_total') > dropped + 3000);
  flooding = false;
  await pump;
  const count = (await value('hotlined_sip_dropped_total')) - dropped;
  const cost = ((await seconds()) - cpu - spent) / count;
  console.log(`# median ${quiet.toFixed(2)} ms quiet, ${loud.toFixed(2)} ms under flood; ${(each * 1e6).toFixed(0)} us CPU per answered INVITE, at most ${(cost * 1e6).toFixed(0)} us per dropped one (${count})`);
  assert.ok(loud < 5 * quiet + 10, `${quiet} ms quiet, ${loud} ms under flood`);
  assert.ok(cost < each / 2, `${each} s answered, ${cost} s dropped`);
  assert.equal(await caller.hangUp(), 0);
});
