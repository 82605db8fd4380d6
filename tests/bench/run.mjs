// make bench: what one core carries, repeated by the method of docs/benchmarks.md.
//   taskset -c 1 node tests/bench/run.mjs [PART ...]     parts: see PARTS; all without arguments
// JSON on stdout and in $B/bench.json, a table for people on stderr. BENCH_SECONDS: how long a rate is held.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, getPriority, loadavg } from 'node:os';
import { join } from 'node:path';
import { BenchRegion, B } from './lib/region.mjs';
import { PARTS, USUAL } from './lib/parts.mjs';
import { addRatios, table } from './lib/report.mjs';

const WITHOUT_REGION = new Set(['bare', 'decision', 'answer_page', 'sign_in_page']);

function checkPinned() {
  const allowed = /Cpus_allowed_list:\s+(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  if (cpus().length < 2 || allowed !== '1') throw new Error(`run me with taskset -c 1 on a machine with two cores (allowed now: ${allowed})`);
}

function machine() {
  const version = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' }).split('\n').find((l) => l.trim())?.trim();
  return {
    cpu: cpus()[0].model, cores: cpus().length, kernel: version('uname', '-r'), gcc: version('gcc', '--version'), node: process.version, nice: getPriority(),
    commit: process.env.BENCH_COMMIT ?? version('git', 'describe', '--always', '--dirty'), date: new Date().toISOString(), load_before: loadavg().map((l) => Math.round(l * 100) / 100),
  };
}

// A part that fails says so and the others are still measured.
async function measure(name, region) {
  const began = performance.now();
  process.stderr.write(`bench: ${name} ...\n`);
  let result;
  try {
    result = await PARTS[name](region);
  } catch (error) {
    result = { error: String(error.stack ?? error), log: region?.log.slice(0, 3000) };
    process.stderr.write(`bench: ${name} failed: ${result.error}\n${result.log ?? ''}\n`);
  }
  result.took_s = Math.round((performance.now() - began) / 100) / 10;
  process.stderr.write(`  ${result.took_s} s\n`);
  return result;
}

async function main() {
  checkPinned();
  const names = process.argv.length > 2 ? process.argv.slice(2) : USUAL;
  for (const name of names) if (!PARTS[name]) throw new Error(`no such part: ${name} (have ${Object.keys(PARTS).join(', ')})`);
  const out = { machine: machine(), parts: {} };
  const region = names.every((n) => WITHOUT_REGION.has(n)) ? null : await BenchRegion.start();
  try {
    for (const name of names) out.parts[name] = await measure(name, region);
  } finally {
    await region?.stop().catch((error) => { process.stderr.write(`bench: ${error}\n`); process.exitCode = 1; });
  }
  out.machine.load_after = loadavg().map((l) => Math.round(l * 100) / 100);
  addRatios(out);
  const text = JSON.stringify(out, null, 2);
  if (existsSync(B)) writeFileSync(join(B, 'bench.json'), `${text}\n`);
  process.stdout.write(`${text}\n`);
  process.stderr.write(table(out));
  if (Object.values(out.parts).some((p) => p.error)) process.exitCode = 1;
}

await main();
