// Many at once: 20 calls a second until their first prompt (NFR-04), 200 agents saving registrations at the
// same moment (NFR-06). The figures are in the test's output.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { CITIES } from './lib/office.mjs';

const CENTERS = ['guangxi', ...CITIES.map((c) => c.code)];
let region;
before(async () => { region = await Region.start(); });
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  await region?.stop();
});

const figures = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
  return { n: sorted.length, min: sorted[0], p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) };
};

test('NFR-04 20 calls a second for 10 s: from INVITE to the first sound of the greeting at most 5 s for 99 %', async (t) => {
  const RATE = 20;
  const SECONDS = 10;
  const numbers = ['12366', ...CITIES.map((c) => c.number)];
  const callers = [];
  const begin = Date.now();
  for (let i = 0; i < RATE * SECONDS; i++) {
    await until('its turn', () => Date.now() >= begin + (i * 1000) / RATE, 60000, 5);
    callers.push(Caller.start(region, { from: `1357700${1000 + i}`, to: numbers[i % numbers.length], args: ['--talk', '4'] }));
  }
  const took = (Date.now() - begin) / 1000;
  assert.deepEqual([...new Set(await Promise.all(callers.map((c) => c.exited)))], [0], 'no call refused or lost');
  // The caller's own clock, from its INVITE: the first RTP packet, and the first one that is loud.
  const of = (name) => figures(callers.map((c) => c.seen(name)?.ms ?? Infinity));
  const [answered, packet, sound] = [of('answered'), of('first_rtp'), of('audio')];
  t.diagnostic(`${(callers.length / took).toFixed(1)} calls/s; ms from INVITE to answer ${JSON.stringify(answered)}, to the first packet ${JSON.stringify(packet)}, to the first sound ${JSON.stringify(sound)}`);
  assert.ok(callers.length / took > RATE * 0.9, `the rate was held: ${callers.length / took}`);
  assert.equal(sound.n, RATE * SECONDS);
  assert.ok(sound.p99 <= 5000 && packet.p99 <= 5000, JSON.stringify({ packet, sound }));
  await until('all stored', () => region.sql("SELECT count(*) FROM call WHERE outcome <> 'open'") === String(RATE * SECONDS), 60000, 200);
});

test('NFR-06 200 agents save a registration at the same moment: each within 4 s, all stored exactly once', async (t) => {
  const people = [];
  for (const center of CENTERS) {
    const logins = Array.from({ length: ['guangxi', 'nanning'].includes(center) ? 6 : 3 }, (_, i) => `a${1001 + i}`);
    people.push(...await Promise.all(logins.map((login) => Person.signIn(region, center, login))));
  }
  assert.equal(people.length, 51);
  const seats = Array.from({ length: 200 }, (_, i) => people[i % people.length]);
  const bodies = seats.map((_, i) => ({ id: randomUUID(), call_id: null, caller_no: `1367800${1000 + i}`, caller_name: `来电人${i}`, caller_city: '450100', problem_city: '450100', category: '01',
    title: `同时保存 ${i}`, content: '咨询'.repeat(200), answer: '答复'.repeat(200), method: 'direct', urgency: 'normal', same_day: true }));
  const save = async (i) => {
    const begin = performance.now();
    const answer = await seats[i].raw('POST', '/records', bodies[i]);
    return { status: answer.status, body: answer.body, ms: Math.round(performance.now() - begin) };
  };
  await Promise.all(people.map((p) => p.get('/me'))); // connections are open, as those of pages are
  const answers = await Promise.all(seats.map((_, i) => save(i)));
  const times = figures(answers.map((a) => a.ms));
  t.diagnostic(`200 saves at once: ms ${JSON.stringify(times)}`);
  assert.deepEqual([...new Set(answers.map((a) => a.status))], [201]);
  assert.ok(times.max <= 4000, JSON.stringify(times));
  // Exactly once, also when a page whose answer was lost sends the same again.
  const again = await Promise.all(seats.map((_, i) => save(i)));
  again.forEach((a, i) => assert.deepEqual([a.status, a.body.id, a.body.record_no], [201, answers[i].body.id, answers[i].body.record_no]));
  const stored = JSON.parse(region.sql("SELECT json_agg(json_build_array(id, record_no, created_by, title) ORDER BY title) FROM record WHERE title LIKE '同时保存 %'"));
  assert.equal(stored.length, 200);
  assert.equal(new Set(stored.map(([, no]) => no)).size, 200, 'each with a number of its own');
  const wanted = new Map(bodies.map((b, i) => [b.id, [seats[i].me.user.id, b.title]]));
  for (const [id, , by, title] of stored) assert.deepEqual([by, title], wanted.get(id));
});
