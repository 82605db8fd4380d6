// Failure drills around PostgreSQL (docs/drills.md): away under a hundred calls, killed with a batch in its hands.
// Each prints what it lost.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { CITIES } from './lib/office.mjs';
import { Crowd, LONG, accounts, batchBackend, chapter, eachOf, lock, metric, postmaster, say, tell, unwell } from './lib/drills.mjs';

const AWAY_MS = LONG ? 180000 : 15000;
const BUSY = CITIES.slice(4, 7); // whoever calls there waits
const WAIT_MS = 60000;
let region, leader, crowd, busy;

before(async () => {
  region = await Region.start();
  leader = await Person.signIn(region, 'nanning', 'leader');
  await leader.listen();
  crowd = await Crowd.open(region, 10);
  busy = await Promise.all(BUSY.map((city) => Agent.start(region, city.code, 'a1001', { ready: false })));
});
after(async () => {
  await crowd?.kill();
  for (const agent of busy ?? []) await agent.line.kill().then(() => agent.person.close());
  await leader?.close();
  await region?.stop();
});

const isAway = () => leader.waitFor('store', (s) => s === leader.seen('store').data && s.available === false, WAIT_MS);
const isBack = () => leader.waitFor('store', (s) => s === leader.seen('store').data && s.available === true, WAIT_MS);
// A server that was killed leaves its pid file and for a moment its children behind.
const startAgain = () => until('PostgreSQL runs', () => { region.run('scripts/pg', ['start', region.pgDir]); return true; }, WAIT_MS, 200);
const ended = () => crowd.callers.filter((c) => c.code !== undefined || c.seen('refused'));

// A call from its first ring to its end, with one of these agents.
async function oneCall(agent) {
  const [talk] = await crowd.talk([agent]);
  await crowd.end([talk]);
}

chapter('drill 1: PostgreSQL stopped under a hundred calls: all go on, others begin, talk and end; afterwards every fact is there exactly once (NFR-08 RPT-01)', async () => {
  const talks = await crowd.talk();
  const waiting = await Promise.all(BUSY.flatMap((city) => Array.from({ length: 30 }, () => crowd.letIn(city))));
  assert.equal(talks.length + waiting.length, 100);
  await until('a hundred calls', async () => await metric(region, 'hotlined_calls_waiting') === 90 && await metric(region, 'hotlined_calls_talking') === 10, WAIT_MS);

  region.run('scripts/pg', ['stop', region.pgDir]);
  await isAway();
  const away = Date.now();
  const journalled = await metric(region, 'hotlined_facts_pending');
  await crowd.end(talks.slice(0, 4));
  await Promise.all(waiting.slice(0, 20).map((c) => c.hangUp()));
  do await eachOf(talks.slice(0, 4), ({ agent }) => oneCall(agent)); while (Date.now() - away < AWAY_MS);
  const pending = await metric(region, 'hotlined_facts_pending');
  assert.ok(pending > journalled + 100, `${pending} facts wait`);
  assert.deepEqual(unwell(talks.slice(4)), [], 'talks of before go on');
  assert.equal(waiting.slice(20).filter((c) => c.code !== undefined).length, 0, 'and who waited waits');
  region.run('scripts/pg', ['start', region.pgDir]);
  await isBack();
  say(`PostgreSQL was away ${Math.round((Date.now() - away) / 1000)} s, ${pending} facts waited`);
  await crowd.end(talks.slice(4));
  await Promise.all(waiting.slice(20).map((c) => c.hangUp()));
  assert.equal(ended().length, crowd.callers.length);
  const after_it = await accounts(region);
  assert.equal(after_it.calls, crowd.callers.length);
  tell('PostgreSQL away under 100 calls', after_it.lost, after_it.text);
});

for (const [what, victim] of [['its backend', async (pid) => pid], ['the whole server', async () => postmaster(region)]])
  chapter(`drill 1: kill -9 of ${what} with a batch of facts half written: the batch comes again, each fact exactly once (NFR-08 RPT-01)`, async () => {
    const talks = await crowd.talk(crowd.agents.slice(0, 6));
    const held = await lock(region, 'fact');
    await crowd.end(talks.slice(0, 3)); // facts for the batch
    const pid = await victim(await batchBackend(region));
    process.kill(pid, 'SIGKILL');
    await held.let(); // its session died with the server
    await startAgain();
    await oneCall(crowd.agents[0]);
    assert.deepEqual(unwell(talks.slice(3)), []);
    await crowd.end(talks.slice(3));
    await until('PostgreSQL is back', async () => await metric(region, 'hotlined_store_available') === 1, WAIT_MS);
    const after_it = await accounts(region);
    assert.equal(after_it.calls, crowd.callers.length);
    tell(`kill -9 of ${what} in a batch`, after_it.lost, after_it.text);
  });
