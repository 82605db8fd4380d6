// The schema: explains itself, keeps centers apart, and can be built anywhere.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Database, Journal, schemaFiles, statements, uuid7 } from './lib/sql.mjs';

let db;
before(() => {
  db = new Database();
  db.seed();
});
after(() => db?.stop());

const TABLES = `SELECT c.oid, c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
  AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition`;

test('every table, view and column has a comment', () => {
  const bare = db.rows(`SELECT t.relname || coalesce('.' || a.attname, '') AS what
    FROM (${TABLES}) t LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND (SELECT relkind FROM pg_class WHERE oid = t.oid) <> 'v'
    WHERE col_description(t.oid, a.attnum) IS NULL AND a.attnum IS NOT NULL OR obj_description(t.oid, 'pg_class') IS NULL`);
  assert.deepEqual(bare, []);
  assert.ok(db.number(`SELECT count(*) FROM (${TABLES}) t`) > 50);
});

test('DATA-05 every table with center_id has row-level security, and the daemon cannot pass by it', () => {
  const open = db.rows(`SELECT t.relname FROM (${TABLES}) t JOIN pg_class c ON c.oid = t.oid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'center_id' WHERE c.relkind <> 'v' AND NOT c.relrowsecurity`);
  assert.deepEqual(open, []);
  const views = db.rows(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
    AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'`);
  assert.deepEqual(views, []);
  assert.equal(db.sql(`SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'hotlined_app'`), 'f');
  assert.equal(db.number(`SELECT count(*) FROM pg_class WHERE relowner = 'hotlined_app'::regrole`), 0);
  // Partitions are reached through their tables only: read directly, a partition knows no policy.
  assert.equal(db.number(`SELECT count(*) FROM pg_class WHERE relispartition AND has_table_privilege('hotlined_app', oid, 'SELECT')`), 0);
});

test('migrations apply to a second database of the same cluster, and every statement prepares', () => {
  db.psql('hotlined', 'CREATE DATABASE second');
  db.database = 'second';
  try {
    for (const file of schemaFiles()) db.migrate(file);
    for (const [name, sql] of Object.entries(statements()))
      assert.doesNotThrow(() => db.psql('hotlined_app', `PREPARE q AS ${sql};`), `statement ${name}`);
  } finally {
    db.database = 'hotlined';
  }
});

test('a migrated database without the demo has what every installation needs, and no center', () => {
  db.psql('hotlined', 'CREATE DATABASE bare');
  db.database = 'bare';
  try {
    for (const file of schemaFiles()) db.migrate(file);
    assert.equal(db.number('SELECT count(*) FROM center'), 0);
    assert.equal(db.number('SELECT count(*) FROM role r WHERE EXISTS (SELECT FROM role_permission p WHERE p.role_code = r.code)'), 8);
    assert.equal(db.sql("SELECT scope FROM role_permission WHERE role_code = 'region_admin' AND permission = 'region.write'"), 'region');
    assert.equal(db.number('SELECT count(*) FROM urgency'), 3);
    assert.equal(db.number("SELECT count(*) FROM method WHERE code IN ('direct', 'invalid')"), 2);
    assert.equal(db.sql("SELECT value FROM setting WHERE name = 'sl_formula'"), 'default');
    assert.equal(db.sql("SELECT path FROM prompt_version v JOIN prompt p ON p.id = v.prompt_id AND p.published_version = v.version WHERE code = 'digit_7'"),
      'common/digit_7-1.wav');
  } finally {
    db.database = 'hotlined';
  }
});

test('the seed run again changes nothing', () => {
  const counts = () => db.rows(`SELECT t.relname, (xpath('/row/c/text()', query_to_xml('SELECT count(*) AS c FROM ' || t.relname, false, true, '')))[1]::text AS n
    FROM (${TABLES}) t ORDER BY 1`);
  const before_it = counts();
  db.seed();
  assert.deepEqual(counts(), before_it);
  assert.equal(db.number('SELECT count(*) FROM center'), 15);
});

test('partitions are there ahead and are made for facts of another month', () => {
  assert.equal(Number(db.call({ centers: '*' }, 'ensure_partitions', 3)[0].made) >= 0, true);
  assert.equal(Number(db.call({ centers: '*' }, 'ensure_partitions', 3)[0].made), 0);
  const journal = new Journal();
  const t = Date.parse('2024-02-29T12:00:00Z');
  journal.end(journal.begin(2, t), t + 1000, 'ivr_abandon');
  assert.equal(db.ingest(journal.sorted()), 2);
  assert.equal(db.sql(`SELECT tableoid::regclass FROM call WHERE t_in = to_timestamp(${t / 1000})`), 'call_202402');
});

// One row of everything in two centers.
function fill(center, base) {
  const journal = new Journal();
  const call = journal.begin(center, base);
  const f = (ms, kind, payload) => journal.fact(center, base + ms, kind, payload);
  const visit = uuid7(base + 1);
  f(1, 'ivr_begin', { visit_id: visit, call_id: call.id, flow_id: 1, flow_version: 1, t_start_ms: base + 1 });
  f(2, 'ivr_key', { key_id: uuid7(base + 2), call_id: call.id, visit_id: visit, seq: 1, node: 'main', menu: '主菜单', key: '1', result: 'ok', at_ms: base + 2 });
  f(3, 'ivr_end', { visit_id: visit, call_id: call.id, t_end_ms: base + 3, exit: 'queue' });
  const sent = uuid7(base + 901); // by his agent: ivr_transfer, survey
  f(901, 'ivr_begin', { visit_id: sent, call_id: call.id, flow_id: null, flow_version: null, t_start_ms: base + 901, mode: 'survey', user_id: center, talk_id: null, target: '满意度调查' });
  f(902, 'ivr_end', { visit_id: sent, call_id: call.id, t_end_ms: base + 902, exit: 'hangup', survey_asked_ms: base + 901, survey_level: null, survey_name: '', survey_talk_id: null, survey_user_id: center, survey_queue_id: null });
  const q = journal.enter(call, base + 4, center * 10);
  f(5, 'door_refused', { refusal_id: uuid7(base + 5), call_id: call.id, queue_id: center * 10, at_ms: base + 5, cause: 'full' });
  journal.offer(call, q, center, base + 10, base + 20, 'no_answer');
  const talk = journal.talk(call, q.queue, center, base + 30, base + 900);
  const hold = uuid7(base + 40);
  f(40, 'hold_begin', { hold_id: hold, call_id: call.id, talk_id: talk, user_id: center, t_start_ms: base + 40 });
  f(50, 'hold_end', { hold_id: hold, call_id: call.id, talk_id: talk, user_id: center, t_end_ms: base + 50 });
  journal.leave(call, q, base + 30, 'answered');
  journal.acw(call, q.queue, center, base + 900, 50);
  const session = uuid7(base);
  f(0, 'agent_session_begin', { session_id: session, user_id: center, t_in_ms: base, line: 'browser', address: '127.0.0.1' });
  f(1, 'agent_state', { state_id: uuid7(base + 1), session_id: session, user_id: center, state: 'ready', reason_id: null, reason: '', t_start_ms: base + 1 });
  const recording = uuid7(base + 30);
  f(31, 'recording_begin', { recording_id: recording, call_id: call.id, talk_id: talk, user_id: center, path: `c${center}/r.wav`, t_start_ms: base + 30, left: 'caller', right: 'agent' });
  f(901, 'recording_end', { recording_id: recording, call_id: call.id, length_ms: 870, size: 27840, sha256: 'ab'.repeat(32), error: '' });
  f(902, 'leg_quality', { leg_id: uuid7(base + 902), call_id: call.id, user_id: null, party: 'caller', transport: 'rtp', packets_sent: 50, packets_received: 50,
    packets_lost: 0, packets_discarded: 0, jitter_us: 100, remote_jitter_us: null, remote_lost: null, round_trip_us: null, mos: 4.4 });
  f(904, 'outside_leg', { reach_id: uuid7(base + 904), call_id: call.id, purpose: 'pass', user_id: null, number: '13877100002', trunk_id: 1, t_start_ms: base,
    t_ans_ms: null, t_end_ms: base + 904, talk_ms: 0, outcome: 'busy', released_by: 'outside', joined: false, passed: false });
  f(905, 'outside_leg', { reach_id: uuid7(base + 905), call_id: call.id, purpose: 'help', user_id: center, number: '91', to_center: 'liuzhou', trunk_id: 1, t_start_ms: base,
    t_ans_ms: base + 1, t_end_ms: base + 905, talk_ms: 904, outcome: 'answered', released_by: 'outside', joined: true, passed: false });
  f(905, 'ivr_begin', { visit_id: uuid7(base + 905), call_id: call.id, flow_id: 1, flow_version: 1, t_start_ms: base + 905, mode: 'release', user_id: center, talk_id: talk, target: '主菜单' });
  journal.end(journal.begin(center, base + 70, { direction: 'out' }), base + 90, 'lost', { user_id: center });
  const bot = uuid7(base + 70);
  f(70, 'bot_turn', { turn_id: uuid7(base + 70), call_id: call.id, reach_id: bot, who: 'caller', text: '退税', at_ms: base + 70 });
  f(70, 'bot_slot', { slot_id: uuid7(base + 70), call_id: call.id, reach_id: bot, name: 'period', value: '2026-10', at_ms: base + 70 });
  f(80, 'outside_leg', { reach_id: bot, call_id: call.id, purpose: 'bot', user_id: null, number: 'bot', trunk_id: 1, t_start_ms: base + 60, t_ans_ms: base + 65, t_end_ms: base + 80,
    talk_ms: 15, outcome: 'answered', released_by: 'outside', joined: false, passed: false, bot_peer_id: 1, bot_result: 'human', bot_rounds: 1, bot_intent: '退税', bot_summary: '问退税' });
  f(903, 'unrecorded', { id: uuid7(base + 903), call_id: call.id, why: '磁盘已满', at_ms: base + 903 });
  f(904, 'trunk_state', { id: uuid7(base + 904), trunk_id: 1, state: 'up', at_ms: base + 904 });
  f(905, 'audit', { id: uuid7(base + 905), user_id: null, action: 'test', object_kind: 'call', object_id: call.id, detail: '', address: '', at_ms: base + 905 });
  const left = uuid7(base + 60); // a message, assigned by rule
  f(60, 'recording_begin', { recording_id: left, call_id: call.id, talk_id: null, user_id: null, path: `c${center}/m.wav`, t_start_ms: base + 60, left: 'caller', right: '', scene: 'chosen' });
  f(899, 'recording_end', { recording_id: left, call_id: call.id, length_ms: 4000, size: 64000, sha256: 'ab'.repeat(32), error: '', speech_ms: 4000 });
  const asks = journal.begin(center, base + 60); // and somebody who wants to be called back
  journal.end(asks, base + 899, 'flow_cb');
  f(61, 'ivr_key', { key_id: uuid7(base + 61), call_id: asks.id, visit_id: visit, seq: 2, node: 'cb', menu: '回拨', key: '', result: 'ok', at_ms: base + 61, callback_no: `1387710${center}000`, queue_id: null });
  journal.end(call, base + 900, 'answered', { wait_ms: 26, talk_ms: 870, user_id: center });
  assert.equal(db.ingest(journal.sorted()), journal.facts.length);
  return call;
}

test('GEN-04 DATA-05 the daemon with one center in scope sees that center only, in every table', () => {
  const base = Date.parse('2026-11-02T03:00:00Z');
  const calls = [2, 3].map((center) => fill(center, base + center * 5000));
  for (const [i, center] of [2, 3].entries()) {
    const agent = db.number(`SELECT min(id) FROM app_user WHERE center_id = ${center}`);
    const scope = { centers: `{${center}}`, user: agent };
    const made = db.document(scope, 'record_create', { id: uuid7(base), call_id: calls[i].id, category: '01', title: '问' }, center, agent);
    db.document(scope, 'record_update', made.id, 1, { title: '再问' }, null, agent);
    db.document(scope, 'ticket_create', { ticket_id: uuid7(base), record_id: made.id }, null, agent);
    db.call(scope, 'draft_put', calls[i].id, agent, center, { a: 1 });
    db.document(scope, 'voicemail_settings_save', center, 1, { enabled: true, off_prompt: '', quota_mb: 1, assign_rule: 'none', transcribe: true, scenes: [{ scene: 'chosen', enabled: true, prompt: '' }] });
    db.document(scope, 'voicemail_transcribe', db.sql(`SELECT min(voicemail_id::text) FROM voicemail WHERE center_id = ${center}`), null, true);
    db.document(scope, 'callback_settings_save', center, 1, { max_attempts: 1, retry_minutes: 0, expire_hours: 720, queue_ids: [] });
    db.document(scope, 'settings_desk_put', center, 1, { hold_warn_s: 30 });
    db.sql(`UPDATE callback SET expires_at = now() + interval '1 hour' WHERE center_id = ${center}`);
    db.call(scope, 'callback_claim', db.sql(`SELECT callback_id FROM callback WHERE center_id = ${center}`), agent, uuid7(base));
    db.call({ centers: '*' }, 'login_failed', center, 'nobody');
    const kb = db.document(scope, 'kb_entry_create', uuid7(base + center), center, { class_id: db.number(`SELECT min(id) FROM kb_class WHERE center_id = ${center}`), title: '题目', content: '内容' }, agent);
    db.document(scope, 'kb_entry_publish', kb.id, kb.version, null, '', agent);
    db.call({ centers: '*' }, 'session_create', `hash${center}`, agent, 'csrf', '127.0.0.1', '2099-01-01');
    db.document(scope, 'contact_create', uuid7(base), center, null, agent, { name: '某人', numbers: ['110'] });
    db.document(scope, 'recording_note_add', db.sql(`SELECT min(recording_id::text) FROM recording WHERE center_id = ${center}`), null, agent, uuid7(base), 0, '标注');
    db.sql(`INSERT INTO data_fault (center_id, day, kind, session_id, user_id, at, length_ms) VALUES (${center}, '2026-11-02', 'gap', '${uuid7(base)}', ${agent}, now(), 1);
      INSERT INTO data_check (center_id, day, sessions, intervals, faults) VALUES (${center}, '2026-11-02', 1, 1, 1)`);
    db.sql(`INSERT INTO number_place_correction (center_id, number, city_code) VALUES (${center}, '13800000000', '450200');
      INSERT INTO center_grant (user_id, center_id, granted_center_id) VALUES (${agent}, ${center}, ${center});
      INSERT INTO center_transfer (center_id) VALUES (${center}) ON CONFLICT DO NOTHING;
      INSERT INTO connector (center_id, code, name, url) VALUES (${center}, 'x', '接口', 'https://x/');
      INSERT INTO sms_gateway (center_id) VALUES (${center});
      INSERT INTO sms_turn (center_id, claimed_at) VALUES (${center}, now());
      INSERT INTO sms (sms_id, center_id, kind, number, text, expires_at) VALUES (gen_random_uuid(), ${center}, 'test', '13800000000', '试', now());
      INSERT INTO sms_reply (center_id, gateway_ref, number, text, outcome) VALUES (${center}, 'x', '13800000000', '1', 'none');
      INSERT INTO bot_share (center_id, data) VALUES (${center}, 'shared') ON CONFLICT (center_id) DO UPDATE SET data = 'shared';
      INSERT INTO pool_share (center_id, kind) VALUES (${center}, 'trunk');
      INSERT INTO api_key (center_id, name, groups, prefix, hash) VALUES (${center}, '系统', '{it}', 'hk_x', repeat('${center}', 64));
      INSERT INTO dial_rule (center_id) VALUES (${center}) ON CONFLICT DO NOTHING;
      INSERT INTO recording_rule (center_id) VALUES (${center}) ON CONFLICT DO NOTHING;
      INSERT INTO route_setting (center_id) VALUES (${center}) ON CONFLICT DO NOTHING;
      INSERT INTO route_rule (center_id, prefix, target_center_id) VALUES (${center}, '0771', ${center}) ON CONFLICT DO NOTHING;
      WITH t AS (INSERT INTO taxpayer (center_id, taxpayer_no, name) VALUES (${center}, '91450100MA5KABCD1X', '某公司') RETURNING id)
      INSERT INTO taxpayer_phone (taxpayer_id, center_id, number) SELECT id, ${center}, '13800000000' FROM t;
      INSERT INTO number_list (center_id, number, kind, action, reason) VALUES (${center}, '13800000000', 'black', 'refuse', '骚扰');
      INSERT INTO survey_setting SELECT d.* FROM jsonb_populate_record(NULL::survey_setting, survey_defaults(${center})) d;
      INSERT INTO setting (center_id, name, value) VALUES (${center}, 'x', 'y')`);
  }
  const tables = db.rows(`SELECT t.relname FROM (${TABLES}) t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'center_id'`).map((r) => r.relname);
  for (const table of tables) {
    const all = db.sql(`SELECT string_agg(DISTINCT center_id::text, ',') FROM ${table}`).split(',');
    assert.ok(all.includes('2') && all.includes('3'), `${table} has rows of both centers (${all})`);
    const seen = (centers) => db.as({ centers }, `SELECT coalesce(string_agg(DISTINCT coalesce(center_id::text, 'common'), ',' ORDER BY coalesce(center_id::text, 'common')), '') FROM ${table}`);
    assert.match(seen('{2}'), /^2(,common)?$/, `${table} seen with {2}`);
    assert.match(seen('{2,3}'), /^2,3(,common)?$/, `${table} seen with {2,3}`);
    assert.match(seen(''), /^(common)?$/, `${table} seen without centers`);
  }
  assert.ok(tables.length > 45, `${tables.length} tables walked`);
  assert.equal(db.as({ centers: '{2}' }, 'SELECT string_agg(id::text, \',\') FROM center'), '2');
  assert.equal(db.as({}, 'SELECT count(*) FROM center'), '0');
});

test('GEN-04 nothing of another center can be written or taken over', () => {
  assert.throws(() => db.as({ centers: '{2}' }, `INSERT INTO team (center_id, name) VALUES (3, '混入')`), { sqlstate: '42501' });
  assert.throws(() => db.as({ centers: '{2}' }, `UPDATE team SET center_id = 3 WHERE center_id = 2`), { sqlstate: '42501' });
  db.as({ centers: '{2}' }, `UPDATE team SET name = name || 'x' WHERE center_id = 3`);
  assert.equal(db.number(`SELECT count(*) FROM team WHERE center_id = 3 AND name LIKE '%x'`), 0);
  assert.throws(() => db.as({ centers: '*' }, 'DELETE FROM audit_log'), { sqlstate: '42501' });
  assert.throws(() => db.as({ centers: '*' }, `UPDATE fact SET kind = 'x'`), { sqlstate: '42501' });
});

test('DATA-05 removing the calls of one center leaves the others as they were', () => {
  const others = () => db.rows('SELECT center_id, count(*) FROM call WHERE center_id <> 3 GROUP BY 1 ORDER BY 1');
  const before_it = others();
  db.sql('DELETE FROM call WHERE center_id = 3');
  assert.deepEqual(others(), before_it);
  assert.equal(db.number('SELECT count(*) FROM call WHERE center_id = 3'), 0);
});

test('a change of the configuration is announced with the name of its table', () => {
  const heard = db.psql('hotlined_app', `LISTEN hotlined_config;
    BEGIN; SELECT set_config('hotlined.centers', '{2}', true) \\g /dev/null
    UPDATE queue SET name = name WHERE center_id = 2; COMMIT; SELECT 1;`);
  assert.match(heard, /hotlined_config.*"queue"/);
});
