// One executable for the region and every city; what a city does not want is switched off for it alone.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Person, Region, ROOT, until } from './lib/region.mjs';

let region, admin;
before(async () => {
  region = await Region.start();
  admin = await Person.signIn(region, 'guangxi', 'admin');
});
after(async () => region?.stop());

const ifMatch = (version) => ({ 'if-match': `"${version}"` });
const center = async (code) => (await admin.get('/settings/centers')).items.find((c) => c.code === code);

test('a function switched off for one center is gone from its menus and API at once, other centers keep it (GEN-03)', async () => {
  const leader = await Person.signIn(region, 'liuzhou', 'leader');
  const other = await Person.signIn(region, 'guilin', 'leader');
  const day = '2026-11-24';
  assert.equal((await leader.raw('GET', `/reports/voice_service?from=${day}&to=${day}`)).status, 200);
  const before = await center('liuzhou');
  await admin.put(`/settings/centers/${before.id}`, { functions_off: ['reports'] }, ifMatch(before.version));
  await until('the open session has lost it', async () => (await leader.raw('GET', `/reports/voice_service?from=${day}&to=${day}`)).status === 403);
  assert.equal((await leader.get('/me')).permissions['report.read'], undefined, 'pages draw their menus from this');
  assert.equal((await leader.raw('GET', '/monitor/wall')).status, 200, 'the rest stays');
  assert.equal((await other.raw('GET', `/reports/voice_service?from=${day}&to=${day}`)).status, 200);
  const off = await center('liuzhou');
  assert.deepEqual(off.functions_off, ['reports']);
  await admin.put(`/settings/centers/${off.id}`, { functions_off: [] }, ifMatch(off.version));
  await until('it is back', async () => (await leader.raw('GET', `/reports/voice_service?from=${day}&to=${day}`)).status === 200);
});

test('a center is changed by the region only, on its newest version, and only with functions there are (GEN-03)', async () => {
  const city = await Person.signIn(region, 'liuzhou', 'admin');
  const now = await center('liuzhou');
  assert.equal((await city.raw('PUT', `/settings/centers/${now.id}`, { functions_off: [] }, ifMatch(now.version))).status, 403);
  assert.equal((await admin.raw('PUT', `/settings/centers/${now.id}`, {})).status, 428);
  assert.equal((await admin.raw('PUT', `/settings/centers/${now.id}`, {}, ifMatch(now.version + 7))).status, 412);
  for (const wrong of ['settings.write', 'fly_away']) {
    const answer = await admin.raw('PUT', `/settings/centers/${now.id}`, { functions_off: [wrong] }, ifMatch(now.version));
    assert.equal(answer.status, 422);
    assert.match(answer.body.errors.functions_off, new RegExp(wrong));
  }
  assert.equal((await admin.raw('PUT', `/settings/centers/${now.id}`, { functions_off: 'reports' }, ifMatch(now.version))).status, 422);
});

// One request for each function that has routes, as somebody whose roles would let him. What it says of ids does not
// matter: the function is asked before anything else.
const NO = '00000000-0000-7000-8000-000000000000';
const requests = {
  agent: ['agent', 'GET', '/agent'], caller_history: ['leader', 'GET', '/callers/13877100001/history'], dial: ['agent', 'POST', '/agent/calls', { number: '13877100001' }],
  hold: ['agent', 'POST', `/agent/calls/${NO}/hold`], mute: ['agent', 'POST', `/agent/calls/${NO}/mute`], keys: ['agent', 'POST', `/agent/calls/${NO}/keys`, { keys: '1' }],
  transfer: ['agent', 'POST', `/agent/calls/${NO}/transfer`, { queue_id: 1 }], transfer_center: ['agent', 'GET', '/agent/centers'],
  consult: ['agent', 'POST', `/agent/calls/${NO}/consult`, { user_id: 1 }], three_way: ['agent', 'POST', `/agent/calls/${NO}/consult/join`], help: ['agent', 'POST', `/agent/calls/${NO}/help`, { user_id: 1 }],
  to_ivr: ['agent', 'POST', `/agent/calls/${NO}/flow`, { mode: 'release' }], survey: ['agent', 'POST', `/agent/calls/${NO}/survey`], wrap_up: ['agent', 'PUT', `/agent/calls/${NO}/wrap-up`, { code: 'answered', note: '' }],
  call_log: ['leader', 'GET', '/calls'], call_export: ['leader', 'GET', '/queries/outbound.xlsx'], queries: ['leader', 'GET', '/queries/outbound'],
  recording_play: ['leader', 'GET', `/recordings/${NO}/audio`], recording_download: ['leader', 'GET', `/recordings/${NO}/download`], recording_notes: ['leader', 'GET', `/recordings/${NO}/notes`],
  contacts: ['agent', 'GET', '/contacts?book=own'], knowledge: ['agent', 'GET', '/knowledge/items'], records: ['agent', 'GET', '/records'], tickets: ['agent', 'GET', '/tickets'], voicemail: ['agent', 'GET', '/voicemails'], callback: ['agent', 'GET', '/callbacks'],
  listen: ['leader', 'POST', '/monitor/agents/1/listen', { call_id: NO }], whisper: ['leader', 'POST', '/monitor/agents/1/whisper', { call_id: NO }], barge: ['leader', 'POST', '/monitor/agents/1/barge', { call_id: NO }],
  take_over: ['leader', 'POST', '/monitor/agents/1/take-over', { call_id: NO }], disconnect: ['leader', 'POST', '/monitor/agents/1/disconnect', { call_id: NO, reason: '无' }],
  force_state: ['leader', 'PUT', '/monitor/agents/1/state', { state: 'busy', reason: '无' }], wall: ['leader', 'GET', '/monitor/wall'], queue_moves: ['leader', 'POST', `/monitor/calls/${NO}/head`],
  reports: ['leader', 'GET', '/reports'], flow_editor: ['admin', 'POST', '/settings/flows', { code: 'x', name: 'x' }], prompts: ['admin', 'POST', '/settings/prompts/greeting/restore', { version: 999999 }],
  skills: ['admin', 'POST', '/settings/skill-groups', { code: 'x', name: 'x' }], calendars: ['admin', 'DELETE', '/settings/calendars/999999'], queue_settings: ['admin', 'DELETE', '/settings/queues/999999'],
  reasons: ['admin', 'DELETE', '/settings/reasons/999999'], number_lists: ['admin', 'GET', '/settings/number-lists'], bot: ['admin', 'PUT', '/settings/bots/shares/5/policy', { policy: 'off' }],
};
// Of these two only a part of a form, or what callers hear, is the function's.
const parts = { auto_answer: ['admin', 'POST', '/settings/users', { login: 'a1001', name: '自动', roles: [], auto_answer_ms: 500 }], announce: null };

test('CC-36 each function is switched off for one center by the region: its API refuses and names it, others keep it, and it is back', async () => {
  const people = {}, others = {};
  for (const [role, login] of [['agent', 'a1001'], ['leader', 'leader'], ['admin', 'admin']]) {
    people[role] = await Person.signIn(region, 'liuzhou', login);
    others[role] = await Person.signIn(region, 'guilin', login);
  }
  const listed = (await admin.get('/settings/functions')).items;
  assert.deepEqual(listed.map((f) => f.name).sort(), [...Object.keys(requests), ...Object.keys(parts)].sort(), 'no function without a request here');
  const home = await center('liuzhou');
  const asked = listed.filter((f) => requests[f.name] ?? parts[f.name]);
  const ask = (who, { name }) => {
    const [role, method, path, body] = requests[name] ?? parts[name];
    return who[role].raw(method, path, body, method === 'PUT' && path.startsWith('/settings') ? ifMatch(1) : {});
  };
  const isOff = async (who, f) => (await ask(who, f)).body?.code === 'function.off';
  const switchOff = async (names) => {
    const { id, version } = await center('liuzhou');
    await admin.put(`/settings/centers/${id}`, { functions_off: names }, ifMatch(version));
    for (const role of Object.keys(people)) await until('the page knows', async () => (await people[role].get('/me')).functions_off.length === names.length);
  };
  // Half of them, then the other half: what is refused is what is off, and nothing else. Two lend others their
  // permission: without a seat there is no holding, without the log no query of calls.
  const lending = asked.filter((f) => ['agent', 'call_log'].includes(f.name)), apart = asked.filter((f) => ['call_export', ...lending.map((l) => l.name)].includes(f.name));
  const rest = asked.filter((f) => !apart.includes(f));
  const halves = [0, 1].map((half) => rest.filter((f, i) => i % 2 === half));
  for (const [off, on] of [halves, [...halves].reverse(), [asked.filter((f) => f.name === 'call_export'), rest], [lending, halves[0].filter((f) => f.name === 'wall')]]) {
    await switchOff(off.map((f) => f.name));
    for (const f of off) { // sessions that were opened a moment ago are read a second later
      const answer = await until(`${f.name} is refused`, async () => { const a = await ask(people, f); return a.body?.code === 'function.off' && a; });
      assert.equal(answer.status, 403);
      assert.equal(answer.body.title, `本中心已停用“${f.title}”功能，如需使用请联系自治区管理员`);
      assert.equal(await isOff(others, f), false, `${f.name} of another center`);
    }
    for (const f of on) assert.equal(await isOff(people, f), false, `${f.name} stays`);
    const me = await people.agent.get('/me');
    assert.deepEqual(me.functions_off, off.map((f) => f.name).sort(), 'what pages hide');
  }
  await switchOff([]);
  await admin.put(`/settings/centers/${home.id}/functions/dial`, { enabled: false });
  await until('off', () => isOff(people, { name: 'dial' }));
  await admin.put(`/settings/centers/${home.id}/functions/dial`, { enabled: true });
  await until('on again, without a restart', async () => !(await isOff(people, { name: 'dial' })));
  const rows = (where) => region.sql(`SELECT string_agg(detail, ' ' ORDER BY at) FROM audit_log WHERE ${where}`);
  await until('each switch is in the log', () => rows(`action = 'center.function' AND object_id = '${home.id}'`) === 'dial=off dial=on');
  await until('and each refusal', () => Number(region.sql("SELECT count(DISTINCT object_id) FROM audit_log WHERE action = 'refused' AND object_kind = 'function'")) === asked.length);
});

test('CC-36 only the region switches functions, only those there are, and a field of a form may be a function of its own', async () => {
  const city = await Person.signIn(region, 'liuzhou', 'admin');
  const { id } = await center('liuzhou');
  assert.equal((await city.raw('PUT', `/settings/centers/${id}/functions/dial`, { enabled: false })).status, 403);
  assert.equal((await admin.raw('PUT', `/settings/centers/${id}/functions/fly_away`, { enabled: false })).status, 404);
  assert.equal((await admin.raw('PUT', `/settings/centers/${id}/functions/dial`, {})).status, 422);
  await admin.put(`/settings/centers/${id}/functions/three_way`, { enabled: false });
  const agent = await Person.signIn(region, 'liuzhou', 'a1001');
  await until('it is known', async () => (await agent.get('/me')).functions_off.includes('three_way'));
  assert.equal((await agent.raw('POST', `/agent/calls/${NO}/help`, { user_id: 1, three: true })).body.code, 'function.off');
  assert.notEqual((await agent.raw('POST', `/agent/calls/${NO}/help`, { user_id: 1 })).body.code, 'function.off', 'help itself stays');
  await admin.put(`/settings/centers/${id}/functions/three_way`, { enabled: true });
});

test('CC-36 callers do not meet what their center is without: the directory of call control leaves it out', async () => {
  const { id } = await center('liuzhou');
  region.sql(`INSERT INTO survey_setting (center_id, enabled, prompt, invalid_prompt, thanks_prompt, retries, timeout_ms, levels)
    SELECT ${id}, true, p.code, '', '', 1, 5000, '[{"key":"1","level":5,"name":"满意"},{"key":"2","level":3,"name":"一般"},{"key":"3","level":1,"name":"不满意"}]'
    FROM prompt p LIMIT 1 ON CONFLICT (center_id) DO UPDATE SET enabled = true`);
  region.sql(`INSERT INTO bot_share (center_id, allowed) VALUES (${id}, true) ON CONFLICT (center_id) DO UPDATE SET allowed = true`);
  region.sql(`UPDATE center SET announce_agent_no = true WHERE id = ${id}`);
  const query = readFileSync(join(ROOT, 'sql/queries/directory.sql'), 'utf8').split('-- name: ')[1].replace(/^.*\n/, '').replace(/;\s*$/, '');
  const seen = () => {
    const d = JSON.parse(region.sql(query));
    const own = d.centers.find((c) => c.id === id);
    return { announce: own.announce_agent_no, callback: !own.callback_off, survey: d.surveys.some((s) => s.center_id === id), bot: d.bot_shares.some((s) => s.center_id === id) };
  };
  assert.deepEqual(seen(), { announce: true, callback: true, survey: true, bot: true });
  region.sql(`UPDATE center SET functions_off = '{announce,bot,callback,survey}' WHERE id = ${id}`);
  assert.deepEqual(seen(), { announce: false, callback: false, survey: false, bot: false });
  region.sql(`UPDATE center SET functions_off = '{}' WHERE id = ${id}`);
});

test('the same executable says the same version for every center (GEN-03)', async () => {
  const version = region.run(region.binary, ['--version']).trim();
  assert.match(version, /^hotlined \S+ schema \d+$/);
  const metrics = await (await fetch(`${region.base}/metrics`)).text();
  assert.match(metrics, /hotlined_store_available 1/);
});
