// J: 200 agents save a registration: each when its call is over (20 saves a second, as many as such a center never
// has), and all of them in the same moment. Baseline of the same run: the same statement by pgbench, without us.
import { randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDesks } from './desk.mjs';
import { B, CpuWatch } from './region.mjs';
import { round, sleep, summary } from './numbers.mjs';
import { below } from './targets.mjs';

const AGENTS = 200, RATE = 20, SECONDS = 10, BURSTS = 5, PAUSE_MS = 500;

const registration = (i) => ({
  id: randomUUID(), call_id: null, caller_no: `1367800${1000 + i % 9000}`, caller_name: `来电人${i}`, category: '01',
  title: `保存 ${i}`, content: '咨询'.repeat(200), answer: '答复'.repeat(200), method: 'direct', urgency: 'normal', same_day: true,
});

async function save(desk, i) {
  const answer = await desk.send('POST', '/records', registration(i));
  if (answer.status !== 201) throw new Error(`save: ${answer.status} ${answer.body}`);
  return answer.ms;
}

async function spread(desks) {
  const saves = [], began = performance.now();
  for (let i = 0; i < RATE * SECONDS; i++) {
    await sleep(Math.max(0, began + i * 1000 / RATE - performance.now()));
    saves.push(save(desks[i % desks.length], i));
  }
  return summary(await Promise.all(saves));
}

// By a program in C: pages in this one would take a quarter of the core that PostgreSQL is measured on. The first burst is
// apart: connections of the daemon that had nothing to do yet plan their statements in it.
function burst(region, desks) {
  const body = join(region.dir, 'registration.json');
  writeFileSync(body, JSON.stringify({ ...registration(1), id: '@ID@' }));
  const input = desks.map((desk) => `${desk.person.cookie} ${desk.person.csrf}\n`).join('');
  const { ms: [first, ...rest] } = JSON.parse(execFileSync(join(B, 'bench/load_saves'), [region.httpPort, 1 + BURSTS, PAUSE_MS, body].map(String), { input, encoding: 'utf8' }));
  return { bursts: BURSTS, ...summary(rest.flat()), first_burst: summary(first) };
}

// The statement of the daemon, its scope in the same transaction, by as many clients as the daemon has connections.
function bare(region) {
  const dir = mkdtempSync(join(region.dir, 'pgbench-'));
  const script = join(dir, 'save.sql');
  const body = JSON.stringify({ ...registration(1), id: 'ID' }).replaceAll("'", "''").replace('"ID"', `"' || gen_random_uuid() || '"`);
  writeFileSync(script, `SELECT set_config('hotlined.centers', '{90}', true), set_config('hotlined.user', '9001', true) \\; SELECT record_create(('${body}')::jsonb, 90, 9001);\n`);
  const conninfo = region.run('scripts/pg', ['conninfo', region.pgDir, 'hotlined_app']).trim();
  const text = execFileSync('pgbench', ['-n', '-f', script, '-c', String(CLIENTS), '-t', '100', conninfo], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return { clients: CLIENTS, average_ms: Number(/latency average = ([\d.]+)/.exec(text)[1]), saves_per_second: round(Number(/tps = ([\d.]+)/.exec(text)[1])) };
}
const CLIENTS = 4;

export async function saveRegistration(region) {
  await region.restart();
  region.sql('SELECT center_start_dictionaries(90)');
  const desks = await openDesks(region, 'bench', Array.from({ length: AGENTS }, (_, i) => `p${i + 1}`));
  const cpu = new CpuWatch(region.pid);
  const out = { unit: 'ms', agents: AGENTS, one_by_one: { per_second: RATE, ...await spread(desks) }, cpu: cpu.end() };
  out.at_once = burst(region, desks);
  for (const desk of desks) desk.close();
  await region.shipped();
  out.bare_statement = bare(region);
  out.stored = Number(region.sql('SELECT count(*) FROM record WHERE center_id = 90'));
  out.one_by_one_to_bare = round(out.one_by_one.p50 / out.bare_statement.average_ms, 2);
  out.targets = [below('save p99, 200 agents, one by one', out.one_by_one.p99, 200, 'ms'), below('save p99, 200 at once', out.at_once.p99, 200, 'ms')];
  return out;
}
