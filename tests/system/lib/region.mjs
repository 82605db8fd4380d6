// A throw-away region for system and browser tests: a real PostgreSQL, the seed, and the real daemon
// (sanitizer build) on free loopback ports. Nothing is shared with another test file.
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, chmodSync, openSync } from 'node:fs';
import { createHash, randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PSQL } from './psql.mjs';

export const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
export const B = resolve(ROOT, process.env.B || 'build');
export const PASSWORD = 'Hotline-12366';
// What people see at once is not left to a poll or a reload. How fast it is, make bench says: a machine that runs tests
// may stand still for seconds.
export const AT_ONCE_MS = 5000;

// What the daemons of this process logged lately: from it one reads why a call did not come.
const running = new Set();
function whatDaemonsSay(lately_ms) {
  const since = Date.now() - lately_ms - 5000;
  const lines = [...running].flatMap((region) => region.log.split('\n'))
    .filter((line) => Date.parse(/time=(\S+)/.exec(line)?.[1]) >= since && !line.includes('level=debug'));
  return lines.slice(-15).map((line) => `\n  ${line.replace(/^.*T([0-9:.]+)\S*/, '$1').slice(0, 250)}`).join('');
}

// Polls until probe() gives something true; the one way tests wait.
export async function until(what, probe, timeout_ms = 20000, every_ms = 25) {
  const end = Date.now() + timeout_ms;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = value;
    } catch (error) {
      if (error.fatal) throw error; // waiting changes nothing
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${timeout_ms} ms in vain: ${what} (last: ${last?.stack || JSON.stringify(last)})${whatDaemonsSay(timeout_ms)}`);
    await new Promise((wake) => setTimeout(wake, every_ms));
  }
}

const bound = (socket, bind) => { bind(); return once(socket, 'listening').then(() => true, () => false); };

async function isFree(port) {
  const server = createServer(), socket = createSocket('udp4');
  const free = await bound(server, () => server.listen(port, '127.0.0.1')) && await bound(socket, () => socket.bind(port, '127.0.0.1'));
  if (server.listening) await new Promise((closed) => server.close(closed));
  socket.close();
  return free;
}

// A port that is free for UDP and TCP, as SIP and browser lines want it. Above the ports that the kernel gives to
// connections: one of those may be taken by a test beside us before the daemon has it. Tests beside us choose here, too:
// each port is claimed by a file with the process that has it, until that one ends.
const CLAIMS = join(tmpdir(), `hotlined-ports-${process.getuid()}`);
const claimed = new Set();
process.on('exit', () => { for (const file of claimed) rmSync(file, { force: true }); });

function claim(port) {
  const file = join(CLAIMS, String(port));
  mkdirSync(CLAIMS, { recursive: true });
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!abandoned(file)) return false;
    writeFileSync(file, String(process.pid)); // of two who take it over at once one fails to bind it, as before
  }
  claimed.add(file);
  return true;
}
function abandoned(file) {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

// next: the port above it is ours, too.
export async function freePort({ next = false } = {}) {
  for (;;) {
    const port = 61001 + randomInt(65535 - 61001);
    if (claim(port) && await isFree(port) && (!next || (claim(port + 1) && await isFree(port + 1)))) return port;
  }
}

// Where the seeded cluster of this schema and this seed is kept.
function seededCluster() {
  const hash = createHash('sha256');
  for (const folder of ['sql/schema', 'sql/seed', 'sql/data', 'scripts'])
    for (const file of existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder)).sort() : [])
      if (statSync(join(ROOT, folder, file)).isFile()) hash.update(file).update(readFileSync(join(ROOT, folder, file)));
  return join(B, `test-cluster-${hash.digest('hex').slice(0, 16)}`);
}

export class Region {
  // options: { binary, env, config: {key: value}, seed: false = migrated only, daemon: false = not started }
  static async start(options = {}) {
    const region = new this();
    region.options = options;
    region.dir = mkdtempSync(join(tmpdir(), 'hl-'));
    chmodSync(region.dir, 0o755); // PostgreSQL runs as another user when we are root
    region.pgDir = join(region.dir, 'pg');
    // HOTLINED: another build, e.g. the release one for a quick look.
    region.binary = options.binary || process.env.HOTLINED || join(B, 'hotlined-asan');
    region.log = '';
    try {
      await region.prepare();
      if (options.daemon !== false) await region.startDaemon();
    } catch (error) {
      await region.stop().catch(() => {});
      throw error;
    }
    return region;
  }

  run(command, args, env = {}) {
    return execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async prepare() {
    const cluster = this.options.seed === false ? null : seededCluster();
    const known = cluster !== null && existsSync(cluster);
    if (known) this.copyCluster(cluster, join(this.pgDir, 'data'));
    this.run('scripts/pg', ['start', this.pgDir]);
    // RTP ranges of test files running beside each other must not meet.
    const rtp = 20000 + 2 * (process.pid % 15000);
    this.httpPort = await freePort();
    this.sipPort = await freePort();
    do this.linePort = await freePort(); while (this.linePort >= rtp && this.linePort <= rtp + 4000);
    this.env = {
      HTTP_PORT: this.httpPort, SIP_PORT: this.sipPort, LINE_PORT: this.linePort,
      RTP_MIN: rtp, RTP_MAX: Math.min(rtp + 4000, 65000), PG_DIR: this.pgDir, ...this.options.env,
    };
    this.config = join(this.dir, 'hotlined.conf');
    writeFileSync(this.config, this.run('scripts/demo-conf', [this.dir], this.env));
    if (!known) this.run(this.binary, ['--config', this.config, '--migrate'], this.daemonEnv());
    if (this.options.seed === false) return;
    if (known) {
      this.run('scripts/tones', [join(this.dir, 'state/prompts/common')]); // the seed's other half
    } else {
      this.run('scripts/seed', [this.pgDir]);
      this.keepCluster(cluster);
    }
    await this.prompts();
  }

  // A cluster that is stopped, for another place: its configuration names the directory of its socket.
  copyCluster(from, to) {
    this.run('mkdir', ['-p', this.pgDir]);
    this.run('cp', ['-a', from, to]);
    this.run('sed', ['-i', `s|^unix_socket_directories = .*|unix_socket_directories = '${join(this.pgDir, 'run')}'|`, join(to, 'postgresql.conf')]);
    rmSync(join(to, 'server.log'), { force: true });
  }

  // initdb, migrations and seed take ten seconds under sanitizers; each file of tests needed them anew.
  keepCluster(cluster) {
    const temporary = `${cluster}.${process.pid}`;
    this.run('scripts/pg', ['stop', this.pgDir]);
    this.run('cp', ['-a', join(this.pgDir, 'data'), temporary]);
    this.run('scripts/pg', ['start', this.pgDir]);
    try {
      this.run('mv', ['-T', temporary, cluster]);
    } catch {
      rmSync(temporary, { recursive: true, force: true }); // another test file was first
    }
  }

  // Speech is rendered once per machine and build and then copied: espeak-ng says the same anyway.
  async prompts() {
    const cache = join(B, 'test-prompts');
    const state = join(this.dir, 'state');
    mkdirSync(join(state, 'prompts'), { recursive: true });
    if (existsSync(cache)) this.run('cp', ['-r', `${cache}/.`, join(state, 'prompts')]);
    this.run(this.binary, ['--config', this.config, '--render-prompts'], this.daemonEnv());
    const temporary = `${cache}.${process.pid}`;
    if (!existsSync(cache)) {
      this.run('cp', ['-r', join(state, 'prompts'), temporary]);
      try {
        this.run('mv', ['-T', temporary, cache]);
      } catch {
        rmSync(temporary, { recursive: true, force: true }); // another test file was first
      }
    }
  }

  daemonEnv() {
    return {
      HOTLINED_ADMIN_DB: this.run('scripts/pg', ['conninfo', this.pgDir, 'hotlined']).trim(),
      ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0:exitcode=99', UBSAN_OPTIONS: 'print_stacktrace=1',
    };
  }

  async startDaemon() {
    this.daemon = spawn(this.binary, ['--config', this.config], {
      cwd: ROOT, env: { ...process.env, ...this.daemonEnv() }, stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.add(this);
    this.daemon.stderr.setEncoding('utf8');
    this.daemon.stderr.on('data', (text) => { this.log += text; });
    this.exited = once(this.daemon, 'exit').then(([code, signal]) => { this.exit = { code, signal }; return this.exit; });
    await until('daemon ready', async () => {
      if (this.exit) throw Object.assign(new Error(`daemon ended: ${JSON.stringify(this.exit)}\n${this.log.slice(-4000)}`), { fatal: true });
      return (await fetch(`${this.base}/readyz`).catch(() => null))?.ok;
    }, 60000);
  }

  get base() { return `http://127.0.0.1:${this.httpPort}`; }

  // Stops the daemon by SIGTERM (or another signal) and returns how it ended.
  async stopDaemon(signal = 'SIGTERM') {
    if (!this.daemon || this.exit) return this.exit;
    this.daemon.kill(signal);
    const timer = setTimeout(() => this.daemon.kill('SIGKILL'), 40000);
    await this.exited;
    clearTimeout(timer);
    const exit = this.exit;
    this.exit = undefined;
    this.daemon = undefined;
    return exit;
  }

  sql(statement) {
    this.ownerDb ??= this.run('scripts/pg', ['conninfo', this.pgDir]).trim();
    return this.run(PSQL, ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-d', this.ownerDb, '-c', statement]).trim();
  }

  // A number that only a reading of the configuration which begins from now on can have: one that was under way when
  // the last change was committed may have that change's number without it, a sequence knows no transactions.
  nextRevision() {
    return Number(this.sql("SELECT nextval('directory_revision') FROM pg_notify('hotlined_config', 'tests')"));
  }

  // Waits until the daemon works with the configuration as it is in the database now.
  configured() {
    const wanted = this.nextRevision();
    return until(`configuration ${wanted} read`, () => [...this.log.matchAll(/room=directory event=loaded revision=(\d+)/g)].some(([, revision]) => revision >= wanted));
  }

  // Leads a trunk, the demo region's only one unless said otherwise, to somebody outside (class Called).
  outside(called, name = '本机演示中继') {
    this.sql(`UPDATE trunk SET host = '127.0.0.1', port = ${called.port} WHERE name = '${name}'`);
    return this.configured();
  }

  // Every log line of one call: the story one grep tells.
  story(callId) { return this.log.split('\n').filter((line) => line.includes(callId)); }

  // Clean end; a sanitizer report or a crash fails the test that calls it.
  async stop() {
    const exit = await this.stopDaemon();
    running.delete(this);
    try { this.run('scripts/pg', ['stop', this.pgDir]); } catch { /* never started */ }
    rmSync(this.dir, { recursive: true, force: true });
    if (/ERROR: (Address|Leak)Sanitizer|runtime error:/.test(this.log)) throw new Error(`sanitizer report:\n${this.log.slice(-8000)}`);
    if (exit && exit.code !== 0) throw new Error(`daemon ended with ${JSON.stringify(exit)}\n${this.log.slice(-4000)}`);
  }
}

// One signed-in person over HTTP, as a page would be: cookie, CSRF token, problem documents.
export class Person {
  constructor(region) { this.region = region; }

  static async signIn(region, center, login, password = PASSWORD) {
    const person = new Person(region);
    // A daemon that was just started knows its sessions from the life before, and may be ready before the database is there.
    const answer = await until('the database is there', async () => {
      const said = await person.raw('POST', '/sessions', { center, login, password });
      return said.body.code === 'store.unavailable' ? null : said;
    });
    if (answer.status !== 201) throw new Error(`sign-in of ${login}@${center}: ${answer.status} ${JSON.stringify(answer.body)}`);
    person.cookie = answer.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
    person.me = answer.body;
    person.csrf = answer.body.csrf_token;
    return person;
  }

  async raw(method, path, body, headers = {}) {
    await new Promise((turn) => { setImmediate(turn); }); // a test that worked for long without a pause learns only now which connections were closed
    const response = await fetch(`${this.region.base}/api/v1${path}`, {
      method,
      headers: {
        ...(this.cookie ? { cookie: this.cookie } : {}), ...(this.csrf ? { 'x-csrf-token': this.csrf } : {}),
        ...(body !== undefined ? { 'content-type': 'application/json' } : {}), ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    let parsed = text;
    if (/json/.test(response.headers.get('content-type') || '') && text) parsed = JSON.parse(text);
    return { status: response.status, headers: response.headers, body: parsed };
  }

  // Expects success and gives the body.
  async call(method, path, body, headers) {
    const answer = await this.raw(method, path, body, headers);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  get(path) { return this.call('GET', path); }
  post(path, body) { return this.call('POST', path, body ?? {}); }
  put(path, body, headers) { return this.call('PUT', path, body ?? {}, headers); }

  // Opens the event stream; events are kept in .events as {event, id, data, at}.
  async listen(lastEventId) {
    this.abort?.abort();
    this.events = [];
    this.cuts = 0;
    this.abort = new AbortController();
    await this.openStream(this.abort, lastEventId);
    await until('hello event', () => this.events.some((e) => e.event === 'hello'));
    return this;
  }

  // When the daemon ends it (rights changed), which .cuts counts, the next begins where it was, as in a page: asked for
  // again and again, but for whoever is refused then.
  async openStream(abort, lastEventId) {
    const response = await fetch(`${this.region.base}/api/v1/events`, {
      headers: { cookie: this.cookie, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) }, signal: abort.signal,
    });
    if (!response.ok) throw Object.assign(new Error(`events: ${response.status}`), { status: response.status });
    this.reading = this.readEvents(response).catch(() => {});
    this.reading.then(() => {
      if (abort.signal.aborted) return;
      this.cuts++;
      this.openAgain(abort);
    });
  }
  async openAgain(abort) {
    try {
      await this.openStream(abort, this.events.findLast((e) => e.id)?.id);
    } catch (error) {
      if (abort.signal.aborted || [401, 403].includes(error.status)) return;
      setTimeout(() => this.openAgain(abort), 250).unref();
    }
  }
  cut() { return until('the stream is cut', () => this.cuts > 0); }

  async readEvents(response) {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      rest += decoder.decode(chunk, { stream: true });
      const parts = rest.split('\n\n');
      rest = parts.pop();
      for (const part of parts) this.takeEvent(part);
    }
  }

  takeEvent(part) {
    const event = { at: Date.now() };
    for (const line of part.split('\n')) {
      if (line.startsWith('event:')) event.event = line.slice(6).trim();
      if (line.startsWith('id:')) event.id = line.slice(3).trim();
      if (line.startsWith('data:')) event.data = JSON.parse(line.slice(5));
    }
    if (event.event) this.events.push(event);
  }

  // The newest event of a kind that satisfies test(data).
  seen(kind, test = () => true) { return this.events.findLast((e) => e.event === kind && test(e.data)); }
  waitFor(kind, test, timeout_ms) { return until(`event ${kind}`, () => this.seen(kind, test), timeout_ms); }

  async close() {
    this.abort?.abort();
    await this.reading;
  }
}

// A telephone outside (tests/tools/caller): events it printed are kept in .events.
class Telephone {
  static spawn(args) {
    const telephone = new this();
    telephone.events = [];
    telephone.child = spawn(join(B, 'tools/caller'), args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
    telephone.err = '';
    telephone.child.stderr.on('data', (text) => { telephone.err += text; });
    telephone.child.stdout.setEncoding('utf8');
    let rest = '';
    telephone.child.stdout.on('data', (text) => {
      rest += text;
      const lines = rest.split('\n');
      rest = lines.pop();
      for (const line of lines) if (line.trim().startsWith('{')) telephone.events.push({ at: Date.now(), ...JSON.parse(line) });
    });
    // Not 'exit': it may come before the last events are read.
    telephone.exited = once(telephone.child, 'close').then(([code]) => { telephone.code = code; return code; });
    return telephone;
  }

  seen(name, test = () => true) { return this.events.find((e) => e.event === name && test(e)); }
  waitFor(name, test, timeout_ms = 20000) {
    return until(`caller event ${name} (has ${this.events.map((e) => e.event).join(',')} ${this.err.slice(-500)})`, () => this.seen(name, test), timeout_ms);
  }

  say(line) { this.child.stdin.write(`${line}\n`); }
  async hangUp() {
    if (this.code === undefined) this.say('hangup');
    await this.exited;
    return this.code;
  }
  kill() { if (this.code === undefined) this.child.kill('SIGKILL'); }
}

// The taxpayer who calls us.
export class Caller extends Telephone {
  static start(region, { from = '13877100001', to, args = [] }) {
    return this.spawn(['--server', `127.0.0.1:${region.sipPort}`, '--from', from, '--to', to, ...args]);
  }
}

// Somebody outside whom we call over a trunk that is led to .port (Region.outside). One call unless args say
// --count N (0: without end; then hangUp() once more, while it waits, ends it). It answers after half a second,
// or as args say: --answer-after MS (-1: at say('answer')), --refuse STATUS, --early; say('refuse 486') while it rings.
export class Called extends Telephone {
  static async start(region, { args = [] } = {}) {
    const called = this.spawn(['--answer', '127.0.0.1:0', ...args]);
    called.port = (await called.waitFor('listening')).sip_port;
    return called;
  }
}
