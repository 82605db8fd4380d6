// Failure drills at the HTTP ports (docs/drills.md): readers of events that stop reading, idle TLS connections by the hundred.
import { after, before } from 'node:test';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Person, Region, freePort, until } from './lib/region.mjs';
import { Crowd, LONG, accounts, chapter, eachOf, metric, tell, unwell } from './lib/drills.mjs';

const IDLE = LONG ? 5000 : 500;
const WAIT_MS = 60000;
let region, crowd, httpsPort;
const open = new Set(); // sockets that only wait

before(async () => {
  httpsPort = await freePort();
  region = await Region.start({ env: { HTTPS_PORT: httpsPort } });
  crowd = await Crowd.open(region, 1);
});
after(async () => {
  for (const socket of open) socket.destroy();
  await crowd?.kill();
  await region?.stop();
});

const memory_mb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${region.daemon.pid}/status`, 'utf8'))[1]) / 1024;

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
