// 300 queue calls in talk at once, both sides are sent sound each 20 ms, all recorded: what a busy hour is made of.
import { CpuWatch } from './region.mjs';
import { registerAll } from './rate_lab.mjs';
import { CallLoad } from './load.mjs';
import { round, sleep } from './numbers.mjs';

const TALKS = 300, BEGIN_S = 10, TALK_MS = 30000, WATCH_S = 10;

export async function talks(region) {
  await region.restart();
  const sink = await region.sink('0.0.0.0'); // both sides: a port without a listener would cost the daemon an ICMP a packet
  const { port, numbers } = await registerAll(region, TALKS);
  const load = await CallLoad.open(region, { agentsPort: port, sinkPort: sink.port, direction: 'sendrecv', talk_ms: TALK_MS });
  await region.signInPhones(numbers);
  const run = load.run([[TALKS / BEGIN_S, BEGIN_S]]);
  await sleep((BEGIN_S + 3) * 1000);
  const at_once = await region.metric('hotlined_calls');
  const cpu = new CpuWatch(region.pid);
  await sleep(WATCH_S * 1000);
  const used = cpu.end();
  const { good, failed } = await run;
  await load.close();
  await sink.close();
  return { talks: TALKS, at_once, good, failed, ...used, us_per_talk_and_second: round(used.daemon_percent / 100 / TALKS * 1e6) };
}
