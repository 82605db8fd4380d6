// F: what one event costs the ACD with 10,000 waiting calls, 2,000 agents, 100 queues.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { B } from './region.mjs';

export async function decision() {
  return JSON.parse(execFileSync('taskset', ['-c', '0', join(B, 'bench/bench_acd')], { encoding: 'utf8' }));
}
