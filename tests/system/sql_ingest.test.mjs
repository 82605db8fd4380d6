// How facts come must not matter: in one batch, one by one, or in any cuts with batches sent again, the tables and the
// roll-up are the same; and nobody but the daemon brings any. Run with SEED=n to repeat a run.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Database, Journal, randomFrom, uuid7 } from './lib/sql.mjs';

const SEED = Number(process.env.SEED ?? Date.now() % 1000000);
const TABLES = ['fact', 'call', 'ivr_visit', 'ivr_key', 'queue_visit', 'door_refusal', 'offer', 'no_answer', 'talk', 'hold', 'acw', 'agent_session',
  'agent_state', 'recording', 'leg_quality', 'unrecorded_call', 'outside_leg', 'bot_session', 'bot_turn', 'bot_slot', 'trunk_event', 'audit_log', 'record', 'survey', 'rollup_voice', 'rollup_agent'];
const T0 = Date.parse('2026-10-31T23:00:00Z'); // over the border of a month
const CENTERS = [1, 2, 3];

let db;
let queues;
let registrations;
before(() => {
  console.log(`seed ${SEED}`);
  db = new Database();
  db.seed();
  queues = Object.fromEntries(CENTERS.map((c) => [c, db.rows(`SELECT id FROM queue WHERE center_id = ${c} ORDER BY id`).map((q) => q.id)]));
});
after(() => db?.stop());

// Agents work, callers come, wait, are offered, talk, are held and passed on to other centers; some of what happened has
// no beginning or no end.
function happen(random, calls) {
  const journal = new Journal();
  const upTo = (n) => Math.floor(random() * n);
  const pick = (list) => list[upTo(list.length)];
  const maybe = (p) => random() < p;
  const sessions = CENTERS.flatMap((center) => [1, 2, 3].map((k) => ({ center, user: center * 10 + k, id: uuid7(T0 + k) })));
  const state = (s, t, name) => journal.fact(s.center, t, 'agent_state', { state_id: uuid7(t), session_id: s.id, user_id: s.user, state: name,
    reason_id: name === 'busy' ? 1 : null, reason: '', t_start_ms: maybe(0.05) ? t - 3000 : t }); // a clock that was set back
  for (const s of sessions) {
    journal.fact(s.center, T0, 'agent_session_begin', { session_id: s.id, user_id: s.user, t_in_ms: T0, line: 'browser', address: '10.0.0.1' });
    state(s, T0 + 1, 'ready');
  }
  const registered = [];
  let from = null;
  for (let i = 0; i < calls; i++) {
    const center = pick(CENTERS);
    let t = T0 + upTo(7200000);
    const passed = from && from.center !== center && maybe(0.7) ? from : null;
    if (passed) t = passed.t_end + 1 + upTo(3);
    const call = journal.begin(center, t, { direction: maybe(0.1) ? 'out' : 'in', test: maybe(0.05),
      ...(passed && { global_call_id: passed.global, source: passed.center === 1 ? 'from_12366' : 'from_city', unit_type: passed.center === 1 ? 'from_12366' : 'from_city' }) });
    if (maybe(0.1)) registered.push([call.id, center]);
    const f = (kind, payload) => journal.fact(center, t, kind, payload);
    const visit = uuid7(t);
    f('ivr_begin', { visit_id: visit, call_id: call.id, flow_id: 1, flow_version: 1, t_start_ms: t });
    for (let k = upTo(3); k > 0; k--) f('ivr_key', { key_id: uuid7(t), call_id: call.id, visit_id: visit, seq: k, node: 'main', menu: '', key: '1', result: 'ok', at_ms: t += 1 });
    if (maybe(0.95)) f('ivr_end', { visit_id: visit, call_id: call.id, t_end_ms: t += upTo(3000), exit: 'queue' });
    if (maybe(0.1)) f('door_refused', { refusal_id: uuid7(t), call_id: call.id, queue_id: pick(queues[center]), at_ms: t += 1, cause: 'full' });
    let queue = null;
    let talked = 0;
    let first = null;
    for (let hop = upTo(3); hop > 0; hop--) {
      queue = pick(queues[center]);
      const v = journal.enter(call, t += 1, queue);
      const s = pick(sessions.filter((x) => x.center === center));
      const taken = maybe(0.6);
      if (maybe(0.8)) {
        state(s, t, 'ring');
        journal.offer(call, v, s.user, t, t += upTo(20000), taken ? 'answered' : pick(['no_answer', 'rejected', 'caller_left']));
      }
      t += upTo(5000);
      journal.leave(call, v, t, taken ? 'answered' : hop === 1 ? pick(['ab_queue', 'ab_ring', 'lost', 'flow_cb']) : pick(['overflow_out', 'moved_out']));
      if (!taken) continue;
      first ??= s.user;
      const length = 1 + upTo(maybe(0.5) ? 2000 : 600000);
      const talk = journal.talk(call, queue, s.user, t, t + length, { kind: talked ? 'transfer_in' : 'inbound',
        ...(maybe(0.2) && { passed_to: pick(['agent', 'queue', 'outside']), passed_id: null, released_by: 'agent' }), ...(maybe(0.3) && { released_by: 'agent' }) });
      if (maybe(0.3)) journal.talk(call, queue, pick(sessions.filter((x) => x.center === center)).user, t, t + Math.floor(length / 2), { kind: pick(['consult', 'help']), ...(maybe(0.4) && { joined: true }) });
      state(s, t, 'talk');
      if (maybe(0.3)) {
        const hold = uuid7(t);
        f('hold_begin', { hold_id: hold, call_id: call.id, talk_id: talk, user_id: s.user, t_start_ms: t, ...(maybe(0.4) && { asking: true }) });
        journal.fact(center, t + length, 'hold_end', { hold_id: hold, call_id: call.id, talk_id: talk, user_id: s.user, t_end_ms: t + length });
      }
      const recording = uuid7(t);
      f('recording_begin', { recording_id: recording, call_id: call.id, talk_id: talk, user_id: s.user, path: 'a.wav', t_start_ms: t, left: 'caller', right: 'agent' });
      t += length;
      talked += length;
      f('recording_end', { recording_id: recording, call_id: call.id, length_ms: length, size: length, sha256: '', error: maybe(0.1) ? 'gone' : '' });
      f('leg_quality', { leg_id: uuid7(t), call_id: call.id, user_id: s.user, party: 'agent', transport: 'line', packets_sent: 1, packets_received: 1, packets_lost: 0,
        packets_discarded: 0, jitter_us: 1, remote_jitter_us: null, remote_lost: null, round_trip_us: null, mos: 4.12 });
      if (maybe(0.3)) {
        const sent = uuid7(t);
        const mode = pick(['release', 'suspend', 'survey']);
        f('ivr_begin', { visit_id: sent, call_id: call.id, flow_id: maybe(0.8) ? 1 : null, flow_version: 1, t_start_ms: t, mode, user_id: s.user, talk_id: talk, target: '' });
        f('ivr_end', { visit_id: sent, call_id: call.id, t_end_ms: t += 1, exit: 'hangup', ...(mode === 'survey' && { survey_asked_ms: t, survey_level: pick([null, 1, 3, 5]), survey_name: '',
          survey_talk_id: talk, survey_user_id: pick([null, s.user]), survey_queue_id: queue }) });
      }
      state(s, t, 'acw');
      if (maybe(0.7)) journal.acw(call, queue, s.user, t, upTo(30000));
      if (maybe(0.4)) journal.fact(center, t + upTo(60000), 'wrap_up', { call_id: call.id, user_id: s.user, code: pick(['answered', '']), note: '好', at_ms: t + 1 });
      state(s, t + 30000, 'ready');
    }
    if (maybe(0.95)) journal.end(call, t, talked ? 'answered' : queue ? 'lost' : 'ivr_self', { wait_ms: queue ? upTo(60000) : null, talk_ms: talked, user_id: pick([null, first, 99]),
      t_ans_ms: pick([null, t]), sl_threshold_ms: maybe(0.5) ? 0 : 15000 });
    if (maybe(0.2)) f('outside_leg', { reach_id: uuid7(t), call_id: call.id, purpose: pick(['consult', 'help', 'pass', 'flow']), user_id: pick([null, first]), number: '10086', to_center: pick(['', 'liuzhou']), trunk_id: null,
      t_start_ms: t, t_ans_ms: pick([null, t]), t_end_ms: t, talk_ms: 0, outcome: pick(['answered', 'busy']), released_by: 'outside', joined: maybe(0.5), passed: maybe(0.5) });
    if (maybe(0.2)) {
      const reach = uuid7(t);
      for (let k = upTo(4); k > 0; k--) f('bot_turn', { turn_id: uuid7(t), call_id: call.id, reach_id: reach, who: pick(['caller', 'bot']), text: `第${k}句`, at_ms: t += 1 });
      if (maybe(0.5)) f('bot_slot', { slot_id: uuid7(t), call_id: call.id, reach_id: reach, name: 'period', value: pick(['', '2026-10']), at_ms: t });
      f('outside_leg', { reach_id: reach, call_id: call.id, purpose: 'bot', user_id: null, number: 'bot', trunk_id: 1, t_start_ms: t, t_ans_ms: t, t_end_ms: t, talk_ms: 0, outcome: 'answered',
        released_by: 'outside', joined: false, passed: false, bot_peer_id: 1, bot_result: pick(['human', 'done', 'silent']), bot_rounds: upTo(5), bot_intent: pick(['', '退税']), bot_summary: '' });
    }
    if (maybe(0.2)) f('unrecorded', { id: uuid7(t), call_id: call.id, why: 'record_no_room', at_ms: t });
    from = { center, global: passed?.global ?? call.id, t_end: t };
  }
  for (const s of sessions.slice(1)) journal.fact(s.center, T0 + 9000000, 'agent_session_end', { session_id: s.id, user_id: s.user, t_out_ms: T0 + 9000000, reason: 'user' });
  for (const state_of of ['up', 'down']) journal.fact(2, T0, 'trunk_state', { id: uuid7(T0), trunk_id: 1, state: state_of, at_ms: T0 });
  journal.fact(2, T0, 'audit', { id: uuid7(T0), user_id: null, action: 'test', object_kind: '', object_id: '', detail: '', address: '', at_ms: T0 });
  const lost = new Set(journal.facts.filter(() => maybe(0.01)).filter((f) => /_(begin|enter)$/.test(f.kind)));
  registrations = registered;
  return journal.sorted().filter((f) => !lost.has(f)); // ends that never began
}

// All tables after the facts came in these batches, through one connection, one row a line. What depends on the hour of
// the test is left out, and sums that are nothing: a call may have stood there for a moment.
function tablesAfter(batches) {
  db.sql(`TRUNCATE ${TABLES.join(', ')} CASCADE;` + registrations.map(([call, center], i) => `INSERT INTO record (id, center_id, record_no, call_id, category, info_source, unit_type, channel, created_by, created_at)
    SELECT '${call}', ${center}, '${i}', '${call}', '01', 'r12366', 'from_city', 'voice', min(id), '2026-11-01' FROM app_user;`).join(''));
  const taken = db.psql('hotlined_app', `SELECT set_config('hotlined.centers', '*', false) \\g /dev/null\n`
    + batches.map(({ facts }) => `SELECT ingest_facts($f$${JSON.stringify(facts)}$f$::jsonb);`).join('\n'));
  assert.deepEqual(taken.split('\n').map(Number), batches.map(({ facts, known = false }) => (known ? 0 : facts.length)), `seed ${SEED}`);
  return TABLES.map((table) => ({ table, rows: db.sql(`SELECT jsonb_strip_nulls(to_jsonb(t) - 'received_at')::text FROM ${table} t ORDER BY 1`).split('\n')
    .filter((row) => table !== 'rollup_voice' || Object.entries(JSON.parse(row)).some(([name, n]) => n > 0 && !/_id$/.test(name))) }));
}

function expectSame(found, wanted, how) {
  for (const [i, { table, rows }] of found.entries()) {
    const [more, less] = [rows.filter((r) => !wanted[i].rows.includes(r)), wanted[i].rows.filter((r) => !rows.includes(r))];
    assert.ok(rows.length === wanted[i].rows.length && !more.length, `seed ${SEED}, ${how}, table ${table}:\n${more.slice(0, 3).join('\n')}\ninstead of\n${less.slice(0, 3).join('\n')}`);
  }
}

function cut(facts, random, most) {
  const batches = [];
  for (let i = 0; i < facts.length;) {
    const size = 1 + Math.floor(random() * most);
    batches.push({ facts: facts.slice(i, i + size) });
    if (random() < 0.3) batches.push({ facts: facts.slice(i, i + size), known: true });
    i += size;
  }
  return batches;
}

test('facts in one batch, one by one, or in random cuts with batches sent again: the same tables and the same roll-up', () => {
  const random = randomFrom(SEED);
  const filled = new Set();
  for (let round = 0; round < 2; round++) {
    const facts = happen(random, 50);
    const once = tablesAfter([{ facts }]);
    for (const { table, rows } of once) if (rows[0]) filled.add(table);
    expectSame(tablesAfter(facts.map((f) => ({ facts: [f] }))), once, `round ${round}, one by one`);
    for (const most of [12, 200]) expectSame(tablesAfter(cut(facts, random, most)), once, `round ${round}, cuts of up to ${most}`);
  }
  assert.deepEqual(TABLES.filter((table) => !filled.has(table)), [], 'every table had rows');
});

test('the roll-up of the random facts is the sum of the figures', () => {
  const both = ['facts', 'rollup'].flatMap((source) => ['center', 'queue'].map((by) => {
    const { rows, total, check } = db.document({ centers: '*' }, 'rpt_voice_service', '2026-10-30', '2026-11-02', null, null, null, by, source, null);
    assert.ok(total.in ?? total.visits, 'something was counted');
    return { rows, total, check };
  }));
  assert.deepEqual(both.slice(2), both.slice(0, 2), `seed ${SEED}`);
});

test('RPT-17 the roll-up of the random facts is the sum of what each of them counts for', () => {
  for (const by of ['agent', 'team', 'queue', 'center']) {
    const [facts, rollup] = ['facts', 'rollup'].map((source) => db.document({ centers: '*' }, 'rpt_agent_voice', '2026-10-30', '2026-11-02', null, null, null, null, by, source));
    assert.deepEqual([facts.rows, facts.total], [rollup.rows, rollup.total], `seed ${SEED}, ${by}`);
    assert.equal(rollup.check, 0, `seed ${SEED}, ${by}`);
    for (const id of ['offers', 'ans', 'xfer_in', 'xfer_out', 'internal', 'hold_cnt', 'acw_cnt'])
      assert.ok(rollup.total[id] > 0, `seed ${SEED}: some ${id}`);
    for (const id of ['offers', 'ans', 'xfer_in', 'xfer_out', 'internal', 'help', 'conf', 'hold_cnt', 'acw_cnt', 'to_ivr', 'push', 'rated']) { // one seed of some hundred has none of the last ones
      assert.equal(rollup.rows.reduce((sum, r) => sum + r[id], 0), rollup.total[id], `seed ${SEED}, ${by}: ${id}`);
    }
  }
});

test('a batch in which some facts are known, or one stands twice, adds the others once', () => {
  const journal = new Journal();
  const t = T0 + 20000000;
  const call = journal.begin(2, t);
  journal.end(call, t + 1000, 'ivr_abandon');
  const other = journal.begin(2, t + 1);
  const [begin, second, end] = journal.sorted();
  assert.equal(db.ingest([begin]), 1);
  assert.equal(db.ingest([begin, second, end, second, end]), 2);
  assert.deepEqual(db.rows(`SELECT outcome FROM call WHERE call_id IN ('${call.id}', '${other.id}') ORDER BY call_id`).map((r) => r.outcome), ['ivr_abandon', 'open']);
});

test('an end without beginning is kept in the journal and named in the server\'s log', () => {
  const journal = new Journal();
  const t = T0 + 21000000;
  const lost = journal.talk({ id: uuid7(t), center: 2 }, null, 1, t, t + 1000);
  const there = journal.talk({ id: uuid7(t), center: 2 }, null, 1, t, t + 1000);
  const facts = journal.facts.filter((f) => f.kind === 'talk_end' || f.payload.talk_id === there);
  assert.equal(db.ingest(facts), 3);
  assert.equal(db.number(`SELECT count(*) FROM fact WHERE payload->>'talk_id' = '${lost}'`), 1);
  assert.match(db.shell('sh', ['-c', `cat ${db.pg}/data/server.log`]), new RegExp(`1 facts of kind talk_end have no beginning, among: ${lost}`));
});

test('GEN-04 facts are taken from the daemon\'s own work only: a session with a center in scope cannot ingest, nor call a part of it', () => {
  const journal = new Journal();
  const t = T0 + 22000000;
  journal.end(journal.begin(2, t), t + 1000, 'ivr_abandon');
  const batch = `$f$${JSON.stringify(journal.facts)}$f$::jsonb`;
  for (const centers of ['{2}', '{2,3}', '2', '', ' *', '{*}'])
    assert.throws(() => db.as({ centers }, `SELECT ingest_facts(${batch})`), { sqlstate: '42501' }, centers);
  for (const part of [`journal_facts(${batch})`, `apply_facts(NULL)`, `unknown_facts(${batch})`, `ensure_months(${batch})`, `apply_talks('{}')`])
    assert.throws(() => db.as({ centers: '*' }, `SELECT ${part}`), { sqlstate: '42501' }, part);
  assert.throws(() => db.as({ centers: '*' }, `INSERT INTO fact (id, center_id, at, kind, payload) VALUES ('${uuid7(t)}', 2, now(), 'audit', '{}')`), { sqlstate: '42501' });
  const open = db.rows(`SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND p.proargtypes::oid[] && ARRAY['thing_facts[]'::regtype, 'call_change[]'::regtype, 'fact_batch'::regtype]::oid[] AND has_function_privilege('hotlined_app', p.oid, 'EXECUTE')`);
  assert.deepEqual(open, []);
  assert.equal(db.number(`SELECT count(*) FROM fact WHERE id = '${journal.facts[0].id}'`), 0);
  assert.equal(db.ingest(journal.facts), 2);
});
