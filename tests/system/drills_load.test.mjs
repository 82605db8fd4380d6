// Failure drills of load (docs/drills.md): three times the calls it may carry, readers of events that stop reading, idle TLS
// connections by the hundred, the configuration published and read again, and the end by SIGTERM with many talks.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Person, Region, freePort, until } from './lib/region.mjs';
import { CITIES, Office } from './lib/office.mjs';
import { Sipp, closeFarSides } from './lib/sipp.mjs';
import { Crowd, LONG, SANITIZED, accounts, chapter, eachOf, metric, say, tell, unwell } from './lib/drills.mjs';

const TALKS = LONG && !SANITIZED ? 50 : 20;
const MAX_CALLS = TALKS + 20;
const IDLE = LONG ? 5000 : 500;
const WAIT_MS = 60000;
let region, leader, crowd, httpsPort;
const open = new Set(); // sockets that only wait

before(async () => {
  httpsPort = await freePort();
  region = await Region.start({ env: { MAX_CALLS, HTTPS_PORT: httpsPort, DRAIN_S: 120 } });
  leader = await Person.signIn(region, 'nanning', 'leader');
  await leader.listen();
  crowd = await Crowd.open(region, TALKS);
});
after(async () => {
  closeFarSides();
  for (const socket of open) socket.destroy();
  await crowd?.kill();
  await leader?.close();
  await region?.stop();
});

const calls = () => metric(region, 'hotlined_calls');
const memory_mb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${region.daemon.pid}/status`, 'utf8'))[1]) / 1024;

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

// A signed-in reader who takes the head of the stream and then nothing more.
async function stuckReader(person) {
  const socket = connect(region.httpPort, '127.0.0.1');
  socket.on('error', () => {});
  open.add(socket);
  await once(socket, 'connect');
  socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: ${person.cookie}\r\n\r\n`);
  await once(socket, 'data');
  socket.pause();
  return socket;
}

chapter('drill 8: readers of events that stop reading are cut off with bounded memory; the others get all their events (NFR-08)', async () => {
  const READERS = 50;
  const before_it = await metric(region, 'hotlined_event_readers');
  const person = await Person.signIn(region, 'guangxi', 'supervisor');
  const readers = await eachOf(Array.from({ length: READERS }), () => stuckReader(person));
  await until('all listen', async () => await metric(region, 'hotlined_event_readers') === before_it + READERS, WAIT_MS);
  const witness = await (await Person.signIn(region, 'guangxi', 'supervisor')).listen();
  const memory = memory_mb();
  const [agent] = crowd.agents;
  const reasons = (await agent.person.get('/dictionaries')).busy_reasons;
  let changes = 0;
  // The kernel's buffers come first (some MB for each): seat events until the last one is cut off.
  for (const end = Date.now() + (LONG ? 600000 : WAIT_MS); await metric(region, 'hotlined_event_readers') > before_it + 1 && Date.now() < end; changes += 50)
    for (let i = 0; i < 50; i++) await agent.person.put('/agent/state', { state: reasons[i % reasons.length].kind, reason_id: reasons[i % reasons.length].id });
  const left = await metric(region, 'hotlined_event_readers') - before_it - 1;
  const grown = memory_mb() - memory;
  const numbers = witness.events.filter((e) => e.id && e.event !== 'hello').map((e) => Number(e.id.split('-')[1]));
  const seats = await until('the witness has them all', () => { const n = witness.events.filter((e) => e.event === 'seat' && e.data.agent_no === agent.document.agent_no).length; return n >= changes && n; }, WAIT_MS);
  const lost = numbers.filter((n, i) => i && n <= numbers[i - 1]).map((n) => `the order at event ${n}`);
  if (left) lost.push(`${left} readers that were not cut off`);
  if (grown > 40) lost.push(`${grown.toFixed(0)} MB`);
  for (const socket of readers) socket.destroy();
  await witness.close();
  await agent.person.put('/agent/state', { state: 'ready' });
  await agent.waitState('ready');
  tell('readers that stop reading', lost, `${READERS} readers cut off within ${changes} changes, ${grown.toFixed(1)} MB more; the witness heard ${seats} seat events in order`);
});

chapter(`drill 8: ${IDLE} idle TLS connections while an agent works: his page answers, his call is heard (NFR-08)`, async () => {
  const began = Date.now();
  const sockets = await eachOf(Array.from({ length: IDLE }), async () => {
    const socket = tlsConnect({ host: '127.0.0.1', port: httpsPort, rejectUnauthorized: false });
    socket.on('error', () => {});
    open.add(socket);
    await once(socket, 'secureConnect');
    return socket;
  }, 20);
  const took = Date.now() - began;
  const talks = await crowd.talk(crowd.agents.slice(0, 1));
  const times = [];
  for (let i = 0; i < 20; i++) {
    const asked = performance.now();
    await crowd.agents[0].person.get('/agent');
    times.push(performance.now() - asked);
  }
  const alive = sockets.filter((s) => !s.destroyed && !s.readableEnded).length;
  const lost = unwell(talks);
  const slowest = Math.max(...times);
  if (slowest > 2000) lost.push(`${slowest.toFixed(0)} ms of an agent's time`);
  await crowd.end(talks);
  for (const socket of sockets) socket.destroy();
  const figures = await accounts(region);
  tell('idle TLS connections', [...lost, ...figures.lost], `${IDLE} opened in ${took} ms, ${alive} open still; an agent's page in at most ${slowest.toFixed(0)} ms; ${figures.text}`);
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
