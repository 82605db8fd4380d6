// Whose talks with voice bots are (NLU-06): each center's own or shared with the region, and figures that never mix.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Database, Journal, uuid7 } from './lib/sql.mjs';

const DAY = Date.parse('2026-11-02T02:00:00Z'); // ten in the morning
const SPAN = ['2026-11-02T00:00:00+08:00', '2026-11-03T00:00:00+08:00'];
const REGION = 1, NANNING = 2, LIUZHOU = 3;
let db;
before(() => {
  db = new Database();
  db.seed();
});
after(() => db?.stop());

// A caller of a center talks with the bot: two turns, a slot that is told twice, a result.
function session(journal, center, t, { result = 'human', rounds = 2, intent = '退税', test: counts_not = false, said = '我要退税' } = {}) {
  const call = journal.begin(center, t, { test: counts_not, info_source: center === REGION ? 'r12366' : 'city' });
  const id = uuid7(t + 1000);
  const f = (ms, kind, payload) => journal.fact(center, t + ms, kind, payload);
  f(2000, 'bot_turn', { turn_id: uuid7(t + 2000), call_id: call.id, reach_id: id, who: 'bot', text: '您好', at_ms: t + 2000 });
  f(3000, 'bot_turn', { turn_id: uuid7(t + 3000), call_id: call.id, reach_id: id, who: 'caller', text: said, at_ms: t + 3000 });
  for (const [ms, name, value] of [[3001, 'period', '2026-09'], [3002, 'taxpayer_no', '9145'], [3003, 'period', '2026-10'], [3004, 'city', '南宁'], [3005, 'city', '']])
    f(ms, 'bot_slot', { slot_id: uuid7(t + ms), call_id: call.id, reach_id: id, name, value, at_ms: t + ms });
  f(9000, 'outside_leg', { reach_id: id, call_id: call.id, purpose: 'bot', user_id: null, number: 'bot', trunk_id: 1, t_start_ms: t + 1000, t_ans_ms: result === 'failed' ? null : t + 1500, t_end_ms: t + 9000,
    talk_ms: 7500, outcome: 'answered', released_by: 'outside', joined: false, passed: false, bot_peer_id: 1, bot_result: result, bot_rounds: rounds, bot_intent: intent, bot_summary: '' });
  journal.end(call, t + 9000, result === 'done' ? 'ivr_self' : 'ivr_abandon');
  return { ...call, session: id };
}
const ingest = (journal) => assert.equal(db.ingest(journal.sorted()), journal.facts.length);
const user = (center, login) => db.number(`SELECT id FROM app_user WHERE center_id = ${center} AND login = '${login}'`);
const all = () => `{${db.sql('SELECT string_agg(id::text, \',\') FROM center')}}`;
const chief = () => ({ centers: all(), user: user(REGION, 'admin') });
const city = (center = NANNING) => ({ centers: `{${center}}`, user: user(center, 'admin') });
const figures = (scope, center = null) => db.document(scope, 'bot_figures', ...SPAN, center).items;
const row = (scope, center) => figures(scope).find((f) => f.center_id === center);
const share = (center, data) => assert.equal(db.document(city(center), 'settings_bot_share_save', center,
  db.document(city(center), 'settings_bot_shares').items[0].version, { data }).result, 'ok');
const sessions = (scope, center = null) => db.document(scope, 'bot_session_list', null, null, center, null, null, null, 50, null).items;

let one, of_12366;
test('NLU-06 figures are counted for each center by itself, to the number', () => {
  const journal = new Journal();
  one = session(journal, NANNING, DAY, { rounds: 3 });
  session(journal, NANNING, DAY + 10000, { result: 'done', rounds: 4, intent: '社保' });
  session(journal, NANNING, DAY + 20000, { result: 'silent', rounds: 0, intent: '' });
  session(journal, NANNING, DAY + 30000, { result: 'abandoned', rounds: 1 });
  session(journal, NANNING, DAY + 40000, { result: 'failed', rounds: 0, intent: '' });
  session(journal, NANNING, DAY + 50000, { test: true }); // counts nowhere
  session(journal, NANNING, DAY + 86400000, {}); // another day
  for (let n = 0; n < 7; n++) session(journal, REGION, DAY + n * 1000, { result: n < 4 ? 'human' : 'done', rounds: n, intent: n % 2 ? '退税' : '个税' });
  ingest(journal);
  const { center_name, ...found } = row(city(), NANNING);
  assert.deepEqual(found, { center_id: NANNING, kind: 'city', shown: true, sessions: 5, human: 1, done: 1, silent: 1, abandoned: 1, failed: 1, rounds: 8,
    intents: [{ intent: '退税', sessions: 2 }, { intent: '社保', sessions: 1 }] });
  assert.ok(center_name);
  of_12366 = JSON.stringify(row(chief(), REGION));
  assert.deepEqual({ ...JSON.parse(of_12366), center_name: '' }, { center_id: REGION, center_name: '', kind: 'regional', shown: true, sessions: 7, human: 4, done: 3, silent: 0, abandoned: 0, failed: 0, rounds: 21,
    intents: [{ intent: '个税', sessions: 4 }, { intent: '退税', sessions: 3 }] });
  assert.deepEqual(figures(city()).map((f) => f.center_id), [NANNING], 'a city sees itself');
});

test('NLU-06 GEN-05 a thousand sessions of cities change no figure of 12366, shared or not', () => {
  const report = () => JSON.stringify(db.rows(`SELECT * FROM call_figures WHERE center_id = ${REGION} ORDER BY call_id, level`)) + JSON.stringify(db.rows(`SELECT * FROM rollup_voice WHERE center_id = ${REGION} ORDER BY bucket, level, queue_id, unit_type`));
  const before = report();
  const journal = new Journal();
  for (let n = 0; n < 1000; n++) session(journal, n % 2 ? NANNING : LIUZHOU, DAY + n * 10000, { result: ['human', 'done', 'silent', 'abandoned', 'failed'][n % 5], rounds: n % 4 });
  ingest(journal);
  for (const data of ['shared', 'own']) {
    for (const center of [NANNING, LIUZHOU]) share(center, data);
    assert.equal(JSON.stringify(row(chief(), REGION)), of_12366, data);
  }
  assert.equal(report(), before);
  assert.equal(row(city(LIUZHOU), LIUZHOU).sessions, 500);
  assert.equal(row(city(), NANNING).sessions, 505);
});

test('NLU-06 what is a city\'s own the region sees neither as figures nor as sessions nor as words; shared it does, at once', () => {
  const seen = () => ({
    shown: row(chief(), NANNING).shown, figures: row(chief(), NANNING).sessions, sessions: sessions(chief(), NANNING).length > 0,
    words: db.document(chief(), 'call_get', one.id, false, null, true).bot_sessions.length,
    intent: db.document(chief(), 'call_get', one.id, false, null, true).outside_legs[0].bot_intent,
    tables: ['bot_session', 'bot_turn', 'bot_slot'].map((table) => db.as(chief(), `SELECT count(*) > 0 FROM ${table} WHERE center_id = ${NANNING}`)).join(''),
  });
  const hidden = { shown: false, figures: undefined, sessions: false, words: 0, intent: null, tables: 'fff' };
  assert.deepEqual(seen(), hidden, 'own is what it is without a word');
  share(NANNING, 'shared');
  assert.deepEqual(seen(), { shown: true, figures: 505, sessions: true, words: 1, intent: '退税', tables: 'ttt' });
  assert.equal(row(chief(), LIUZHOU).shown, false, 'the other city has not said so');
  assert.deepEqual(sessions(city(LIUZHOU)).filter((s) => s.center_id !== LIUZHOU), [], 'shared is not for other cities');
  share(NANNING, 'own');
  assert.deepEqual(seen(), hidden);
  for (const [scope, wanted] of [[city(), 't'], [{ centers: `{${NANNING}}` }, 't'], [{ centers: all() }, 'f'], [{ centers: '*' }, 't'], [{ centers: '' }, 'f']]) // keys: of the center, of the region; the daemon
    assert.equal(db.as(scope, `SELECT count(*) > 0 FROM bot_turn WHERE center_id = ${NANNING}`), wanted, JSON.stringify(scope));
});

test('NLU-02 the detail of a call has what was said and the slots as they were at the end', () => {
  const { bot_sessions: [found] } = db.document(city(), 'call_get', one.id, false, null, true);
  assert.deepEqual(found.slots, [{ name: 'period', value: '2026-10' }, { name: 'taxpayer_no', value: '9145' }]);
  assert.deepEqual(found.turns.map((t) => [t.who, t.text, Date.parse(t.at)]), [['bot', '您好', DAY + 2000], ['caller', '我要退税', DAY + 3000]]);
  assert.deepEqual([found.result, found.rounds, found.intent], ['human', 3, '退税']);
});

test('NLU-06 sessions are listed newest first, page by page, and only those one may see', () => {
  const page = (after) => db.document(city(LIUZHOU), 'bot_session_list', ...SPAN, LIUZHOU, 'done', '退税', null, 30, after);
  const found = [];
  for (let after = null, n = 0; n < 5; n++) {
    const { items, next } = page(after);
    found.push(...items);
    after = next;
    if (!next) break;
  }
  assert.equal(found.length, 100);
  assert.equal(new Set(found.map((s) => s.session_id)).size, 100);
  assert.deepEqual(found.map((s) => s.t_start), found.map((s) => s.t_start).sort().reverse());
  assert.deepEqual([...new Set(found.map((s) => `${s.center_id} ${s.result} ${s.turns}`))], [`${LIUZHOU} done 2`]);
  const mine = db.document(city(LIUZHOU), 'bot_session_list', ...SPAN, LIUZHOU, null, null, `{${user(LIUZHOU, 'a1001')}}`, 30, null);
  assert.deepEqual(mine.items, [], 'an agent who had none of these callers');
});
