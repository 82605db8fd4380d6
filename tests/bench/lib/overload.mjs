// Overload: more calls than the daemon carries. The most that holds is found, then 1.3 and 3 times as much is offered
// between two quieter stretches: what is refused, what the set-up of the rest takes, when the last call is refused after it.
import { AGENT_COUNT, CpuWatch } from './region.mjs';
import { hold } from './queue_rate.mjs';
import { RateLab } from './rate_lab.mjs';
import { round, sleep } from './numbers.mjs';

const STEPS = (process.env.BENCH_OVERLOAD_STEPS ?? '400,600,800,1000').split(',').map(Number);
const TALK_MS = 1000, STEP_S = 5, BEFORE_S = 5, OVER_S = Number(process.env.BENCH_OVER_SECONDS ?? 10), AFTER_S = 6, QUIET = 0.7;

// What queue_rate of the same run held, else the highest step without a failure or refusal to speak of.
async function capacity(region, load) {
  if (process.env.BENCH_CAPACITY) return Number(process.env.BENCH_CAPACITY);
  if (region.held_rate) return region.held_rate;
  let best = 0;
  for (const rate of STEPS) {
    const step = await hold(region, load, rate, STEP_S);
    if (!step.holds) break;
    best = rate;
  }
  if (!best) throw new Error(`not even ${STEPS[0]}/s held`);
  return best;
}

const total = (seconds, name) => seconds.reduce((sum, s) => sum + (s[name] ?? 0), 0);

async function exceed(region, load, rate, times) {
  const run = load.run([[rate * QUIET, BEFORE_S], [rate * times, OVER_S], [rate * QUIET, AFTER_S]]);
  await sleep((BEFORE_S + 2) * 1000);
  const cpu = new CpuWatch(region.pid);
  await sleep((OVER_S - 4) * 1000);
  const used = cpu.end();
  const { seconds, ...rest } = await run;
  const over = seconds.slice(BEFORE_S, BEFORE_S + OVER_S), after = seconds.slice(BEFORE_S + OVER_S);
  const result = {
    times, offered_per_s: rate * times, taken_per_s: round(total(over, 'good') / OVER_S, 0), refused_per_s: round(total(over, 'refused') / OVER_S, 0),
    failed: total(seconds, 'failed'), p99_by_second: over.map((s) => s.setup_ms.p99 ?? null), good_by_second: over.map((s) => s.good),
    refused_before: total(seconds.slice(0, BEFORE_S), 'refused'), recovered_s: after.reduce((last, s, i) => (s.refused ? i + 1 : last), 0),
    refused_after: total(after, 'refused'), whole: rest, ...used, facts_behind: await region.metric('hotlined_facts_pending'),
  };
  const sorted = result.p99_by_second.filter((x) => x !== null).sort((a, b) => a - b);
  process.stderr.write(`  ${round(rate * times, 0)}/s (${times} times): taken ${result.taken_per_s}/s, refused ${result.refused_per_s}/s, failed ${result.failed}, p99 of the seconds ${sorted[0]}..${sorted[sorted.length >> 1]}..${sorted.at(-1)} ms (whole run ${rest.setup_ms.p99}), load late ${rest.late_ms} ms, last refused ${result.recovered_s} s after, daemon ${used.daemon_percent} %\n`);
  return result;
}

export async function overload(region) {
  const lab = await RateLab.of(region);
  const out = { unit: 'ms', agents: AGENT_COUNT, capacity_per_s: await capacity(region, lab.load), talk_ms: TALK_MS, runs: [] };
  await lab.talks(TALK_MS);
  for (const times of [1.3, 3]) out.runs.push(await exceed(region, lab.load, out.capacity_per_s, times));
  return out;
}
