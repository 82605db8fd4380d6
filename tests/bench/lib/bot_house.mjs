// 80 talks with voice bots at once for ten minutes (BENCH_SECONDS), 40 on each of two nodes, of two centers (NLU-12). Every few
// seconds each caller presses a key and must hear the answer to it: the bot's sound says for whom it is, which round and which key,
// so an answer that is late, another one's or to another key is seen. The bot tells by INFO what was said, which is compared with
// the record afterwards. Who has asked enough hangs up and another one calls. While 80 are there an 81st tries regularly: he
// meets no bot and waits in the queue of the branch "off".
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { AGENTS, CALLERS, CpuWatch, Person, SERVER, rssKb, until } from './region.mjs';
import { Callers, Endpoint, sdp } from './sip.mjs';
import { round, sleep, summary } from './numbers.mjs';
import { below } from './targets.mjs';

const CHANNELS = 40, SESSIONS = 2 * CHANNELS;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 600);
const CENTERS = [{ id: 90, number: '9005', callers: 60 }, { id: 2, number: '9006', callers: 20 }];
const ROUND_MS = 5000, ANSWER_MS = 2000, ROUNDS = [4, 16], PROBE_MS = 10000, PROBE_LOOK_MS = 1500, LOOK_MS = 1000, USE_MS = 5000, FILL_MS = 100;
const FRAME = 160, TICK_MS = 5, SLOTS = 4, EVENT = 101, MARK = 0x5b0755;
const TOLD = 'application/vnd.hotlined.dialog+json';

const flow = JSON.stringify({ entry: 'bot', nodes: {
  bot: { type: 'bot', next: 'rest', done: 'bye', off: 'rest' },
  rest: { type: 'queue', queue: 'bot_rest', music: 'hold_music', on_wait_over: 'bye', on_no_agent: 'bye', on_full: 'bye' },
  bye: { type: 'hangup', reason: 'done' },
} });
const seedSql = (ports) => CENTERS.map(({ id, number }) => `
  INSERT INTO queue (id, center_id, code, name, strategy, wrap_up_ms, max_wait_ms) VALUES (${9500 + id}, ${id}, 'bot_rest', '机器人之后', 'longest_idle', 0, 3600000);
  INSERT INTO queue_member (queue_id, user_id, center_id, weight) SELECT ${9500 + id}, min(id), ${id}, 50 FROM app_user WHERE center_id = ${id} AND agent_no <> '';
  INSERT INTO flow (id, center_id, code, name, published_version) VALUES (${9500 + id}, ${id}, 'bench_bot', 'bench_bot', 1);
  INSERT INTO flow_version (flow_id, version, center_id, document) VALUES (${9500 + id}, 1, ${id}, '${flow}');
  INSERT INTO number_plan (called_no, center_id, kind, source, flow_code) VALUES ('${number}', ${id}, 'public', 'direct', 'bench_bot');
  INSERT INTO bot_share (center_id, allowed, most, policy) VALUES (${id}, true, 1000, 'always') ON CONFLICT (center_id) DO UPDATE SET allowed = true, most = 1000, policy = 'always';`).join('')
  + ports.map((port, n) => `SELECT bot_peer_save(NULL, NULL, '{"name": "bench${n}", "host": "${AGENTS}", "port": ${port}, "channels": ${CHANNELS}}');`).join('');

// --- sound ----------------------------------------------------------------------------------------

// A leg sends a frame each 20 ms: what it is told to say, or silence. All legs share one clock, in four slots.
class Sound {
  constructor() { Object.assign(this, { slots: Array.from({ length: SLOTS }, () => new Set()), tick: 0, next: 0 }); this.clock = setInterval(() => { for (const leg of this.slots[this.tick++ % SLOTS]) leg.speak(); }, TICK_MS); }
  async leg(host) {
    const leg = new Leg();
    leg.socket = createSocket('udp4');
    leg.socket.bind(0, host);
    await once(leg.socket, 'listening');
    leg.port = leg.socket.address().port;
    leg.slot = this.slots[this.next++ % SLOTS];
    leg.slot.add(leg);
    leg.socket.on('message', (packet) => leg.heard?.(packet));
    return leg;
  }
  close() { clearInterval(this.clock); for (const slot of this.slots) for (const leg of slot) leg.close(); }
}
const SILENCE = Buffer.alloc(FRAME, 0xd5);
class Leg {
  constructor() { Object.assign(this, { sequence: 1, stamp: 0, ssrc: randomBytes(4).readUInt32BE(), says: SILENCE, head: Buffer.alloc(12) }); this.head[0] = 0x80; }
  send(type, stamp, payload, mark = 0) {
    const head = Buffer.from(this.head);
    head[1] = type | mark;
    head.writeUInt16BE(this.sequence++ & 0xffff, 2);
    head.writeUInt32BE(stamp >>> 0, 4);
    head.writeUInt32BE(this.ssrc, 8);
    if (this.peer && !this.closed) this.socket.send([head, payload], this.peer.port, this.peer.host);
  }
  // A key goes out in place of sound for 160 ms, its end three times (RFC 4733 2.5).
  speak() {
    this.stamp += FRAME;
    if (!this.key) { this.send(8, this.stamp, this.says); return; }
    const n = ++this.key.sent, length = Math.min(n, 5) * FRAME;
    this.send(EVENT, this.key.stamp, Buffer.from([this.key.event, (n > 5 ? 0x80 : 0) | 10, length >> 8, length & 255]), n === 1 ? 0x80 : 0);
    if (n === 8) this.key = null;
  }
  press(digit) { this.key = { event: digit, sent: 0, stamp: this.stamp + FRAME }; }
  close() { if (this.closed) return; this.closed = true; this.slot.delete(this); this.socket.close(); }
}

// What an answer says, again and again through the frame: mark, for whom, which round, which key.
const RECORD = 16;
function answerFrame(caller, n, key) {
  const record = Buffer.alloc(RECORD);
  record.writeUInt32BE(MARK, 0);
  record.writeBigUInt64BE(BigInt(caller), 4);
  record.writeUInt16BE(n, 12);
  record[14] = key;
  return Buffer.concat(Array(FRAME / RECORD).fill(record));
}
function readAnswer(packet) {
  if (packet.length !== 12 + FRAME || (packet[1] & 127) !== 8 || packet.readUInt32BE(12) !== MARK) return null;
  return { caller: String(packet.readBigUInt64BE(16)), n: packet.readUInt16BE(24), key: packet[26] };
}

// --- the bots -------------------------------------------------------------------------------------

class BotNode extends Endpoint {
  prepare(house) { Object.assign(this, { house, sessions: new Map(), met: new Set(), badAnswers: 0 }); }

  async invited(message) {
    const caller = /sip:(\d+)@/.exec(message.headers.from[0])[1];
    const dialog = { callId: message.callId, user: 'bot', localTag: randomBytes(6).toString('hex'), cseq: 0, target: /<([^>]+)>/.exec(message.headers.contact[0])[1],
      local: /<([^>]+)>/.exec(message.headers.to[0])[1], remote: /<([^>]+)>/.exec(message.headers.from[0])[1], remoteTag: /;tag=([^;>\s]+)/.exec(message.headers.from[0])[1], caller, rounds: 0, lastKey: -1 };
    this.dialogs.set(dialog.callId, dialog);
    this.met.add(caller);
    dialog.leg = await this.house.sound.leg(this.host);
    dialog.leg.peer = { host: /^c=IN IP4 (\S+)/m.exec(message.body)[1], port: Number(/^m=audio (\d+)/m.exec(message.body)[1]) };
    dialog.leg.heard = (packet) => this.heard(packet, dialog);
    dialog.over = () => dialog.leg.close();
    this.respond(message, 200, 'OK', dialog, sdp(this.host, dialog.leg.port, true));
  }

  // The end of a key, once for its timestamp: the next round.
  heard(packet, dialog) {
    if ((packet[1] & 127) !== EVENT || !(packet[13] & 0x80) || packet.readUInt32BE(4) === dialog.lastKey) return;
    dialog.lastKey = packet.readUInt32BE(4);
    const key = packet[12], n = ++dialog.rounds;
    dialog.leg.says = answerFrame(dialog.caller, n, key);
    this.write(this.request(dialog, 'INFO', { type: TOLD, body: JSON.stringify({ turns: [{ who: 'caller', text: `第${n}问：${key}` }, { who: 'bot', text: `第${n}答：${key}` }], slots: { key: String(key) } }) }));
  }

  arrived(message, at) {
    const dialog = this.dialogs.get(message.callId);
    if (message.method === 'INVITE') { if (!dialog) this.invited(message); return; }
    if (message.method === 'BYE') { this.byeArrived(message, dialog, at); return; }
    if (message.method) { if (message.method !== 'ACK') this.respond(message, 200, 'OK'); return; }
    if (message.cseqMethod === 'INFO' && message.status !== 200) this.badAnswers++;
  }
}

// --- the callers ----------------------------------------------------------------------------------

class House extends Callers {
  prepare(sound, bots) {
    Object.assign(this, { sound, bots, number: 13900000000, talking: new Map(), most: 0, sessions: 0, finished: 0, rounds: 0, wrong: [], lost: [], answerMs: [], refused: 0, wronglyTaken: 0, probing: false, told: new Map() });
  }
  botOf(caller) { return this.bots.map((bot) => [...bot.dialogs.values()].find((d) => d.caller === caller)).find(Boolean); }

  async dial(center) {
    const from = String(++this.number), leg = await this.sound.leg(this.host);
    const dialog = this.call({ from, to: center.number, mediaPort: leg.port, keys: true });
    Object.assign(dialog, { from, leg, center });
    dialog.ended.then(() => { leg.close(); dialog.gone = true; });
    return dialog;
  }
  acknowledge(message, dialog) {
    super.acknowledge(message, dialog);
    if (message.status < 300) dialog.leg.peer = { host: /^c=IN IP4 (\S+)/m.exec(message.body)[1], port: Number(/^m=audio (\d+)/m.exec(message.body)[1]) };
  }
  async begin(center) {
    for (;;) {
      const dialog = await this.dial(center);
      try {
        await dialog.answered;
      } catch (error) {
        if (!/ 503 /.test(error.message)) throw error;
        await sleep(300); // new calls are limited: people call again
        continue;
      }
      await until(`${dialog.from} is with a bot`, () => this.botOf(dialog.from), 10000);
      return dialog;
    }
  }

  // Presses a key; the first answer heard after it that is not the one before must be the right one, and in time.
  async round(dialog, n) {
    const key = 1 + Math.floor(Math.random() * 9), began = performance.now();
    let right = 0, strange = null;
    dialog.leg.heard = (packet) => {
      const answer = readAnswer(packet);
      if (!answer || (answer.caller === dialog.from && answer.n === n - 1)) return;
      if (answer.caller === dialog.from && answer.n === n && answer.key === key) right ||= performance.now();
      else strange ??= answer;
    };
    dialog.leg.press(key);
    while (!right && !strange && !dialog.gone && performance.now() - began < ANSWER_MS) await sleep(10);
    this.rounds++;
    await sleep(Math.max(0, began + ROUND_MS - performance.now())); // what comes until the next key must be right, too
    if (right && !strange) this.answerMs.push(right - began);
    else this.wrong.push({ caller: dialog.from, n, key, heard: strange });
  }

  // One after the other, until it is over; each asks its rounds, then the caller hangs up.
  async chair(center) {
    while (!this.closing) {
      const dialog = await this.begin(center), count = ROUNDS[0] + Math.floor(Math.random() * (ROUNDS[1] - ROUNDS[0]));
      this.sessions++;
      this.talking.set(dialog.from, dialog);
      this.most = Math.max(this.most, this.talking.size);
      let n = 0;
      while (n < count && !this.closing && !dialog.gone) await this.round(dialog, ++n);
      while (this.probing) await sleep(50);
      if (dialog.gone) this.lost.push(dialog.from);
      this.told.set(dialog.from, n);
      this.talking.delete(dialog.from);
      if (!dialog.gone) await this.bye(dialog);
      this.finished++;
      // our BYE goes to the daemon, its BYE to the bot: only then the channel is free
      await until(`the bot has lost ${dialog.from}`, () => !this.botOf(dialog.from), 10000);
    }
  }

  // The 81st while all 80 are there and stay: true when he met no bot.
  async probe(center) {
    if (this.talking.size !== SESSIONS) return;
    this.probing = true;
    try {
      const dialog = await this.dial(center);
      await dialog.answered;
      await sleep(PROBE_LOOK_MS);
      if (this.bots.some((bot) => bot.met.has(dialog.from)) || dialog.gone) this.wronglyTaken++;
      else this.refused++;
      this.probes = [...(this.probes ?? []), dialog.from];
      if (!dialog.gone) await this.bye(dialog);
    } catch (error) {
      if (!/ 503 /.test(error.message)) throw error; // limited: the next one tries again
    } finally {
      this.probing = false;
    }
  }
}

// Each session told as many questions and answers as were asked, in order; each 81st waited in the queue and met no bot.
function inTheRecord(region, house) {
  const rows = JSON.parse(region.sql(`SELECT coalesce(json_object_agg(caller_no, said), '{}') FROM (SELECT c.caller_no, (SELECT coalesce(string_agg(t.text, ',' ORDER BY t.turn_id), '') FROM bot_turn t WHERE t.call_id = c.call_id) AS said
    FROM bot_session s JOIN call c USING (call_id)) x`));
  const wrong = [...house.told].filter(([caller, n]) => {
    const said = (rows[caller] ?? '').split(',').filter(Boolean);
    return said.length !== 2 * n || said.some((text, i) => !text.startsWith(i % 2 ? `第${(i - 1) / 2 + 1}答` : `第${i / 2 + 1}问`) || text.slice(-1) !== said[i - i % 2].slice(-1));
  });
  const probes = (house.probes ?? []).map((p) => `'${p}'`).join(',') || "''";
  const [waited, met] = region.sql(`SELECT count(DISTINCT c.caller_no) FILTER (WHERE q.code = 'bot_rest') || ' ' || count(s.session_id) FROM call c LEFT JOIN queue_visit v USING (call_id) LEFT JOIN queue q ON q.id = v.queue_id
    LEFT JOIN bot_session s USING (call_id) WHERE c.caller_no IN (${probes})`).split(' ').map(Number);
  return { sessions: Object.keys(rows).length, dialogs_wrong: wrong.length, first_wrong: wrong[0]?.[0], overflow_waited: waited, overflow_met_bot: met };
}

// Whatever happens, no socket stays open: the bench would not end.
export async function botHouse(region) {
  const opened = [];
  try {
    return await measured(region, opened);
  } finally {
    for (const one of opened) one.close();
  }
}

async function measured(region, opened) {
  const bots = [await BotNode.open(AGENTS, { host: SERVER, port: region.sipPort }), await BotNode.open(AGENTS, { host: SERVER, port: region.sipPort })];
  region.sql(seedSql(bots.map((bot) => bot.port)));
  await region.restart();
  const sound = new Sound();
  const house = await House.open(CALLERS, { host: SERVER, port: region.sipPort });
  for (const bot of bots) bot.prepare({ sound });
  house.prepare(sound, bots);
  opened.push(house, sound, ...bots);
  const chief = await Person.signIn(region, 'guangxi', 'admin');
  const agents = [await Person.signIn(region, 'bench', 'p1'), await Person.signIn(region, 'nanning', 'a1001')];
  for (const agent of agents) { // the queue of the branch "off" is served, but nobody is ready
    await agent.post('/agent/sign-in', { line: 'browser' });
    await agent.put('/agent/state', { state: 'busy' });
  }
  const chairs = [];
  let failure = null;
  for (const center of CENTERS)
    for (let n = 0; n < center.callers; n++) { chairs.push(house.chair(center).catch((error) => { failure ??= error; })); await sleep(FILL_MS); }
  await until('all are with the bots', () => { if (failure) throw failure; return house.talking.size === SESSIONS; }, 60000);
  const cpu = new CpuWatch(region.pid), rss = [], uses = [];
  let least = SESSIONS, sum = 0, looks = 0, probeAt = 0, useAt = 0, turn = 0;
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end && !failure; looks++) {
    await sleep(LOOK_MS);
    rss.push(rssKb(region.pid));
    least = Math.min(least, house.talking.size);
    sum += house.talking.size;
    if (performance.now() >= probeAt && house.talking.size === SESSIONS) { probeAt = performance.now() + PROBE_MS; await house.probe(CENTERS[turn++ % 2]); }
    if (performance.now() >= useAt) {
      useAt = performance.now() + USE_MS;
      const { nodes, centers } = await chief.get('/monitor/bots');
      uses.push({ nodes: nodes.map((n) => n.used), centers: CENTERS.map(({ id }) => centers.find((c) => c.center_id === id).used), all: nodes.reduce((a, n) => a + n.used, 0) });
    }
  }
  const used = cpu.end();
  house.closing = true;
  await Promise.all(chairs);
  await region.shipped();
  if (failure) throw failure;
  const left = (await chief.get('/monitor/bots')).nodes.reduce((a, n) => a + n.used, 0);
  const record = inTheRecord(region, house);
  const mb = (kb) => round(kb / 1024), span = (values) => `${Math.min(...values)} to ${Math.max(...values)}`;
  for (const agent of agents) await agent.post('/agent/sign-out');
  const result = {
    seconds: SECONDS, sessions: house.sessions, sessions_at_once: { least, mean: round(sum / looks), most: house.most }, rounds: house.rounds, wrong_answers: house.wrong.length, first_wrong: house.wrong[0] ?? null,
    lost: house.lost.length, answer_ms: summary(house.answerMs), bad_tellings: bots.reduce((a, b) => a + b.badAnswers, 0),
    refused_81st: house.refused, taken_81st: house.wronglyTaken, channels_left_taken: left, record,
    use: { looks: uses.length, nodes: [0, 1].map((n) => span(uses.map((u) => u.nodes[n]))), centers: Object.fromEntries(CENTERS.map(({ id }, n) => [id, span(uses.map((u) => u.centers[n]))])), all: span(uses.map((u) => u.all)) },
    ...used, rss_mb: { first_minute: mb(rss[Math.min(59, rss.length - 1)]), last: mb(rss.at(-1)), most: mb(Math.max(...rss)) },
  };
  process.stderr.write(`  ${result.sessions} sessions, ${result.rounds} rounds, wrong ${result.wrong_answers} ${JSON.stringify(result.first_wrong)}, lost ${result.lost}, 81st refused ${result.refused_81st}, daemon ${used.daemon_percent} %\n`);
  return { ...result, targets: [
    below('bot house: wrong answers', result.wrong_answers, 1, ''), below('bot house: sessions lost', result.lost, 1, ''),
    below('bot house: 81sts that met a bot', result.taken_81st + record.overflow_met_bot, 1, ''), below('bot house: 81sts that did not wait in the queue', result.refused_81st - record.overflow_waited, 1, ''),
    below('bot house: dialogs not as said in the record', record.dialogs_wrong, 1, ''), below('bot house: channels left taken', left, 1, ''), below('bot house: channels in use beyond the limit', Math.max(...uses.map((u) => u.all)) - SESSIONS, 1, ''),
  ] };
}
