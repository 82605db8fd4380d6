// tests/bench/load_calls as load: queue calls, both sides of them, from one small process.
import { join } from 'node:path';
import { freePort } from '../../system/lib/region.mjs';
import { AGENTS, B, CALLERS, NUMBER, SERVER } from './region.mjs';
import { round } from './numbers.mjs';

const percent = (part, whole) => round(part / whole * 100, 2);

// rates: [[calls per second, seconds], ...]. The agents' side answers at agentsPort, where the phones are registered.
export async function calls(region, { agentsPort, rates, sinkPort = 9, direction = 'inactive', service = NUMBER.queue, talk_ms = 2000, target = `${SERVER}:${region.sipPort}` }) {
  const child = region.spawn(join(B, 'bench/load_calls'), [`server=${target}`, `callers=${CALLERS}:${await freePort()}`, `agents=${AGENTS}:${agentsPort}`,
    `service=${service}`, `media=${sinkPort}`, `direction=${direction}`, `talk_ms=${talk_ms}`, `rates=${rates.map(([rate, s]) => `${rate}:${s}`).join(',')}`]);
  let out = '';
  child.stdout.on('data', (text) => { out += text; });
  child.result = child.exited.then((code) => {
    if (code !== 0) throw new Error(`load_calls ended with ${code}: ${child.err}`);
    const r = JSON.parse(out);
    return { ...r, failed_percent: percent(r.failed + r.refused, r.calls), retransmissions: r.repeated + r.agents_repeated };
  });
  child.result.catch(() => {}); // told to whoever awaits it
  return child;
}
