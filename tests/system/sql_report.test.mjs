// RPT-01 against a hand count: 500 random calls, told as stories, counted here from the stories and
// there from the facts. Run with SEED=n to repeat a run.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Database, Journal, randomFrom } from './lib/sql.mjs';

const SEED = Number(process.env.SEED ?? Date.now() % 1000000);
const FROM = '2026-10-29';
const TO = '2026-11-01'; // over the border of a month, of partitions too
const T0 = Date.parse(`${FROM}T00:00:00+08:00`);
const T1 = Date.parse(`${TO}T00:00:00+08:00`) + 86400000;
const CENTERS = [2, 3, 4];

let db;
let stories;
let queues;
before(() => {
  db = new Database();
  db.seed();
  queues = Object.fromEntries(CENTERS.map((c) => [c, db.rows(`SELECT id, sl_threshold_ms, short_abandon_ms FROM queue WHERE center_id = ${c} ORDER BY id`)]));
  db.sql(`UPDATE queue SET sl_threshold_ms = 15000, short_abandon_ms = 0 WHERE code = 'report'`);
  queues = Object.fromEntries(CENTERS.map((c) => [c, db.rows(`SELECT id, sl_threshold_ms AS t, short_abandon_ms AS s FROM queue WHERE center_id = ${c} ORDER BY id`)]));
  console.log(`seed ${SEED}`);
  stories = make(randomFrom(SEED), 500);
  const facts = tell(stories);
  const random = randomFrom(SEED + 1);
  for (let i = 0; i < facts.length;) { // batches of any size, some sent twice
    const size = 1 + Math.floor(random() * 400);
    const batch = facts.slice(i, i + size);
    assert.equal(db.ingest(batch), batch.length);
    if (random() < 0.3) assert.equal(db.ingest(batch), 0);
    i += size;
  }
});
after(() => db?.stop());

// What happened to each caller, in our own words; no column of the database appears here.
function make(random, count) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const upTo = (n) => Math.floor(random() * n);
  const summary = () => pick(['answered', 'call_back', 'silent', 'gone', null]); // 'gone' is in no dictionary
  return Array.from({ length: count }, () => {
    const center = pick(CENTERS);
    const story = { center, t: T0 - 3600000 + upTo(T1 - T0 + 7200000), unit: pick(['self', 'self', 'self', 'from_12366', 'from_city']),
      direction: random() < 0.1 ? 'out' : random() < 0.04 ? 'internal' : 'in', test: random() < 0.03, visits: [], refused: [], talk: 0, acw: 0 };
    const kind = story.direction === 'in' ? pick(['menu', 'self', 'closed', 'blocked', 'error', 'human', 'human', 'human', 'human', 'human', 'human', 'human']) : 'direct';
    if (kind === 'direct') {
      story.end = random() < 0.7 ? 'answered' : 'lost';
      story.talk = story.end === 'answered' ? 1 + upTo(200000) : 0;
      story.code = story.end === 'answered' ? summary() : null;
      return story;
    }
    if (kind !== 'human') {
      story.end = { menu: 'ivr_abandon', self: 'ivr_self', closed: 'closed', blocked: 'blocked', error: 'ivr_lost' }[kind];
      if (random() < 0.02) story.end = 'open';
      return story;
    }
    if (random() < 0.1) story.refused.push(pick(queues[center]));
    const never = story.refused.length && random() < 0.5;
    if (!never) {
      for (let hop = random() < 0.2 ? 1 : 0; hop >= 0; hop--)
        story.visits.push({ queue: pick(queues[center]), wait: pick([upTo(4000), upTo(25000), upTo(120000), 5000, 15000, 20000]), left: pick(['overflow_out', 'moved_out']) });
    }
    const lastVisit = story.visits.at(-1);
    story.end = never ? pick(['lost', 'flow_cb', 'flow_vm'])
      : pick(['answered', 'answered', 'answered', 'answered', 'ab_queue', 'ab_ring', 'flow_vm', 'flow_cb', 'flow_bot', 'flow_ext', 'lost', random() < 0.3 ? 'open' : 'answered']);
    if (lastVisit) lastVisit.left = story.end;
    story.wait = story.visits.reduce((sum, v) => sum + v.wait, 0);
    if (story.end === 'answered') {
      story.talk = 1 + upTo(600000);
      story.acw = pick([0, upTo(60000)]);
      story.code = summary();
    }
    story.first = story.refused[0] ?? story.visits[0]?.queue;
    return story;
  });
}

function tell(list) {
  const journal = new Journal();
  for (const s of list) {
    const call = journal.begin(s.center, s.t, { unit_type: s.unit, source: s.unit === 'self' ? 'direct' : s.unit, direction: s.direction, test: s.test });
    let t = s.t + 100;
    for (const queue of s.refused) {
      journal.fact(s.center, t, 'door_refused', { refusal_id: journal.facts.at(-1).id.replace(/^(.{15}).{3}/, '$1fff'), call_id: call.id, queue_id: queue.id, at_ms: t, cause: 'full' });
      t += 1;
    }
    for (const v of s.visits) {
      const visit = journal.enter(call, t, v.queue.id);
      t += v.wait;
      if (v.left !== 'open') journal.leave(call, visit, t, v.left);
    }
    if (s.end === 'open') continue;
    const queue = s.visits.at(-1)?.queue.id ?? null;
    if (s.talk) journal.talk(call, queue, 1, t, t + s.talk, { kind: s.direction === 'in' ? 'inbound' : 'outbound' });
    journal.end(call, t + s.talk, s.end, { wait_ms: s.first ? s.wait : null, talk_ms: s.talk, first_queue_id: s.first?.id ?? null,
      sl_threshold_ms: s.first?.t ?? 20000, short_abandon_ms: s.first?.s ?? 5000 });
    if (s.acw) journal.acw(call, queue, 1, t + s.talk, s.acw);
    if (s.code) journal.fact(s.center, t + s.talk + 500, 'wrap_up', { call_id: call.id, user_id: 1, code: s.code, note: '', at_ms: t + s.talk + 500 });
  }
  return journal.sorted();
}

const percent = (part, whole) => (whole ? Math.round(Number((BigInt(part) * 1000000n) / BigInt(whole)) / 100 + 1e-9) / 100 : null);
const seconds = (ms, n) => (n ? Math.round(ms / n / 10 + 1e-9) / 100 : null);
const sum = (list, of) => list.reduce((total, x) => total + of(x), 0);
const within = (s) => s.t >= T0 && s.t < T1 && !s.test && s.direction !== 'internal';

function handCount(list) {
  const inbound = list.filter((s) => s.direction === 'in');
  const ended = (...ends) => inbound.filter((s) => ends.includes(s.end));
  const human = inbound.filter((s) => s.visits.length || s.refused.length);
  const humanEnded = human.filter((s) => s.end !== 'open').length;
  const open = ended('open');
  const ans = ended('answered');
  const ab = ended('ab_queue', 'ab_ring');
  const flow = ended('flow_vm', 'flow_cb', 'flow_bot', 'flow_ext');
  const quick = (s) => s.wait <= s.first.t;
  const short = ab.filter((s) => s.first.s > 0 && s.wait <= s.first.s);
  const calls = inbound.length - ended('blocked').length;
  const out = list.filter((s) => s.direction === 'out');
  return {
    in: calls, blocked: ended('blocked').length, ivr_self: ended('ivr_self').length, ivr_abandon: ended('ivr_abandon').length, ivr_lost: ended('ivr_lost').length,
    closed: ended('closed').length, req: human.length, ans: ans.length, ans_15: ans.filter((s) => s.wait <= 15000).length, ans_T: ans.filter(quick).length,
    ab_queue: ended('ab_queue').length, ab_ring: ended('ab_ring').length, ab_short: short.length, lost: ended('lost').length, open: open.length,
    flow_vm: ended('flow_vm').length, flow_cb: ended('flow_cb').length, flow_bot: ended('flow_bot').length, flow_ext: ended('flow_ext').length,
    loss: humanEnded - ans.length, ivr_self_rate: percent(ended('ivr_self').length, calls - open.length),
    ans_rate: percent(ans.length, humanEnded), loss_rate: percent(humanEnded - ans.length, humanEnded), ab_rate: percent(ab.length, humanEnded),
    in_time_rate: percent(ans.filter((s) => s.wait <= 15000).length, ans.length),
    sl: percent(ans.filter(quick).length, humanEnded - short.length - flow.filter(quick).length),
    asa: seconds(sum(ans, (s) => s.wait), ans.length), avg_ab_wait: seconds(sum(ab, (s) => s.wait), ab.length),
    max_wait: Math.round(Math.max(0, ...[...ans, ...ab, ...ended('lost')].map((s) => s.wait)) / 10) / 100,
    talk_sum: seconds(sum(ans, (s) => s.talk), 1), att: seconds(sum(ans, (s) => s.talk), ans.length), aht: seconds(sum(ans, (s) => s.talk + s.acw), ans.length),
    out: out.length, out_ans: out.filter((s) => s.end === 'answered').length, out_rate: percent(out.filter((s) => s.end === 'answered').length, out.length),
    xin_12366: inbound.filter((s) => s.end !== 'blocked' && s.unit === 'from_12366').length,
    xin_city: inbound.filter((s) => s.end !== 'blocked' && s.unit === 'from_city').length, xout_12366: 0, xout_city: 0, check: 0, check_req: 0,
  };
}

const report = (by, source, { center = null, queue = null, unit = null, code = null, centers = '*' } = {}) =>
  db.document({ centers }, 'rpt_voice_service', FROM, TO, center, queue, unit, by, source, code);
const without = (row, name) => Object.fromEntries(Object.entries(row).filter(([k]) => k !== name));
const only = (row, like) => Object.fromEntries(Object.keys(like).map((k) => [k, row[k]]));

test('RPT-01 500 calls: every figure of every center and of the total equals the hand count, from both sources', () => {
  for (const source of ['facts', 'rollup']) {
    const { rows, total, check } = report('center', source);
    assert.equal(rows.length, 15);
    for (const row of rows) {
      const expected = handCount(stories.filter((s) => within(s) && s.center === row.center_id));
      assert.deepEqual(only(row, expected), expected, `seed ${SEED}, ${source}, center ${row.center_id}`);
    }
    const expected = handCount(stories.filter(within));
    assert.deepEqual(only(total, expected), expected, `seed ${SEED}, ${source}, total`);
    assert.equal(check, 0);
    assert.ok(total.in > 300);
  }
});

test('RPT-01 by queue: visits, refusals and outcomes equal the hand count', () => {
  for (const source of ['facts', 'rollup']) {
    const { rows, check } = report('queue', source);
    assert.equal(check, 0);
    for (const row of rows.filter((r) => CENTERS.includes(r.center_id))) {
      const told = stories.filter((s) => within(s) && s.direction === 'in');
      const visits = told.flatMap((s) => s.visits).filter((v) => v.queue.id === row.queue_id);
      const left = (...ends) => visits.filter((v) => ends.includes(v.left));
      const ans = left('answered');
      const expected = {
        visits: visits.length, ans: ans.length, ab_queue: left('ab_queue').length, ab_ring: left('ab_ring').length, overflow_out: left('overflow_out').length,
        overflow_in: told.flatMap((s) => s.visits.filter((v, n) => v.queue.id === row.queue_id && s.visits[n - 1]?.left === 'overflow_out')).length,
        moved_out: left('moved_out').length, lost: left('lost').length, open: left('open').length, flow_cb: left('flow_cb').length,
        door_out: told.flatMap((s) => s.refused).filter((q) => q.id === row.queue_id).length,
        asa: seconds(sum(ans, (v) => v.wait), ans.length), ans_T: ans.filter((v) => v.wait <= v.queue.t).length,
        talk_sum: seconds(sum(told.filter((s) => s.end === 'answered' && s.visits.at(-1).queue.id === row.queue_id), (s) => s.talk), 1), check: 0,
      };
      assert.deepEqual(only(row, expected), expected, `seed ${SEED}, ${source}, queue ${row.queue_id}`);
    }
  }
});

test('RPT-01 both sources give the same document for every filter', () => {
  const same = (by, filter) => {
    const [a, b] = ['facts', 'rollup'].map((source) => report(by, source, filter));
    for (const d of [a, b]) {
      delete d.made_at;
      delete d.filters.source;
    }
    assert.deepEqual(a, b, JSON.stringify(filter));
    return a;
  };
  for (const by of ['center', 'queue'])
    for (const filter of [{}, { center: 3 }, { unit: 'from_12366' }, { queue: queues[2][0].id }, { center: 2, unit: 'self' }, { centers: '{4}' }, { centers: '' }])
      same(by, filter);
  const units = ['self', 'from_12366', 'from_city'].map((unit) => same('center', { unit }).total.in);
  assert.equal(units.reduce((a, b) => a + b), same('center', {}).total.in);
});

test('CC-06: RPT-01 by summary: every row equals the hand count, the rows add up to the total of the other groupings, difference 0', () => {
  const under = (s) => s.code ?? (s.end === 'answered' ? '-' : null);
  const all = stories.filter(within);
  for (const source of ['facts', 'rollup'])
    for (const [filter, told] of [[{}, all], [{ center: 3 }, all.filter((s) => s.center === 3)], [{ centers: '{2,4}' }, all.filter((s) => s.center !== 3)],
      [{ unit: 'self' }, all.filter((s) => s.unit === 'self')], [{ queue: queues[2][0].id }, all.filter((s) => s.first?.id === queues[2][0].id)]]) {
      const { rows, total, check } = report('wrap_up', source, filter);
      const what = `seed ${SEED}, ${source}, ${JSON.stringify(filter)}`;
      assert.deepEqual(rows.slice(-2).map((r) => [r.wrap_up_code, r.wrap_up_name]), [['-', '未小结'], [null, '未接通或处理中']], what);
      assert.equal(new Set(rows.map((r) => r.wrap_up_code)).size, rows.length, what);
      for (const row of rows) {
        const expected = handCount(told.filter((s) => under(s) === row.wrap_up_code));
        assert.deepEqual(only(row, expected), expected, `${what}, ${row.wrap_up_name}`);
      }
      assert.deepEqual(without(total, 'wrap_up_name'), without(report('center', source, filter).total, 'center_name'), what);
      for (const name of ['in', 'blocked', 'req', 'ans', 'open', 'out']) assert.equal(sum(rows, (r) => r[name]), total[name], `${what}, ${name}`);
      assert.equal(check, 0, what);
    }
});

test('CC-06: RPT-01 of one summary has its calls only, in every grouping and from both sources', () => {
  const all = stories.filter(within);
  for (const [code, has] of [['call_back', (s) => s.code === 'call_back'], ['gone', (s) => s.code === 'gone'], ['-', (s) => s.end === 'answered' && !s.code], ['nobody', () => false]])
    for (const source of ['facts', 'rollup']) {
      const told = all.filter(has);
      const what = `seed ${SEED}, ${source}, ${code}`;
      const expected = handCount(told);
      const by = Object.fromEntries(['center', 'queue', 'wrap_up'].map((b) => [b, report(b, source, { code })]));
      assert.deepEqual(Object.values(by).map((d) => d.check), [0, 0, 0], what);
      for (const b of ['center', 'wrap_up']) assert.deepEqual(only(by[b].total, expected), expected, `${what}, ${b}`);
      for (const row of by.center.rows) assert.equal(row.in + row.out, told.filter((s) => s.center === row.center_id).length, `${what}, center ${row.center_id}`);
      const visits = told.flatMap((s) => s.visits);
      for (const row of by.queue.rows) assert.equal(row.visits, visits.filter((v) => v.queue.id === row.queue_id).length, `${what}, queue ${row.queue_id}`);
      assert.equal(by.queue.total.door_out, sum(told, (s) => s.refused.length), what);
      assert.deepEqual(by.wrap_up.rows.map((r) => r.wrap_up_code), code === 'nobody' ? [] : [code], what);
    }
});

test('GEN-04 RPT-01 a city sees only its own row', () => {
  const { rows, total } = report('center', 'facts', { centers: '{3}' });
  assert.deepEqual(rows.map((r) => r.center_id), [3]);
  assert.equal(total.in, rows[0].in);
  assert.deepEqual(report('center', 'facts', { centers: '{3}', center: 2 }).rows, []);
});

test('MON-13 today on the wall is the row of RPT-01 for today, and the slots add up to it', () => {
  const journal = new Journal();
  const now = Date.now();
  for (let i = 0; i < 12; i++) {
    const call = journal.begin(2, now - 1000 - i * 60000);
    const visit = journal.enter(call, call.t_in, queues[2][0].id);
    journal.leave(call, visit, call.t_in + i * 1000, i % 3 ? 'answered' : 'ab_queue');
    journal.end(call, call.t_in + 30000, i % 3 ? 'answered' : 'ab_queue', { wait_ms: i * 1000, talk_ms: i % 3 ? 10000 : 0 });
  }
  db.ingest(journal.sorted());
  const today = new Date(now + 8 * 3600000).toISOString().slice(0, 10);
  const wall = Object.fromEntries(db.call({ centers: '{2,3}' }, 'wall_today', '{2,3,4}').map((r) => [r.center_id, JSON.parse(r.document)]));
  assert.deepEqual(Object.keys(wall), ['2', '3']);
  const { rows } = db.document({ centers: '{2}' }, 'rpt_voice_service', today, today, null, null, null, 'center', 'facts', null);
  const figures = handCount([]);
  assert.deepEqual(only(wall[2], figures), only(rows[0], figures));
  assert.equal(sum(wall[2].slots, (s) => s.in), wall[2].in);
  assert.equal(sum(wall[2].slots, (s) => s.ans), wall[2].ans);
  assert.match(wall[2].slots[0].t, /^00:00$/);
});
