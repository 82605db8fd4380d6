// I: from an agent's change of state to the walls: 250 agents with their pages' event streams open change their state
// 25 times a second in all, 50 walls hear of it. Times begin when the request leaves and end when the event with that
// agent's new state is read, for each wall. Baseline of the same run: a bare server of events in node on the same core.
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { registerAll } from './rate_lab.mjs';
import { openDesks } from './desk.mjs';
import { AGENTS, CpuWatch, ROOT, until } from './region.mjs';
import { CallLoad } from './load.mjs';
import { round, sleep, summary } from './numbers.mjs';
import { below } from './targets.mjs';

const COUNT = 250, WALLS = 50, RATE = 25, SECONDS = 10;

// An open stream; on_event(name, data as text) for each event.
class Stream {
  static async open(port, cookie, onEvent) {
    const stream = new Stream();
    stream.socket = connect(port, '127.0.0.1');
    stream.socket.setNoDelay(true);
    stream.socket.setEncoding('utf8');
    stream.events = 0;
    let rest = '';
    stream.socket.on('data', (text) => {
      const parts = (rest + text).split('\n\n');
      rest = parts.pop();
      for (const part of parts) {
        const event = /(?:^|\n)event: (.*)\n/.exec(part), data = part.indexOf('data: ');
        if (event && data >= 0) onEvent(event[1], part.slice(data + 6));
        stream.events++;
      }
    });
    stream.socket.on('error', () => {});
    stream.socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`);
    await until('stream open', () => stream.events > 0);
    return stream;
  }
  close() { this.socket.destroy(); }
}

// Who watches sees the seat of an agent; the times of one change at all walls go to its list.
class Changes {
  constructor() { this.open = new Map(); this.times = []; this.requests = []; this.lost = 0; }
  hear(wall, name, data) {
    if (name !== 'seat') return;
    const at = performance.now();
    const change = this.open.get(Number(/"user_id":(\d+)/.exec(data)[1]));
    if (!change || !data.includes(`"state":"${change.state}"`) || change.heard.has(wall)) return;
    this.times.push(at - change.began);
    change.heard.add(wall);
  }
  async make(user, state, send) {
    const change = { state, began: performance.now(), heard: new Set() };
    this.open.set(user, change);
    await send();
    this.requests.push(performance.now() - change.began);
    await until('all walls', () => change.heard.size === WALLS, 5000, 5).catch(() => { this.lost += WALLS - change.heard.size; });
    this.open.delete(user);
  }
}

async function series(changes, users, make) {
  const began = performance.now(), all = [];
  for (let i = 0; i < RATE * SECONDS; i++) {
    await sleep(Math.max(0, began + i * 1000 / RATE - performance.now()));
    const user = users[i % users.length];
    user.state = user.state === 'busy' ? 'ready' : 'busy';
    all.push(changes.make(user.id, user.state, () => make(user)));
  }
  await Promise.all(all);
  return { to_wall: summary(changes.times), request: summary(changes.requests), lost: changes.lost };
}

async function openWalls(region, changes) {
  const [first] = await openDesks(region, 'bench', ['wall']);
  const walls = [];
  for (let i = 0; i < WALLS; i++) {
    const document = await first.send('GET', '/monitor/wall');
    if (document.status !== 200) throw new Error(`wall: ${document.status} ${document.body}`);
    walls.push(await Stream.open(region.httpPort, first.person.cookie, (name, data) => changes.hear(i, name, data)));
  }
  return { walls, close: () => { first.close(); walls.forEach((w) => w.close()); } };
}

// The same clients against a server that does nothing but write the event to all who listen.
async function bare(region, seat) {
  const server = region.spawn('taskset', ['-c', '0', 'node', join(ROOT, 'tests/bench/bare_events.mjs'), seat]);
  const [text] = await once(server.stdout, 'data');
  const at = { httpPort: Number(String(text)) }, changes = new Changes();
  const walls = [];
  for (let i = 0; i < WALLS; i++) walls.push(await Stream.open(at.httpPort, '', (name, data) => changes.hear(i, name, data)));
  const users = Array.from({ length: COUNT }, (_, i) => ({ id: i + 1 }));
  const out = await series(changes, users, (user) => fetch(`http://127.0.0.1:${at.httpPort}/${user.id}/${user.state}`, { method: 'PUT' }));
  walls.forEach((w) => w.close());
  server.kill('SIGTERM');
  await server.exited;
  return out.to_wall;
}

export async function wall(region) {
  region.sql(`INSERT INTO app_user (id, center_id, login, name, password_hash) SELECT 8999, 90, 'wall', '大屏', password_hash FROM app_user WHERE id = 9001 ON CONFLICT DO NOTHING;
    INSERT INTO user_role (user_id, role_code, center_id) VALUES (8999, 'leader', 90) ON CONFLICT DO NOTHING`);
  await region.restart(); // after that: whoever gets another right has his streams closed to come back
  const sink = await region.sink(AGENTS);
  const { port } = await registerAll(region, COUNT);
  const phones = await CallLoad.open(region, { agentsPort: port, sinkPort: sink.port });
  const desks = await openDesks(region, 'bench', Array.from({ length: COUNT }, (_, i) => `p${i + 1}`));
  for (const desk of desks) await desk.send('POST', '/agent/sign-in', { line: 'phone' });
  const pages = [];
  for (const desk of desks) pages.push(await Stream.open(region.httpPort, desk.person.cookie, () => {}));
  const changes = new Changes(), { walls, close } = await openWalls(region, changes);
  const users = desks.map((desk) => ({ id: desk.person.me.user.id, desk, state: 'busy' }));
  const cpu = new CpuWatch(region.pid);
  const out = { unit: 'ms', agents: COUNT, walls: WALLS, changes_per_second: RATE, ...await series(changes, users, (user) => user.desk.send('PUT', '/agent/state', { state: user.state })) };
  out.cpu = cpu.end();
  out.events_per_wall = Math.min(...walls.map((w) => w.events));
  close();
  pages.forEach((p) => p.close());
  desks.forEach((d) => d.close());
  await phones.close();
  await sink.close();
  out.bare_events = await bare(region, JSON.stringify({ center_id: 90, user_id: 0, agent_no: '1001', name: '坐席1', state: '', since_ms: Date.now(), queues: [901], call: null }));
  out.to_bare = round(out.to_wall.p50 / out.bare_events.p50, 2);
  out.targets = [below('state to wall p99, 250 agents, 50 walls', out.lost ? NaN : out.to_wall.p99, 300, 'ms')];
  return out;
}
