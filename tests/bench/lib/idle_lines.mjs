// L: what 250 browser lines cost that nobody talks on: ICE, DTLS and SRTP are up, their agents are signed in,
// checks come each second. CPU by the scheduler's account of the daemon; and what a counting loop of the lowest
// class could still do on the daemon's core, with the lines and after they are gone, which sees interrupts, too.
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { openDesks } from './desk.mjs';
import { AGENTS, B, CpuWatch } from './region.mjs';
import { round, sleep } from './numbers.mjs';
import { below } from './targets.mjs';

const COUNT = 250, SECONDS = 10;

const linesOf = (child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]();
async function next(lines, child) {
  const { value, done } = await lines.next();
  if (done) throw new Error(`ended: ${child.err}`);
  return value;
}

async function connect(region, desks) {
  const child = region.spawn(join(B, 'bench/lines'), [String(desks.length), AGENTS]);
  const lines = linesOf(child);
  for (const _ of desks) {
    const { line, sdp } = JSON.parse(await next(lines, child));
    const answer = await desks[line].send('PUT', '/agent/line', { sdp });
    if (answer.status >= 300) throw new Error(`line: ${answer.status} ${answer.body}`);
    child.stdin.write(`answer ${line} ${JSON.stringify(JSON.parse(answer.body).sdp)}\n`);
  }
  const connected = JSON.parse(await next(lines, child)).connected;
  return { connected, end: async () => { child.stdin.end(); const last = JSON.parse(await next(lines, child)); await child.exited; return last.packets; } };
}

class Leftover {
  constructor(region) {
    this.child = region.spawn('taskset', ['-c', '0', join(B, 'bench/leftover')]);
    this.lines = linesOf(this.child);
  }
  async rounds() { this.child.stdin.write('\n'); return Number(await next(this.lines, this.child)); }
  // Rounds a second for a while, and what the daemon used meanwhile.
  async watch(pid) {
    const cpu = new CpuWatch(pid), from = await this.rounds(), began = performance.now();
    await sleep(SECONDS * 1000);
    const to = await this.rounds();
    return { rounds_per_second: Math.round((to - from) / (performance.now() - began) * 1000), ...cpu.end() };
  }
  close() { this.child.stdin.end(); return this.child.exited; }
}

export async function idleLines(region) {
  await region.restart();
  const desks = await openDesks(region, 'bench', Array.from({ length: COUNT }, (_, i) => `p${i + 1}`));
  const leftover = new Leftover(region);
  const before = await leftover.watch(region.pid);
  const lines = await connect(region, desks);
  for (const desk of desks) {
    const answer = await desk.send('POST', '/agent/sign-in', { line: 'browser' });
    if (answer.status >= 300) throw new Error(`sign-in: ${answer.status} ${answer.body}`);
  }
  await sleep(2000);
  const idle = await leftover.watch(region.pid);
  const packets = await lines.end();
  await leftover.close();
  for (const desk of desks) desk.close();
  const others = Math.abs(idle.others_on_core0_percent - before.others_on_core0_percent);
  return {
    lines: lines.connected, packets_heard: packets, without: before, with: idle,
    daemon_percent: idle.daemon_percent, per_line_us_per_second: round(idle.daemon_percent / 100 / COUNT * 1e6),
    leftover_lost_percent: round((1 - idle.rounds_per_second / before.rounds_per_second) * 100), others_differ_percent: round(others),
    targets: [below('250 idle browser lines', idle.daemon_percent, 3, '% of a core')],
  };
}
