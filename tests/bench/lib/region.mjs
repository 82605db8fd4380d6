// The bench's region: the release daemon alone on core 0, everything else on core 1, a center of its
// own with 400 desk phones, and what the kernel says about CPU and memory.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes, scryptSync } from 'node:crypto';
import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { B, PASSWORD, Person, ROOT, Region, until } from '../../system/lib/region.mjs';

export const SERVER = '127.0.0.1', CALLERS = '127.0.0.2', AGENTS = '127.0.0.3', MEDIA = '127.0.0.4';
export const AGENT_COUNT = Number(process.env.BENCH_AGENTS ?? 3000);
export const REALM = 'hotlined';
export const NUMBER = { queue: '9001', quiet: '9002', music: '9003', line: '9004' };
export const extension = (n) => `99${1000 + n}`;

// A cheap scrypt: 400 sign-ins must not be a bench of their own.
function passwordHash() {
  const salt = randomBytes(16), [n, r, p] = [1024, 8, 1];
  return `scrypt$${n}$${r}$${p}$${salt.toString('base64')}$${scryptSync(PASSWORD, salt, 32, { N: n, r, p }).toString('base64')}`;
}

// Flows with only a queue in them. "silence" is a prompt without a file: no music at all.
const flow = (queue, music) => JSON.stringify({
  entry: 'wait',
  nodes: {
    wait: { type: 'queue', queue, music, on_wait_over: 'over', on_no_agent: 'over', on_full: 'over' },
    over: { type: 'hangup', reason: 'lost' },
  },
});

const seedSql = () => `
BEGIN;
INSERT INTO center (id, code, kind, name, city_code, announce_agent_no, sort) VALUES (90, 'bench', 'city', 'bench', '459900', false, 90);
INSERT INTO org (center_id, level, code, name) VALUES (90, 'city', '', 'bench');
INSERT INTO app_user (id, center_id, login, name, agent_no, password_hash)
  SELECT 9000 + n, 90, 'p' || n, '坐席' || n, (1000 + n)::text, '${passwordHash()}' FROM generate_series(1, ${AGENT_COUNT + 3}) n;
INSERT INTO user_role (user_id, role_code, center_id) SELECT id, 'agent', 90 FROM app_user WHERE center_id = 90;
INSERT INTO phone (user_id, center_id, extension, ha1_md5, ha1_sha256)
  SELECT 9000 + n, 90, e, md5(e || ':${REALM}:${PASSWORD}'), encode(sha256(convert_to(e || ':${REALM}:${PASSWORD}', 'UTF8')), 'hex')
  FROM generate_series(1, ${AGENT_COUNT + 3}) n, LATERAL (SELECT '99' || (1000 + n) AS e) x;
INSERT INTO queue (id, center_id, code, name, strategy, wrap_up_ms, max_wait_ms) VALUES
  (901, 90, 'main', '主', 'longest_idle', 0, 3600000), (902, 90, 'hold', '等', 'longest_idle', 0, 3600000), (903, 90, 'line', '线', 'longest_idle', 0, 3600000);
INSERT INTO queue_member (queue_id, user_id, center_id, weight)
  SELECT CASE WHEN n <= ${AGENT_COUNT} THEN 901 WHEN n = ${AGENT_COUNT + 1} THEN 902 ELSE 903 END, 9000 + n, 90, 50 FROM generate_series(1, ${AGENT_COUNT + 3}) n;
INSERT INTO prompt (id, center_id, code, name, published_version) VALUES (9001, 90, 'silence', '无', 1);
INSERT INTO prompt_version (prompt_id, version, center_id, path, source) VALUES (9001, 1, 90, 'bench/none.wav', 'upload');
INSERT INTO flow (id, center_id, code, name, published_version) VALUES
  (901, 90, 'queue', 'queue', 1), (902, 90, 'quiet', 'quiet', 1), (903, 90, 'music', 'music', 1), (904, 90, 'line', 'line', 1);
INSERT INTO flow_version (flow_id, version, center_id, document) VALUES
  (901, 1, 90, '${flow('main', 'hold_music')}'), (902, 1, 90, '${flow('hold', 'silence')}'),
  (903, 1, 90, '${flow('hold', 'hold_music')}'), (904, 1, 90, '${flow('line', 'silence')}');
INSERT INTO number_plan (called_no, center_id, kind, source, flow_code) VALUES
  ('${NUMBER.queue}', 90, 'public', 'direct', 'queue'), ('${NUMBER.quiet}', 90, 'public', 'direct', 'quiet'),
  ('${NUMBER.music}', 90, 'public', 'direct', 'music'), ('${NUMBER.line}', 90, 'public', 'direct', 'line');
COMMIT;`;

export class BenchRegion extends Region {
  static async start() {
    const region = new this();
    // A talk without RTP must not be hung up as dead: the callers of the benches send none.
    region.options = { binary: join(B, 'hotlined'), env: { LOG_LEVEL: 'warn', DB_FAST: 4, MAX_CALLS: 6000, MAX_AGENTS: AGENT_COUNT + 100, RTP_TIMEOUT_S: 3600, RTP_MIN: 10000, RTP_MAX: 31998, DRAIN_S: 1 } };
    region.dir = execFileSync('mktemp', ['-d', '/tmp/hlbench-XXXXXX'], { encoding: 'utf8' }).trim();
    chmodSync(region.dir, 0o755);
    region.pgDir = join(region.dir, 'pg');
    region.log = '';
    region.binary = join(B, 'hotlined');
    region.children = new Set();
    try {
      await region.prepare();
    } catch (error) {
      await region.stop().catch(() => {});
      throw error;
    }
    return region;
  }

  // Media on an address of its own: nobody else on this machine holds ports there.
  async prepare() {
    await super.prepare();
    // Facts may wait, calls may not: when the bench has a higher priority than others on this machine,
    // PostgreSQL keeps the ordinary one and does not starve the load on its core.
    if (getPriority() < 0) setPriority(Number(readFileSync(join(this.pgDir, 'data/postmaster.pid'), 'utf8').split('\n')[0]), 0);
    // Recordings and SIPp's statistics in memory: an ext4 without a journal, as on this machine, searches
    // long for free inodes after many files were deleted, and a writer of much that is not yet on the disk
    // is stopped for seconds; both would be measured. The daemon's journal and PostgreSQL stay on disk.
    this.scratch = execFileSync('mktemp', ['-d', '/dev/shm/hlbench-XXXXXX'], { encoding: 'utf8' }).trim();
    writeFileSync(this.config, readFileSync(this.config, 'utf8').replace(/address = "127\.0\.0\.1"/g, `address = "${MEDIA}"`)
      .replace(/state_dir = .*/, (line) => `${line}\n    recording_dir = "${this.scratch}/recordings";`));
    const pinned = join(this.dir, 'hotlined-on-core-0');
    writeFileSync(pinned, `#!/bin/sh\nulimit -n 20000\nexec taskset -c 0 ${this.binary} "$@"\n`, { mode: 0o755 });
    this.binary = pinned;
    this.sql(seedSql());
  }

  // A fresh process for every part that says "fresh server".
  async restart() {
    await this.lab?.close();
    this.lab = null;
    await this.stopDaemon();
    rmSync(join(this.scratch, 'recordings/bench'), { recursive: true, force: true });
    // A million facts of the part before would be shipped beside what is measured next.
    const [, state] = /state_dir = "(.*)"/.exec(readFileSync(this.config, 'utf8'));
    for (const end of ['', '-wal', '-shm']) rmSync(join(state, `outbox.db${end}`), { force: true });
    this.log = '';
    await this.startDaemon();
    this.threads = new Map();
  }

  get pid() { return this.daemon.pid; }

  // Processes of the load, ended by their ids when the region ends.
  spawn(command, args, options = {}) {
    const child = spawn(command, args, { cwd: this.dir, stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.children.add(child);
    child.exited = once(child, 'exit').then(([code, signal]) => { this.children.delete(child); child.code = code ?? signal; return code ?? signal; });
    child.err = '';
    child.stderr?.on('data', (text) => { child.err = (child.err + text).slice(-4000); });
    return child;
  }

  async sink(host) {
    const child = this.spawn(join(B, 'bench/sink'), [host]);
    const [text] = await once(child.stdout, 'data');
    return { port: Number(String(text)), close: () => { child.stdin.end(); return child.exited; } };
  }

  async stop() {
    for (const child of this.children) child.kill('SIGKILL');
    await Promise.all([...this.children].map((child) => child.exited));
    try {
      await super.stop();
    } finally {
      if (this.scratch) rmSync(this.scratch, { recursive: true, force: true });
    }
  }

  async metric(name) {
    const text = await (await fetch(`${this.base}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);
  }

  // Everything journalled is in PostgreSQL.
  async shipped(timeout_ms = 120000) {
    const began = performance.now();
    await until('facts shipped', async () => (await this.metric('hotlined_facts_pending')) === 0, timeout_ms, 200);
    return performance.now() - began;
  }

  // Signs in agents by number, eight at a time, with their desk phones.
  async signInPhones(numbers, { ready = true } = {}) {
    const people = new Map();
    const queue = [...numbers];
    const worker = async () => {
      for (let n; (n = queue.shift()) !== undefined;) {
        const person = await Person.signIn(this, 'bench', `p${n}`);
        await person.post('/agent/sign-in', { line: 'phone' });
        if (ready) await person.put('/agent/state', { state: 'ready' });
        people.set(n, person);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return people;
  }
}

// --- what the kernel says ------------------------------------------------------------------------

export const rssKb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// ns on a CPU per thread: the scheduler's own account, not the sampled ticks of utime and stime.
export function threadNs(pid) {
  const threads = new Map();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    try {
      const name = readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim();
      threads.set(`${name}:${tid}`, Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]));
    } catch { /* ended meanwhile */ }
  }
  return threads;
}

// ns each core was busy with anything, ours or not: sampled ticks, so a hint only.
export function coreNs() {
  return [...readFileSync('/proc/stat', 'utf8').matchAll(/^cpu\d+ (.*)$/gm)].map((m) => {
    const [user, nice, system, , , irq, softirq] = m[1].split(' ').map(Number);
    return (user + nice + system + irq + softirq) * 1e7;
  });
}

// Measures from now until .end(): shares of a core in percent.
export class CpuWatch {
  static listener = null; // {begin(pid), end()}: a profiler that looks while we do

  constructor(pid) {
    CpuWatch.listener?.begin(pid);
    this.pid = pid;
    this.at = performance.now();
    this.threads = threadNs(pid);
    this.cores = coreNs();
  }

  end() {
    CpuWatch.listener?.end();
    const ns = (performance.now() - this.at) * 1e6;
    const after = threadNs(this.pid), cores = coreNs();
    const share = (a, b) => Math.round((a - b) / ns * 1000) / 10;
    const threads = [...after].map(([name, t]) => [name, share(t, this.threads.get(name) ?? 0)]).filter(([, s]) => s > 0.1).sort((a, b) => b[1] - a[1]);
    const daemon = Math.round(threads.reduce((sum, [, s]) => sum + s, 0) * 10) / 10;
    const [core0, core1] = cores.map((c, i) => share(c, this.cores[i]));
    return { daemon_percent: daemon, threads_percent: Object.fromEntries(threads.slice(0, 6)), core0_percent: core0, others_on_core0_percent: Math.round((core0 - daemon) * 10) / 10, core1_percent: core1 };
  }
}

export { ROOT, B, until, Person, PASSWORD };
