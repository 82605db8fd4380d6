// Calls that move between two centers, as one list of cases for both layouts: two centers of one daemon, and two
// daemons with a database each, joined by a SIP trunk. Agents see no difference.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Caller, Person, until } from './region.mjs';
import { Agent } from './agent.mjs';
import { answer, neverRang } from './office.mjs';
import { RATE, findSound, readWav } from './sound.mjs';

export const NOTE = '数电票勾选失败，客户急';
export const DRAFT = { category: '01', title: '数电票', content: '不能勾选', taxpayer_no: '91450100MA5KABCD1X' };
const CENTERS = { guangxi: { id: 1, to: '12366', hz: 700 }, nanning: { id: 2, to: '07711236601', hz: 500 }, liuzhou: { id: 3, to: '07721236602', hz: 600 } }; // of the seed, the same in both databases
const TAXPAYER_HZ = 900;
const CITY_ID = CENTERS.nanning.id;

// One side: a region (daemon and database), its center, and an agent there.
export class Side {
  static async open(region, code, login) {
    const side = Object.assign(new Side(), { region, code, id: CENTERS[code].id, hz: CENTERS[code].hz });
    [side.boss, side.agent] = await Promise.all([Person.signIn(region, 'guangxi', 'admin'), side.colleague(login)]);
    return side;
  }
  colleague(login) { return Agent.start(this.region, this.code, login, { lineArgs: ['--tone', String(this.hz), '--detect-tone', String(TAXPAYER_HZ)] }); }
  dials(from, args = []) {
    const caller = Caller.start(this.region, { from, to: CENTERS[this.code].to, args: ['--keys', '1', '--tone', String(TAXPAYER_HZ), ...args] });
    caller.number = from;
    return caller;
  }
  // Nobody else of the center takes what this agent gives back.
  async call(from, args) {
    const caller = this.dials(from, args);
    await this.agent.waitState('ring', 40000);
    this.first = await answer(this.agent);
    await until('both on the stage', () => this.agent.document.call?.answered_ms);
    return caller;
  }
  centers() { return this.agent.person.get('/agent/centers').then((c) => c.items); }
  detail(id, test = () => true) { return until('call in the books', () => this.boss.raw('GET', `/calls/${id}`).then((a) => a.status === 200 && a.body.t_end && test(a.body) && a.body)); }
  async free() {
    await until('summing up or free', () => !['talk', 'ring'].includes(this.agent.document.state));
    if (this.agent.document.state === 'acw') await this.agent.done();
    if (this.agent.document.state !== 'ready') await this.agent.ready();
    await until('free', () => this.agent.document.state === 'ready');
  }
  rest() { return this.agent.person.put('/agent/state', { state: 'rest' }); }
  setting() { return this.boss.get('/settings/transfers').then((s) => s.items.find((c) => c.center_id === this.id)); }
  async changed(action) {
    await action();
    await this.region.configured();
  }
  flow(document) { return this.changed(async () => this.region.sql(`UPDATE flow_version v SET document = '${JSON.stringify(document)}' FROM flow f WHERE f.id = v.flow_id AND f.code = 'transfer' AND f.center_id = ${this.id}`)); }
  async close() {
    await this.agent?.close();
    await this.boss?.close();
  }
}

async function allow(side, fields) {
  const { version } = (await side.boss.get('/settings/transfers')).items.find((c) => c.center_id === CITY_ID);
  await side.changed(() => side.boss.put(`/settings/transfers/${CITY_ID}`, fields, { 'if-match': `"${version}"` }));
}
async function dedicate(side, queues, seats, queue_id) {
  const { version } = await side.setting();
  await side.changed(() => side.boss.put(`/settings/transfers/${side.id}/dedicated`, { queues, seats }, { 'if-match': `"${version}"` }));
  const source = side.id === CITY_ID ? 'from_12366' : 'from_city';
  const { code, version: of } = (await side.setting()).codes.find((c) => c.source === source);
  await side.changed(() => side.boss.put(`/settings/transfers/${side.id}/codes/${source}`, { code, queue_id, priority: 30 }, { 'if-match': `"${of}"` }));
}

let next = 100;
const number = () => `13877200${next++}`;
const verb = (side, path, body) => side.agent.person.raw('POST', `/agent/calls/${side.first}/${path}`, body);
const pass = (side, to, more = {}) => verb(side, 'transfer/center', { center_id: to.id, note: NOTE, draft: DRAFT, ...more });
const consult = (side, to, more = {}) => verb(side, 'consult/center', { center_id: to.id, note: NOTE, draft: DRAFT, ...more });
const after = (side, what) => verb(side, `consult/${what}`);
const ok = (reply) => assert.equal(reply.status, 204, JSON.stringify(reply.body));
const mine = (side, what, test) => until(`${side.code}: ${what}`, () => side.agent.document.call && test(side.agent.document.call));
const asked = (side, state) => mine(side, `consult ${state}`, (c) => c.consult?.state === state);
const alone = (side) => mine(side, 'nobody asked', (c) => side.agent.document.state === 'talk' && !c.consult);
// Somebody (a caller, an agent's line) hears the tone he listens for, now.
const hearsTone = (who) => who.events.filter((e) => e.event === 'tone').length > who.events.filter((e) => e.event === 'tone_end').length;
const hears = (who, on, what) => until(`${what}: ${on}`, () => hearsTone(who) === on, 30000);
const listensFor = (side) => ['--detect-tone', String(side.hz)];
const allowed = (from, to) => until(`${from.code} may pass on to ${to.code}`, async () => (await from.centers()).find((c) => c.center_id === to.id).allowed, 30000);

// What the report of each side must say in the end: callers who really moved.
const moved = {};
const nowMoved = (layout, from, to) => { const key = `${layout} ${from.code} ${to.id === CENTERS.guangxi.id ? 'xout_12366' : 'xout_city'}`; moved[key] = (moved[key] ?? 0) + 1; };

// From one side to the other: pass on, see, talk, both records.
async function passesOn(layout, from, to, expected, nobodyElse = []) {
  const caller = await from.call(number(), listensFor(to));
  // Another daemon tells with its health checks that somebody is there now.
  await allowed(from, to);
  const begun = Date.now();
  ok(await pass(from, to));
  await until('the first agent is free to sum up', () => from.agent.document.state === 'acw');
  assert.ok(Date.now() - begun < 2000, `free after ${Date.now() - begun} ms`);
  await to.agent.waitState('ring', 40000);
  const { call } = to.agent.document;
  assert.notEqual(call.call_id, from.first);
  assert.equal(call.party_no, caller.number);
  assert.deepEqual([call.source, call.unit_type, call.info_source], expected);
  assert.equal(call.transfer.center_id, from.id);
  assert.equal(call.transfer.note, NOTE);
  assert.deepEqual(call.transfer.draft, DRAFT);
  assert.equal(call.transfer.agent_no, from.agent.person.me.user.agent_no);
  assert.ok(call.transfer.path.some((k) => k.key === '1'), 'the key the taxpayer pressed');
  const second = await answer(to.agent);
  // Whoever took it and the taxpayer hear each other's tone.
  await Promise.all([hears(caller, true, 'the taxpayer hears the second agent'), hears(to.agent.line, true, 'the second agent hears the taxpayer')]);
  neverRang(nobodyElse, caller);
  nowMoved(layout, from, to);
  await until('the call is in the books', () => to.region.sql(`SELECT count(*) FROM call WHERE call_id = '${second}'`) === '1');
  const made = await to.agent.person.post('/records', { id: crypto.randomUUID(), call_id: second, category: '01', title: DRAFT.title });
  await caller.hangUp();
  const [a, b] = [await from.detail(from.first), await to.detail(second)];
  assert.equal(a.global_call_id, b.global_call_id);
  assert.deepEqual([a.center_id, b.center_id], [from.id, to.id]);
  assert.deepEqual([a.outcome, b.outcome, a.transferred], ['answered', 'answered', true]);
  assert.ok(a.has_recording && b.has_recording, 'each center has its own recording');
  assert.equal(b.from_agent_no, from.agent.person.me.user.agent_no);
  assert.equal(to.region.sql(`SELECT from_center FROM call WHERE call_id = '${second}'`), from.code);
  assert.equal(to.region.sql(`SELECT unit_type FROM record WHERE id = '${made.id}'`), expected[1]);
  await Promise.all([from.free(), to.free()]);
  return b;
}

// Passed on and taken, whatever is lost on the way.
export async function passesThrough(from, to) {
  const caller = await from.call(number(), listensFor(to));
  ok(await pass(from, to));
  await to.agent.waitState('ring', 40000);
  const { call } = to.agent.document;
  await answer(to.agent);
  await Promise.all([hears(caller, true, 'the taxpayer hears the second agent'), hears(to.agent.line, true, 'the second agent hears the taxpayer')]);
  await caller.hangUp();
  const [detail, second] = [await from.detail(from.first), await to.detail(call.call_id)];
  await Promise.all([from.free(), to.free()]);
  return { call, detail, second };
}

// Two half seconds of it were heard; a whole second may have been split by a jitter buffer on the way.
function hasHeard(sound, piece) {
  let found = 0;
  for (let at = 0; at + RATE / 2 <= piece.length && found < 2; at += RATE / 2) found += findSound(sound, piece.subarray(at, at + RATE / 2)).score > 0.75;
  return found === 2;
}

// The far side does not take it: closed by its own flow, or nobody answers until its longest wait is over.
async function comesBack(from, to, outcome) {
  const caller = await from.call(number(), [...listensFor(from), '--hear', join(from.region.dir, `${from.code}-${outcome}.wav`)]);
  await allowed(from, to);
  await hears(caller, true, 'the taxpayer hears his agent');
  ok(await pass(from, to));
  await until('passed on', () => from.agent.document.state === 'acw');
  await until('back with the first agent', () => from.agent.document.state === 'talk' && from.agent.document.call.call_id === from.first, 40000);
  await hears(caller, true, 'the taxpayer hears the first agent again');
  assert.ok(caller.events.filter((e) => e.event === 'tone').length > 1, 'and did not meanwhile');
  await caller.hangUp();
  const there = await until('the other record', () => to.region.sql(`SELECT outcome FROM call WHERE center_id = ${to.id} AND caller_no = '${caller.number}' AND outcome <> 'open'`));
  assert.equal(there, outcome);
  const detail = await from.detail(from.first, (c) => c.outside_legs.length);
  assert.equal(detail.outcome, 'answered');
  assert.equal(detail.outside_legs[0].passed, false);
  await from.free();
  return readWav(join(from.region.dir, `${from.code}-${outcome}.wav`));
}

// Queues and seats for transferred calls alone, and their place before direct callers.
async function dedicated(layout, from, to) {
  await to.rest();
  const special = await to.colleague('a1003');
  const report = (await to.boss.get('/settings/queues')).items.find((q) => q.code === 'report' && q.center_id === to.id);
  await dedicate(to, [report.id], [special.person.me.user.id], report.id);
  const direct = to.dials(number());
  const waiting = async () => (await to.boss.get(`/monitor/wall?center_id=${to.id}`)).centers[0].waiting;
  await until('a direct caller waits', async () => (await waiting()).length === 1);
  let caller = await from.call(number());
  await allowed(from, to);
  await until('the list counts who waits there', async () => (await from.centers()).find((c) => c.center_id === to.id).waiting === 1, 10000);
  ok(await pass(from, to));
  await until('the special seat rings', () => special.document.state === 'ring', 40000);
  assert.deepEqual([special.document.call.party_no, special.document.call.queue_name], [caller.number, report.name]);
  await answer(special);
  nowMoved(layout, from, to);
  await caller.hangUp();
  await from.free();
  neverRang([special, to.agent], direct);
  neverRang([to.agent], caller);
  await until('the seat sums up', () => special.document.state === 'acw');
  await special.done();
  await until('done', () => special.document.state !== 'acw');
  neverRang([special], direct); // free again, and still not for direct callers
  await special.person.post('/agent/sign-out');
  await special.close();

  await dedicate(to, [], [], 0); // both in the same queue now
  caller = await from.call(number());
  ok(await pass(from, to));
  await until('both wait', async () => (await waiting()).length === 2, 40000);
  const masked = (one) => `${one.number.slice(0, 3)}****${one.number.slice(-4)}`;
  const places = (await waiting()).map((w) => [w.position, w.caller_no, w.priority]).sort();
  assert.deepEqual(places, [[1, masked(caller), 30], [2, masked(direct), 0]]);
  await to.agent.ready();
  await to.agent.waitState('ring');
  assert.equal(to.agent.document.call.party_no, caller.number);
  await caller.hangUp();
  await until('then the direct one', () => to.agent.document.state === 'ring' && to.agent.document.call.party_no === direct.number);
  await direct.hangUp();
  await Promise.all([from.free(), to.free()]);
}

// sides() gives { region: Side of the regional center, city: of 南宁, other: of 柳州, with the region } once all are at work.
export function centerCases(layout, sides) {
  const name = (text) => `${text} (${layout})`;

  test(name('XFER-01 XFER-05 XFER-07 XFER-09 XFER-17 REG-05 REG-07 12366 passes a caller to a city with notes and form; the agent is free within 2 s, and nobody but that city rings'), async () => {
    const { region, city, other } = sides();
    const b = await passesOn(layout, region, city, ['from_12366', 'from_12366', 'r12366'], [other.agent]);
    assert.equal(b.entry_code, '91450100');
  });

  test(name('XFER-01 XFER-12 XFER-13 XFER-14 XFER-17 two cities pass callers to 12366 by its one code, and it knows which sent them'), async () => {
    const { region, city, other } = sides();
    for (const from of [city, other]) {
      const b = await passesOn(layout, from, region, ['from_city', 'from_city', 'city']);
      assert.equal(b.entry_code, '92450000');
    }
    assert.equal(region.region.sql("SELECT string_agg(DISTINCT from_center, ',' ORDER BY from_center) FROM call WHERE from_center <> '' AND center_id = 1"), 'liuzhou,nanning');
  });

  test(name('REG-08 XFER-07 a city passes a caller to another city: 地市呼转来电 by itself, with what the first one wrote'), async () => {
    const { region, city, other } = sides();
    await passesOn(layout, other, city, ['from_city', 'from_city', 'city'], [region.agent]);
    await passesOn(layout, city, other, ['from_city', 'from_city', 'city'], [region.agent]);
  });

  test(name('XFER-01 XFER-05 a caller whom nobody takes over there hears their notice and music, and is with the first agent again'), async () => {
    const { region, city } = sides();
    const limit = (ms) => city.changed(async () => city.region.sql(`UPDATE queue SET max_wait_ms = ${ms} WHERE center_id = ${CITY_ID} AND code = 'consult'`));
    await limit(4000);
    await city.flow(TRANSFER('please_wait'));
    await city.rest();
    const sound = await comesBack(region, city, 'lost').finally(() => Promise.all([city.flow(TRANSFER()), limit(600000), city.free()]));
    const prompt = (of, code) => readWav(join(of.region.dir, of.region.sql(`SELECT 'state/prompts/' || path FROM prompt_version v JOIN prompt p ON p.id = v.prompt_id WHERE p.code = '${code}' AND (p.center_id = ${of.id} OR p.center_id IS NULL) ORDER BY p.center_id NULLS LAST LIMIT 1`)));
    assert.ok(hasHeard(sound, prompt(city, 'please_wait')), 'the notice');
    assert.ok(hasHeard(sound, prompt(city, 'hold_music').subarray(0, 2 * RATE)), 'music');
  });

  test(name('XFER-01 a caller for whom the far side turns out to be closed is with the first agent again'), async () => {
    const { region, city } = sides();
    city.region.sql("INSERT INTO work_calendar (center_id, code, name, document) VALUES (1, 'shut', '闭', '{\"week\":{}}'), (2, 'shut', '闭', '{\"week\":{}}') ON CONFLICT DO NOTHING");
    region.region.sql("INSERT INTO work_calendar (center_id, code, name, document) VALUES (1, 'shut', '闭', '{\"week\":{}}') ON CONFLICT DO NOTHING");
    for (const [from, to] of [[region, city], [city, region]]) {
      await to.flow({ entry: 'open', nodes: { open: { type: 'hours', calendar: 'shut', open: 'no', closed: 'no' }, no: { type: 'hangup', prompt: 'beep', reason: 'closed' } } });
      await comesBack(from, to, 'closed').finally(() => to.flow(TRANSFER()));
    }
  });

  test(name('XFER-08 internal codes are known to nobody on the public trunk'), async () => {
    const { region, city } = sides();
    for (const side of [region, city])
      for (const code of ['91450100', '92450100', '92450000']) {
        const caller = Caller.start(side.region, { from: number(), to: code });
        assert.equal((await caller.waitFor('refused')).status, 404, `${side.code} ${code}`);
        await caller.exited;
      }
  });

  test(name('XFER-06 the list says what is open, who is signed in, and why a center is greyed'), async () => {
    const { region, city } = sides();
    const seen = await until('nanning is told to be at work', async () => (await region.centers()).find((c) => c.center_id === city.id && c.known && c.signed_in > 0), 30000);
    assert.deepEqual([seen.name, seen.open, seen.allowed, seen.why], ['南宁市12366分中心', true, true, '']);
    const all = await region.centers();
    assert.deepEqual([all.length, all.every((c) => c.kind === 'city'), all.every((c) => c.allowed === (c.why === ''))], [14, true, true]);
    await allow(region, { from_12366: false });
    const greyed = (await region.centers()).find((c) => c.center_id === city.id);
    assert.deepEqual([greyed.allowed, greyed.why], [false, '没有开通12366转该分中心的权限']);
    const caller = await region.call(number());
    const refused = await pass(region, city);
    assert.deepEqual([refused.status, refused.body.code, refused.body.title], [409, 'center.refused', '没有开通12366转该分中心的权限']);
    assert.equal(region.agent.document.state, 'talk'); // untouched
    await allow(region, { from_12366: true });
    ok(await pass(region, city)); // acts at once
    await city.agent.waitState('ring', 40000);
    await caller.hangUp();
    await Promise.all([region.free(), city.free()]);
  });

  test(name('XFER-11 XFER-16 none, to 12366, from 12366, both: each way is open or greyed by itself, in its hours alone, and the call stays'), async () => {
    const { region, city } = sides();
    const may = async (from, to) => (await from.centers()).find((c) => c.center_id === to.id);
    const never = { week: {}, days: {} };
    for (const [to_12366, from_12366, hours] of [[false, false, null], [true, false, null], [false, true, null], [true, true, never]]) {
      await allow(region, { to_12366, from_12366, to_12366_hours: hours });
      const up = to_12366 && !hours;
      assert.equal((await may(region, city)).allowed, from_12366);
      await until(`the city knows that it ${up ? 'may' : 'may not'}`, async () => (await may(city, region)).allowed === up, 30000);
      if (up) continue;
      const caller = await city.call(number());
      const refused = await pass(city, region);
      assert.deepEqual([refused.status, refused.body.code], [409, 'center.refused']);
      assert.match(refused.body.title, /转12366/);
      assert.equal(city.agent.document.state, 'talk');
      await caller.hangUp();
      await city.free();
    }
    await allow(region, { to_12366: true, from_12366: true, to_12366_hours: null });
    await allowed(city, region);
    const caller = await city.call(number());
    ok(await pass(city, region));
    await region.agent.waitState('ring', 40000);
    await caller.hangUp();
    await Promise.all([region.free(), city.free()]);
  });

  test(name('XFER-02 the other side helps while the caller is held, or as one of three; the helper leaves, the call goes on; it is help and no transfer'), async () => {
    const { region, city } = sides();
    for (const [from, to] of [[city, region], [region, city]]) {
      const caller = await from.call(number(), listensFor(to));
      await allowed(from, to);
      ok(await consult(from, to, { help: true }));
      await to.agent.waitState('ring', 40000);
      assert.equal(to.agent.document.call.transfer.note, NOTE);
      await answer(to.agent);
      await asked(from, 'talking');
      assert.equal(from.agent.document.call.consult.kind, 'help');
      await hears(from.agent.line, false, 'the agent hears the caller, who is held');
      assert.equal(hearsTone(caller), false);
      await to.agent.hangUp(to.agent.document.call.call_id);
      await alone(from);
      await hears(from.agent.line, true, 'the agent hears the caller again');
      await to.free();

      ok(await consult(from, to, { help: true, three: true }));
      await asked(from, 'ringing');
      await to.agent.waitState('ring', 40000);
      await hears(from.agent.line, true, 'the talk goes on while it rings there');
      await answer(to.agent);
      await asked(from, 'joined');
      from.agent.line.say('silence'); // so that the helper's tone alone is measured
      await Promise.all([hears(caller, true, 'the caller hears the helper'), hears(to.agent.line, true, 'the helper hears the caller')]);
      await to.agent.hangUp(to.agent.document.call.call_id);
      await alone(from);
      from.agent.line.say(`tone ${from.hz}`);
      await hears(from.agent.line, true, 'the agent hears the caller');
      await caller.hangUp();
      const detail = await from.detail(from.first, (c) => c.outside_legs.length === 2);
      assert.deepEqual(detail.outside_legs.map((l) => [l.purpose, l.joined, l.passed, l.outcome]), [['help', false, false, 'answered'], ['help', true, false, 'answered']]);
      assert.equal(detail.transferred, false);
      assert.notEqual(detail.outside_legs[0].to_center, '');
      await Promise.all([from.free(), to.free()]);
    }
  });

  test(name('XFER-03 caller, agent and the agent of the other side talk together; either of them may leave'), async () => {
    const { region, city } = sides();
    for (const [from, to] of [[city, region], [region, city]]) {
      const caller = await from.call(number(), listensFor(to));
      await allowed(from, to);
      ok(await consult(from, to));
      await to.agent.waitState('ring', 40000);
      let second = await answer(to.agent);
      await asked(from, 'talking');
      assert.equal(from.agent.document.call.consult.center_name, from === city ? '广西12366纳税缴费服务热线' : '南宁市12366分中心');
      ok(await after(from, 'join'));
      await asked(from, 'joined');
      from.agent.line.say('silence');
      await Promise.all([hears(caller, true, 'the caller hears the other side'), hears(to.agent.line, true, 'the other side hears the caller')]);
      to.agent.line.say('silence');
      await hears(from.agent.line, true, 'the agent hears the caller');
      to.agent.line.say(`tone ${to.hz}`);
      await hears(caller, true, 'the caller hears the other side again');
      await to.agent.hangUp(second); // the other side leaves, the call goes on
      await alone(from);
      await hears(caller, false, 'the caller hears the other side');
      await hears(from.agent.line, true, 'the agent hears the caller');
      await to.free();

      ok(await consult(from, to));
      await to.agent.waitState('ring', 40000);
      second = await answer(to.agent);
      await asked(from, 'talking');
      ok(await after(from, 'join'));
      await asked(from, 'joined');
      await from.agent.hangUp(from.first); // who has asked leaves, the two others go on
      nowMoved(layout, from, to);
      await until('free to sum up', () => from.agent.document.state === 'acw');
      await Promise.all([hears(caller, true, 'the caller hears the other side'), hears(to.agent.line, true, 'the other side hears the caller')]);
      from.agent.line.say(`tone ${from.hz}`);
      await caller.hangUp();
      const [a, b] = [await from.detail(from.first, (c) => c.outside_legs.length === 2), await to.detail(second)];
      assert.deepEqual(a.outside_legs.map((l) => [l.purpose, l.joined, l.passed]), [['consult', true, false], ['pass', true, true]]);
      assert.equal(a.global_call_id, b.global_call_id);
      await Promise.all([from.free(), to.free()]);
    }
  });

  test(name('XFER-04 an agent asks the other side first while the caller hears music: takes him back, or passes him on; a caller who hangs up meanwhile is seen to be gone at once'), async () => {
    const { region, city } = sides();
    for (const [from, to] of [[city, region], [region, city]]) {
      const caller = await from.call(number(), listensFor(to));
      await allowed(from, to);
      ok(await consult(from, to));
      await asked(from, 'ringing');
      ok(await after(from, 'end')); // before it is taken there
      await alone(from);
      await until('nothing rings there', () => to.agent.document.state !== 'ring', 20000);
      for (const how of ['end', 'complete']) {
        await to.free();
        ok(await consult(from, to));
        await to.agent.waitState('ring', 40000);
        to.second = await answer(to.agent);
        await asked(from, 'talking');
        await hears(from.agent.line, false, 'the agent hears the caller, who hears music');
        assert.equal(hearsTone(caller), false);
        ok(await after(from, how));
        if (how === 'end') await alone(from).then(() => hears(from.agent.line, true, 'the agent hears the caller again'));
      }
      nowMoved(layout, from, to);
      await until('free to sum up', () => from.agent.document.state === 'acw');
      await Promise.all([hears(caller, true, 'the caller hears the other side'), hears(to.agent.line, true, 'the other side hears the caller')]);
      await caller.hangUp();
      assert.equal((await from.detail(from.first)).global_call_id, (await to.detail(to.second)).global_call_id);
      await Promise.all([from.free(), to.free()]);

      const gone = await from.call(number());
      ok(await consult(from, to));
      await to.agent.waitState('ring', 40000);
      await answer(to.agent);
      await asked(from, 'talking');
      gone.say('hangup');
      const at = Date.now();
      await until('seen to be gone', () => from.agent.document.state === 'acw');
      assert.ok(Date.now() - at < 1500, `${Date.now() - at} ms`);
      await gone.exited;
      await Promise.all([from.free(), to.free()]); // whoever was asked is free as well
    }
  });

  test(name('XFER-10 ACD-09 a seat and a queue of the city are for calls of 12366 alone, which stand before direct callers by the set priority'), async () => {
    const { region, city } = sides();
    await dedicated(layout, region, city);
  });

  test(name('XFER-15 a seat and a queue of 12366 are for calls of cities alone, distributed to those agents and before direct callers'), async () => {
    const { region, city } = sides();
    await dedicated(layout, city, region);
  });

  test(name('RPT-01 XFER-01 XFER-02 the sender\'s report counts under 转12366 and 转地市 whoever was really moved, and nobody who was only asked'), async () => {
    const day = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
    for (const side of Object.values(sides()))
      for (const source of ['facts', 'rollup']) {
        const columns = ['xout_12366', 'xout_city'];
        const said = async () => { const { total } = await side.boss.get(`/reports/voice_service?from=${day}&to=${day}&center_id=${side.id}&source=${source}`); return columns.map((c) => total[c]); };
        const wanted = columns.map((c) => moved[`${layout} ${side.code} ${c}`] ?? 0);
        await until('all is in the books', async () => (await said()).every((n, i) => n === wanted[i]), 10000).catch(() => {});
        assert.deepEqual(await said(), wanted, `${side.code} by ${source}`);
      }
  });
}

// Whoever is passed on waits at once; a prompt is heard before, if there is one.
export const TRANSFER = (prompt) => ({ entry: 'consult', nodes: {
  consult: { type: 'queue', queue: 'consult', ...(prompt && { prompt }), music: 'hold_music', on_wait_over: 'busy', on_no_agent: 'busy', on_full: 'busy' },
  busy: { type: 'hangup', prompt: 'beep', reason: 'lost' } } });
