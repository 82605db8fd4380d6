// Failure drills at the HTTP ports (docs/drills.md): readers of events that stop reading, idle TLS connections by the hundred.
import { after, before } from 'node:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { B, Person, Region, freePort, until } from './lib/region.mjs';
import { Crowd, LONG, accounts, chapter, eachOf, metric, tell, unwell } from './lib/drills.mjs';

const IDLE = LONG ? 5000 : 500;
const WAIT_MS = 60000;
let region, crowd, httpsPort, stuck;
const open = new Set(); // sockets that only wait

// Memory that was freed is memory that is free.
class Frugal extends Region {
  daemonEnv() {
    const env = super.daemonEnv();
    return { ...env, ASAN_OPTIONS: `${env.ASAN_OPTIONS}:quarantine_size_mb=1:thread_local_quarantine_size_kb=16` };
  }
}

before(async () => {
  httpsPort = await freePort();
  region = await Frugal.start({ env: { HTTPS_PORT: httpsPort } });
  crowd = await Crowd.open(region, 1);
});
after(async () => {
  stuck?.kill();
  for (const socket of open) socket.destroy();
  await crowd?.kill();
  await region?.stop();
});

const memory_mb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${region.daemon.pid}/status`, 'utf8'))[1]) / 1024;

chapter('drill 8: readers of events that stop reading are cut off with bounded memory; the others get all their events (NFR-08)', async () => {
  const READERS = 50;
  const before_it = await metric(region, 'hotlined_event_readers');
  const person = await Person.signIn(region, 'guangxi', 'supervisor');
  const witness = await (await Person.signIn(region, 'guangxi', 'supervisor')).listen();
  const [agent] = crowd.agents;
  const reasons = (await agent.person.get('/dictionaries')).busy_reasons;
  const memory = memory_mb();
  stuck = spawn(join(B, 'tools/stuck'), [String(region.httpPort), String(READERS), person.cookie], { stdio: ['pipe', 'ignore', 'inherit'] });
  await until('all listen', async () => await metric(region, 'hotlined_event_readers') === before_it + 1 + READERS, WAIT_MS);
  const first = witness.events.length;
  let changes = 0;
  await until('they are cut off', async () => {
    for (let i = 0; i < 25; i++, changes++) await agent.person.put('/agent/state', { state: reasons[changes % reasons.length].kind, reason_id: reasons[changes % reasons.length].id });
    return await metric(region, 'hotlined_event_readers') === before_it + 1;
  }, WAIT_MS, 1);
  const grown = memory_mb() - memory;
  const cut = region.log.split('event=stream_cut why=slow').length - 1;
  const seats = () => witness.events.slice(first).filter((e) => e.event === 'seat').length;
  await until('the witness has them all', () => seats() >= changes, WAIT_MS);
  const numbers = witness.events.filter((e) => e.id && e.event !== 'hello').map((e) => Number(e.id.split('-')[1]));
  const lost = numbers.filter((n, i) => i && n <= numbers[i - 1]).map((n) => `the order at event ${n}`);
  if (cut !== READERS) lost.push(`the reason of ${READERS - cut}`);
  if (grown > 40) lost.push(`${grown.toFixed(0)} MB`);
  await witness.close();
  await agent.person.put('/agent/state', { state: 'ready' });
  await agent.waitState('ready');
  tell('readers that stop reading', lost, `${cut} of ${READERS} cut off within ${changes} changes, ${grown.toFixed(1)} MB more; the witness heard ${seats()} seat events in order`);
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
