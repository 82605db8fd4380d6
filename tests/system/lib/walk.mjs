// A walk over every route of the description with ids of another center's things: what is tried, and what an answer
// must not be. access.test.mjs walks as people of a city; walls.test.mjs with one of the two walls taken away.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Person } from './region.mjs';
import { Journal, uuid7 } from './sql.mjs';

export const CENTERS = { guangxi: 1, nanning: 2, liuzhou: 3 };

// A center's day: a talk of each of two agents with recording, a record, a draft.
export async function fill(region, code, n) {
  const center = CENTERS[code];
  const journal = new Journal();
  const user = (login) => Number(region.sql(`SELECT id FROM app_user WHERE center_id = ${center} AND login = '${login}'`));
  const queue = Number(region.sql(`SELECT id FROM queue WHERE center_id = ${center} AND code = 'consult'`));
  const thing = { center_id: center, queue_id: queue, calls: [], recordings: [], words: [], user_id: user('a1001') };
  for (const [i, login] of ['a1001', 'a1002'].entries()) {
    const t = Date.now() - 600000 + i * 60000 + n * 1000;
    const number = `139${n}77${n}${i}000${n}`.slice(0, 11);
    const call = journal.begin(center, t, { caller_no: number, called_no: '12366' });
    const visit = journal.enter(call, t + 1000, queue);
    journal.leave(call, visit, t + 3000, 'answered');
    const talk = journal.talk(call, queue, user(login), t + 3000, t + 20000);
    const recording = uuid7(t + 3000);
    journal.fact(center, t + 3000, 'recording_begin', { recording_id: recording, call_id: call.id, talk_id: talk, user_id: user(login), path: `${code}/none.wav`, t_start_ms: t + 3000, left: 'caller', right: 'agent' });
    journal.fact(center, t + 20000, 'recording_end', { recording_id: recording, call_id: call.id, length_ms: 17000, size: 1, sha256: 'x', error: '' });
    journal.end(call, t + 20000, 'answered', { user_id: user(login), talk_ms: 17000, wait_ms: 2000, t_ans_ms: t + 3000 });
    thing.calls.push(call.id);
    thing.recordings.push(recording);
    thing.words.push(call.id, recording, number, `${number.slice(0, 3)}****${number.slice(7)}`);
  }
  region.sql(`SET hotlined.centers = '*'; SELECT ingest_facts($f$${JSON.stringify(journal.sorted())}$f$::jsonb)`);
  // A message there, and somebody who wants to be called back.
  [thing.voicemail_id, thing.callback_id] = [thing.recordings[0], randomUUID()];
  const number = `1380002${n}000`;
  region.sql(`INSERT INTO voicemail (voicemail_id, center_id, call_id, scene, caller_no, left_at, state) VALUES ('${thing.voicemail_id}', ${center}, '${thing.calls[0]}', 'chosen', '${number}', now(), 'new');
    INSERT INTO callback (callback_id, center_id, number, source, first_at, last_at, call_id, next_at, expires_at)
    VALUES ('${thing.callback_id}', ${center}, '${number}', 'requested', now(), now(), '${thing.calls[0]}', now(), now() + interval '1 day')`);
  thing.words.push(thing.callback_id, number);
  // A message sent from there.
  thing.sms_id = randomUUID();
  region.sql(`INSERT INTO sms (sms_id, center_id, kind, number, text, state, attempts, expires_at) VALUES ('${thing.sms_id}', ${center}, 'test', '1380004${n}000', '短信${code}', 'sent', 1, now());
    INSERT INTO sms_gateway (center_id, url, secret_name, secret_value) VALUES (${center}, 'https://sms${code}.invalid/', 'X-Key', 'secret${code}')`);
  thing.words.push(thing.sms_id, `1380004${n}000`, `短信${code}`, `sms${code}.invalid`, `secret${code}`);
  const agent = await Person.signIn(region, code, 'a1001');
  const [category] = (await agent.get('/dictionaries')).categories;
  const title = `秘密事项${code}`;
  const record = await agent.post('/records', { id: randomUUID(), call_id: thing.calls[0], caller_no: '13800009999', caller_name: `某人${code}`, caller_city: '450100', problem_city: '450100',
    category: category.code, title, content: `内容${code}`, answer: '已答', method: 'direct', urgency: 'normal', same_day: true });
  const ticket = await agent.post('/tickets', { ticket_id: randomUUID(), record_id: record.id, opinion: `要求${code}` });
  await agent.put(`/drafts/${thing.calls[0]}`, { document: { title: `草稿${code}` } });
  const contact = randomUUID();
  await (await Person.signIn(region, code, 'leader').catch(() => Person.signIn(region, code, 'admin'))).post('/contacts', { id: contact, book: 'center', name: `联系人${code}`, numbers: [`1380000777${n}`], note: '' });
  Object.assign(thing, { contact_id: contact, record_id: record.id, ticket_id: ticket.ticket_id, flow_id: Number(region.sql(`SELECT id FROM flow WHERE center_id = ${center} AND code = 'main'`)), trunk_id: 1,
    reason_id: Number(region.sql(`SELECT min(id) FROM reason WHERE center_id = ${center}`)),
    calendar_id: Number(region.sql(`SELECT min(id) FROM work_calendar WHERE center_id = ${center}`)),
    connector_id: Number(region.sql(`INSERT INTO connector (center_id, code, name, url) VALUES (${center}, 'walk', '试接口', 'https://walk.invalid/') RETURNING id`).split('\n')[0]),
    key_id: Number(region.sql(`INSERT INTO api_key (center_id, name, groups, prefix, hash) VALUES (${center}, '密钥${code}', '{it}', 'hk_walk', md5('${code}') || md5('${code}')) RETURNING id`).split('\n')[0]),
    number_entry_id: Number(region.sql(`INSERT INTO number_list (center_id, kind, number, action, reason) VALUES (${center}, 'black', '1380003${n}000', 'refuse', '骚扰${code}') RETURNING id`)),
    taxpayer_id: Number(region.sql(`INSERT INTO taxpayer (center_id, taxpayer_no, name) VALUES (${center}, '91450100MA5KABC${n}AX', '纳税人${code}') RETURNING id`)),
    office_id: Number(region.sql(`SELECT min(id) FROM org WHERE center_id = ${center}`)),
    team_id: Number(region.sql(`SELECT min(id) FROM team WHERE center_id = ${center}`)), skill_group_id: Number(region.sql(`SELECT min(id) FROM skill_group WHERE center_id = ${center}`)) });
  const [kbClass, kb] = [Number(region.sql(`SELECT min(id) FROM kb_class WHERE center_id = ${center}`)), randomUUID()];
  region.sql(`SET hotlined.centers = '*'; SELECT kb_entry_create('${kb}', ${center}, '{"class_id": ${kbClass}, "title": "知识${code}", "content": "答案${code}"}', NULL), kb_entry_publish('${kb}', 1, NULL, '', NULL)`);
  Object.assign(thing, { kb_class_id: kbClass, kb_entry_id: kb });
  thing.words.push(kb, `知识${code}`, `答案${code}`);
  thing.words.push(contact, `联系人${code}`, `纳税人${code}`, record.id, record.record_no, ticket.ticket_id, ticket.ticket_no, `要求${code}`, title, `某人${code}`, `内容${code}`, `草稿${code}`);
  return thing;
}

// The reports' days.
export const today = () => { const day = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10); return `from=${day}&to=${day}`; };
const METHODS = ['get', 'post', 'put', 'delete'];
export function* routes(api) {
  for (const [path, methods] of Object.entries(api.paths))
    for (const method of METHODS)
      if (methods[method] && path.startsWith('/api/v1/')) yield { path: path.slice(7), method: method.toUpperCase(), ...methods[method] };
}

// The smallest body the description allows.
function sample(schema, name) {
  if (name === 'keys') return '1';
  if (name === 'at') return '2026-10-01T09:30';
  if (name === 'mode') return 'release';
  if (!schema) return undefined;
  if (schema.enum) return schema.enum[0];
  if (schema.format === 'uuid') return randomUUID();
  if (schema.type === 'string') return 'x'.repeat(schema.minLength ?? 1);
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(schema.minimum ?? 1, 1);
  if (schema.type === 'boolean') return true;
  // One of several ways to name somebody: a person.
  if (schema.type === 'object' && schema.properties?.user_id && !schema.required?.length) return { user_id: 1 };
  if (schema.type === 'object' && schema.properties)
    return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties[name], name)]));
  return {};
}

// The id of the other center that fits a parameter of a path.
function idFor(path, name, thing) {
  if (name === 'call_id' || path.startsWith('/calls/')) return thing.calls[0];
  if (name === 'recording_id' || path.startsWith('/recordings/')) return thing.recordings[0];
  if (path.startsWith('/records/')) return thing.record_id;
  if (path.startsWith('/tickets/')) return thing.ticket_id;
  if (path.startsWith('/voicemails/')) return thing.voicemail_id;
  if (path.startsWith('/callbacks/')) return thing.callback_id;
  if (path.startsWith('/contacts/')) return thing.contact_id;
  if (name === 'user_id' || path.startsWith('/settings/users/')) return thing.user_id;
  if (path.startsWith('/settings/teams/')) return thing.team_id;
  if (path.startsWith('/settings/skill-groups/')) return thing.skill_group_id;
  if (path.startsWith('/settings/queues/')) return thing.queue_id;
  if (path.startsWith('/settings/flows/')) return thing.flow_id;
  if (path.startsWith('/settings/reasons/')) return thing.reason_id;
  if (path.startsWith('/settings/wrap-up-codes/')) return 'answered';
  if (name === 'center_id' || path.startsWith('/settings/centers/')) return thing.center_id;
  if (path.startsWith('/settings/calendars/')) return thing.calendar_id;
  if (path.startsWith('/settings/connectors/')) return thing.connector_id;
  if (name === 'version' && path.startsWith('/knowledge/')) return 1;
  if (path.startsWith('/knowledge/classes/')) return thing.kb_class_id;
  if (path.startsWith('/knowledge/')) return thing.kb_entry_id;
  if (path.startsWith('/settings/keys/')) return thing.key_id;
  if (name === 'kind') return 'trunk';
  if (path.startsWith('/settings/number-list')) return thing.number_entry_id;
  if (path.startsWith('/settings/routes/')) return thing.trunk_id; // the region's alone, whatever the number
  if (path.startsWith('/taxpayers/')) return thing.taxpayer_id;
  if (path.startsWith('/settings/offices/')) return thing.office_id;
  if (path.startsWith('/settings/bots/shares/')) return thing.center_id;
  if (path.startsWith('/settings/bots/nodes/')) return thing.trunk_id;
  if (path.startsWith('/settings/trunks/')) return thing.trunk_id;
  if (name === 'source') return 'from_12366';
  if (name === 'code') return 'greeting';
  if (name === 'number') return thing.words[2];
  throw new Error(`the test knows no id for ${name} of ${path}: say what another center's would be`);
}

async function ask(person, route, path) {
  const schema = route.requestBody?.content?.['application/json']?.schema;
  const headers = (route.parameters ?? []).some((p) => p.name === 'If-Match') ? { 'if-match': '"1"' } : {};
  return person.raw(route.method, path, schema ? sample(schema) : undefined, headers);
}

export function assertSilent(answer, thing, what, echoed = '') {
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  for (const word of thing.words)
    if (word !== echoed) assert.ok(!text.includes(word), `${what} tells ${word}: ${text.slice(0, 400)}`);
}

// No row of another center anywhere in a document.
export function assertOwn(value, centers, what) {
  if (Array.isArray(value)) value.forEach((v) => assertOwn(v, centers, what));
  else if (value && typeof value === 'object') {
    if (Number.isInteger(value.center_id)) assert.ok(centers.includes(value.center_id), `${what}: a row of center ${value.center_id}: ${JSON.stringify(value).slice(0, 300)}`);
    Object.values(value).forEach((v) => assertOwn(v, centers, what));
  }
}

// Tries every route that takes an id, or names a center, with those of thing. Gives for each what was asked, the answer
// and what it told: undefined when it was refused in silence.
export async function* attempts(person, api, thing) {
  for (const route of routes(api)) {
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
    const byCenter = (route.parameters ?? []).some((p) => p.in === 'query' && p.name === 'center_id');
    if ((!names.length || names.includes('code')) && !byCenter) continue;
    let path = route.path;
    for (const name of names) path = path.replace(`{${name}}`, idFor(route.path, name, thing));
    const query = byCenter ? `?center_id=${thing.center_id}${route.path.startsWith('/reports') ? `&${today()}` : ''}` : '';
    const answer = await ask(person, route, path + query);
    yield { name: `${route.method} ${route.path}`, what: `${route.method} ${path}`, path, answer, told: whatItTold(route.path, path, names, answer, thing) };
  }
}

// A number is nobody's: what is known of it is. Of calls an agent has his own only: any other id is stale. A draft is
// the writer's, whatever the call.
function whatItTold(route, path, names, answer, thing) {
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  const word = thing.words.find((w) => text.includes(w) && !path.includes(w));
  const about = `${answer.status} ${text.slice(0, 300)}`;
  if (word) return `told ${word}: ${about}`;
  if ([403, 404].includes(answer.status)) return undefined;
  if (names.includes('number') && answer.status === 200 && !answer.body.calls.length && !answer.body.records.length) return undefined;
  if (route.startsWith('/agent/calls/') && answer.status === 409 && answer.body.code === 'call.stale') return undefined;
  if (route.startsWith('/drafts/') && answer.status === 204) return undefined;
  if (route === '/agent/calls/{call_id}/flows' && answer.status === 200 && !answer.body.items.length) return undefined;
  return about;
}
