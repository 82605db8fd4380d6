// F: what one event costs the ACD with 2,000 agents and 100 queues while 100 to 100,000 calls wait. A decision is what
// follows when an agent becomes free: it may not grow faster than a red-black tree of as many nodes, the yardstick of
// the same run for "like the logarithm": both lose the processor's caches as they grow.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { B } from './region.mjs';
import { below } from './targets.mjs';
import { round } from './numbers.mjs';

const WAITING = 10000; // a region at its worst: the size of the target and of the table

export async function decision() {
  const out = JSON.parse(execFileSync('taskset', ['-c', '0', join(B, 'bench/bench_acd')], { encoding: 'utf8' }));
  const first = out.sizes[0];
  const p50 = (size, event) => size.events[event].p50 - size.events.clock.p50;
  out.waiting = WAITING;
  out.events = out.sizes.find((s) => s.waiting === WAITING).events;
  out.growth = out.sizes.map((s) => ({
    waiting: s.waiting,
    decision: round(p50(s, 'agent_free_to_offer') / p50(first, 'agent_free_to_offer'), 2),
    tree: round(p50(s, 'tree') / p50(first, 'tree'), 2),
    logarithm: round(Math.log(s.waiting) / Math.log(first.waiting), 2),
  }));
  const most = out.growth.at(-1), usual = out.growth.find((g) => g.waiting === WAITING);
  out.targets = [
    below('decision p99, 10,000 wait', round(out.events.agent_free_to_offer.p99 / 1000, 1), 50, 'us'),
    below('growth 100 to 10,000 to the logarithm\'s', round(usual.decision / usual.logarithm, 2), 1, 'times'),
    below('growth 100 to 100,000 to a tree\'s', round(most.decision / most.tree, 2), 1, 'times'),
  ];
  return out;
}
