// Messages and call-backs in the database: what facts make of them, who may do what with them, and who gets an entry.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { Database, Journal, literal, statements, uuid7 } from './lib/sql.mjs';

const CENTER = 2, QUEUE = { consult: 0, complaint: 0 };
const DAEMON = { centers: '*' };
const ours = { centers: `{${CENTER}}` };
let db, agents, clock = Date.parse('2026-11-10T02:00:00Z'), people = 13877200000;

before(() => {
  db = new Database();
  db.seed();
  agents = db.rows(`SELECT id FROM app_user WHERE center_id = ${CENTER} AND agent_no <> '' ORDER BY id`).map((r) => r.id);
  for (const code of Object.keys(QUEUE)) QUEUE[code] = db.number(`SELECT id FROM queue WHERE center_id = ${CENTER} AND code = '${code}'`);
});
after(() => db?.stop());

const tick = (ms = 60000) => (clock += ms);
const someone = () => String(++people);
const one = (sql) => db.rows(sql)[0];
const message = (id) => one(`SELECT * FROM voicemail WHERE voicemail_id = '${id}'`);
const entry = (number, center = CENTER) => one(`SELECT * FROM callback WHERE center_id = ${center} AND number = '${number}' ORDER BY last_at DESC LIMIT 1`);
const steps = (id) => db.rows(`SELECT state FROM voicemail_step WHERE voicemail_id = '${id}' ORDER BY seq`).map((s) => s.state);
const record = (id) => one(`SELECT r.* FROM record r JOIN voicemail v ON v.record_id = r.id WHERE v.voicemail_id = '${id}'`);

// The facts of a caller who leaves a message; cut: into batches of so many facts.
function leave({ center = CENTER, from = someone(), speech_ms = 8000, scene = 'off_hours', size = 100000, cut = 100, ends = true } = {}) {
  const t = tick();
  const journal = new Journal();
  const call = journal.begin(center, t, { caller_no: from });
  const id = uuid7(t + 2000);
  journal.fact(center, t + 1000, 'ivr_key', { key_id: uuid7(t + 1000), call_id: call.id, visit_id: uuid7(t), seq: 1, node: 'main', menu: '主菜单', key: '1', result: 'ok', at_ms: t + 1000 });
  journal.fact(center, t + 2000, 'recording_begin', { recording_id: id, call_id: call.id, talk_id: null, user_id: null, path: `c${center}/voicemail/${id}.wav`, t_start_ms: t + 2000, left: 'caller', right: '', scene });
  if (ends) {
    journal.fact(center, t + 12000, 'recording_end', { recording_id: id, call_id: call.id, length_ms: 10000, size, sha256: 'ab'.repeat(32), error: '', speech_ms });
    journal.end(call, t + 12500, 'closed');
  }
  const facts = journal.sorted();
  for (let i = 0; i < facts.length; i += cut) db.ingest(facts.slice(i, i + cut));
  return { id, call, from, t };
}

// A caller who waited in a queue and how it ended.
function wait({ center = CENTER, from = someone(), outcome = 'ab_queue', queue = QUEUE.consult, wait_ms = 30000, user = null, ...more } = {}) {
  const t = tick();
  const journal = new Journal();
  const call = journal.begin(center, t, { caller_no: from, ...more });
  const visit = journal.enter(call, t + 1000, queue);
  journal.leave(call, visit, t + 1000 + wait_ms, outcome);
  journal.end(call, t + 1000 + wait_ms + (outcome === 'answered' ? 1000 : 0), outcome, { wait_ms, user_id: user, talk_ms: outcome === 'answered' ? 1000 : 0 });
  db.ingest(journal.sorted());
  return { from, call, first: t + 1000 };
}

// A call that an agent made, as the journal tells of it.
function dialed(id, number, { outcome = 'lost', end_reason = 'no_answer', center = CENTER } = {}) {
  const t = tick(1000);
  const journal = new Journal();
  const call = { id, center };
  journal.fact(center, t, 'call_begin', { call_id: id, global_call_id: id, direction: 'out', source: 'direct', info_source: 'city', unit_type: 'self', trunk_id: 1, entry_code: '', caller_no: '07711236601',
    caller_province: '', caller_city: '', caller_place: '', called_no: number, t_in_ms: t, test: false });
  journal.end(call, t + 20000, outcome, { end_reason, talk_ms: outcome === 'answered' ? 5000 : 0 });
  db.ingest(journal.sorted());
}
const claim = (id, user, call) => db.call({ ...ours, user }, 'callback_claim', id, user, call)[0];
const due = (id) => db.sql(`UPDATE callback SET next_at = now() - interval '1 second', expires_at = now() + interval '1 hour' WHERE callback_id = '${id}'`);

test('VM-07 VM-08 a message is there with number, time, path and length, whichever batches its facts come in; with it a draft registration that only its center sees', () => {
  const left = [leave(), leave({ cut: 1 }), leave({ center: 3 })];
  for (const { id, from, t } of left) {
    const m = message(id);
    assert.deepEqual([m.state, m.caller_no, m.caller_place, m.menu_path, m.length_ms, m.speech_ms, m.scene], ['new', from, '广西南宁', '主菜单 1', 10000, 8000, 'off_hours']);
    assert.equal(Date.parse(m.left_at), t + 2000);
    const r = record(id);
    assert.deepEqual([r.state, r.channel, r.caller_no, r.category, r.created_by], ['draft', 'voicemail', from, null, null]);
    assert.match(r.content, /留言 10 秒，按键路径：主菜单 1/);
    assert.equal(one(`SELECT kind FROM record_link WHERE record_id = '${r.id}'`).kind, 'voicemail');
    assert.deepEqual(steps(id), ['new']);
  }
  const seen = (center) => left.map(({ id }) => Boolean(db.document({ centers: `{${center}}` }, 'voicemail_get', id, true, null, false)));
  assert.deepEqual([seen(2), seen(3), seen(4)], [[true, true, false], [false, false, true], [false, false, false]]);
  assert.equal(db.call({ centers: '{2}' }, 'voicemail_recording', left[2].id, null).length, 0, 'nor its file');
  const list = db.document({ centers: '{2}' }, 'voicemail_list', null, null, null, left[0].from, '450100', 'new', null, null, 50, null, false, null);
  assert.deepEqual(list.items.map((i) => [i.voicemail_id, i.caller_no]), [[left[0].id, `${left[0].from.slice(0, 3)}****${left[0].from.slice(-4)}`]], 'found by number, city and state; masked');
});

test('VM-08 less than three seconds of speech is no message; the same facts again change nothing', () => {
  const short = leave({ speech_ms: 2999 });
  assert.equal(message(short.id), undefined);
  assert.equal(one(`SELECT count(*)::int AS n FROM record WHERE call_id = '${short.call.id}'`).n, 0);
  assert.equal(one(`SELECT state FROM recording WHERE recording_id = '${short.id}'`).state, 'closed');
  assert.ok(message(leave({ speech_ms: 3000 }).id));
});

test('VM-07 what messages take is counted for each city; at its quota call control is told, and again when files have gone', () => {
  const full = () => db.document({ centers: '*' }, 'directory_snapshot').voicemail.find((v) => v.center_id === 5 && v.scene === 'all_busy')?.full;
  const save = (quota_mb, version) => db.document({ centers: '{5}' }, 'voicemail_settings_save', 5, version, { enabled: true, off_prompt: '', quota_mb, assign_rule: 'none', scenes: [] });
  assert.equal(save(1, 1).result, 'ok');
  assert.equal(full(), false);
  const before_it = db.sql('SELECT last_value FROM directory_revision');
  leave({ center: 5, size: 600000 });
  assert.equal(db.sql('SELECT last_value FROM directory_revision'), before_it, 'not read again for every message');
  const second = leave({ center: 5, size: 600000 });
  assert.equal(full(), true);
  assert.notEqual(db.sql('SELECT last_value FROM directory_revision'), before_it);
  assert.equal(db.document({ centers: '{5}' }, 'voicemail_settings', 5, false).used_bytes, 1200000);
  assert.equal(db.document({ centers: '{2}' }, 'voicemail_settings', 5, false), null, 'another city sees none of it');
  db.sql(`UPDATE recording SET state = 'deleted' WHERE recording_id = '${second.id}'`);
  assert.equal(full(), false);
  assert.equal(save(1, 1).result, 'stale', 'somebody else saved meanwhile');
});

test('VM-01 by rule the agents of a group in turn, by hand any agent of the center and nobody else', () => {
  const group = db.number(`SELECT id FROM skill_group WHERE center_id = ${CENTER} AND code = 'complaint'`);
  db.sql(`DELETE FROM skill_group_member WHERE skill_group_id = ${group}; INSERT INTO skill_group_member (skill_group_id, user_id, center_id)
    SELECT ${group}, unnest('{${agents.slice(0, 3)}}'::int[]), ${CENTER}`);
  db.document(ours, 'voicemail_settings_save', CENTER, 1, { enabled: true, off_prompt: 'vm_off', quota_mb: 100, assign_rule: 'round_robin', assign_group_id: group, scenes: [{ scene: 'off_day', enabled: false, prompt: '' }] });
  const given = [1, 2, 3, 4, 5].map(() => message(leave().id).assigned_to);
  assert.deepEqual(given, [0, 1, 2, 0, 1].map((i) => agents[i]));
  db.sql(`UPDATE app_user SET enabled = false WHERE id = ${agents[2]}`);
  const next = leave();
  assert.equal(message(next.id).assigned_to, agents[0], 'who is disabled is passed over');
  db.sql(`UPDATE app_user SET enabled = true WHERE id = ${agents[2]}`);
  assert.deepEqual([message(next.id).state, record(next.id).created_by, steps(next.id)], ['assigned', agents[0], ['new', 'assigned']]);
  assert.equal(db.document(ours, 'voicemail_assign', next.id, agents[4], 1).result, 'ok');
  assert.deepEqual([message(next.id).assigned_to, record(next.id).created_by], [agents[4], agents[4]], 'with its registration');
  const stranger = db.number("SELECT min(id) FROM app_user WHERE center_id = 3 AND agent_no <> ''");
  assert.throws(() => db.document(ours, 'voicemail_assign', next.id, stranger, 1), (e) => e.sqlstate === 'HL010' && e.field === 'user_id');
  assert.equal(db.document({ centers: '{3}' }, 'voicemail_assign', next.id, stranger, 1).result, 'missing');
  assert.throws(() => db.document(ours, 'voicemail_settings_save', CENTER, 2, { enabled: true, off_prompt: '', quota_mb: 1, assign_rule: 'round_robin', assign_group_id: null, scenes: [] }), (e) => e.field === 'assign_group_id');
  db.document(ours, 'voicemail_settings_save', CENTER, 2, { enabled: true, off_prompt: '', quota_mb: 100, assign_rule: 'none', scenes: [] });
  assert.equal(message(leave().id).assigned_to, null);
});

const fill = (id, user) => {
  const r = record(id);
  return db.document({ ...ours, user }, 'record_update', r.id, r.version, { category: '01', title: '咨询申报', content: '问申报期限', method: 'call_back' }, `{${user}}`, user);
};

test('VM-03 new, assigned, in work, finished or void, each with its time and person; what does not fit is refused and changes nothing', () => {
  const [me, other] = agents;
  const { id } = leave();
  const take = (user) => db.document({ ...ours, user }, 'voicemail_take', id, `{${user}}`, user).result;
  const finish = (user, how = 'finished') => db.document({ ...ours, user }, 'voicemail_finish', id, how, '原因', `{${user}}`, user).result;
  assert.equal(finish(me), 'state', 'nobody has taken it');
  assert.equal(take(me), 'ok');
  assert.equal(take(me), 'ok', 'again is nothing');
  assert.equal(take(other), 'missing', 'it is mine');
  const m = message(id);
  assert.deepEqual([m.state, m.assigned_to], ['in_work', me]);
  assert.ok(m.assigned_at && m.taken_at && !m.finished_at);
  assert.equal(finish(me), 'draft', 'not called back');
  assert.equal(finish(other, 'void'), 'missing');
  assert.equal(finish(me, 'void'), 'ok');
  assert.deepEqual([message(id).state, message(id).note, message(id).finished_by, record(id).state], ['void', '原因', me, 'void']);
  assert.equal(take(me), 'state');
  assert.equal(db.document(ours, 'voicemail_assign', id, other, 1).result, 'state');
  assert.deepEqual(steps(id), ['new', 'assigned', 'in_work', 'void']);
});

test('VM-08 the registration is formal once it is saved and the caller was reached, in whichever order; both recordings hang on it', () => {
  const [me] = agents;
  const begin = () => {
    const left = leave();
    db.document({ ...ours, user: me }, 'voicemail_take', left.id, `{${me}}`, me);
    return left;
  };
  const call = (left, ...how) => {
    const id = uuid7(tick());
    const said = db.call({ ...ours, user: me }, 'voicemail_call', left.id, me, id)[0];
    assert.deepEqual([said.result, said.number], ['ok', left.from]);
    dialed(id, left.from, ...how);
    return id;
  };
  const first = begin();
  fill(first.id, me);
  assert.equal(record(first.id).state, 'draft', 'saved, but nobody called back');
  call(first, { end_reason: 'busy' });
  assert.equal(record(first.id).state, 'draft', 'busy');
  const reached = call(first, { outcome: 'answered', end_reason: 'caller' });
  assert.equal(record(first.id).state, 'closed');
  const document = db.document(ours, 'record_get', record(first.id).id, true, null);
  assert.deepEqual(document.calls.filter((c) => c.kind === 'voicemail' || c.reached).map((c) => [c.kind, c.call_id]), [['voicemail', first.call.id], ['call_back', reached]]);
  assert.equal(document.calls[0].recordings[0].recording_id, first.id);
  assert.equal(db.document({ ...ours, user: me }, 'voicemail_finish', first.id, 'finished', '', `{${me}}`, me).result, 'ok');
  assert.deepEqual(steps(first.id), ['new', 'assigned', 'in_work', 'call_back', 'call_back', 'finished']);

  const second = begin();
  call(second, { outcome: 'answered', end_reason: 'agent' });
  assert.equal(record(second.id).state, 'draft', 'reached, but nothing is written');
  assert.ok(message(second.id).called_back_at);
  fill(second.id, me);
  assert.equal(record(second.id).state, 'closed');

  const third = begin(); // the call was not made after all
  const never = uuid7(tick());
  db.call({ ...ours, user: me }, 'voicemail_call', third.id, me, never);
  db.call({ ...ours, user: me }, 'voicemail_uncall', never);
  assert.deepEqual([message(third.id).call_back_id, one(`SELECT count(*)::int AS n FROM record_link WHERE call_id = '${never}'`).n], [null, 0]);
  assert.equal(db.call({ ...ours, user: agents[1] }, 'voicemail_call', third.id, agents[1], never)[0].result, 'state', 'by whose it is only');
});

test('VM-04 found by time, number, city, state, agent and words of its transcript, each of them alone', () => {
  const [{ id }, agent] = [leave(), db.number(`SELECT min(id) FROM app_user WHERE center_id = ${CENTER} AND agent_no <> ''`)];
  db.document(ours, 'voicemail_assign', id, agent, 1);
  db.sql(`INSERT INTO transcript (recording_id, center_id, state, text, made_at) VALUES ('${id}', ${CENTER}, 'done', '咨询 VAT 退税 100%', now())`);
  const [m, no] = [message(id), db.sql(`SELECT agent_no FROM app_user WHERE id = ${agent}`)];
  const at = (ms) => new Date(Date.parse(m.left_at) + ms).toISOString();
  const found = (place, value) => {
    const params = [null, null, CENTER, null, null, null, null, null, 200, null, false, null];
    params[place] = value;
    return db.document(ours, 'voicemail_list', ...params).items.some((i) => i.voicemail_id === id);
  };
  for (const [place, hit, miss] of [[0, at(-1000), at(1000)], [1, at(1000), at(-1000)], [3, m.caller_no, '13800000000'], [4, m.caller_city, '450200'], [5, 'assigned', 'finished'], [6, no, '9999'], [11, 'vat 退税', '退 税'], [11, '100%', '10_']])
    assert.deepEqual([found(place, hit), found(place, miss)], [true, false], `parameter ${place + 1}: ${hit}, ${miss}`);
});

test('VM-04 the list as a sheet has every column, with words for people', () => {
  const sheet = db.document(ours, 'voicemail_sheet', null, null, CENTER, null, null, null, null, null, false, null);
  assert.ok(sheet.rows.length >= 8);
  assert.match(sheet.rows[0].caller_no, /\*\*\*\*/);
  for (const row of sheet.rows) for (const { id } of sheet.columns) assert.ok(id in row, id);
  assert.ok(sheet.rows.some((r) => r.state === '已作废' && r.note === '原因' && r.scene === '非工作时段'));
});

test('VM-08 NFR-07 killed while a message is recorded: what is on the disk is a message', () => {
  const left = leave({ ends: false });
  assert.equal(message(left.id).state, 'recording');
  assert.equal(db.document(ours, 'voicemail_get', left.id, true, null, false), null, 'not there yet');
  db.call(DAEMON, 'close_orphans', new Date(clock + 60000).toISOString(), new Date(left.t + 9000).toISOString());
  const m = message(left.id);
  assert.deepEqual([m.state, m.length_ms, m.speech_ms], ['new', 7000, null]);
  assert.equal(record(left.id).state, 'draft');
});

test('SCN-14 who gives up gets an entry; again, it is the same one with its first place; answered at last, it is closed', () => {
  const first = wait();
  const again = wait({ from: first.from, outcome: 'ab_ring' });
  const e = entry(first.from);
  assert.deepEqual([e.waits, e.wait_ms, e.queue_id, e.source, e.state, e.call_id], [2, 60000, QUEUE.consult, 'gave_up', 'open', again.call.id]);
  assert.equal(Date.parse(e.first_at), first.first, 'the first entry time');
  assert.equal(one(`SELECT count(*)::int AS n FROM callback WHERE number = '${first.from}'`).n, 1);
  wait({ from: first.from, outcome: 'answered', user: agents[0] });
  assert.deepEqual([entry(first.from).state, Boolean(entry(first.from).finished_at)], ['answered', true]);
  const lost = wait({ outcome: 'lost' });
  assert.equal(entry(lost.from).state, 'open', 'one whom we lost as well');
  for (const none of [{ outcome: 'answered', user: agents[0] }, { outcome: 'flow_vm' }, { from: '' }, { test: true }]) {
    const { from } = wait(none);
    assert.equal(from && entry(from), from && undefined, JSON.stringify(none));
  }
  assert.equal(db.document({ centers: '{3}' }, 'callback_list', null, null, null, lost.from, 'open', null, 50, null, true).items.length, 0, 'another city does not see it');
});

test('SCN-14 each queue has its switch', () => {
  const save = (queue_ids, version) => db.document(ours, 'callback_settings_save', CENTER, version, { max_attempts: 2, retry_minutes: 10, expire_hours: 12, queue_ids }).result;
  assert.equal(save([QUEUE.complaint], 1), 'ok');
  assert.equal(save([QUEUE.complaint], 1), 'stale');
  assert.equal(entry(wait().from), undefined);
  assert.equal(entry(wait({ queue: QUEUE.complaint }).from).state, 'open');
  assert.deepEqual(db.document(ours, 'callback_settings', CENTER).queues.map((q) => q.callback), db.rows(`SELECT id FROM queue WHERE center_id = ${CENTER} ORDER BY id`).map((q) => q.id === QUEUE.complaint));
  assert.equal(save(db.rows(`SELECT id FROM queue WHERE center_id = ${CENTER}`).map((q) => q.id), 2), 'ok');
});

test('SCN-14 asked for at a key, also for another number; not when he was answered after all', () => {
  const ask = (number, more = {}) => {
    const t = tick();
    const journal = new Journal();
    const call = journal.begin(CENTER, t, { caller_no: someone() });
    journal.fact(CENTER, t + 5000, 'ivr_key', { key_id: uuid7(t + 5000), call_id: call.id, visit_id: uuid7(t), seq: 1, node: 'cb', menu: '登记回拨', key: '', result: 'ok', at_ms: t + 5000,
      callback_no: number, callback_place: '广西 柳州', queue_id: QUEUE.consult, first_ms: t + 1000 });
    journal.end(call, t + 9000, 'flow_cb', more);
    db.ingest(journal.sorted());
    return t;
  };
  const number = someone();
  const t = ask(number);
  const e = entry(number);
  assert.deepEqual([e.source, e.waits, e.wait_ms, e.place, Date.parse(e.first_at)], ['requested', 1, 4000, '广西 柳州', t + 1000]);
  const other = someone();
  ask(other, { outcome: 'answered', talk_ms: 5 });
  assert.equal(entry(other), undefined);
});

test('SCN-14 claimed by one agent, however many ask at once', async () => {
  const { from } = wait();
  const { callback_id } = entry(from);
  due(callback_id);
  const ask = (user) => new Promise((tell, fail) => {
    const call = uuid7(Date.now());
    const child = execFile('psql', ['-qAtX', '-h', db.socket, '-U', 'hotlined_app', '-d', db.database, '-v', 'ON_ERROR_STOP=1'], (error, out) => (error ? fail(error) : tell([out.trim().split('|')[0], user, call])));
    child.stdin.end(`BEGIN; SELECT set_config('hotlined.centers', '{${CENTER}}', true) \\g /dev/null
      PREPARE q AS ${statements().callback_claim};
      EXECUTE q(${[callback_id, user, call].map(literal).join(', ')});
      SELECT pg_sleep(0.2) \\g /dev/null
      COMMIT;`);
  });
  const said = await Promise.all([...agents, ...agents].map(ask));
  const won = said.filter(([result]) => result === 'ok');
  assert.equal(won.length, 1, JSON.stringify(said));
  assert.equal(said.filter(([result]) => result === 'taken').length, said.length - 1);
  assert.deepEqual([entry(from).claimed_by, entry(from).claim_call_id], won[0].slice(1));
  dialed(won[0][2], from, { outcome: 'answered', end_reason: 'caller' });
  assert.deepEqual([entry(from).state, entry(from).outcome, entry(from).finished_by, entry(from).attempts], ['reached', 'reached', won[0][1], 1]);
});

test('SCN-14 not reached: again after the interval, so many times; the agent who hangs up before it is answered has not tried', () => {
  const { from } = wait();
  const { callback_id } = entry(from);
  const attempt = (how) => {
    const call = uuid7(tick());
    const said = claim(callback_id, agents[0], call);
    if (said.result === 'ok') dialed(call, from, how);
    return said;
  };
  due(callback_id);
  assert.equal(attempt({ end_reason: 'agent' }).result, 'ok');
  assert.deepEqual([entry(from).attempts, entry(from).state], [0, 'open']);
  assert.equal(attempt({ end_reason: 'busy' }).result, 'ok');
  const e = entry(from);
  assert.deepEqual([e.attempts, e.state, e.outcome], [1, 'open', 'busy']);
  assert.equal(Date.parse(e.next_at) - clock, 20000 + 10 * 60000, 'ten minutes after it ended');
  db.sql(`UPDATE callback SET next_at = now() + interval '5 minutes' WHERE callback_id = '${callback_id}'`);
  const later = attempt();
  assert.equal(later.result, 'later');
  assert.match(later.by, /^\d\d:\d\d$/);
  due(callback_id);
  assert.equal(attempt({ end_reason: 'no_answer' }).result, 'ok');
  assert.deepEqual([entry(from).state, entry(from).attempts, Boolean(entry(from).finished_at)], ['not_reached', 2, true]);
  due(callback_id);
  assert.equal(attempt().result, 'over');
  const { history } = db.document(ours, 'callback_list', null, null, null, from, null, null, 50, null, true).items[0];
  assert.deepEqual(history.map((h) => h.outcome), ['agent', 'busy', 'no_answer']);
  const anew = wait({ from });
  assert.deepEqual([entry(from).waits, Date.parse(entry(from).first_at)], [1, anew.first], 'who gives up after that is a new entry');
});

test('SCN-14 NFR-07 killed between claim and dial it is open again; killed after, the call counts; claimed and never given back, ten minutes', () => {
  const [never, made] = [wait(), wait()];
  const calls = [never, made].map(({ from }) => {
    due(entry(from).callback_id);
    const call = uuid7(tick());
    assert.equal(claim(entry(from).callback_id, agents[0], call).result, 'ok');
    db.sql(`UPDATE callback SET claimed_at = to_timestamp(${clock / 1000}) WHERE number = '${from}'`);
    return call;
  });
  const t = tick();
  const journal = new Journal();
  journal.fact(CENTER, t, 'call_begin', { call_id: calls[1], global_call_id: calls[1], direction: 'out', source: 'direct', info_source: 'city', unit_type: 'self', trunk_id: 1, entry_code: '', caller_no: '07711236601',
    caller_province: '', caller_city: '', caller_place: '', called_no: made.from, t_in_ms: t, test: false });
  db.ingest(journal.sorted());
  assert.throws(() => db.call(ours, 'close_orphans', new Date(tick()).toISOString(), null), (e) => e.sqlstate === '42501');
  const [{ recovered }] = db.call(DAEMON, 'close_orphans', new Date(tick()).toISOString(), new Date(t + 3000).toISOString());
  assert.equal(Number(recovered), 1);
  assert.deepEqual([entry(never.from).state, entry(never.from).attempts, entry(never.from).claim_call_id], ['open', 0, null]);
  assert.equal(one(`SELECT count(*)::int AS n FROM callback_attempt WHERE call_id = '${calls[0]}'`).n, 0);
  assert.deepEqual([entry(made.from).state, entry(made.from).attempts, entry(made.from).outcome], ['open', 1, 'error'], 'it was dialed: once more only after the interval');

  due(entry(never.from).callback_id);
  assert.equal(claim(entry(never.from).callback_id, agents[0], uuid7(tick())).result, 'ok');
  assert.equal(claim(entry(never.from).callback_id, agents[1], uuid7(tick())).result, 'taken');
  db.sql(`UPDATE callback SET claimed_at = now() - interval '11 minutes' WHERE number = '${never.from}'`);
  assert.equal(claim(entry(never.from).callback_id, agents[1], uuid7(tick())).result, 'ok');
});

test('SCN-14 the longest waiting is listed first; what has expired or was given up on is no more', () => {
  const { items } = db.document(ours, 'callback_list', null, null, null, null, 'open', null, 200, null, true);
  assert.ok(items.length === 0 || items.every((i) => ['open', 'claimed'].includes(i.state)));
  const [a, b] = [wait(), wait()];
  for (const { from } of [a, b]) due(entry(from).callback_id);
  const listed = () => db.document(ours, 'callback_list', null, null, null, null, 'open', null, 200, null, true).items.map((i) => i.number).filter((n) => [a.from, b.from].includes(n));
  assert.deepEqual(listed(), [a.from, b.from]);
  assert.equal(db.document({ ...ours, user: agents[0] }, 'callback_drop', entry(a.from).callback_id, '已在别处解决', agents[0]).result, 'ok');
  db.sql(`UPDATE callback SET expires_at = now() - interval '1 second' WHERE number = '${b.from}'`);
  assert.deepEqual(listed(), []);
  assert.equal(claim(entry(b.from).callback_id, agents[0], randomUUID()).result, 'over');
  assert.deepEqual(db.document(ours, 'callback_list', null, null, null, null, 'expired', null, 200, null, true).items.map((i) => i.number).includes(b.from), true);
});

test('PLAT-10 VM-07 what waits to be heard is a queue in the database: where it is wanted, each center in order, put off further each time, given up, asked again; gone with the recording', () => {
  const want = (center, yes) => db.sql(`INSERT INTO voicemail_setting (center_id, transcribe) VALUES (${center}, ${yes}) ON CONFLICT (center_id) DO UPDATE SET transcribe = EXCLUDED.transcribe`);
  const heard = (id) => one(`SELECT state, tries, reason, text, (extract(epoch FROM next_at - now()))::int AS later FROM transcript WHERE recording_id = '${id}'`);
  const queue = (most = 10) => db.call(DAEMON, 'transcripts_due', most).map((r) => [r.recording_id, Number(r.center_id), Number(r.waiting)]);
  const unasked = leave({ center: 4 });
  assert.equal(heard(unasked.id), undefined);
  want(3, true);
  want(4, true);
  const first = leave({ center: 4 }), [a, b] = [leave({ center: 3 }), leave({ center: 3, cut: 1 })];
  leave({ center: 3, speech_ms: 2000 }); // no message
  assert.deepEqual(queue(), [[a.id, 3, 2], [b.id, 3, 2], [first.id, 4, 1]]);
  assert.deepEqual(queue(1), [[a.id, 3, 2], [first.id, 4, 1]]);
  assert.deepEqual(db.call({ centers: '{4}' }, 'transcripts_due', 10).map((r) => r.recording_id), [first.id], 'another city sees none of it');
  want(4, false);
  assert.deepEqual(queue().map(([, center]) => center), [3, 3], 'not while nobody wants it');
  const fail = (id, for_good = false) => db.call(DAEMON, 'transcript_failed', id, '引擎超时', 3, 30, for_good)[0].again_ms;
  assert.equal(Number(fail(a.id)), 30000);
  assert.deepEqual(queue(), [[b.id, 3, 1]], 'not before its time, and the next one is not held up');
  assert.equal(Number(fail(a.id)), 120000);
  assert.deepEqual([fail(a.id), heard(a.id).state, heard(a.id).tries, heard(a.id).reason], [null, 'failed', 3, '引擎超时']);
  assert.deepEqual([fail(b.id, true), heard(b.id).state, heard(b.id).tries], [null, 'failed', 1]);
  const again = (id, center = 3, engine = true, users = null) => db.document({ centers: `{${center}}` }, 'voicemail_transcribe', id, users, engine).result;
  assert.deepEqual([again(a.id, 4), again(a.id, 3, false), again(first.id, 4), again(uuid7(tick()))], ['missing', 'no_engine', 'off', 'missing']);
  assert.deepEqual([again(b.id), again(a.id), again(a.id)], ['ok', 'ok', 'ok']);
  assert.deepEqual(queue().map(([id]) => id), [b.id, a.id], 'in the order of asking');
  const done = (id, text) => db.call(DAEMON, 'transcript_done', id, text, '引擎', '0.5')[0].waited;
  assert.deepEqual([done(a.id, '一'), done(a.id, '二'), heard(a.id).text], ['t', 'f', '一'], 'once');
  assert.equal(again(a.id), 'ok');
  assert.equal(heard(a.id).text, '一', 'until there is another');
  db.document({ centers: '{3}' }, 'voicemail_delete', a.id, '来电人要求', 1);
  db.sql(`UPDATE recording SET state = 'deleted' WHERE recording_id = '${b.id}'`);
  assert.deepEqual([heard(a.id), heard(b.id), again(a.id), again(b.id), done(a.id, '三')], [undefined, undefined, 'state', 'state', 'f']);
});
