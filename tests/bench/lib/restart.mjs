// K: from exec to taking calls with 16 centers and 2,000 users: the process ended by SIGTERM and by SIGKILL, ten times
// each, PostgreSQL there; then with PostgreSQL away. A caller tries every 5 ms: the first OPTIONS and the first INVITE
// that get a 200 count. Baseline of the same run: what PostgreSQL alone takes to connect and say the directory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { CALLERS, NUMBER, SERVER } from './region.mjs';
import { Endpoint, sdp } from './sip.mjs';
import { round, sleep, summary } from './numbers.mjs';
import { below } from './targets.mjs';

const ROUNDS = 6, EVERY_MS = 5, GIVE_UP_MS = 15000;

// Knocks with a request of its own each time, so that no answer is one to an earlier try; says when the first 200 came.
class Knocker extends Endpoint {
  dialog(target) {
    const callId = `${performance.now()}-${Math.random()}`, user = '13877130001';
    return { callId, user, localTag: callId.slice(-8), cseq: 0, target: `sip:${target}@${SERVER}:${this.server.port}`, local: `sip:${user}@${this.host}`, remote: `sip:${target}@${SERVER}` };
  }

  arrived(message, at) {
    if (message.status !== 200) return;
    this.first[message.cseqMethod] ??= at;
    const dialog = this.dialogs.get(message.callId);
    if (message.cseqMethod !== 'INVITE' || !dialog) return;
    dialog.remoteTag = /;tag=([^;>\s]+)/.exec(message.headers.to[0])[1];
    this.write(this.request(dialog, 'ACK', { cseq: 1 }));
    this.write(this.request(dialog, 'BYE', { cseq: 2 }));
    this.dialogs.delete(message.callId);
  }

  async knock() {
    this.first = {};
    this.dialogs.clear();
    const end = performance.now() + GIVE_UP_MS;
    while ((!this.first.OPTIONS || !this.first.INVITE) && performance.now() < end) {
      if (!this.first.OPTIONS) this.write(this.request(this.dialog('x'), 'OPTIONS'));
      const dialog = this.dialog(NUMBER.quiet);
      this.dialogs.set(dialog.callId, dialog);
      this.write(this.request(dialog, 'INVITE', { body: this.sdp }));
      await sleep(EVERY_MS);
    }
    if (!this.first.INVITE || !this.first.OPTIONS) throw new Error(`no call was taken within ${GIVE_UP_MS} ms: ${JSON.stringify(this.first)}`);
    return this.first;
  }
}

// Where the time goes, from the log: what each line said, in ms from exec.
function marks(region, began) {
  const at = (test) => {
    const line = region.log.split('\n').find((l) => test.test(l));
    const time = line && Date.parse(/time=(\S+)/.exec(line)[1]);
    return time ? round(time - began, 0) : null;
  };
  return { directory: at(/room=directory event=loaded/), store: at(/room=store event=available/) };
}

// What all threads have used until now, and how long the control thread was ready to run and had no processor: on a
// machine that others use, too, that is most of the time.
function spent(pid) {
  const read = (tid) => readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ').map(Number);
  const cpu = readdirSync(`/proc/${pid}/task`).reduce((sum, tid) => sum + read(tid)[0], 0);
  return { cpu: cpu / 1e6, waited: read(pid)[1] / 1e6 };
}

async function oneRound(region, knocker, signal, away) {
  const stopping = performance.now();
  await region.stopDaemon(signal);
  const stopped = performance.now() - stopping;
  region.log = '';
  const wall = Date.now(), began = performance.now();
  const ready = region.startDaemon();
  ready.catch(() => {}); // while PostgreSQL is away it never says so; calls are taken all the same
  const first = await knocker.knock();
  const used = spent(region.pid);
  if (!away) await ready;
  return { options: first.OPTIONS - began, invite: first.INVITE - began, stop: stopped, ...used, ...marks(region, wall) };
}

async function rounds(region, knocker, signal, count, away = false) {
  const all = [];
  for (let n = 0; n < count; n++) all.push(await oneRound(region, knocker, signal, away));
  const of = (name) => summary(all.map((r) => r[name]).filter((v) => v !== null));
  return { exec_to_options: of('options'), exec_to_call: of('invite'), stop: of('stop'), to_directory: of('directory'), to_store: of('store'), cpu: of('cpu'), control_without_processor: of('waited') };
}

// psql connects, says the scope and asks for the directory: what no daemon could be faster than, asking PostgreSQL.
async function bare(region) {
  const conninfo = region.run('scripts/pg', ['conninfo', region.pgDir, 'hotlined_app']).trim();
  const text = region.run('awk', ['/^-- name: /{on = $3 == "directory_snapshot"} on && !/^--/', 'sql/queries/directory.sql']);
  const times = [];
  for (let n = 0; n < ROUNDS; n++) {
    const began = performance.now();
    const psql = spawn('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', conninfo], { stdio: ['pipe', 'ignore', 'inherit'] });
    psql.stdin.end(`SELECT set_config('hotlined.centers', '*', false);\n${text}`);
    const [code] = await once(psql, 'exit');
    if (code !== 0) throw new Error(`psql: ${code}`);
    times.push(performance.now() - began);
  }
  return summary(times);
}

export async function restart(region) {
  const config = readFileSync(region.config, 'utf8');
  writeFileSync(region.config, config.replace(/log_level = .*/, 'log_level = "info";'));
  await region.restart();
  const knocker = await Knocker.open(CALLERS, { host: SERVER, port: region.sipPort });
  knocker.sdp = sdp(CALLERS, 9);
  const out = { unit: 'ms', centers: Number(region.sql('SELECT count(*) FROM center')), users: Number(region.sql('SELECT count(*) FROM app_user')) };
  out.terminated = await rounds(region, knocker, 'SIGTERM', ROUNDS);
  out.killed = await rounds(region, knocker, 'SIGKILL', ROUNDS);
  out.bare_psql = await bare(region);
  region.run('scripts/pg', ['stop', region.pgDir]);
  out.without_database = await rounds(region, knocker, 'SIGKILL', ROUNDS / 2, true);
  region.run('scripts/pg', ['start', region.pgDir]);
  knocker.close();
  writeFileSync(region.config, config);
  out.to_bare = round(out.terminated.exec_to_call.p50 / out.bare_psql.p50, 2);
  out.targets = [below('exec to first call, after SIGTERM, max', out.terminated.exec_to_call.max, 1000, 'ms'), below('exec to first call, after SIGKILL, max', out.killed.exec_to_call.max, 1000, 'ms'),
    below('the same while PostgreSQL is away, max', out.without_database.exec_to_call.max, 1000, 'ms')];
  return out;
}
