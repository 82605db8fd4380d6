// Fifteen centers on one system: each number is answered by its own center, and a city's calls, agents and
// groups never meet those of another.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { CITIES, Office, QUICK_FLOW } from './lib/office.mjs';
import { RATE, findSound, readWav } from './lib/sound.mjs';

const CENTERS = [{ code: 'guangxi', id: 1, number: '12366' }, ...CITIES];
let region;
before(async () => { region = await Region.start(); });
after(async () => {
  if (process.env.KEEP_LOG && region) writeFileSync(process.env.KEEP_LOG, region.log);
  await region?.stop();
});

test('GEN-01 IVR-02 CH-01 each of the 15 numbers is answered by its own center\'s greeting, 15 different ones, and stored under that center', async () => {
  const greetings = CENTERS.map(({ code }) => readWav(join(region.dir, 'state/prompts', code, 'greeting-1.wav')));
  const longest = Math.max(...greetings.map((g) => g.length)) / RATE;
  const heard = [];
  for (let i = 0; i < CENTERS.length; i += 5) { // five at a time: two cores are enough for that
    const part = CENTERS.slice(i, i + 5);
    const callers = part.map(({ code, number }, k) => Caller.start(region, { from: `1387710${1000 + i + k}`, to: number,
      args: ['--hear', join(region.dir, `${code}.wav`), '--talk', String(Math.ceil(longest) + 1)] }));
    assert.deepEqual(await Promise.all(callers.map((c) => c.exited)), part.map(() => 0));
    for (const { code } of part) heard.push(readWav(join(region.dir, `${code}.wav`)).subarray(0, Math.ceil((longest + 1) * RATE)));
  }
  // Whose greeting is it? The text of each is different from the first second on, so the whole is compared:
  // pieces of a fifth of a second all along the greeting, at the same places.
  const score = (h, g) => {
    const scores = [];
    for (let at = RATE; at + RATE / 2 <= g.length; at += RATE / 2) scores.push(findSound(h.subarray(Math.max(0, at - RATE / 4), at + RATE), g.subarray(at, at + RATE / 2)).score);
    return scores.reduce((a, b) => a + b, 0) / scores.length;
  };
  CENTERS.forEach(({ code }, i) => {
    const scores = greetings.map((g) => score(heard[i], g));
    assert.ok(scores[i] > 0.9, `${code} greets with its own words: ${scores[i].toFixed(3)}`);
    scores.forEach((s, k) => assert.ok(k === i || s < 0.85, `${code} does not sound as ${CENTERS[k].code}: ${s.toFixed(3)}`));
  });
  for (let i = 0; i < CENTERS.length; i++)
    for (let k = 0; k < i; k++)
      assert.ok(score(heard[i], heard[k].subarray(0, greetings[k].length)) < 0.85, `${CENTERS[i].code} and ${CENTERS[k].code} were heard to say different things`);
  await until('15 calls stored', () => region.sql("SELECT count(*) FROM call WHERE outcome <> 'open'") === '15');
  const rows = JSON.parse(region.sql('SELECT json_agg(json_build_array(center_id, called_no, entry_code) ORDER BY center_id) FROM call'));
  assert.deepEqual(rows, CENTERS.map((c) => [c.id, c.number, c.number]));
});

// Five menus deep, each with back and main menu.
function deepFlow() {
  const nodes = { bye: { type: 'hangup', prompt: 'goodbye', reason: 'done' }, failed: { type: 'hangup', prompt: 'all_busy', reason: 'done' } };
  for (let level = 1; level <= 6; level++)
    nodes[`m${level}`] = { type: 'menu', name: `第${level}层`, prompt: 'beep', timeout_ms: 1000, retries: 2, failed: 'failed',
      keys: { 1: level < 6 ? `m${level + 1}` : 'bye', '*': '@back', 0: '@main' } };
  return { entry: 'm1', nodes };
}

test('IVR-03 menus six levels deep: back and main menu from any level; wrong and missing keys are retried and then lead to the set target', async () => {
  const office = await Office.open(region, 'hechi', { flow: deepFlow() });
  try {
    const caller = office.call('1,1,1,1,1,*,*,0,1,*');
    const sent = '11111**01*'.length;
    await until('all keys', () => caller.events.filter((e) => e.event === 'key_sent').length === sent, 40000);
    await caller.exited; // no key any more: asked twice more, then the target
    const path = (await office.detail(caller, (c) => c.outcome !== 'open')).ivr_path;
    const expected = [['第1层', '1'], ['第2层', '1'], ['第3层', '1'], ['第4层', '1'], ['第5层', '1'], ['第6层', '*'], ['第5层', '*'], ['第4层', '0'], ['第1层', '1'], ['第2层', '*'],
      ['第1层', ''], ['第1层', ''], ['第1层', '']];
    // A comma waits longer than a menu's patience: silences between keys are in the path, too.
    assert.deepEqual(path.filter((k) => k.result === 'ok').map((k) => [k.menu, k.key]), expected.filter(([, key]) => key));
    assert.deepEqual(path.slice(-3).map((k) => [k.menu, k.key, k.result]), expected.slice(-3).map(([menu]) => [menu, '', 'no_input']));
    assert.equal((await office.row(caller)).outcome, 'ivr_self', 'the target was reached');
    const wrong = office.call('777');
    await wrong.exited;
    const wrongPath = (await office.detail(wrong, (c) => c.outcome !== 'open')).ivr_path;
    assert.deepEqual(wrongPath.map((k) => [k.menu, k.key, k.result]), [['第1层', '7', 'invalid'], ['第1层', '7', 'invalid'], ['第1层', '7', 'invalid']]);
    assert.equal((await office.row(wrong)).outcome, 'ivr_self');
  } finally {
    await office.close();
  }
});

test('SCN-01 14 × 14: with an agent of every city ready at once, a call to each city\'s number rings that city\'s agent and nobody else', async () => {
  const chief = await Person.signIn(region, 'guangxi', 'admin');
  await chief.listen();
  const { items } = await chief.get('/settings/flows');
  for (const { id: center } of CITIES) {
    const flow = items.find((f) => f.center_id === center && f.code === 'main');
    const { version } = await chief.get(`/settings/flows/${flow.id}`);
    await chief.call('POST', `/settings/flows/${flow.id}/publish`, { document: QUICK_FLOW, note: '测试' }, { 'if-match': `"${version}"` });
  }
  const revision = region.nextRevision();
  await chief.waitFor('directory', (d) => d.revision >= revision);
  const agents = await Promise.all(CITIES.map(({ code }) => Agent.start(region, code, 'a1001')));
  try {
    assert.equal(new Set(agents.map((a) => a.person.me.user.agent_no)).size, 1, 'the same agent number in all cities');
    assert.ok(agents.every((a) => a.document.state === 'ready'));
    for (const [i, city] of CITIES.entries()) {
      const before = agents.map((a) => a.person.events.length);
      const caller = Caller.start(region, { from: `1397800${1000 + i}`, to: city.number, args: ['--keys', '1'] });
      const call = (await agents[i].ring()).call;
      assert.deepEqual([call.called_no, call.center_id, call.caller_no], [city.number, city.id, `1397800${1000 + i}`]);
      await caller.hangUp(); // everybody else stayed idle all the time
      await until('idle again', () => agents[i].document.state === 'ready');
      agents.forEach((a, k) => assert.deepEqual(a.person.events.slice(before[k]).filter((e) => e.event === 'agent' && e.data.state === 'ring').length > 0, k === i, `${city.code} at ${CITIES[k].code}`));
    }
    // All at once.
    const before = agents.map((a) => a.person.events.length);
    const callers = CITIES.map((city, i) => Caller.start(region, { from: `1397801${1000 + i}`, to: city.number, args: ['--keys', '1'] }));
    await until('all ring', () => agents.every((a) => a.document.state === 'ring'));
    agents.forEach((a, i) => assert.equal(a.document.call.called_no, CITIES[i].number));
    await Promise.all(callers.map((c) => c.hangUp()));
    await until('all idle', () => agents.every((a) => a.document.state === 'ready'));
    agents.forEach((a, i) => assert.deepEqual([...new Set(a.person.events.slice(before[i]).filter((e) => e.event === 'agent' && e.data.call).map((e) => e.data.call.called_no))], [CITIES[i].number]));
    await until('stored', () => region.sql("SELECT count(*) FROM offer WHERE outcome = 'caller_left'") === '28');
    assert.equal(region.sql('SELECT count(*) FROM offer o JOIN call c USING (call_id) JOIN app_user u ON u.id = o.user_id WHERE c.center_id <> u.center_id OR o.center_id <> u.center_id'), '0');
  } finally {
    await Promise.all(agents.map((a) => a.close()));
    await chief.close();
  }
});

test('ACD-04 ACD-05 queues of the same name stay apart; a city\'s administrator cannot put people into another city\'s queue, nor others\' into his', async () => {
  const [nanning, liuzhou, chief] = [await Person.signIn(region, 'nanning', 'admin'), await Person.signIn(region, 'liuzhou', 'admin'), await Person.signIn(region, 'guangxi', 'admin')];
  const queues = async (person) => (await person.get('/settings/queues')).items;
  const [mine, his] = [await queues(nanning), await queues(liuzhou)];
  assert.deepEqual(mine.map((q) => q.name).sort(), his.map((q) => q.name).sort(), 'the same names');
  assert.ok(mine.every((q) => q.center_id === 2) && his.every((q) => q.center_id === 3), 'each sees his own');
  assert.deepEqual(mine.map((q) => q.id).filter((id) => his.some((q) => q.id === id)), []);
  const userOf = async (person, login) => (await person.get('/settings/users')).items.find((u) => u.login === login && u.center_id === person.me.center.id);
  const [a, b] = [await userOf(nanning, 'a1003'), await userOf(liuzhou, 'a1003')];
  assert.equal(a.agent_no, b.agent_no);
  const consult = (list) => list.find((q) => q.code === 'consult');
  const put = (person, queue, user) => person.raw('PUT', `/settings/queues/${queue.id}/members/${user.id}`, { weight: 50 });
  assert.equal((await put(nanning, consult(his), a)).status, 404, 'my agent into his queue');
  assert.equal((await put(nanning, consult(his), b)).status, 404, 'his agent into his queue');
  const foreign = await put(nanning, consult(mine), b);
  assert.ok([404, 422].includes(foreign.status), `his agent into my queue: ${foreign.status}`);
  assert.equal(region.sql('SELECT count(*) FROM queue_member m JOIN queue q ON q.id = m.queue_id JOIN app_user u ON u.id = m.user_id WHERE q.center_id <> u.center_id'), '0');
  assert.equal(region.sql('SELECT count(*) FROM skill_group_member m JOIN skill_group g ON g.id = m.skill_group_id JOIN app_user u ON u.id = m.user_id WHERE g.center_id <> u.center_id'), '0');
  // A change of one city's queue leaves the other's of the same name as it was.
  const queue = consult(mine);
  await nanning.put(`/settings/queues/${queue.id}`, { max_length: 7, name: '咨询专线' }, { 'if-match': `"${queue.version}"` });
  assert.deepEqual(((q) => [q.name, q.max_length, q.version])(consult(await queues(liuzhou))), [consult(his).name, consult(his).max_length, consult(his).version]);
  assert.equal((await chief.get('/settings/queues')).items.filter((q) => q.code === 'consult').length, 15, 'the region sees all');
});
