// Messages (VM-01 to VM-08) and call-backs (SCN-14) on the real daemon: callers with real sound, a clock that is set to a
// holiday, a make-up working day and a lunch break, agents who are all busy, and a daemon that is killed.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { B, Called, Caller, PASSWORD, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { Office, answer, finish, rings } from './lib/office.mjs';
import { findSound, readWav, samplesOf, shareOf } from './lib/sound.mjs';

const CITY = 'liuzhou';
const CALLER_HZ = 440;
let region, office, agent, called;
let people = 13877400000;

// The wall clock alone is moved (tests/tools/clock), as setting the machine's clock does.
class Clock extends Region {
  daemonEnv() {
    this.clock = join(this.dir, 'clock');
    if (!this.clockSet) this.set(0);
    return { ...super.daemonEnv(), LD_PRELOAD: join(B, 'tools/clock.so'), CLOCK_FILE: this.clock };
  }
  set(seconds) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(seconds)));
    writeFileSync(this.clock, bytes, { flag: this.clockSet ? 'r+' : 'w' }); // in place: the daemon has the file mapped
    this.clockSet = true;
  }
  // Local time, as people in Nanning read it.
  setTo(local) { this.set((Date.parse(`${local}+08:00`) - Date.now()) / 1000); }
}

// At eight in the evening messages are taken; the caller's key 2 asks to be called back, key 3 for a message, key 4 at another number.
const FLOW = {
  entry: 'open',
  nodes: {
    open: { type: 'hours', calendar: 'vm_office', open: 'main', closed: 'closed_vm' },
    closed_vm: { type: 'voicemail', max_s: 20, next: 'thanks', off: 'sorry', failed: 'sorry' },
    main: { type: 'menu', name: '主菜单', prompt: 'beep', keys: { 1: 'consult', 2: 'call_back', 3: 'own_vm', 4: 'number' }, timeout_ms: 20000, failed: 'sorry' },
    number: { type: 'collect', name: '回拨号码', prompt: 'beep', variable: 'callback_no', min: 7, max: 12, next: 'call_back', failed: 'sorry' },
    call_back: { type: 'callback', queue: 'consult', next: 'bye', failed: 'sorry' },
    own_vm: { type: 'voicemail', max_s: 20, next: 'thanks', off: 'sorry', failed: 'sorry' },
    consult: { type: 'queue', queue: 'consult', priority: 0, on_wait_over: 'busy_vm', on_no_agent: 'busy_vm', on_full: 'busy_vm' },
    busy_vm: { type: 'voicemail', max_s: 20, next: 'thanks', off: 'busy', failed: 'busy' },
    thanks: { type: 'hangup', prompt: 'beep', reason: 'done' },
    bye: { type: 'hangup', prompt: 'beep', reason: 'done' },
    busy: { type: 'hangup', prompt: 'beep', reason: 'lost' },
    sorry: { type: 'hangup', prompt: 'beep', reason: 'closed' },
  },
};
// PostgreSQL's clock is not moved: what people do in the afternoon is some hours ago, less than the day a call-back stands. Each day
// has a lunch break but the one two days later; National Day is off, a Saturday after it is worked.
const LOCAL_NOW = Date.now() + 8 * 3600e3, TODAY = new Date(LOCAL_NOW).getUTCHours() >= 15;
const day = (after) => new Date(LOCAL_NOW + 24 * 3600e3 * (after - (TODAY ? 0 : 1))).toISOString().slice(0, 10);
const weekday = (date) => new Date(`${date}T12:00:00Z`).getUTCDay() || 7;
const OFFICE_HOURS = [['09:00', '12:00'], ['13:30', '17:00']];
const CALENDAR = { week: Object.fromEntries([1, 2, 3, 4, 5, 6, 7].filter((d) => d !== weekday(day(2))).map((d) => [d, OFFICE_HOURS])), days: { '2026-10-01': [], '2026-10-10': OFFICE_HOURS } };
// A clock that is set back by less than three hours is followed slowly: what comes after one another here is later, or much earlier.
const TIMES = { open: `${day(0)}T10:00:00`, lunch: `${day(0)}T12:30:00`, afternoon: `${day(0)}T${TODAY ? '14:00' : '16:30'}:00`, holiday: '2026-10-01T10:00:00', makeUp: '2026-10-10T10:00:00',
  makeUpEvening: '2026-10-10T20:00:00', dayOff: `${day(2)}T10:00:00`, dayBefore: `${day(-1)}T14:00:00` };

// A session of days ago has expired: people sign in anew.
async function at(time) {
  region.setTo(TIMES[time]);
  for (const who of ['admin', 'leader']) {
    if ((await office[who].raw('GET', '/me')).status === 200) continue;
    await office[who].close();
    office[who] = await Person.signIn(region, CITY, who);
    await office[who].listen();
  }
}
const settings = (change, scenes = {}) => async () => {
  const now = await office.admin.get('/settings/voicemail');
  await office.changed(() => office.admin.put('/settings/voicemail', { enabled: true, off_prompt: '', quota_mb: 100, assign_rule: 'none',
    scenes: now.scenes.map((s) => ({ scene: s.scene, enabled: true, prompt: '', ...scenes[s.scene] })), ...change }, { 'if-match': `"${now.version}"` }));
};

before(async () => {
  region = await Clock.start({ binary: join(B, 'hotlined') });
  region.setTo(TIMES.open);
  office = await Office.open(region, CITY);
  region.sql(`INSERT INTO work_calendar (center_id, code, name, document) VALUES (${office.id}, 'vm_office', '办公', '${JSON.stringify(CALENDAR)}')`);
  await region.configured();
  await office.publish(FLOW);
  await settings({})();
});
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  called?.kill();
  await office?.close();
  await region?.stop();
});

const someone = () => String(++people);
// A caller who speaks as soon as he is asked to, after these keys.
const call = (keys = '', from = someone()) => office.call(keys, { from, args: ['--tone', String(CALLER_HZ)] });
const over = (caller) => until(`${caller.number} is hung up on`, () => caller.code !== undefined || caller.seen('ended'), 30000);
const speaks = (caller) => until(`${caller.number} speaks`, () => region.log.split('\n').some((l) => l.includes('room=voicemail event=speaking') && l.includes(idOf(caller))), 30000);
const idOf = (caller) => {
  const line = region.log.split('\n').findLast((l) => l.includes('room=call event=began') && l.includes(`caller=${caller.number} `));
  return line ? /call=(\S+)/.exec(line)[1] : 'has not begun';
};
const wait_ms = (ms) => { const until_ms = Date.now() + ms; return until(`${ms} ms`, () => Date.now() >= until_ms, ms + 10000); };
const message = (caller, person = office.leader) => until(`message of ${caller.number}`, async () => (await person.get(`/voicemails?caller_no=${caller.number}`)).items[0]);
const noMessage = async (caller, person = office.leader) => {
  await until('the call is written', () => region.sql(`SELECT count(*) FROM call WHERE caller_no = '${caller.number}' AND t_end IS NOT NULL`) !== '0');
  assert.deepEqual((await person.get(`/voicemails?caller_no=${caller.number}`)).items, []);
};
const outcome = (caller) => until('outcome', () => region.sql(`SELECT outcome FROM call WHERE caller_no = '${caller.number}' AND t_end IS NOT NULL ORDER BY t_in DESC LIMIT 1`));
const leave = async (keys, ms = 4000) => {
  const caller = call(keys);
  await speaks(caller);
  await wait_ms(ms);
  return caller;
};

test('VM-06 VM-08 a holiday, a lunch break, a make-up working day: the scene is what the calendar says, and the message is kept at the hang-up', async () => {
  const scenes = [];
  for (const [time, expected] of [['holiday', 'off_day'], ['makeUpEvening', 'off_hours'], ['lunch', 'off_hours'], ['dayOff', 'off_day']]) {
    await at(time);
    const caller = await leave('');
    await caller.hangUp();
    const m = await message(caller);
    assert.equal(m.scene, expected, time);
    assert.equal(m.left_at.slice(0, 10), TIMES[time].slice(0, 10));
    assert.equal(await outcome(caller), 'closed', time);
    scenes.push(m);
  }
  for (const time of ['makeUp', 'open']) { // work is done: the menu, and nobody is there to take the call
    await at(time);
    const caller = await leave('1');
    await caller.hangUp();
    assert.equal((await message(caller)).scene, 'all_busy', time);
    assert.equal(await outcome(caller), 'flow_vm', time);
  }
  const path = region.sql(`SELECT path FROM recording WHERE recording_id = '${scenes[0].voicemail_id}'`);
  assert.match(path, new RegExp(`^${CITY}/voicemail/2026/10/01/`));
  assert.ok(existsSync(join(region.dir, 'state/recordings', path)), 'the file lies in the city\'s own store');
});

// A center as the pages make it, with nothing drawn: people, a number, hours; and ears for what its callers hear.
class NewCity {
  static async make() {
    const city = new NewCity();
    const root = await Person.signIn(region, 'guangxi', 'admin');
    const { id } = await root.post('/settings/centers', { code: 'beiliu', name: '北流市12366', city_code: '450981', city_name: '北流市', area_code: '0775', organ_code: '14509810000' });
    await region.configured();
    const user = (login, role, agent_no = '') => root.post('/settings/users', { center_id: id, login, name: login, roles: [role], password: PASSWORD, enabled: true, agent_no });
    await user('chief', 'city_admin');
    await user('lead', 'leader');
    const { id: worker } = await user('a9001', 'agent', '9001');
    region.sql(`INSERT INTO number_plan (called_no, center_id, kind, source, flow_code) VALUES ('07751236698', ${id}, 'public', 'direct', 'main')`);
    await city.signIn();
    await city.setQueue({ max_wait_ms: 1500 }, async (q) => city.chief.put(`/settings/queues/${q.id}/members/${worker}`, { weight: 50 }));
    const { items } = await city.chief.get('/settings/calendars');
    const calendar = items.find((c) => c.code === 'default');
    await city.chief.put(`/settings/calendars/${calendar.id}`, { document: CALENDAR }, { 'if-match': `"${calendar.version}"` });
    const said = { greeting: '您好。', please_wait: '请稍候。', busy_offer: '回电按一，留言按二。', cb_thanks: '回电登记好了。', vm_off: '留言没有开通。', closed: '我们下班了。', all_busy: '大家都在通话。',
      vm_off_day: '今天是休息日。', vm_off_hours: '现在是午休时间。', vm_all_busy: '没有坐席，请您说吧。' };
    for (const [code, text] of Object.entries(said)) await city.chief.put(`/settings/prompts/${code}`, { text }); // nobody has time to listen to more
    await region.configured();
    return city;
  }
  async signIn() { [this.chief, this.lead] = await Promise.all(['chief', 'lead'].map((login) => Person.signIn(region, 'beiliu', login))); }
  async at(time) {
    region.setTo(TIMES[time]);
    await this.signIn(); // a session of another day is over
  }
  async setQueue(fields, more) {
    const q = (await this.chief.get('/settings/queues')).items.find((one) => one.code === 'consult');
    await more?.(q);
    await this.chief.put(`/settings/queues/${q.id}`, fields, { 'if-match': `"${q.version}"` });
  }
  async scenes(off) { // these are off, the others on
    const { version, scenes, ...now } = await this.chief.get('/settings/voicemail');
    await this.chief.put('/settings/voicemail', { enabled: true, off_prompt: now.off_prompt, quota_mb: now.quota_mb, assign_rule: 'none',
      scenes: scenes.map((s) => ({ ...s, enabled: !off.includes(s.scene) })) }, { 'if-match': `"${version}"` });
    await region.configured();
  }
  call(keys = '') {
    const number = someone(), file = join(region.dir, `heard-${number}.wav`);
    const caller = Caller.start(region, { from: number, to: '07751236698', args: ['--tone', String(CALLER_HZ), '--hear', file, ...(keys ? ['--keys', keys] : [])] });
    office.callers.push(caller);
    return Object.assign(caller, { number, file });
  }
  async hears(caller, code) {
    const response = await fetch(`${region.base}/api/v1/settings/prompts/${code}/audio`, { headers: { cookie: this.chief.cookie } });
    const sound = samplesOf(Buffer.from(await response.arrayBuffer()));
    await until(`${caller.number} hears ${code}`, () => findSound(readWav(caller.file), sound).score > 0.7, 40000, 500);
  }
  // Hears the scene's prompt, speaks after it, and hangs up.
  async leaves(caller, prompt, scene) {
    await this.hears(caller, prompt);
    await speaks(caller);
    await wait_ms(4000);
    await caller.hangUp();
    assert.equal((await message(caller, this.lead)).scene, scene);
  }
  async hearsAndGoes(caller, ...prompts) {
    for (const prompt of prompts) await this.hears(caller, prompt);
    await over(caller);
    await noMessage(caller, this.lead);
  }
}

test('VM-06 a center as it is made takes messages in each scene and offers call-backs, each scene with its own prompt and its own switch', async () => {
  const city = await NewCity.make();
  for (const { id } of (await city.chief.get('/settings/flows')).items) {
    const { document } = await city.chief.get(`/settings/flows/${id}`);
    assert.deepEqual(await city.chief.post(`/settings/flows/${id}/check`, { document }), { problems: [] });
  }
  const { enabled, scenes } = await city.chief.get('/settings/voicemail');
  assert.deepEqual([enabled, Object.fromEntries(scenes.map((s) => [s.scene, s.prompt]))], [true, { off_day: 'vm_off_day', off_hours: 'vm_off_hours', all_busy: 'vm_all_busy', chosen: 'vm_chosen' }]);

  await city.at('holiday');
  await city.leaves(city.call(), 'vm_off_day', 'off_day');
  await city.scenes(['off_day']);
  const refused = city.call();
  await city.hearsAndGoes(refused, 'vm_off', 'closed');
  assert.equal(await outcome(refused), 'closed');

  await city.at('lunch'); // the other one is still on
  await city.leaves(city.call(), 'vm_off_hours', 'off_hours');
  await city.scenes(['off_hours']);
  await city.hearsAndGoes(city.call(), 'vm_off', 'closed');

  await city.at('makeUp'); // a Saturday that is worked: the menu, and nobody has signed in
  const asks = city.call('1');
  await city.hears(asks, 'busy_offer');
  asks.say('key 1');
  await city.hearsAndGoes(asks, 'cb_thanks');
  assert.equal(await outcome(asks), 'flow_cb');
  const entry = await until('his entry', async () => (await city.lead.get(`/callbacks?number=${asks.number}`)).items[0]);
  assert.deepEqual([entry.source, entry.queue_name], ['requested', '咨询']);

  await city.at('dayBefore');
  const worker = await Agent.start(region, 'beiliu', 'a9001');
  const talking = city.call('1');
  await rings([worker], talking);
  await answer(worker);
  const waits = city.call('1'); // a second and a half, all agents being busy
  await city.hears(waits, 'busy_offer');
  waits.say('key 2');
  await city.leaves(waits, 'vm_all_busy', 'all_busy');
  assert.equal(await outcome(waits), 'flow_vm');
  await city.scenes(['all_busy']);
  const turned = city.call('1');
  await city.hears(turned, 'busy_offer');
  turned.say('key 2');
  await city.hearsAndGoes(turned, 'vm_off', 'all_busy');
  assert.equal(await outcome(turned), 'lost');
  await finish(worker, talking);
  await worker.person.raw('POST', '/agent/sign-out', {});
  await worker.close();
});

test('VM-08 VM-02 # ends it, what he said is heard on the left track, and a draft waits; less than three seconds is none', async () => {
  await at('lunch');
  const caller = await leave('', 5000);
  caller.say('key #');
  await over(caller);
  const m = await message(caller);
  assert.ok(m.length_ms >= 4500 && m.length_ms < 12000, `${m.length_ms} ms`);
  assert.deepEqual([m.state, m.record_state, m.caller_no], ['new', 'draft', caller.number]);
  const sound = Buffer.from(await (await fetch(`${region.base}/api/v1/voicemails/${m.voicemail_id}/audio`, { headers: { cookie: office.leader.cookie } })).arrayBuffer());
  const [left, right] = [0, 1].map((channel) => samplesOf(sound, channel).subarray(8000, 24000));
  assert.ok(shareOf(left, CALLER_HZ) > 0.4, 'he is heard');
  assert.ok(right.every((s) => Math.abs(s) < 100), 'and nobody else');
  await until('listening is audited', () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'recording.play' AND object_id = '${m.voicemail_id}'`) === '1');
  const short = await leave('', 1000);
  short.say('key #');
  await over(short);
  await noMessage(short);
});

test('VM-08 who says nothing any more has finished', async () => {
  const caller = office.call('', { from: someone() }); // no tone: a line where nobody speaks
  await speaks(caller);
  await over(caller);
  await noMessage(caller);
});

test('VM-05 VM-06 switched off, for the city or the scene: the branch is skipped', async () => {
  await at('dayOff');
  for (const off of [settings({ enabled: false, off_prompt: 'line_test' }), settings({}, { off_day: { enabled: false } })]) {
    await off();
    const caller = call('');
    await over(caller);
    await noMessage(caller);
  }
  await at('lunch'); // the other scene is on
  const caller = await leave('');
  await caller.hangUp();
  assert.equal((await message(caller)).scene, 'off_hours');
  await settings({})();
});

test('VM-06 VM-07 all agents busy; a city that has used up its quota takes no more; another city sees neither message nor file', async () => {
  await at('afternoon');
  agent = await office.agent('a1001', { lineArgs: ['--tone', '1000'] });
  region.sql(`UPDATE queue SET max_length = 1 WHERE center_id = ${office.id} AND code = 'consult'`);
  await region.configured();
  const talking = await office.waiting('1', { from: someone() });
  await rings([agent], talking);
  await answer(agent);
  const first = await office.waiting('1', { from: someone() }); // the queue is full now
  const caller = await leave('1');
  await caller.hangUp();
  const m = await message(caller);
  assert.equal(m.scene, 'all_busy');
  assert.match(m.menu_path, /主菜单 1/);
  assert.equal(await outcome(caller), 'flow_vm');
  const other = await Person.signIn(region, 'nanning', 'leader');
  for (const path of [`/voicemails/${m.voicemail_id}`, `/voicemails/${m.voicemail_id}/audio`, `/voicemails/${m.voicemail_id}/waveform`])
    assert.equal((await other.raw('GET', path)).status, 404, path);
  assert.deepEqual((await other.get(`/voicemails?caller_no=${caller.number}`)).items, []);
  await other.close();
  region.sql(`UPDATE voicemail_turn SET used_bytes = 100 * 1048576 - 1 WHERE center_id = ${office.id}`);
  const last = await leave('1');
  await last.hangUp();
  await message(last);
  await until('the quota is known', async () => (await office.admin.get('/settings/voicemail')).used_bytes > 100 * 1048576);
  const turned = await until('turned away', async () => { const c = call('1'); await until('asked or over', () => c.code !== undefined || c.seen('ended') || region.log.includes(`event=speaking call=${idOf(c)}`), 30000); return region.log.includes(`event=speaking call=${idOf(c)}`) ? (await c.hangUp(), null) : c; }, 60000);
  assert.equal(await outcome(turned), 'lost');
  region.sql(`UPDATE voicemail_turn SET used_bytes = 0 WHERE center_id = ${office.id}; UPDATE queue SET max_length = 0 WHERE center_id = ${office.id}`);
  await region.configured();
  await first.hangUp();
  await finish(agent, talking);
});

test('VM-01 VM-03 VM-08 CC-05 assigned, taken, called back by click, registered: the draft is formal with both recordings, which are those of a ticket made of it, and the item finished', async () => {
  const caller = await leave('3');
  await caller.hangUp();
  const m = await message(caller);
  const me = agent.person.me.user.id;
  assert.equal((await agent.person.raw('POST', `/voicemails/${m.voicemail_id}/assign`, { user_id: me })).status, 403, 'assigning is for leaders');
  assert.equal((await office.leader.raw('POST', `/voicemails/${m.voicemail_id}/assign`, { user_id: me })).status, 204);
  assert.equal((await message(caller, agent.person)).agent_no, '1001');
  assert.equal((await agent.person.raw('POST', `/voicemails/${m.voicemail_id}/call`)).body.code, 'voicemail.state', 'not taken yet');
  assert.equal((await agent.person.raw('POST', `/voicemails/${m.voicemail_id}/take`)).status, 204);
  assert.equal((await agent.person.raw('POST', `/voicemails/${m.voicemail_id}/finish`, {})).body.code, 'voicemail.draft');
  const { record_id } = await agent.person.get(`/voicemails/${m.voicemail_id}`);
  const draft = await agent.person.get(`/records/${record_id}`);
  assert.deepEqual([draft.caller_no, draft.channel, draft.state, draft.call_id], [caller.number, 'voicemail', 'draft', m.call_id]);
  const ticket = { ticket_id: randomUUID(), record_id };
  assert.match((await agent.person.raw('POST', '/tickets', ticket)).body.errors.record_id, /还不是正式记录/);
  called = await Called.start(region, { args: ['--count', '0', '--tone', '700'] });
  await region.outside(called);
  region.sql(`UPDATE voicemail SET caller_no = '' WHERE voicemail_id = '${m.voicemail_id}'`);
  const nobody = (await agent.person.raw('POST', `/voicemails/${m.voicemail_id}/call`)).body;
  assert.deepEqual([nobody.code, /没有显示号码/.test(nobody.title)], ['call.no_number', true]);
  region.sql(`UPDATE voicemail SET caller_no = '${caller.number}' WHERE voicemail_id = '${m.voicemail_id}'`);
  const { call_id } = await agent.person.post(`/voicemails/${m.voicemail_id}/call`);
  assert.equal((await called.waitFor('invited')).to, caller.number);
  await until('talking', () => agent.document.call?.dialing === false && agent.document.call.call_id === call_id);
  await wait_ms(1500);
  await agent.hangUp(call_id);
  await until('reached', async () => (await message(caller, agent.person)).called_back_at);
  assert.equal((await agent.person.get(`/records/${record_id}`)).state, 'draft', 'not written yet');
  const saved = await agent.person.put(`/records/${record_id}`, { category: '01', title: '咨询', content: '申报期限', method: 'call_back' }, { 'if-match': `"${draft.version}"` });
  assert.equal(saved.record_no, draft.record_no);
  const formal = await until('both recordings', async () => { const r = await agent.person.get(`/records/${record_id}`); return r.calls.every((c) => c.recordings[0]?.state === 'closed') && r; });
  assert.deepEqual([formal.state, formal.calls.map((c) => [c.kind, c.call_id])], ['closed', [['voicemail', m.call_id], ['call_back', call_id]]]);
  assert.equal((await agent.person.raw('POST', `/voicemails/${m.voicemail_id}/finish`, { note: '已答复' })).status, 204);
  const { ticket_no } = await agent.person.post('/tickets', ticket);
  assert.deepEqual((await office.leader.get(`/queries/recordings?ticket_no=${ticket_no}`)).items.map((i) => i.call_id).sort(), [m.call_id, call_id].sort());
  assert.deepEqual((await agent.person.get(`/tickets/${ticket.ticket_id}`)).calls.map((c) => [c.kind, c.recordings.length]).sort(), [['call_back', 1], ['voicemail', 1]]);
  const done = await office.leader.get(`/voicemails/${m.voicemail_id}`);
  assert.deepEqual(done.steps.map((s) => s.state), ['new', 'assigned', 'in_work', 'call_back', 'finished']);
  const sheet = await fetch(`${region.base}/api/v1/voicemails.xlsx?state=finished`, { headers: { cookie: office.leader.cookie } });
  assert.equal(sheet.status, 200);
  assert.equal(Buffer.from(await sheet.arrayBuffer()).subarray(0, 2).toString(), 'PK');
  await agent.done();
  await until('free', () => agent.document.state !== 'acw');
});

test('VM-03 VM-07 a message is deleted by who may, with a reason: its file is gone, its draft void, its room given back, and it is written down', async () => {
  const caller = await leave('3');
  await caller.hangUp();
  const m = await message(caller);
  const path = `/voicemails/${m.voicemail_id}`;
  const { record_id } = await office.leader.get(path);
  const file = join(region.dir, 'state/recordings', region.sql(`SELECT path FROM recording WHERE recording_id = '${m.voicemail_id}'`));
  await until('its end is written', () => existsSync(file) && region.sql(`SELECT state FROM recording WHERE recording_id = '${m.voicemail_id}'`) === 'closed');
  const used = async () => (await office.admin.get('/settings/voicemail')).used_bytes;
  const before = await used();
  const ask = (who, body) => who.raw('POST', `${path}/delete`, body);
  for (const who of [agent.person, office.leader]) assert.equal((await ask(who, { reason: '试试' })).status, 403);
  assert.deepEqual(Object.keys((await ask(office.admin, {})).body.errors), ['reason']);
  assert.deepEqual(Object.keys((await ask(office.admin, { reason: '  ' })).body.errors), ['reason']);
  const elsewhere = await Person.signIn(region, 'nanning', 'admin');
  assert.equal((await ask(elsewhere, { reason: '不是我的' })).status, 404);
  await elsewhere.close();
  assert.ok(existsSync(file), 'nothing has happened yet');
  assert.equal((await ask(office.admin, { reason: '来电人要求删除' })).status, 204);
  assert.ok(!existsSync(file));
  assert.ok((await used()) < before);
  assert.deepEqual((await office.leader.get(`/voicemails?caller_no=${caller.number}`)).items, []);
  const [gone] = (await office.leader.get(`/voicemails?caller_no=${caller.number}&state=deleted`)).items;
  assert.deepEqual([gone.voicemail_id, gone.state, gone.note, gone.record_state], [m.voicemail_id, 'deleted', '来电人要求删除', 'void']);
  assert.deepEqual((await office.leader.get(path)).steps.map((x) => x.state).at(-1), 'deleted');
  assert.equal((await office.leader.raw('GET', `${path}/audio`)).status, 410);
  assert.equal((await office.leader.get(`/records/${record_id}`)).state, 'void');
  assert.equal((await ask(office.admin, { reason: '再删一次' })).status, 404);
  assert.equal((await agent.person.raw('POST', `${path}/take`)).body.code, 'voicemail.state');
  const [row] = await until('audited', async () => { const { items } = await office.admin.get('/audit?action=voicemail.delete'); return items.length && items; });
  assert.deepEqual([row.login, row.object_id, row.detail], ['admin', m.voicemail_id, '来电人要求删除']);
});

const entries = (number, state = '') => agent.person.get(`/callbacks?number=${number}&state=${state}`);
const entry = (number, test = () => true) => until(`entry of ${number}`, async () => (await entries(number)).items.find(test));

test('SCN-14 who gives up is listed with his first place, called by one click, and the result is kept; the lists refresh by themselves', async () => {
  await agent.person.put('/agent/state', { state: 'busy' });
  const from = someone();
  const before_it = agent.person.events.length;
  for (let i = 0; i < 2; i++) {
    const caller = await office.waiting('1', { from });
    await caller.hangUp();
    await entry(from, (e) => e.waits === i + 1);
  }
  await until('told', () => agent.person.events.slice(before_it).some((e) => e.event === 'callback' && e.data.center_id === office.id));
  const e = await entry(from);
  assert.deepEqual([e.state, e.source, e.queue_name, e.due], ['open', 'gave_up', '咨询', true]);
  const other = await office.agent('a1002');
  const asked = await Promise.all([agent, other].map((a) => a.person.raw('POST', `/callbacks/${e.callback_id}/call`)));
  assert.deepEqual(asked.map((a) => a.status).sort(), [201, 409], 'two clicks at once, one call');
  const won = asked[0].status === 201 ? agent : other;
  assert.equal(asked.find((a) => a.status === 409).body.code, 'callback.taken');
  await until('talking', () => won.document.call?.dialing === false);
  assert.equal(won.document.call.party_no, from);
  await won.hangUp(callIdOf(won));
  const reached = await entry(from, (x) => x.state === 'reached');
  assert.deepEqual([reached.outcome, reached.history.length, reached.history[0].outcome], ['reached', 1, 'reached']);
  assert.equal(called.events.filter((x) => x.event === 'invited' && x.to === from).length, 1, 'and his telephone rang once');
  await until('acw', () => won.document.state === 'acw');
  await won.done();
  await other.close();
  office.agents = office.agents.filter((a) => a !== other);
});
const callIdOf = (a) => a.document.call.call_id;

test('SCN-14 asked for at a key, also for another number; who calls again and is answered is off the list; an agent without a line claims nothing', async () => {
  const own = call('2');
  await over(own);
  assert.equal((await entry(own.number)).source, 'requested');
  const number = someone();
  const other = call(`4${number}#`);
  await over(other);
  const e = await entry(number);
  assert.equal(e.source, 'requested');
  const third = await Person.signIn(region, CITY, 'a1003'); // signed in to the pages, not to the telephone
  const refused = await third.raw('POST', `/callbacks/${e.callback_id}/call`);
  assert.equal(refused.body.code, 'agent.not_signed_in');
  assert.deepEqual([(await entry(number)).state, (await entry(number)).history], ['open', []], 'given back');
  await third.close();
  await agent.ready();
  const again = call('1', own.number);
  await rings([agent], again);
  await answer(agent);
  await finish(agent, again);
  await entry(own.number, (e) => e.state === 'answered'); // as soon as it is written
  assert.equal((await agent.person.raw('POST', `/callbacks/${(await entry(own.number)).callback_id}/call`)).body.code, 'callback.over');
  assert.equal((await agent.person.raw('POST', `/callbacks/${e.callback_id}/drop`, { reason: '重复' })).status, 204);
});

test('SCN-14 VM-08 NFR-07 the daemon is killed while one is called back and one leaves a message: each is called once, and the message is kept', async () => {
  const numbers = [someone(), someone()];
  await agent.person.put('/agent/state', { state: 'busy' });
  for (const from of numbers) {
    const caller = await office.waiting('1', { from });
    await caller.hangUp();
    await entry(from);
  }
  const rang = (number) => called.events.filter((x) => x.event === 'invited' && x.to === number).length;
  const first = await entry(numbers[0]);
  const { call_id } = await agent.person.post(`/callbacks/${first.callback_id}/call`);
  await until('talking', () => agent.document.call?.dialing === false);
  const speaking = await leave('3', 5000);
  // The other one was claimed, and the daemon died before it could dial.
  const second = await entry(numbers[1]);
  const claimed = '01a1c33d-aed0-7000-8db3-ae530bfc5067';
  region.sql(`BEGIN; SET LOCAL hotlined.centers = '*'; SELECT callback_claim('${second.callback_id}', ${agent.person.me.user.id}, '${claimed}');
    UPDATE callback SET claimed_at = now() - interval '2 days' WHERE claim_call_id = '${claimed}'; COMMIT;`);
  await until('journalled', () => region.sql(`SELECT count(*) FROM call WHERE call_id = '${call_id}'`) === '1' && region.sql("SELECT count(*) FROM voicemail WHERE state = 'recording'") === '1');
  await region.stopDaemon('SIGKILL');
  speaking.kill();
  await region.startDaemon();
  await until('recovered', () => /event=orphans_closed/.test(region.log), 30000);
  const person = await Person.signIn(region, CITY, 'leader');
  const listed = async (number) => (await person.get(`/callbacks?number=${number}`)).items[0];
  await until('the claim is free', async () => (await listed(numbers[1])).state === 'open');
  assert.equal((await listed(numbers[1])).history.length, 0);
  const after_it = await listed(numbers[0]);
  assert.deepEqual([after_it.state, rang(numbers[0]), rang(numbers[1])], ['reached', 1, 0]);
  const kept = await until('the message', async () => (await person.get(`/voicemails?caller_no=${speaking.number}`)).items[0]);
  assert.ok(kept.length_ms >= 3000, `${kept.length_ms} ms`);
  assert.equal((await person.raw('GET', `/voicemails/${kept.voicemail_id}/audio`)).status, 200);
  await person.close();
});
