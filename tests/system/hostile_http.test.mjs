// Hostile HTTP: a seeded random walk over all routes of openapi.json with everything a request can be wrong in, on raw
// sockets. Never a 5xx that is not documented, never a request without an end, errors of the API are problem documents,
// and somebody else's requests are answered all the while. SEED=n repeats a walk.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { Person, Region, until } from './lib/region.mjs';
import { randomFrom } from './lib/sql.mjs';

const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const STEPS = Number(process.env.STEPS ?? 600);
const LIMIT_MS = 15000;
const CONNECTIONS = 80; // of one address
const random = randomFrom(SEED);
const pick = (list) => list[Math.floor(random() * list.length)];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'X'.repeat(200)];
let region, admin, other;
const routes = [];

before(async () => {
  console.log(`# SEED=${SEED}`);
  region = await Region.start({ env: { HTTP_CONNECTIONS: CONNECTIONS, HTTP_PROXIES: '' } });
  admin = await Person.signIn(region, 'nanning', 'admin');
  other = await Person.signIn(region, 'liuzhou', 'leader');
  const { paths } = await (await fetch(`${region.base}/api/v1/openapi.json`)).json();
  for (const [path, methods] of Object.entries(paths)) for (const method of Object.keys(methods)) routes.push({ path, method: method.toUpperCase() });
});
after(async () => {
  await region?.stop();
});

// Sends pieces, one after the other, and reads until the daemon closes, or count answers are there.
async function raw(pieces, { half = false, count = 1 } = {}) {
  const socket = connect(region.httpPort, '127.0.0.1');
  let text = '';
  let gone = false;
  socket.on('error', () => { gone = true; });
  socket.on('close', () => { gone = true; });
  socket.on('end', () => { gone = true; });
  socket.on('data', (data) => { text += data.toString('latin1'); socket.told?.(); });
  await once(socket, 'connect');
  for (const piece of pieces) socket.write(piece);
  if (half) socket.end();
  const end = Date.now() + LIMIT_MS;
  // Not at the beginning of a line: a body ends without one, and the next answer stands right behind it.
  const answers = () => [...text.matchAll(/HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n/g)].map((m) => Number(m[1])).filter((s) => s !== 100);
  const whole = () => answers().length >= count && text.includes('\r\n\r\n');
  while (!whole() && !gone && Date.now() < end) await new Promise((wake) => { const timer = setTimeout(wake, 50); socket.told = () => { clearTimeout(timer); wake(); }; });
  socket.destroy();
  return { statuses: answers(), text, gone, late: !whole() && !gone };
}

const value = () => pick(['1', '0', '-1', '99999999999999999999', 'NaN', '%00', '%ff%fe', '../../etc/passwd', '..%2f..%2fetc%2fpasswd', '%', '%zz', "'; DROP TABLE call; --", 'x'.repeat(3000), '\u6c49', '*', '1e400',
  '00000000-0000-0000-0000-000000000000', '2026-13-45', '{}', '[]', 'null']);
const deep = (n) => '{"a":'.repeat(n) + '1' + '}'.repeat(n);
const body = () => pick(['', '{', 'null', '[]', '"text"', '1e999', '{"a":1,"a":2}', deep(100), deep(20000), '['.repeat(50000), '{"login":{}}', '{"center":[],"login":1,"password":null}', '{"name":"\\u0000"}', '{"name":"\\ud800"}',
  '{"x":"\xff\xfe"}', `{"name":"${'y'.repeat(100000)}"}`, '{"version":1e308}', '{"id":-9223372036854775809}', '<xml/>', 'a=b&c=d', '\u0000\u0001']);
const header = () => pick([[], ['Range: bytes=0-'], ['Range: bytes=-1,-1,-1,0-0,1-1'], ['Range: bytes=99999999999999999999-'], ['If-Match: "x"'], ['If-Match: *'], ['If-Match: "1"', 'If-Match: "2"'], ['Accept: */*', 'Accept: nothing/none'],
  ['Last-Event-ID: -1'], [`X-Long: ${'z'.repeat(6000)}`], [`X-Longer: ${'z'.repeat(60000)}`], Array.from({ length: 200 }, (_, i) => `X-${i}: ${i}`), ['Cookie: hotlined_session=; hotlined_session=x'], ['Expect: 100-continue'], ['Expect: nonsense'],
  ['Content-Type: text/plain'], ['Content-Type: application/json; charset=utf-7'], ['Accept-Encoding: gzip, br, \xff'], ['X-CSRF-Token: wrong'], ['Upgrade: websocket', 'Connection: Upgrade'], ['Host: evil'], [': no name'], ['no colon']]);

function step() {
  const route = pick(routes);
  const method = random() < 0.6 ? route.method : pick(METHODS);
  let path = route.path.replace(/\{\w+\}/g, () => value().replace(/[ \u0080-\uffff]/g, encodeURIComponent));
  if (random() < 0.1) path = pick(['/', '//', '/..', '/%2e%2e/%2e%2e/etc/passwd', '/api', '/api/v1', '/api/v1/nothing', '*', 'http://evil/api/v1/me', `/${'a'.repeat(20000)}`, '/api/v1/me%00', '/static/../../../etc/passwd', '/api/v1/%u0041']);
  if (random() < 0.5) path += `?${Array.from({ length: 1 + Math.floor(random() * 4) }, () => `${pick(['from', 'to', 'center_id', 'limit', 'after', 'mine', 'by', 'x', '', '%00'])}=${value().replace(/[ \u0080-\uffff]/g, encodeURIComponent)}`).join('&')}`;
  if (random() < 0.03) path += `?q=${'q'.repeat(30000)}`;
  const text = Buffer.from(body(), random() < 0.5 ? 'latin1' : 'utf8');
  const length = random() < 0.85 ? text.length : pick([-1, 'x', text.length + 5, 0, '1, 2', 1e15]);
  const head = [`${method} ${path} ${random() < 0.97 ? 'HTTP/1.1' : pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/9', ''])}`, ...(random() < 0.97 ? ['Host: 127.0.0.1'] : []), 'Connection: close',
    ...(random() < 0.8 ? [`Cookie: ${admin.cookie}`, `X-CSRF-Token: ${admin.csrf}`] : []), ...(random() < 0.8 ? ['Content-Type: application/json'] : []),
    ...header(), ...(random() < 0.95 ? [`Content-Length: ${length}`] : ['Transfer-Encoding: chunked', ...(random() < 0.5 ? [`Content-Length: ${length}`] : [])])];
  const all = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), text]);
  const cut = Math.floor(random() * all.length);
  return { path, method, head, pieces: random() < 0.3 ? [all.subarray(0, cut), all.subarray(cut)] : [all], api: path.startsWith('/api/v1/'), stream: /\/events/.test(path), honest: length === text.length && head.some((h) => h.startsWith('Content-Length:')) && !head.some((h) => h.startsWith('Transfer-Encoding') || h.startsWith('Expect')) };
}

function judge(one, answer) {
  const about = `SEED=${SEED} ${one.method} ${one.path.slice(0, 120)} -> ${answer.statuses} ${answer.text.slice(0, 300)}\n${one.head.join('\n').slice(0, 800)}`;
  for (const status of answer.statuses) assert.ok(status < 500 || status === 501 || status === 505, about);
  const [status] = answer.statuses;
  if (one.api && one.method !== 'HEAD' && status >= 400 && answer.text.includes('{')) assert.match(answer.text, /content-type: application\/problem\+json/i, about);
}

test('a random walk over all routes: no 5xx, problem documents, an end for every request, others answered meanwhile', async () => {
  const times = [];
  let walking = true;
  const ask = async () => {
    const began = performance.now();
    assert.equal((await other.raw('GET', '/me')).status, 200);
    times.push(performance.now() - began);
  };
  const quiet = [];
  for (let i = 0; i < 20; i++) { await ask(); quiet.push(times.pop()); }
  const watching = (async () => { while (walking) await ask(); })();
  const seen = {};
  try {
    for (let i = 0; i < STEPS; i++) {
      const one = step();
      if (/sessions\/current|me\/password/.test(one.path)) continue; // he would walk on without a session
      const answer = await raw(one.pieces, { half: !one.honest });
      judge(one, answer);
      if (one.honest) assert.ok(!answer.late, `SEED=${SEED} no end: ${one.method} ${one.path.slice(0, 200)}\n${one.head.join('\n').slice(0, 800)}`);
      seen[answer.statuses[0] ?? 'closed'] = (seen[answer.statuses[0] ?? 'closed'] ?? 0) + 1;
    }
  } finally {
    walking = false;
    await watching;
  }
  const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
  console.log(`# ${JSON.stringify(seen)}; others: median ${median(quiet).toFixed(1)} ms before, ${median(times).toFixed(1)} ms meanwhile`);
  assert.ok(median(times) < 10 * median(quiet) + 20);
});

test('each route takes as much as its description says and answers 413 in Chinese above it; nothing is taken that is nested too deep', async () => {
  const { paths } = await (await fetch(`${region.base}/api/v1/openapi.json`)).json();
  const limits = {};
  for (const [path, methods] of Object.entries(paths))
    for (const [method, route] of Object.entries(methods)) {
      const max = route.requestBody?.['x-max-bytes'];
      if (!max) continue;
      const address = path.slice(7).replace(/\{\w+\}/g, '1');
      const send = async (body) => {
        const answer = await fetch(`${region.base}/api/v1${address}`, { method: method.toUpperCase(), body, headers: { cookie: admin.cookie, 'x-csrf-token': admin.csrf, 'content-type': 'application/json', 'if-match': '"1"' } });
        return { status: answer.status, body: await answer.text() };
      };
      const filled = (size) => `{"none":"${'x'.repeat(size - 11)}"}`;
      const good = await send(filled(max));
      assert.ok(good.status < 500 && good.status !== 413, `${method} ${address}: ${good.status} ${good.body.slice(0, 200)}`);
      const above = await send(filled(max + 1));
      assert.deepEqual([above.status, JSON.parse(above.body).code, JSON.parse(above.body).title], [413, 'request.too_large', `提交的内容过大，最多 ${max / 1024} KB`], `${method} ${address}`);
      limits[max] = (limits[max] ?? 0) + 1;
      if (!route.requestBody.content['application/json']) continue; // a file: what is in it is looked at line by line
      const deepOne = await send(deep(33));
      assert.ok(!/request.json/.test(deepOne.body) && deepOne.status < 500 && deepOne.status >= 400, `${method} ${address}: ${deepOne.status} ${deepOne.body.slice(0, 200)}`);
    }
  console.log(`# routes by limit: ${JSON.stringify(limits)}`);
  assert.equal(paths['/api/v1/sessions'].post.requestBody['x-max-bytes'], 4096, 'what anybody may send is small');
  const nested = await new Person(region).raw('POST', '/sessions', JSON.parse(deep(33)));
  assert.deepEqual([nested.status, nested.body.code, nested.body.title], [400, 'request.too_deep', '提交的内容嵌套过深，最多 32 层']);
  const long = await raw([`GET /api/v1/me?q=${'q'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`]);
  assert.equal(long.statuses[0], 414);
  assert.match(Buffer.from(long.text, 'latin1').toString(), /请求地址过长，最多 8 KB/);
  const headers = await raw([`GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Long: ${'z'.repeat(13000)}\r\n\r\n`]);
  assert.equal(headers.statuses[0], 431);
  assert.match(Buffer.from(headers.text, 'latin1').toString(), /请求头过多或过长，最多 100 项、12 KB/);
});

test('one address has so many connections; others have theirs meanwhile', async () => {
  const value = async (series) => Number((await (await fetch(`${region.base}/metrics`)).text()).split('\n').find((l) => l.startsWith(`${series} `)).split(' ')[1]);
  const before = await value('hotlined_http_connections_refused_total');
  const sockets = [];
  const open = () => {
    const socket = connect({ port: region.httpPort, host: '127.0.0.1', localAddress: '127.0.0.77' });
    socket.on('error', () => {});
    socket.on('close', () => { socket.gone = true; });
    sockets.push(socket);
    return once(socket, 'connect');
  };
  try {
    for (let i = 0; i < CONNECTIONS + 20; i++) await open();
    await until('20 are closed', () => sockets.filter((s) => s.gone).length === 20);
    assert.ok(sockets.slice(0, CONNECTIONS).every((s) => !s.gone), 'the last ones');
    assert.equal(await value('hotlined_http_connections_refused_total') - before, 20);
    assert.equal((await other.raw('GET', '/me')).status, 200, 'another address');
    sockets[0].destroy();
    await until('a place for one more', async () => { await open(); const last = sockets.at(-1); last.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'); return Promise.race([once(last, 'data').then(() => true, () => false), once(last, 'close').then(() => false)]); });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test('pipelined, half-closed and slow requests', async () => {
  const get = 'GET /api/v1/centers/public HTTP/1.1\r\nHost: x\r\n\r\n';
  const mixed = Array.from({ length: 100 }, (_, i) => (i % 3 ? get : 'GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n')).join(''); // of the store and at once
  assert.deepEqual((await raw([mixed], { count: 100 })).statuses, Array.from({ length: 100 }, (_, i) => (i % 3 ? 200 : 404)));
  for (let i = 0; i < 20; i++) assert.deepEqual((await raw([get])).statuses, [200]);
  const half = await raw([get], { half: true });
  assert.ok(half.statuses[0] === 200 || half.gone, 'answered or closed');
  const slow = Array.from({ length: 50 }, () => connect(region.httpPort, '127.0.0.1'));
  for (const socket of slow) { socket.on('error', () => {}); socket.write('POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{'); }
  for (let i = 0; i < 5; i++) assert.equal((await other.raw('GET', '/me')).status, 200);
  for (const socket of slow) socket.destroy();
});
