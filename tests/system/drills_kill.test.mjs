// Failure drill 2 (docs/drills.md): the daemon is killed -9 under many recorded talks while a batch of facts is half
// written in PostgreSQL. DRILL=long with HOTLINED=build/hotlined: a hundred talks and the three seconds of the table.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { AGENT_HZ, CALLER_HZ, Crowd, LONG, SANITIZED, accounts, batchBackend, chapter, lastSecond, lock, metric, outboxIds, say, somebody, storedIds, tell } from './lib/drills.mjs';

const TALKS = LONG && !SANITIZED ? 100 : 30;
const WAIT_MS = 120000;
let region, leader, crowd;

before(async () => {
  region = await Region.start();
  leader = await Person.signIn(region, 'nanning', 'leader');
  await leader.listen();
  crowd = await Crowd.open(region, TALKS);
});
after(async () => {
  await crowd?.kill();
  await leader?.close();
  await region?.stop();
});

const rows = (sql) => JSON.parse(region.sql(`SELECT coalesce(json_agg(x), '[]') FROM (${sql}) x`));

chapter(`drill 2: killed -9 under ${TALKS} recorded talks with a batch half written: calls taken again, recordings to their last second, no journalled fact lost or doubled, calls closed with the reason (NFR-07 NFR-08)`, async () => {
  const talks = await crowd.talk();
  const held = await lock(region, 'fact');
  const more = Array.from({ length: 5 }, () => crowd.call(crowd.agents[0].city)); // their facts make the batch
  await batchBackend(region);
  await until('they wait', async () => await metric(region, 'hotlined_calls_waiting') === more.length, WAIT_MS);
  await until('every recording has begun', () => region.sql("SELECT count(*) FROM recording WHERE state = 'open'") === String(TALKS), WAIT_MS, 100);
  const journalled = await metric(region, 'hotlined_facts_total');
  await region.stopDaemon('SIGKILL');
  const killed = Date.now();
  await crowd.kill();
  const sounds = rows("SELECT call_id, path, (extract(epoch FROM t_start) * 1000)::bigint AS t_start FROM recording WHERE state = 'open'");
  for (const end of ['', '-wal']) copyFileSync(join(region.dir, `state/outbox.db${end}`), join(region.dir, `outbox-then.db${end}`));
  const kept = outboxIds(join(region.dir, 'outbox-then.db'));
  await held.let(); // the half-written batch of the dead daemon is carried out now
  const known = new Set([...kept, ...storedIds(region)]);
  assert.ok(kept.length >= more.length, `${kept.length} facts in the outbox`);

  const lost = [];
  for (const { call_id, path, t_start } of sounds)
    for (const [channel, hz] of [[1, CALLER_HZ], [2, AGENT_HZ]]) {
      const { seconds, share } = lastSecond(join(region.dir, 'state/recordings', path), channel, hz);
      const spoken = (killed - t_start) / 1000;
      if (share < 0.5 || seconds < spoken - 2.5) lost.push(`${(spoken - seconds).toFixed(1)} s of channel ${channel} of ${call_id} (${hz} Hz: ${share.toFixed(2)})`);
    }

  const began = Date.now();
  const ready = region.startDaemon();
  const newcomer = await until('a call is taken', async () => {
    const caller = Caller.start(region, { from: somebody(), to: crowd.agents[0].city.number, args: ['--talk', '1'] });
    crowd.callers.push(caller);
    await until('an answer', () => caller.seen('answered') || caller.seen('refused') || caller.code !== undefined, 2000, 10);
    return caller.seen('answered');
  }, 60000, 10);
  const took = newcomer.at - began;
  await ready;
  say(`a call was answered ${took} ms after the start (${SANITIZED ? 'with sanitizers' : 'release build'}), ${TALKS} talks before`);
  if (!SANITIZED) assert.ok(took < 3000, `${took} ms`);

  await until('closed', () => region.sql('SELECT count(*) FROM call WHERE t_end IS NULL') === '0', WAIT_MS, 200);
  for (const { callId } of talks) {
    const [row] = rows(`SELECT c.outcome, c.end_reason, r.state, r.error, k.talk_ms, k.released_by FROM call c JOIN recording r USING (call_id) JOIN talk k USING (call_id) WHERE call_id = '${callId}'`);
    if (row?.outcome !== 'answered' || row.end_reason !== 'error' || row.state !== 'failed' || !row.error || row.released_by !== 'system' || row.talk_ms < 1) lost.push(`the end of ${callId}: ${JSON.stringify(row)}`);
  }
  const waited = rows(`SELECT outcome, end_reason FROM call WHERE caller_no IN (${more.map((c) => `'${c.from}'`).join()})`);
  assert.deepEqual(waited, more.map(() => ({ outcome: 'lost', end_reason: 'error' })));
  const after_it = await accounts(region);
  const stored = new Set(storedIds(region));
  lost.push(...[...known].filter((id) => !stored.has(id)).map((id) => `fact ${id}`));
  if (known.size < journalled) lost.push(`${journalled - known.size} facts that were journalled`);
  assert.equal((await leader.raw('GET', '/me')).status, 200, 'sessions survive');
  tell(`kill -9 under ${TALKS} recorded talks`, [...lost, ...after_it.lost],
    `${known.size} facts then, ${kept.length} of them in the outbox; ${sounds.length} recordings whole; ${after_it.text}`);
});
