// Where callers are from, in SQL and at the ring; what an agent corrects is known to the next call. What the
// registration and the tables say about a call comes from the call.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { uuid7 } from './lib/sql.mjs';
import { CITIES, Office, answer, callOf, finish, rings } from './lib/office.mjs';

// The cities' own area codes; cities that share another's are not told apart by land lines.
const AREAS = { '0771': '南宁', '0772': '柳州', '0773': '桂林', '0774': '梧州', '0779': '北海', '0770': '防城港', '0777': '钦州', '0775': '玉林', '0776': '百色', '0778': '河池' };
const SHARED = ['0771', '0772', '0774', '0775'];
const NAMES = ['南宁', '柳州', '桂林', '梧州', '北海', '防城港', '钦州', '贵港', '玉林', '百色', '贺州', '河池', '来宾', '崇左'];
const codeOf = (name) => CITIES[NAMES.indexOf(name)].gb;

let region;
let samples; // {raw, number, province, city, code, exact}

before(async () => {
  region = await Region.start();
  samples = makeSamples();
});
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  await region?.stop();
});

// Expected by hand or from the source table's own rows, never by the code under test.
function makeSamples() {
  const all = [];
  const add = (raw, number, province, city, exact = true) => all.push({ raw, number, province, city, code: NAMES.includes(city) ? codeOf(city) : '', exact });
  for (const city of NAMES) {
    const segment = region.sql(`SELECT from_prefix FROM number_place WHERE city = '${city}' AND from_prefix LIKE '1%' ORDER BY from_prefix LIMIT 1`);
    const mobile = `${segment}4321`;
    for (const raw of [mobile, `+86${mobile}`, `0086${mobile}`, `86${mobile}`, `0${mobile}`]) add(raw, mobile, '广西', city);
  }
  for (const [area, city] of Object.entries(AREAS))
    for (const raw of [`${area}2345678`, `+86${area.slice(1)}2345678`]) add(raw, `${area}2345678`, '广西', city, !SHARED.includes(area));
  add('01088886666', '01088886666', '北京', '北京');
  add('+861088886666', '01088886666', '北京', '北京');
  add('13800138000', '13800138000', '北京', '北京');
  add('02088886666', '02088886666', '广东', '广州');
  add('+8675588886666', '075588886666', '广东', '深圳');
  add('13912340000', '13912340000', '江苏', '常州');
  add('09122345678', '09122345678', '陕西', '榆林'); // sounds as 玉林
  for (const [raw, number] of [['anonymous', ''], ['Anonymous', ''], ['unavailable', ''], ['sip-user', ''], ['abc13877100001', ''], ['110', '110'], ['10086', '10086'],
    ['12366', '12366'], ['95588', '95588'], ['2345678', '2345678'], ['+12125550100', '12125550100'], ['0085212345678', '0085212345678'], ['19999999999', '19999999999'],
    ['138771', '138771'], ['000000', '000000'], ['99999999999999999999', '99999999999999999999']]) add(raw, number, '', '', false);
  return all;
}

test('REG-04 100 sample numbers give the expected place in SQL', () => {
  assert.ok(samples.length >= 100, `${samples.length} samples`);
  assert.deepEqual(NAMES.filter((name) => !samples.some((s) => s.city === name)), [], 'all cities');
  const literal = samples.map((s, i) => `(${i}, '${s.raw}')`).join(', ');
  const got = JSON.parse(region.sql(`SELECT json_agg(json_build_array(p.number, p.province, p.city, p.city_code, p.exact) ORDER BY i)
    FROM (VALUES ${literal}) AS v(i, raw), place_of(raw) p`));
  samples.forEach((s, i) => assert.deepEqual(got[i], [s.number, s.province, s.city, s.code, s.exact], s.raw));
});

test('REG-04 the same 100 numbers calling get the same place from the daemon', async () => {
  const { number: to, id } = CITIES[2];
  const tag = (i) => `01a00000-0000-7000-8000-${String(i).padStart(12, '0')}`; // the call's global id tells them apart
  for (let i = 0; i < samples.length; i += 12) {
    const callers = samples.slice(i, i + 12).map((s, k) => Caller.start(region, { from: s.raw, to, args: ['--call-id', tag(i + k), '--talk', '0.1'] }));
    await Promise.all(callers.map((c) => c.exited));
  }
  const rows = await until('all in the log', () => {
    const got = JSON.parse(region.sql(`SELECT coalesce(json_agg(json_build_object('tag', global_call_id, 'row',
      json_build_array(caller_no, caller_province, caller_city, caller_place))), '[]') FROM call WHERE center_id = ${id}`));
    return got.length === samples.length && got;
  });
  samples.forEach((s, i) => assert.deepEqual(rows.find((r) => r.tag === tag(i))?.row,
    [s.number, s.province, s.code, [s.province, s.city].filter(Boolean).join(' ')], s.raw));
});

const record = (dictionaries, call, more = {}) => ({
  id: randomUUID(), call_id: call.call_id, caller_no: call.caller_no, caller_name: '覃女士', caller_city: call.caller_city, problem_city: '450100',
  category: dictionaries.categories[0].code, title: '社保费缴纳', content: '咨询灵活就业缴费', answer: '已答复', method: 'direct', urgency: 'normal', same_day: true, ...more,
});

// Corrects a place and waits until the daemon knows.
async function told(correct) {
  const times = () => region.log.split('event=corrections_loaded').length;
  const before = times();
  const made = await correct();
  await until('correction known', () => times() > before);
  return made;
}

test('REG-02 the city is filled at the ring; what the agent corrects is known at the next ring of that number, in his center only', async () => {
  const office = await Office.open(region, 'liuzhou');
  const other = await Office.open(region, 'guilin');
  try {
    const [agent, far] = await Promise.all([office.agent('a1001'), other.agent('a1001')]);
    const dictionaries = await agent.person.get('/dictionaries');
    // Of a number once in a segment nobody knows, once of a known one, and of a land line of a shared area code.
    for (const [from, before, corrected, name] of [['19977200001', ['', ''], '450200', '柳州'], ['13877100077', ['450100', '广西 南宁'], '451300', '来宾'], ['07722345678', ['450200', '广西 柳州'], '451300', '来宾']]) {
      const ringing = async (at, who) => {
        const caller = at.call('1', { from });
        await rings([who], caller);
        return [caller, who.document.call];
      };
      let [caller, call] = await ringing(office, agent);
      assert.deepEqual([call.caller_city, call.caller_place], before, from);
      const revision = region.sql('SELECT last_value FROM directory_revision');
      await answer(agent);
      await told(() => agent.person.post('/records', record(dictionaries, call, { caller_city: corrected })));
      await finish(agent, caller);
      assert.equal(region.sql('SELECT last_value FROM directory_revision'), revision, 'the configuration is not read again for it');
      [caller, call] = await ringing(office, agent);
      assert.deepEqual([call.caller_city, call.caller_place], [corrected, `广西 ${name}`], from);
      assert.equal((await agent.person.get(`/callers/${from}/history`)).place.city, name);
      await caller.hangUp();
      await until('free', () => agent.document.state === 'ready');
      const row = await office.row(caller, (c) => c.caller_city === corrected);
      assert.equal(row.caller_place, `广西 ${name}`);
      // Another spelling of the number is the same number.
      const spelled = office.call('1', { from: from.startsWith('0') ? `+86${from.slice(1)}` : `+86${from}` });
      await until('rings', () => agent.document.state === 'ring');
      assert.deepEqual([agent.document.call.caller_no, agent.document.call.caller_city], [from, corrected]);
      await spelled.hangUp();
      await until('free', () => agent.document.state === 'ready');
      [caller, call] = await ringing(other, far);
      assert.deepEqual([call.caller_city, call.caller_place], before, 'one city does not decide for another');
      await caller.hangUp();
      await until('free', () => far.document.state === 'ready');
    }
    // Corrected once more, by changing the registration; and still known after a restart.
    let caller = office.call('1', { from: '13877100077' });
    await rings([agent], caller);
    const { call } = agent.document;
    await answer(agent);
    const made = await agent.person.post('/records', record(dictionaries, call));
    await told(() => agent.person.put(`/records/${made.id}`, record(dictionaries, call, { id: made.id, caller_city: '450100' }), { 'if-match': `"${made.version}"` }));
    await finish(agent, caller);
    caller = office.call('1', { from: '13877100077' });
    await rings([agent], caller);
    assert.deepEqual([agent.document.call.caller_city, agent.document.call.caller_place], ['450100', '广西 南宁']);
    await caller.hangUp();
  } finally {
    await Promise.all([office.close(), other.close()]);
  }
  await region.stopDaemon();
  await region.startDaemon();
  await until('places read', () => /event=places_loaded/.test(region.log.slice(region.log.lastIndexOf('event=started'))) || region.log.split('event=places_loaded').length > 2);
  const again = Caller.start(region, { from: '19977200001', to: CITIES[1].number, args: ['--talk', '0.1'] });
  await again.exited;
  await until('in the log', () => region.sql("SELECT caller_city FROM call WHERE caller_no = '19977200001' AND center_id = 3 ORDER BY t_in DESC LIMIT 1") === '450200'
    && region.sql("SELECT count(*) FROM call WHERE caller_no = '19977200001' AND center_id = 3") === '4');
});

test('REG-05 REG-06 DATA-01 DATA-02 DATA-03 source, unit type, keys and recording of a call to a city and to 12366', async (t) => {
  const centers = [{ code: 'nanning', center: 2, number: CITIES[0].number, info: 'city' }, { code: 'guangxi', center: 1, number: '12366', info: 'r12366' }];
  for (const { code, center, number, info } of centers) {
    const agent = await Agent.start(region, code, 'a1001', { lineArgs: ['--tone', '1000'] });
    t.after(() => agent.close());
    const supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
    const caller = Caller.start(region, { from: '13877100088', to: number, args: ['--keys', '7,4,*,1', '--tone', '440', '--detect-tone', '1000'] });
    await agent.ring(60000);
    const { call } = agent.document;
    assert.deepEqual([call.info_source, call.unit_type, call.source], [info, 'self', 'direct']);
    await agent.answer(callOf(agent));
    await caller.waitFor('tone');
    const dictionaries = await agent.person.get('/dictionaries');
    const lie = record(dictionaries, call, { info_source: 'bogus', unit_type: 'from_city' });
    const answered = await agent.person.raw('POST', '/records', lie);
    const { info_source, unit_type, ...honest } = lie;
    assert.ok([201, 422].includes(answered.status), 'refused or left aside');
    const { id } = answered.status === 201 ? answered.body : await agent.person.post('/records', honest);
    const saved = await agent.person.get(`/records/${id}`);
    assert.deepEqual([saved.info_source, saved.unit_type, saved.center_id], [info, 'self', center], 'by the system, whatever was sent');
    const changed = await agent.person.raw('PUT', `/records/${id}`, { ...honest, unit_type: 'from_city', info_source: 'city' }, { 'if-match': `"${saved.version}"` });
    assert.ok([200, 422].includes(changed.status));
    assert.deepEqual(((r) => [r.info_source, r.unit_type])(await agent.person.get(`/records/${id}`)), [info, 'self'], 'not to be edited');
    await caller.hangUp();

    const detail = await until('complete', async () => {
      const c = await supervisor.get(`/calls/${call.call_id}`);
      return c.outcome === 'answered' && c.recordings[0]?.state === 'closed' && c;
    });
    assert.deepEqual([detail.center_id, detail.source, detail.entry_code, detail.called_no, detail.global_call_id], [center, 'direct', number, number, call.call_id]);
    assert.deepEqual(detail.ivr_path.map((k) => [k.menu, k.key, k.result]), [['主菜单', '7', 'invalid'], ['主菜单', '4', 'ok'], ['办税指引', '*', 'ok'], ['主菜单', '1', 'ok']]);
    assert.ok(detail.ivr_path.every((k, i) => !i || k.at > detail.ivr_path[i - 1].at), 'in order, with their times');
    assert.deepEqual(call.ivr_path.map((k) => k.key), ['7', '4', '*', '1'], 'shown to the agent, too');

    const row = JSON.parse(region.sql(`SELECT to_json(r) FROM recording r WHERE call_id = '${call.call_id}'`));
    const file = readFileSync(join(region.dir, 'state/recordings', row.path));
    assert.deepEqual([row.center_id, row.user_id, row.channels, row.left_party, row.right_party], [center, agent.person.me.user.id, 2, 'caller', 'agent']);
    assert.deepEqual([row.size, row.sha256], [file.length, createHash('sha256').update(file).digest('hex')]);
    assert.ok(Math.abs(row.length_ms - (row.size - 58) / 16) < 100, 'two channels of 8 kHz, A-law');
    const day = new Date(new Date(row.t_start).getTime() + 8 * 3600e3 + 1095 * 86400e3).toISOString().slice(0, 10);
    assert.equal(row.keep_until, day, 'kept for three years unless the center says otherwise');
  }
  // Rows of 12366 and of the cities are told apart by one column.
  assert.equal(region.sql("SELECT string_agg(DISTINCT info_source, ',') FROM call WHERE center_id = 1"), 'r12366');
  assert.equal(region.sql("SELECT string_agg(DISTINCT info_source, ',') FROM call WHERE center_id <> 1"), 'city');
  // A center with its own time of keeping.
  region.sql("INSERT INTO setting (center_id, name, value) VALUES (2, 'recording_keep_days', '30')");
  assert.equal(region.sql(`INSERT INTO recording (recording_id, center_id, call_id, path, t_start) VALUES ('${uuid7(Date.now())}', 2, '${randomUUID()}', 'x', '2026-11-30T23:30:00+08:00') RETURNING keep_until`), '2026-12-30');
});
