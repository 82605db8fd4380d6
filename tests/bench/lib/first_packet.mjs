// C: from the INVITE to the first packet of the welcome prompt, 20 new calls a second.
import { CALLERS, SERVER } from './region.mjs';
import { Callers } from './sip.mjs';
import { RtpPort } from './rtp.mjs';
import { sleep, summary } from './numbers.mjs';

const NANNING = '07711236601', RATE = 20, SECONDS = 10, LISTEN_MS = 200, LIMIT_MS = 10000;

async function one(callers, n) {
  const rtp = await RtpPort.open(CALLERS);
  const heard = rtp.first();
  const dialog = callers.call({ from: `1387712${1000 + n}`, to: NANNING, mediaPort: rtp.port });
  const at = await Promise.race([heard, sleep(LIMIT_MS)]);
  await sleep(LISTEN_MS);
  await callers.bye(dialog);
  rtp.close();
  return at ? { packet: at - dialog.invitedAt, answer: await dialog.answered - dialog.invitedAt } : null;
}

export async function firstPacket(region) {
  await region.restart();
  const callers = await Callers.open(CALLERS, { host: SERVER, port: region.sipPort });
  const calls = [], began = performance.now();
  for (let n = 0; n < RATE * SECONDS; n++) {
    await sleep(Math.max(0, began + n * 1000 / RATE - performance.now()));
    calls.push(one(callers, n));
  }
  const results = await Promise.all(calls), good = results.filter(Boolean);
  callers.close();
  return { unit: 'ms', rate: RATE, missing: results.length - good.length, invite_to_packet: summary(good.map((r) => r.packet)), invite_to_200: summary(good.map((r) => r.answer)) };
}
