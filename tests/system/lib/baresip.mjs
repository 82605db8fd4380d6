// baresip (Debian) as a telephone: a SIP and RTP stack that shares no line with ours, nor with sofia-sip. It says a tone,
// keeps what it hears, and is told what to do over its control port (JSON in netstrings).
import { spawn, execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, until } from './region.mjs';
import { readWav } from './sound.mjs';

const MODULES = '/usr/lib/baresip/modules';

export class Baresip {
  // user, password: registers at registrar (host:port) when there is a password. hz: the tone it says. answers: takes every call.
  static async start(dir, { user, password, registrar, transport = 'udp', hz, answers = false, cafile }) {
    const phone = new this(); // takes the next port as well, for TLS
    Object.assign(phone, { user, transport, events: [], port: await freePort({ next: true }), control: await freePort(), dir: join(dir, `baresip-${user}-${transport}`) });
    mkdirSync(phone.dir, { recursive: true });
    const tone = join(phone.dir, 'tone.wav');
    execFileSync('sox', ['-n', '-r', '8000', '-b', '16', '-c', '1', tone, 'synth', '90', 'sine', String(hz), 'vol', '0.5']);
    writeFileSync(join(phone.dir, 'config'), ['poll_method epoll', `sip_listen 127.0.0.1:${phone.port}`, ...cafile ? [`sip_cafile ${cafile}`] : [],
      `module_path ${MODULES}`, ...['g711', 'aufile', 'aubridge', 'sndfile', 'uuid'].map((name) => `module ${name}.so`),
      ...['account', 'menu', 'ctrl_tcp'].map((name) => `module_app ${name}.so`), `ctrl_tcp_listen 127.0.0.1:${phone.control}`,
      `audio_source aufile,${tone}`, 'audio_player aubridge,nil', 'audio_alert aubridge,nil', `snd_path ${phone.dir}`, 'rtp_timeout 0', ''].join('\n'));
    const account = password
      ? `<sip:${user}@${registrar};transport=${transport}>;auth_user=${user};auth_pass=${password};regint=600`
      : `<sip:${user}@127.0.0.1:${phone.port};transport=${transport}>;regint=0`;
    writeFileSync(join(phone.dir, 'accounts'), `${account};answermode=${answers ? 'auto' : 'manual'};audio_codecs=PCMA\n`);
    writeFileSync(join(phone.dir, 'contacts'), '');
    await phone.run();
    return phone;
  }

  async run() {
    this.said = '';
    this.child = spawn('baresip', ['-f', this.dir], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TERM: 'dumb' } });
    for (const out of [this.child.stdout, this.child.stderr]) out.on('data', (text) => { this.said += text; });
    this.exited = once(this.child, 'exit');
    await until('the control port', () => this.open()).catch((error) => { throw new Error(`${error.message}\nbaresip (${this.child.exitCode ?? 'runs'}) said: ${this.said}`); });
    this.socket.on('data', (bytes) => this.read(bytes));
  }

  open() {
    const socket = connect(this.control, '127.0.0.1');
    return new Promise((resolve, reject) => { socket.once('connect', () => { this.socket = socket; resolve(true); }); socket.once('error', reject); });
  }

  read(bytes) {
    this.rest = Buffer.concat([this.rest ?? Buffer.alloc(0), bytes]);
    for (let colon; (colon = this.rest.indexOf(':')) > 0;) {
      const length = Number(this.rest.toString('latin1', 0, colon));
      if (this.rest.length < colon + 1 + length + 1) return;
      this.events.push(JSON.parse(this.rest.toString('utf8', colon + 1, colon + 1 + length)));
      this.rest = this.rest.subarray(colon + 1 + length + 1);
    }
  }

  command(command, params = '') {
    const text = JSON.stringify({ command, params });
    this.socket.write(`${Buffer.byteLength(text)}:${text},`);
  }

  // Events of calls made or taken since the last forget().
  seen(type) { return this.events.findLast((e) => e.event && e.type === type); }
  waitFor(type, timeout_ms) {
    return until(`baresip ${this.user}: ${type} (has ${this.events.map((e) => e.type).join(',')})`, () => this.seen(type), timeout_ms);
  }
  forget() { this.events = []; }

  dial(uri) { this.command('dial', uri); }
  hangUp() { this.command('hangup'); }

  // Samples of what it hears in its newest call; [] before the first.
  heard() {
    const files = readdirSync(this.dir).filter((name) => /dec\.wav$/.test(name)).sort();
    return files.length ? readWav(join(this.dir, files.at(-1))) : new Float64Array();
  }

  async close() {
    this.socket?.destroy();
    if (this.child.exitCode === null) this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await this.exited;
    clearTimeout(timer);
  }
}
