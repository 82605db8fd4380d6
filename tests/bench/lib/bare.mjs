// The bare library on the same core in the same run: a back-to-back user agent of sofia-sip alone, under the load of a queue call.
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../system/lib/region.mjs';
import { AGENTS, B, CpuWatch, SERVER } from './region.mjs';
import { CallLoad } from './load.mjs';
import { round, sleep } from './numbers.mjs';

const STEPS = (process.env.BENCH_BARE_STEPS ?? '1000,2000').split(',').map(Number);
const STEP_S = 6;

async function step(load, pid, rate) {
  const run = load.run([[rate, STEP_S]]);
  await sleep(2500); // the first talks end
  const cpu = new CpuWatch(pid);
  await sleep(STEP_S * 1000 - 3000);
  const used = cpu.end();
  const { seconds: _, ...result } = { rate, ...await run, ...used };
  result.holds = result.failed_percent < 0.1 && result.setup_ms.p99 < 500;
  result.us_per_call = round(used.daemon_percent / 100 / rate * 1e6, 0);
  process.stderr.write(`  ${rate}/s: p99 ${result.setup_ms.p99} ms, failed ${result.failed}/${result.calls}, ${used.daemon_percent} % of core 0, ${result.us_per_call} us a call\n`);
  return result;
}

export async function bare() {
  const region = { scratch: mkdtempSync('/dev/shm/hlbare-'), spawn: (command, args, options) => {
    const child = spawn(command, args, options);
    child.exited = once(child, 'exit').then(([code]) => code);
    return child;
  } };
  const ports = { sip: await freePort(), agents: await freePort() };
  const b2bua = region.spawn('taskset', ['-c', '0', join(B, 'bench/bare_b2bua'), `${SERVER}:${ports.sip}`, `${AGENTS}:${ports.agents}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(b2bua.stdout, 'data');
  const load = await CallLoad.open(region, { agentsPort: ports.agents, target: `${SERVER}:${ports.sip}` });
  const out = { what: 'sofia-sip nua B2BUA, media off: two dialogs a call, the agent ends the talk after 2 s', unit: 'ms', steps: [] };
  try {
    for (const rate of STEPS) {
      for (let tries = 0; tries < 2 && !out.steps.findLast((s) => s.rate === rate)?.holds; tries++) out.steps.push(await step(load, b2bua.pid, rate));
      if (!out.steps.at(-1).holds) break;
    }
  } finally {
    await load.close();
    b2bua.kill('SIGTERM');
    await b2bua.exited;
    rmSync(region.scratch, { recursive: true, force: true });
  }
  const best = out.steps.filter((s) => s.holds).at(-1);
  out.held_rate = best?.rate ?? 0;
  out.held_all_steps = best?.rate === STEPS.at(-1);
  out.us_per_call = best?.us_per_call ?? null;
  return out;
}
