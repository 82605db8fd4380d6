// B: recorded talks held on one core: callers through the queue to desk phones, both sides speak A-law each 20 ms,
// every talk recorded in two tracks. Baseline of the same run: bare_relay, the same sockets and files alone.
import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { AGENTS, AGENT_COUNT, B, CALLERS, CpuWatch, MEDIA, NUMBER, PASSWORD, REALM, SERVER, extension, rssKb } from './region.mjs';
import { Callers, Phones, sdp } from './sip.mjs';
import { round, sleep } from './numbers.mjs';

const STEPS = (process.env.BENCH_TALKS ?? '500,1000').split(',').map(Number);
const SECONDS = Number(process.env.BENCH_TALKS_SECONDS ?? 6);
const CALLS_PER_SECOND = 40, SETTLE_MS = 3000;

export const holds = (r) => r.lost_percent < 0.1 && r.p99 < 20;

const mediaOf = (body) => ({ host: /^c=IN IP4 (\S+)/m.exec(body)[1], port: Number(/^m=audio (\d+)/m.exec(body)[1]) });

// The program that speaks and listens for all legs; callers are legs 0 to talks-1, agents the rest.
class Sound {
  static async open(region, talks) {
    const sound = new this();
    sound.child = region.spawn(join(B, 'bench/load_talks'), [String(talks), CALLERS, AGENTS]);
    sound.lines = createInterface({ input: sound.child.stdout });
    const [line] = await Promise.race([once(sound.lines, 'line'), sound.child.exited.then(() => { throw new Error(`load_talks: ${sound.child.err}`); })]);
    sound.ports = line.split(' ').slice(1).map(Number);
    return sound;
  }

  go(leg, { host, port }) { this.child.stdin.write(`go ${leg} ${host} ${port}\n`); }

  async count(seconds) {
    const answer = once(this.lines, 'line');
    this.child.stdin.write(`count ${seconds}\n`);
    return JSON.parse((await answer)[0]);
  }

  async close() { this.child.stdin.end(); await this.child.exited; }
}

// Each caller has a port of its own and speaks when answered.
class SpeakingCallers extends Callers {
  acknowledge(message, dialog) {
    super.acknowledge(message, dialog);
    if (message.status < 300 && !dialog.speaks) { dialog.speaks = true; this.sound.go(dialog.leg, mediaOf(message.body)); }
  }
}

class SpeakingPhones extends Phones {
  respond(message, status, reason, dialog, body) {
    if (!body || dialog.leg !== undefined) { super.respond(message, status, reason, dialog, body); return; }
    dialog.leg = this.nextLeg++;
    super.respond(message, status, reason, dialog, sdp(this.host, this.sound.ports[dialog.leg]));
    this.sound.go(dialog.leg, mediaOf(message.body));
  }
}

async function register(region) {
  const phones = await SpeakingPhones.open(AGENTS, { host: SERVER, port: region.sipPort });
  const numbers = Array.from({ length: Math.max(...STEPS) }, (_, i) => i + 1), queue = [...numbers];
  const worker = async () => { for (let n; (n = queue.shift()) !== undefined;) await phones.register(extension(n), PASSWORD, REALM); };
  await Promise.all(Array.from({ length: 16 }, worker));
  await region.signInPhones(numbers);
  return phones;
}

async function count(sound, pid, talks) {
  const cpu = new CpuWatch(pid);
  const counts = await sound.count(SECONDS);
  const used = cpu.end();
  const result = { talks, ...counts, ...used, lost_percent: round((counts.sent - counts.received) / counts.sent * 100, 4), rss_mb: Math.round(rssKb(pid) / 1024) };
  result.us_per_packet = round(used.daemon_percent / 100 * 1e6 / (counts.sent / counts.seconds), 2);
  result.holds = holds(result) && counts.legs === 2 * talks && counts.wrong_side === 0;
  process.stderr.write(`  ${talks} talks: lost ${result.lost_percent} %, p50 ${result.p50} p99 ${result.p99} max ${result.max} ms, ${used.daemon_percent} % of core 0 (${result.us_per_packet} us a packet), others there ${used.others_on_core0_percent} %, core 1 ${used.core1_percent} %, late slots ${counts.late_slots}\n`);
  return result;
}

async function fill(callers, sound, from, to) {
  const began = performance.now(), calls = [];
  for (let n = from; n < to; n++) {
    await sleep(Math.max(0, began + (n - from) * 1000 / CALLS_PER_SECOND - performance.now()));
    const dialog = callers.call({ from: `1387713${1000 + n}`, to: NUMBER.queue, mediaPort: sound.ports[n] });
    dialog.leg = n;
    calls.push(dialog.answered);
  }
  await Promise.all(calls);
}

// A step that fails is counted once more: another program on this machine may have had its minute.
async function stepsOf(fillTo, sound, pid) {
  const steps = [];
  for (let i = 0; i < STEPS.length && (i === 0 || steps[i - 1].holds); i++) {
    await fillTo(STEPS[i - 1] ?? 0, STEPS[i]);
    await sleep(SETTLE_MS);
    const first = await count(sound, pid, STEPS[i]);
    const again = first.holds ? null : await count(sound, pid, STEPS[i]);
    steps.push(again ? { ...again, first } : first);
  }
  return steps;
}

async function daemonSeries(region) {
  await region.restart();
  const talks = Math.max(...STEPS);
  const sound = await Sound.open(region, talks);
  const phones = await register(region);
  const callers = await SpeakingCallers.open(CALLERS, { host: SERVER, port: region.sipPort });
  Object.assign(phones, { sound, nextLeg: talks });
  callers.sound = sound;
  const steps = await stepsOf((from, to) => fill(callers, sound, from, to), sound, region.pid);
  callers.close();
  phones.close();
  await sound.close();
  return steps;
}

async function bareSteps(region) {
  const directory = join(region.scratch, 'relay'), most = Math.max(...STEPS);
  mkdirSync(directory, { recursive: true });
  const relay = region.spawn('taskset', ['-c', '0', join(B, 'bench/bare_relay'), MEDIA, String(2 * most), directory]);
  const [line] = await once(createInterface({ input: relay.stdout }), 'line');
  const ports = line.split(' ').slice(1).map(Number);
  const sound = await Sound.open(region, most);
  const fillTo = async (from, to) => {
    for (let n = from; n < to; n++) {
      sound.go(n, { host: MEDIA, port: ports[2 * n] });
      sound.go(most + n, { host: MEDIA, port: ports[2 * n + 1] });
    }
  };
  const steps = await stepsOf(fillTo, sound, relay.pid);
  relay.stdin.end();
  await relay.exited;
  await sound.close();
  return steps;
}

export async function recordedTalks(region) {
  if (Math.max(...STEPS) > AGENT_COUNT) throw new Error('BENCH_TALKS wants more talks than BENCH_AGENTS');
  const steps = await daemonSeries(region);
  await region.stopDaemon();
  process.stderr.write('  bare relay:\n');
  const bare = await bareSteps(region);
  const best = (list) => list.filter((s) => s.holds).at(-1) ?? null;
  const held = best(steps), same = bare.find((s) => s.talks === held?.talks);
  return {
    unit: 'ms', what: 'PCMA both ways each 20 ms, recorded in two tracks', seconds: SECONDS, steps, held, bare_relay: { steps: bare, held: best(bare) },
    cpu_to_bare_relay: same ? round(held.daemon_percent / same.daemon_percent, 2) : null,
  };
}
