// The main job from the INVITE to the report, on real parts: SIP caller with sound, the daemon, PostgreSQL,
// an agent with a browser-like line, supervisors. What a browser adds to it: tests/browser/story.test.mjs.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { AT_ONCE_MS, Caller, Person, Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';

const NANNING = '07711236601';
const CALLER = '13877100001';
let region;
let agent, leader, liuzhou, supervisor;
let number = 0;

before(async () => {
  region = await Region.start();
  leader = await Person.signIn(region, 'nanning', 'leader');
  liuzhou = await Person.signIn(region, 'liuzhou', 'leader');
  supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
  await Promise.all([leader.listen(), liuzhou.listen(), supervisor.listen()]);
  agent = await Agent.start(region, 'nanning', 'a1001', { lineArgs: ['--tone', '1000', '--detect-tone', '440'], ready: false });
});
after(async () => {
  await agent?.close();
  await Promise.all([leader, liuzhou, supervisor].map((p) => p?.close()));
  await region?.stop();
});

// One call up to the moment the agent's page rings. Gives {caller, call}.
async function ringing(options = {}) {
  const caller = Caller.start(region, { from: CALLER, to: NANNING, args: ['--keys', '1', '--tone', '440', '--detect-tone', '1000', ...(options.args || [])] });
  const document = await agent.ring();
  return { caller, call: document.call };
}

test('the whole story of one call (GEN-01, SCN-01, SCN-02, CC-01, CC-06, CC-09, REG-02)', async (story) => {
  // Each chapter needs those before it: after a failure the rest is not tried.
  const t = { test: (name, chapter) => story.test(name, async () => { if (failed) throw new Error('a chapter before failed'); failed = true; await chapter(); failed = false; }) };
  let failed = false;
  let caller, callId, record;
  const began = Date.now();

  await t.test('a caller hears the city greet before anybody is there, presses 1 and waits with music (IVR-02, IVR-03)', async () => {
    caller = Caller.start(region, { from: CALLER, to: NANNING, args: ['--keys', '1', '--tone', '440', '--detect-tone', '1000', '--hear', join(region.dir, 'heard.wav')] });
    await caller.waitFor('answered');
    await caller.waitFor('audio'); // the greeting is heard
    await caller.waitFor('key_sent');
    await leader.waitFor('queue', (q) => q.name === '咨询' && q.waiting === 1);
    const { data } = leader.seen('waiting', (w) => w.calls.length === 1);
    assert.equal(data.calls[0].caller_no, '138****0001');
  });

  await t.test('as soon as the agent is free his page rings with who calls, from where, which number, which path (CC-06, ACD-03, CC-04)', async () => {
    const free = Date.now();
    await agent.ready();
    const rung = await agent.waitState('ring');
    assert.ok(rung.at - free < AT_ONCE_MS, `rang after ${rung.at - free} ms`);
    const call = rung.data.call;
    callId = call.call_id;
    assert.equal(call.caller_no, CALLER);
    assert.equal(call.called_no, NANNING);
    assert.match(call.caller_place, /南宁/);
    assert.equal(call.queue_name, '咨询');
    assert.deepEqual(call.ivr_path.map((k) => [k.menu, k.key, k.result]), [['主菜单', '1', 'ok']]);
    assert.ok(call.offer_reason, 'says why this agent (ACD-07)');
    const history = await agent.person.get(`/callers/${call.caller_no}/history`);
    assert.equal(history.place.city, '南宁');
  });

  await t.test('answered, the number of the agent is announced to both, then both hear each other (CC-09)', async () => {
    await agent.answer(callId);
    await agent.waitState('talk');
    await caller.waitFor('tone'); // the agent's 1000 Hz
    await agent.line.waitFor('tone'); // the caller's 440 Hz
    const talking = agent.document.call;
    assert.ok(talking.answered_ms >= talking.ring_ms);
    await leader.waitFor('seat', (s) => s.agent_no === '1001' && s.state === 'talk' && s.call.party_no === '138****0001');
  });

  await t.test('the registration is saved while talking; center, source and creator come from the call (REG-04, REG-05, REG-06)', async () => {
    const dictionaries = await agent.person.get('/dictionaries');
    record = await agent.person.post('/records', {
      id: randomUUID(), call_id: callId, caller_no: CALLER, caller_name: '黄先生', caller_city: '450100', problem_city: '450100',
      category: dictionaries.categories[0].code, title: '增值税申报期限', content: '咨询小规模纳税人申报期限', answer: '按季申报,次月十五日前',
      method: 'direct', urgency: 'normal', same_day: true,
    });
    assert.match(record.record_no, /^\d+$/);
    const saved = await agent.person.get(`/records/${record.id}`);
    assert.equal(saved.unit_type, 'self');
    assert.equal(saved.agent_no, '1001');
    assert.equal(saved.call_id, callId);
  });

  await t.test('the caller hangs up; the agent is in wrap-up, saves the summary and is ready again (CC-10, CC-14)', async () => {
    await caller.hangUp();
    const acw = await agent.waitState('acw');
    assert.equal(acw.data.call.call_id, callId);
    await agent.person.put(`/agent/calls/${callId}/wrap-up`, { code: '', note: '已答复' });
    await agent.done();
    await agent.waitState('ready');
  });

  await t.test('the call log has the call with its path, offer, recording; the wall and RPT-01 count it, difference 0 (RPT-01, MON-01, QRY-05)', async () => {
    const item = await until('the call in the log', async () => (await leader.get('/calls')).items.find((c) => c.call_id === callId && c.outcome === 'answered' && c.record_no));
    assert.equal(item.agent_no, '1001');
    assert.equal(item.record_no, record.record_no);
    assert.equal(item.end_reason, 'caller');
    const detail = await until('recording closed', async () => {
      const call = await leader.get(`/calls/${callId}`);
      return call.recordings[0]?.state === 'closed' && call;
    });
    assert.equal(detail.offers.length, 1);
    assert.ok(detail.offers[0].reason);
    assert.equal(detail.recordings[0].left, 'caller');
    assert.equal(detail.recordings[0].right, 'agent');
    assert.match(detail.recordings[0].sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(detail.quality.map((q) => [q.party, q.transport]).sort(), [['agent', 'line'], ['caller', 'rtp']]);
    for (const quality of detail.quality)
      assert.ok(quality.packets_received > 0 && quality.packets_lost === 0 && quality.mos > 4, JSON.stringify(quality));
    const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
    const report = await leader.get(`/reports/voice_service?from=${today}&to=${today}`);
    assert.equal(report.check, 0);
    assert.equal(report.rows.length, 1);
    assert.equal(report.rows[0].ans, 1);
    await leader.waitFor('today', (d) => d.ans === 1 && d.in === 1);
  });

  await t.test('another city sees none of it anywhere; the region sees it under the city (GEN-03, GEN-04, DATA-01, DATA-05)', async () => {
    assert.deepEqual((await liuzhou.get('/calls')).items, []);
    assert.equal((await liuzhou.raw('GET', `/calls/${callId}`)).status, 404);
    assert.equal((await liuzhou.raw('GET', `/records/${record.id}`)).status, 404);
    const detail = await leader.get(`/calls/${callId}`);
    assert.equal((await liuzhou.raw('GET', `/recordings/${detail.recordings[0].recording_id}/audio`)).status, 404);
    assert.equal((await liuzhou.raw('GET', '/monitor/wall?center_id=2')).status, 403);
    assert.equal((await liuzhou.raw('GET', '/calls?center_id=2')).status, 403);
    assert.ok(!liuzhou.events.some((e) => JSON.stringify(e.data).includes(callId)), 'no event of it');
    assert.ok(!liuzhou.events.some((e) => ['seat', 'waiting', 'queue', 'today'].includes(e.event) && e.data.center_id === 2));
    const seen = (await supervisor.get('/calls')).items.find((c) => c.call_id === callId);
    assert.match(seen.center_name, /南宁/);
    assert.ok(supervisor.events.some((e) => e.event === 'seat' && e.data.center_id === 2 && e.data.state === 'talk'));
  });

  await t.test('one grep for the call tells its story in the log (NFR-04)', () => {
    const story = region.story(callId).join('\n');
    for (const word of ['offered', 'answered']) assert.match(story, new RegExp(word), story);
    assert.ok(Date.now() - began < 120000);
  });
});
