// Signing in and out, and the edges of HTTP (SEC-04, SEC-07): what a stranger learns, what a session is worth.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PASSWORD, Person, ROOT, Region, freePort, until } from './lib/region.mjs';

let region, httpsPort;

before(async () => {
  httpsPort = await freePort();
  region = await Region.start({ env: { HTTPS_PORT: httpsPort } });
});
after(() => region?.stop());

const nobody = () => new Person(region);
const tryIn = (login, password, center = 'nanning') => nobody().raw('POST', '/sessions', { center, login, password });
const problem = (answer, status, code) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(answer.body.status, status);
  assert.match(answer.body.title, /[一-鿿]/, 'says it in Chinese');
  if (code) assert.equal(answer.body.code, code);
};

// --- signing in ------------------------------------------------------------------------------------

test('a wrong password, an unknown name and an unknown center get the same answer with the same effort', async () => {
  const time = async (login, center) => {
    const began = performance.now();
    const answer = await tryIn(login, 'Ganz-falsch-1', center);
    problem(answer, 401, 'session.wrong');
    return { ms: performance.now() - began, text: JSON.stringify(answer.body) };
  };
  const known = [], unknown = [];
  for (let i = 0; i < 4; i++) { // alternating: noise hits both
    known.push(await time('a1003'));
    unknown.push(await time(`niemand${i}`));
  }
  const elsewhere = await time('a1003', 'atlantis');
  assert.equal(new Set([...known, ...unknown, elsewhere].map((a) => a.text)).size, 1);
  const best = (list) => Math.min(...list.map((a) => a.ms));
  assert.ok(best(unknown) > best(known) / 2, `${best(unknown)} ms against ${best(known)} ms: no password hashed?`);
  assert.ok(elsewhere.ms > best(known) / 2, `${elsewhere.ms} ms against ${best(known)} ms`);
});

test('after five failures 423 with the minutes, also with the right password; unlocked by time; success forgets failures', async () => {
  for (let i = 0; i < 4; i++) problem(await tryIn('a1002', 'Ganz-falsch-1'), 401);
  assert.equal((await tryIn('a1002', PASSWORD)).status, 201, 'four are forgiven');
  for (let i = 0; i < 4; i++) problem(await tryIn('a1002', 'Ganz-falsch-1'), 401);
  const fifth = await tryIn('a1002', 'Ganz-falsch-1');
  problem(fifth, 423, 'session.locked');
  assert.match(fifth.body.title, /15 分钟/);
  problem(await tryIn('a1002', PASSWORD), 423, 'session.locked');
  problem(await tryIn('A1002', PASSWORD), 423, 'session.locked');
  region.sql("UPDATE login_failure SET locked_until = now() - interval '1 second' WHERE login = 'a1002'");
  assert.equal((await tryIn('a1002', PASSWORD)).status, 201);
});

test('an unknown name is locked like a known one: nothing is learnt from the lock', async () => {
  for (let i = 0; i < 4; i++) problem(await tryIn('geist', 'Ganz-falsch-1'), 401);
  problem(await tryIn('geist', 'Ganz-falsch-1'), 423, 'session.locked');
});

test('the cookie: HttpOnly, SameSite=Strict, the whole site, no Secure over plain HTTP on loopback', async () => {
  const answer = await tryIn('leader', PASSWORD);
  const [cookie] = answer.headers.getSetCookie();
  assert.match(cookie, /^hotlined_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  const token = /=([\w-]+)/.exec(cookie)[1];
  assert.equal(region.sql(`SELECT count(*) FROM session WHERE token_hash = '${token}'`), '0', 'the token itself is nowhere');
  assert.equal(region.sql(`SELECT count(*) FROM session WHERE token_hash = encode(sha256('${token}'), 'hex')`), '1');
  assert.ok(!region.log.includes(token) && !region.log.includes(PASSWORD));
});

test('nothing but sign-in, the list of centers and the description is open to strangers', async () => {
  const api = (await nobody().raw('GET', '/openapi.json')).body;
  for (const [path, methods] of Object.entries(api.paths))
    for (const method of Object.keys(methods).filter((m) => ['get', 'post', 'put', 'delete'].includes(m))) {
      const plain = path.replace(/^\/api\/v1/, '').replace(/\{[^}]*\}/g, '1');
      if (['/sessions', '/centers/public', '/openapi.json', '/healthz', '/readyz', '/metrics'].includes(plain)) continue;
      const answer = await nobody().raw(method.toUpperCase(), plain, ['get', 'delete'].includes(method) ? undefined : {});
      assert.equal(answer.status, 401, `${method} ${path}: ${answer.status}`);
    }
  const forged = nobody();
  forged.cookie = `hotlined_session=${'A'.repeat(43)}`;
  problem(await forged.raw('GET', '/me'), 401, 'session.none');
});

test('changes need the CSRF token; a wrong or missing one is 403 and changes nothing', async () => {
  const person = await Person.signIn(region, 'nanning', 'admin');
  const right = person.csrf;
  for (const csrf of [undefined, '', 'x'.repeat(43), right.slice(1), `${right}x`]) {
    person.csrf = csrf;
    problem(await person.raw('PUT', '/me/password', { old_password: PASSWORD, new_password: 'Etwas-Neues-9' }), 403, 'csrf');
  }
  person.csrf = right;
  assert.equal((await tryIn('admin', PASSWORD)).status, 201);
});

test('signing out ends the session and takes the cookie away', async () => {
  const person = await Person.signIn(region, 'nanning', 'leader');
  const desk = await (await Person.signIn(region, 'nanning', 'leader')).listen(); // the same person elsewhere
  await person.listen();
  const unsigned = Object.assign(new Person(region), { cookie: person.cookie });
  problem(await unsigned.raw('DELETE', '/sessions/current'), 403, 'csrf');
  const swapped = Object.assign(new Person(region), { cookie: person.cookie, csrf: desk.csrf });
  problem(await swapped.raw('DELETE', '/sessions/current'), 403, 'csrf'); // every session has a token of its own
  assert.equal((await person.raw('GET', '/me')).status, 200);
  const answer = await person.raw('DELETE', '/sessions/current');
  assert.equal(answer.status, 204);
  assert.match(answer.headers.getSetCookie()[0], /^hotlined_session=; .*Max-Age=0/);
  problem(await person.raw('GET', '/me'), 401, 'session.none');
  await person.cut(); // the event stream has ended, too
  problem(await person.raw('GET', '/events'), 401, 'session.none');
  problem(await person.raw('DELETE', '/sessions/current'), 401, 'session.none');
  assert.equal((await desk.raw('GET', '/me')).status, 200, 'the other session lives');
  await desk.close();
  await until('gone from the database', () => region.sql(`SELECT count(*) FROM session s WHERE s.csrf = '${person.csrf}'`) === '0');
});

// --- passwords -------------------------------------------------------------------------------------

test('weak passwords are refused at their field, the old one must be right, a new one ends the other sessions', async () => {
  const person = await Person.signIn(region, 'liuzhou', 'leader');
  const other = await Person.signIn(region, 'liuzhou', 'leader');
  await other.listen();
  const change = (new_password, old_password = PASSWORD) => person.raw('PUT', '/me/password', { old_password, new_password });
  for (const weak of ['kurz', 'nurkleinebuchstaben', '123456789012', 'xxleader-9X', `Aa1-${'x'.repeat(200)}`]) {
    const answer = await change(weak);
    problem(answer, 422);
    assert.deepEqual(Object.keys(answer.body.errors), ['new_password'], weak);
  }
  const wrong = await change('Ganz-Neu-2026', 'Ganz-falsch-1');
  problem(wrong, 422);
  assert.deepEqual(Object.keys(wrong.body.errors), ['old_password']);
  assert.equal((await other.raw('GET', '/me')).status, 200, 'nothing has happened yet');
  assert.equal((await change('Ganz-Neu-2026')).status, 204);
  assert.equal((await person.raw('GET', '/me')).status, 200, 'the one who changed it stays');
  problem(await other.raw('GET', '/me'), 401, 'session.none');
  await other.cut();
  problem(await tryIn('leader', PASSWORD, 'liuzhou'), 401);
  assert.equal((await tryIn('leader', 'Ganz-Neu-2026', 'liuzhou')).status, 201);
  assert.ok(region.sql("SELECT password_hash FROM app_user u JOIN center c ON c.id = u.center_id WHERE c.code = 'liuzhou' AND login = 'leader'").startsWith('scrypt$'));
});

// --- transport -------------------------------------------------------------------------------------

const https = (path, { method = 'GET', headers = {}, body } = {}) => new Promise((tell, fail) => {
  const request = httpsRequest({ host: '127.0.0.1', port: httpsPort, path, method, rejectUnauthorized: false, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
    let text = '';
    response.on('data', (piece) => { text += piece; }).on('end', () => tell({ status: response.statusCode, headers: response.headers, text }));
  });
  request.on('error', fail).end(body);
});

test('HTTPS with the certificate made at the first start; cookies are Secure there; the key is for nobody else', async () => {
  const answer = await https('/api/v1/sessions', { method: 'POST', body: JSON.stringify({ center: 'nanning', login: 'leader', password: PASSWORD }) });
  assert.equal(answer.status, 201, answer.text);
  const [cookie] = answer.headers['set-cookie'];
  assert.match(cookie, /^hotlined_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  assert.equal((await https('/api/v1/me', { headers: { cookie: cookie.split(';')[0] } })).status, 200);
  const made = execFileSync('find', [join(region.dir, 'state'), '-path', '*tls*', '-name', '*key*', '-printf', '%m %p\n'], { encoding: 'utf8' }).trim().split('\n');
  for (const line of made) assert.match(line, /^600 /);
});

test('TLS 1.0 and 1.1 are refused', async () => {
  for (const version of ['TLSv1', 'TLSv1.1']) {
    const socket = tlsConnect({ host: '127.0.0.1', port: httpsPort, rejectUnauthorized: false, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });
    const end = await Promise.race([once(socket, 'secureConnect').then(() => 'connected'), once(socket, 'error').then(() => 'refused')]).catch(() => 'refused');
    assert.equal(end, 'refused', version);
    socket.destroy();
  }
});

test('plain HTTP off loopback is refused by --check with a remedy', () => {
  const path = join(region.dir, 'open.conf');
  writeFileSync(path, readFileSync(region.config, 'utf8').replace(/(http: \{\s+listen = ")127\.0\.0\.1/, '$10.0.0.0'));
  const check = spawnSync(region.binary, ['--config', path, '--check'], { encoding: 'utf8' });
  assert.notEqual(check.status, 0);
  assert.match(check.stdout + check.stderr, /http\.listen/);
});

test('pages come with headers that keep strange scripts and frames out', async () => {
  const { headers } = await fetch(`${region.base}/`);
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'self'|script-src 'self'/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
});

// --- events ----------------------------------------------------------------------------------------

test('events: a reader that comes back with Last-Event-ID misses nothing and hears nothing twice; a foreign id starts anew', async () => {
  const person = await Person.signIn(region, 'nanning', 'leader');
  const witness = await (await Person.signIn(region, 'nanning', 'leader')).listen(); // what nobody hears is not kept
  const agent = await Person.signIn(region, 'nanning', 'a1001');
  await person.listen();
  assert.equal(person.seen('hello').data.replayed, false);
  await until('an event with an id', () => person.events.findLast((e) => e.id));
  const last = person.events.findLast((e) => e.id).id;
  await person.close();
  await agent.post('/agent/sign-in', { line: 'browser' }); // makes seat events he does not hear
  await witness.waitFor('seat', (s) => s.agent_no === '1001');
  await person.listen(last);
  assert.equal(person.seen('hello').data.replayed, true);
  assert.ok(person.seen('seat', (s) => s.agent_no === '1001'), 'what was missed');
  const ids = person.events.filter((e) => e.id && e.event !== 'hello').map((e) => e.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(!ids.includes(last));
  await person.close();
  for (const id of ['0123456789abcdef-1', 'rubbish', `${last.split('-')[0]}-99999999`, `${last}0000000000000000000000`]) {
    await person.listen(id);
    assert.equal(person.seen('hello').data.replayed, false, id);
    await person.close();
  }
  await agent.post('/agent/sign-out');
  await witness.close();
});

test('events: of many that happened between two readings each one comes exactly once, in order, as somebody who never left heard them', async () => {
  const person = await Person.signIn(region, 'nanning', 'leader');
  const witness = await (await Person.signIn(region, 'nanning', 'leader')).listen(); // hears all of it
  const agent = await Person.signIn(region, 'nanning', 'a1003');
  const reasons = (await agent.get('/dictionaries')).busy_reasons;
  const change = async (n) => { // from one busy reason to the next: a seat event each
    const before = witness.events.length;
    await agent.put('/agent/state', { state: reasons[n % reasons.length].kind, reason_id: reasons[n % reasons.length].id });
    await until('the seat event', () => witness.events.slice(before).some((e) => e.event === 'seat' && e.data.agent_no === '1003'));
  };
  assert.ok(reasons.length > 1);
  const first = witness.seen('hello').id; // whoever has heard hello only has missed nothing before it
  await agent.post('/agent/sign-in', { line: 'browser' });
  await witness.waitFor('seat', (s) => s.agent_no === '1003');
  const heard = [];
  let last = first;
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 3; n++) await change(3 * round + n); // while nobody reads
    await person.listen(last);
    assert.equal(person.seen('hello').data.replayed, true);
    await change(3 * round + 4); // while it reads
    await until('up to date', () => person.events.some((e) => e.id === witness.events.findLast((w) => w.id).id));
    await person.close();
    heard.push(...person.events.filter((e) => e.id && e.event !== 'hello'));
    last = person.events.findLast((e) => e.id).id;
  }
  const plain = (events) => events.filter((e) => e.id && e.event !== 'hello').map((e) => `${e.id} ${e.event} ${JSON.stringify(e.data)}`);
  const end = witness.events.findIndex((e) => e.id === last && e.event !== 'hello');
  assert.deepEqual(plain(heard), plain(witness.events.slice(0, end + 1)));
  assert.ok(heard.filter((e) => e.event === 'seat').length >= 12);
  await witness.close();
  await agent.post('/agent/sign-out');
});

// --- bodies and paths ------------------------------------------------------------------------------

test('broken, too large and wrong bodies: 400, 413, 422 with the field; afterwards all is well', async () => {
  const person = await Person.signIn(region, 'nanning', 'leader');
  const send = async (body, type = 'application/json') => {
    const response = await fetch(`${region.base}/api/v1/me/password`, { method: 'PUT', body, headers: { cookie: person.cookie, 'x-csrf-token': person.csrf, 'content-type': type } });
    return { status: response.status, headers: response.headers, body: await response.json().catch(() => null) };
  };
  for (const broken of ['{', 'null', '[]', '"text"', '{"old_password":', '\u0000', '{"a":1}{"b":2}', `${'['.repeat(5000)}`])
    assert.ok([400, 422].includes((await send(broken)).status), broken.slice(0, 20));
  problem(await send('{'), 400);
  const missing = await send('{}');
  problem(missing, 422);
  assert.deepEqual(Object.keys(missing.body.errors).sort(), ['new_password', 'old_password']);
  const wrong = await send('{"old_password":5,"new_password":"Etwas-Neues-9","more":1}');
  problem(wrong, 422);
  assert.deepEqual(Object.keys(wrong.body.errors).sort(), ['more', 'old_password']);
  problem(await send(`{"old_password":"${'x'.repeat(9 << 20)}"}`), 413);
  const liar = connect(region.httpPort, '127.0.0.1');
  liar.on('error', () => {});
  liar.write('POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{');
  const [said] = await once(liar, 'data');
  assert.match(said.toString(), /^HTTP\/1\.1 413/);
  liar.destroy();
  for (const text of ['GET / HTTP/9.9\r\n\r\n', 'GET\r\n\r\n', `GET /${'a'.repeat(70000)} HTTP/1.1\r\nHost: x\r\n\r\n`, `GET / HTTP/1.1\r\nX: ${'a'.repeat(70000)}\r\n\r\n`, '\u0016\u0003\u0001']) {
    const socket = connect(region.httpPort, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume().end(text, 'latin1');
    await new Promise((tell) => socket.on('close', tell)); // refused or reset
  }
  assert.equal((await person.raw('GET', '/me')).status, 200);
});

test('unknown routes are 404 and wrong methods 405 as problem documents; paths do not lead out of the pages', async () => {
  const person = await Person.signIn(region, 'nanning', 'leader');
  problem(await person.raw('GET', '/nowhere'), 404);
  problem(await person.raw('GET', '/calls/not-a-uuid'), 404);
  const wrong = await person.raw('DELETE', '/me');
  problem(wrong, 405);
  assert.match(wrong.headers.get('allow') ?? '', /GET/);
  for (const path of ['/../../../../etc/passwd', '/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2f..%2fetc%2fpasswd', '/%00', '/..%5c..%5cetc']) {
    const socket = connect(region.httpPort, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    let text = '';
    socket.on('data', (piece) => { text += piece; });
    await once(socket, 'close');
    assert.doesNotMatch(text, /root:/, path);
  }
});

test('a hundred idle and a hundred slow connections do not hold up the others', async () => {
  const sockets = Array.from({ length: 200 }, (_, i) => {
    const socket = connect(region.httpPort, '127.0.0.1');
    socket.on('error', () => {});
    if (i % 2) socket.write('GET /api/v1/centers/public HTTP/1.1\r\nHost: x\r\n'); // and never more
    return socket;
  });
  await Promise.all(sockets.map((s) => once(s, 'connect')));
  const began = performance.now();
  for (let i = 0; i < 20; i++) assert.equal((await nobody().raw('GET', '/centers/public')).status, 200);
  assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
  for (const socket of sockets) socket.destroy();
});

test('what strangers tried stands in the log, without their passwords', async () => {
  await until('the log line', () => /sign_in_refused login=geist center=nanning address=127\.0\.0\.1/.test(region.log)); // the pipe may be behind the answer
  assert.doesNotMatch(region.log, /Ganz-falsch-1/);
});

// --- the daemon is started anew --------------------------------------------------------------------

test('sessions outlive the daemon, but not what ended them meanwhile; events of before are not replayed', async () => {
  const person = await Person.signIn(region, 'guilin', 'leader');
  const late = await Person.signIn(region, 'guilin', 'admin');
  const fired = await Person.signIn(region, 'guilin', 'a1001');
  const left = await Person.signIn(region, 'guilin', 'a1002');
  await left.raw('DELETE', '/sessions/current');
  await person.listen();
  const last = person.events.findLast((e) => e.id).id;
  const expires = () => region.sql(`SELECT expires_at FROM session WHERE csrf = '${late.csrf}'`);
  await until('both are written', () => expires() && region.sql(`SELECT 1 FROM session WHERE csrf = '${fired.csrf}'`) && !region.sql(`SELECT 1 FROM session WHERE csrf = '${left.csrf}'`));
  assert.equal((await region.stopDaemon()).code, 0);
  await person.cut();
  region.sql(`UPDATE session SET expires_at = now() - interval '1 second' WHERE csrf = '${late.csrf}';
    UPDATE app_user SET enabled = false WHERE id = ${fired.me.user.id}`);
  await region.startDaemon();
  const me = await until('the sessions are known', async () => { // 503 until then, never 401
    const answer = await person.raw('GET', '/me');
    assert.ok([200, 503].includes(answer.status), `${answer.status}`);
    return answer.status === 200 && answer.body;
  });
  assert.deepEqual([me.user.id, me.csrf_token], [person.me.user.id, person.csrf], 'the same cookie and token');
  problem(await late.raw('GET', '/me'), 401, 'session.none');
  problem(await fired.raw('GET', '/me'), 401, 'session.none');
  problem(await left.raw('GET', '/me'), 401, 'session.none');
  await person.listen(last);
  assert.equal(person.seen('hello').data.replayed, false, 'everything anew');
  assert.equal((await person.raw('DELETE', '/sessions/current')).status, 204);
  await person.cut();
  problem(await person.raw('GET', '/me'), 401, 'session.none');
});

test('a database that does not answer holds the end up for a while only, and nothing is touched that is gone already', async () => {
  const leaving = await Person.signIn(region, 'nanning', 'a1003');
  const agents = await Promise.all(['a1001', 'a1002'].map((login) => Person.signIn(region, 'nanning', login)));
  const lock = spawn('scripts/pg', ['psql', region.pgDir, '--', '-qAtX'], { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    let said = '';
    lock.stdout.setEncoding('utf8').on('data', (text) => { said += text; });
    lock.stdin.write("BEGIN; LOCK TABLE session; SELECT 'locked';\n");
    await until('locked', () => said.includes('locked'));
    assert.equal((await leaving.raw('DELETE', '/sessions/current')).status, 204); // its row cannot be deleted now
    await until('it waits in the database', () => region.sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'session'::regclass") !== '0');
    for (const agent of agents) await agent.post('/agent/sign-in', { line: 'browser' }); // the walls are due in a moment
    const began = performance.now();
    const exit = await region.stopDaemon(); // a sanitizer report would be a code of its own
    assert.deepEqual(exit, { code: 0, signal: null }, region.log.slice(-3000));
    assert.ok(performance.now() - began < 30000);
  } finally {
    lock.stdin.end('ROLLBACK;\n');
    await once(lock, 'exit');
  }
});
