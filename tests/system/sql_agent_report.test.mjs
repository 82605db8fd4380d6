// RPT-17 on facts made by hand: what each kind of deed counts for and what does not count, whose it is and on which day; groups,
// filters and what each person may see; that the roll-up is the same and does not depend on what else is there.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Database, Journal, uuid7 } from './lib/sql.mjs';

const DAY = '2026-11-10';
const s = (n) => n * 1000;
const at = (clock, day = DAY) => Date.parse(`${day}T${clock}+08:00`);
let db;
let journal;
let Q, P; // two queues of the city
let A, B, C; // its agents: A and B of two teams
let boss; // of the region
let teams;

const report = ({ by = 'agent', source = 'rollup', from = DAY, to = from, center = null, queue = null, team = null, users = null, centers = '{2}' } = {}) =>
  db.document({ centers }, 'rpt_agent_voice', from, to, center, queue, team, users && `{${users.join(',')}}`, by, source);
const figures = (row, names) => Object.fromEntries(names.map((name) => [name, row[name]]));
const of = (document, user) => document.rows.find((r) => r.user_id === user);
function expect(user, wanted, options = {}) {
  for (const source of ['facts', 'rollup']) {
    const row = of(report({ ...options, source }), user);
    assert.deepEqual(figures(row, Object.keys(wanted)), wanted, source);
  }
}

let minute = 0;
const next = () => at('08:00:00') + (minute += 5) * 60000;
// A caller of the city's queue whom this agent answers after 5 s of which it rang 3; he is talked with for so long. Still open.
function answered(user, talk, { queue = Q, t = next(), center = 2, kind = 'inbound', test: tried = false, ...more } = {}) {
  const call = journal.begin(center, t, { test: tried });
  const visit = journal.enter(call, t, queue);
  journal.offer(call, visit, user, t + s(2), t + s(5), 'answered');
  journal.leave(call, visit, t + s(5), 'answered');
  call.talk = journal.talk(call, queue, user, t + s(5), t + s(5) + talk, { kind, ...more });
  call.t = t + s(5) + talk;
  call.from = t + s(5);
  return call;
}
const over = (call, user, outcome = 'answered') => journal.end(call, call.t, outcome, { wait_ms: s(5), talk_ms: call.t - call.from, user_id: user });
const rang = (user, outcome, ms, { wait = ms, queue = Q } = {}) => {
  const t = next();
  const call = journal.begin(2, t);
  const visit = journal.enter(call, t, queue);
  journal.offer(call, visit, user, t + wait - ms, t + wait, outcome);
  journal.leave(call, visit, t + wait, 'ab_ring');
  journal.end(call, t + wait, 'ab_ring', { wait_ms: wait });
};
const asked = (call, user, t, length, kind, more = {}) => journal.talk(call, Q, user, t, t + length, { kind, ...more });
const leg = (call, user, more) => journal.fact(call.center, call.t, 'outside_leg', { reach_id: uuid7(call.t), call_id: call.id, purpose: 'consult', user_id: user, number: '13800000000', to_center: '', trunk_id: null,
  t_start_ms: call.from + 100, t_ans_ms: call.from + 200, t_end_ms: call.t, talk_ms: 500, outcome: 'answered', released_by: 'outside', joined: false, passed: false, ...more });
function sent(call, user, mode, more = {}) {
  const id = uuid7(call.t);
  journal.fact(call.center, call.t, 'ivr_begin', { visit_id: id, call_id: call.id, flow_id: 1, flow_version: 1, t_start_ms: call.t, mode, user_id: user, talk_id: call.talk, target: 'x', ...more });
  return id;
}
function rated(call, user, level) {
  const id = sent(call, user, 'survey', { flow_id: null });
  journal.fact(call.center, call.t + 1, 'ivr_end', { visit_id: id, call_id: call.id, t_end_ms: call.t + 1, exit: 'hangup', survey_asked_ms: call.t, survey_level: level, survey_name: '',
    survey_talk_id: call.talk, survey_user_id: user, survey_queue_id: Q });
}
function dialed(user, talk, t = next()) {
  const call = journal.begin(2, t, { direction: 'out' });
  if (talk) journal.talk(call, null, user, t + s(4), t + s(4) + talk, { kind: 'outbound' });
  journal.end(call, t + s(4) + talk, talk ? 'answered' : 'lost', { user_id: user, talk_ms: talk, t_ans_ms: talk ? t + s(4) : null });
  return Object.assign(call, { t: t + s(4) + talk });
}

function tell() {
  let call;
  // A: rings that ended in every way.
  for (const [outcome, ms, wait] of [['no_answer', s(20)], ['no_answer', s(20)], ['rejected', s(3)], ['caller_left', s(5), s(20)], ['caller_left', s(5), s(20) + 1], ['taken', s(2)], ['moved', s(2)], ['forced', s(2)], ['line_lost', s(2)]])
    rang(A, outcome, ms, { wait: wait ?? ms });
  over(answered(A, s(30)), A);
  over(answered(A, 1), A); // a talk of a millisecond is one
  over(answered(A, 0), A, 'lost'); // of nothing is none (S12)
  call = answered(A, s(60), { queue: P }); // held twice, and while he asked B, who joined
  journal.hold(call, call.talk, A, call.from + s(1), s(4));
  journal.hold(call, call.talk, A, call.from + s(10), s(6));
  journal.hold(call, call.talk, A, call.from + s(20), s(8), { asking: true });
  asked(call, B, call.from + s(22), s(20), 'consult', { joined: true });
  over(call, A);
  journal.acw(call, P, A, call.t, s(10));
  journal.acw(call, P, A, call.t + s(10), 0); // nothing of it
  call = answered(A, s(20)); // helped by B, by another center, by a third outside who joined; asks one outside, too
  asked(call, B, call.from + s(1), s(2), 'help');
  leg(call, A, { purpose: 'help', to_center: 'guangxi' });
  leg(call, A, { purpose: 'help', to_center: 'guangxi', outcome: 'no_answer' });
  leg(call, A, { purpose: 'consult', to_center: 'liuzhou' });
  leg(call, A, { purpose: 'consult', joined: true }); // somebody with a number is no colleague
  over(call, A);
  call = answered(A, s(10), { released_by: 'agent', passed_to: 'agent', passed_id: B }); // passed on, nobody took it, it came back
  call.talk = journal.talk(call, Q, A, call.t + s(20), call.t + s(27), { kind: 'transfer_in', released_by: 'agent', passed_to: 'queue', passed_id: P });
  const visit = journal.enter(call, call.t + s(27), P); // then to the queue P, where B takes it and hangs up
  journal.offer(call, visit, B, call.t + s(28), call.t + s(30), 'answered');
  journal.leave(call, visit, call.t + s(30), 'answered');
  journal.talk(call, P, B, call.t + s(30), call.t + s(80), { kind: 'transfer_in', released_by: 'agent' });
  call.t += s(80);
  over(call, A);
  for (const mode of ['release', 'suspend']) { // to the menu for good; a number typed, and he hangs up
    call = answered(A, s(5), { released_by: 'agent' });
    sent(call, A, mode);
    over(call, A);
  }
  call = answered(A, s(5));
  sent(call, A, 'suspend', { flow_id: null }); // something was only played to him
  over(call, A);
  for (const level of [5, 3, 2, null]) {
    call = answered(A, s(5), { released_by: 'agent' });
    rated(call, A, level);
    over(call, A);
  }
  dialed(A, s(40));
  call = dialed(A, 0);
  call = dialed(A, s(2));
  journal.acw(call, Q, A, call.t, s(7));
  // Not his: a test call, a talk that still goes on, a watch, a call between extensions.
  over(answered(A, s(500), { test: true }), A);
  call = answered(A, s(1));
  const open = uuid7(call.t);
  journal.fact(2, call.t, 'talk_begin', { talk_id: open, call_id: call.id, queue_id: Q, user_id: A, kind: 'transfer_in', t_ans_ms: call.t });
  call = answered(C, s(15));
  journal.talk(call, Q, A, call.from, call.t, { kind: 'monitor' });
  over(call, C);
  const between = journal.begin(2, next(), { direction: 'internal' });
  journal.talk(between, null, B, between.t_in, between.t_in + s(9), { kind: 'internal' });
  journal.end(between, between.t_in + s(9), 'answered', { user_id: B, talk_ms: s(9) });
  // The region's supervisor takes a call of the city over, and answers one of his own center.
  call = answered(C, s(10), { released_by: 'supervisor' });
  journal.talk(call, Q, boss, call.t, call.t + s(25), { kind: 'transfer_in' });
  call.t += s(25);
  over(call, C);
  over(answered(boss, s(3), { center: 1, queue: db.number(`SELECT id FROM queue WHERE center_id = 1 AND code = 'consult'`) }), boss);
  // Over the borders of the day: from the evening before, at midnight to the ms, and into the next day.
  over(answered(B, s(600), { t: at('23:59:59', '2026-11-09') }), B);
  over(answered(B, s(11), { t: at('00:00:00') }), B);
  call = answered(B, s(700), { t: at('23:59:59') });
  journal.acw(call, Q, B, call.t, s(9));
  over(call, B);
  over(answered(B, s(13), { t: at('00:00:00', '2026-11-11') }), B);
}

before(() => {
  db = new Database();
  db.seed();
  [Q, P] = ['consult', 'complaint'].map((code) => db.number(`SELECT id FROM queue WHERE center_id = 2 AND code = '${code}'`));
  db.sql(`UPDATE app_user SET agent_no = '9001' WHERE login = 'supervisor'`);
  [A, B, C] = ['a1001', 'a1002', 'a1003'].map((login) => db.number(`SELECT id FROM app_user WHERE center_id = 2 AND login = '${login}'`));
  boss = db.number(`SELECT id FROM app_user WHERE login = 'supervisor'`);
  teams = db.rows(`SELECT id, name FROM team WHERE center_id = 2 ORDER BY id`);
  db.sql(`UPDATE app_user SET team_id = ${teams[0].id} WHERE id = ${A}; UPDATE app_user SET team_id = ${teams[1].id} WHERE id IN (${B}, ${C})`);
  journal = new Journal();
  tell();
  const facts = journal.sorted();
  for (let i = 0; i < facts.length; i += 7) assert.equal(db.ingest(facts.slice(i, i + 7)), Math.min(7, facts.length - i));
  assert.equal(db.ingest(facts), 0);
});
after(() => db?.stop());

test('RPT-17 rings: every way in which one ends, and the rates of them', () => {
  // 9 that were not taken; taken: 30 s, 1 ms, 0 s, asked, helped, passed, 2 menus, played, 4 surveys, 1 whose talk goes on
  expect(A, { offers: 23, rona: 2, ring_reject: 1, ab_ring_T_in: 1, ab_ring_T_out: 1, ring_other: 4, no_talk: 1, ans_rate: 61.9, rona_rate: 9.52, avg_ring: 3, check: 0 });
});

test('RPT-17 talks: answered, came back, passed on, put down; the longest, the shortest, what was between', () => {
  // 30 + 0.001 + 60 + 20 + 10 + 7 (came back: one answer) + 3 × 5 + 4 × 5 + 1, and 42 called
  expect(A, { ans: 13, xfer_in: 0, talk_sum: 205, att: 12.54, max_talk: 60, min_talk: 0, xfer_out: 1, agent_release: 5, out: 3, out_ans: 2, out_rate: 66.67, out_talk: 42 });
  expect(A, { hold_cnt: 2, hold_sum: 10, hold_avg: 5, consult_wait: 8, acw_cnt: 2, acw_sum: 17, acw_avg: 8.5, aht: 13.31 });
  expect(B, { ans: 2, xfer_in: 1, xfer_talk: 50, talk_sum: 761, agent_release: 1, acw_cnt: 1, max_talk: 700, min_talk: 11 });
});

test('RPT-17 asking and sending on: who asks has it, not who is asked', () => {
  expect(A, { internal: 2, help: 2, conf: 2, to_ivr: 2, push: 4, rated: 3, sat_rate: 66.67 });
  expect(B, { internal: 1, help: 0, conf: 0, to_ivr: 0, push: 0, rated: 0, sat_rate: null }); // his own call to an extension
});

test('RPT-17 a call is its day\'s, whole, from midnight to midnight; ranges add up', () => {
  const day = (from, to) => of(report({ from, to }), B);
  assert.deepEqual(['2026-11-09', DAY, '2026-11-11', '2026-11-12'].map((d) => [day(d).ans, day(d).talk_sum, day(d).acw_sum]), [[1, 600, 0], [2, 761, 9], [1, 13, 0], [0, 0, 0]]);
  assert.deepEqual([day('2026-11-09', '2026-11-11').ans, day('2026-11-09', '2026-11-11').talk_sum, day('2026-11-09', '2026-11-11').max_talk], [4, 1374, 700]);
  for (const source of ['facts', 'rollup']) assert.equal(of(report({ source, from: '2026-11-09' }), B).talk_sum, 600, source);
});

test('RPT-17 GEN-05 what the region takes over in a city is the city\'s, under the name of who did it, and not the region\'s', () => {
  const city = of(report(), boss);
  assert.deepEqual([city.agent_no, city.team_name, city.center_id, city.xfer_in, city.ans, city.talk_sum], ['9001', '外中心', 2, 1, 0, 25]);
  const own = of(report({ centers: '{1}' }), boss);
  assert.deepEqual([own.center_id, own.xfer_in, own.ans, own.talk_sum], [1, 0, 1, 3]);
  const all = report({ centers: '*' });
  assert.deepEqual(all.rows.filter((r) => r.user_id === boss).map((r) => [r.center_id, r.talk_sum]), [[1, 3], [2, 25]], 'merged: both, where each was');
  assert.equal(all.total.talk_sum, all.rows.reduce((sum, r) => sum + Math.round(r.talk_sum * 100), 0) / 100);
});

test('RPT-17 by agent, team, queue and center: the same total, made of sums; filters leave out what they say', () => {
  const whole = report().total;
  for (const by of ['team', 'queue', 'center'])
    for (const source of ['facts', 'rollup']) {
      const { rows, total, check } = report({ by, source });
      assert.deepEqual([total, check], [whole, 0], `${by} ${source}`);
      for (const id of ['offers', 'ans', 'out', 'hold_cnt', 'agent_release', 'push']) assert.equal(rows.reduce((sum, r) => sum + r[id], 0), total[id], `${by}: ${id}`);
    }
  const named = (by, name) => Object.fromEntries(report({ by }).rows.map((r) => [r[name], [r.ans, r.out]]));
  assert.deepEqual(named('team', 'team_name'), { [teams[0].name]: [13, 3], [teams[1].name]: [4, 0], 未分组: [0, 0] });
  assert.deepEqual(named('queue', 'queue_name'), { 咨询: [16, 0], 投诉: [1, 0], 举报: [0, 0], 未经队列: [0, 3] });
  assert.deepEqual(named('center', 'center_name'), { [of(report(), A).center_name]: [17, 3] });
  const team = report({ team: teams[0].id });
  assert.ok(team.rows.some((r) => r.user_id === A) && !team.rows.some((r) => r.user_id === B) && team.rows.every((r) => r.team_name === teams[0].name));
  assert.equal(team.total.ans, 13);
  assert.equal(team.conditions.find((c) => c.title === '班组').value, teams[0].name);
  const queue = report({ queue: P });
  assert.deepEqual([of(queue, A).ans, of(queue, A).hold_cnt, of(queue, A).acw_sum, of(queue, A).internal, of(queue, A).out, of(queue, B).xfer_in], [1, 2, 10, 1, 0, 1]);
  assert.deepEqual(report({ users: [A] }).rows.map((r) => r.user_id), [A], 'a leader who sees his team only');
  assert.equal(report({ users: [A] }).total.ans, 13);
  assert.deepEqual(report({ users: [A], by: 'team' }).rows.map((r) => r.team_name), [teams[0].name]);
});

test('RPT-17 registrations are whose they are, from the day they were saved; drafts and void ones are not', () => {
  const save = (user, id, call = null) => db.document({ centers: '{2}', user }, 'record_create', { id, call_id: call, category: '01', title: '问' }, 2, user);
  const ids = [1, 2, 3, 4].map(() => uuid7(Date.now()));
  ids.forEach((id, i) => save(i < 3 ? A : B, id));
  db.sql(`UPDATE record SET created_at = '${DAY} 12:00+08'; UPDATE record SET created_at = '${DAY} 00:00+08', queue_id = ${P} WHERE id = '${ids[0]}';
    UPDATE record SET created_at = '2026-11-09 23:59:59.999+08' WHERE id = '${ids[1]}'; UPDATE record SET state = 'void' WHERE id = '${ids[3]}'`);
  const made = (options) => report(options).rows.filter((r) => r.records).map((r) => [r.user_id, r.records]);
  for (const source of ['facts', 'rollup']) assert.deepEqual(made({ source }), [[A, 2]], source);
  assert.deepEqual(made({ from: '2026-11-09' }), [[A, 1]]);
  assert.deepEqual(made({ queue: P }), [[A, 1]]);
  assert.deepEqual(made({ centers: '{3}' }), []);
});

test('RPT-17 GEN-04 another city has nothing of it; somebody who has gone keeps his row where he did something', () => {
  for (const by of ['agent', 'team', 'queue', 'center']) assert.equal(report({ by, centers: '{3}' }).total.talk_sum, 0, by);
  assert.ok(report({ centers: '{3}' }).rows.every((r) => r.center_id === 3));
  assert.deepEqual(report({ centers: '' }).rows, []);
  assert.deepEqual(report({ centers: '{3}', center: 2 }).rows, []);
  db.sql(`UPDATE app_user SET deleted_at = now() WHERE id = ${C}`);
  assert.deepEqual([of(report(), C).ans, of(report(), C).agent_no !== ''], [2, true]);
  assert.equal(of(report({ from: '2026-11-12' }), C), undefined);
  db.sql(`UPDATE app_user SET deleted_at = NULL WHERE id = ${C}`);
});

test('RPT-17 a talk whose end is told twice counts once', () => {
  const t = at('20:00:00', '2026-11-13');
  const again = new Journal();
  const begun = again.begin(2, t);
  const talk = again.talk(begun, Q, A, t, t + s(10));
  again.fact(2, t + s(12), 'talk_end', { talk_id: talk, call_id: begun.id, user_id: A, t_rel_ms: t + s(12), talk_ms: s(12), hold_ms: 0, released_by: 'caller' });
  for (const fact of again.sorted()) db.ingest([fact]);
  expect(A, { ans: 1, talk_sum: 12 }, { from: '2026-11-13' });
});

test('RPT-17 the roll-up is read by center and day: what a report costs does not grow with what is kept', () => {
  const day = (n) => new Date(Date.parse(`${DAY}T00:00:00Z`) - n * 86400e3).toISOString().slice(0, 10);
  db.sql(`INSERT INTO rollup_agent (center_id, day, user_id, queue_id, what, n, ms, most_ms) SELECT c, d::date, ${A}, q, w, 1, 1, 1
    FROM generate_series(2, 15) c, generate_series('2023-01-01'::timestamp, '2026-10-31', '1 day') d, generate_series(1, 3) q, unnest('{ans,offer,taken,out,hold,acw_in}'::text[]) w; ANALYZE rollup_agent`);
  const read = (from, to) => {
    const plan = JSON.parse(db.as({ centers: '{2}' }, `EXPLAIN (ANALYZE, FORMAT json) SELECT * FROM rollup_agent WHERE center_id = 2 AND day BETWEEN '${from}' AND '${to}'`).replace(/^BEGIN|COMMIT$/g, ''));
    let removed = 0;
    let seq = false;
    (function walk(node) {
      removed += node['Rows Removed by Filter'] ?? 0;
      seq ||= node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'rollup_agent';
      (node.Plans ?? []).forEach(walk);
    })(plan[0].Plan);
    return { rows: plan[0].Plan['Actual Rows'], removed, seq };
  };
  const { rows, removed, seq } = read(day(40), day(11));
  assert.deepEqual([rows, removed, seq], [30 * 18, 0, false]);
  assert.equal(report({ from: day(40), to: day(11) }).total.ans, 30 * 3);
});
