// M: a full house for ten minutes (BENCH_HOUSE_SECONDS): 250 agents signed in with browser-like lines and event streams,
// 20 calls a second, each answered by a click and talking for ten seconds: 200 talks at once, both sides speak each
// 20 ms, all recorded. Sound that is missing, what it costs, and that memory comes to rest.
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { AGENTS, B, CALLERS, CpuWatch, NUMBER, SERVER, rssKb } from './region.mjs';
import { Callers } from './sip.mjs';
import { openDesks } from './desk.mjs';
import { round, sleep } from './numbers.mjs';
import { below } from './targets.mjs';

const AGENTS_AT_WORK = 250, CALLS_PER_SECOND = 20, TALK_MS = 10000, CALLER_LEGS = 400;
const SECONDS = Number(process.env.BENCH_HOUSE_SECONDS ?? 600);
const FILL_MS = TALK_MS + 2000, LOOK_MS = 1000;
const mediaOf = (body) => ({ host: /^c=IN IP4 (\S+)/m.exec(body)[1], port: Number(/^m=audio (\d+)/m.exec(body)[1]) });

// tests/bench/load_house: the sound of both sides.
class Sound {
  static async open(region) {
    const sound = new this();
    sound.child = region.spawn(join(B, 'bench/load_house'), [String(AGENTS_AT_WORK), AGENTS, String(CALLER_LEGS), CALLERS]);
    sound.child.stdin.on('error', () => {}); // it has ended: next() says why
    sound.lines = createInterface({ input: sound.child.stdout })[Symbol.asyncIterator]();
    sound.free = (await sound.next()).ports.map((port, leg) => ({ port, leg }));
    return sound;
  }
  async next() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`load_house ended: ${this.child.err}`);
    return JSON.parse(value);
  }
  say(text) { this.child.stdin.write(`${text}\n`); }
  async connect(desks) {
    for (const _ of desks) {
      const { line, sdp } = await this.next();
      const answer = await desks[line].send('PUT', '/agent/line', { sdp });
      if (answer.status >= 300) throw new Error(`line: ${answer.status} ${answer.body}`);
      this.say(`answer ${line} ${JSON.stringify(JSON.parse(answer.body).sdp)}`);
    }
    return (await this.next()).connected;
  }
  report() { this.say('report'); return this.next(); }
  async close() { this.child.stdin.end(); await this.child.exited; }
}

// Calls that come; each has a leg of its own to speak through as long as it lasts.
class House extends Callers {
  prepare(sound) {
    Object.assign(this, { sound, calls: 0, failures: new Map(), answerMs: [], byNumber: new Map(), talking: 0, most: 0 });
  }
  failed(what) { this.failures.set(what, (this.failures.get(what) ?? 0) + 1); }

  arrive() {
    const leg = this.sound.free.shift(); // the one that is free for longest: late packets of its last talk are gone
    this.calls++;
    if (!leg) { this.failed('no free leg'); return; }
    const number = `139${String(10000000 + this.calls)}`;
    const dialog = this.call({ from: number, to: NUMBER.queue, mediaPort: leg.port });
    dialog.leg = leg.leg;
    this.byNumber.set(number, dialog);
    dialog.answered.catch((error) => this.failed(error.message));
    dialog.ended.then(() => {
      this.sound.say(`hush caller ${dialog.leg}`);
      this.sound.free.push(leg);
      this.byNumber.delete(number);
      if (dialog.talking) this.talking--;
      else this.failed('ended without an agent');
    });
  }
  acknowledge(message, dialog) {
    super.acknowledge(message, dialog);
    if (message.status >= 300 || dialog.speaks) return;
    dialog.speaks = true;
    const { host, port } = mediaOf(message.body);
    this.sound.say(`caller ${dialog.leg} ${host} ${port}`);
  }
  // An agent has this caller; the caller hangs up when all is said.
  answeredBy(number, ms) {
    const dialog = this.byNumber.get(number);
    if (!dialog || dialog.talking) { this.failed(`who is ${number}?`); return; }
    dialog.talking = true;
    this.most = Math.max(this.most, ++this.talking);
    this.answerMs.push(ms);
    setTimeout(() => this.bye(dialog), TALK_MS);
  }
}

// The page of an agent: what it is told decides what it does.
function work(desk, line, house, sound) {
  const stream = request({ host: '127.0.0.1', port: desk.port, path: '/api/v1/events', headers: { cookie: desk.person.cookie } });
  let rest = '', ringing = '', talking = '';
  const answer = async (call_id) => {
    const { status, body, ms } = await desk.send('POST', `/agent/calls/${call_id}/answer`);
    if (status === 204) desk.answerMs = ms;
    else house.failed(`answer: ${status} ${body.slice(0, 100)}`);
  };
  const told = (agent) => {
    const call = agent.call?.call_id ?? '';
    if (agent.state === 'ring' && call !== ringing) { ringing = call; answer(call); }
    if (agent.state === 'talk' && call !== talking) { talking = call; sound.say(`agent ${line}`); house.answeredBy(agent.call.caller_no, desk.answerMs); }
    if (agent.state !== 'talk' && talking) { talking = ''; sound.say(`hush agent ${line}`); }
  };
  stream.on('error', (error) => { if (!desk.over) house.failed(`events: ${error.message}`); });
  stream.on('response', (response) => {
    response.setEncoding('utf8');
    response.on('error', () => {});
    response.on('data', (text) => {
      const parts = (rest + text).split('\n\n');
      rest = parts.pop();
      for (const part of parts) if (/^event: ?agent$/m.test(part)) told(JSON.parse(/^data: ?(.*)$/m.exec(part)[1]));
    });
  });
  stream.end();
  return () => { desk.over = true; stream.destroy(); };
}

async function signIn(region, desks) {
  for (const desk of desks) {
    for (const [method, path, body] of [['POST', '/agent/sign-in', { line: 'browser' }], ['PUT', '/agent/state', { state: 'ready' }]]) {
      const answer = await desk.send(method, path, body);
      if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    }
  }
}

async function calls(house, until_ms) {
  const began = performance.now();
  for (let n = 0; performance.now() - began < until_ms; n++) {
    await sleep(Math.max(0, began + n * 1000 / CALLS_PER_SECOND - performance.now()));
    house.arrive();
  }
}

// What was recorded against what was talked: each talk has its recording, as long as the talk.
const RECORDED = `
  SELECT count(*) || ' ' || count(r.recording_id) || ' ' || count(*) FILTER (WHERE r.state <> 'closed' OR abs(r.length_ms - t.talk_ms) > 500)
  FROM talk t LEFT JOIN recording r ON r.talk_id = t.talk_id WHERE t.center_id = 90`;

export async function fullHouse(region) {
  await region.restart();
  const desks = await openDesks(region, 'bench', Array.from({ length: AGENTS_AT_WORK }, (_, i) => `p${i + 1}`));
  const sound = await Sound.open(region);
  const house = await House.open(CALLERS, { host: SERVER, port: region.sipPort });
  house.prepare(sound);
  const connected = await sound.connect(desks);
  const closers = desks.map((desk, line) => work(desk, line, house, sound));
  await signIn(region, desks);
  const load = calls(house, FILL_MS + SECONDS * 1000);
  await sleep(FILL_MS);
  sound.say('count');
  const cpu = new CpuWatch(region.pid), rss = [];
  let low = Infinity, sum = 0, looks = 0;
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end; looks++) {
    await sleep(LOOK_MS);
    rss.push(rssKb(region.pid));
    low = Math.min(low, house.talking);
    sum += house.talking;
  }
  const used = cpu.end(), heard = await sound.report();
  await load;
  await sleep(TALK_MS + 3000);
  for (const close of closers) close();
  await region.shipped();
  const [talks, recordings, odd] = region.sql(RECORDED).split(' ').map(Number);
  const lost_percent = round(heard.lost / (heard.lost + heard.received) * 100, 4);
  house.close();
  await sound.close();
  for (const desk of desks) desk.close();
  const failed = [...house.failures.values()].reduce((a, b) => a + b, 0);
  const mb = (kb) => round(kb / 1024);
  process.stderr.write(`  ${house.calls} calls, failed ${failed} ${JSON.stringify([...house.failures])}; talks at once ${low}..${house.most}; lost ${heard.lost} of ${heard.received}, p99 ${heard.p99} ms, daemon ${used.daemon_percent} %, ${mb(rss.at(-1))} MB\n`);
  return {
    seconds: SECONDS, lines: connected, calls: house.calls, failed, failures: Object.fromEntries(house.failures),
    talks_at_once: { least: low, mean: round(sum / looks), most: house.most }, sound: { ...heard, lost_percent }, ...used,
    rss_mb: { first_minute: mb(rss[Math.min(59, rss.length - 1)]), last: mb(rss.at(-1)), most: mb(Math.max(...rss)) },
    talks, recordings, recordings_of_another_length: odd,
    targets: [
      below('full house: calls that failed', failed, 1, ''), below('full house: sound lost', lost_percent, 0.001, '%'),
      below('full house: p99 delay', heard.p99, 20, 'ms'), below('full house: talks without whole recording', talks - recordings + odd, 1, ''),
    ],
  };
}
