// What failure drills share: a crowd of talks, what must be true of the facts afterwards, and the one line
// in which each drill prints what it lost (docs/drills.md). DRILL=long runs them as long as the issue says.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Person, until } from './region.mjs';
import { Agent } from './agent.mjs';
import { CITIES } from './office.mjs';
import { shareOf } from './sound.mjs';

export const LONG = process.env.DRILL === 'long';
export const SANITIZED = !process.env.HOTLINED;
export const CALLER_HZ = 440;
export const AGENT_HZ = 1000;
const WAIT_MS = 60000; // a loaded machine

// Drills of a file build on each other: after one that failed the rest is skipped.
let broken = false;
export function chapter(name, work) {
  test(name, async (t) => {
    if (broken) return t.skip('a drill before failed');
    broken = true;
    await work(t);
    broken = false;
  });
}

// The one line of a drill; node's reporter writes "# " before it. lost: names of what should have been there and was not.
export function tell(drill, lost, compared) {
  const named = lost.length > 6 ? [...lost.slice(0, 5), `and ${lost.length - 5} more`] : lost;
  console.log(`lost: ${named.join(', ') || 'nothing'} - ${drill} (${compared})`);
  assert.deepEqual(named, [], drill);
}
export const say = (text) => console.log(text);

export async function metric(region, series) {
  const page = await (await fetch(`${region.base}/metrics`)).text();
  const line = page.split('\n').find((l) => l.startsWith(`${series} `));
  assert.ok(line, `no series ${series}`);
  return Number(line.split(' ')[1]);
}

// Runs the work for all of them, a few at a time: passwords are hashed on two threads.
export async function eachOf(list, work, at_once = 8) {
  const rest = [...list.entries()];
  const done = [];
  await Promise.all(Array.from({ length: at_once }, async () => {
    for (let next = rest.shift(); next; next = rest.shift()) done[next[0]] = await work(next[1], next[0]);
  }));
  return done;
}

// The demo region has 45 agents in its cities: more are made of the first one of the first city.
const SEATS = CITIES.flatMap((city) => Array.from({ length: city.code === 'nanning' ? 6 : 3 }, (_, i) => ({ city, login: `a${1001 + i}` })));
async function moreSeats(region, count) {
  const of = (table, columns) => `INSERT INTO ${table} (user_id, ${columns}) SELECT n.id, ${columns.split(', ').map((c) => `o.${c}`).join(', ')}
    FROM app_user f JOIN ${table} o ON o.user_id = f.id JOIN app_user n ON n.center_id = f.center_id AND n.login LIKE 'b2%'
    WHERE f.center_id = 2 AND f.login = 'a1001' ON CONFLICT DO NOTHING;`;
  region.sql(`INSERT INTO app_user (center_id, org_id, team_id, login, name, agent_no, password_hash)
      SELECT center_id, org_id, team_id, 'b' || 2000 + k, '演练' || k, 2000 + k, password_hash FROM app_user, generate_series(1, ${count}) k WHERE center_id = 2 AND login = 'a1001';
    ${of('user_role', 'role_code, center_id')} ${of('queue_member', 'queue_id, center_id, weight')} ${of('skill_group_member', 'skill_group_id, center_id')}`);
  await region.configured();
  return Array.from({ length: count }, (_, i) => ({ city: CITIES[0], login: `b${2001 + i}` }));
}

let people = 13500000000;
export const somebody = () => String(++people);

// Agents who take what rings, and callers who talk to them.
export class Crowd {
  constructor(region) { Object.assign(this, { region, agents: [], callers: [] }); }

  // count agents, ready, their browser lines up, a tone in their microphones.
  static async open(region, count) {
    const crowd = new Crowd(region);
    const seats = [...SEATS.slice(0, count), ...(count > SEATS.length ? await moreSeats(region, count - SEATS.length) : [])];
    crowd.agents = await eachOf(seats, async ({ city, login }) => {
      const agent = await Agent.start(region, city.code, login, { lineArgs: ['--tone', String(AGENT_HZ), '--detect-tone', String(CALLER_HZ)] });
      return Object.assign(agent, { city, name: `${login}@${city.code}` });
    });
    return crowd;
  }

  // A caller of this city who asks for a person.
  call(city, args = []) {
    const from = somebody();
    const caller = Object.assign(Caller.start(this.region, { from, to: city.number,
      args: ['--keys', '1', '--tone', String(CALLER_HZ), '--detect-tone', String(AGENT_HZ), ...args] }), { from, city });
    this.callers.push(caller);
    return caller;
  }

  // A caller who is let in: on a machine whose cores others have, the daemon limits new calls (503, Retry-After), and people
  // call again. Any other refusal is the drill's failure.
  async letIn(city) {
    for (const end = Date.now() + WAIT_MS; ;) {
      const caller = this.call(city);
      await until(`${caller.from} hears an answer`, () => caller.seen('answered') || caller.seen('refused'), WAIT_MS);
      if (caller.seen('answered')) return caller;
      assert.equal(caller.seen('refused').status, 503, `${caller.from} is refused`);
      assert.ok(Date.now() < end, `${caller.from} is not let in`);
      await caller.exited;
      this.callers.splice(this.callers.indexOf(caller), 1); // there never was a call
      await new Promise((again) => { setTimeout(again, 500); });
    }
  }

  // As many callers as these agents, in their cities; whoever of the crowd rings there answers, and both sides hear
  // each other: [{agent, caller, callId}].
  async talk(agents = this.agents) {
    const talks = await eachOf(agents, async ({ city }) => {
      const able = [...new Set([...agents, ...this.agents])]; // a desk may not be of the crowd
      const caller = await this.letIn(city);
      const agent = await until(`${caller.from} rings`, () => able.find((a) => a.document?.state === 'ring' && a.document.call.caller_no === caller.from), WAIT_MS);
      const callId = agent.document.call.call_id;
      const heard = agent.line.events.length;
      await agent.answer(callId);
      await caller.waitFor('tone', undefined, WAIT_MS);
      await until('the agent hears him', () => agent.line.events.slice(heard).some((e) => e.event === 'tone'), WAIT_MS);
      return { agent, callId, caller, heard: agent.line.events.length };
    }, 10);
    return talks;
  }

  // The callers hang up; their agents are ready for the next.
  async end(talks) {
    await Promise.all(talks.map(async ({ agent, caller }) => {
      await caller.hangUp();
      await agent.waitState('acw', WAIT_MS);
      await agent.done();
      await until('the agent is free', () => agent.document.state !== 'acw', WAIT_MS); // or rings for who waited
    }));
  }

  kill() {
    for (const caller of this.callers) caller.kill();
    return Promise.all(this.agents.map(async (agent) => { await agent.line.kill(); await agent.person.close(); }));
  }
}

// Silences of more than a second between tones: shorter ones are the loaded machine's, not the daemon's.
const silences = (events) => events.filter((e, i) => e.event === 'tone_end'
  && (events.slice(i).find((next) => next.event === 'tone')?.at ?? Date.now()) - e.at > 1000).length;
// Talks that ended, or whose callers or agents did not hear each other all the time.
export const unwell = (talks) => talks.filter(({ caller, agent, heard = 0 }) =>
  caller.code !== undefined || silences(caller.events) || agent.line.code !== undefined || silences(agent.line.events.slice(heard)) || agent.document.state !== 'talk')
  .map(({ caller, agent }) => `call of ${caller.from} (${agent.document.state}, ${silences(caller.events)} silences)`);

// --- facts ------------------------------------------------------------------------------------------

// Facts in the outbox's file, as their ids: what was journalled and is not known to be in PostgreSQL.
export function outboxIds(path) {
  const text = execFileSync('sqlite3', [path, "SELECT json_extract(e.value, '$.id') FROM fact, json_each('[' || replace(fact.json, char(30), ',') || ']') e"], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return text.split('\n').filter(Boolean);
}
export const storedIds = (region) => region.sql('SELECT id FROM fact').split('\n').filter(Boolean);

// Waits until all is in PostgreSQL and gives what is missing or doubled: each call that began in the log has its row
// and facts once, the figures agree with themselves, by roll-up and by facts (RPT-01: 核对差 0).
export async function accounts(region, { open = 0, closing_ms = WAIT_MS } = {}) {
  await until('nothing waits', async () => await metric(region, 'hotlined_facts_pending') === 0 && await metric(region, 'hotlined_store_available') === 1, WAIT_MS);
  const began = [...new Set([...region.log.matchAll(/room=call event=began call=(\S+)/g)].map((m) => m[1]))];
  const number = (sql) => Number(region.sql(sql));
  await until('calls closed', () => number('SELECT count(*) FROM call WHERE t_end IS NULL') === open, closing_ms, 200);
  const lost = [];
  const calls = new Set(region.sql('SELECT call_id FROM call').split('\n'));
  lost.push(...began.filter((id) => !calls.has(id)).map((id) => `call ${id}`));
  const doubled = number('SELECT count(*) - count(DISTINCT id) FROM fact');
  if (doubled) lost.push(`${doubled} facts counted twice`);
  for (const kind of ['call_begin', 'call_end']) {
    const twice = number(`SELECT count(*) FROM (SELECT 1 FROM fact WHERE kind = '${kind}' GROUP BY payload->>'call_id' HAVING count(*) > 1) x`);
    if (twice) lost.push(`${twice} times ${kind} twice`);
  }
  // The rows that facts make, against the facts.
  for (const [table, kind] of [['call', 'call_begin'], ['ivr_visit', 'ivr_begin'], ['queue_visit', 'queue_enter'], ['offer', 'offer_begin'], ['talk', 'talk_begin'], ['acw', 'acw_end'], ['recording', 'recording_begin']]) {
    const [rows, facts] = [number(`SELECT count(*) FROM ${table}`), number(`SELECT count(*) FROM fact WHERE kind = '${kind}'`)];
    if (rows !== facts) lost.push(`${facts} ${kind} made ${rows} rows`);
  }
  const rejected = await metric(region, 'hotlined_facts_rejected_total');
  if (rejected) lost.push(`${rejected} facts rejected`);
  const supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  const [from, to] = region.sql("SELECT min(t_in AT TIME ZONE 'Asia/Shanghai')::date, max(t_in AT TIME ZONE 'Asia/Shanghai')::date FROM call").split('|'); // a clock set late in the evening makes two days
  const [rollup, facts] = await Promise.all(['rollup', 'facts'].map((source) => supervisor.get(`/reports/voice_service?from=${from}&to=${to}&source=${source}`)));
  for (const report of [rollup, facts]) if (report.check !== 0) lost.push(`核对差 ${report.check}`);
  for (const [name, value] of Object.entries(facts.total)) if (typeof value === 'number' && rollup.total[name] !== value) lost.push(`${name} ${value} by facts, ${rollup.total[name]} by roll-up`);
  if (facts.total.in !== number("SELECT count(*) FROM call WHERE direction = 'in' AND NOT test")) lost.push(`${facts.total.in} calls in the report`);
  const count = number('SELECT count(*) FROM fact');
  return { lost, count, calls: began.length, text: `${began.length} calls and ${count} facts, each once; 核对差 ${facts.check}` };
}

// --- PostgreSQL ---------------------------------------------------------------------------------------

// Holds a lock in a session of its own until .let() or its death. Who locks several tables may meet a batch that has
// them in another order; PostgreSQL then ends one of the two (deadlock_timeout): if it is this one, it asks again.
export async function lock(region, tables, mode = 'EXCLUSIVE') {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const session = lockSession(region, `LOCK TABLE ${tables} IN ${mode} MODE`);
    const locked = await Promise.race([session.locked, session.gone, new Promise((late) => { setTimeout(late, deadline - Date.now(), 'late').unref(); })]);
    if (locked === true) return { let: () => { session.child.stdin.end('COMMIT;\n'); return session.gone; } };
    const holders = locked === 'late' ? region.sql(HOLDERS) : '';
    session.child.kill();
    assert.ok(/deadlock detected/.test(session.error()), `no lock of ${tables}: ${session.error() || holders}`);
  }
}
const HOLDERS = "SELECT pid, state, xact_start, left(query, 200) FROM pg_stat_activity WHERE pid IN (SELECT unnest(pg_blocking_pids(pid)) FROM pg_stat_activity)";
function lockSession(region, statement) {
  const child = spawn('scripts/pg', ['psql', region.pgDir, '--', '-qAtX', '-v', 'ON_ERROR_STOP=1']);
  let [said, error] = ['', ''];
  child.stderr.on('data', (text) => { error += text; });
  child.stdin.on('error', () => {}); // its server may be killed
  const locked = new Promise((tell_it) => { child.stdout.on('data', (text) => { said += text; if (said.includes('locked')) tell_it(true); }); });
  const gone = new Promise((tell_it) => { child.once('close', () => tell_it(false)); });
  child.stdin.write(`BEGIN; ${statement}; SELECT 'locked';\n`);
  return { child, locked, gone, error: () => error };
}
// The backend that waits for a lock with a batch of facts in its hands: its pid.
export const batchBackend = (region) => until('a batch waits half written', () =>
  Number(region.sql("SELECT pid FROM pg_locks WHERE relation = 'fact'::regclass AND mode = 'RowExclusiveLock' AND NOT granted LIMIT 1")), WAIT_MS);
export const postmaster = (region) => Number(readFileSync(join(region.pgDir, 'data/postmaster.pid'), 'utf8').split('\n')[0]);

// --- sound on disk --------------------------------------------------------------------------------------

// One channel of a recording: its length, and how many tenths of its last second have the tone (0 to 1). Each tenth by
// itself: a late packet of a loaded machine shifts the phase of what follows.
export function lastSecond(path, channel, hz) {
  if (!existsSync(path)) return { seconds: 0, share: 0 };
  const raw = execFileSync('sox', ['--ignore-length', path, '-t', 's16', '-r', '8000', '-', 'remix', String(channel)], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
  const all = Float64Array.from(new Int16Array(raw.buffer, raw.byteOffset, raw.length >> 1));
  const tenths = Array.from({ length: 10 }, (_, i) => all.length - 800 * (10 - i)).filter((at) => at >= 0);
  return { share: tenths.filter((at) => shareOf(all, hz, at, at + 800) > 0.5).length / 10, seconds: all.length / 8000 };
}
