// E: 500 callers wait, one desk phone: from the 200 for the agent's BYE to the next INVITE at the phone.
import { Waiting } from './waiting.mjs';
import { round, sleep, summary } from './numbers.mjs';
import { CpuWatch, until } from './region.mjs';

const WAITING = 500, ROUNDS = 40;

export async function reaction(region) {
  await region.restart();
  const waiting = await Waiting.start(region, false);
  await waiting.fill(WAITING);
  const times = [];
  let freed = 0;
  waiting.phones.onInvite = (dialog, at) => { if (freed) times.push(at - freed); };
  // A talk time without a fixed period: a poll of a round number of ms must not look fast.
  waiting.phones.onTalk = async (dialog) => {
    await sleep(300 + Math.random() * 300);
    freed = 0;
    freed = await waiting.phones.bye(dialog);
  };
  const cpu = new CpuWatch(region.pid);
  await waiting.person.put('/agent/state', { state: 'ready' });
  await until('rounds', () => times.length >= ROUNDS, 150000, 100);
  const used = cpu.end();
  waiting.phones.onInvite = waiting.phones.onTalk = null;
  await waiting.person.put('/agent/state', { state: 'busy' });
  await waiting.close();
  return { unit: 'ms', waiting: WAITING, min: round(Math.min(...times), 2), ...summary(times), daemon_percent: used.daemon_percent };
}
