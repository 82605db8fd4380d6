// Reports over HTTP after real calls, as JSON, XLSX and CSV; and the OpenAPI document, which every route
// must answer to and which must be what docs/api.md says.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Person, Region, ROOT, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';

const NANNING = '07711236601';
const day = (offset = 0) => new Date(Date.now() + 8 * 3600e3 + offset * 86400e3).toISOString().slice(0, 10);
const PERIOD = `from=${day(-1)}&to=${day(1)}`; // also when the test runs over midnight
let region, leader, liuzhou, supervisor, agentPerson;

before(async () => {
  region = await Region.start();
  leader = await Person.signIn(region, 'nanning', 'leader');
  liuzhou = await Person.signIn(region, 'liuzhou', 'leader');
  supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  agentPerson = await Person.signIn(region, 'nanning', 'a1005');
  await leader.listen();
});
after(async () => {
  await leader?.close();
  await region?.stop();
});

const report = (person, query = '') => person.get(`/reports/voice_service?${PERIOD}${query}`);
async function file(person, kind, query = '') {
  const response = await fetch(`${region.base}/api/v1/reports/voice_service.${kind}?${PERIOD}${query}`, { headers: { cookie: person.cookie } });
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, bytes.toString());
  return { bytes, type: response.headers.get('content-type'), disposition: response.headers.get('content-disposition') };
}
const without = (document, ...names) => Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)));

// --- figures ---------------------------------------------------------------------------------------

test('RPT-01 three calls, one answered, one given up in the queue, one in the menu: every figure, from both sources, difference 0', async () => {
  const before = await report(leader);
  assert.deepEqual([before.rows.length, before.rows[0].in, before.rows[0].ans_rate, before.check], [1, 0, null, 0]);
  const agent = await Agent.start(region, 'nanning', 'a1001');
  const answered = Caller.start(region, { to: NANNING, args: ['--keys', '1', '--tone', '440'] });
  const { call } = await agent.ring();
  await agent.answer(call.call_id);
  await agent.waitState('talk');
  await answered.waitFor('audio');
  await agent.hangUp(call.call_id);
  await answered.exited;
  await agent.waitState('acw');
  await agent.person.put(`/agent/calls/${call.call_id}/wrap-up`, { code: '', note: '' });
  await agent.done();
  await agent.waitState('ready');
  await agent.person.put('/agent/state', { state: 'busy', reason_id: (await agent.person.get('/dictionaries')).busy_reasons[0].id });
  const patient = Caller.start(region, { to: NANNING, args: ['--keys', '2'] });
  await until('the call waits', () => leader.seen('waiting')?.data.calls.some((c) => c.queue_name === '投诉'));
  await patient.hangUp();
  const hasty = Caller.start(region, { to: NANNING });
  await hasty.waitFor('audio');
  await hasty.hangUp();
  await agent.person.raw('POST', '/agent/sign-out', {});
  await agent.close();

  const now = await until('all three in the report', async () => {
    const document = await report(leader);
    return document.rows[0].in === 3 && document.rows[0].open === 0 && document.rows[0].aht !== null && document;
  });
  const row = now.rows[0];
  assert.deepEqual([row.in, row.req, row.ans, row.ab_queue, row.ivr_abandon, row.loss, row.check], [3, 2, 1, 1, 1, 1, 0]);
  assert.deepEqual([row.ans_rate, row.ab_rate, row.loss_rate, row.in_time_rate], [50, 50, 50, 100]);
  assert.ok(row.talk_sum > 0 && row.att === row.talk_sum && row.asa >= 0);
  assert.deepEqual(without(now.total, 'center_name'), without(row, 'center_name', 'center_id', 'queue_id', 'queue_name'));
  assert.equal(now.check, 0);
  assert.deepEqual(now.conditions.map((c) => c.title), ['统计期间', '中心', '队列', '单位类型', '小结类型', '统计对象']);
  for (const by of ['center', 'queue']) {
    const [facts, rollup] = await Promise.all(['facts', 'rollup'].map((source) => report(leader, `&by=${by}&source=${source}`)));
    assert.equal(rollup.check, 0);
    for (const d of [facts, rollup]) delete d.filters.source;
    assert.deepEqual(without(facts, 'made_at'), without(rollup, 'made_at'), by);
  }
  const queues = Object.fromEntries((await report(leader, '&by=queue')).rows.map((r) => [r.queue_name, [r.visits, r.ans, r.ab_queue]]));
  assert.deepEqual(queues, { 咨询: [1, 1, 0], 投诉: [1, 0, 1], 举报: [0, 0, 0] });
  const complaint = (await report(leader, '&by=queue')).rows.find((r) => r.queue_name === '投诉').queue_id;
  assert.equal((await report(leader, `&queue_id=${complaint}`)).total.in, 1);
  assert.equal((await report(leader, '&unit_type=from_city')).total.in, 0);
  assert.equal((await leader.get(`/reports/voice_service?from=${day(-9)}&to=${day(-8)}`)).total.in, 0, 'other days');
});

test('RPT-01 GEN-04 another city has none of it, the region all of it; an agent and a team leader have no report', async () => {
  const his = await report(liuzhou);
  assert.deepEqual([his.rows.map((r) => r.center_id), his.total.in], [[3], 0]);
  assert.equal((await liuzhou.raw('GET', `/reports/voice_service?${PERIOD}&center_id=2`)).status, 403);
  assert.equal((await liuzhou.raw('GET', `/reports/voice_service.xlsx?${PERIOD}&center_id=2`)).status, 403);
  const mine = (await report(leader)).rows[0];
  for (const by of ['center', 'queue']) assert.ok(!JSON.stringify(await report(liuzhou, `&by=${by}&queue_id=${(await report(leader, '&by=queue')).rows[0].queue_id}`)).includes('南宁'), by);
  const all = await report(supervisor);
  assert.equal(all.rows.length, 15);
  assert.deepEqual(all.rows.find((r) => r.center_id === 2), mine);
  assert.equal(all.total.in, 3);
  assert.deepEqual((await report(supervisor, '&center_id=2')).rows, [mine]);
  assert.equal((await agentPerson.raw('GET', `/reports/voice_service?${PERIOD}`)).status, 403);
  region.sql(`INSERT INTO role (code, name) VALUES ('team_lead', '组长'); INSERT INTO role_permission VALUES ('team_lead', 'report.read', 'team');
    INSERT INTO user_role SELECT id, 'team_lead', 2 FROM app_user WHERE center_id = 2 AND login = 'a1006'`);
  const lead = await Person.signIn(region, 'nanning', 'a1006');
  assert.deepEqual((await lead.get('/reports')).map((r) => r.id), ['RPT-17'], 'what is about agents, of his team');
  for (const path of [`/voice_service?${PERIOD}`, `/voice_service.csv?${PERIOD}`]) {
    const answer = await lead.raw('GET', `/reports${path}`);
    assert.deepEqual([answer.status, answer.body.code], [403, 'report.scope'], path);
  }
});

test('RPT-01 wrong dates and filters are said at their field', async () => {
  const wrong = async (query, ...fields) => {
    for (const kind of ['', '.xlsx', '.csv']) {
      const answer = await leader.raw('GET', `/reports/voice_service${kind}?${query}`);
      assert.equal(answer.status, 422, query);
      assert.deepEqual(Object.keys(answer.body.errors), fields, query);
      for (const field of fields) assert.match(answer.body.errors[field], /[一-鿿]/);
    }
  };
  await wrong('', 'from', 'to');
  await wrong('from=2026-01-01', 'to');
  for (const date of ['2026-02-29', '2026-13-01', '2026-04-31', '26-01-01', '2026-1-1', 'yesterday', '2026-01-01T00:00', '2026-01-001', '2026-00-10', '2026-01-00', '+026-01-01'])
    await wrong(`from=${encodeURIComponent(date)}&to=2026-05-05`, 'from');
  await wrong('from=2026-03-02&to=2026-03-01', 'to');
  await wrong('from=2025-01-01&to=2026-02-05', 'to'); // 401 days
  await wrong(`${PERIOD}&unit_type=all&by=team&source=thin_air`, 'unit_type', 'by', 'source');
  await wrong(`${PERIOD}&queue_id=x`, 'queue_id');
  await wrong(`${PERIOD}&center_id=-1`, 'center_id');
  for (const good of ['from=2024-02-29&to=2024-02-29', 'from=2025-01-01&to=2026-02-04']) // 400 days
    assert.equal((await leader.raw('GET', `/reports/voice_service?${good}`)).status, 200, good);
});

// --- files -----------------------------------------------------------------------------------------

const unescapeXml = (text) => text.replace(/&(lt|gt|quot|apos|amp);/g, (_, n) => ({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' })[n]);
// Rows of cells: {text} or {number, format}.
function readSheet(path, sheet) {
  const part = (name) => execFileSync('unzip', ['-p', path, name], { encoding: 'utf8' });
  const styles = part('xl/styles.xml');
  const formats = Object.fromEntries([...styles.matchAll(/<numFmt numFmtId="(\d+)" formatCode="([^"]*)"/g)].map((m) => [m[1], unescapeXml(m[2])]));
  const builtin = { 0: 'General', 2: '0.00', 3: '#,##0', 4: '#,##0.00' };
  const styleOf = [.../<cellXfs[^>]*>(.*?)<\/cellXfs>/s.exec(styles)[1].matchAll(/<xf numFmtId="(\d+)"/g)].map((m) => formats[m[1]] ?? builtin[m[1]]);
  const xml = part(`xl/worksheets/sheet${sheet}.xml`);
  assert.ok(!xml.includes('<f>'), 'no formula is ever written');
  const rows = [...xml.matchAll(/<row r="\d+"[^>]*>(.*?)<\/row>/gs)].map((row) => [...row[1].matchAll(/<c r="[A-Z]+\d+"([^>]*)>(.*?)<\/c>/gs)].map(([, attributes, inner]) => {
    if (/t="inlineStr"/.test(attributes)) return { text: unescapeXml(/<t[^>]*>(.*?)<\/t>/s.exec(inner)?.[1] ?? '') };
    return { number: Number(/<v>(.*?)<\/v>/.exec(inner)[1]), format: styleOf[/s="(\d+)"/.exec(attributes)?.[1] ?? 0] };
  }));
  return rows;
}
const FORMATS = { count: '#,##0', percent: '0.00', seconds: '#,##0.00' };
const titleOf = (column) => column.title + ({ percent: '（%）', seconds: '（秒）' }[column.kind] ?? '');

test('RPT-01 GEN-02 the XLSX has the cells of the page: numbers as numbers, conditions in words, total, check line, formulas', async () => {
  for (const [person, by] of [leader, supervisor].flatMap((p) => ['center', 'queue', 'wrap_up'].map((b) => [p, b]))) {
    const document = await report(person, `&by=${by}`);
    const { bytes, type, disposition } = await file(person, 'xlsx', `&by=${by}`);
    assert.equal(type, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet');
    assert.equal(decodeURIComponent(/filename\*=UTF-8''(\S+)/.exec(disposition)[1]), `语音服务统计分析表_${day(-1)}_${day(1)}.xlsx`);
    const path = join(region.dir, 'report.xlsx');
    writeFileSync(path, bytes);
    const rows = readSheet(path, 1);
    assert.equal(rows[0][0].text, '语音服务统计分析表');
    const head = 2 + document.conditions.length; // title, conditions, time
    const preface = rows.slice(1, head - 1).map((r) => r[0].text);
    assert.deepEqual(preface, document.conditions.map((c) => `${c.title}:${c.value}`));
    assert.match(rows[head - 1][0].text, /^制表时间：20\d\d-/);
    assert.deepEqual(rows[head].map((c) => c.text), document.columns.map(titleOf));
    const expected = [...document.rows, document.total];
    assert.equal(rows.length, head + 1 + expected.length + 1);
    expected.forEach((row, i) => document.columns.forEach((column, c) => {
      const value = row[column.id];
      const cell = rows[head + 1 + i][c];
      if (typeof value === 'number') assert.deepEqual(cell, { number: value, format: FORMATS[column.kind] }, `${column.id} of row ${i}`);
      else assert.deepEqual(cell, { text: value ?? '—' }, `${column.id} of row ${i}`);
    }));
    assert.deepEqual(rows.at(-1).map((c) => c.text), ['核对差 0']);
    const formulas = Object.fromEntries(readSheet(path, 2).map((r) => [r[0].text, r[1].text]));
    for (const column of document.columns.filter((c) => c.formula)) assert.equal(formulas[column.title], column.formula);
  }
});

function readCsv(text) {
  const rows = [[]];
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1).push(match[1] !== undefined ? match[1].replace(/""/g, '"') : match[2]);
    if (match[3] === '\r\n') rows.push([]);
  }
  rows.pop();
  return rows;
}

test('RPT-01 the CSV is UTF-8 with BOM and CRLF; a name that looks like a formula is made harmless', async () => {
  const names = { consult: '=1+1,"x"', complaint: '@SUM(A1)', report: '-2 + "3"' };
  for (const [code, name] of Object.entries(names)) region.sql(`UPDATE queue SET name = $$${name}$$ WHERE center_id = 2 AND code = '${code}'`);
  try {
    const document = await report(leader, '&by=queue');
    const { bytes, type, disposition } = await file(leader, 'csv', '&by=queue');
    assert.equal(type, 'text/csv; charset=utf-8');
    assert.equal(decodeURIComponent(/filename\*=UTF-8''(\S+)/.exec(disposition)[1]), `语音服务统计分析表_${day(-1)}_${day(1)}.csv`);
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    const text = bytes.toString('utf8', 3);
    assert.ok(text.endsWith('\r\n') && !/[^\r]\n/.test(text));
    const rows = readCsv(text);
    assert.deepEqual(rows[0], document.columns.map(titleOf));
    const shown = (value, kind) => (typeof value === 'number' ? value.toFixed(kind === 'count' ? 0 : 2) : value ?? '—');
    const harmless = (value) => (/^[=+\-@]/.test(value) ? `'${value}` : value);
    assert.deepEqual(rows.slice(1), [...document.rows, document.total].map((row) => document.columns.map((c) => (typeof row[c.id] === 'number' ? shown(row[c.id], c.kind) : harmless(shown(row[c.id]))))));
    assert.deepEqual(rows.slice(1, 4).map((r) => r[1]).sort(), Object.values(names).map((n) => `'${n}`).sort());
    const xlsx = join(region.dir, 'hostile.xlsx');
    writeFileSync(xlsx, (await file(leader, 'xlsx', '&by=queue')).bytes);
    assert.ok(readSheet(xlsx, 1).some((r) => r[1]?.text === names.consult)); // a text there, not a formula
  } finally {
    region.sql("UPDATE queue SET name = CASE code WHEN 'consult' THEN '咨询' WHEN 'complaint' THEN '投诉' ELSE '举报' END WHERE center_id = 2");
  }
});

test('GEN-04 who read and who took away a report is in the audit log; nothing is left on the disk', async () => {
  const admin = await Person.signIn(region, 'nanning', 'admin');
  const actions = async () => (await admin.get('/audit?limit=200')).items.filter((a) => a.object_kind === 'report');
  const seen = await until('in the log', async () => {
    const all = await actions();
    return ['report.read', 'report.export', 'refused'].every((action) => all.some((a) => a.action === action)) && all;
  });
  const exported = seen.find((a) => a.action === 'report.export');
  assert.deepEqual([exported.login, exported.object_id], ['leader', 'RPT-01']);
  assert.match(exported.detail, new RegExp(`from=${day(-1)} to=${day(1)}`));
  assert.equal(execFileSync('find', [join(region.dir, 'state'), '-name', 'export-*'], { encoding: 'utf8' }), '');
});

// --- OpenAPI ---------------------------------------------------------------------------------------

const openapi = async () => (await fetch(`${region.base}/api/v1/openapi.json`)).json();
const operations = (document) => Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })));
const bodyOf = (operation) => operation.requestBody?.content['application/json']?.schema;
const BASE = '/api/v1';

// The routes of docs/api.md: first cells of its tables, and routes in headings and sentences.
function documented() {
  const routes = new Set();
  for (const line of readFileSync(join(ROOT, 'docs/api.md'), 'utf8').split('\n')) {
    const scope = line.startsWith('|') ? line.replaceAll('\\|', '¦').split('|')[1] : line;
    let methods = [];
    let path = '';
    for (const [, token] of scope.matchAll(/`([^`]+)`/g)) {
      const route = /^([A-Z]+(?:\/[A-Z]+)*) (\/\S*)$/.exec(token);
      if (route) [methods, path] = [route[1].split('/'), route[2].split('?')[0]];
      else if (/^(GET|POST|PUT|DELETE)$/.test(token) && path) methods = [token];
      else if (/^\.\w+$/.test(token) && path) path = path.replace(/\.\w+$/, token);
      else if (/^\/[a-z]+(\/|$)/.test(token) && methods.length) path = token.split('/').length > 2 ? token : path.replace(/\/[^/]*$/, token);
      else continue;
      for (const method of methods) routes.add(`${method} ${BASE}${path}`);
    }
  }
  for (const path of ['/healthz', '/readyz', '/metrics']) routes.add(`GET ${path}`);
  return routes;
}
const plain = (route) => route.replace(/\{[^}]*\}/g, '{}');

test('NFR-09 docs/api.md and the OpenAPI document have the same routes', async () => {
  const document = await openapi();
  assert.equal(document.openapi, '3.1.0');
  const told = new Set([...documented()].map(plain));
  const served = new Set(operations(document).map((o) => plain(`${o.method} ${o.path}`)));
  assert.ok(served.size > 60);
  assert.deepEqual([...told].filter((r) => !served.has(r)), [], 'in docs/api.md only');
  assert.deepEqual([...served].filter((r) => !told.has(r)), [], 'in the program only');
  for (const o of operations(document)) {
    assert.match(o.summary, /[一-鿿]/, o.path);
    assert.deepEqual(o.parameters.filter((p) => p.in === 'path').map((p) => p.name), [...o.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]), o.path);
  }
});

// Something for every path parameter that is well formed and names nothing.
const fill = (o) => o.path.replace(/\{(\w+)\}/g, (_, name) => (/settings|knowledge\/classes/.test(o.path) || name === 'version' ? (name === 'code' ? 'nothing_here' : '999999') : name === 'number' ? '13877100099' : '00000000-0000-7000-8000-000000000000')).replace(BASE, '');
const isProblem = (answer, what) => {
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/, what);
  for (const name of ['type', 'title', 'status', 'code']) assert.ok(name in answer.body, what);
  assert.equal(answer.body.status, answer.status, what);
  assert.match(answer.body.title, /[一-鿿]/, what);
};

test('NFR-09 GEN-04 every route asks for what its description says: session, permission, token, version, body', async () => {
  const document = await openapi();
  const all = operations(document).filter((o) => o.path.startsWith(BASE));
  const nobody = new Person(region);
  const admin = await Person.signIn(region, 'guangxi', 'admin');
  const city = await Person.signIn(region, 'nanning', 'admin');
  const agent = await Person.signIn(region, 'nanning', 'a1005');
  const permissions = (person) => ['public', 'signed_in', ...Object.keys(person.me.permissions)];
  // Some routes are for keys alone: the system that has such a key.
  const system = async (groups) => {
    const { key } = await city.post('/settings/keys', { name: `测试 ${groups}`, groups });
    return { raw: (method, path, body, headers) => nobody.raw(method, path, body, { authorization: `Bearer ${key}`, ...headers }) };
  };
  for (const o of all) {
    const what = `${o.method} ${o.path}`;
    const needs = (name) => o.parameters.some((p) => p.name === name && p.required);
    const changes = o.method !== 'GET';
    const send = (person, body, headers) => person.raw(o.method, fill(o), body, headers);
    if (o['x-permission'] !== 'public') {
      const answer = await send(nobody, changes ? {} : undefined);
      assert.equal(answer.status, 401, what);
      isProblem(answer, what);
      assert.equal(needs('X-CSRF-Token'), changes, what);
      assert.deepEqual(o.security, [{ session: [] }, ...(o['x-key-groups'] ? [{ key: [] }] : [])], what);
    }
    for (const person of [admin, city, agent]) {
      if (permissions(person).includes(o['x-permission'])) continue;
      const answer = await send(person, changes ? {} : undefined);
      assert.deepEqual([answer.status, answer.body.code], [403, 'forbidden'], `${what} by ${person.me.user.login}`);
    }
    const someone = [admin, city, agent].find((p) => permissions(p).includes(o['x-permission']));
    assert.ok(someone || o['x-key-groups'], what);
    const able = someone ?? await system(o['x-key-groups']);
    if (someone && changes && o['x-permission'] !== 'public') {
      const answer = await send(able, {}, { 'x-csrf-token': 'wrong' });
      assert.equal(answer.status, 403, what);
      isProblem(answer, what);
    }
    if (needs('If-Match')) assert.equal((await send(able, {})).status, 428, what);
    const schema = bodyOf(o);
    if (schema) await checkBody(what, schema, (body) => send(able, body, needs('If-Match') ? { 'if-match': '"1"' } : {}));
  }
});

// Everything the schema forbids at once, and everything that may not be missing.
async function checkBody(what, schema, send) {
  const bad = { no_such_field: 1 };
  const expected = ['no_such_field'];
  for (const [name, field] of Object.entries(schema.properties)) {
    const types = [field.type].flat();
    if (field.format === 'uuid') bad[name] = 'not-a-uuid';
    else if (types.includes('string')) bad[name] = 'x'.repeat(field.maxLength + 1);
    else if (types.includes('integer') && field.maximum !== undefined) bad[name] = field.maximum + 1;
    else if (types.includes('integer')) bad[name] = 'one';
    else if (types.includes('boolean')) bad[name] = 'yes';
    else continue;
    expected.push(name);
  }
  let answer = await send(bad);
  assert.equal(answer.status, 422, `${what}: ${JSON.stringify(answer.body)}`);
  isProblem(answer, what);
  const required = schema.required.filter((name) => !(name in bad));
  assert.deepEqual(Object.keys(answer.body.errors).sort(), [...expected, ...required].sort(), what);
  if (!schema.required.length) return;
  answer = await send({});
  assert.equal(answer.status, 422, what);
  assert.deepEqual(Object.keys(answer.body.errors).sort(), [...schema.required].sort(), what);
}

test('NFR-09 every GET answers with the type its description names, or a problem document', async () => {
  const document = await openapi();
  const people = [await Person.signIn(region, 'guangxi', 'admin'), leader, await Person.signIn(region, 'nanning', 'a1005')];
  for (const o of operations(document)) {
    if (o.method !== 'GET' || o.path.endsWith('/events')) continue;
    const person = people.find((p) => ['public', 'signed_in', ...Object.keys(p.me.permissions)].includes(o['x-permission']));
    const query = o.path.includes('/reports/') ? `?${PERIOD}` : '';
    const response = await fetch(`${region.base}${o.path.startsWith(BASE) ? BASE + fill(o) : o.path}${query}`, { headers: { cookie: person.cookie } });
    await response.arrayBuffer();
    const what = `${o.path}: ${response.status}`;
    const type = response.headers.get('content-type').split(';')[0];
    if (response.ok) assert.deepEqual([type], Object.keys(o.responses['2XX'].content), what);
    else assert.deepEqual([type, response.status], ['application/problem+json', 404], what);
    if (!o.path.includes('{')) assert.equal(response.status, 200, what);
    for (const p of o.parameters.filter((q) => q.in === 'query' && q.schema.type === 'integer')) {
      const other = await fetch(`${region.base}${o.path.startsWith(BASE) ? BASE + fill(o) : o.path}?${PERIOD}&${p.name}=many`, { headers: { cookie: person.cookie } });
      await other.arrayBuffer();
      assert.equal(other.status, 422, `${o.path}?${p.name}`);
    }
  }
});
