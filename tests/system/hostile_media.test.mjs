// Hostile media: somebody else's RTP into a call, and floods of STUN and DTLS at the port of browser lines while a talk
// goes on. What strangers send is not heard, costs little, is counted, and takes no memory.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { B, Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { Rtp, Sipp, closeFarSides } from './lib/sipp.mjs';
import { RATE, readWav, samplesOf, shareOf } from './lib/sound.mjs';

const FLOOD_RATE = Number(process.env.FLOOD_RATE ?? 20000);
const FLOOD_S = Number(process.env.FLOOD_S ?? 8);
const SOURCES = 500;
let region, leader;

before(async () => {
  region = await Region.start();
  leader = await Person.signIn(region, 'nanning', 'leader');
});
after(async () => {
  closeFarSides();
  await region?.stop();
});

async function value(series) {
  const text = await (await fetch(`${region.base}/metrics`)).text();
  return Number(text.split('\n').find((l) => l.startsWith(`${series} `)).split(' ')[1]);
}
const refused = (reason) => value(`hotlined_line_refused_total{reason="${reason}"}`);

// --- somebody else's RTP -----------------------------------------------------------------------------

// G.711 A-law.
function alaw(sample) {
  const mask = sample >= 0 ? 0xd5 : 0x55;
  const x = Math.min(Math.abs(sample), 32635) >> 4;
  const exponent = x < 32 ? 0 : 27 - Math.clz32(x);
  return ((x < 32 ? x >> 1 : (exponent << 4) | ((x >> exponent) & 15)) ^ mask) & 255;
}
const tone = (hz) => (stamp) => Buffer.from(Array.from({ length: 160 }, (_, i) => alaw(Math.round(9000 * Math.sin((2 * Math.PI * hz * (stamp + i)) / RATE)))));
const TOLD_HZ = 440;
const SAME_HZ = 2000; // of the stranger who guessed the SSRC
const OTHER_HZ = 3000;

// Shares of the three tones in the loud part of a recording, by tenths of a second.
function tones(samples) {
  const heard = { told: 0, same: 0, other: 0, frames: 0 };
  for (let at = 0; at + 800 <= samples.length; at += 800) {
    const shares = [TOLD_HZ, SAME_HZ, OTHER_HZ].map((hz) => shareOf(samples, hz, at, at + 800));
    if (Math.max(...shares) < 0.05) continue;
    heard.frames++;
    ['told', 'same', 'other'].forEach((who, i) => { heard[who] = Math.max(heard[who], shares[i]); });
  }
  return heard;
}

test('RTP from another address to the right port, with a guessed SSRC or another, is not heard: not by the agent, not in the recording', async () => {
  const hear = join(region.dir, 'agent.wav');
  const agent = await Agent.start(region, 'nanning', 'a1001', { lineArgs: ['--tone', '1000', '--hear', hear] });
  const told = await Rtp.open('127.0.0.1');
  const strangers = [await Rtp.open('127.0.0.6'), await Rtp.open('127.0.0.7')];
  const [same, other] = strangers;
  told.mute = same.mute = other.mute = true;
  told.sound = tone(TOLD_HZ);
  same.sound = tone(SAME_HZ);
  other.sound = tone(OTHER_HZ);
  other.ssrc = 0x777;
  const before = await value('hotlined_media_strangers_total');
  const run = Sipp.run(region, 'call', { hold_ms: 15000, keys: { rtp: told.port } });
  await told.hears(8, 5);
  for (const stranger of strangers) Object.assign(stranger, { peer: told.peer, type: 8, mute: false });

  // Before the latch: nobody has spoken from where the caller said. Behind NAT that is how a caller looks, so the first
  // who proves himself is spoken to, until the one who was named speaks.
  await until('a stranger is believed', () => strangers.some((s) => s.total > 10));
  told.mute = false;
  await told.hears(8, 20);
  const heardThen = strangers.map((s) => s.total);
  await told.hears(8, 50);
  assert.deepEqual(strangers.map((s) => s.total), heardThen, 'nothing is sent to strangers once the right one speaks');

  // After it: the strangers go on all the time, and press keys.
  const sent = strangers.map((s) => s.sequence);
  await told.key('1');
  const { call } = await agent.ring();
  await agent.answer(call.call_id);
  await agent.waitState('talk');
  const talkBegan = told.sequence;
  await until('three seconds of talk', () => told.sequence - talkBegan > 150);
  await run;
  await agent.waitState('acw');
  const sentBy = strangers.map((s, i) => s.sequence - sent[i]);
  assert.ok(sentBy.every((n) => n > 150), `${sentBy} packets of strangers`);
  assert.deepEqual(strangers.map((s) => s.total), heardThen, 'and nothing was sent to them');
  await until('all of them are counted', async () => (await value('hotlined_media_strangers_total')) - before >= sentBy[0] + sentBy[1]);
  for (const rtp of [told, ...strangers]) rtp.close();

  const { recording_id } = await until('the recording', async () => (await leader.get(`/calls/${call.call_id}`)).recordings.find((r) => r.state === 'closed'));
  const response = await fetch(`${region.base}/api/v1/recordings/${recording_id}/audio`, { headers: { cookie: leader.cookie } });
  const recorded = tones(samplesOf(Buffer.from(await response.arrayBuffer()), 0));
  await agent.done();
  await agent.close();
  const heard = tones(readWav(hear));
  console.log(`# recording ${JSON.stringify(recorded)}, agent ${JSON.stringify(heard)}, ${sentBy} packets of strangers during the talk`);
  for (const [where, what] of [['recording', recorded], ['agent', heard]]) {
    assert.ok(what.frames > 20 && what.told > 0.9, `${where}: the caller is heard: ${JSON.stringify(what)}`);
    assert.ok(what.same < 0.02 && what.other < 0.02, `${where}: strangers are not: ${JSON.stringify(what)}`);
  }
});

// --- floods ------------------------------------------------------------------------------------------

// Nanoseconds of processor by thread name (the scheduler's account), memory in KB.
function cost() {
  const threads = {};
  for (const id of readdirSync(`/proc/${region.daemon.pid}/task`)) {
    const name = readFileSync(`/proc/${region.daemon.pid}/task/${id}/comm`, 'utf8').trim();
    threads[name] = (threads[name] ?? 0) + Number(readFileSync(`/proc/${region.daemon.pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]);
  }
  return { threads, rss: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${region.daemon.pid}/status`, 'utf8'))[1]), at: performance.now() };
}
const busiest = (from, to) => Object.entries(to.threads).map(([name, ns]) => [name, ns - (from.threads[name] ?? 0)]).sort((a, b) => b[1] - a[1])[0];
const of = (from, to, name) => (to.threads[name] - from.threads[name]) / 1e6 / (to.at - from.at); // share of a core

async function flood(...args) {
  const child = spawn(join(B, 'tools/flood'), args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data) => { text += data; });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  return Number(text);
}

test('20,000 STUN checks a second with a wrong password, then as many DTLS records, from 500 ports: a talk over the same port loses nothing', async () => {
  const agent = await Agent.start(region, 'nanning', 'a1002', { lineArgs: ['--tone', '1000', '--detect-tone', '440'] });
  const caller = Caller.start(region, { to: '07711236601', args: ['--keys', '1', '--tone', '440', '--detect-tone', '1000'] });
  try {
    const { call } = await agent.ring();
    await agent.answer(call.call_id);
    await agent.waitState('talk');
    await caller.waitFor('tone');
    await agent.line.waitFor('tone');
    const stats = () => caller.events.findLast((e) => e.event === 'rtp_stats');
    const fresh = async () => { const last = stats(); return until('the caller\'s count', () => stats() !== last && stats()); };
    const ufrag = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)[1];
    const username = `${ufrag(agent.line.answered)}:${ufrag(agent.line.offered)}`;

    let from = cost();
    await fresh();
    let first = await fresh();
    await until('four seconds of peace', () => stats().ms - first.ms > 4000);
    const quiet = cost();
    const media = Object.keys(quiet.threads).find((name) => /media/.test(name)) ?? busiest(from, quiet)[0];
    const share = of(from, quiet, media);
    for (const [kind, reasons, args] of [['stun', ['stun_integrity', 'stun_limited'], [username]], ['dtls', ['stranger'], []]]) {
      const counted = async () => (await Promise.all(reasons.map(refused))).reduce((a, b) => a + b);
      const [then, before, began] = [await counted(), await fresh(), cost()];
      const sent = await flood(kind, region.linePort, FLOOD_RATE, FLOOD_S, SOURCES, ...args);
      const ended = cost();
      const end = await fresh();
      const took = ended.at - began.at;
      const extra = (of(began, ended, media) - share) * took * 1000; // us of processor beyond the quiet time
      const seen = await until('what came is counted', async () => { const now = await counted(); return now - then > sent * 0.5 && now - then; });
      const [received, lost] = [end.received - before.received, end.lost - before.lost];
      console.log(`# ${kind}: ${sent} packets in ${(took / 1000).toFixed(1)} s, ${seen} reached the daemon and were refused; ${(extra / seen).toFixed(2)} us of the media thread each (${(100 * share).toFixed(1)} % of a core quiet, ${(100 * of(began, ended, media)).toFixed(1)} % in the flood); memory ${began.rss} -> ${ended.rss} KB; the caller received ${received}, lost ${lost}`);
      assert.ok(sent > FLOOD_RATE * FLOOD_S * 0.9, `${sent} sent`);
      assert.ok(ended.rss - began.rss < 8192, 'memory is bounded');
      assert.ok(received > FLOOD_S * 45 && lost / (received + lost) < 0.001, `${received} received, ${lost} lost`);
      assert.ok(extra / seen < 60, `${extra / seen} us for a packet`); // sanitizers on; a release build needs a few
    }
    for (const one of [caller, agent.line]) // whether a moment was missing the counters say: a listener of ours may have been held up itself
      await until('both hear each other', () => one.events.findLast((e) => /^tone/.test(e.event)).event === 'tone');
    await caller.hangUp();
    await agent.waitState('acw');
    const quality = await until('the quality', async () => { const { quality: q } = await leader.get(`/calls/${call.call_id}`); return q.length >= 2 && q; });
    for (const q of quality) assert.ok(q.packets_received > 1000 && q.packets_lost / q.packets_received < 0.001, JSON.stringify(q));
  } finally {
    caller.kill();
    await agent.close();
  }
});
