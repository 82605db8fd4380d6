// E: from the agent's key on "answer" to the first sound in his page: real Chromium, the real workbench, the announced
// number as the sound. A region of its own with the demo data, because the pages need people who can sign in.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { B, Caller, Region, until } from '../../system/lib/region.mjs';
import { Office, WAIT_MS } from '../../browser/lib/desk.mjs';
import { summary } from './numbers.mjs';

const CALLS = Number(process.env.BENCH_CALLS ?? 5);
const NUMBER = '07711236601';

async function sitDown(region, office) {
  const desk = await office.desk(region);
  await desk.signIn('nanning', 'a1001');
  await desk.takeLine();
  await desk.ready();
  return desk;
}

// What Chromium's jitter buffer holds back, ms, over the packets it gave out since the last look.
const buffered = (desk) => desk.page.evaluate(async () => {
  const all = await window.ears.lines.at(-1).getStats();
  const { jitterBufferDelay: delay, jitterBufferEmittedCount: count } = [...all.values()].find((r) => r.type === 'inbound-rtp');
  const since = window.ears.buffered ?? { delay: 0, count: 0 };
  window.ears.buffered = { delay, count };
  return (1000 * (delay - since.delay)) / Math.max(1, count - since.count);
});

async function round(region, desk, n) {
  const caller = Caller.start(region, { from: `1387710${1000 + n}`, to: NUMBER, args: ['--keys', '1', '--tone', '440'] });
  await desk.see('ringing');
  await desk.page.evaluate(() => new Promise((wake) => { window.ears.time(); setTimeout(wake, 1500); })); // as long as a person takes
  await buffered(desk);
  await desk.page.keyboard.press('F2');
  const sound = await until('the first sound', () => desk.page.evaluate(() => window.ears.firstSound), WAIT_MS);
  const request = await desk.page.evaluate(() => {
    const entry = performance.getEntriesByType('resource').findLast((e) => e.name.endsWith('/answer'));
    const took = entry.responseEnd - window.ears.began;
    performance.clearResourceTimings();
    return took;
  });
  const buffer = await buffered(desk);
  await caller.hangUp();
  await desk.see('agent-state', '整理');
  await desk.choose('wrap-up-code', '已答复');
  await desk.page.keyboard.press('F10');
  await desk.see('agent-state', '空闲');
  return { sound, request, buffer };
}

export async function answerPage() {
  const region = await Region.start({ binary: process.env.HOTLINED ?? join(B, 'hotlined') });
  execFileSync('taskset', ['-acp', '0', String(region.daemon.pid)]);
  const office = await Office.open();
  const rounds = [];
  try {
    const desk = await sitDown(region, office);
    for (let n = 0; n < CALLS; n++) rounds.push(await round(region, desk, n));
  } finally {
    await office.close();
    await region.stop();
  }
  const of = (what) => summary(rounds.map((r) => r[what]));
  return { unit: 'ms', key_to_sound: of('sound'), key_to_http_answer: of('request'), jitter_buffer: of('buffer') };
}
