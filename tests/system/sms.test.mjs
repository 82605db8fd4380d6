// SMS: the outbox and its gateway, and the survey by SMS (CC-24), from a call by SIPp to the figures. The gateway is a
// stand-in in this process (lib/gateway.mjs); what is on our side of it is the real daemon.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Person, Region, until } from './lib/region.mjs';
import { Office, answer, callOf, rings } from './lib/office.mjs';
import { Sipp, closeFarSides } from './lib/sipp.mjs';
import { Gateway } from './lib/gateway.mjs';
import { Journal } from './lib/sql.mjs';

const match = (version) => ({ 'if-match': `"${version}"` });
const today = () => { const day = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10); return `from=${day}&to=${day}`; };
// A caller goes straight to the agents.
const STRAIGHT = { entry: 'queue', nodes: { queue: { type: 'queue', queue: 'consult', priority: 0, music: 'hold_music', on_wait_over: 'end', on_no_agent: 'end', on_full: 'end' }, end: { type: 'hangup', prompt: 'beep', reason: 'lost' } } };
let region;
let someone = 13700000000;
const open = [];

before(async () => {
  region = await Region.start({ env: { QUERY_HOSTS: '127.0.0.1' } });
  region.sql('UPDATE center SET announce_agent_no = false'); // nothing here is about that, and it takes five seconds
});
after(async () => {
  closeFarSides();
  for (const one of open) await one.close();
  await region?.stop();
});

const survey = async (office, fields) => {
  const { version, queues, center_id, ...now } = await office.admin.get('/settings/survey');
  return office.changed(() => office.admin.put('/settings/survey', { ...now, prompt: 'beep', thanks_prompt: '', enabled: true, ...fields }, match(version)));
};
// A city with a gateway, whose callers are asked by SMS.
async function city(code, { gateway: more, survey: fields, flow } = {}) {
  const office = await Office.open(region, code, { flow: flow ?? null });
  const gateway = await Gateway.start();
  open.push(office, gateway);
  await gateway.serve(office, more);
  await survey(office, { sms: true, ...fields });
  const row = (table, code) => Number(region.sql(`SELECT id FROM ${table} WHERE center_id = ${office.id} AND ${code}`));
  Object.assign(office, { gateway, consult: row('queue', "code = 'consult'"), complaint: row('queue', "code = 'complaint'"), a1001: row('app_user', "login = 'a1001'"), a1002: row('app_user', "login = 'a1002'") });
  return office;
}
const ingest = (journal) => region.sql(`SET hotlined.centers = '*'; SELECT ingest_facts($f$${JSON.stringify(journal.sorted())}$f$::jsonb)`);
// A call that has just ended, as the daemon's facts tell it. talks: [user, queue] one after the other; level: said by phone
// (null: asked, nothing said; undefined: not asked).
function fell(office, { caller_no = String(++someone), talks = [[office.a1001, office.consult]], level, ago_ms = 0, journal = new Journal(), ...more } = {}) {
  const t = Date.now() - 60000 - ago_ms;
  const call = journal.begin(office.id, t, { caller_no, called_no: office.number, ...more });
  const visit = journal.enter(call, t + 1000, talks[0]?.[1] ?? office.consult);
  journal.leave(call, visit, t + 2000, talks.length ? 'answered' : 'ab_queue');
  talks.forEach(([user, queue], i) => { call.talk = journal.talk(call, queue, user, t + 2000 + i * 10000, t + 11000 + i * 10000, { kind: i ? 'transfer_in' : 'inbound' }); });
  if (level !== undefined) {
    const [visit_id, user] = [randomUUID().replace(/^.{8}-.{4}-4/, `${call.id.slice(0, 13)}-7`), talks.at(-1)?.[0]];
    journal.fact(office.id, t + 50000, 'ivr_begin', { visit_id, call_id: call.id, flow_id: null, flow_version: 1, t_start_ms: t + 50000, mode: 'survey', user_id: user, talk_id: call.talk, target: '满意度调查' });
    journal.fact(office.id, t + 55000, 'ivr_end', { visit_id, call_id: call.id, t_end_ms: t + 55000, exit: 'hangup', survey_asked_ms: t + 50000, survey_level: level, survey_name: level ? '满意' : '', survey_talk_id: call.talk, survey_user_id: user, survey_queue_id: office.consult });
  }
  journal.end(call, t + 60000, talks.length ? 'answered' : 'ab_queue', { user_id: talks[0]?.[0] ?? null, talk_ms: talks.length * 9000, t_ans_ms: talks.length ? t + 2000 : null });
  return { ...call, number: caller_no, journal };
}
const over = (office, options) => { const call = fell(office, options); ingest(call.journal); return call; };
const rows = (text) => JSON.parse(region.sql(`SELECT coalesce(json_agg(x), '[]') FROM (${text}) x`));
const message = (id) => rows(`SELECT * FROM sms WHERE sms_id = '${id}'`)[0];
const becomes = (id, state) => until(`${id} ${state}`, () => { const m = message(id); return m.state === state && m; });
const queued = (office, number) => rows(`SELECT * FROM sms WHERE center_id = ${office.id} AND number = '${number}'`);
const surveys = async (office, call_id) => (await office.leader.get(`/calls/${call_id}`)).surveys;
// RPT-17 of today, which must say the same by the roll-up and by the facts.
async function figures(office, user_id) {
  const [a, b] = await Promise.all(['rollup', 'facts'].map((source) => office.leader.get(`/reports/agent_voice?${today()}&by=agent&source=${source}`)));
  assert.deepEqual(a.rows, b.rows, 'roll-up and facts');
  const { push, rated, sat_rate } = a.rows.find((r) => r.user_id === user_id);
  return { push, rated, sat_rate };
}

test('CC-24 SMS-04 SMS-05 a caller who does not rate by phone gets one SMS; his reply is the satisfaction of the call: in its detail, RPT-17, the filter of recordings and the list of messages', async () => {
  const office = await city('nanning', { flow: STRAIGHT, survey: { sms_template: '【{中心}】工号{工号}为您服务，请回复：{等级}', sms_hours: 2 } });
  const { gateway } = office;
  const agent = await office.agent('a1001');
  const caller = { number: '13877109001' };
  const run = await Sipp.start(region, 'call', { hold_ms: 6000, keys: { caller: caller.number, called: office.number } });
  await rings([agent], caller);
  const call_id = await answer(agent);
  await until('he has hung up', () => agent.document.state === 'acw');
  await agent.done();
  await run.good();
  const sent = await gateway.got(caller.number);
  assert.equal(sent.text, '【南宁市12366分中心】工号1001为您服务，请回复：1 非常满意、2 满意、3 一般、4 不满意、5 非常不满意');
  const [request] = gateway.requests;
  assert.deepEqual([request.method, request.secret, request.type], ['POST', gateway.secret, 'application/json; charset=utf-8']);
  await becomes(sent.id, 'sent');
  assert.deepEqual((await surveys(office, call_id)).map((s) => [s.channel, s.agent_no, s.queue_name, s.level, s.name]), [['sms', '1001', '咨询', null, '未评价']]);
  assert.deepEqual(await figures(office, office.a1001), { push: 1, rated: 0, sat_rate: null });
  assert.equal((await gateway.report(region, sent, 'delivered')).status, 200);
  assert.equal((await gateway.report(region, sent, 'failed', '晚到的回执')).status, 200, 'a report that comes again changes nothing');
  assert.equal(message(sent.id).state, 'delivered');

  assert.deepEqual(await gateway.reply(region, `+86${caller.number}`, ' ２ '), { status: 200, body: { result: 'ok', outcome: 'rated' } });
  assert.deepEqual((await surveys(office, call_id)).map((s) => [s.channel, s.level, s.name]), [['sms', 4, '满意']]);
  assert.deepEqual(await figures(office, office.a1001), { push: 1, rated: 1, sat_rate: 100 });
  const recordings = async (level) => (await office.leader.get(`/queries/recordings?satisfaction=${level}`)).items.map((r) => [r.call_id, r.level, r.satisfaction]);
  assert.deepEqual([await recordings(4), await recordings('none')], [[[call_id, 4, '满意']], []]);

  const list = await office.leader.get(`/queries/sms?number=${caller.number}&state=delivered`);
  const [item] = list.items;
  assert.deepEqual([list.items.length, item.sms_id, item.call_id, item.number, item.text, item.state_name, item.agent_no, item.attempts], [1, sent.id, call_id, caller.number, sent.text, '已送达', '1001', 1]);
  assert.deepEqual([item.replies.map((r) => [r.text, r.outcome]), item.replied], [[[' ２ ', 'rated']], ' ２ （计为评价）']);
  assert.deepEqual((await office.leader.get('/queries/sms?state=failed')).items, []);
  await until('audited', () => region.sql("SELECT detail FROM audit_log WHERE action = 'query.list' AND object_kind = 'sms' ORDER BY at LIMIT 1") === `number=${caller.number} state=delivered`);
  assert.equal(gateway.requests.length, 1, 'and nothing was sent in answer to his reply');
});

test('CC-24 who gets a survey by SMS: mobiles whose talk with an agent of a surveyed queue was not rated by phone; the last agent is meant; one a number in n hours', async () => {
  const office = await city('liuzhou', { survey: { queues: [] , sms_hours: 3 } });
  const { gateway } = office;
  await survey(office, { queues: [office.consult] });
  const consult = [[office.a1001, office.consult]];
  const none = {
    'a land line': { caller_no: '07722831234' }, 'an anonymous caller': { caller_no: '' }, 'a short number': { caller_no: '10086' }, 'abroad': { caller_no: '0085291234567' },
    'a queue whose callers are not asked': { talks: [[office.a1001, office.complaint]] }, 'who gave up': { talks: [] }, 'who rated by phone': { level: 4 },
    'a test call': { test: true }, 'one that ended long ago': { ago_ms: 3 * 3600e3 },
  };
  for (const [what, options] of Object.entries(none)) {
    const call = over(office, options);
    assert.deepEqual(rows(`SELECT 1 FROM sms WHERE call_id = '${call.id}'`), [], what);
  }
  const yes = { 'a mobile': {}, 'with a country code': { caller_no: `+86${++someone}` }, 'with a zero': { caller_no: `0${++someone}` }, 'asked by phone, and silent': { level: null },
    'two agents: the last one': { talks: [...consult, [office.a1002, office.consult]] }, 'passed on by 12366': { source: 'from_12366', unit_type: 'from_12366', info_source: 'r12366' } };
  for (const [what, options] of Object.entries(yes)) {
    const call = over(office, options);
    const [m, ...more] = rows(`SELECT * FROM sms WHERE call_id = '${call.id}'`);
    assert.deepEqual([m?.number, m?.user_id, m?.queue_id, more.length], [call.number.slice(-11), options.talks ? office.a1002 : office.a1001, office.consult, 0], what);
    await gateway.got(m.number);
  }
  // Once, also for two calls that end in one batch, and for facts that come again.
  const journal = new Journal();
  const [first, second] = [0, 1].map(() => fell(office, { caller_no: '13700000777', journal }));
  ingest(journal);
  ingest(journal);
  over(office, { caller_no: '13700000777' });
  assert.deepEqual(queued(office, '13700000777').map((m) => m.call_id), [first.id < second.id ? second.id : first.id], 'the last of them');
  region.sql("UPDATE sms SET created_at = created_at - interval '181 minutes' WHERE number = '13700000777'");
  over(office, { caller_no: '13700000777' });
  assert.equal(queued(office, '13700000777').length, 2, 'after three hours again');
  // Switched off: by the survey, the gateway, the function.
  const off = async (act, back) => { await act(); const call = over(office); assert.deepEqual(rows(`SELECT c.outcome, m.sms_id FROM call c LEFT JOIN sms m USING (call_id) WHERE call_id = '${call.id}'`), [{ outcome: 'answered', sms_id: null }]); await back(); };
  await off(() => survey(office, { sms: false }), () => survey(office, { sms: true }));
  await off(() => survey(office, { enabled: false }), () => survey(office, { enabled: true }));
  await off(() => gateway.serve(office, { enabled: false }), () => gateway.serve(office));
  // A setting that cannot be worked with costs a message, never a fact.
  await off(() => region.sql(`UPDATE survey_setting SET levels = '[]' WHERE center_id = ${office.id}`), () => survey(office, { levels: [['1', 5], ['2', 3], ['3', 1]].map(([key, level]) => ({ key, level, name: `${level}级` })) }));
  await off(() => region.sql(`UPDATE center SET functions_off = '{survey}' WHERE id = ${office.id}`), () => region.sql(`UPDATE center SET functions_off = '{}' WHERE id = ${office.id}`));
  await gateway.got(over(office).number); // and on again
});

test('CC-24 replies: the key alone or with its name, once, in time; the phone\'s rating wins; all are kept, none is answered', async () => {
  const office = await city('guilin', { survey: { levels: [{ key: '1', level: 5, name: '满意' }, { key: '2', level: 3, name: '一般' }, { key: '#', level: 1, name: '不满意' }] } });
  const { gateway } = office;
  const asked = async (options) => {
    const call = over(office, options);
    call.sms = await gateway.got(call.number);
    await becomes(call.sms.id, 'sent');
    return call;
  };
  const outcome = async (number, text, id) => (await gateway.reply(region, number, text, id)).body.outcome;
  const levels = async (call) => (await surveys(office, call.id)).filter((s) => s.channel === 'sms').map((s) => s.level);

  for (const [text, level] of [['1', 5], ['２。', 3], ['＃', 1], ['1满意', 5], [' 2 一般！', 3]]) {
    const call = await asked();
    assert.equal(await outcome(call.number, text), 'rated', text);
    assert.deepEqual(await levels(call), [level], text);
  }
  const call = await asked();
  for (const text of ['', '3', '12', '1 2', '第2次打来了', '满意', '谢谢', '1'.repeat(1000)]) assert.equal(await outcome(call.number, text), 'unknown', text);
  assert.equal(await outcome(call.number, '2', 'once'), 'rated', 'and after that a good one');
  assert.equal(await outcome(call.number, '2', 'once'), 'rated', 'the same reply told again is the same one');
  assert.equal(await outcome(call.number, '1'), 'again');
  assert.deepEqual(await levels(call), [3]);
  // The same map as in the message, whatever the setting says now.
  const mapped = await asked();
  await survey(office, { levels: [{ key: '1', level: 1, name: '差' }, { key: '2', level: 3, name: '中' }, { key: '3', level: 5, name: '好' }] });
  assert.equal(await outcome(mapped.number, '1'), 'rated');
  assert.deepEqual(await levels(mapped), [5]);

  const late = await asked();
  region.sql(`UPDATE sms SET sent_at = sent_at - interval '25 hours' WHERE sms_id = '${late.sms.id}'`);
  assert.equal(await outcome(late.number, '1'), 'late');
  assert.equal(await outcome('13700099999', '1'), 'none');
  assert.deepEqual(await levels(late), [null]);
  // A rating by phone that came to be known later.
  const phoned = await asked();
  region.sql(`INSERT INTO survey (survey_id, center_id, call_id, user_id, queue_id, t_asked, level, name) VALUES ('${phoned.id.slice(0, -4)}abcd', ${office.id}, '${phoned.id}', ${office.a1001}, ${office.consult}, now(), 1, '差')`);
  assert.equal(await outcome(phoned.number, '3'), 'by_phone');
  assert.deepEqual((await surveys(office, phoned.id)).map((s) => [s.channel, s.level]).sort(), [['sms', null], ['voice', 1]]);
  region.sql(`DELETE FROM survey WHERE survey_id = '${phoned.id.slice(0, -4)}abcd'`);

  const before = await figures(office, office.a1001);
  assert.deepEqual(before, { push: 9, rated: 7, sat_rate: 85.71 });
  const kept = rows(`SELECT outcome, count(*)::int FROM sms_reply WHERE center_id = ${office.id} GROUP BY 1 ORDER BY 1`).map((r) => [r.outcome, r.count]);
  assert.deepEqual(kept, [['again', 1], ['by_phone', 1], ['late', 1], ['none', 1], ['rated', 7], ['unknown', 8]]);
  assert.equal(gateway.sent.length, 9, 'nobody got an answer');
});

test('SMS-04 a gateway that is dead, that dies with a message in its hands, and a daemon that is killed: every message arrives, and none twice', async () => {
  const office = await city('wuzhou', { gateway: { timeout_ms: 500 } });
  const { gateway } = office;
  await gateway.close();
  const calls = Array.from({ length: 3 }, () => over(office));
  const all = () => rows(`SELECT * FROM sms WHERE center_id = ${office.id} ORDER BY created_at`);
  await until('tried twice', () => all().every((m) => m.attempts >= 2));
  assert.ok(all().every((m) => m.state === 'queued' && m.reason), JSON.stringify(all()));
  assert.ok(all().every((m) => Date.parse(m.next_at) > Date.parse(m.created_at)));
  // It takes the first message of each number and is gone before it answers; then it is slow, and the daemon is killed.
  let let_go;
  const holds = new Promise((go) => { let_go = go; });
  gateway.how = (m, times) => (m.number === calls[0].number && times === 1 ? { drop: true } : m.number === calls[1].number && times === 1 ? { wait: holds } : {});
  await gateway.open();
  await until('the second is in its hands', () => gateway.requests.some((r) => r.number === calls[1].number));
  await region.stopDaemon('SIGKILL');
  let_go();
  await until('it has taken it', () => gateway.to(calls[1].number).length);
  await region.startDaemon();
  await until('all are sent', () => all().every((m) => m.state === 'sent'), 40000);
  assert.deepEqual(calls.map((c) => gateway.to(c.number).length), [1, 1, 1]);
  assert.ok(gateway.requests.filter((r) => r.number === calls[1].number).length >= 2, 'the same id came again, and was known');
  assert.equal(new Set(gateway.requests.map((r) => r.id)).size, 3);
  assert.ok(all().every((m) => m.reason === '' && m.gateway_ref.startsWith('gw-')));
  assert.deepEqual(rows(`SELECT count(*)::int AS n FROM survey WHERE center_id = ${office.id} AND channel = 'sms'`), [{ n: 3 }], 'and each is one push');
});

test('SMS-04 the rate of a gateway is kept, a slow one keeps nobody waiting, and another center\'s goes on', async () => {
  const [office, other] = [await city('beihai', { gateway: { per_second: 2, timeout_ms: 3000 } }), await city('qinzhou')];
  const { gateway } = office;
  const journal = new Journal();
  for (let i = 0; i < 7; i++) fell(office, { journal });
  ingest(journal);
  await until('all came', () => gateway.sent.length === 7);
  const at = gateway.requests.map((r) => r.at);
  for (let i = 2; i < at.length; i++) assert.ok(at[i] - at[i - 2] >= 900, `three within ${at[i] - at[i - 2]} ms: ${at.map((t) => t - at[0])}`);
  let let_go;
  const holds = new Promise((go) => { let_go = go; });
  gateway.how = () => ({ wait: holds });
  const slow = over(office);
  await until('in its hands', () => gateway.requests.some((r) => r.number === slow.number));
  const began = Date.now();
  const quick = over(other);
  await other.gateway.got(quick.number);
  for (let i = 0; i < 20; i++) await office.admin.get('/settings/sms');
  assert.ok(Date.now() - began < 2900, `${Date.now() - began} ms`);
  assert.equal(message(queued(office, slow.number)[0].sms_id).state, 'queued');
  let_go();
  await becomes(queued(office, slow.number)[0].sms_id, 'sent');
});

test('SMS-04 what a gateway refuses is failed with its reason and not tried again; what it cannot take now, or with a wrong secret, is; what nobody took in time is given up', async () => {
  const office = await city('hechi');
  const { gateway } = office;
  gateway.how = () => ({ status: 422, body: { reason: '号码在退订名单' } });
  const refused = over(office);
  const failed = await until('failed', () => queued(office, refused.number).find((m) => m.state === 'failed'));
  assert.deepEqual([failed.reason, failed.attempts, failed.sent_at], ['短信通道回答 422：号码在退订名单', 1, null]);
  gateway.how = (m, times) => ({ status: times < 3 ? 503 : 200 });
  const busy = over(office);
  assert.equal((await becomes((await until('asked', () => gateway.requests.find((r) => r.number === busy.number))).id, 'sent')).attempts, 3);
  await gateway.serve(office, { secret_value: 'wrong' });
  const locked = over(office);
  await until('refused', () => queued(office, locked.number)[0].reason === '短信通道回答 401：wrong secret');
  await gateway.serve(office);
  await gateway.got(locked.number);
  await gateway.serve(office, { url: `http://127.0.0.2:${gateway.port}/` });
  const inside = over(office);
  await until('not asked at all', () => /内部网络/.test(queued(office, inside.number)[0].reason));
  region.sql(`UPDATE sms SET expires_at = now(), next_at = now() WHERE number = '${inside.number}'`);
  assert.match((await becomes(queued(office, inside.number)[0].sms_id, 'failed')).reason, /^到期仍未能提交：.*内部网络/);
  // A report that is there before our own answer was, and one of failure.
  await gateway.serve(office);
  let reported;
  gateway.how = (m) => ({ wait: (reported = gateway.report(region, m, 'failed', '空号')) });
  const empty = over(office);
  const m = await until('failed', () => queued(office, empty.number).find((e) => e.state === 'failed'));
  assert.deepEqual([(await reported).status, m.reason, m.attempts], [200, '空号', 1]);
  assert.deepEqual(await surveys(office, refused.id), [], 'what was refused was never pushed');
  assert.deepEqual((await office.leader.get('/queries/sms?state=failed')).items.map((i) => i.reason).sort(), [m.reason, failed.reason, queued(office, inside.number)[0].reason].sort());
});

test('SMS-04 the settings of a gateway: wrong ones are told at their fields, the secret is written and never read, a message to try it goes out at once and shows the answer', async () => {
  const office = await Office.open(region, 'laibin', { flow: null });
  const gateway = await Gateway.start();
  open.push(office, gateway);
  const { admin, leader } = office;
  const now = () => admin.get('/settings/sms');
  assert.deepEqual(await now(), { center_id: office.id, enabled: false, url: '', secret_name: '', timeout_ms: 5000, per_second: 5, version: 1, waiting: 0 });
  const put = async (fields, version) => admin.raw('PUT', '/settings/sms', { enabled: false, url: gateway.url, ...fields }, match(version ?? (await now()).version));
  for (const [fields, field] of [[{ url: 'ftp://x/' }, 'url'], [{ url: 'https://a:b@x/' }, 'url'], [{ enabled: true, url: '' }, 'url'], [{ secret_name: 'Host' }, 'secret_name'], [{ secret_name: 'X-Key' }, 'secret_value'],
    [{ secret_name: 'X-Key', secret_value: 'a\r\nb: c' }, 'secret_value'], [{ timeout_ms: 100 }, 'timeout_ms'], [{ per_second: 11 }, 'per_second'], [{ per_second: 0 }, 'per_second'], [{ color: 'red' }, 'color']]) {
    const { status, body } = await put(fields);
    assert.deepEqual([status, Object.keys(body.errors)], [422, [field]], JSON.stringify(fields));
  }
  assert.deepEqual(Object.keys((await admin.raw('POST', '/settings/sms/try', { number: '13877100001' })).body.errors), ['url'], 'there is none yet');
  assert.equal((await put({}, 7)).status, 412);
  const turnOn = { ...(await admin.get('/settings/survey')), enabled: true, sms: true };
  const survey = (fields) => admin.raw('PUT', '/settings/survey', Object.fromEntries(Object.entries({ ...turnOn, ...fields }).filter(([k]) => !['version', 'queues', 'center_id'].includes(k))), match(1));
  assert.match((await survey({})).body.errors.sms, /还没有启用短信通道/);
  assert.equal((await put({ secret_name: 'Authorization', secret_value: gateway.secret })).status, 200);
  assert.equal((await put({ secret_name: 'Authorization', enabled: true })).status, 200, 'the secret stays');
  for (const [fields, field, words] of [[{ sms_template: '你好{姓名}{等级}' }, 'sms_template', /没有变量“\{姓名\}”/], [{ sms_template: '请回复数字' }, 'sms_template', /要有 \{等级\}/], [{ sms_template: 'x'.repeat(301) }, 'sms_template', /300/], [{ sms_hours: 169 }, 'sms_hours', /168/]])
    assert.match((await survey(fields)).body.errors[field], words);
  assert.equal((await survey({})).status, 200);

  const audit = await until('both are audited', () => { const rows = region.sql(`SELECT detail FROM audit_log WHERE action = 'sms.settings' AND center_id = ${office.id}`).split('\n'); return rows.length === 2 && rows.join(' '); });
  assert.ok(!JSON.stringify(await now()).includes(gateway.secret) && !region.log.includes(gateway.secret) && !audit.includes(gateway.secret));
  const tried = await admin.post('/settings/sms/try', { number: '+86 138-7710-0001' });
  assert.deepEqual([tried.end, tried.status, JSON.parse(tried.body)], ['answered', 200, { message_id: `gw-${gateway.sent[0].id.slice(-6)}` }]);
  assert.deepEqual(gateway.sent.map((m) => [m.number, m.text]), [['13877100001', '【来宾市12366分中心】短信通道试发，收到即为正常。']]);
  gateway.how = () => ({ status: 422, body: { reason: '签名未报备' } });
  assert.equal((await admin.post('/settings/sms/try', { number: '13877100002' })).status, 422);
  await gateway.close();
  assert.equal((await admin.post('/settings/sms/try', { number: '13877100003' })).end, 'failed');
  assert.deepEqual((await leader.get('/queries/sms')).items.map((i) => [i.number, i.kind_name, i.state, i.reason]).slice(1), [['13877100002', '试发', 'failed', '短信通道回答 422：签名未报备'], ['13877100001', '试发', 'sent', '']]);
  await gateway.open();
  assert.deepEqual(Object.keys((await admin.raw('POST', '/settings/sms/try', { number: '07722831234' })).body.errors), ['number']);
  for (const [method, path, body] of [['PUT', '/settings/sms', { enabled: false, url: '' }], ['POST', '/settings/sms/try', { number: '13877100001' }]])
    assert.equal((await leader.raw(method, path, body, match(1))).status, 403, 'a leader sets nothing');
});

test('SMS-05 walls: messages, reports and replies are their center\'s; a key tells what its group lets it; malformed ones are told what is wrong', async () => {
  const [office, other] = [await city('baise'), await city('hezhou')];
  const { gateway } = office;
  const call = over(office);
  const sent = await gateway.got(call.number);
  await becomes(sent.id, 'sent');
  const far = await other.gateway.tell(region, 'reports', { id: sent.id, state: 'delivered' });
  assert.deepEqual([far.status, far.body.code], [404, 'not_found']);
  assert.equal((await other.gateway.reply(region, call.number, '1')).body.outcome, 'none', 'nor does its reply rate anything here');
  assert.deepEqual((await surveys(office, call.id)).map((s) => s.level), [null]);
  assert.equal(message(sent.id).state, 'sent');
  assert.equal((await other.leader.raw('GET', `/queries/sms?center_id=${office.id}`)).status, 403);
  assert.deepEqual((await other.leader.get('/queries/sms')).items, []);
  assert.equal((await other.admin.raw('GET', `/settings/sms?center_id=${office.id}`)).status, 403);
  assert.equal((await other.admin.raw('PUT', `/settings/sms?center_id=${office.id}`, { enabled: false, url: '' }, match(2))).status, 403);
  assert.equal((await other.admin.raw('POST', `/settings/sms/try?center_id=${office.id}`, { number: '13877100001' })).status, 403);
  const [chief, supervisor] = [await Person.signIn(region, 'guangxi', 'admin'), await Person.signIn(region, 'guangxi', 'supervisor')];
  const page = await chief.get(`/queries/sms?by=center&number=${call.number}`);
  const masked = `${call.number.slice(0, 3)}****${call.number.slice(-4)}`;
  assert.deepEqual([page.numbers, page.items.map((i) => [i.sms_id, i.number]), page.groups.map((g) => [g.center_id, g.count])], ['masked', [[sent.id, masked]], [[office.id, 1]]]);
  const found = async (filter) => (await chief.get(`/queries/sms?number=${call.number}&${filter}`)).items.length;
  const hour = (offset) => new Date(Date.now() + offset * 3600e3).toISOString();
  assert.deepEqual([await found(`center_id=${office.id}`), await found(`center_id=${other.id}`), await found(`from=${hour(-1)}&to=${hour(1)}`), await found(`from=${hour(1)}`), await found(`to=${hour(-1)}`), await found('agent_no=1001'), await found('agent_no=1002')],
    [1, 0, 1, 0, 0, 1, 0], 'by organisation, time and agent');
  assert.deepEqual((await supervisor.get(`/queries/sms?number=${call.number}`)).items.map((i) => i.number), [call.number], 'who may see numbers whole does');
  const agent = await Person.signIn(region, 'baise', 'a1001');
  assert.equal((await agent.raw('GET', '/queries/sms')).status, 403);
  // A file, of what both permissions reach.
  const csv = await fetch(`${region.base}/api/v1/queries/sms.csv`, { headers: { cookie: office.leader.cookie } });
  assert.deepEqual([csv.status, (await csv.text()).trim().split('\n').length, region.sql(`SELECT count(*) FROM sms WHERE center_id = ${office.id}`)], [200, 2, '1'], 'a head and the one message');

  for (const person of [office.admin, chief]) assert.equal((await person.raw('POST', '/sms/reports', { id: sent.id, state: 'delivered' })).status, 403, 'people report nothing');
  const { key: data } = await office.admin.post('/settings/keys', { name: '数据', groups: ['it'] });
  const told = (path, body, key = gateway.key) => gateway.tell(region, path, body, key);
  assert.deepEqual([(await told('reports', { id: sent.id, state: 'delivered' }, data)).body.code, (await told('replies', { id: '1', number: '13800000000', text: '1' }, 'hk_none')).body.code], ['key.route', 'key.wrong']);
  const list = await fetch(`${region.base}/api/v1/queries/sms`, { headers: { authorization: `Bearer ${gateway.key}` } });
  assert.equal(list.status, 403, 'and a gateway reads nothing');
  for (const [path, body, field] of [['reports', { id: 'x', state: 'delivered' }, 'id'], ['reports', { id: sent.id }, 'state'], ['reports', { id: sent.id, state: 'arrived' }, 'state'], ['reports', { id: sent.id, state: 'failed', reason: 'x'.repeat(201) }, 'reason'],
    ['replies', { id: ' ', number: '13800000000', text: '1' }, 'id'], ['replies', { id: '1', number: '匿名', text: '1' }, 'number'], ['replies', { id: '1', number: '13800000000' }, 'text'], ['replies', { id: '1', number: '13800000000', text: '1', more: 1 }, 'more']]) {
    const { status, body: said } = await told(path, body);
    assert.deepEqual([status, Object.keys(said.errors ?? {})], [422, [field]], JSON.stringify(body));
  }
  assert.equal((await told('reports', '{"id":')).status, 400);
  assert.equal((await told('reports', { id: randomUUID(), state: 'failed' })).status, 404);
});

test('SMS-04 what a message costs does not depend on how many there are: what is due, and whose reply it is, are found by index', async () => {
  const office = await city('chongzuo');
  region.sql(`INSERT INTO sms (sms_id, center_id, kind, number, text, state, attempts, expires_at, created_at, sent_at)
    SELECT gen_random_uuid(), ${office.id}, 'survey', '139' || lpad(i::text, 8, '0'), '满意吗', 'sent', 1, now() - interval '1 day', now() - i * interval '1 second', now() FROM generate_series(1, 200000) i; ANALYZE sms`);
  const read = () => { const [s] = rows("SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'sms'"); return s.seq_tup_read + s.idx_tup_fetch; };
  const settled = () => until('statistics', () => { region.sql('SELECT pg_stat_force_next_flush()'); const [a, b] = [read(), read()]; return a === b && { read: a }; });
  const before = await settled();
  const call = over(office);
  const sent = await office.gateway.got(call.number);
  await becomes(sent.id, 'sent');
  assert.equal((await office.gateway.reply(region, call.number, '1')).body.outcome, 'rated');
  // Claims once a second, our own looks at this message, and the work on it.
  const after = await until('told', async () => { const now = await settled(); return now.read > before.read && now; });
  assert.ok(after.read - before.read < 2000, `${after.read - before.read} rows read`);
});
