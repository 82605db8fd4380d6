// B: resident memory per answered caller who waits in a queue; figures after the last join + 10 s.
import { CpuWatch, rssKb } from './region.mjs';
import { Waiting } from './waiting.mjs';
import { sleep, round } from './numbers.mjs';
import { below } from './targets.mjs';

const SETTLE_MS = 6000;
const STARTED_MS = 8000; // what the start needed is given back after 5 s without a call

async function series(region, music) {
  await region.restart();
  const waiting = await Waiting.start(region, music);
  await sleep(STARTED_MS);
  const out = { idle_kb: rssKb(region.pid) };
  for (const count of [500, 1000]) {
    await waiting.fill(count);
    await sleep(SETTLE_MS / 2);
    const cpu = new CpuWatch(region.pid);
    await sleep(SETTLE_MS / 2);
    out[`waiting_${count}_kb`] = rssKb(region.pid);
    out[`waiting_${count}_cpu_percent`] = cpu.end().daemon_percent;
  }
  out.kb_per_call_0_500 = round((out.waiting_500_kb - out.idle_kb) / 500);
  out.kb_per_call_500_1000 = round((out.waiting_1000_kb - out.waiting_500_kb) / 500);
  out.left_early = waiting.left;
  process.stderr.write(`  music ${music}: ${out.kb_per_call_0_500} and ${out.kb_per_call_500_1000} KB per waiting call, idle ${round(out.idle_kb / 1024)} MB\n`);
  await waiting.close();
  return out;
}

export async function memory(region) {
  const out = { unit: 'kB', without_music: await series(region, false), with_music: await series(region, true) };
  out.targets = [
    below('idle', round(out.without_music.idle_kb / 1024), 60, 'MB'),
    below('per waiting call', Math.max(out.without_music.kb_per_call_0_500, out.without_music.kb_per_call_500_1000), 32, 'KB'),
  ];
  return out;
}
