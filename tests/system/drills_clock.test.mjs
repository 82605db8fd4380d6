// Failure drill 6 (docs/drills.md): the machine's clock is set an hour forward and back while calls wait and talk. The
// release build with tests/tools/clock before it, which moves the wall clock and nothing else, as setting it does.
import { after, before } from 'node:test';
import { writeFileSync } from 'node:fs';
import { Clock } from './lib/clock.mjs';
import { Person, until } from './lib/region.mjs';
import { CITIES } from './lib/office.mjs';
import { Crowd, accounts, chapter, lock, metric, tell, unwell } from './lib/drills.mjs';

const HOUR = 3600;
const WAIT_MS = 60000;
let region, leader, quiet, crowd;

before(async () => {
  region = await Clock.start();
  leader = await Person.signIn(region, 'nanning', 'leader');
  await leader.listen();
  quiet = await Person.signIn(region, 'liuzhou', 'leader'); // signed in, and does nothing
  crowd = await Crowd.open(region, 5);
});
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  await crowd?.kill();
  await leader?.close();
  await region?.stop();
});

const wall = () => leader.get('/monitor/wall');
const rings = (agent, caller) => until(`${caller.from} rings`, () => agent.document.state === 'ring' && agent.document.call.caller_no === caller.from, WAIT_MS);

// A caller who rings is answered, both are heard, he hangs up, the agent is done.
async function serve(agent, caller) {
  await rings(agent, caller);
  await agent.answer(agent.document.call.call_id);
  await caller.waitFor('tone', undefined, WAIT_MS);
  await crowd.end([{ agent, caller }]);
}

chapter('drill 6: the clock is set an hour forward, back, and another hour back, while calls talk, ring and wait: no talk, ring or wait is touched, no time in the facts is negative, nobody is signed out (NFR-08)', async () => {
  const lost = [];
  const began = Date.now();
  const [first, ...talks] = await crowd.talk();
  await crowd.end([first]);
  const free = first.agent;
  let shown = (await wall()).now_ms;
  for (const seconds of [HOUR, 0, -HOUR]) {
    const ringing = crowd.call(free.city);
    await rings(free, ringing);
    const waiting = crowd.call(free.city);
    await until('one waits', async () => await metric(region, 'hotlined_calls_waiting') === 2, WAIT_MS);
    const then = Date.now();
    region.set(seconds);
    if (seconds === HOUR) await until('the daemon sees the new clock', async () => (await wall()).now_ms > shown + HOUR * 900, WAIT_MS);
    else await until('a second passed', () => Date.now() > then + 1000);
    const { now_ms, centers: [{ waiting: [shownWait] }] } = await wall();
    if (now_ms < shown) lost.push(`${shown - now_ms} ms of wall time`);
    const aged = now_ms - shownWait.since_ms;
    if (!(aged >= 0 && aged <= Date.now() - began)) lost.push(`a wait shown as ${aged} ms`);
    shown = now_ms;
    await serve(free, ringing);
    await serve(free, waiting);
    lost.push(...unwell(talks));
    for (const person of [leader, quiet, ...crowd.agents.map((a) => a.person)])
      if ((await person.raw('GET', '/me')).status !== 200) lost.push(`the session of ${person.me.user.login}`);
  }
  await crowd.end(talks);
  const took = Date.now() - began;

  const { lost: more, text } = await accounts(region);
  const facts = region.sql("SELECT count(*) FROM fact f, jsonb_each(f.payload) e WHERE e.key ~ '^(wait|ring|talk|hold|acw|length)_ms$'");
  const wrong = region.sql(`SELECT f.kind || ' ' || e.key || ' ' || e.value FROM fact f, jsonb_each(f.payload) e
    WHERE e.key ~ '^(wait|ring|talk|hold|acw|length)_ms$' AND e.value <> 'null' AND e.value::text::bigint NOT BETWEEN 0 AND ${took}`);
  lost.push(...wrong.split('\n').filter(Boolean));
  for (const [table, from, to] of [['call', 't_in', 't_end'], ['queue_visit', 't_q_in', 't_q_out'], ['offer', 't_ring', 't_ring_end'], ['talk', 't_ans', 't_rel'], ['acw', 't_start', 't_end'],
    ['ivr_visit', 't_start', 't_end'], ['agent_state', 't_start', 't_end']]) {
    const backwards = Number(region.sql(`SELECT count(*) FROM ${table} WHERE ${to} < ${from}`));
    if (backwards) lost.push(`${backwards} rows of ${table} that end before they begin`);
  }
  tell('the clock set by an hour', [...lost, ...more], `${facts} durations; ${text}`);
});

chapter('a clock that was a day ahead is followed as soon as it is right: its times are not those of days to come (NFR-08)', async () => {
  const DAY = 24 * HOUR;
  region.set(DAY);
  await until('a day ahead', async () => (await wall()).now_ms > Date.now() + DAY * 900, WAIT_MS);
  region.set(0);
  await until('right again', async () => Math.abs((await wall()).now_ms - Date.now()) < 60000, WAIT_MS);
  await until('said so', () => /room=loop event=clock_set_back/.test(region.log), WAIT_MS);
  const status = (await leader.raw('GET', '/me')).status;
  tell('a clock a day ahead', status === 200 ? [] : [`the session: ${status}`], 'the time is right, the leader still signed in');
});

chapter('the clock is set back by hours while the list of sessions is being read: whoever signs in meanwhile stays signed in (NFR-08)', async () => {
  const held = await lock(region, 'session', 'ACCESS EXCLUSIVE');
  region.sql("SELECT pg_notify('hotlined_config', 'tests')");
  await until('sessions are being read', () => region.sql("SELECT count(*) FROM pg_locks WHERE relation = 'session'::regclass AND NOT granted AND mode = 'AccessShareLock'") === '1', WAIT_MS);
  const signedIn = () => region.log.split('event=signed_in').length;
  const before = signedIn();
  region.set(-4 * HOUR);
  const late = Person.signIn(region, 'nanning', 'admin');
  await until('he is signed in, though nobody has written it down', () => signedIn() > before, WAIT_MS);
  await held.let();
  const admin = await late;
  const status = (await admin.raw('GET', '/me')).status;
  region.set(0);
  await until('right again', async () => Math.abs((await wall()).now_ms - Date.now()) < 60000, WAIT_MS);
  const others = [leader, quiet, ...crowd.agents.map((a) => a.person)];
  const out = await Promise.all([admin, ...others].map(async (person) => ((await person.raw('GET', '/me')).status === 200 ? [] : [`the session of ${person.me.user.login}`])));
  tell('the clock set while sessions are read', [...(status === 200 ? [] : [`who had just signed in: ${status}`]), ...out.flat()], `${others.length + 1} are signed in`);
});

chapter('killed, and the clock set back before the next start: calls left open are closed, those of the new process are not (NFR-07 NFR-08)', async () => {
  const [talk] = await crowd.talk(crowd.agents.slice(0, 1));
  await until('journalled and shipped', async () => await metric(region, 'hotlined_facts_pending') === 0, WAIT_MS);
  await region.stopDaemon('SIGKILL');
  await crowd.kill();
  crowd.agents = [];
  region.set(-HOUR / 2);
  region.log = region.log.replaceAll('event=orphans_closed', 'event=orphans_closed_before');
  const ready = region.startDaemon();
  const caller = await until('a call is taken', async () => {
    const one = crowd.call(CITIES[0]);
    await until('an answer', () => one.seen('answered') || one.code !== undefined, WAIT_MS, 5);
    return one.seen('answered') && one;
  }, WAIT_MS, 5);
  await ready;
  await until('those of before are closed', () => /event=orphans_closed count=/.test(region.log), WAIT_MS);
  const lost = [];
  const [outcome, reason] = region.sql(`SELECT outcome, end_reason FROM call WHERE call_id = '${talk.callId}'`).split('|');
  if (outcome !== 'answered' || reason !== 'error') lost.push(`the end of the talk: ${outcome} ${reason}`);
  const mine = () => region.sql(`SELECT count(*) FROM call WHERE caller_no = '${caller.from}' AND t_end IS NULL`);
  await until('the new call is in the database', () => region.sql(`SELECT count(*) FROM call WHERE caller_no = '${caller.from}'`) === '1', WAIT_MS);
  if (mine() !== '1') lost.push('the call of the new process');
  await caller.hangUp();
  const figures = await accounts(region);
  tell('killed, the clock set back', [...lost, ...figures.lost], figures.text);
});
