// Failure drills of load (docs/drills.md): three times the calls it may carry, the configuration published and read again
// under talks, and the end by SIGTERM with many talks.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Person, Region, until } from './lib/region.mjs';
import { CITIES, Office } from './lib/office.mjs';
import { Sipp, closeFarSides } from './lib/sipp.mjs';
import { Crowd, LONG, SANITIZED, accounts, chapter, say, tell, unwell } from './lib/drills.mjs';

const TALKS = LONG && !SANITIZED ? 50 : 20;
const MAX_CALLS = TALKS + 20;
const WAIT_MS = 60000;
let region, leader, crowd;

before(async () => {
  region = await Region.start({ env: { MAX_CALLS, DRAIN_S: 120 } });
  leader = await Person.signIn(region, 'nanning', 'leader');
  await leader.listen();
  crowd = await Crowd.open(region, TALKS);
});
after(async () => {
  closeFarSides();
  await crowd?.kill();
  await leader?.close();
  await region?.stop();
});

chapter('drill 7: three times the calls it may carry: those under way are unharmed, the rest hears 503 with Retry-After, and it recovers by itself (NFR-08)', async () => {
  const talks = await crowd.talk();
  const offered = Array.from({ length: 3 * MAX_CALLS - TALKS }, (_, i) => crowd.call(CITIES[i % CITIES.length]));
  await until('each has its answer', () => offered.every((c) => c.seen('answered') || c.seen('refused') || c.code !== undefined), WAIT_MS);
  const [taken, refused] = [offered.filter((c) => c.seen('answered')), offered.filter((c) => c.seen('refused'))];
  await Sipp.run(region, 'refused', { fill: { status: '503', header: 'Retry-After:', value: '[0-9]', extra: 'Supported: timer' } });
  const lost = unwell(talks);
  if (taken.length !== MAX_CALLS - TALKS) lost.push(`${MAX_CALLS - TALKS - taken.length} calls it had room for`);
  lost.push(...refused.filter((c) => c.seen('refused').status !== 503).map((c) => `${c.from} heard ${c.seen('refused').status}`));
  assert.equal(taken.length + refused.length, offered.length);
  const slowest = Math.max(...refused.map((c) => c.seen('refused').ms));

  await Promise.all(taken.map((c) => c.hangUp()));
  const freed = Date.now();
  const next = await until('taken again', async () => {
    const caller = crowd.call(crowd.agents[0].city);
    await until('an answer', () => caller.seen('answered') || caller.seen('refused'), WAIT_MS, 5);
    return caller.seen('answered') && caller;
  }, WAIT_MS, 5);
  const recovered = Date.now() - freed;
  assert.ok(recovered < 5000, `${recovered} ms until a call was taken`);
  await next.hangUp();
  await crowd.end(talks);
  const figures = await accounts(region);
  tell('three times the load', [...lost, ...figures.lost], `${offered.length} offered to ${MAX_CALLS - TALKS} free places beside ${TALKS} talks: ${taken.length} taken, ${refused.length} refused, the last after ${slowest} ms; taken again ${recovered} ms after; ${figures.text}`);
});

chapter('drill 8: flows and queues published and the configuration read again while calls come, talk and end: no call lost (GEN-03 NFR-08)', async () => {
  const talks = await crowd.talk(crowd.agents.slice(3));
  const office = await Office.open(region, 'nanning');
  const document = (await office.admin.get(`/settings/flows/${(await office.admin.get('/settings/flows')).items.find((f) => f.code === 'main' && f.center_id === office.id).id}`)).document;
  let over = false;
  let changes = 0;
  const changing = (async () => {
    for (; !over; changes += 3) {
      region.daemon.kill('SIGHUP');
      await office.publish(document);
      await office.setQueue('consult', { wrap_up_ms: 60000 + changes });
    }
  })();
  for (let round = 0; round < (LONG ? 20 : 3); round++) await crowd.end(await crowd.talk(crowd.agents.slice(0, 3)));
  over = true;
  await changing;
  const lost = unwell(talks);
  await office.close();
  await crowd.end(talks);
  const figures = await accounts(region);
  assert.equal(figures.calls, crowd.callers.filter((c) => c.seen('answered')).length);
  tell('publishing under load', [...lost, ...figures.lost], `${changes} changes; ${talks.length} talks went on; ${figures.text}`);
});

chapter(`drill 8: SIGTERM with ${TALKS} talks: no new call, those under way end in peace, then it ends by itself with 0 within the limit (NFR-07)`, async () => {
  const talks = await crowd.talk();
  const log = region.log.length;
  region.daemon.kill('SIGTERM');
  const began = Date.now();
  await until('draining', () => region.log.slice(log).includes('event=draining'), WAIT_MS);
  await Sipp.run(region, 'refused', { fill: { status: '503', header: 'Retry-After:', value: '[0-9]', extra: 'Supported: timer' } });
  const lost = unwell(talks);
  await Promise.all(talks.map(({ caller }) => caller.hangUp()));
  const last = Date.now();
  const exit = await region.exited;
  if (exit.code !== 0) lost.push(`a clean end: ${JSON.stringify(exit)}`);
  say(`ended ${Date.now() - last} ms after the last caller, ${Date.now() - began} ms after SIGTERM`);
  assert.ok(Date.now() - began < 120000 && region.log.slice(log).includes('event=drained calls_left=0'));
  const pending = region.sql(`SELECT count(*) FROM call WHERE call_id IN (${talks.map((t) => `'${t.callId}'`).join()}) AND (outcome <> 'answered' OR end_reason <> 'caller' OR t_end IS NULL)`);
  if (Number(pending)) lost.push(`the peaceful end of ${pending} talks`);
  region.exit = undefined;
  region.daemon = undefined;
  await crowd.kill();
  crowd.agents = [];
  await region.startDaemon();
  const figures = await accounts(region);
  tell('SIGTERM under load', [...lost, ...figures.lost], `${talks.length} talks to their end; ${figures.text}`);
});
