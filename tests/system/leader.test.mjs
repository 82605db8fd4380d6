// Leaders and the region beside live calls and in the queue, on the real daemon: who hears whom by tones, who may do
// it to whom, what a city reads in its audit log; teams and skill groups.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { AT_ONCE_MS, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { Office, answer, callOf, rings } from './lib/office.mjs';
import { samplesOf, shareOf } from './lib/sound.mjs';

const [AGENT_HZ, LEADER_HZ] = [1000, 1500]; // callers are silent: an ear of these tools hears a tone that is alone
const TEXT = /^[^A-Za-z]*[。，；：、一-鿿（）“”\w ]+$/u;
let region, office, agent, leader, supervisor;

// Whoever listens needs a number and a line, as an agent does.
async function giveNumber(admin, login, agent_no) {
  const user = (await admin.get('/settings/users')).items.find((u) => u.login === login && u.center_id === admin.me.center.id);
  await admin.put(`/settings/users/${user.id}`, { agent_no }, { 'if-match': `"${user.version}"` });
  return user.id;
}

before(async () => {
  region = await Region.start();
  office = await Office.open(region, 'nanning');
  const chief = await Person.signIn(region, 'guangxi', 'admin');
  await giveNumber(chief, 'supervisor', '9001');
  await office.changed(() => giveNumber(office.admin, 'leader', '1011'));
  const tones = (hz, ...others) => ['--tone', String(hz), ...others.flatMap((o) => ['--detect-tone', String(o)])];
  agent = await office.agent('a1001', { lineArgs: tones(AGENT_HZ, LEADER_HZ) });
  leader = await office.agent('leader', { ready: false, lineArgs: tones(LEADER_HZ, AGENT_HZ) });
});
after(async () => {
  await supervisor?.close();
  await office?.close();
  await region?.stop();
});

const idOf = (one) => one.person.me.user.id;
const watch = (one, target, verb, body) => one.person.raw('POST', `/monitor/agents/${idOf(target)}/${verb}`, body);
const hears = (on, who, what) => until(`${what}: ${on}`, () => {
  const count = (name) => who.events.filter((e) => e.event === name).length;
  return (count('tone') > count('tone_end')) === on;
});
const calls = async (keys = '1') => {
  const caller = office.call(keys, { args: ['--detect-tone', String(LEADER_HZ)] });
  await rings([agent], caller);
  await answer(agent);
  return { caller, call_id: callOf(agent) };
};
// The newest first, once one of them is as wanted: rows are written after the answer.
const audit = (admin, action, wanted = () => true) => until(`${action} in the audit log`, async () => {
  const { items } = await admin.get(`/audit?action=${action}`);
  return items.some(wanted) && items;
});
const over = async (caller) => {
  await caller.hangUp();
  await until('the agent sums up', () => agent.document.state === 'acw');
  await agent.done();
};

test('MON-08 CC-16 a leader listens, whispers and barges in: who hears him is what he chose, and his microphone is shut until then', async () => {
  const { caller, call_id } = await calls();
  assert.equal((await watch(leader, agent, 'listen', { call_id })).status, 204);
  await hears(true, leader.line, 'the leader hears the agent');
  const document = await until('his document', () => leader.document.watch && leader.document);
  assert.deepEqual([document.state, document.call, document.watch.mode, document.watch.agent_no, document.watch.muted], ['talk', null, 'listen', '1001', true]);
  assert.match(document.watch.party_no, /\*{4}/);
  assert.equal(document.reason, '班长监控');
  const lifted = await leader.person.raw('POST', `/agent/calls/${call_id}/unmute`);
  assert.deepEqual([lifted.status, lifted.body.code], [409, 'monitor.listening']);
  assert.equal((await watch(leader, agent, 'whisper', { call_id, reason: '提示政策口径' })).status, 204);
  await hears(true, agent.line, 'the agent hears the whisper');
  assert.equal(agent.document.call.leader.mode, 'whisper');
  assert.ok(!agent.line.events.some((e) => e.event === 'tone' && e.at < leader.person.events.find((d) => d.data?.watch?.mode === 'whisper').at - 200), 'and nothing before');
  assert.ok(!caller.events.some((e) => e.event === 'tone'), 'the caller hears neither');
  assert.equal((await watch(leader, agent, 'barge', { call_id })).status, 204);
  await agent.person.post(`/agent/calls/${call_id}/mute`);
  await hears(true, caller, 'the caller hears the leader');
  assert.equal((await watch(leader, agent, 'listen', { call_id })).status, 204);
  await hears(false, caller, 'the caller hears the leader');
  await hears(false, agent.line, 'the agent hears the leader');
  await leader.person.post('/monitor/watch/end');
  await until('he is busy again', () => leader.document.state === 'busy' && !leader.document.watch);
  assert.equal((await leader.person.raw('POST', '/monitor/watch/end')).body.code, 'monitor.none');
  await over(caller);
  const [listened] = await audit(office.admin, 'monitor.listen');
  assert.deepEqual([listened.login, listened.object_id], ['leader', String(idOf(agent))]);
  const [begun] = await audit(office.admin, 'monitor.whisper');
  assert.deepEqual([begun.login, begun.object_kind, begun.object_id], ['leader', 'user', String(idOf(agent))]);
  assert.match(begun.detail, new RegExp(`call=${call_id} reason=提示政策口径`));
  const [ended] = await audit(office.admin, 'monitor.end');
  assert.match(ended.detail, new RegExp(`call=${call_id} mode=listen seconds=\\d+ by=supervisor`));
});

// One track of the recording of a talk, whole.
async function track(call_id, who, side) {
  const id = await until('the recording is closed', () => region.sql(`SELECT recording_id FROM recording WHERE call_id = '${call_id}' AND user_id = ${idOf(who)} AND state = 'closed'`));
  const audio = await fetch(`${region.base}/api/v1/recordings/${id}/audio?side=both`, { headers: { cookie: office.leader.cookie } });
  return samplesOf(Buffer.from(await audio.arrayBuffer()), side === 'caller' ? 0 : 1);
}
// In how many tenths of a second of it this tone has a tenth of the energy: two people at once have half each.
const tenths = (samples, hz) => Array.from({ length: Math.floor(samples.length / 800) }, (_, i) => shareOf(samples, hz, 800 * i, 800 * i + 800)).filter((share) => share > 0.1).length;

test('MON-08 MON-11 who may not listen any more is out at once: his role, his team, his session; the talk goes on', async () => {
  const { caller, call_id } = await calls();
  // Whoever's rights change has his stream closed; the page opens a new one.
  const away = (why) => until(`he is away: ${why}`, async () => { const now = await leader.person.get('/agent'); return !now.watch && now.state !== 'talk'; });
  const listens = async () => {
    assert.equal((await watch(leader, agent, 'listen', { call_id })).status, 204);
    await until('he listens', async () => (await leader.person.get('/agent')).watch?.mode === 'listen');
  };
  const admins = (login) => office.admin.get('/settings/users').then(({ items }) => items.find((u) => u.login === login && u.center_id === office.id));
  const change = async (login, fields) => {
    const { id, version } = await admins(login);
    await office.changed(() => office.admin.put(`/settings/users/${id}`, fields, { 'if-match': `"${version}"` }));
  };
  const { roles } = await admins('leader');
  const { team_id } = await admins('a1001');
  const others = (await office.admin.get('/settings/teams')).items.find((t) => t.id !== team_id && t.center_id === office.id);
  await listens();
  await change('leader', { roles: ['agent'] });
  await away('his role');
  assert.equal((await watch(leader, agent, 'listen', { call_id })).status, 403);
  await change('leader', { roles });
  await until('he may again', async () => (await watch(leader, agent, 'listen', { call_id })).status === 204);
  await change('a1001', { team_id: others.id });
  await away('the agent is of another team');
  await change('a1001', { team_id });
  await until('and again', async () => (await watch(leader, agent, 'whisper', { call_id })).status === 204);
  region.sql(`UPDATE center SET functions_off = '{whisper}' WHERE id = ${office.id}`);
  await away('no whispering in this center');
  region.sql(`UPDATE center SET functions_off = '{}' WHERE id = ${office.id}`);
  await region.configured();
  const talk = await agent.person.get('/agent');
  assert.deepEqual([talk.state, talk.call.call_id], ['talk', call_id]);
  await over(caller);
});

test('MON-08 what is whispered is on no track of the recording; who barges in is on the agent\'s', async () => {
  const { caller, call_id } = await calls();
  assert.equal((await watch(leader, agent, 'whisper', { call_id })).status, 204);
  await hears(true, agent.line, 'the agent hears the whisper');
  await new Promise((waited) => setTimeout(waited, 1000)); // a second of whisper that must not be there
  await over(caller);
  assert.equal(tenths(await track(call_id, agent, 'caller'), LEADER_HZ), 0, 'on the caller\'s track');
  const right = await track(call_id, agent, 'agent');
  assert.equal(tenths(right, LEADER_HZ), 0, 'on the agent\'s track');
  assert.ok(tenths(right, AGENT_HZ) >= 10, 'where the agent is');

  const second = await calls();
  assert.equal((await watch(leader, agent, 'barge', { call_id: second.call_id })).status, 204);
  await agent.person.post(`/agent/calls/${second.call_id}/mute`); // one tone at a time
  await hears(true, second.caller, 'the caller hears the leader');
  await new Promise((waited) => setTimeout(waited, 500));
  await over(second.caller);
  assert.ok(tenths(await track(second.call_id, agent, 'agent'), LEADER_HZ) >= 3, 'who barges in is recorded');
});

test('MON-09 a leader takes a call over at once, and it is his: the agent sums up, a second recording is of the leader', async () => {
  const { caller, call_id } = await calls();
  const at = Date.now();
  assert.equal((await watch(leader, agent, 'take-over', { call_id })).status, 204);
  const heard = await caller.waitFor('tone');
  assert.ok(heard.at - at < AT_ONCE_MS, `after ${heard.at - at} ms`);
  await until('the agent sums up', () => agent.document.state === 'acw');
  assert.equal(leader.document.call.call_id, call_id);
  await agent.done();
  await leader.hangUp(call_id);
  await until('the leader sums up', () => leader.document.state === 'acw');
  await leader.done();
  const talks = await until('in the log', () => {
    const found = JSON.parse(region.sql(`SELECT json_agg(json_build_array(kind, user_id, released_by) ORDER BY t_ans, talk_id) FROM talk WHERE call_id = '${call_id}' AND t_rel IS NOT NULL`) || 'null');
    return found?.length === 3 && found;
  });
  assert.deepEqual(talks, [['inbound', idOf(agent), 'supervisor'], ['monitor', idOf(leader), 'supervisor'], ['transfer_in', idOf(leader), 'agent']]);
  assert.equal(region.sql(`SELECT string_agg(user_id::text, ',' ORDER BY t_start, recording_id) FROM recording WHERE call_id = '${call_id}'`), `${idOf(agent)},${idOf(leader)}`);
  assert.equal((await audit(office.admin, 'monitor.take_over'))[0].object_id, String(idOf(agent)));
  // The recording goes on: the pieces touch, and the second one has the leader.
  await until('both are closed', () => region.sql(`SELECT count(*) FROM recording WHERE call_id = '${call_id}' AND state = 'closed'`) === '2');
  const pieces = JSON.parse(region.sql(`SELECT json_agg(json_build_array(extract(epoch FROM t_start) * 1000, length_ms) ORDER BY t_start) FROM recording WHERE call_id = '${call_id}'`));
  assert.ok(Math.abs(pieces[0][0] + pieces[0][1] - pieces[1][0]) < 200, JSON.stringify(pieces));
  assert.ok(tenths(await track(call_id, leader, 'agent'), LEADER_HZ) >= 1);
});

test('MON-10 a leader cuts a call off, and frees an agent, with a reason that is written down', async () => {
  const { caller, call_id } = await calls();
  for (const body of [{ call_id }, { call_id, reason: '  ' }]) {
    const refused = await watch(leader, agent, 'disconnect', body);
    assert.equal(refused.status, 422);
    assert.ok(refused.body.errors.reason);
  }
  assert.equal((await watch(leader, agent, 'disconnect', { call_id: '01900000-0000-7000-8000-000000000000', reason: '骚扰' })).status, 409, 'not another call');
  assert.equal((await watch(leader, agent, 'disconnect', { call_id, reason: '骚扰来电' })).status, 204);
  await caller.waitFor('ended');
  await until('the agent sums up', () => agent.document.state === 'acw');
  const force = (state, reason = '忘记示忙') => leader.person.raw('PUT', `/monitor/agents/${idOf(agent)}/state`, { state, reason });
  assert.ok((await force('asleep')).body.errors.state);
  assert.deepEqual((await force('busy')).body, { later: false });
  await until('he is busy', () => agent.document.state === 'busy');
  assert.equal((await force('ready')).status, 200);
  await until('he is ready', () => agent.document.state === 'ready');
  const row = await office.row(caller, (c) => c.end_reason === 'supervisor');
  assert.equal(row.outcome, 'answered');
  assert.match((await audit(office.admin, 'monitor.disconnect'))[0].detail, /reason=骚扰来电/);
  for (const state of ['busy', 'ready']) await audit(office.admin, 'monitor.state', (a) => a.detail.includes(`state=${state} reason=忘记示忙`));
});

test('MON-11 a leader acts on his own team only, and says so in Chinese; agents, other cities and unknown people are refused', async () => {
  const other = await office.agent('a1002', { ready: false });
  const call_id = '01900000-0000-7000-8000-000000000000';
  const verbs = ['listen', 'whisper', 'barge', 'take-over', 'disconnect'];
  const body = { call_id, reason: '测试' };
  for (const verb of verbs) {
    const refused = await watch(leader, other, verb, body);
    assert.deepEqual([refused.status, refused.body.code], [403, 'team.forbidden'], verb);
    assert.match(refused.body.title, TEXT);
    assert.equal((await watch(agent, other, verb, body)).status, 403, `an agent: ${verb}`);
  }
  assert.equal((await leader.person.raw('PUT', `/monitor/agents/${idOf(other)}/state`, { state: 'busy', reason: '测试' })).status, 403);
  const stranger = await Person.signIn(region, 'liuzhou', 'leader');
  for (const verb of verbs) assert.equal((await stranger.raw('POST', `/monitor/agents/${idOf(agent)}/${verb}`, body)).status, 404, `another city: ${verb}`);
  assert.equal((await leader.person.raw('POST', '/monitor/agents/999999/listen', body)).status, 404);
  assert.equal((await watch(leader, agent, 'listen', body)).body.code, 'call.stale', 'his own, but in no call');
  // Moved to the leader's team, he is within reach.
  const teams = (await office.admin.get(`/settings/teams?center_id=${office.id}`)).items;
  const user = (await office.admin.get('/settings/users')).items.find((u) => u.id === idOf(other));
  await office.changed(() => office.admin.put(`/settings/users/${user.id}`, { team_id: teams.find((t) => t.name === '一组').id }, { 'if-match': `"${user.version}"` }));
  assert.equal((await watch(leader, other, 'listen', body)).body.code, 'call.stale');
  await until('the refusals in the audit log', () => Number(region.sql(`SELECT count(*) FROM audit_log WHERE action = 'refused' AND user_id = ${idOf(leader)} AND object_id = '${idOf(other)}'`)) >= verbs.length);
});

test('MON-12 the region listens, takes over and cuts off in a city, and the city reads who it was', async () => {
  supervisor = await Agent.start(region, 'guangxi', 'supervisor', { ready: false, lineArgs: ['--tone', String(LEADER_HZ), '--detect-tone', String(AGENT_HZ)] });
  const { caller, call_id } = await calls();
  assert.equal((await watch(supervisor, agent, 'listen', { call_id })).status, 204);
  await hears(true, supervisor.line, 'the region hears the agent');
  assert.match(supervisor.document.watch.center_name, /南宁/);
  assert.equal((await watch(supervisor, agent, 'take-over', { call_id, reason: '重大涉税投诉' })).status, 204);
  await caller.waitFor('tone');
  await until('the agent sums up', () => agent.document.state === 'acw');
  await agent.done();
  await caller.hangUp();
  await until('nothing to sum up for the region', () => supervisor.document.state === 'busy');
  const second = await calls();
  assert.equal((await watch(supervisor, agent, 'disconnect', { call_id: second.call_id, reason: '骚扰来电' })).status, 204);
  await second.caller.waitFor('ended');
  await until('the agent sums up', () => agent.document.state === 'acw');
  await agent.done();
  for (const action of ['monitor.listen', 'monitor.take_over', 'monitor.disconnect', 'monitor.end']) {
    const by = (a) => a.user_id === idOf(supervisor), row = (await audit(office.admin, action, by)).find(by);
    assert.deepEqual([row.login, row.name, row.center_id], ['supervisor', '运行监控员', office.id], action);
    assert.match(row.user_center, /广西/);
  }
  const liuzhou = await Person.signIn(region, 'liuzhou', 'admin');
  assert.deepEqual((await liuzhou.get('/audit?action=monitor.listen')).items, []);
});

test('CC-32 who waits is seen with place and priority, and goes to the head, to another queue, or to an agent', async () => {
  const { caller } = await calls();
  const [first, second] = [await office.waiting('1'), await office.waiting('1')];
  const find = (one) => async () => (await office.wall()).waiting.find((w) => w.caller_no === office.masked(one));
  const [a, b] = [await find(first)(), await find(second)()];
  assert.deepEqual([a.position, b.position, b.priority], [1, 2, 0]);
  const move = (call_id, where, body, who = leader.person) => who.raw('POST', `/monitor/calls/${call_id}/${where}`, body);
  assert.equal((await move(b.call_id, 'head')).status, 204);
  const moved = await find(second)();
  assert.ok(moved.position === 1 && moved.priority > 0, JSON.stringify(moved));
  const told = await until('told to the pages', () => office.leader.seen('waiting', (w) => w.calls.some((c) => c.call_id === b.call_id && c.position === 1)));
  assert.ok(told);
  const queues = Object.fromEntries((await office.admin.get(`/settings/queues?center_id=${office.id}`)).items.map((q) => [q.code, q.id]));
  const elsewhere = (await (await Person.signIn(region, 'liuzhou', 'admin')).get('/settings/queues')).items[0].id;
  assert.ok((await move(a.call_id, 'queue', { queue_id: elsewhere })).body.errors.queue_id);
  assert.equal((await move(a.call_id, 'queue', { queue_id: queues.complaint })).status, 204);
  assert.equal((await find(first)()).queue_id, queues.complaint);
  assert.ok((await move(a.call_id, 'agent', { user_id: 999999 })).body.errors.user_id);
  assert.equal((await move(a.call_id, 'agent', { user_id: idOf(agent) })).body.code, 'consult.busy', 'he talks');
  assert.equal((await move(a.call_id, 'agent', { user_id: idOf(leader) })).status, 204);
  await until('it rings at the leader, who is busy', () => leader.document.state === 'ring' && leader.document.call.call_id === a.call_id);
  assert.equal(leader.document.call.offer_reason, '班长指派');
  await leader.reject(a.call_id);
  await until('back in its place', async () => { const w = await find(first)(); return w && !w.ringing && w.position === 1; });
  assert.equal(leader.document.state, 'busy');
  const stranger = await Person.signIn(region, 'liuzhou', 'leader');
  assert.equal((await move(b.call_id, 'head', undefined, stranger)).status, 404);
  assert.equal((await move(b.call_id, 'head', undefined, agent.person)).status, 403);
  const [noted] = await audit(office.admin, 'queue.move');
  assert.match(noted.detail, /to=agent id=\d+/);
  await Promise.all([first, second].map((c) => c.hangUp()));
  await over(caller);
});

test('CC-25 teams and skill groups: kept by the administrator, in use they are not deleted and say by whom', async () => {
  const { admin } = office;
  const team = await admin.post('/settings/teams', { name: ' 三组 ' });
  assert.ok((await admin.raw('POST', '/settings/teams', { name: '三组' })).body.errors.name, 'twice the same name');
  assert.equal((await admin.put(`/settings/teams/${team.id}`, { name: '夜班组', district: ' 兴宁区局 ', enabled: false }, { 'if-match': '"1"' })).version, 2);
  assert.ok((await admin.raw('PUT', `/settings/teams/${team.id}`, { district: '区'.repeat(21) }, { 'if-match': '"2"' })).body.errors.district);
  assert.equal((await admin.raw('PUT', `/settings/teams/${team.id}`, { name: '又一组' }, { 'if-match': '"1"' })).status, 412);
  const listed = (await admin.get('/settings/teams')).items.find((t) => t.id === team.id);
  assert.deepEqual([listed.name, listed.district, listed.enabled, listed.members], ['夜班组', '兴宁区局', false, []]);
  assert.equal((await admin.raw('DELETE', `/settings/teams/${team.id}`)).status, 200);
  const first = (await admin.get('/settings/teams')).items.find((t) => t.name === '一组' && t.center_id === office.id);
  assert.ok(first.members.some((m) => m.leader), 'who leads it');
  const used = await admin.raw('DELETE', `/settings/teams/${first.id}`);
  assert.equal(used.status, 422);
  assert.match(used.body.title, /班组“一组”还有成员：.*1001 /);

  const group = await office.changed(() => admin.post('/settings/skill-groups', { code: 'export_refund', name: '出口退税' }));
  assert.ok((await admin.raw('POST', '/settings/skill-groups', { code: 'Bad Code', name: 'x' })).body.errors.code);
  const queue = await office.changed(() => admin.post('/settings/queues', { code: 'export_refund', name: '出口退税', skill_group_id: group.id }));
  await office.changed(() => admin.put(`/settings/skill-groups/${group.id}/members/${idOf(agent)}`, { level: 80 }));
  const members = async () => (await admin.get(`/settings/queues/${queue.id}/members`)).items.map((m) => [m.user_id, m.weight]);
  assert.deepEqual(await members(), [[idOf(agent), 80]], 'who has the skill serves its queue, with his level as weight');
  await until('at once', () => office.leader.seen('seat', (s) => s.user_id === idOf(agent)) && true);
  assert.ok((await admin.raw('PUT', `/settings/skill-groups/${group.id}/members/${idOf(agent)}`, { level: 0 })).body.errors.level);
  await office.changed(() => admin.put(`/settings/skill-groups/${group.id}/members/${idOf(agent)}`, { level: 35 }));
  assert.deepEqual(await members(), [[idOf(agent), 35]], 'another level is another weight');
  const foreign = (await (await Person.signIn(region, 'liuzhou', 'admin')).get('/settings/users')).items.find((u) => u.login === 'a1001').id;
  assert.equal((await admin.raw('PUT', `/settings/skill-groups/${group.id}/members/${foreign}`, { level: 50 })).status, 422, 'nobody of another city');
  const refused = await admin.raw('DELETE', `/settings/skill-groups/${group.id}`);
  assert.match(refused.body.title, /正被队列“出口退税”使用/);
  await admin.call('DELETE', `/settings/skill-groups/${group.id}/members/${idOf(agent)}`);
  assert.deepEqual(await members(), []);
  await admin.call('DELETE', `/settings/queues/${queue.id}`);
  assert.equal((await admin.raw('DELETE', `/settings/skill-groups/${group.id}`)).status, 200);
  assert.equal((await office.leader.raw('POST', '/settings/teams', { name: '四组' })).status, 403, 'a leader reads them only');
});

test('MON-06 MON-02 the agents with team, district and calls of today: told once a second to all who watch, as RPT-01 and the facts have them', async () => {
  const list = async () => (await leader.person.get('/monitor/agents')).items;
  const mine = (await list()).find((i) => i.user_id === idOf(agent));
  const counted = JSON.parse(region.sql(`SELECT json_build_array(count(*), sum(talk_ms)) FROM talk WHERE user_id = ${idOf(agent)} AND kind IN ('inbound', 'transfer_in') AND talk_ms > 0`));
  assert.ok(mine.answered >= 5);
  assert.deepEqual([mine.team_name, mine.answered, Number(mine.talk_ms)], ['一组', ...counted]);
  assert.ok((await list()).every((i) => i.center_id === office.id));
  const since = office.leader.events.length;
  const { caller } = await calls();
  await over(caller);
  const told = await until('told', () => office.leader.events.slice(since).find((e) => e.event === 'agents_today' && e.data.items.some((i) => i.user_id === idOf(agent) && i.answered === mine.answered + 1)));
  assert.deepEqual([told.data.center_id, told.data.all, told.data.items.map((i) => i.user_id)], [office.id, false, [idOf(agent)]], 'only who changed');
  const after_it = (await list()).find((i) => i.user_id === idOf(agent));
  assert.deepEqual([after_it.answered, after_it.talk_ms], [told.data.items[0].answered, told.data.items[0].talk_ms]);
  // All agents together are the report of the day: each answered call has one who answered it.
  const day = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
  await until('the sum is the report', async () => {
    const { total } = await office.admin.get(`/reports/voice_service?from=${day}&to=${day}`);
    const agents = (await office.admin.get(`/reports/agent_voice?from=${day}&to=${day}`)).total;
    return total.open === 0 && total.ans === agents.ans;
  });
  const liuzhou = await Person.signIn(region, 'liuzhou', 'leader');
  await liuzhou.listen();
  assert.ok(!liuzhou.events.some((e) => e.event === 'agents_today' && e.data.center_id !== 3), 'nobody else\'s');
  await liuzhou.close();
});
