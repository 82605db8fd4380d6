// tests/bench/load_calls as load: queue calls, both sides of them, from one small process. It stays for a whole
// series, because the phones must answer the daemon's OPTIONS between the runs, too.
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { freePort } from '../../system/lib/region.mjs';
import { AGENTS, B, CALLERS, NUMBER, SERVER } from './region.mjs';
import { round } from './numbers.mjs';

export class CallLoad {
  // The agents' side answers at agentsPort, where the phones are registered.
  static async open(region, { agentsPort, sinkPort = 9, direction = 'inactive', service = NUMBER.queue, talk_ms = 2000, target = `${SERVER}:${region.sipPort}` }) {
    const load = new this();
    load.child = region.spawn(join(B, 'bench/load_calls'), [`server=${target}`, `callers=${CALLERS}:${await freePort()}`, `agents=${AGENTS}:${agentsPort}`,
      `service=${service}`, `media=${sinkPort}`, `direction=${direction}`, `talk_ms=${talk_ms}`]);
    load.lines = createInterface({ input: load.child.stdout })[Symbol.asyncIterator]();
    return load;
  }

  // rates: [[calls per second, seconds], ...] one after the other; resolves when the last call has ended.
  async run(rates) {
    this.child.stdin.write(`${rates.map(([rate, s]) => `${rate}:${s}`).join(',')}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`load_calls ended: ${this.child.err ?? ''}`);
    const r = JSON.parse(value);
    return { ...r, failed_percent: round((r.failed + r.refused) / r.calls * 100, 2), retransmissions: r.repeated + r.agents_repeated };
  }

  async close() {
    this.child.stdin.end();
    await this.child.exited;
  }
}
