// An agent asks a colleague, both in real Chromium, with a caller outside: who hears whom is measured at all three.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Called, Caller, Region, until } from '../system/lib/region.mjs';
import { AGENT_HZ, Office, WAIT_MS } from './lib/desk.mjs';

const CALLER_HZ = 440;
const OUTSIDE_HZ = 697; // as a browser's microphone says nothing of the kind
let region, office, agent, other, caller, called;

before(async () => {
  region = await Region.start();
  office = await Office.open();
});
after(async () => {
  caller?.kill();
  called?.kill();
  await office?.close();
  await region?.stop();
});

const tones = () => caller.events.filter((e) => e.event === 'tone').length;
const ends = () => caller.events.filter((e) => e.event === 'tone_end').length;
const callerHears = (on) => until(`the caller hears an agent: ${on}`, () => (tones() > ends()) === on, WAIT_MS);
const ask = async () => {
  await agent.page.keyboard.press('Alt+c');
  await until('the list of colleagues', () => agent.page.getByRole('group', { name: '向哪位同事磋商' }).isVisible(), WAIT_MS);
  await agent.page.keyboard.press('Enter');
  await agent.see('consult-state', /^正在呼叫 1002/);
};

test('an agent asks a colleague while a caller is there (XFER-03, XFER-04, CC-13, CC-18, CC-21)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('both sit down; one talks with a caller', async () => {
    [agent, other] = [await office.desk(region), await office.desk(region)];
    for (const [desk, login] of [[agent, 'a1001'], [other, 'a1002']]) {
      await desk.signIn('nanning', login);
      await desk.takeLine();
    }
    await agent.ready();
    caller = Caller.start(region, { to: '07711236601', args: ['--keys', '1', '--tone', String(CALLER_HZ), '--detect-tone', String(AGENT_HZ)] });
    await agent.see('answer');
    await agent.page.keyboard.press('F2');
    await caller.waitFor('tone', undefined, WAIT_MS);
    await agent.hearsTone(CALLER_HZ);
  });

  await chapter('held longer than the center allows, the agent is warned until he takes the caller back (CC-21)', async () => {
    region.sql('INSERT INTO desk_setting (center_id, hold_warn_s) VALUES (2, 2)');
    await region.configured();
    await until('the page knows', () => agent.page.evaluate(async () => (await (await fetch('/api/v1/dictionaries')).json()).hold_warn_s === 2), WAIT_MS);
    await agent.page.keyboard.press('Alt+h');
    await agent.see('held', '保持中');
    const from = Date.now();
    await callerHears(false);
    await agent.hearsNothing();
    assert.equal(await agent.el('band-held').count(), 0, 'not yet');
    await agent.see('band-held', '对方已保持超过 2 秒');
    assert.ok(Date.now() - from > 1000);
    await agent.see('held', '▲');
    await agent.shot('workbench-held-long', false);
    await agent.axeBothThemes('workbench-held-long');
    await agent.fits('workbench-held-long');
    await agent.page.keyboard.press('Alt+h');
    await agent.gone('band-held');
    await agent.hearsTone(CALLER_HZ);
    await callerHears(true);
  });

  await chapter('the colleague rings; the caller hears music, and neither of the two', async () => {
    await ask();
    await callerHears(false);
    await other.see('answer');
    await agent.shot('consult-ringing');
    await other.page.keyboard.press('F2');
    await agent.see('consult-state', /^磋商 1002/);
    await other.see('consult-state', /^1001 .* 与您磋商/);
    await agent.hearsTone(AGENT_HZ); // both microphones say the same
    await other.hearsTone(AGENT_HZ);
    assert.equal(tones(), ends(), 'the caller hears none of it');
    await agent.shot('consult-talking');
    await agent.axeBothThemes('consult');
    await agent.fits('consult');
  });

  await chapter('taken back: caller and agent hear each other, the colleague is free', async () => {
    await agent.el('consult-end').click();
    await callerHears(true);
    await agent.hearsTone(CALLER_HZ);
    await other.see('agent-state', '示忙');
    await other.hearsNothing();
  });

  await chapter('asked again, three talk; the colleague leaves and the call goes on', async () => {
    await ask();
    await other.see('answer');
    await other.page.keyboard.press('F2');
    await agent.see('consult-state', /^磋商 1002/);
    await agent.el('consult-join').click();
    await other.see('consult-state', /^三方通话 1001/);
    await callerHears(true);
    await other.page.keyboard.press('F3'); // only the caller and the first agent are heard now
    await agent.hearsTone(CALLER_HZ);
    await other.page.keyboard.press('F4');
    await other.see('agent-state', '示忙');
    await agent.hearsTone(CALLER_HZ);
    await callerHears(true);
  });

  await chapter('somebody outside is asked by keyboard, three talk, he is sent away (CC-18, XFER-04)', async () => {
    called = await Called.start(region, { args: ['--answer-after', '-1', '--count', '0', '--tone', String(OUTSIDE_HZ), '--detect-tone', String(AGENT_HZ)] });
    await region.outside(called);
    await agent.page.keyboard.press('Alt+c');
    await agent.see('whom-panel', /磋商/);
    await agent.el('whom-text').fill('138 7710 0009');
    await agent.see('whom-number', /^外部号码 138 7710 0009/);
    await agent.shot('whom');
    await agent.axeBothThemes('whom');
    await agent.page.keyboard.press('Enter');
    await agent.see('consult-state', /^正在呼叫 138 7710 0009/);
    await callerHears(false);
    await called.waitFor('invited', undefined, WAIT_MS);
    called.say('answer');
    await agent.see('consult-state', /^磋商 138 7710 0009/);
    await agent.hearsTone(OUTSIDE_HZ);
    await called.waitFor('tone', undefined, WAIT_MS);
    assert.equal(tones(), ends(), 'the caller hears none of it');
    await agent.el('consult-join').click();
    await agent.see('consult-state', /^三方通话 138 7710 0009/);
    await agent.see('consult-release', '请对方退出');
    await agent.shot('three-outside');
    await agent.el('consult-end').click();
    await agent.gone('consult-state');
    await agent.hearsTone(CALLER_HZ);
    await callerHears(true);
  });

  await chapter('who is busy outside is said; help with three: the caller hears the helper (XFER-02)', async () => {
    await agent.page.keyboard.press('Alt+c');
    await agent.el('whom-text').fill('13877100010');
    await agent.page.keyboard.press('Enter');
    await agent.see('consult-state', /^正在呼叫/);
    await until('called again', () => called.events.filter((e) => e.event === 'invited').length === 2, WAIT_MS);
    called.say('refuse 486');
    await agent.see('consult-failed', '未接通：对方占线');
    await agent.page.keyboard.press('Alt+t');
    await agent.el('way-three').click();
    await agent.el('whom-text').fill('1002');
    await agent.page.keyboard.press('Enter');
    await other.see('answer');
    await agent.hearsTone(CALLER_HZ); // the talk goes on meanwhile
    await other.page.keyboard.press('F2');
    await agent.see('consult-state', /^三方通话 1002/);
    await agent.page.keyboard.press('F3'); // only the helper is heard now
    await callerHears(true);
    await agent.page.keyboard.press('F3');
    await other.page.keyboard.press('F4');
    await agent.gone('consult-state');
    await agent.hearsTone(CALLER_HZ);
  });

  await chapter('somebody of the address book is asked by name (CC-02)', async () => {
    region.sql("INSERT INTO contact (id, center_id, owner_id, name, unit, numbers) VALUES (gen_random_uuid(), 2, NULL, '覃科长', '第二税务分局', '{07722839999}')");
    await agent.page.keyboard.press('Alt+c');
    await agent.el('whom-text').fill('覃科');
    await agent.see('whom-panel', /覃科长 第二税务分局\s*07722839999/);
    await agent.shot('whom-contact', false);
    await agent.page.keyboard.press('Enter');
    await until('his telephone rings', () => called.seen('invited', (e) => e.to === '07722839999'), WAIT_MS);
    called.say('refuse 486');
    await agent.see('consult-failed', '未接通：对方占线');
    await agent.hearsTone(CALLER_HZ);
  });

  await chapter('passed on blind to a colleague, who is told by whom and does not take it: the caller is back', async () => {
    await agent.page.keyboard.press('Alt+t');
    await agent.el('whom-text').fill('1002');
    await agent.page.keyboard.press('Enter');
    await other.see('pass-state', /^1001 .* 转来/);
    await agent.see('pass-state', /^正转往 1002/);
    await agent.shot('passing');
    await other.page.keyboard.press('F4');
    await agent.see('agent-state', '通话中');
    await agent.hearsTone(CALLER_HZ);
    await callerHears(true);
  });

  await chapter('asked once more and passed on: the caller is with the colleague, the agent sums up', async () => {
    await ask();
    await other.see('answer');
    await other.page.keyboard.press('F2');
    await agent.see('consult-state', /^磋商 1002/);
    await callerHears(false);
    await agent.el('consult-complete').click();
    await agent.see('agent-state', '整理');
    await callerHears(true);
    await other.hearsTone(CALLER_HZ);
  });

  await chapter('the colleague sends the caller to a menu and back by keyboard: neither hears the other meanwhile (CC-15)', async () => {
    await other.page.keyboard.press('Alt+i');
    await until('the list of menus', () => other.page.getByRole('group', { name: '转入的菜单或流程' }).isVisible(), WAIT_MS);
    await other.shot('flow-menu');
    await other.fits('flow-menu');
    await other.page.getByRole('button', { name: /^主菜单.*办完返回$/ }).first().click();
    await other.see('flow-state', /^来电人在“主菜单”/);
    await callerHears(false);
    await other.shot('flow-away');
    await other.axeBothThemes('flow-away');
    await other.el('flow-end').click();
    await other.gone('flow-state');
    await other.hearsTone(CALLER_HZ);
    await callerHears(true);
    await caller.hangUp();
    await other.see('agent-state', '整理');
  });

  await chapter('the call is one readable path: menu, queue, hold, consultations, those outside, passing on, the flow (CC-13, XFER-04)', async () => {
    await until('all in the books', () => region.sql("SELECT count(*) FROM talk WHERE t_rel IS NULL") === '0' && region.sql("SELECT count(*) FROM outside_leg") === '3', WAIT_MS);
    const row = other.page.getByRole('region', { name: '我的通话' }).locator('tbody tr').first();
    await until('in his list', async () => /人工接通/.test(await row.innerText()), WAIT_MS);
    await row.getByRole('button', { name: /详情/ }).click();
    await other.see('story', '来电人挂机');
    const story = (await other.text('story')).replaceAll(/\s+/g, ' ');
    const wanted = [/呼入 07711236601/, /主菜单 按 1/, /进入队列 咨询 等待/, /接听 工号 1001/, /保持 工号 1001 .*? [2-9] 秒/, /磋商 工号 1002/, /磋商外部号码 13877100009/, /外部一方接通 13877100009 通话 .*? 有三方通话/,
      /磋商外部号码 13877100010 .*?对方占线/, /求助 工号 1002/, /磋商外部号码 07722839999 .*?对方占线/, /转接到 工号 1002/, /转IVR（办完返回） 主菜单 .*?坐席取回/, /结束 来电人挂机/];
    let at = 0;
    for (const step of wanted) {
      const found = step.exec(story.slice(at));
      assert.ok(found, `${step} after ${story.slice(0, at)} in ${story.slice(at)}`);
      at += found.index;
    }
    await other.shot('call-path', false);
    await other.axeBothThemes('call-path');
    await other.fits('call-path');
  });

  const idle = async (desk) => {
    await until(`${desk.name} may work`, async () => (await desk.el('ready').count()) === 1 || /空闲/.test(await desk.text('agent-state')), WAIT_MS);
    if (await desk.el('ready').count()) await desk.ready();
  };
  const busy = async (desk) => {
    await desk.el('busy').click();
    await desk.page.getByRole('group', { name: '示忙原因' }).getByRole('button').first().click();
    await desk.see('agent-state', '示忙');
  };
  const WARNING_HZ = 880;
  const own = (fields) => {
    region.sql(`UPDATE app_user SET ${fields} WHERE login = 'a1001' AND center_id = 2`);
    return region.configured();
  };
  const rings = async () => {
    await agent.page.evaluate((hz) => window.ears.catch(hz), WARNING_HZ);
    return () => agent.page.evaluate(() => window.ears.caught.length);
  };

  await chapter('answered by itself after two seconds, with a warning tone before it; switched off, it rings on (CC-07)', async () => {
    await idle(other);
    await busy(other);
    await own('auto_answer_ms = 2000, auto_answer_internal = false');
    await idle(agent);
    const warned = await rings();
    caller = Caller.start(region, { from: '13877100070', to: '07711236601', args: ['--keys', '1', '--tone', String(CALLER_HZ), '--detect-tone', String(AGENT_HZ)] });
    await agent.see('ringing');
    await until('the warning tone in the ear', async () => (await warned()) >= 5, WAIT_MS);
    assert.match(await agent.text('agent-state'), /振铃/, 'before it is answered');
    await agent.see('agent-state', '通话中');
    await agent.hearsTone(CALLER_HZ);
    await caller.waitFor('tone', undefined, WAIT_MS);
    const ring_ms = Number(await until('in the books', () => region.sql("SELECT ring_ms FROM offer WHERE outcome = 'answered' AND user_id = (SELECT id FROM app_user WHERE login = 'a1001' AND center_id = 2) ORDER BY t_ring DESC LIMIT 1"), WAIT_MS));
    assert.ok(ring_ms >= 2000 && ring_ms < 2500, `${ring_ms} ms`);
  });

  await chapter('F3 pressed twice at once is mute and unmute; held down it is one press', async () => {
    const asked = [];
    agent.page.on('request', (r) => { if (/\/(un)?mute$/.test(r.url())) asked.push(r.url().split('/').at(-1)); });
    for (let i = 0; i < 2; i++) await agent.page.keyboard.press('F3');
    await until('both are asked', () => asked.length === 2, WAIT_MS);
    assert.deepEqual(asked, ['mute', 'unmute']);
    await until('open again', async () => (await agent.el('mute').getAttribute('aria-pressed')) === 'false', WAIT_MS);
    await callerHears(true);
    for (let i = 0; i < 3; i++) await agent.page.keyboard.down('F3');
    await agent.page.keyboard.up('F3');
    await callerHears(false);
    await agent.page.keyboard.press('F3');
    await callerHears(true);
    assert.deepEqual(asked, ['mute', 'unmute', 'mute', 'unmute']);
    await agent.page.keyboard.press('F4');
    await caller.exited;
    await agent.see('agent-state', '整理');
  });

  await chapter('a colleague\'s call is not answered by itself where that is switched off, and is where it is not (CC-07)', async () => {
    await idle(agent);
    await busy(agent);
    await idle(other);
    caller = Caller.start(region, { from: '13877100071', to: '07711236601', args: ['--keys', '1', '--tone', String(CALLER_HZ), '--detect-tone', String(AGENT_HZ)] });
    await other.see('answer');
    await other.page.keyboard.press('F2');
    await callerHears(true); // his number was said
    const askAgent = async () => {
      await other.page.keyboard.press('Alt+c');
      await other.page.getByRole('group', { name: '向哪位同事磋商' }).getByRole('button', { name: /^1001 / }).click();
      await agent.see('band-asked', /工号 1002 [^]*找您磋商[^]*138\*{4}0071/);
    };
    let warned = await rings();
    await askAgent();
    const from = Date.now();
    await agent.shot('asked-by-a-colleague', false);
    await until('longer than it would take', () => Date.now() - from > 3000, WAIT_MS);
    assert.match(await agent.text('agent-state'), /振铃/);
    assert.equal(await warned(), 0);
    await agent.el('asked-reject').click();
    await other.see('consult-failed', '无人接听');
    await own('auto_answer_internal = true');
    warned = await rings();
    await askAgent();
    await agent.see('agent-state', '通话中');
    assert.ok((await warned()) >= 5, 'warned as well');
    await own('auto_answer_ms = 0');
    await caller.hangUp();
  });

  // A caller at the one who is ready; the other is not.
  const talksWith = async (from) => {
    if ((await other.text('agent-state')).includes('整理')) {
      await other.choose('wrap-up-code', '已答复');
      await other.page.keyboard.press('F10');
    }
    await until('not summing up', async () => !(await other.text('agent-state')).includes('整理'), WAIT_MS);
    if (!(await other.text('agent-state')).includes('空闲')) await other.ready();
    caller = Caller.start(region, { from, to: '07711236601', args: ['--keys', '1', '--tone', String(CALLER_HZ), '--detect-tone', String(AGENT_HZ)] });
    await other.see('answer');
    await other.page.keyboard.press('F2');
    await other.hearsTone(CALLER_HZ);
    await callerHears(true);
  };
  const send = async (name) => {
    await other.page.keyboard.press('Alt+i');
    await until('the list of menus', () => other.page.getByRole('group', { name: '转入的菜单或流程' }).isVisible(), WAIT_MS);
    await other.page.getByRole('button', { name }).first().click();
  };

  await chapter('a caller types a number in a flow while the agent waits: the digits are on his page when he is back (CC-15)', async () => {
    const flow = { entry: 'ask', nodes: {
      ask: { type: 'collect', name: '身份验证号', prompt: 'beep', variable: '纳税人识别号', min: 3, max: 8, timeout_ms: 8000, next: 'end', failed: 'end' }, end: { type: 'hangup', reason: 'done' } } };
    region.sql(`WITH f AS (INSERT INTO flow (center_id, code, name, published_version) VALUES (2, 'number', '输入号码', 1) RETURNING id)
      INSERT INTO flow_version (flow_id, version, center_id, document) SELECT id, 1, 2, '${JSON.stringify(flow)}' FROM f;
      INSERT INTO survey_setting SELECT d.* FROM jsonb_populate_record(NULL::survey_setting, survey_defaults(2) || '{"enabled": true, "prompt": "beep", "thanks_prompt": ""}') d`);
    await region.configured();
    await talksWith('13877100021');
    assert.equal(await other.el('typed').count(), 0);
    await send(/^输入号码.*办完返回$/);
    await other.see('flow-state', /^来电人在“number”/);
    await callerHears(false);
    const heard = () => other.page.evaluate(async () => (await (await fetch('/api/v1/agent')).json()).call?.ivr_path.length ?? 0);
    for (const key of '45010#') {
      const before = await heard();
      caller.say(`key ${key}`);
      await until(`key ${key}`, async () => await heard() > before, WAIT_MS);
    }
    await other.gone('flow-state');
    await other.see('typed', /纳税人识别号\s*45010/);
    await callerHears(true);
    await other.hearsTone(CALLER_HZ);
    await other.shot('flow-typed', false);
    await other.axeBothThemes('flow-typed');
    await other.fits('flow-typed');
  });

  await chapter('sent to the main menu for good: the agent sums up, the caller chooses again (CC-15)', async () => {
    await send(/^主菜单.*转出$/);
    await other.see('agent-state', '整理');
    await callerHears(false);
    assert.equal(region.sql("SELECT count(*) FROM call WHERE caller_no = '13877100021' AND outcome = 'open'"), '1', 'he is still there');
    caller.say('key 2');
    await until('he waits for a complaint', () => region.sql("SELECT q.code FROM queue_visit v JOIN queue q ON q.id = v.queue_id JOIN call c USING (call_id) WHERE c.caller_no = '13877100021' ORDER BY v.t_q_in DESC LIMIT 1") === 'complaint', WAIT_MS);
    await caller.hangUp();
    await until('both are written', () => region.sql("SELECT string_agg(mode || ' ' || result, ',' ORDER BY t_start) FROM ivr_transfer v JOIN call c USING (call_id) WHERE c.caller_no = '13877100021'") === 'suspend agent,release queue', WAIT_MS);
  });

  await chapter('the agent has his caller asked: the answer is with call, agent and queue; who says nothing is 未评价, and both are in the detail (CC-11)', async () => {
    for (const [from, key, level] of [['13877100022', '2', '满意'], ['13877100023', '', '未评价']]) {
      await talksWith(from);
      await send(/^满意度调查/);
      await other.see('agent-state', '整理');
      await callerHears(false);
      if (key) caller.say(`key ${key}`);
      else await caller.hangUp();
      await caller.exited;
      await until('written', () => region.sql(`SELECT count(*) FROM survey s JOIN call c USING (call_id) WHERE c.caller_no = '${from}'`) === '1', WAIT_MS);
      assert.equal(region.sql(`SELECT concat_ws(' ', coalesce(s.level::text, '-'), u.agent_no, q.code) FROM survey s JOIN call c USING (call_id) JOIN app_user u ON u.id = s.user_id JOIN queue q ON q.id = s.queue_id WHERE c.caller_no = '${from}'`), `${key ? 4 : '-'} 1002 consult`);
      const row = other.page.getByRole('region', { name: '我的通话' }).locator('tbody tr').first();
      await until('in his list', async () => (await row.innerText()).replaceAll(' ', '').includes(from.slice(-4)), WAIT_MS);
      await row.getByRole('button', { name: /详情/ }).click();
      await other.see('story', level);
    }
    await other.shot('survey-detail', false);
  });
});
