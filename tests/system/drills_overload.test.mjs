// Failure drill 7 (docs/drills.md): more calls a second than the processor carries, SIPp against the real daemon.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { B, Person, Region, until } from './lib/region.mjs';
import { CITIES } from './lib/office.mjs';
import { Sipp, closeFarSides } from './lib/sipp.mjs';
import { Crowd, LONG, accounts, chapter, metric, tell, unwell } from './lib/drills.mjs';

const TALKS = 10;
// Calls a second, and more each second until it is too much: a quick machine with nothing beside carries the first.
const RATE = 2500, GROWS_BY = 1000;
const FLOOD = RATE * (LONG ? 20 : 5); // so many more once it is too much
const WAIT_MS = 90000;
let region, crowd;

before(async () => {
  // What a processor carries is a matter of speed: always the release build.
  region = await Region.start({ binary: join(B, 'hotlined'), env: { MAX_CALLS: 20000 } });
  crowd = await Crowd.open(region, TALKS);
});
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  closeFarSides();
  await crowd?.kill();
  await region?.stop();
});

chapter('drill 7: calls beyond what the processor carries: those under way are unharmed, the rest hears 503 with Retry-After, the wall says so, and it ends by itself (NFR-08)', async () => {
  const talks = await crowd.talk(crowd.agents);
  const supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  const refusedBy = (reason) => metric(region, `hotlined_calls_refused_total{reason="${reason}"}`);
  const log = region.log.length;
  const flood = await Sipp.start(region, 'flood', { calls: 1e6, hold_ms: 100, timeout_s: 120, keys: { called: CITIES[13].number }, control: true,
    args: ['-r', String(RATE), '-l', '100000', '-trace_msg', '-message_file', '/dev/null'] });
  let [rate, raised] = [RATE, Date.now()];
  await until('the wall says that calls are limited', async () => {
    if (Date.now() - raised > 1000) {
      raised = Date.now();
      await flood.tell(`cset rate ${rate += GROWS_BY}`);
    }
    return (await supervisor.get('/monitor/wall')).overload.limiting;
  }, WAIT_MS, 50);
  await flood.tell(`cset rate ${RATE}`);
  const enough = flood.created() + FLOOD;
  await until('enough calls', () => flood.created() >= enough, WAIT_MS, 200);
  await flood.tell('q');
  await flood.exited; // with a fault when the machine is slow: it does not know a 200 that comes again after its BYE
  const ended = Date.now();
  const refused = await refusedBy('overloaded');
  const lost = unwell(talks);
  assert.ok(refused > 0 && await refusedBy('no_call_slot') === 0, 'refused by what the processor carries, not for want of a place');
  const next = await until('a call is taken', async () => {
    const caller = crowd.call(CITIES[0]);
    await until('an answer', () => caller.seen('answered') || caller.seen('refused'), WAIT_MS, 5);
    return caller.seen('answered') && caller;
  }, WAIT_MS, 5);
  const recovered = Date.now() - ended;
  assert.ok(recovered < 5000, `${recovered} ms until a call was taken`);
  await until('the limit is lifted', () => /event=overload_over/.test(region.log.slice(log)), WAIT_MS);
  assert.equal((await supervisor.get('/monitor/wall')).overload.limiting, false);
  await next.hangUp();
  await crowd.end(talks);
  // SIPp gives up a call at a 200 that comes again; if its BYE was lost by then, the flow's own times end the call.
  const figures = await accounts(region, { closing_ms: 4 * WAIT_MS });
  const taken = figures.calls - crowd.callers.length;
  // The table of what was said before is bounded: now and then one that comes again is decided anew.
  const offered = flood.created();
  const unanswered = offered - taken - refused;
  if (unanswered > 0) lost.push(`the answer to ${unanswered} calls`);
  if (unanswered < -offered / 1000) lost.push(`${-unanswered} calls decided twice`);
  tell('more than the processor carries', [...lost, ...figures.lost], `${offered} calls offered at ${RATE}/s, too much at ${rate}/s, beside ${talks.length} talks: ${taken} taken, ${refused} refused; taken again ${recovered} ms after; ${figures.text}`);
});
