// D: from the click on "answer" (POST .../answer sent) to sound at the caller: the agent's voice, and the
// first packet of the announcement when the agent's number is announced.
import { Agent } from '../../system/lib/agent.mjs';
import { AGENT_COUNT, CALLERS, NUMBER, SERVER } from './region.mjs';
import { Callers } from './sip.mjs';
import { RtpPort, isSound } from './rtp.mjs';
import { sleep, summary } from './numbers.mjs';

const CALLS = 30;

async function round(agent, callers, n, test) {
  const rtp = await RtpPort.open(CALLERS);
  const dialog = callers.call({ from: `1387713${1000 + n}`, to: NUMBER.line, mediaPort: rtp.port });
  const { call } = await agent.ring();
  const heard = rtp.first(test);
  const clicked = performance.now();
  const posted = agent.answer(call.call_id).then(() => performance.now());
  const audio = await Promise.race([heard, sleep(10000)]);
  const answered = await posted;
  await agent.hangUp(call.call_id);
  await dialog.ended;
  rtp.close();
  await agent.waitState('ready');
  return { audio: audio - clicked, http: answered - clicked };
}

async function series(agent, callers, base, test) {
  const rounds = [];
  for (let n = 0; n < CALLS; n++) rounds.push(await round(agent, callers, base + n, test));
  return { click_to_audio: summary(rounds.map((r) => r.audio)), click_to_http_answer: summary(rounds.map((r) => r.http)) };
}

export async function answerAudio(region) {
  await region.restart();
  const callers = await Callers.open(CALLERS, { host: SERVER, port: region.sipPort });
  const agent = await Agent.start(region, 'bench', `p${AGENT_COUNT + 2}`, { lineArgs: ['--tone', '1000'] });
  const out = { unit: 'ms', line: 'browser-like (ICE, DTLS, SRTP)' };
  out.announcement_off = await series(agent, callers, 0, isSound);
  region.sql('UPDATE center SET announce_agent_no = true WHERE id = 90');
  await sleep(1500); // the directory is read anew
  out.announcement_on = await series(agent, callers, CALLS, () => true);
  region.sql('UPDATE center SET announce_agent_no = false WHERE id = 90');
  await agent.close();
  callers.close();
  return out;
}
