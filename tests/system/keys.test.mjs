// Other systems with a key (PLAT-08): four groups of abilities, each with its own test on the real daemon: every call has
// a result, and at once an event on the key's own stream. And what a key is: shown once, limited, revoked.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { AT_ONCE_MS, Called, Caller, Person, Region, until } from './lib/region.mjs';
import { Office, answer, callOf, finish, rings } from './lib/office.mjs';
import { Phone } from './lib/phone.mjs';
import { closeFarSides } from './lib/sipp.mjs';

const CALLER = 440, FIRST = 1000;
let region, office, chief, agent, colleague, called;
let people = 13877600000;
const open = [];

// A system of somebody else: no cookie, a key in the Authorization header, an agent's number where it acts for one.
class System extends Person {
  constructor(of, key, agentNo) {
    super(of);
    Object.assign(this, { key, agentNo });
  }
  headers() { return { authorization: `Bearer ${this.key}`, ...(this.agentNo ? { 'x-hotlined-agent': this.agentNo } : {}) }; }
  raw(method, path, body, headers = {}) { return super.raw(method, path, body, { ...this.headers(), ...headers }); }
  for(agentNo) { return Object.assign(new System(this.region, this.key, agentNo), { events: this.events }); }
  async listen() {
    this.events = [];
    this.abort = new AbortController();
    const response = await fetch(`${this.region.base}/api/v1/events`, { headers: this.headers(), signal: this.abort.signal });
    assert.equal(response.status, 200);
    this.reading = this.readEvents(response).then(() => { this.ended = true; }).catch(() => {});
    await until('hello event', () => this.events.some((e) => e.event === 'hello'));
    open.push(this);
    return this;
  }
  // Does something: it has a result, and at once the stream tells an event of this kind that fits.
  async does(what, act, kind, test) {
    const from = this.events.length, began = Date.now();
    const result = await act();
    const event = await until(`${what}: event ${kind}`, () => this.events.slice(from).find((e) => e.event === kind && test(e.data)));
    assert.ok(event.at - began < AT_ONCE_MS, `${what} took ${event.at - began} ms`);
    return { result, data: event.data };
  }
}

const make = async (admin, groups, more = {}) => {
  const answer = await admin.post('/settings/keys', { name: `测试 ${groups}`, groups, ...more });
  return Object.assign(new System(region, answer.key), { id: answer.id });
};
const mine = (who, test) => (d) => d.user_id === who.person.me.user.id && test(d);
const call = (test) => (d) => d.call && test(d.call);

before(async () => {
  region = await Region.start();
  office = await Office.open(region, 'nanning');
  chief = await Person.signIn(region, 'guangxi', 'admin');
  agent = await office.agent('a1001', { ready: false, lineArgs: ['--tone', String(FIRST), '--detect-tone', String(CALLER)] });
  colleague = await office.agent('a1002', { ready: false });
  called = await Called.start(region, { args: ['--tone', '700', '--count', '9'] });
  await region.outside(called);
});
after(async () => {
  for (const one of open) await one.close();
  called?.kill();
  closeFarSides();
  await office?.close();
  await region?.stop();
});

test('PLAT-08 PLAT-06 a key is shown once and kept as a hash; it is its center\'s, and revoked it is refused at once and its stream ends', async () => {
  const { admin } = office;
  const made = await admin.post('/settings/keys', { name: '工单系统', groups: ['agent'], expires_on: '2099-12-31' });
  assert.match(made.key, /^hk_[\w-]{43}$/);
  const [hash, prefix] = region.sql(`SELECT hash, prefix FROM api_key WHERE id = ${made.id}`).split('|');
  assert.deepEqual([hash, prefix], [createHash('sha256').update(made.key).digest('hex'), made.key.slice(0, 9)]);
  const shown = (list) => list.items.find((k) => k.id === made.id);
  const item = shown(await admin.get('/settings/keys'));
  assert.deepEqual([item.state, item.used_at, item.expires_on, item.groups], ['active', null, '2099-12-31', ['agent']]);
  assert.ok(!JSON.stringify(await admin.get('/settings/keys')).includes(made.key.slice(9)) && !region.log.includes(made.key.slice(9)));

  const system = await new System(region, made.key).listen();
  assert.equal((await system.raw('GET', '/monitor/agents')).status, 200);
  await until('its use is shown', async () => { const k = shown(await admin.get('/settings/keys')); return k.used_at && k.used_from === '127.0.0.1'; });
  // nobody else's
  const city = await Person.signIn(region, 'liuzhou', 'admin');
  assert.equal(shown(await city.get('/settings/keys')), undefined);
  assert.equal((await city.raw('POST', `/settings/keys/${made.id}/revoke`)).status, 404);
  assert.equal((await office.leader.raw('POST', '/settings/keys', { name: '越权', groups: ['agent'] })).status, 403);
  for (const [body, field] of [[{ name: ' ', groups: ['agent'] }, 'name'], [{ name: '空', groups: [] }, 'groups'], [{ name: '错', groups: ['all'] }, 'groups'],
    [{ name: '旧', groups: ['it'], expires_on: '2020-01-01' }, 'expires_on'], [{ name: '全区', groups: ['it'], region: true }, 'region']]) {
    const refused = await admin.raw('POST', '/settings/keys', body);
    assert.equal(refused.status, 422, JSON.stringify(body));
    assert.ok(refused.body.errors[field], JSON.stringify(refused.body));
  }

  assert.equal((await admin.raw('POST', `/settings/keys/${made.id}/revoke`)).status, 204);
  const refused = await system.raw('GET', '/monitor/agents');
  assert.deepEqual([refused.status, refused.body.code, refused.headers.get('www-authenticate')], [401, 'key.wrong', 'Bearer']);
  await until('its stream ends', () => system.ended);
  assert.equal((await new System(region, `${made.key}x`).raw('GET', '/monitor/agents')).status, 401);
  assert.deepEqual(shown(await admin.get('/settings/keys')).state, 'revoked');
  // one that has expired
  const old = await make(admin, ['agent'], { expires_on: new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10) });
  assert.equal((await old.raw('GET', '/monitor/agents')).status, 200);
  region.sql(`UPDATE api_key SET expires_on = '2020-01-01' WHERE id = ${old.id}`);
  await until('it is refused', async () => (await old.raw('GET', '/monitor/agents')).status === 401);
});

test('PLAT-08 a key may what its groups may, for agents of its center, and no more often than fifty times a second', async () => {
  const [talks, media, seats, data] = await Promise.all([['call'], ['media'], ['agent'], ['it']].map((groups) => make(office.admin, groups)));
  const no = '00000000-0000-7000-8000-000000000000';
  const routes = { call: ['POST', `/agent/calls/${no}/hold`], media: ['POST', `/agent/calls/${no}/recording`], agent: ['POST', '/agent/sign-out'], it: ['GET', '/records'] };
  for (const [name, system] of Object.entries({ call: talks, media, agent: seats, it: data }))
    for (const [group, [method, path]] of Object.entries(routes)) {
      const answer = await system.for('1003').raw(method, path);
      if (group === name) assert.notEqual(answer.status, 403, `${name} ${path}`);
      else assert.deepEqual([answer.status, answer.body.code], [403, 'key.route'], `${name} ${path}`);
    }
  for (const path of ['/me', '/settings/users', '/audit', '/settings/keys'])
    assert.equal((await data.raw('GET', path)).status, 403, path);
  assert.equal((await data.raw('PUT', '/me/password', { old_password: 'x', new_password: 'y' })).status, 403);
  for (const number of [undefined, '9999', 'liuzhou/1001', 'nanning/9999', '']) {
    const answer = await talks.for(number).raw('GET', '/agent');
    assert.deepEqual([answer.status, answer.body.code], [422, 'key.agent'], String(number));
  }
  assert.equal((await talks.for('nanning/1001').get('/agent')).agent_no, '1001');
  // the region's: each center's agents by the center's code
  const everywhere = await make(chief, ['call'], { region: true });
  assert.equal((await everywhere.for('liuzhou/1001').get('/agent')).agent_no, '1001');
  assert.notEqual((await everywhere.for('liuzhou/1001').get('/agent')).user_id, (await talks.for('1001').get('/agent')).user_id);
  const many = await Promise.all(Array.from({ length: 300 }, () => seats.for('1001').raw('GET', '/agent')));
  const limited = many.filter((a) => a.status === 429);
  assert.ok(limited.length > 0 && many.some((a) => a.status === 200), `${limited.length} of 300 were refused`);
  assert.deepEqual([limited[0].body.code, limited[0].headers.get('retry-after')], ['key.limited', '1']);
});

test('PLAT-08 agent: an agent signs in at his desk phone, changes his state, has today\'s figures, signs out; a revoked key takes him along', async () => {
  const phone = await Phone.start(region, { user: '031001' });
  open.push({ close: () => phone.close() });
  const guilin = await Person.signIn(region, 'guilin', 'admin');
  assert.equal((await phone.register()).status, 200);
  const key = await make(guilin, ['agent']);
  await key.listen();
  const seat = key.for('1001');
  const signedIn = await key.does('sign in', () => seat.post('/agent/sign-in', { line: 'phone' }), 'agent', (d) => d.signed_in && d.agent_no === '1001');
  assert.deepEqual([signedIn.result.state, signedIn.result.line.kind], ['busy', 'phone']);
  await key.does('ready', () => seat.put('/agent/state', { state: 'ready' }), 'seat', (d) => d.agent_no === '1001' && d.state === 'ready');
  const reason = (await key.get('/dictionaries')).busy_reasons.find((r) => r.kind === 'rest');
  const rest = await key.does('rest', () => seat.put('/agent/state', { state: 'rest', reason_id: reason.id }), 'agent', (d) => d.state === 'rest');
  assert.equal(rest.data.reason, reason.name);
  const today = (await key.get('/monitor/agents')).items;
  assert.deepEqual(today.find((a) => a.agent_no === '1001'), { ...today.find((a) => a.agent_no === '1001'), answered: 0, out: 0, talk_ms: 0 });
  assert.ok(today.every((a) => a.center_id === guilin.me.center.id), 'of its center only');
  await key.does('sign out', () => seat.post('/agent/sign-out'), 'agent', (d) => !d.signed_in);
  await seat.post('/agent/sign-in', { line: 'phone' });
  await guilin.post(`/settings/keys/${key.id}/revoke`);
  await until('the agent is signed out', () => region.sql(`SELECT out_reason FROM agent_session s JOIN app_user u ON u.id = s.user_id JOIN center c ON c.id = u.center_id WHERE c.code = 'guilin' ORDER BY s.t_in DESC LIMIT 1`) === 'forced');
});

test('PLAT-08 call control: make, answer, hold, conference, transfer, release, each with its result and its event', async () => {
  const key = await make(office.admin, ['call']);
  await key.listen();
  const [first, second] = [key.for('1001'), key.for('1002')];
  // make and release
  const number = String(++people);
  const { result } = await key.does('make', () => first.post('/agent/calls', { number }), 'agent', mine(agent, call((c) => c.direction === 'out' && c.party_no === number)));
  await key.waitFor('agent', mine(agent, call((c) => c.call_id === result.call_id && !c.dialing)));
  await key.does('release', () => first.post(`/agent/calls/${result.call_id}/hangup`), 'agent', mine(agent, (d) => d.state === 'acw'));
  await agent.done();
  // answer
  await agent.ready();
  const caller = await office.waiting('1', { args: ['--tone', String(CALLER), '--detect-tone', String(FIRST)] });
  await rings([agent], caller);
  const id = callOf(agent), verb = (who, name, body) => () => who.post(`/agent/calls/${id}/${name}`, body);
  await key.does('answer', verb(first, 'answer'), 'agent', mine(agent, (d) => d.state === 'talk'));
  await until('they hear each other', () => caller.seen('tone'));
  // hold
  await key.does('hold', verb(first, 'hold'), 'agent', mine(agent, call((c) => c.held_since_ms)));
  await until('the caller hears the agent no more', () => caller.seen('tone_end'));
  await key.does('retrieve', verb(first, 'retrieve'), 'agent', mine(agent, call((c) => !c.held_since_ms)));
  // conference
  await colleague.ready();
  await key.does('consult', verb(first, 'consult', { user_id: colleague.person.me.user.id }), 'agent', mine(colleague, (d) => d.state === 'ring'));
  await key.does('answer', verb(second, 'answer'), 'agent', mine(agent, call((c) => c.consult?.state === 'talking')));
  await key.does('join', verb(first, 'consult/join'), 'agent', mine(agent, call((c) => c.consult?.state === 'joined')));
  // transfer
  await key.does('complete', verb(first, 'consult/complete'), 'agent', mine(agent, (d) => d.state === 'acw'));
  await key.does('transfer', verb(second, 'transfer', { queue_id: (await office.queue('consult')).id }), 'agent', mine(colleague, (d) => d.state === 'acw'));
  await caller.hangUp();
  await Promise.all([agent.done(), colleague.done()]);
  await until('idle', () => [agent, colleague].every((a) => ['ready', 'busy'].includes(a.document.state)));
  await Promise.all([agent, colleague].map((a) => a.person.put('/agent/state', { state: 'busy' })));
  // who did it is written down: the agent, by this key
  const did = await until('audit rows', () => { const rows = region.sql(`SELECT string_agg(DISTINCT detail, ',') FROM audit_log WHERE action = 'key.use' AND user_id = ${agent.person.me.user.id} AND object_id = '${key.id}'`); return rows.includes('key=测试 call') && rows; });
  assert.ok(did);
});

test('PLAT-08 media: a prompt, a spoken text, keys asked of the caller and told by event, keys sent, recording off and on', async () => {
  const { version, queues: _, ...rule } = await office.admin.get('/settings/recording');
  await office.changed(() => office.admin.put('/settings/recording', { outbound: rule.outbound, internal: rule.internal, pause_s: 60 }, { 'if-match': `"${version}"` }));
  const key = await make(office.admin, ['media']);
  await key.listen();
  const first = key.for('1001');
  const tries = (id, verb, body) => first.raw('POST', `/agent/calls/${id}/${verb}`, body);
  await agent.ready();
  const caller = await office.waiting('1', { args: ['--tone', String(CALLER), '--detect-tone', String(FIRST)] });
  await rings([agent], caller);
  const id = await answer(agent), verb = (name, body) => () => first.post(`/agent/calls/${id}/${name}`, body);
  const media = (test) => mine(agent, call((c) => c.media && test(c.media)));
  await until('they hear each other', () => caller.seen('tone'));
  // play
  const { result } = await key.does('play', verb('play', { prompt: 'all_busy' }), 'agent', media((m) => m.kind === 'play' && m.state === 'open'));
  assert.equal(agent.document.call.flow.target, '播放语音');
  await until('the caller hears the agent no more', () => caller.seen('tone_end'));
  assert.equal((await tries(id, 'play', { prompt: 'all_busy' })).body.code, 'flow.open');
  await key.waitFor('agent', media((m) => m.task === result.task && m.state === 'done'));
  assert.equal(agent.document.call.flow, null);
  // TTS
  const spoken = await key.does('TTS', verb('play', { text: '您的申请已经受理' }), 'agent', media((m) => m.task === result.task + 1 && m.state === 'open'));
  assert.equal(spoken.result.task, result.task + 1);
  const stopped = await key.does('stop', verb('play/end'), 'agent', media((m) => m.task === result.task + 1 && m.state !== 'open'));
  assert.equal(stopped.data.call.media.state, 'ended');
  // collect
  await key.does('collect', verb('collect', { text: '请按键', min: 4, max: 6, end: '#' }), 'agent', media((m) => m.kind === 'collect' && m.state === 'open'));
  for (const one of '7301#') {
    caller.say(`key ${one}`);
    await until(`key ${one} is heard`, () => region.story(id).some((line) => line.includes(`event=key `) && line.includes(`node=say key=${one} `)));
  }
  const digits = await key.waitFor('agent', media((m) => m.kind === 'collect' && m.state === 'done'));
  assert.equal(digits.data.call.media.digits, '7301');
  assert.equal(digits.data.call.variables.digits, undefined, 'the flow of the call has none of it');
  await key.does('collect without keys', verb('collect', { min: 2, timeout_ms: 500 }), 'agent', media((m) => m.task === result.task + 3 && m.state === 'open'));
  await key.waitFor('agent', media((m) => m.task === result.task + 3 && m.state === 'no_keys' && m.digits === ''));
  for (const [body, field] of [[{ prompt: 'nothing_here' }, 'prompt'], [{ prompt: 'beep', text: '二者' }, 'text']])
    assert.ok((await tries(id, 'play', body)).body.errors[field], JSON.stringify(body));
  assert.ok((await tries(id, 'collect', { min: 5, max: 2 })).body.errors.max);
  // recording
  assert.equal(agent.document.call.recording.state, 'on');
  await key.does('recording off', verb('recording', { on: false }), 'agent', mine(agent, call((c) => c.recording.state === 'paused')));
  await key.does('recording on', verb('recording', { on: true }), 'agent', mine(agent, call((c) => c.recording.state === 'on')));
  await finish(agent, caller);
  await until('the recordings are closed', () => region.sql(`SELECT count(*) FILTER (WHERE state = 'closed') > 0 AND count(*) FILTER (WHERE state = 'open') = 0 FROM recording WHERE call_id = '${id}'`) === 't');
  assert.equal((await tries(id, 'recording', { on: true })).body.code, 'call.stale');
  // DTMF, and a call that the agent made: the other system asks whom it called
  const { call_id } = await agent.person.post('/agent/calls', { number: String(++people) });
  await until('answered', () => agent.document.call?.call_id === call_id && !agent.document.call.dialing);
  await first.post(`/agent/calls/${call_id}/keys`, { keys: '42#' });
  await until('the keys are heard outside', () => called.events.filter((e) => e.event === 'key').length >= 3);
  await key.does('collect', () => first.post(`/agent/calls/${call_id}/collect`, { min: 1, max: 1 }), 'agent', media((m) => m.state === 'open'));
  called.say('key 5');
  assert.equal((await key.waitFor('agent', media((m) => m.state === 'done' && m.digits === '5'))).data.call.direction, 'out');
  await agent.hangUp(call_id);
  await agent.waitState('acw');
  await agent.done();
});

test('PLAT-08 IT: calls, registrations, customers and reports, of the key\'s center only, numbers masked; a registration is told by event', async () => {
  const [key, revealing] = [await make(office.admin, ['it']), await make(office.admin, ['it'], { reveal: true })];
  await key.listen();
  const dictionaries = await key.get('/dictionaries');
  const id = randomUUID(), from = '13877123456';
  const document = { id, caller_no: from, category: dictionaries.categories[0].code, title: '接口登记', content: '内容', answer: '答复' };
  assert.equal((await key.raw('POST', '/records', document)).body.code, 'key.agent');
  const { result } = await key.does('registration', () => key.for('1001').post('/records', document), 'record', (d) => d.record_id === id && d.what === 'created');
  assert.ok(result.record_no);
  await key.does('change', () => key.for('1001').put(`/records/${id}`, { title: '接口改过' }, { 'if-match': `"${result.version}"` }), 'record', (d) => d.record_id === id && d.what === 'updated');
  assert.deepEqual([(await key.get(`/records/${id}`)).caller_no, (await revealing.get(`/records/${id}`)).caller_no, (await key.get(`/records/${id}`)).title], ['138****3456', from, '接口改过']);
  const calls = (await key.get('/calls')).items;
  assert.ok(calls.length > 0 && calls.every((c) => c.center_id === office.id));
  const day = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
  assert.equal((await key.get(`/reports/voice_service?from=${day}&to=${day}`)).rows.length, 1);
  region.sql(`INSERT INTO contact (id, center_id, name, unit, numbers, note) VALUES (gen_random_uuid(), ${office.id}, '张三', '征管科', '{07715551234}', '')`);
  assert.ok((await key.get('/contacts?book=center&q=张三')).items.some((c) => c.name === '张三'));
  assert.equal((await key.raw('GET', '/taxpayers')).status, 200);
  const other = await make(await Person.signIn(region, 'liuzhou', 'admin'), ['it'], { reveal: true });
  assert.equal((await other.raw('GET', `/records/${id}`)).status, 404);
  assert.equal((await other.raw('GET', `/records?center_id=${office.id}`)).status, 403);
  assert.equal((await other.get('/contacts?book=center&q=张三')).items.length, 0);
  assert.equal((await other.get('/calls')).items.filter((c) => c.center_id === office.id).length, 0);
  const region12366 = await make(chief, ['it'], { region: true });
  assert.equal((await region12366.get(`/records/${id}`)).title, '接口改过');
  await until('the look is written down with the key', () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'record.read' AND user_id IS NULL AND detail LIKE '%key=测试 it%'`) > '0');
});

test('PLAT-08 IT: tickets are made, read, listed and moved with a key, in its center only; each step has its result and its event', async () => {
  const key = await make(office.admin, ['it']);
  await key.listen();
  const first = key.for('1001'), second = key.for('1002');
  const category = (await key.get('/dictionaries')).categories[0].code;
  const record_id = randomUUID(), ticket_id = randomUUID(), from = '13877155501';
  await first.post('/records', { id: record_id, caller_no: from, category, title: '接口工单', content: '内容', method: 'dispatch' });
  const document = { ticket_id, record_id, opinion: '请办理' };
  assert.equal((await key.raw('POST', '/tickets', document)).body.code, 'key.agent');
  const told = (what) => [(d) => d.ticket_id === ticket_id && d.what === what && d.center_id === office.id];
  const made = await key.does('create', () => first.post('/tickets', document), 'ticket', ...told('create'));
  assert.match(made.result.ticket_no, /^GD/);
  assert.deepEqual([(await key.get(`/tickets/${ticket_id}`)).caller_no, (await key.get(`/tickets?ticket_no=${made.result.ticket_no}`)).items.map((t) => t.ticket_id)], ['138****5501', [ticket_id]]);
  const people = (await key.get('/tickets/choices')).people;
  const step = (who, verb, body = {}) => async () => {
    const { version } = await key.get(`/tickets/${ticket_id}`);
    return who.call('POST', `/tickets/${ticket_id}/${verb}`, body, { 'if-match': `"${version}"` });
  };
  const to_user_id = people.find((p) => p.agent_no === '1002').id;
  for (const [who, verb, body, state] of [[first, 'assign', { to_user_id }, 'open'], [second, 'accept', {}, 'in_work'], [second, 'forward', { to_user_id: people.find((p) => p.agent_no === '1003').id, opinion: '转办' }, 'open'],
    [key.for('1003'), 'return', { opinion: '退回' }, 'open'], [second, 'accept', {}, 'in_work'], [second, 'finish', { opinion: '办结' }, 'finished'], [first, 'reopen', { opinion: '再办' }, 'open'], [first, 'void', { opinion: '作废' }, 'void']]) {
    const { result } = await key.does(verb, step(who, verb, body), 'ticket', ...told(verb));
    assert.equal(result.state, state, verb);
  }
  assert.deepEqual((await key.get(`/tickets/${ticket_id}`)).hops.map((h) => h.action), ['create', 'assign', 'accept', 'forward', 'return', 'accept', 'finish', 'reopen', 'void']);
  const other = await make(await Person.signIn(region, 'liuzhou', 'admin'), ['it']);
  assert.equal((await other.raw('GET', `/tickets/${ticket_id}`)).status, 404);
  assert.equal((await other.for('1001').raw('POST', `/tickets/${ticket_id}/reopen`, { opinion: '越界' }, { 'if-match': '"1"' })).status, 404);
  assert.deepEqual((await other.get('/tickets')).items, []);
  const talks = await make(office.admin, ['call']);
  assert.equal((await talks.raw('GET', '/tickets')).body.code, 'key.route');
  await until('the step is written down with the key', () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'ticket.finish' AND object_id = '${ticket_id}' AND detail LIKE '%key=测试 it%'`) === '1');
});

test('REG-05 a registration of a call that is under way has number, queue and center of the daemon, whatever the page says', async () => {
  await agent.ready();
  const caller = await office.waiting('1');
  await rings([agent], caller);
  const call_id = await answer(agent);
  const category = (await agent.person.get('/dictionaries')).categories[0].code;
  const lies = { id: randomUUID(), call_id, caller_no: '13900000000', category, title: '如实' };
  await agent.person.post('/records', lies);
  const saved = await agent.person.get(`/records/${lies.id}`);
  assert.deepEqual([saved.caller_no, saved.queue_name, saved.center_id, saved.info_source, saved.unit_type], [caller.number, '咨询', office.id, 'city', 'self']);
  for (const [field, value] of [['live', { party_no: '13900000000' }], ['queue_id', 1], ['center_id', 3]])
    assert.ok((await agent.person.raw('POST', '/records', { ...lies, id: randomUUID(), [field]: value })).body.errors[field], field);
  const liuzhou = await Person.signIn(region, 'liuzhou', 'a1001');
  const refused = await liuzhou.raw('POST', '/records', { ...lies, id: randomUUID() });
  assert.deepEqual([refused.status, refused.body.errors.call_id], [422, '这个来电不属于本中心']);
  await finish(agent, caller);
  await agent.person.put('/agent/state', { state: 'busy' });
});

test('PLAT-10 beyond its share a center\'s callers are refused, its agents are told, its texts wait; other centers have theirs', async () => {
  const share = async (kind, change) => {
    const { version } = (await chief.get('/settings/pools')).items.find((s) => s.center_id === office.id && s.kind === kind);
    await chief.put(`/settings/pools/${office.id}/${kind}`, change, { 'if-match': `"${version}"` });
    await region.configured();
  };
  const use = async (kind) => (await chief.get('/monitor/pools')).uses.find((u) => u.center_id === office.id && u.kind === kind);
  const dialing = (to) => { const caller = Caller.start(region, { from: String(++people), to }); open.push({ close: () => caller.kill() }); return caller; };
  await until('nobody talks', async () => (await use('trunk')).used === 0);
  assert.equal((await office.admin.raw('PUT', `/settings/pools/${office.id}/trunk`, { guaranteed: 0 }, { 'if-match': '"1"' })).status, 403);
  await share('trunk', { guaranteed: 1, most: 2 });
  const callers = [dialing(office.number), dialing(office.number)];
  await Promise.all(callers.map((c) => c.waitFor('answered')));
  assert.equal((await dialing(office.number).waitFor('refused')).status, 503);
  const told = await agent.person.raw('POST', '/agent/calls', { number: String(++people) });
  assert.deepEqual([told.status, told.body.code], [503, 'trunk.share'], JSON.stringify(told.body));
  await dialing('07721236602').waitFor('answered');
  assert.deepEqual(await use('trunk'), { center_id: office.id, kind: 'trunk', used: 2, refused: 2, waiting: 0 });
  assert.match(await (await fetch(`${region.base}/metrics`)).text(), /hotlined_calls_refused_total\{reason="no_share"\} 1/);
  await callers[0].hangUp();
  await until('a channel is free', async () => (await use('trunk')).used === 1);
  await dialing(office.number).waitFor('answered');
  await share('trunk', { guaranteed: 0, most: null });

  // speech: one at a time; the others wait and are spoken after it
  await share('tts', { guaranteed: 1, most: 1 });
  const text = '请您稍候，'.repeat(25);
  const spoken = Array.from({ length: 4 }, () => office.admin.raw('POST', '/settings/prompts/preview', { text }));
  let most = 0, waited = 0;
  const looks = (async () => {
    for (let done = false; !done;) {
      const now = await use('tts');
      [most, waited] = [Math.max(most, now.used), Math.max(waited, now.waiting)];
      done = await Promise.race([Promise.all(spoken).then(() => true), new Promise((next) => { setImmediate(next, false); })]);
    }
  })();
  assert.deepEqual((await Promise.all(spoken)).map((a) => a.status), [200, 200, 200, 200]);
  await looks;
  assert.deepEqual([most, waited], [1, 3]);
  assert.deepEqual([(await use('tts')).used, (await use('tts')).waiting], [0, 0]);
});
