// M: memory after 50,000 queue calls have come and gone: resident before the first, at the most, and 60 s after the last.
import { readFileSync } from 'node:fs';
import { AGENT_COUNT, CALLERS, rssKb } from './region.mjs';
import { registerAll } from './rate_lab.mjs';
import { CallLoad } from './load.mjs';
import { round, sleep } from './numbers.mjs';
import { below } from './targets.mjs';

const CALLS = Number(process.env.BENCH_GONE_CALLS ?? 50000), RATE = Number(process.env.BENCH_GONE_RATE ?? 300);
const TAKING = Math.min(AGENT_COUNT, Math.ceil(RATE * 3)); // each talks 2 s a call
const QUIET_S = [5, 35, 60];

// MB resident of the heap, of other private memory (tables, threads' arenas, stacks) and of files: where it went.
function kinds(pid) {
  const sums = { heap: 0, anonymous: 0, files: 0 };
  let kind;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const map = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+) *(.*)$/.exec(line), rss = /^Rss: +(\d+) kB/.exec(line);
    if (map) kind = map[2] === '[heap]' ? 'heap' : map[1] === '0' ? 'anonymous' : 'files';
    else if (rss) sums[kind] += Number(rss[1]);
  }
  return Object.fromEntries(Object.entries(sums).map(([name, kb]) => [name, round(kb / 1024)]));
}

export async function gone(region) {
  await region.restart();
  const sink = await region.sink(CALLERS);
  const { port, numbers } = await registerAll(region, TAKING);
  const load = await CallLoad.open(region, { agentsPort: port, sinkPort: sink.port });
  await region.signInPhones(numbers);
  const out = { unit: 'MB', calls: CALLS, rate: RATE };
  const mb = () => round(rssKb(region.pid) / 1024);
  await sleep(36000); // finished transactions of registering are gone
  out.idle = mb();
  out.idle_kinds = kinds(region.pid);
  out.most = 0;
  const watch = setInterval(() => { out.most = Math.max(out.most, mb()); }, 500);
  const run = await load.run([[RATE, Math.ceil(CALLS / RATE)]]);
  clearInterval(watch);
  Object.assign(out, { good: run.good, failed: run.failed + run.refused });
  const ended = performance.now();
  out.after = {};
  for (const s of QUIET_S) {
    await sleep(Math.max(0, ended + s * 1000 - performance.now()));
    out.after[`${s} s`] = mb();
  }
  out.after_kinds = kinds(region.pid);
  out.facts_pending = await region.metric('hotlined_facts_pending');
  out.above_idle_percent = round((out.after['60 s'] / out.idle - 1) * 100);
  await load.close();
  await sink.close();
  out.targets = [below(`memory 60 s after ${CALLS} calls, above idle`, out.above_idle_percent, 20, '%')];
  return out;
}
