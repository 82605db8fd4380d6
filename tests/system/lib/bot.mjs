// A voice bot for tests: a SIP service that answers by keys, as many callers at once as like. Each hears a question (a tone);
// 1 is answered (another tone) and counts a round, 0 asks for a human, 2 needs nothing more, 5 makes it fall silent. It
// tells by INFO what is said, as it is said, and hangs up with what it learnt in X-Hotlined-Result; or it refers its caller (RFC 3515) and keeps what became of that. What it never does is take a caller with it.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { freePort } from './region.mjs';
import { parse } from './phone.mjs';
import { Rtp } from './sipp.mjs';

export const QUESTION_HZ = 620, ANSWER_HZ = 930;
export const TOLD_TYPE = 'application/vnd.hotlined.dialog+json';
// What it takes a key 1 for, answers, and knows then.
export const HEARD = '我想查一下出口退税到哪一步了', SAID = '请问是哪一个所属期？', SLOTS = { taxpayer_no: '91450100MA5KABCD1X', period: '2026-10' };

function alaw(sample) {
  const sign = sample >= 0 ? 0x80 : 0, magnitude = Math.min(32635, sample >= 0 ? sample : -sample - 1);
  let exponent = 7;
  while (exponent > 0 && !(magnitude & (0x80 << exponent))) exponent--;
  const mantissa = (magnitude >> (exponent ? exponent + 3 : 4)) & 15;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

// 20 ms of a tone whose period divides a second: made once for every phase.
export function tone(hz) {
  const second = Buffer.from(Array.from({ length: 8000 }, (_, i) => alaw(Math.round(9000 * Math.sin((2 * Math.PI * hz * i) / 8000)))));
  return (stamp) => { const at = stamp % 8000; return at + 160 <= 8000 ? second.subarray(at, at + 160) : Buffer.concat([second.subarray(at), second.subarray(0, at + 160 - 8000)]); };
}
const QUESTION = tone(QUESTION_HZ), ANSWER = tone(ANSWER_HZ);

class Session {
  constructor(bot, invite) { Object.assign(this, { bot, invite, tag: randomBytes(5).toString('hex'), rounds: 0, keys: '', cseq: 0, answers: [], tellings: [], notified: [] }); }

  async answer() {
    this.rtp = await Rtp.open('127.0.0.1');
    this.rtp.ssrc = randomBytes(4).readUInt32BE();
    this.rtp.sound = QUESTION;
    this.rtp.peer = { address: '127.0.0.1', port: Number(/m=audio (\d+)/.exec(this.invite.body)[1]) };
    this.rtp.socket.on('message', (packet) => this.hear(packet));
    const here = `127.0.0.1:${this.bot.port}`;
    this.bot.reply(this.invite, 200, 'OK', this, [`Contact: <sip:bot@${here}>`, 'Content-Type: application/sdp'],
      ['v=0', 'o=bot 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${this.rtp.port} RTP/AVP 8 101`, 'a=rtpmap:101 telephone-event/8000', ''].join('\r\n'));
    this.began = Date.now();
  }

  at() { return Date.now() - this.began; }

  // The end of a key (RFC 4733), once for its timestamp.
  hear(packet) {
    if ((packet[1] & 127) !== 101 || !(packet[13] & 0x80)) return;
    const stamp = packet.readUInt32BE(4);
    if (stamp === this.lastKey) return;
    this.lastKey = stamp;
    this.press('0123456789*#'[packet[12]]);
  }

  press(key) {
    this.keys += key;
    if (key === '1') {
      this.rounds++;
      this.rtp.sound = ANSWER;
      this.tell({ turns: [{ who: 'caller', text: HEARD, at_ms: this.at() }, { who: 'bot', text: SAID, at_ms: this.at() }], slots: SLOTS, intent: '退税进度' });
    }
    if (key === '5') this.rtp.mute = true;
    if (key === '0' || key === '2') this.hangUp(`outcome=${key === '2' ? 'done' : 'human'};rounds=${this.rounds};intent=${encodeURIComponent('退税进度')};summary=${encodeURIComponent('想知道出口退税到哪一步')}`);
  }

  // What is said, as JSON or as it is; the answers are kept.
  tell(what, type = TOLD_TYPE) { this.ask('INFO', [`Content-Type: ${type}`], typeof what === 'string' || Buffer.isBuffer(what) ? what : JSON.stringify(what)); }

  ask(method, headers, body = '') {
    const { invite } = this;
    this.bot.send([`${method} ${/<([^>]*)>/.exec(invite.get('contact'))[1]} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${this.bot.port};branch=z9hG4bK${randomBytes(6).toString('hex')}`, 'Max-Forwards: 70',
      `From: ${invite.get('to')};tag=${this.tag}`, `To: ${invite.get('from')}`, `Call-ID: ${invite.get('call-id')}`, `CSeq: ${++this.cseq} ${method}`, `Contact: <sip:bot@127.0.0.1:${this.bot.port}>`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body], this.from);
  }

  hangUp(result) {
    this.ask('BYE', result === undefined ? [] : [`X-Hotlined-Result: ${result}`]);
    this.close();
  }

  // Where to, as the whole Refer-To; the answers and sipfrags are kept.
  refer(to, result) { this.ask('REFER', [...to === undefined ? [] : [`Refer-To: ${to}`], ...result === undefined ? [] : [`X-Hotlined-Result: ${result}`]]); }

  close() { this.rtp?.close(); this.bot.sessions.delete(this.invite.get('call-id')); }
}

export class Bot {
  static async start() {
    const bot = new this();
    Object.assign(bot, { port: await freePort(), sessions: new Map(), invites: [], most: 0, deaf: false, pings: 0 });
    bot.socket = createSocket('udp4');
    bot.socket.on('message', (bytes, from) => bot.take(parse(bytes.toString()), from));
    bot.socket.bind(bot.port, '127.0.0.1');
    await once(bot.socket, 'listening');
    return bot;
  }

  take(message, from) {
    const session = this.sessions.get(message.get('call-id'));
    if (this.deaf) return;
    if (message.status) { if (session && / REFER$/.test(message.get('cseq'))) session.answers.push(message.status); if (session && / INFO$/.test(message.get('cseq'))) session.tellings.push(message.status); return; }
    if (message.method === 'NOTIFY') {
      session?.notified.push([message.body.trim(), message.get('subscription-state').split(';')[0]]);
      this.reply(message, session ? 200 : 481, 'OK', session ?? { from, tag: 'gone' });
    }
    if (message.method === 'OPTIONS') { this.pings++; this.reply(message, 200, 'OK', { from }); }
    if (message.method === 'INVITE' && !session) {
      const made = Object.assign(new Session(this, message), { from });
      this.sessions.set(message.get('call-id'), made);
      this.invites.push(message);
      this.most = Math.max(this.most, this.sessions.size);
      made.answer();
    }
    if (message.method === 'BYE' || message.method === 'CANCEL') {
      this.reply(message, 200, 'OK', session ?? { from, tag: 'gone' });
      session?.close();
    }
  }

  reply(message, status, phrase, { from, tag }, headers = [], body = '') {
    const to = message.get('to');
    this.send([`SIP/2.0 ${status} ${phrase}`, ...message.headers.via.map((v) => `Via: ${v}`), ...(message.headers['record-route'] ?? []).map((r) => `Record-Route: ${r}`), `From: ${message.get('from')}`,
      `To: ${to}${tag && !/;tag=/.test(to) ? `;tag=${tag}` : ''}`, `Call-ID: ${message.get('call-id')}`, `CSeq: ${message.get('cseq')}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body], from);
  }

  send(lines, to) { if (!this.closed) this.socket.send(lines.join('\r\n'), to.port, to.address); }

  // The session of this caller.
  of(from) { return [...this.sessions.values()].find((s) => s.invite.get('from').includes(from)); }

  close() {
    this.closed = true;
    for (const session of [...this.sessions.values()]) session.close();
    this.socket.close();
  }
}
