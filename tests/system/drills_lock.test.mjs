// Failure drills around PostgreSQL (docs/drills.md): tables locked, and slow. Each prints what it lost.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Person, Region, until } from './lib/region.mjs';
import { Crowd, accounts, batchBackend, chapter, lock, metric, tell } from './lib/drills.mjs';

const WAIT_MS = 60000;
let region, leader, crowd;

before(async () => {
  region = await Region.start();
  leader = await Person.signIn(region, 'nanning', 'leader');
  await leader.listen();
  crowd = await Crowd.open(region, 6);
});
after(async () => {
  await crowd?.kill();
  await leader?.close();
  await region?.stop();
});

chapter('drill 8: tables locked longer than a batch may take: calls go on, pages get an answer, every fact arrives once when the lock is gone (NFR-08)', async () => {
  const held = await lock(region, 'fact, call'); // against writers
  const talks = await crowd.talk(crowd.agents.slice(0, 4));
  await batchBackend(region);
  for (const path of ['/monitor/wall', '/calls', '/me']) {
    const answer = await leader.raw('GET', path);
    assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
  }
  await until('a batch was given up', () => readFileSync(join(region.pgDir, 'data/server.log'), 'utf8').includes('statement timeout'), WAIT_MS);
  await crowd.end(talks);
  await crowd.end(await crowd.talk(crowd.agents.slice(0, 1)));
  assert.ok(await metric(region, 'hotlined_facts_pending') > 20);
  await held.let();
  const after_it = await accounts(region);
  assert.equal(after_it.calls, crowd.callers.length);
  tell('tables locked', after_it.lost, after_it.text);
});

chapter('drill 8: a slow PostgreSQL: pages of others are answered between the batches, facts pile up in front of it and arrive once (NFR-08)', async () => {
  region.sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$; CREATE TRIGGER slow BEFORE INSERT ON fact FOR EACH STATEMENT EXECUTE FUNCTION slow()");
  const talks = await crowd.talk(crowd.agents.slice(0, 4));
  await crowd.end(talks);
  const asked = Date.now();
  assert.equal((await leader.raw('GET', '/calls')).status, 200);
  const took = Date.now() - asked;
  region.sql('DROP TRIGGER slow ON fact; DROP FUNCTION slow()');
  const after_it = await accounts(region);
  assert.equal(after_it.calls, crowd.callers.length);
  tell('PostgreSQL slow', after_it.lost, `${after_it.text}; the call log answered in ${took} ms`);
});
