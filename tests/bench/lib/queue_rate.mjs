// A: queue calls per second held on one core: one queue of desk phones, both sides by tests/bench/load_calls.
// The daemon answers first, so the agent ends the talk and setup = (INVITE to BYE at the caller) - 2000 ms.
import { AGENT_COUNT, CpuWatch, rssKb } from './region.mjs';
import { RateLab } from './rate_lab.mjs';
import { sleep } from './numbers.mjs';

const TALK_MS = 2000;
const STEPS = (process.env.BENCH_STEPS ?? '1000').split(',').map(Number);
const ABOVE = process.env.BENCH_STEPS ? [] : [1200]; // shown for some seconds after the minute, which must not begin with their leftovers
const RTP_STEPS = (process.env.BENCH_RTP_STEPS ?? '300,450').split(',').map(Number);
const STEP_S = Number(process.env.BENCH_STEP_S ?? 6);
const CALM_PERCENT = 88;
const HOLD_S = Number(process.env.BENCH_SECONDS ?? 60);

export const holds = (r) => r.failed_percent < 0.1 && r.setup_ms.p99 < 500;

export async function hold(region, load, rate, seconds) {
  const run = load.run([[rate, seconds]]);
  await sleep(Math.min(4000, seconds * 300)); // the first talks end
  const cpu = new CpuWatch(region.pid);
  await sleep(Math.max(1000, seconds * 1000 - 5000));
  const used = cpu.end();
  const { seconds: each, ...result } = { rate, ...await run, ...used };
  result.p99_by_second = each.map((s) => s.setup_ms.p99 ?? null);
  result.holds = holds(result);
  result.daemon_ms_per_call = Math.round(used.daemon_percent / 100 / rate * 1e5) / 100;
  result.rss_mb = Math.round(rssKb(region.pid) / 1024);
  result.facts_behind = await region.metric('hotlined_facts_pending');
  process.stderr.write(`  ${rate}/s: p50 ${result.setup_ms.p50} p99 ${result.setup_ms.p99} ms, failed ${result.failed}/${result.calls}, load late ${result.late_ms} ms, daemon ${used.daemon_percent} %, core 1 ${used.core1_percent} %, facts behind ${result.facts_behind}\n`);
  return result;
}

async function series(region, { direction, steps, hold_s }) {
  const lab = await RateLab.of(region, direction), { load } = lab;
  const out = { unit: 'ms', form: 'agent ends talk; setup = INVITE to BYE at the caller - 2000 ms', agents: AGENT_COUNT, recorded: true, rtp: direction === 'sendrecv', steps: [] };
  // A step that fails is tried once more: another program on this machine may have had its minute.
  for (const rate of steps) {
    for (let tries = 0; tries < 2 && !out.steps.findLast((s) => s.rate === rate)?.holds; tries++) out.steps.push(await hold(region, load, rate, STEP_S));
    if (!out.steps.at(-1).holds) break;
  }
  // The best rate that left the daemon some air is held for longer; when that fails, the one before, and no more:
  // each costs a minute, and what a core does for six seconds at its limit it does not do for sixty.
  const calm = out.steps.filter((s) => s.holds && s.daemon_percent < CALM_PERCENT).reverse();
  for (const step of calm.slice(0, 2)) {
    out.held = await hold(region, load, step.rate, hold_s);
    if (out.held.holds) break;
    (out.not_held ||= []).push(out.held);
    delete out.held;
  }
  if (direction === 'inactive' && out.held) {
    out.above = [];
    for (const rate of ABOVE) out.above.push(await hold(region, load, rate, STEP_S));
  }
  if (direction === 'inactive') region.held_rate = (out.held ?? out.not_held?.at(-1))?.rate; // of `overload`
  out.agents_not_ready_afterwards = await lab.stuck();
  out.calls_in_database = Number(region.sql('SELECT count(*) FROM call WHERE center_id = 90'));
  return out;
}

// No packet flows in either direction (a=inactive), as in the peers' measure where nobody sent any.
export const queueRate = (region) => series(region, { direction: 'inactive', steps: STEPS, hold_s: HOLD_S });
// Nobody speaks, but both sides are sent silence each 20 ms, as in production.
export const queueRateRtp = (region) => series(region, { direction: 'sendrecv', steps: RTP_STEPS, hold_s: Math.min(HOLD_S, 20) });
