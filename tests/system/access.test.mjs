// Who may see what (GEN-04, CC-35, DATA-05): every route of the description, as people of two cities, with the
// ids of things of other centers; and rights that change while a page is open.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Person, Region, until } from './lib/region.mjs';
import { Journal, uuid7 } from './lib/sql.mjs';

let region, api;
const things = {}; // by center: ids of what is there, and words nobody else may read
const CENTERS = { guangxi: 1, nanning: 2, liuzhou: 3 };

// A center's day: a talk of each of two agents with recording, a record, a draft.
async function fill(code, n) {
  const center = CENTERS[code];
  const journal = new Journal();
  const user = (login) => Number(region.sql(`SELECT id FROM app_user WHERE center_id = ${center} AND login = '${login}'`));
  const queue = Number(region.sql(`SELECT id FROM queue WHERE center_id = ${center} AND code = 'consult'`));
  const thing = { center_id: center, queue_id: queue, calls: [], recordings: [], words: [], user_id: user('a1001') };
  for (const [i, login] of ['a1001', 'a1002'].entries()) {
    const t = Date.now() - 600000 + i * 60000 + n * 1000;
    const number = `139${n}77${n}${i}000${n}`.slice(0, 11);
    const call = journal.begin(center, t, { caller_no: number, called_no: '12366' });
    const visit = journal.enter(call, t + 1000, queue);
    journal.leave(call, visit, t + 3000, 'answered');
    const talk = journal.talk(call, queue, user(login), t + 3000, t + 20000);
    const recording = uuid7(t + 3000);
    journal.fact(center, t + 3000, 'recording_begin', { recording_id: recording, call_id: call.id, talk_id: talk, user_id: user(login), path: `${code}/none.wav`, t_start_ms: t + 3000, left: 'caller', right: 'agent' });
    journal.fact(center, t + 20000, 'recording_end', { recording_id: recording, call_id: call.id, length_ms: 17000, size: 1, sha256: 'x', error: '' });
    journal.end(call, t + 20000, 'answered', { user_id: user(login), talk_ms: 17000, wait_ms: 2000, t_ans_ms: t + 3000 });
    thing.calls.push(call.id);
    thing.recordings.push(recording);
    thing.words.push(call.id, recording, number, `${number.slice(0, 3)}****${number.slice(7)}`);
  }
  region.sql(`SELECT ingest_facts($f$${JSON.stringify(journal.sorted())}$f$::jsonb)`);
  const agent = await Person.signIn(region, code, 'a1001');
  const [category] = (await agent.get('/dictionaries')).categories;
  const title = `秘密事项${code}`;
  const record = await agent.post('/records', { id: randomUUID(), call_id: thing.calls[0], caller_no: '13800009999', caller_name: `某人${code}`, caller_city: '450100', problem_city: '450100',
    category: category.code, title, content: `内容${code}`, answer: '已答', method: 'direct', urgency: 'normal', same_day: true });
  await agent.put(`/drafts/${thing.calls[0]}`, { document: { title: `草稿${code}` } });
  Object.assign(thing, { record_id: record.id, flow_id: Number(region.sql(`SELECT id FROM flow WHERE center_id = ${center} AND code = 'main'`)), trunk_id: 1 });
  thing.words.push(record.id, record.record_no, title, `某人${code}`, `内容${code}`, `草稿${code}`);
  things[code] = thing;
}

before(async () => {
  region = await Region.start();
  let n = 0;
  for (const code of Object.keys(CENTERS)) await fill(code, ++n);
  api = (await new Person(region).raw('GET', '/openapi.json')).body;
});
after(() => region?.stop());

// --- every route -----------------------------------------------------------------------------------

// The reports' days.
const today = () => { const day = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10); return `from=${day}&to=${day}`; };
const METHODS = ['get', 'post', 'put', 'delete'];
function* routes() {
  for (const [path, methods] of Object.entries(api.paths))
    for (const method of METHODS)
      if (methods[method] && path.startsWith('/api/v1/')) yield { path: path.slice(7), method: method.toUpperCase(), ...methods[method] };
}

// The smallest body the description allows.
function sample(schema) {
  if (!schema) return undefined;
  if (schema.enum) return schema.enum[0];
  if (schema.format === 'uuid') return randomUUID();
  if (schema.type === 'string') return 'x'.repeat(schema.minLength ?? 1);
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(schema.minimum ?? 1, 1);
  if (schema.type === 'boolean') return true;
  if (schema.type === 'object' && schema.properties)
    return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties[name])]));
  return {};
}

// The id of the other center that fits a parameter of a path.
function idFor(path, name, thing) {
  if (name === 'call_id' || path.startsWith('/calls/')) return thing.calls[0];
  if (path.startsWith('/recordings/')) return thing.recordings[0];
  if (path.startsWith('/records/')) return thing.record_id;
  if (name === 'user_id' || path.startsWith('/settings/users/')) return thing.user_id;
  if (path.startsWith('/settings/queues/')) return thing.queue_id;
  if (path.startsWith('/settings/flows/')) return thing.flow_id;
  if (path.startsWith('/settings/centers/')) return thing.center_id;
  if (path.startsWith('/settings/trunks/')) return thing.trunk_id;
  if (name === 'code') return 'greeting';
  if (name === 'number') return thing.words[2];
  throw new Error(`the test knows no id for ${name} of ${path}: say what another center's would be`);
}

async function ask(person, route, path) {
  const schema = route.requestBody?.content?.['application/json']?.schema;
  const headers = (route.parameters ?? []).some((p) => p.name === 'If-Match') ? { 'if-match': '"1"' } : {};
  return person.raw(route.method, path, schema ? sample(schema) : undefined, headers);
}

function assertSilent(answer, thing, what, echoed = '') {
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  for (const word of thing.words)
    if (word !== echoed) assert.ok(!text.includes(word), `${what} tells ${word}: ${text.slice(0, 400)}`);
}

// No row of another center anywhere in a document.
function assertOwn(value, centers, what) {
  if (Array.isArray(value)) value.forEach((v) => assertOwn(v, centers, what));
  else if (value && typeof value === 'object') {
    if (Number.isInteger(value.center_id)) assert.ok(centers.includes(value.center_id), `${what}: a row of center ${value.center_id}: ${JSON.stringify(value).slice(0, 300)}`);
    Object.values(value).forEach((v) => assertOwn(v, centers, what));
  }
}

// Audit rows of refusals: user and path.
const refusals = () => new Set(region.sql("SELECT user_id || ' ' || detail FROM audit_log WHERE action = 'refused'").split('\n'));

for (const [city, other] of [['liuzhou', 'nanning'], ['nanning', 'guangxi']])
  for (const login of ['a1001', 'leader', 'admin'])
    test(`${login} of ${city}, with every id of ${other}: refused, silent, and written down`, async () => {
      const person = await Person.signIn(region, city, login);
      const thing = things[other];
      const tried = [];
      for (const route of routes()) {
        const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
        const byCenter = (route.parameters ?? []).some((p) => p.in === 'query' && p.name === 'center_id');
        if (!names.length && !byCenter) continue;
        if (names.includes('code') && !byCenter) continue;
        let path = route.path;
        for (const name of names) path = path.replace(`{${name}}`, idFor(route.path, name, thing));
        const what = `${route.method} ${path} as ${login}@${city}`;
        const answer = await ask(person, route, path + (byCenter ? `?center_id=${thing.center_id}${route.path.startsWith('/reports') ? `&${today()}` : ''}` : ''));
        assertSilent(answer, thing, what, names.includes('number') ? thing.words[2] : '');
        if (names.includes('number')) { // a number is nobody's: what is known of it is
          if (answer.status === 200) assert.deepEqual([answer.body.calls, answer.body.records], [[], []], what);
          else assert.equal(answer.status, 403, what);
          continue;
        }
        // An agent's own call only: any other id is stale. A draft is the writer's, whatever the call.
        if (/^\/agent\/calls\//.test(path) && answer.status === 409) { assert.equal(answer.body.code, 'call.stale'); continue; }
        if (/^\/drafts\//.test(path) && [204, 404].includes(answer.status)) continue;
        assert.ok([403, 404].includes(answer.status), `${what}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
        tried.push({ what, key: `${person.me.user.id} ${path.startsWith('/api') ? path : `/api/v1${path}`}` });
      }
      assert.ok(tried.length > 15, `${tried.length} routes`);
      await until('all refusals in the audit log', () => {
        const seen = refusals();
        const missing = tried.filter((t) => !seen.has(t.key)).map((t) => t.what);
        if (missing.length) throw new Error(`not audited:\n${missing.join('\n')}`);
        return true;
      }, 10000, 200);
    });

test('nothing of the others was changed by it', () => {
  for (const code of ['nanning', 'guangxi']) {
    assert.equal(region.sql(`SELECT title FROM record WHERE center_id = ${CENTERS[code]}`), `秘密事项${code}`);
    assert.equal(region.sql(`SELECT enabled FROM app_user WHERE id = ${things[code].user_id}`), 't');
    assert.equal(region.sql(`SELECT count(*) FROM draft WHERE center_id = ${CENTERS[code]}`), '1');
  }
});

test('lists, searches, reports, exports, settings, dictionaries and the wall of a city show rows of this city only', async () => {
  for (const login of ['a1001', 'leader', 'admin']) {
    const person = await Person.signIn(region, 'liuzhou', login);
    for (const route of routes()) {
      if (route.method !== 'GET' || route.path.includes('{') || ['/events', '/openapi.json', '/centers/public'].includes(route.path)) continue;
      const queries = route.path.startsWith('/reports/') ? [`?${today()}`, `?${today()}&by=queue&source=facts`]
        : ['', ...(['/calls', '/records'].includes(route.path) ? [`?caller_no=${things.nanning.words[2]}`, '?limit=200', `?caller_no=${things.nanning.words[2].slice(0, 4)}`] : [])];
      for (const query of queries) {
        const answer = await person.raw('GET', route.path + query);
        const what = `GET ${route.path}${query} as ${login}`;
        assert.ok([200, 403].includes(answer.status), `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
        if (route.path !== '/audit') { // where one's own search words stand
          assertSilent(answer, things.nanning, what);
          assertSilent(answer, things.guangxi, what);
        }
        if (answer.status === 200 && typeof answer.body === 'object' && route.path !== '/me') assertOwn(answer.body, [CENTERS.liuzhou], what);
      }
    }
  }
  const leader = await Person.signIn(region, 'liuzhou', 'leader');
  assert.equal((await leader.get('/calls')).items.length, 2, 'but its own');
  const report = await leader.get(`/reports/voice_service?${today()}`);
  assert.equal(report.total.ans, 2);
  const csv = (await leader.raw('GET', `/reports/voice_service.csv?${today()}`)).body;
  assert.ok(!csv.includes('南宁') && !csv.includes('广西'), csv);
});

test('events of a city tell nothing of another', async () => {
  const listeners = await Promise.all(['leader', 'a1002', 'admin'].map(async (login) => (await Person.signIn(region, 'liuzhou', login)).listen()));
  const own = await (await Person.signIn(region, 'nanning', 'leader')).listen();
  const agent = await Person.signIn(region, 'nanning', 'a1002');
  await agent.post('/agent/sign-in', { line: 'browser' });
  await own.waitFor('seat', (s) => s.agent_no === '1002');
  await agent.post('/agent/sign-out');
  await own.waitFor('seat', (s) => s.agent_no === '1002' && s.state === 'signed_out');
  for (const person of listeners) {
    for (const event of person.events) assertOwn(event.data, [CENTERS.liuzhou], `event ${event.event}`);
    await person.close();
  }
  await own.close();
});

test('the region sees all centers, and an agent sees his own calls only', async () => {
  const supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  const all = (await supervisor.get('/calls?limit=200')).items.map((c) => c.call_id);
  for (const code of Object.keys(CENTERS)) for (const call of things[code].calls) assert.ok(all.includes(call));
  const agent = await Person.signIn(region, 'nanning', 'a1001');
  assert.deepEqual((await agent.get('/calls')).items.map((c) => c.call_id), [things.nanning.calls[0]]);
  assert.equal((await agent.raw('GET', `/calls/${things.nanning.calls[1]}`)).status, 404, 'a colleague\'s');
});

// --- rights that change (CC-35) --------------------------------------------------------------------

const saved = async (admin, login, change) => {
  const { id } = (await admin.get('/settings/users')).items.find((u) => u.login === login);
  const user = await admin.get(`/settings/users/${id}`);
  const answer = await admin.raw('PUT', `/settings/users/${id}`, change, { 'if-match': `"${user.version}"` });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
};

test('a role given or taken acts at once on an open session; its event stream comes back with the new rights', async () => {
  const admin = await Person.signIn(region, 'liuzhou', 'admin');
  const person = await Person.signIn(region, 'liuzhou', 'a1003');
  await person.listen();
  assert.equal((await person.raw('GET', '/monitor/wall')).status, 403);
  const began = Date.now();
  await saved(admin, 'a1003', { roles: ['leader'] });
  await until('the wall is open', async () => (await person.raw('GET', '/monitor/wall')).status === 200);
  await person.reading; // closed, so that the page asks anew
  await person.listen();
  await saved(admin, 'a1003', { roles: ['agent'] });
  await until('the wall is closed', async () => (await person.raw('GET', '/monitor/wall')).status === 403);
  console.log(`# role given and taken within ${Date.now() - began} ms`);
  assert.ok(Date.now() - began < 60000);
  await person.close();
});

test('nobody gives himself or others more than he has', async () => {
  const admin = await Person.signIn(region, 'liuzhou', 'admin');
  const { id } = (await admin.get('/settings/users')).items.find((u) => u.login === 'a1003');
  const { version } = await admin.get(`/settings/users/${id}`);
  const answer = await admin.raw('PUT', `/settings/users/${id}`, { roles: ['region_admin'] }, { 'if-match': `"${version}"` });
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  assert.equal(region.sql(`SELECT string_agg(role_code, ',') FROM user_role WHERE user_id = ${id}`), 'agent');
});

test('somebody disabled is out at once, with his event stream', async () => {
  const admin = await Person.signIn(region, 'liuzhou', 'admin');
  const person = await Person.signIn(region, 'liuzhou', 'a1003');
  await person.listen();
  await saved(admin, 'a1003', { enabled: false });
  await until('out', async () => (await person.raw('GET', '/me')).status === 401);
  await person.reading;
  assert.equal((await new Person(region).raw('POST', '/sessions', { center: 'liuzhou', login: 'a1003', password: 'Hotline-12366' })).status, 401);
  await saved(admin, 'a1003', { enabled: true });
});

test('a role with scope team shows the calls, records and recordings of one\'s team', async () => {
  const leader = await Person.signIn(region, 'liuzhou', 'leader'); // team 一组, with a1001; a1002 is in 二组
  assert.equal((await leader.get('/calls')).items.length, 2);
  region.sql(`INSERT INTO role (code, name) VALUES ('team_lead', '组长');
    INSERT INTO role_permission (role_code, permission, scope) VALUES ('team_lead', 'call.read', 'team'), ('team_lead', 'record.read', 'team'), ('team_lead', 'recording.play', 'team'), ('team_lead', 'monitor.read', 'team');
    DELETE FROM user_role WHERE user_id = ${leader.me.user.id};
    INSERT INTO user_role (user_id, role_code, center_id) VALUES (${leader.me.user.id}, 'team_lead', 3)`);
  await until('the new rights', async () => (await leader.get('/me')).permissions['call.read'] === 'team' && (await leader.raw('GET', '/settings/users')).status === 403);
  const { liuzhou } = things;
  assert.deepEqual((await leader.get('/calls')).items.map((c) => c.call_id), [liuzhou.calls[0]]);
  assert.equal((await leader.raw('GET', `/calls/${liuzhou.calls[0]}`)).status, 200);
  assert.equal((await leader.raw('GET', `/calls/${liuzhou.calls[1]}`)).status, 404);
  assert.equal((await leader.raw('GET', `/recordings/${liuzhou.recordings[1]}/audio`)).status, 404);
  assert.equal((await leader.get('/records')).items.length, 1);
  assert.equal((await leader.raw('GET', '/monitor/wall')).status, 403, 'the wall is for a whole center');
});

// --- one center gone (DATA-05) ---------------------------------------------------------------------

test('deleting one center\'s calls and records leaves the others\' row counts unchanged', () => {
  const tables = ['call', 'talk', 'recording', 'queue_visit', 'record'];
  const counts = () => tables.map((t) => region.sql(`SELECT string_agg(center_id || ':' || n, ' ' ORDER BY center_id) FROM (SELECT center_id, count(*) AS n FROM ${t} WHERE center_id <> 3 GROUP BY 1) AS x`));
  const before = counts();
  region.sql(tables.toReversed().map((t) => `DELETE FROM ${t} WHERE center_id = 3`).join(';'));
  assert.deepEqual(counts(), before);
  assert.equal(region.sql('SELECT count(*) FROM call WHERE center_id = 3'), '0');
});
