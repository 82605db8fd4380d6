// Signing in from one address (SEC-04): passwords tried on many accounts meet a limit of the address, a whole office
// behind one address does not; behind a proxy the address is that of who asks.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { PASSWORD, Person, Region, until } from './lib/region.mjs';

const LIMIT = 45; // one failure is forgotten every 20 s

let region;

before(async () => { region = await Region.start({ env: { SIGN_IN_FAILURES: LIMIT } }); }); // loopback is a trusted proxy
after(() => region?.stop());

const tryIn = (from, login, password, center = 'nanning') =>
  new Person(region).raw('POST', '/sessions', { center, login, password }, from ? { 'x-forwarded-for': from } : {});
// Guesses on until it is refused: what a slow machine forgot while it looked at the first LIMIT comes on top.
const shutOut = async (guess) => {
  for (let n = LIMIT; n < 2 * LIMIT; n++) {
    const answer = await guess(n);
    if (answer.status === 429) return answer;
    assert.equal(answer.status, 401);
  }
  return assert.fail(`not refused after ${2 * LIMIT} failures`);
};
const limited = async () => Number(/^hotlined_sign_in_limited_total (\d+)$/m.exec(await (await fetch(`${region.base}/metrics`)).text())[1]);

test('a whole office behind one address signs in at once, again and again', async () => {
  for (let i = 0; i < 2; i++) {
    const answers = await Promise.all(Array.from({ length: LIMIT + 20 }, (_, n) => tryIn('203.0.113.1', `a100${1 + n % 3}`, PASSWORD)));
    assert.deepEqual([...new Set(answers.map((a) => a.status))], [201]);
  }
  assert.equal(await limited(), 0);
});

test('one password on many accounts: 429 with Retry-After and words, for this address only, and it ends by itself', async () => {
  const from = '203.0.113.2, 127.0.0.1';
  const guess = (n) => tryIn(from, `person${n}`, 'Sommer-2026');
  for (let n = 0; n < LIMIT; n += 9) {
    const answers = await Promise.all(Array.from({ length: 9 }, (_, i) => guess(n + i)));
    assert.deepEqual([...new Set(answers.map((a) => a.status))], [401], `after ${n}`);
  }
  const answer = await shutOut(guess);
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(answer.body.code, 'session.limited');
  const wait_s = Number(answer.headers.get('retry-after'));
  assert.ok(wait_s >= 1 && wait_s <= 900 / LIMIT, `${wait_s}`);
  assert.match(answer.body.title, new RegExp(`登录失败次数过多，请 ${wait_s} 秒后再试`));
  assert.equal(await limited(), 1);
  await until('a line in the log', () => /event=sign_in_limited address=203\.0\.113\.2 login=person\d+ limit=45/.test(region.log));

  assert.equal((await tryIn(from, 'a1001', PASSWORD)).status, 429, 'the right password is not looked at either');
  assert.equal((await tryIn(`203.0.113.3, ${from}`, 'a1001', PASSWORD)).status, 429, 'an invented address in front is no way around');
  assert.equal((await tryIn('203.0.113.3', 'a1001', PASSWORD)).status, 201, 'others are not touched');
  assert.equal((await tryIn(null, 'a1001', PASSWORD)).status, 201);
  await until('one more may try', async () => (await tryIn(from, 'a1001', PASSWORD)).status === 201, 60000, 500);
});

test('a house has a /64: other addresses in it are the same', async () => {
  const guess = (n) => tryIn(`2001:db8:1:2::${n}`, `person${n}`, 'Winter-2026');
  for (let n = 0; n < LIMIT; n++) await guess(n);
  await shutOut(guess);
  assert.equal((await tryIn('2001:db8:1:2:ffff::1', 'a1001', PASSWORD)).status, 429);
  assert.equal((await tryIn('2001:db8:1:3::1', 'a1001', PASSWORD)).status, 201);
});

test('session and audit log name who is behind the proxy; a header that is none is counted', async () => {
  const answer = await tryIn('198.18.0.1, 203.0.113.77:4711', 'leader', PASSWORD);
  assert.equal(answer.status, 201);
  const { id } = answer.body.user;
  assert.equal(region.sql(`SELECT host(address::inet) FROM session WHERE user_id = ${id} ORDER BY created_at DESC LIMIT 1`), '203.0.113.77');
  await until('audit', () => region.sql(`SELECT address FROM audit_log WHERE user_id = ${id} AND action = 'session.sign_in' ORDER BY at DESC LIMIT 1`).startsWith('203.0.113.77'));
  assert.equal((await tryIn('unknown', 'leader', PASSWORD)).status, 201);
  assert.match(await (await fetch(`${region.base}/metrics`)).text(), /^hotlined_http_forwarded_malformed_total 1$/m);
});
