// The bare library on the same core in the same run: INVITE, 200, ACK, BYE answered by sofia-sip alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../system/lib/region.mjs';
import { B, CALLERS, CpuWatch, SERVER } from './region.mjs';
import * as sipp from './sipp.mjs';
import { round, sleep } from './numbers.mjs';

const STEPS = [500, 1000, 2000];
const STEP_S = 5;

async function step(region, pid, port, rate) {
  const child = await sipp.callers(region, { scenario: ['-sn', 'uac'], host: CALLERS, target: `${SERVER}:${port}`, service: 'x', rate, seconds: STEP_S });
  await sleep(1500);
  const cpu = new CpuWatch(pid);
  await sleep(STEP_S * 1000 - 2500);
  const used = cpu.end();
  const result = { ...await child.result, ...used };
  result.holds = result.failed_percent < 0.1 && result.setup_ms.p99 < 500;
  result.us_per_call = round(used.daemon_percent / 100 / rate * 1e6, 0);
  process.stderr.write(`  ${rate}/s: p99 ${result.setup_ms.p99} ms, failed ${result.failed}/${result.calls}, ${used.daemon_percent} % of core 0\n`);
  return result;
}

export async function bare() {
  const region = { scratch: mkdtempSync('/dev/shm/hlbare-'), spawn: (command, args, options) => {
    const child = spawn(command, args, options);
    child.exited = once(child, 'exit');
    return child;
  } };
  const port = await freePort();
  const uas = region.spawn('taskset', ['-c', '0', join(B, 'bench/bare_uas'), `${SERVER}:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(uas.stdout, 'data');
  const out = { what: 'sofia-sip nua UAS, media off: INVITE, 200, ACK, BYE', unit: 'ms', steps: [] };
  try {
    for (const rate of STEPS) {
      for (let tries = 0; tries < 2 && !out.steps.findLast((s) => s.rate === rate)?.holds; tries++) out.steps.push(await step(region, uas.pid, port, rate));
      if (!out.steps.at(-1).holds) break;
    }
  } finally {
    uas.kill('SIGTERM');
    await uas.exited;
    rmSync(region.scratch, { recursive: true, force: true });
  }
  const best = out.steps.filter((s) => s.holds).at(-1);
  out.held_rate = best?.rate ?? 0;
  out.held_all_steps = best?.rate === STEPS.at(-1);
  out.us_per_call = best?.us_per_call ?? null;
  return out;
}
