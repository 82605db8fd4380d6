// SIPp as load: the scenarios beside run.mjs, its CSV files read back.
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../system/lib/region.mjs';
import { summary } from './numbers.mjs';

const SCENARIOS = dirname(dirname(fileURLToPath(import.meta.url)));
const LIMITS = ['-l', '100000', '-buff_size', '4194304', '-rtt_freq', '200', '-nostdin', '-default_behaviors', 'all,-bye'];

export function agents(region, host, port, sinkPort, direction) {
  const dir = mkdtempSync(join(region.scratch, 'agents-'));
  return region.spawn('sipp', ['-sf', join(SCENARIOS, 'sipp_agents.xml'), '-i', host, '-p', String(port), '-key', 'sink_port', String(sinkPort), '-key', 'direction', direction, ...LIMITS], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
}

const csv = (dir, end) => readFileSync(join(dir, readdirSync(dir).find((f) => f.endsWith(end))), 'utf8').trim().split('\n').map((l) => l.split(';'));

// seconds at rate calls per second to target; scenario: args that choose it. Gives counts and, minus less_ms, the times of rtd 1.
export async function callers(region, { scenario, host, target, service, rate, seconds, sinkPort = 9, direction = 'sendrecv', less_ms = 0 }) {
  const dir = mkdtempSync(join(region.scratch, 'callers-'));
  const total = Math.round(rate * seconds);
  const child = region.spawn('sipp', [target, ...scenario, '-s', service, '-i', host, '-p', String(await freePort()), '-r', String(rate), '-m', String(total),
    '-key', 'sink_port', String(sinkPort), '-key', 'direction', direction, '-trace_rtt', '-trace_stat', '-fd', '1', '-timeout', `${Math.ceil(seconds) + 40}s`, ...LIMITS], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
  child.result = child.exited.then(() => {
    const stat = csv(dir, `${child.pid}_.csv`);
    const at = (name) => Number(stat.at(-1)[stat[0].indexOf(name)]);
    const times = csv(dir, '_rtt.csv').slice(1).map((l) => Number(l[1]) - less_ms);
    const good = at('SuccessfulCall(C)');
    return { rate, seconds, calls: total, good, failed: total - good, failed_percent: Math.round((total - good) / total * 10000) / 100, retransmissions: at('Retransmissions(C)'), setup_ms: summary(times) };
  });
  return child;
}

export const queueScenario = ['-sf', join(SCENARIOS, 'sipp_callers.xml')];
