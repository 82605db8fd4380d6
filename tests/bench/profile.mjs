// make profile: flame graphs of the daemon under the loads of the benches, from perf, without hardware counters.
//   taskset -c 1 node tests/bench/profile.mjs PART ...     the parts of run.mjs that watch the daemon's CPU; default below
// perf listens exactly while a part measures CPU (CpuWatch). $B/profile/PART.svg, and a table of self time by component.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { B, BenchRegion, CpuWatch } from './lib/region.mjs';
import { PARTS } from './lib/parts.mjs';
import { componentOf, flameGraph, foldersOf, parseStacks, selfTime, stages } from './lib/flame.mjs';

const USUAL = ['queue_rate', 'talks'];
const HZ = 499, STACK = 16384;
const out = join(B, 'profile');

// Starts and ends perf with the windows in which a part measures.
class Perf {
  constructor(name) { this.name = name; this.windows = []; this.files = []; }
  begin(pid) {
    const file = join(out, `${this.name}.${this.files.length}.perf`);
    this.files.push(file);
    this.child = spawn('perf', ['record', '-q', '-e', 'cpu-clock', '-F', String(HZ), '--call-graph', `dwarf,${STACK}`, '-p', String(pid), '-o', file], { stdio: ['ignore', 'ignore', 'inherit'] });
    this.windows.push(once(this.child, 'exit'));
  }
  end() { this.child?.kill('SIGINT'); }
  async samples() {
    await Promise.all(this.windows);
    const samples = [];
    for (const file of this.files) {
      const text = execFileSync('perf', ['script', '--no-inline', '-i', file, '-F', 'comm,tid,ip,sym,dso'], { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'ignore'] });
      samples.push(...parseStacks(text));
      rmSync(file);
    }
    return samples;
  }
}

function objects(dir) {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? objects(path) : path.endsWith('.o') ? [path] : [];
  });
}

// A part that holds calls says what one costs: its stages in microseconds of CPU.
function perCall(measured, shares) {
  const ms = measured.held?.daemon_ms_per_call;
  if (!ms) return null;
  const us = shares.map(([stage, share]) => [stage, Math.round(share * ms * 1000)]).filter(([, n]) => n > 0);
  process.stdout.write(`  one call at ${measured.held.rate}/s, ${ms} ms of CPU:\n${us.map(([stage, n]) => `  ${String(n).padStart(5)} us  ${stage}`).join('\n')}\n`);
  return Object.fromEntries(us);
}

async function profile(name, region, folders) {
  const perf = new Perf(name);
  CpuWatch.listener = perf;
  process.stderr.write(`profile: ${name} ...\n`);
  const measured = await PARTS[name](region);
  CpuWatch.listener = null;
  const samples = await perf.samples();
  if (!samples.length) throw new Error(`${name} measures no CPU of the daemon: nothing to see`);
  const component = (frame) => componentOf(frame, 'hotlined', folders);
  writeFileSync(join(out, `${name}.svg`), flameGraph(samples, `hotlined, ${name}: ${samples.length} samples of CPU time at ${HZ} Hz`, component));
  const parts = selfTime(samples, component);
  process.stdout.write(`${name} (${samples.length} samples), self time:\n${parts.filter(([, p]) => p >= 0.5).map(([what, p]) => `  ${String(p).padStart(5)} %  ${what}`).join('\n')}\n`);
  return { samples: samples.length, self_percent: Object.fromEntries(parts), stages_us_per_call: perCall(measured, stages(samples, 'hotlined', component)) };
}

async function main() {
  const names = process.argv.length > 2 ? process.argv.slice(2) : USUAL;
  for (const name of names) if (!PARTS[name]) throw new Error(`no such part: ${name} (have ${Object.keys(PARTS).join(', ')})`);
  execFileSync('perf', ['--version']); // said now, not after minutes of load
  mkdirSync(out, { recursive: true });
  const folders = foldersOf(objects(join(B, 'rel/src')));
  const region = await BenchRegion.start(), result = {};
  try {
    for (const name of names) result[name] = await profile(name, region, folders);
  } finally {
    await region.stop();
  }
  writeFileSync(join(out, 'profile.json'), `${JSON.stringify(result, null, 2)}\n`);
}

await main();
