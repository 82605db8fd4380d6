// Callers in flows on the real daemon: back to the menu by the agent, a number typed while he waits, and the
// survey after a talk, from the setting to the call's detail.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Region, until } from './lib/region.mjs';
import { Office, answer, callOf, finish, rings } from './lib/office.mjs';

// A certificate authority of the operator's: what the daemon trusts besides it is nothing.
const keys = mkdtempSync(join(tmpdir(), 'hl-keys-'));
const openssl = (...args) => execFileSync('openssl', args, { cwd: keys, stdio: ['ignore', 'ignore', 'pipe'] });
function authority(name) {
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '30', '-subj', `/CN=${name}`);
}
// signed by one of them for these names ("DNS:localhost,IP:127.0.0.1"); days: -1 = over since yesterday
function certificate(name, by, names, days = 30) {
  writeFileSync(join(keys, `${name}.ext`), `subjectAltName=${names}\n`);
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-out', `${name}.pem`, '-days', String(days), '-extfile', `${name}.ext`);
  return { key: readFileSync(join(keys, `${name}.key`)), cert: readFileSync(join(keys, `${name}.pem`)) };
}
class Trusting extends Region {
  daemonEnv() { return { ...super.daemonEnv(), SSL_CERT_FILE: join(keys, 'ours.pem'), SSL_CERT_DIR: '/nonexistent' }; }
}

let region;
before(async () => {
  authority('ours');
  authority('theirs');
  region = await Trusting.start({ env: { QUERY_HOSTS: '127.0.0.1 localhost' } });
  region.sql('UPDATE center SET announce_agent_no = false'); // nothing here is about that, and it takes five seconds
});
after(async () => {
  await region?.stop();
  rmSync(keys, { recursive: true, force: true });
});

const inCity = (code, body) => async () => {
  const office = await Office.open(region, code);
  try { await body(office); } finally { await office.close(); }
};
const match = (version) => ({ 'if-match': `"${version}"` });
const post = (agent, path, body) => agent.person.post(`/agent/calls/${callOf(agent)}${path}`, body);
const tried = (agent, path, body) => agent.person.raw('POST', `/agent/calls/${callOf(agent)}${path}`, body);

// A second small flow of the city, which asks for a number.
async function numberFlow(office) {
  const document = { entry: 'ask', nodes: {
    ask: { type: 'collect', name: '身份验证号', prompt: 'beep', variable: 'taxpayer_no', min: 3, max: 8, timeout_ms: 8000, next: 'end', failed: 'end' },
    end: { type: 'hangup', reason: 'done' } } };
  await office.changed(() => region.sql(`WITH f AS (INSERT INTO flow (center_id, code, name, published_version) VALUES (${office.id}, 'number', '输入号码', 1) RETURNING id)
    INSERT INTO flow_version (flow_id, version, center_id, document) SELECT id, 1, ${office.id}, '${JSON.stringify(document)}' FROM f`));
}

// Both talk: the agent's number has been said.
async function talking(agent, caller) {
  await answer(agent);
  await until('the number was said', async () => (await tried(agent, '/flow/end')).status === 409 && (await tried(agent, '/flow', { mode: 'release', flow: 'nothing' })).status === 422);
}
// One key after the other, each when the one before was heard.
async function type(agent, caller, keys) {
  const heard = async () => (await agent.person.get('/agent')).call.ivr_path.length;
  for (const key of keys) {
    const before = await heard();
    caller.say(`key ${key}`);
    await until(`key ${key}`, async () => await heard() > before);
  }
}

const setting = (office) => office.admin.get('/settings/survey');
async function survey(office, fields) {
  const { version, queues, center_id, ...now } = await setting(office);
  return office.changed(() => office.admin.put('/settings/survey', { ...now, prompt: 'beep', thanks_prompt: '', enabled: true, ...fields }, match(version)));
}

test('CC-15 a caller is sent back to the main menu: he chooses again, the agent sums up, and it is written who sent him where', inCity('nanning', async (office) => {
  const agent = await office.agent('a1001');
  const caller = office.call('1');
  await rings([agent], caller);
  await talking(agent, caller);
  const { items } = await agent.person.get(`/agent/calls/${callOf(agent)}/flows`);
  assert.deepEqual(items[0], { flow: '', node: '', name: '主菜单' });
  assert.ok(!items.some((i) => i.node === 'pick' || i.flow === 'main'), 'which is named once');
  assert.ok(items.some((i) => i.flow === 'transfer' && i.node === ''), 'and the other flows of the city');
  for (const [body, field] of [[{ mode: 'release', flow: 'nothing' }, 'flow'], [{ mode: 'release', node: 'nowhere' }, 'node'], [{ mode: 'dance' }, 'mode']]) {
    const { status, body: said } = await tried(agent, '/flow', body);
    assert.deepEqual([status, Object.keys(said.errors)], [422, [field]]);
  }
  assert.equal(agent.document.state, 'talk');
  const call_id = callOf(agent);
  await post(agent, '/flow', { mode: 'release' });
  await until('he sums up', () => agent.document.state === 'acw');
  assert.equal((await agent.person.raw('POST', `/agent/calls/${call_id}/flow`, { mode: 'release' })).status, 409);
  await agent.done();
  await until('free', () => agent.document.state === 'ready');
  caller.say('key 2');
  await rings([agent], caller);
  assert.equal(agent.document.call.queue_name, '投诉');
  await answer(agent);
  await finish(agent, caller);
  const call = await office.detail(caller, (c) => c.t_end && c.talks.length === 2 && c.talks.every((t) => t.t_rel));
  assert.deepEqual(call.ivr_transfers.map((x) => [x.agent_no, x.mode, x.target, x.result]), [['1001', 'release', '主菜单', 'queue']]);
  assert.deepEqual(call.ivr_path.map((k) => k.key), ['1', '2']);
  assert.deepEqual([call.outcome, ...call.talks.map((t) => t.kind)], ['answered', 'inbound', 'inbound']);
  assert.equal(region.sql(`SELECT count(*) FROM ivr_transfer WHERE center_id = ${office.id} AND call_id = '${call.call_id}'`), '1');
  await until('audited', () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'call.to_flow' AND object_id = '${call.call_id}'`) === '1');
}));

test('CC-15 a caller types a number in a flow while the agent waits, and the digits are on the agent\'s page', inCity('liuzhou', async (office) => {
  await numberFlow(office);
  const agent = await office.agent('a1001');
  const caller = office.call('1');
  await rings([agent], caller);
  await talking(agent, caller);
  await post(agent, '/flow', { mode: 'suspend', flow: 'number' });
  await until('told on the page', () => agent.document.call.flow?.target === 'number');
  assert.equal(agent.document.state, 'talk');
  assert.equal((await tried(agent, '/flow', { mode: 'suspend', flow: 'number' })).body.code, 'flow.open');
  assert.equal((await tried(agent, '/survey')).body.code, 'flow.open');
  await type(agent, caller, '4501#');
  await until('back', () => agent.document.call.flow === null && agent.document.call.variables.taxpayer_no);
  assert.equal(agent.document.call.variables.taxpayer_no, '4501');
  await post(agent, '/flow', { mode: 'suspend', flow: 'number' });
  await post(agent, '/flow/end');
  await until('taken back', () => agent.document.call.flow === null);
  assert.equal((await tried(agent, '/flow/end')).status, 409);
  await finish(agent, caller);
  const call = await office.detail(caller, (c) => c.t_end && c.ivr_transfers.length === 2 && c.ivr_transfers.every((x) => x.t_end));
  assert.deepEqual(call.ivr_transfers.map((x) => [x.mode, x.target, x.result]), [['suspend', 'number', 'agent'], ['suspend', 'number', 'taken_back']]);
  assert.equal(call.talks.length, 1);
}));

test('CC-24 the survey of a city: levels, keys, retries and queues are set; what is wrong is said at its field; another city is untouched', inCity('guilin', async (office) => {
  const first = await setting(office);
  assert.deepEqual([first.enabled, first.version, first.levels.length], [false, 1, 5]);
  const put = (fields, version = first.version) => {
    const { version: _, queues, center_id, ...now } = first;
    return office.admin.raw('PUT', '/settings/survey', { ...now, ...fields }, match(version));
  };
  const three = [{ key: '1', level: 5, name: '满意' }, { key: '2', level: 3, name: '一般' }, { key: '3', level: 1, name: '不满意' }];
  for (const [fields, field] of [[{ levels: three.slice(1) }, 'levels'], [{ levels: three.map((l) => ({ ...l, key: '1' })) }, 'levels'], [{ levels: three.map((l) => ({ ...l, level: 5 })) }, 'levels'],
    [{ levels: three.map((l) => ({ ...l, name: ' ' })) }, 'levels'], [{ levels: three.map((l) => ({ ...l, key: 'A' })) }, 'levels'], [{ retries: 6 }, 'retries'], [{ prompt: 'no_such' }, 'prompt'], [{ queues: 'all' }, 'queues']]) {
    const { status, body } = await put(fields);
    assert.deepEqual([status, Object.keys(body.errors ?? {})], [422, [field]], JSON.stringify([fields, body]));
    assert.match(body.errors[field], /[一-鿿]/);
  }
  assert.equal((await put({ levels: three.slice(0, 2).concat(first.levels.slice(0, 2)) })).status, 422, 'three or five');
  const consult = first.queues.find((q) => q.name === '咨询');
  assert.equal((await put({ enabled: true, levels: three, queues: [consult.id] })).status, 200);
  assert.equal((await put({ enabled: true })).status, 412);
  const now = await setting(office);
  assert.deepEqual([now.enabled, now.version, now.levels, now.queues.filter((q) => q.survey).map((q) => q.id)], [true, 2, three, [consult.id]]);
  assert.equal((await office.leader.raw('PUT', '/settings/survey', now, match(now.version))).status, 403);
  assert.equal((await office.admin.raw('GET', '/settings/survey?center_id=2')).status, 403);
  assert.equal(region.sql('SELECT count(*) FROM survey_setting'), '1');
  await until('audited', () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'survey.update' AND center_id = ${office.id}`) === '1');
}));

test('CC-11 CC-24 QRY-04 the agent has his caller asked; the answer is with call, agent and queue; who says nothing is 未评价', inCity('wuzhou', async (office) => {
  await survey(office, { levels: [{ key: '1', level: 5, name: '满意' }, { key: '2', level: 3, name: '一般' }, { key: '3', level: 1, name: '不满意' }], queues: (await setting(office)).queues.filter((q) => q.name === '咨询').map((q) => q.id) });
  const agent = await office.agent('a1001');
  const talk = async (keys) => {
    const caller = office.call(keys);
    await rings([agent], caller);
    await talking(agent, caller);
    return caller;
  };
  const rated = await talk('1');
  assert.equal(agent.document.call.survey, true);
  await post(agent, '/survey');
  await until('he sums up', () => agent.document.state === 'acw');
  await rated.waitFor('audio');
  rated.say('key 2');
  await rated.waitFor('ended');
  await agent.done();
  const call = await office.detail(rated, (c) => c.t_end && c.surveys.length);
  assert.deepEqual(call.surveys.map((s) => [s.agent_no, s.queue_name, s.level, s.name]), [['1001', '咨询', 3, '一般']]);
  const recordings = async (level) => (await office.leader.get(`/queries/recordings?satisfaction=${level}`)).items.map((r) => [r.call_id, r.satisfaction]);
  assert.deepEqual([await recordings(3), await recordings(5)], [[[call.call_id, '一般']], []]);
  assert.deepEqual([call.outcome, call.end_reason, call.talks[0].released_by], ['answered', 'done', 'agent']);
  const silent = await talk('1');
  await post(agent, '/survey');
  await until('asked', () => agent.document.state === 'acw');
  await silent.hangUp();
  await agent.done();
  assert.deepEqual((await office.detail(silent, (c) => c.t_end && c.surveys.length)).surveys.map((s) => [s.level, s.name]), [[null, '未评价']]);
  for (const [keys, level, name] of [['91', 5, '满意'], ['99', null, '未评价']]) { // asked once more (CC-24), and not again
    const clumsy = await talk('1');
    await post(agent, '/survey');
    await until('asked', () => agent.document.state === 'acw');
    const typed = () => region.sql(`SELECT count(*) FROM ivr_key k JOIN call c USING (call_id) WHERE c.caller_no = '${clumsy.number}' AND k.menu = '满意度调查'`);
    for (const [i, key] of [...keys].entries()) {
      await until('the key before', () => typed() === String(i));
      clumsy.say(`key ${key}`);
    }
    await clumsy.waitFor('ended');
    await agent.done();
    assert.deepEqual((await office.detail(clumsy, (c) => c.t_end && c.surveys.length)).surveys.map((s) => [s.level, s.name]), [[level, name]]);
  }
  const complaint = await talk('2'); // a queue that does not ask
  assert.equal(agent.document.call.survey, false);
  assert.equal((await tried(agent, '/survey')).body.code, 'survey.off');
  await finish(agent, complaint);
  assert.deepEqual((await office.detail(complaint, (c) => c.t_end)).surveys, []);
}));

test('CC-11 CC-24 where the city wants it, whoever stays when the agent has hung up is asked', inCity('beihai', async (office) => {
  await survey(office, { automatic: true });
  const agent = await office.agent('a1001');
  const caller = office.call('1');
  await rings([agent], caller);
  const id = await answer(agent);
  await agent.hangUp(id);
  await until('his talk is over', () => agent.document.state === 'acw');
  caller.say('key 1');
  await caller.waitFor('ended');
  const call = await office.detail(caller, (c) => c.t_end && c.surveys.length);
  assert.deepEqual(call.surveys.map((s) => [s.level, s.name, s.agent_no]), [[5, '非常满意', '1001']]);
  assert.deepEqual(call.ivr_transfers.map((x) => [x.mode, x.target]), [['survey', '满意度调查']]);
}));

// --- a flow asks outside, and wants one agent ---------------------------------------------------

// The tax system: says what it was asked, and what each path is for.
async function taxSystem(body, tls) {
  const asked = [];
  const server = (tls ? createTlsServer : createServer)(tls ?? {}, (request, response) => {
    const chunks = [];
    request.on('data', (c) => chunks.push(c));
    request.on('end', () => {
      asked.push({ method: request.method, url: request.url, key: request.headers['x-api-key'], extra: request.headers['x-extra'], host: request.headers.host, body: Buffer.concat(chunks).toString() });
      const path = request.url.split('?')[0];
      if (path === '/slow') return; // for ever
      if (path === '/gone') { request.socket.destroy(); return; }
      if (path === '/away') { response.writeHead(302, { location: '/debt' }).end(); return; }
      if (path === '/huge') { response.end(JSON.stringify({ data: { debt: 1, more: 'x'.repeat(100000) } })); return; }
      if (path === '/unknown') { response.writeHead(404).end('{}'); return; }
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { debt: 305, names: ['甲'] } }));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try { await body(`http${tls ? 's' : ''}://127.0.0.1:${server.address().port}`, asked); } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}
const END = { type: 'hangup', prompt: 'beep', reason: 'done' };
const queryFlow = (connector) => ({ entry: 'pick', nodes: {
  pick: { type: 'menu', name: '主菜单', prompt: 'beep', timeout_ms: 5000, retries: 2, failed: 'end', keys: { 1: 'ask', 2: 'end' } },
  ask: { type: 'http', name: '查欠税', connector, send: { no: 'caller_no' }, take: { debt: 'data.debt', who: 'data.names.0' }, next: 'yes', failed: 'no', timeout: 'late', not_found: 'nobody' },
  ...Object.fromEntries(['yes', 'no', 'late', 'nobody'].map((name) => [name, { type: 'menu', name, prompt: 'beep', timeout_ms: 5000, retries: 0, failed: 'end', keys: { 9: 'end' } }])), end: END } });

test('IVR-01 IVR-04 a key leads to a query of a system outside: what it answers goes on in the flow; its secret is sent and never shown', inCity('guilin', (office) => taxSystem(async (base, asked) => {
  const { admin } = office;
  const body = { code: 'tax', name: '欠税查询', url: `${base}/debt`, method: 'GET', headers: [{ name: 'X-Extra', value: 'a' }], secret_name: 'X-Api-Key', secret_value: 's3cret-value', timeout_ms: 1000, enabled: true };
  const wrong = async (fields, field) => assert.deepEqual([field], Object.keys((await admin.raw('POST', '/settings/connectors', { ...body, ...fields })).body.errors));
  await wrong({ url: 'ftp://x/' }, 'url');
  await wrong({ url: 'https:///x' }, 'url');
  await wrong({ url: 'https://a:b@x/' }, 'url');
  await wrong({ url: 'https://127.1/' }, 'url');
  await wrong({ method: 'PUT' }, 'method');
  await wrong({ secret_name: 'Host' }, 'secret_name');
  await wrong({ secret_value: 'a\r\nb: c' }, 'secret_value');
  await wrong({ headers: [{ name: 'Bad Name', value: '' }] }, 'headers');
  await wrong({ timeout_ms: 6000 }, 'timeout_ms');
  const { items: flows } = await admin.get('/settings/flows');
  const main = flows.find((f) => f.code === 'main' && f.center_id === office.id);
  const refused = await admin.raw('POST', `/settings/flows/${main.id}/publish`, { document: queryFlow('tax') }, match(main.version));
  assert.equal(refused.status, 422);
  assert.match(refused.body.problems.join(), /节点“ask”：查询接口“tax”没有配置/);
  const { id } = await office.changed(() => admin.post('/settings/connectors', body));
  assert.deepEqual(Object.keys((await admin.raw('POST', '/settings/connectors', body)).body.errors), ['code']);
  const listed = async () => (await admin.get('/settings/connectors')).items.find((c) => c.id === id);
  assert.ok(!JSON.stringify(await listed()).includes('s3cret'), 'a secret is not shown again');
  // Trying it says what came.
  const tried = await admin.post(`/settings/connectors/${id}/try`, { fields: { no: '138 1' } });
  assert.deepEqual([tried.end, tried.status, JSON.parse(tried.body)], ['answered', 200, { data: { debt: 305, names: ['甲'] } }]);
  assert.deepEqual(asked.pop(), { method: 'GET', url: '/debt?no=138%201', key: 's3cret-value', extra: 'a', host: base.slice(7), body: '' });
  const change = async (fields) => office.changed(async () => admin.put(`/settings/connectors/${id}`, fields, match((await listed()).version)));
  const attempt = async (path) => {
    await change({ url: base + path });
    return admin.post(`/settings/connectors/${id}/try`, {});
  };
  assert.equal((await attempt('/slow')).end, 'timeout');
  assert.equal((await attempt('/gone')).end, 'failed');
  assert.equal((await attempt('/huge')).end, 'failed');
  assert.deepEqual([(await attempt('/away')).status, asked.at(-1).url], [302, '/away'], 'and nobody follows');
  const before = asked.length;
  for (const host of ['127.0.0.2', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '10.0.0.1', '169.254.169.254', '192.168.1.1']) {
    await change({ url: `${base.replace('127.0.0.1', host)}/debt` });
    const inside = await admin.post(`/settings/connectors/${id}/try`, {});
    assert.deepEqual([inside.end, /内部网络|找不到/.test(inside.why)], ['failed', true], `${host}: ${inside.why}`);
  }
  assert.equal(asked.length, before, 'and nobody was asked');
  // In a call.
  await office.publish(queryFlow('tax'));
  const comes = async (path, fields, node) => {
    await change({ url: base + path, ...fields });
    const caller = office.call('1');
    await until(`${path} leads to ${node}`, async () => (await office.row(caller)) && region.sql(`SELECT 1 FROM ivr_key k JOIN call c ON c.call_id = k.call_id WHERE c.caller_no = '${caller.number}' AND k.key = '1'`));
    await until(`at ${node}`, async () => region.log.includes(`outcome=${{ yes: 'next', no: 'failed', late: 'timeout', nobody: 'not_found' }[node]}`));
    caller.say('key 9');
    await caller.waitFor('ended');
    const call = await office.detail(caller, (c) => c.t_end);
    assert.deepEqual(call.ivr_path.map((k) => k.menu), ['主菜单', node]);
    return caller;
  };
  const caller = await comes('/debt', { method: 'POST' }, 'yes');
  assert.deepEqual([asked.at(-1).method, JSON.parse(asked.at(-1).body), asked.at(-1).key], ['POST', { no: caller.number }, 's3cret-value']);
  await comes('/unknown', {}, 'nobody');
  await comes('/slow', { timeout_ms: 300 }, 'late');
  await comes('/gone', { timeout_ms: 3000 }, 'no');
  assert.ok(!region.log.includes('s3cret'), 'nor logged');
  await until('all tries audited', () => Number(region.sql("SELECT count(*) FROM audit_log WHERE action = 'connector.try'")) >= 5);
  assert.equal(region.sql("SELECT count(*) FROM audit_log WHERE detail LIKE '%s3cret%'"), '0', 'nor in the audit log');
  // In use.
  const kept = await admin.raw('DELETE', `/settings/connectors/${id}`);
  assert.deepEqual([kept.status, /“主流程”的节点“查欠税”/.test(kept.body.errors.code)], [422, true]);
  const other = await Office.open(region, 'wuzhou', { flow: null });
  try {
    assert.equal((await other.admin.raw('DELETE', `/settings/connectors/${id}`)).status, 404, "another city's");
    assert.equal((await other.admin.raw('POST', `/settings/connectors/${id}/try`, {})).status, 404);
    assert.equal((await office.leader.raw('POST', `/settings/connectors/${id}/try`, {})).status, 403);
  } finally { await other.close(); }
  await change({ enabled: false });
  const now = (await admin.get('/settings/flows')).items.find((f) => f.id === main.id);
  assert.equal((await admin.raw('POST', `/settings/flows/${main.id}/publish`, { document: queryFlow('tax') }, match(now.version))).status, 422, 'switched off');
  await office.publish({ entry: 'end', nodes: { end: END } });
  await admin.call('DELETE', `/settings/connectors/${id}`);
})));

test('IVR-01 an https address is asked when its certificate is good and that of its host, and else not: nothing is sent', inCity('guilin', async (office) => {
  const { admin } = office;
  const { id } = await office.changed(() => admin.post('/settings/connectors', { code: 'safe', name: '安全查询', url: 'https://127.0.0.1/', method: 'POST', secret_name: 'X-Api-Key', secret_value: 's3cret-value', timeout_ms: 3000 }));
  const attempt = async (url) => {
    const { version } = (await admin.get('/settings/connectors')).items.find((c) => c.id === id);
    await office.changed(() => admin.put(`/settings/connectors/${id}`, { url }, match(version)));
    return admin.post(`/settings/connectors/${id}/try`, { fields: { no: '4501' } });
  };
  const both = 'DNS:localhost,IP:127.0.0.1';
  await taxSystem(async (base, asked) => {
    for (const url of [`${base}/debt`, `${base.replace('127.0.0.1', 'localhost')}/debt`]) {
      const answer = await attempt(url);
      assert.deepEqual([answer.end, answer.status, JSON.parse(answer.body).data.debt], ['answered', 200, 305], `${url}: ${answer.why}`);
      assert.deepEqual([asked.at(-1).method, asked.at(-1).body, asked.at(-1).key, asked.at(-1).host], ['POST', '{"no":"4501"}', 's3cret-value', url.slice(8, -5)]);
    }
    assert.equal((await attempt(`${base.replace('https', 'http')}/debt`)).end, 'failed', 'TLS is not spoken to without it');
  }, certificate('good', 'ours', both));
  const bad = { 'of another host': [certificate('other', 'ours', 'DNS:tax.example,IP:127.0.0.9'), '127.0.0.1'], 'of another name': [certificate('named', 'ours', 'DNS:tax.example,IP:127.0.0.1'), 'localhost'],
    'of an authority nobody knows': [certificate('forged', 'theirs', both), '127.0.0.1'], 'that is over': [certificate('old', 'ours', both, -1), '127.0.0.1'] };
  for (const [what, [tls, host]] of Object.entries(bad))
    await taxSystem(async (base, asked) => {
      const answer = await attempt(`${base.replace('127.0.0.1', host)}/debt`);
      assert.deepEqual([answer.end, answer.status, asked.length], ['failed', 0, 0], `a certificate ${what}`);
    }, tls);
  await admin.call('DELETE', `/settings/connectors/${id}`);
}));

test('IVR-04 a key leads to an agent number: he alone is rung, typed or fixed; in vain another agent or another way', inCity('hezhou', async (office) => {
  const agentNode = (more) => ({ type: 'agent', queue: 'consult', wait_ms: 5000, on_wait_over: 'busy', on_no_agent: 'busy', on_full: 'busy', ...more });
  await office.publish({ entry: 'pick', nodes: {
    pick: { type: 'menu', name: '主菜单', prompt: 'beep', timeout_ms: 5000, retries: 2, failed: 'busy', keys: { 1: 'fixed', 2: 'ask', 3: 'strict' } },
    fixed: agentNode({ agent_no: '1002' }), strict: agentNode({ agent_no: '1002', off: 'busy', no_answer: 'busy' }),
    ask: { type: 'collect', prompt: 'beep', variable: 'no', min: 4, max: 4, next: 'typed', failed: 'busy' },
    typed: agentNode({ variable: 'no', off: 'busy' }), busy: { type: 'hangup', prompt: 'beep', reason: 'lost' } } });
  const [first, second] = await office.team(['a1001', 'a1002']);
  const fixed = office.call('1');
  await rings([second], fixed);
  assert.equal(first.document.state, 'ready', 'who is ready for longer is not rung');
  await answer(second);
  await finish(second, fixed);
  assert.match((await office.detail(fixed, (c) => c.t_end)).offers[0].reason, /^指定坐席/);
  await second.person.put('/agent/state', { state: 'rest' });
  const patient = office.call('1');
  await office.waits(patient);
  assert.equal(first.document.state, 'ready');
  await rings([first], patient); // five seconds later
  await answer(first);
  await finish(first, patient);
  const call = await office.detail(patient, (c) => c.t_end && c.queue_visits[0].t_q_out);
  assert.equal(call.queue_visits.length, 1);
  assert.ok(call.wait_ms >= 5000 && call.wait_ms < 9000, `${call.wait_ms} ms`);
  const strict = office.call('3');
  await strict.waitFor('ended');
  const lost = await office.detail(strict, (c) => c.t_end);
  assert.deepEqual([lost.outcome, lost.offers.length], ['lost', 0]);
  const typed = office.call('21001');
  await rings([first], typed);
  await answer(first);
  await finish(first, typed);
  const nobody = office.call('28888');
  await nobody.waitFor('ended');
  assert.equal((await office.detail(nobody, (c) => c.t_end)).queue_visits.length, 0);
}));
