#!/usr/bin/env node
// Mutants: puts one small fault at a time into a copy of the engines and telephony and sees whether a test notices.
//
//   make mutants            all of them         T=talk.c    those of one file (or with that word in what is wrong)
//
// Ends with "N of M caught" and which test caught each. One that survives means that a test is missing. JOBS (2)
// copies of the tree work beside each other; each builds only what the fault touches, and the first failing test
// ends it. Seeds are fixed: the same fault is caught by the same test.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { mutants } from './list.mjs';

const B = resolve(process.env.B || 'build');
const JOBS = Number(process.env.JOBS || 2);
const WORD = process.env.T || '';
const CC = process.env.CC || 'gcc';
const LIMIT_S = 300; // a test that hangs has noticed, too; one on a busy machine has not

// Cheapest first.
const SUITES = {
  acd: ['unit/test_acd_scenarios', 'sim/test_acd', 'sim/test_telephony stories', 'sim/test_telephony schedules'],
  ivr: ['unit/test_ivr', 'unit/test_ivr_tasks', 'unit/test_calendar', 'sim/test_ivr', 'sim/test_telephony stories', 'sim/test_telephony schedules'],
  stage: ['unit/test_stage', 'sim/test_telephony stories', 'sim/test_telephony schedules'],
  telephony: ['sim/test_telephony stories', 'sim/test_telephony schedules'],
  admission: ['unit/test_admission'],
  pool: ['unit/test_pool', 'unit/test_turn', 'sim/test_telephony stories'],
  turn: ['unit/test_turn'],
  sms: ['unit/test_sms'],
  ports: ['unit/test_ports'],
  outbox: ['unit/test_outbox', 'unit/test_outbox_pace', 'unit/test_outbox_file'],
};
const ENVIRONMENT = {
  ...process.env, CMOCKA_MESSAGE_OUTPUT: 'TAP', ASAN_OPTIONS: 'symbolize=0', UBSAN_OPTIONS: 'symbolize=0', HOTLINED_SEED: '1000', HOTLINED_STEPS: '300000',
  SEED: '1600', STEPS: '160000', SHORTEN: '0',
};

function makeTree(n) {
  const tree = join(B, 'mutants', `tree-${n}`);
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'Makefile', 'mk', 'scripts', 'include', 'src/*.[ch]', 'sql', 'tests/unit', 'tests/sim', 'tests/tools', 'docs'], { encoding: 'utf8', maxBuffer: 1 << 26 })
    .split('\n').filter((f) => f && existsSync(f));
  for (const file of files) {
    const to = join(tree, file);
    if (existsSync(to) && readFileSync(to).equals(readFileSync(file))) continue; // its objects stay good
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(file, to);
  }
  return tree;
}

// Runs a program; resolves to { status, output } and never throws.
function run(program, args, options) {
  return new Promise((done) => {
    let output = '';
    const child = spawn('nice', ['-n', '5', program, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => { output += '\nhangs'; child.kill('SIGKILL'); }, options.limit ?? LIMIT_S * 1000);
    const take = (data) => { if (output.length < 1 << 22) output += data; };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('close', (status) => { clearTimeout(timer); done({ status: status ?? -1, output }); });
  });
}

const build = (tree, tests) => run('make', [`B=${join(tree, 'build')}`, `CC=${CC}`, 'WARN=-w', ...tests.map((t) => join(tree, 'build/tests', t))], { cwd: tree, limit: 600000 });

// What a failed test says in a line: the name of the story, and what the invariant or the sanitizer said.
function verdict({ output }) {
  const name = output.match(/^not ok \d+ - (.*)$/m)?.[1] ?? '';
  const said = output.match(/^SEED=\d+ step \d+: (.*)$/m)?.[1] ?? output.match(/^HOTLINED_SEED=\d+ step \d+: (.*)$/m)?.[1]
    ?? output.match(/^SUMMARY: (.*)$/m)?.[1] ?? output.match(/^.*(runtime error: .*|Assertion .*)$/m)?.[1] ?? (/\nhangs/.test(output) ? 'hangs' : '');
  return [name, said.slice(0, 90)].filter(Boolean).join(': ') || output.trim().split('\n').pop();
}

const tests = (engine) => [...new Set(SUITES[engine].map((s) => s.split(' ')[0]))];

// The first suite that notices, or null. Tests are linked one by one: most mutants do not live to the second.
async function hunt(tree, engine) {
  for (const suite of SUITES[engine]) {
    const [test, only] = suite.split(' ');
    const built = await build(tree, [test]);
    if (built.status !== 0) return { suite: 'build', why: built.output.match(/error: .*/)?.[0] ?? 'does not build', broken: true };
    const result = await run(join(tree, 'build/tests', test), [], { cwd: tree, env: { ...ENVIRONMENT, ...(only && { ONLY: only }) } });
    if (result.status !== 0) return { suite, why: verdict(result) };
  }
  return null;
}

function apply(tree, mutant) {
  const path = join(tree, mutant.file);
  const text = readFileSync(path, 'utf8');
  if (text.split(mutant.was).length !== 2) return null;
  writeFileSync(path, text.replace(mutant.was, () => mutant.becomes));
  return () => writeFileSync(path, text);
}

async function worker(tree, queue, results) {
  for (let mutant; (mutant = queue.shift());) {
    const restore = apply(tree, mutant);
    const caught = restore ? await hunt(tree, mutant.engine) : { broken: true, why: 'does not apply' };
    restore?.();
    const state = !caught ? 'SURVIVES' : caught.broken ? 'BROKEN' : 'caught';
    results.push({ ...mutant, state });
    console.log(`${state.padEnd(8)} ${mutant.file.slice(4)}: ${mutant.what}${caught ? `\n           by ${caught.suite ?? '-'}: ${caught.why}` : ''}`);
  }
}

const chosen = mutants.filter((m) => m.file.includes(WORD) || m.what.includes(WORD));
const began = Date.now();
const trees = await Promise.all(Array.from({ length: JOBS }, (_, n) => makeTree(n)));
for (const tree of trees) {
  const engines = [...new Set(chosen.map((m) => m.engine))];
  const built = await build(tree, [...new Set(engines.flatMap(tests))]);
  if (built.status !== 0) { console.error(built.output.slice(-3000)); process.exit(1); }
  if (tree !== trees[0]) continue;
  for (const engine of engines) {
    const wrong = await hunt(tree, engine);
    if (wrong) { console.error(`Without any fault, ${wrong.suite} fails: ${wrong.why}`); process.exit(1); }
  }
}
const results = [];
const queue = [...chosen];
await Promise.all(trees.map((tree) => worker(tree, queue, results)));
const caught = results.filter((r) => r.state === 'caught').length;
for (const r of results.filter((m) => m.state !== 'caught')) console.log(`${r.state}: ${r.file}: ${r.what}`);
console.log(`${caught} of ${results.length} mutants caught (${Math.round((Date.now() - began) / 1000)} s)`);
process.exit(caught === results.length && caught > 0 ? 0 : 1);
