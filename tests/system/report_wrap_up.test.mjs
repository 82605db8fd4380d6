// CC-06: the summary after a call, from the agent's hands to the reports: real calls in two cities, with codes, without, with
// codes that are no more; RPT-01 by summary, of one summary, as a page, XLSX and CSV; the call log by summary.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Person, Region, until } from './lib/region.mjs';
import { Office, answer, rings } from './lib/office.mjs';

const day = (offset = 0) => new Date(Date.now() + 8 * 3600e3 + offset * 86400e3).toISOString().slice(0, 10);
const PERIOD = `from=${day(-1)}&to=${day(1)}`; // also when the test runs over midnight
let region, nanning, liuzhou, supervisor, agent, colleague;
const called = {}; // what became of it -> caller

before(async () => {
  region = await Region.start();
  [nanning, liuzhou] = [await Office.open(region, 'nanning'), await Office.open(region, 'liuzhou')];
  supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  // Liuzhou says "answered" in its own words and has a code of its own.
  region.sql(`UPDATE wrap_up_code SET name = '答复完毕' WHERE center_id = 3 AND code = 'answered';
    INSERT INTO wrap_up_code (center_id, code, name, sort) VALUES (3, 'visit_hall', '到厅办理', 90), (2, 'old_code', '旧类型', 95)`);
  await region.configured();
});
after(async () => {
  await nanning?.close();
  await liuzhou?.close();
  await supervisor?.close();
  await region?.stop();
});

// One call is answered and over; the agent is in wrap-up.
async function talked(office, by, keys = '1') {
  const caller = office.call(keys);
  await rings([by], caller);
  caller.id = await answer(by);
  await caller.waitFor('audio');
  await caller.hangUp();
  await until('wrap-up', () => by.document.state === 'acw');
  return caller;
}
const save = (by, caller, code, note = '') => by.person.raw('PUT', `/agent/calls/${caller.id}/wrap-up`, { code, note });
async function summed(office, by, code, note) {
  const caller = await talked(office, by);
  assert.equal((await save(by, caller, code, note)).status, 204);
  assert.equal(by.document.state, 'acw', 'saved, and still in wrap-up until done');
  await by.done();
  await until('ready', () => by.document.state === 'ready');
  return caller;
}

test('CC-06: a summary is asked after each call: wrap-up lasts until it is saved or the time is over, and only a queue that wants it insists', async () => {
  await nanning.setQueue('consult', { wrap_up_required: true, wrap_up_ms: 1000 });
  await nanning.setQueue('complaint', { wrap_up_required: false, wrap_up_ms: 1500 });
  agent = await nanning.agent('a1001');
  let caller = await talked(nanning, agent, '1');
  const acw = agent.document;
  assert.deepEqual([acw.call.call_id, acw.call.wrap_up_required, acw.call.wrap_up_deadline_ms], [caller.id, true, null]);
  await until('the time of an optional summary would be over', () => Date.now() - acw.since_ms > 2000);
  assert.equal(agent.document.state, 'acw');
  assert.equal((await agent.person.raw('POST', '/agent/wrap-up/done')).body.code, 'agent.wrap_up_missing');
  assert.equal((await save(agent, caller, '', '只有文字')).body.code, 'agent.wrap_up_missing', 'a text alone is no code');
  assert.equal((await save(agent, caller, 'call_back', '明日上午回拨')).status, 204);
  await agent.done();
  await until('ready', () => agent.document.state === 'ready');
  called.call_back = caller;

  caller = await talked(nanning, agent, '2'); // the other queue of the same agent does not insist
  const optional = agent.document;
  assert.deepEqual([optional.call.wrap_up_required, optional.call.wrap_up_saved], [false, false]);
  assert.ok(Math.abs(optional.call.wrap_up_deadline_ms - optional.since_ms - 1500) < 200);
  const free = await until('over by time', () => agent.document.state === 'ready' && agent.document);
  assert.ok(free.since_ms - optional.since_ms >= 1450, `${free.since_ms - optional.since_ms} ms`);
  called.none = caller;

  const rows = await until('on the calls', () => {
    const all = JSON.parse(region.sql(`SELECT json_object_agg(call_id, ARRAY[wrap_up_code, wrap_up_note, wrap_up_by::text]) FROM call WHERE outcome = 'answered'`) || 'null');
    return all?.[called.call_back.id]?.[0] && all[called.none.id] && all;
  });
  assert.deepEqual(rows, { [called.call_back.id]: ['call_back', '明日上午回拨', String(agent.person.me.user.id)], [called.none.id]: [null, '', null] });
});

// --- figures ---------------------------------------------------------------------------------------

const report = (person, query = '') => person.get(`/reports/voice_service?${PERIOD}${query}`);
const lines = (document, ...names) => Object.fromEntries(document.rows.map((r) => [r.wrap_up_name, names.length ? names.map((n) => r[n]) : r.in]));
const busy = (document) => Object.fromEntries(Object.entries(lines(document)).filter(([, n]) => n));
const without = (row, name) => Object.fromEntries(Object.entries(row).filter(([k]) => k !== name));

test('CC-06: RPT-01 by summary counts the calls of two cities by code, those without and those nobody answered, and the total stays', async () => {
  await nanning.setQueue('consult', { wrap_up_required: false });
  called.answered = await summed(nanning, agent, 'answered');
  called.old = await summed(nanning, agent, 'old_code');
  await agent.person.put('/agent/state', { state: 'busy', reason_id: (await agent.person.get('/dictionaries')).busy_reasons[0].id });
  called.gaveUp = await nanning.waiting('1');
  await called.gaveUp.hangUp();
  colleague = await liuzhou.agent('a1001');
  called.there = await summed(liuzhou, colleague, 'answered', '已告知期限');
  called.own = await summed(liuzhou, colleague, 'visit_hall');
  await until('all in the report', async () => {
    const { rows, total } = await report(supervisor, '&by=wrap_up');
    return total.in === 7 && total.open === 0 && rows.filter((r) => r.in && r.wrap_up_code && r.wrap_up_code !== '-').reduce((n, r) => n + r.in, 0) === 5;
  });

  const city = await report(nanning.leader, '&by=wrap_up');
  assert.deepEqual(lines(city, 'wrap_up_code', 'in', 'req', 'ans', 'ab_queue'), {
    已答复: ['answered', 1, 1, 1, 0], 需回拨: ['call_back', 1, 1, 1, 0], 已转工单: ['ticket', 0, 0, 0, 0], 已转接: ['transferred', 0, 0, 0, 0],
    骚扰: ['harassment', 0, 0, 0, 0], 无声: ['silent', 0, 0, 0, 0], 误拨: ['misdialed', 0, 0, 0, 0], 断线: ['dropped', 0, 0, 0, 0],
    旧类型: ['old_code', 1, 1, 1, 0], 未小结: ['-', 1, 1, 1, 0], 未接通或处理中: [null, 1, 1, 0, 1] });
  assert.deepEqual(city.rows.map((r) => r.wrap_up_name).slice(0, 3), ['已答复', '需回拨', '已转工单'], 'in the order of the dictionary');
  assert.equal(city.columns[0].title, '小结类型');
  assert.ok(!city.columns.some((c) => ['center_name', 'queue_name', 'visits'].includes(c.id)));

  // Both cities: one row for the code they share, in the words of the first; each still in its own words alone.
  const all = await report(supervisor, '&by=wrap_up');
  assert.deepEqual(busy(all), { 已答复: 2, 需回拨: 1, 到厅办理: 1, 旧类型: 1, 未小结: 1, 未接通或处理中: 1 });
  assert.equal(all.rows.filter((r) => r.wrap_up_code === 'answered').length, 1);
  assert.deepEqual(busy(await report(liuzhou.leader, '&by=wrap_up')), { 答复完毕: 1, 到厅办理: 1 });
  assert.deepEqual(busy(await report(supervisor, '&by=wrap_up&center_id=3')), { 答复完毕: 1, 到厅办理: 1 });
  assert.ok(!('到厅办理' in lines(city)), 'another city\'s code');

  for (const [person, query] of [[nanning.leader, ''], [supervisor, ''], [supervisor, '&center_id=3'], [nanning.leader, '&unit_type=self']]) {
    const [center, wrap, facts] = await Promise.all(['&by=center', '&by=wrap_up', '&by=wrap_up&source=facts'].map((by) => report(person, by + query)));
    assert.deepEqual([center.check, wrap.check], [0, 0]);
    assert.deepEqual(without(wrap.total, 'wrap_up_name'), without(center.total, 'center_name'), query);
    assert.equal(wrap.total.wrap_up_name, '合计');
    assert.deepEqual(facts.rows, wrap.rows);
    for (const name of ['in', 'req', 'ans', 'ab_queue', 'loss']) assert.equal(wrap.rows.reduce((n, r) => n + r[name], 0), wrap.total[name], name);
  }
});

test('CC-06: RPT-01 of one summary, in every grouping; 未小结 too', async () => {
  const total = async (person, query) => (await report(person, query)).total;
  for (const [code, region_in, city_in] of [['answered', 2, 1], ['call_back', 1, 1], ['visit_hall', 1, 0], ['-', 1, 1], ['ticket', 0, 0], ['no_such', 0, 0]])
    for (const by of ['center', 'queue', 'wrap_up']) {
      const counted = by === 'queue' ? 'visits' : 'in';
      for (const [person, expected] of [[supervisor, region_in], [nanning.leader, city_in]]) {
        const document = await report(person, `&by=${by}&wrap_up_code=${code}`);
        assert.deepEqual([document.total[counted], document.total.ans, document.check], [expected, expected, 0], `${code} by ${by}`);
        assert.equal(document.rows.reduce((n, r) => n + r[counted], 0), expected, `${code} by ${by}`);
      }
    }
  const one = await report(supervisor, '&by=center&wrap_up_code=answered');
  assert.deepEqual(Object.fromEntries(one.rows.filter((r) => r.in).map((r) => [r.center_id, r.in])), { 2: 1, 3: 1 });
  assert.deepEqual(one.conditions.find((c) => c.title === '小结类型'), { title: '小结类型', value: '已答复' });
  assert.equal(one.filters.wrap_up_code, 'answered');
  assert.deepEqual((await report(nanning.leader, '&by=wrap_up&wrap_up_code=-')).rows.map((r) => r.wrap_up_name), ['未小结']);
  assert.deepEqual(await total(nanning.leader, '&wrap_up_code='), await total(nanning.leader, ''), 'an empty one is none');
  for (const path of ['/reports/voice_service', '/reports/voice_service.csv', '/calls']) {
    const answer = await nanning.leader.raw('GET', `${path}?${PERIOD}&wrap_up_code=${'x'.repeat(101)}`);
    assert.equal(answer.status, 422, path);
    assert.ok(answer.body.errors.wrap_up_code, path);
  }
});

test('CC-06: the call log by summary: the calls of the code, each under its city\'s name for it', async () => {
  const list = async (person, query) => (await person.get(`/calls?from=${day(-1)}&to=${day(2)}${query}`)).items;
  const ids = async (person, query) => (await list(person, query)).map((c) => c.call_id).sort();
  const of = (...names) => names.map((n) => called[n].id).sort();
  assert.deepEqual(await ids(supervisor, '&wrap_up_code=answered'), of('answered', 'there'));
  assert.deepEqual(await ids(nanning.leader, '&wrap_up_code=answered'), of('answered'));
  assert.deepEqual(await ids(supervisor, '&wrap_up_code=visit_hall'), of('own'));
  assert.deepEqual(await ids(nanning.leader, '&wrap_up_code=-'), of('none'), 'answered and without; not the one that gave up');
  assert.deepEqual(await ids(nanning.leader, '&wrap_up_code=ticket'), []);
  assert.deepEqual(await ids(agent.person, '&mine=1&wrap_up_code=call_back'), of('call_back'));
  assert.equal((await list(nanning.leader, '')).length, 5);
  assert.equal((await list(nanning.leader, '&wrap_up_code=')).length, 5);
  const named = Object.fromEntries((await list(supervisor, '')).map((c) => [c.call_id, [c.wrap_up_code, c.wrap_up_name]]));
  assert.deepEqual([named[called.answered.id], named[called.there.id], named[called.none.id]], [['answered', '已答复'], ['answered', '答复完毕'], [null, null]]);
  assert.equal((await liuzhou.leader.get(`/calls/${called.there.id}`)).wrap_up_name, '答复完毕');
});

test('CC-06: a code switched off keeps its name, a deleted one shows as itself; neither loses a call, nor is it taken for a new one of that name', async () => {
  region.sql(`UPDATE wrap_up_code SET enabled = false WHERE center_id = 2 AND code IN ('old_code', 'silent'); DELETE FROM wrap_up_code WHERE center_id = 3 AND code = 'visit_hall'`);
  const before = (await report(supervisor, '')).total;
  let document = await report(supervisor, '&by=wrap_up');
  assert.deepEqual(busy(document), { 已答复: 2, 需回拨: 1, '旧类型（停用）': 1, visit_hall: 1, 未小结: 1, 未接通或处理中: 1 });
  assert.deepEqual([document.check, without(document.total, 'wrap_up_name')], [0, without(before, 'center_name')]);
  document = await report(nanning.leader, '&by=wrap_up');
  assert.deepEqual(busy(document), { 已答复: 1, 需回拨: 1, '旧类型（停用）': 1, 未小结: 1, 未接通或处理中: 1 });
  assert.ok(!Object.keys(lines(document)).some((n) => n.startsWith('无声')), 'switched off and without a call: no row');
  region.sql(`INSERT INTO wrap_up_code (center_id, code, name, sort) VALUES (2, 'new_code', '旧类型', 96)`);
  assert.deepEqual((await report(nanning.leader, '&by=wrap_up')).rows.filter((r) => r.wrap_up_name.startsWith('旧类型')).map((r) => [r.wrap_up_code, r.wrap_up_name, r.in]),
    [['old_code', '旧类型（停用）', 1], ['new_code', '旧类型', 0]]);
  assert.deepEqual(busy(await report(liuzhou.leader, '&by=wrap_up&wrap_up_code=visit_hall')), { visit_hall: 1 });
  assert.equal((await liuzhou.leader.get('/calls?wrap_up_code=visit_hall')).items[0].wrap_up_name, 'visit_hall');
  assert.equal((await nanning.leader.get('/calls?wrap_up_code=old_code')).items[0].wrap_up_name, '旧类型');
  // Switched off in the first city only: the merged row has the name of one that uses it still.
  region.sql(`UPDATE wrap_up_code SET enabled = false WHERE code = 'answered' AND center_id <> 3`);
  assert.equal(lines(await report(supervisor, '&by=wrap_up'))['答复完毕'], 2);
  assert.equal(lines(await report(nanning.leader, '&by=wrap_up'))['已答复（停用）'], 1);
  region.sql(`UPDATE wrap_up_code SET enabled = true WHERE code = 'answered'`);
});

test('CC-06: XLSX and CSV carry the rows by summary with the same numbers', async () => {
  for (const [person, query] of [[supervisor, '&by=wrap_up'], [nanning.leader, '&by=wrap_up&wrap_up_code=call_back'], [supervisor, '&by=center&wrap_up_code=-']]) {
    const document = await report(person, query);
    const file = async (kind) => {
      const response = await fetch(`${region.base}/api/v1/reports/voice_service.${kind}?${PERIOD}${query}`, { headers: { cookie: person.cookie } });
      assert.equal(response.status, 200);
      return Buffer.from(await response.arrayBuffer());
    };
    const expected = [...document.rows, document.total].map((row) => document.columns.map((c) => row[c.id] ?? '—'));
    const csv = (await file('csv')).toString('utf8').slice(1).trimEnd().split('\r\n').map((l) => l.split(','));
    assert.equal(csv[0][0], query.includes('by=wrap_up') ? '小结类型' : '中心');
    assert.deepEqual(csv.slice(1).map((r) => r.map((v) => (v === '—' || Number.isNaN(Number(v)) ? v : Number(v)))), expected);
    const path = join(region.dir, 'summary.xlsx');
    writeFileSync(path, await file('xlsx'));
    const rows = [...execFileSync('unzip', ['-p', path, 'xl/worksheets/sheet1.xml'], { encoding: 'utf8' }).matchAll(/<row r="\d+"[^>]*>(.*?)<\/row>/gs)]
      .map((row) => [...row[1].matchAll(/<c r="[A-Z]+\d+"([^>]*)>(.*?)<\/c>/gs)].map(([, a, inner]) => (/inlineStr/.test(a) ? /<t[^>]*>(.*?)<\/t>/s.exec(inner)[1] : Number(/<v>(.*?)<\/v>/.exec(inner)[1]))));
    const head = document.conditions.length + 3;
    assert.deepEqual(rows.slice(head, head + expected.length), expected);
    assert.deepEqual(rows.at(-1), ['核对差 0']);
    const told = rows.slice(1, head).map((r) => r[0]);
    for (const c of document.conditions) assert.ok(told.includes(`${c.title}:${c.value}`), c.title);
  }
  const audit = await until('in the audit log', async () => (await nanning.admin.get('/audit?action=report.export')).items.find((a) => /wrap_up_code=call_back/.test(a.detail)));
  assert.match(audit.detail, /by=wrap_up/);
});
