// SIPp as the far side (tests/system/sipp/*.xml), and sound for its descriptions: SIPp speaks SIP, an Rtp
// says and hears G.711 on the port that the scenario names in [rtp].
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, freePort, until } from './region.mjs';

const SCENARIOS = join(ROOT, 'tests/system/sipp');
let runs = 0;
const open = new Set(); // sockets and processes a failed test left behind
// For after(): nothing of this file is open any more.
export function closeFarSides() { for (const one of open) one.close(); }

export class Sipp {
  // scenario: a file of tests/system/sipp; {{word}} in it is replaced by fill.word.
  // control: it listens to tell(), and counts for created().
  // keys: [name] in the scenario; hold_ms: its plain <pause/>; here and there: address and port of ours and of the daemon.
  static async start(region, scenario, { here = '127.0.0.1', port, there = `127.0.0.1:${region.sipPort}`, transport = 'udp', via,
    calls = 1, hold_ms = 500, timeout_s = 60, keys = {}, fill = {}, args = [], control = false } = {}) {
    const sipp = new Sipp();
    sipp.name = scenario;
    sipp.base = join(region.dir, 'sipp', `${++runs}-${scenario}`);
    mkdirSync(join(region.dir, 'sipp'), { recursive: true });
    let xml = readFileSync(join(SCENARIOS, `${scenario}.xml`), 'utf8');
    for (const [word, value] of Object.entries(fill)) xml = xml.replaceAll(`{{${word}}}`, value);
    writeFileSync(`${sipp.base}.xml`, xml);
    sipp.port = port ?? await freePort();
    sipp.said = '';
    if (control) sipp.control = await freePort();
    const all = { caller: '13877100001', called: '07711236601', rtp: 9, rtp2: 9, via: via ?? transport.toUpperCase(), ...keys };
    sipp.child = spawn('sipp', [there, '-sf', `${sipp.base}.xml`, '-i', here, '-p', String(sipp.port), '-t', { udp: 'u1', tcp: 't1' }[transport],
      '-m', String(calls), '-l', '1', '-d', String(hold_ms), '-nostdin', '-timeout', `${timeout_s}s`, '-timeout_error', '-trace_err', '-error_file', `${sipp.base}.err`,
      '-trace_msg', '-message_file', `${sipp.base}.msg`, ...Object.entries(all).flatMap(([k, v]) => ['-key', k, String(v)]),
      ...(control ? ['-cp', String(sipp.control), '-trace_stat', '-stf', `${sipp.base}.csv`, '-fd', '1'] : []), ...args],
    { cwd: region.dir, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TERM: 'dumb' } });
    open.add(sipp);
    sipp.child.stderr.on('data', (text) => { sipp.said += text; });
    sipp.child.stdout.resume();
    sipp.exited = once(sipp.child, 'exit').then(([code]) => { sipp.code = code; return code; });
    return sipp;
  }

  static async run(region, scenario, options) {
    const sipp = await Sipp.start(region, scenario, options);
    return sipp.good();
  }

  file(end) { return existsSync(`${this.base}.${end}`) ? readFileSync(`${this.base}.${end}`, 'utf8') : ''; }
  get messages() { return this.file('msg'); }

  // A command of SIPp's remote control: "cset rate 100", or "q" for no more calls.
  tell(command) {
    const socket = createSocket('udp4');
    return new Promise((done, fail) => {
      socket.send(command, this.control, '127.0.0.1', (error) => { socket.close(); if (error) fail(error); else done(); });
    });
  }
  // How many calls it has begun, as of a second ago.
  created() {
    const [head, ...rows] = this.file('csv').trimEnd().split('\n');
    return Number(rows.at(-1)?.split(';')[head.split(';').indexOf('TotalCallCreated')] ?? 0);
  }

  // The scenario went to its end as written.
  async good() {
    const code = await this.exited;
    if (code !== 0) throw new Error(`sipp ${this.name} ended with ${code}\n${this.said.slice(-600)}\n${this.file('err').slice(-1500)}\n${this.messages.slice(-3000)}`);
    return this;
  }

  close() { this.kill(); open.delete(this); }
  kill() { if (this.code === undefined) this.child.kill('SIGKILL'); }
}

// Two-way sound without a meaning: what comes in is counted by payload type, silence goes back to where it
// came from, and events of RFC 4733 can be sent.
export class Rtp {
  static async open(address = '127.0.0.1', port) {
    const rtp = new Rtp();
    rtp.port = port ?? await evenPort();
    rtp.counts = {};
    rtp.total = 0;
    rtp.sequence = 1;
    rtp.stamp = 0;
    rtp.socket = createSocket('udp4');
    rtp.socket.on('message', (packet, from) => {
      if (packet.length < 12 || packet[0] >> 6 !== 2) return;
      rtp.type = packet[1] & 127;
      rtp.counts[rtp.type] = (rtp.counts[rtp.type] ?? 0) + 1;
      rtp.total++;
      rtp.at = Date.now();
      rtp.peer = from;
    });
    rtp.socket.bind(rtp.port, address);
    await once(rtp.socket, 'listening');
    open.add(rtp);
    rtp.clock = setInterval(() => rtp.speak(), 20);
    return rtp;
  }

  packet(type, marker, stamp, payload) {
    const head = Buffer.alloc(12);
    head[0] = 0x80;
    head[1] = type | (marker ? 128 : 0);
    head.writeUInt16BE(this.sequence++ & 0xffff, 2);
    head.writeUInt32BE(stamp >>> 0, 4);
    head.writeUInt32BE(this.ssrc ?? 0x12366, 8);
    return Buffer.concat([head, payload]);
  }

  send(packet) { if (this.peer && !this.closed) this.socket.send(packet, this.peer.port, this.peer.address); }

  speak() {
    this.stamp += 160;
    if (!this.mute) this.send(this.packet(this.type === 0 ? 0 : 8, false, this.stamp, this.sound?.(this.stamp) ?? Buffer.alloc(160, this.type === 0 ? 0xff : 0xd5)));
  }

  // One key for 100 ms, its end three times (RFC 4733 2.5).
  async key(key) {
    await until('somewhere to send to', () => this.peer);
    const event = '0123456789*#'.indexOf(key);
    const stamp = this.stamp;
    this.mute = true;
    for (let i = 1; i <= 8; i++) {
      const length = Math.min(i, 5) * 160;
      this.send(this.packet(101, i === 1, stamp, Buffer.from([event, (i > 5 ? 0x80 : 0) | 10, length >> 8, length & 255])));
      await new Promise((wake) => setTimeout(wake, 20));
    }
    this.mute = false;
  }

  hears(type, more = 10) {
    const before = type === undefined ? this.total : this.counts[type] ?? 0;
    return until(`${more} packets of type ${type ?? 'any'} at ${this.port} (${JSON.stringify(this.counts)})`,
      () => (type === undefined ? this.total : this.counts[type] ?? 0) >= before + more);
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    open.delete(this);
    clearInterval(this.clock);
    this.socket.close();
  }
}

// Linux gives out odd ports as long as it can: an even one has to be looked for below.
export async function evenPort() {
  for (;;) {
    const port = (await freePort()) & ~1;
    const socket = createSocket('udp4');
    const free = await new Promise((tell) => {
      socket.once('error', () => tell(false));
      socket.bind(port, '127.0.0.1', () => tell(true));
    });
    socket.close();
    if (free) return port;
  }
}
