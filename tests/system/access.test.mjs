// Who may see what (GEN-04, CC-35, DATA-05): every route of the description, as people of two cities, with the
// ids of things of other centers; and rights that change while a page is open.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent } from './lib/agent.mjs';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { CENTERS, assertOwn, assertSilent, attempts, fill, routes, today } from './lib/walk.mjs';

let region, api;
const things = {}; // by center: ids of what is there, and words nobody else may read

before(async () => {
  region = await Region.start();
  for (const [i, code] of Object.keys(CENTERS).entries()) things[code] = await fill(region, code, i + 1);
  api = (await new Person(region).raw('GET', '/openapi.json')).body;
});
after(() => region?.stop());

// --- every route -----------------------------------------------------------------------------------

// Audit rows of refusals: user and path.
const refusals = () => new Set(region.sql("SELECT user_id || ' ' || detail FROM audit_log WHERE action = 'refused'").split('\n'));

// Every route with an id of the other center in it: refused, silent, and written down.
async function walk(person, who, thing) {
  const tried = [];
  for await (const { what, path, answer, told } of attempts(person, api, thing)) {
    assert.equal(told, undefined, `${what} as ${who}`);
    if ([403, 404].includes(answer.status) && !/^\/(drafts|callers)\//.test(path)) tried.push({ what, key: `${person.me.user.id} /api/v1${path}` });
  }
  assert.ok(tried.length > 15, `${tried.length} routes`);
  await until('all refusals in the audit log', () => {
    const seen = refusals();
    const missing = tried.filter((t) => !seen.has(t.key)).map((t) => t.what);
    if (missing.length) throw new Error(`not audited:\n${missing.join('\n')}`);
    return true;
  }, 10000, 200);
}

for (const [city, other] of [['liuzhou', 'nanning'], ['nanning', 'guangxi']])
  for (const login of ['a1001', 'leader', 'admin'])
    test(`${login} of ${city}, with every id of ${other}: refused, silent, and written down`, async () => {
      await walk(await Person.signIn(region, city, login), `${login}@${city}`, things[other]);
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
    for (const route of routes(api)) {
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
        if (answer.status === 200 && typeof answer.body === 'object' && !['/me', '/agent/centers'].includes(route.path)) assertOwn(answer.body, [CENTERS.liuzhou], what); // where calls may go: names and counts
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

// --- a call that is really there ---------------------------------------------------------------------

// What is not JSON: recordings and workbooks.
const bytes = async (person, path) => {
  const response = await fetch(`${region.base}/api/v1${path}`, { headers: { cookie: person.cookie } });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
};
const sheets = (workbook) => {
  const path = join(region.dir, 'access.xlsx');
  writeFileSync(path, workbook);
  return execFileSync('unzip', ['-p', path], { encoding: 'utf8' });
};

test('a call of Nanning, from the ring to the recording: Liuzhou hears, sees and stops nothing, the region sees it under Nanning', async () => {
  const FROM = '13877100001';
  const agentName = region.sql("SELECT name FROM app_user WHERE center_id = 2 AND login = 'a1001'");
  const persons = {};
  for (const login of ['a1002', 'leader', 'admin']) persons[login] = await (await Person.signIn(region, 'liuzhou', login)).listen();
  const supervisor = await (await Person.signIn(region, 'guangxi', 'supervisor')).listen();
  const agent = await Agent.start(region, 'nanning', 'a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '440'] });
  const stranger = await Agent.start(region, 'liuzhou', 'a1001', { ready: true }); // at work, free, and not to be asked
  const caller = Caller.start(region, { from: FROM, to: '07711236601', args: ['--keys', '1', '--tone', '440', '--detect-tone', '1000'] });
  try {
    const { call } = await agent.ring();
    const id = call.call_id;
    const thing = { ...things.nanning, calls: [id], words: [id, id, FROM, '138****0001'] };
    const takeIt = async (verb) => {
      for (const person of [stranger.person, persons.a1002]) {
        const answer = await person.raw('POST', `/agent/calls/${id}/${verb}`);
        assert.equal(answer.status, 409, `${verb}: ${JSON.stringify(answer.body)}`);
        assertSilent(answer, { words: thing.words.filter((w) => w !== id) }, verb);
      }
    };
    const wallsAreSilent = async (when) => {
      for (const [login, person] of Object.entries(persons)) {
        const wall = await person.raw('GET', '/monitor/wall');
        assert.equal(wall.status, login === 'leader' || login === 'admin' ? 200 : 403, login);
        assertSilent(wall, thing, `the wall of ${login} ${when}`);
        if (wall.status === 200) assert.deepEqual(wall.body.centers.map((c) => c.center_id), [CENTERS.liuzhou]);
      }
    };
    for (const verb of ['answer', 'reject', 'hangup']) await takeIt(verb);
    await wallsAreSilent('while it rings');
    assert.equal(agent.document.state, 'ring', 'nobody has touched it');
    await agent.answer(id);
    await agent.waitState('talk');
    await caller.waitFor('tone');
    await agent.line.waitFor('tone'); // both sides are in the recording
    await takeIt('hangup');
    await wallsAreSilent('during the talk');
    const seat = await supervisor.waitFor('seat', (s) => s.center_id === 2 && s.agent_no === '1001' && s.state === 'talk');
    assert.match(seat.data.name, new RegExp(agentName));
    const wall = await supervisor.get('/monitor/wall');
    assert.equal(wall.centers.find((c) => c.center_id === 2).seats.find((s) => s.agent_no === '1001').state, 'talk');
    const [category] = (await agent.person.get('/dictionaries')).categories;
    const record = await agent.person.post('/records', { id: randomUUID(), call_id: id, caller_no: FROM, caller_name: '黄某真', caller_city: '450100', problem_city: '450100',
      category: category.code, title: '真来电事项', content: '真来电内容', answer: '已答', method: 'direct', urgency: 'normal', same_day: true });
    await agent.person.put(`/drafts/${id}`, { document: { title: '真来电草稿' } });
    assert.equal(agent.document.state, 'talk', 'nobody has touched it');
    await caller.hangUp();
    await agent.waitState('acw');
    const own = await Person.signIn(region, 'nanning', 'leader');
    const detail = await until('the recording', async () => {
      const call = await own.get(`/calls/${id}`);
      return call.record_no && call.recordings[0]?.state === 'closed' && call;
    });
    const { recording_id, sha256 } = detail.recordings[0];
    const sound = await bytes(own, `/recordings/${recording_id}/audio`);
    assert.deepEqual([sound.status, sound.body.subarray(0, 4).toString()], [200, 'RIFF'], 'there is something to hear');
    assert.equal((await own.get(`/recordings/${recording_id}/waveform`)).left.length, 600);
    Object.assign(thing, { recordings: [recording_id], record_id: record.id });
    thing.words.push(recording_id, sha256, record.id, record.record_no, agentName, '黄某真', '真来电事项', '真来电内容', '真来电草稿');

    // every route with its ids, then whatever shows lists
    for (const [login, person] of [['a1001', stranger.person], ...Object.entries(persons)]) {
      await walk(person, `${login}@liuzhou`, thing);
      for (const query of ['', `?caller_no=${FROM}`, '?agent_no=1001', `?queue_id=${thing.queue_id}`, '?limit=200'])
        assertSilent(await person.raw('GET', `/calls${query}`), thing, `GET /calls${query} as ${login}`);
      for (const query of ['', `?caller_no=${FROM}`, `?category=${category.code}`])
        assertSilent(await person.raw('GET', `/records${query}`), thing, `GET /records${query} as ${login}`);
      assertSilent(await person.raw('GET', `/callers/${FROM}/history?call_id=${id}`), { words: thing.words.filter((w) => ![FROM, '138****0001'].includes(w)) }, `history as ${login}`);
      for (const query of ['', '&by=queue', '&by=queue&source=facts', `&queue_id=${thing.queue_id}`]) {
        const path = `/reports/voice_service.xlsx?${today()}${query}`;
        const workbook = await bytes(person, path);
        assert.ok([200, 403, 422].includes(workbook.status), `${path} as ${login}: ${workbook.status}`);
        if (workbook.status === 200) assert.doesNotMatch(sheets(workbook.body), /南宁|广西/, `${path} as ${login}`);
      }
      for (const side of ['both', 'left', 'right']) {
        const stolen = await bytes(person, `/recordings/${recording_id}/audio?side=${side}`);
        assert.ok([403, 404].includes(stolen.status) && !stolen.body.includes('RIFF'), `${login} ${side}: ${stolen.status}`);
      }
    }
    const total = async (person, query = '') => (await person.get(`/reports/voice_service?${today()}${query}`)).total;
    assert.equal((await total(persons.leader)).in, 2, 'its own two, as before');
    assert.equal((await total(persons.leader, `&queue_id=${thing.queue_id}`)).in ?? 0, 0, "another center's queue counts nothing");
    for (const [login, person] of Object.entries(persons)) {
      for (const event of person.events) {
        assertOwn(event.data, [CENTERS.liuzhou], `event ${event.event} of ${login}`);
        assertSilent({ body: event.data }, thing, `event ${event.event} of ${login}`);
      }
    }
    assert.ok(!stranger.person.events.some((e) => JSON.stringify(e.data).includes(id)), 'his page never rang');

    // the region sees it, under Nanning
    const seen = (await supervisor.get('/calls?limit=200')).items.find((c) => c.call_id === id);
    assert.deepEqual([seen.center_id, seen.agent_name, seen.record_no], [2, agentName, record.record_no]);
    assert.match(seen.center_name, /南宁/);
    assert.equal((await supervisor.get(`/records/${record.id}`)).center_id, 2);
    assert.equal((await bytes(supervisor, `/recordings/${recording_id}/audio`)).status, 200);
    assert.match(sheets((await bytes(supervisor, `/reports/voice_service.xlsx?${today()}&by=center`)).body), /南宁/);
    assert.equal(region.sql(`SELECT title FROM record WHERE id = '${record.id}'`), '真来电事项', 'unchanged');
    assert.equal((await agent.person.get(`/drafts/${id}`)).document.title, '真来电草稿', "its writer's still");
  } finally {
    caller.kill();
    await agent.close();
    await stranger.close();
    for (const person of [supervisor, ...Object.values(persons)]) await person.close();
  }
});

test('an id of another center inside a body is refused as well, and nothing is tied to it', async () => {
  const admin = await Person.signIn(region, 'liuzhou', 'admin');
  const agent = await Person.signIn(region, 'liuzhou', 'a1002');
  const { nanning, liuzhou } = things;
  const one = (sql) => Number(region.sql(sql));
  const theirs = {
    team: one('SELECT min(id) FROM team WHERE center_id = 2'), group: one('SELECT min(id) FROM skill_group WHERE center_id = 2'),
    reason: one("SELECT min(id) FROM reason WHERE center_id = 2 AND NOT system"), type: one('SELECT coalesce(min(id), 0) FROM problem_type WHERE center_id = 2'),
  };
  // why: the field of a 422, or other statuses
  const refused = (answer, what, why) => {
    if (typeof why === 'string') assert.deepEqual([answer.status, Object.keys(answer.body.errors ?? {})], [422, [why]], `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
    else assert.ok(why.includes(answer.status), `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
    assertSilent(answer, nanning, what);
    assert.doesNotMatch(JSON.stringify(answer.body), /南宁|nanning/, what);
  };
  const user = await admin.get(`/settings/users/${liuzhou.user_id}`);
  const queue = (await admin.get('/settings/queues')).items.find((q) => q.id === liuzhou.queue_id);
  const match = (version) => ({ 'if-match': `"${version}"` });
  const members = () => region.sql('SELECT count(*) FROM queue_member m JOIN app_user u ON u.id = m.user_id JOIN queue q ON q.id = m.queue_id WHERE u.center_id <> q.center_id');
  refused(await admin.raw('PUT', `/settings/users/${user.id}`, { team_id: theirs.team }, match(user.version)), 'a team', 'team_id');
  refused(await admin.raw('POST', '/settings/users', { login: 'fremd', name: '新人', password: 'Ganz-Neu-2026', roles: ['agent'], center_id: 2 }), 'a new user there', [403]);
  refused(await admin.raw('POST', '/settings/users', { login: 'fremd', name: '新人', password: 'Ganz-Neu-2026', roles: ['agent'], team_id: theirs.team }), 'a new user in a team there', 'team_id');
  refused(await admin.raw('PUT', `/settings/queues/${queue.id}`, { overflow_queue_id: nanning.queue_id }, match(queue.version)), 'an overflow queue', 'overflow_queue_id');
  refused(await admin.raw('PUT', `/settings/queues/${queue.id}`, { skill_group_id: theirs.group }, match(queue.version)), 'a skill group', 'skill_group_id');
  refused(await admin.raw('POST', '/settings/queues', { code: 'neu', name: '新队列', center_id: 2 }), 'a new queue there', [403]);
  refused(await admin.raw('PUT', `/settings/queues/${queue.id}/members/${nanning.user_id}`, { weight: 50 }), 'a member', [404, 422]);
  const member = async (id) => {
    const { status, body } = await admin.raw('PUT', `/settings/queues/${queue.id}/members/${id}`, { weight: 50 });
    return [status, JSON.stringify(body).replaceAll(String(id), 'ID')];
  };
  const nobody = await member(999999);
  for (const id of [nanning.user_id, one("SELECT id FROM app_user WHERE center_id = 2 AND login = 'leader'")])
    assert.deepEqual(await member(id), nobody, 'the answer does not say that there is such a person');
  refused(await admin.raw('DELETE', `/settings/queues/${queue.id}/members/${nanning.user_id}`), 'a member taken out', [404]);
  assert.equal(members(), '0');

  const body = { id: randomUUID(), caller_no: '13800001111', caller_name: '某', caller_city: '450200', problem_city: '450200', category: (await agent.get('/dictionaries')).categories[0].code,
    title: '试', content: '试', answer: '', method: 'direct', urgency: 'normal', same_day: true };
  refused(await agent.raw('POST', '/records', { ...body, call_id: nanning.calls[0] }), 'a record of their call', 'call_id');
  if (theirs.type) refused(await agent.raw('POST', '/records', { ...body, problem_type_id: theirs.type }), 'their problem type', 'problem_type_id');
  refused(await agent.raw('POST', '/records', { ...body, id: nanning.record_id }), "their record's id again", [404, 409, 422]);
  assert.equal(region.sql(`SELECT count(*) FROM record WHERE id = '${body.id}'`), '0');
  assert.equal(region.sql(`SELECT title FROM record WHERE id = '${nanning.record_id}'`), '秘密事项nanning');
  await agent.post('/agent/sign-in', { line: 'browser' });
  refused(await agent.raw('PUT', '/agent/state', { state: 'busy', reason_id: theirs.reason }), 'their reason', [422]);
  await agent.post('/agent/sign-out');

  const note = await agent.raw('PUT', `/agent/calls/${nanning.calls[0]}/wrap-up`, { code: '', note: '别人的' });
  assert.equal(note.status, 409);
  assert.equal(region.sql(`SELECT count(*) FROM call WHERE wrap_up_note = '别人的'`), '0');
  const trail = await admin.get(`/audit?user_id=${nanning.user_id}`);
  assert.deepEqual(trail.items, [], 'what people of other centers did is not for this one');
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
  await person.cut(); // closed, so that the page asks anew
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
  await person.cut();
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
  const tables = ['call', 'talk', 'recording', 'queue_visit', 'record', 'ticket', 'ticket_hop'];
  const counts = () => tables.map((t) => region.sql(`SELECT string_agg(center_id || ':' || n, ' ' ORDER BY center_id) FROM (SELECT center_id, count(*) AS n FROM ${t} WHERE center_id <> 3 GROUP BY 1) AS x`));
  const before = counts();
  region.sql(tables.toReversed().map((t) => `DELETE FROM ${t} WHERE center_id = 3`).join(';'));
  assert.deepEqual(counts(), before);
  assert.equal(region.sql('SELECT count(*) FROM call WHERE center_id = 3'), '0');
});
