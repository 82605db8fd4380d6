// What a voice bot asked and learnt is on the agent's page before he answers, and in the call's detail; whose it is a city says itself.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Person, Region, until } from '../system/lib/region.mjs';
import { Bot, HEARD, QUESTION_HZ, SAID } from '../system/lib/bot.mjs';
import { Office, WAIT_MS } from './lib/desk.mjs';

const FLOW = { entry: 'bot', nodes: {
  bot: { type: 'bot', next: 'human', done: 'end', off: 'human' },
  human: { type: 'queue', queue: 'consult', on_full: 'end', on_no_agent: 'end', on_wait_over: 'end' },
  end: { type: 'hangup', reason: 'done' },
} };
let region, office, agent, leader, chief, bot, caller;
before(async () => {
  region = await Region.start();
  const [boss, admin] = [await Person.signIn(region, 'guangxi', 'admin'), await Person.signIn(region, 'nanning', 'admin')];
  bot = await Bot.start();
  await boss.post('/settings/bots/nodes', { name: '机器人一', host: '127.0.0.1', port: bot.port });
  await boss.put('/settings/bots/shares/2', { allowed: true }, { 'if-match': '"1"' });
  await admin.put('/settings/bots/shares/2/policy', { policy: 'always' }, { 'if-match': '"2"' });
  const flow = (await admin.get('/settings/flows')).items.find((f) => f.code === 'main');
  await admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: FLOW, note: '机器人' }, { 'if-match': `"${flow.version}"` });
  await region.configured();
  office = await Office.open();
});
after(async () => {
  caller?.kill();
  await office?.close();
  bot?.close();
  await region?.stop();
});

test('what a voice bot learnt, by its pages (NLU-02, NLU-06)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('NLU-02 while it rings the agent reads what was said, the slots and the intent; his form has the taxpayer number', async () => {
    [agent, leader, chief] = [await office.desk(region), await office.desk(region), await office.desk(region)];
    await agent.signIn('nanning', 'a1001');
    await agent.takeLine();
    await agent.ready();
    caller = Caller.start(region, { from: '13877100001', to: '07711236601', args: ['--detect-tone', String(QUESTION_HZ)] });
    await caller.waitFor('tone');
    caller.say('key 1');
    await until('a round', () => [...bot.sessions.values()][0]?.rounds === 1, WAIT_MS);
    caller.say('key 0');
    await agent.see('ringing');
    await agent.see('bot-card', '转人工 · 1 轮');
    await agent.see('bot-intent', '退税进度');
    await agent.see('bot-slots', '纳税人识别号');
    await agent.see('bot-slots', '2026-10');
    const turns = await agent.el('bot-turns').innerText();
    assert.ok(turns.indexOf(HEARD) > 0 && turns.indexOf(SAID) > turns.indexOf(HEARD), turns);
    await agent.page.keyboard.press('F2');
    await agent.see('agent-state', '通话中');
    await agent.see('record-said', '已带入机器人问得的内容');
    assert.equal(await agent.el('taxpayer-no').inputValue(), '91450100MA5KABCD1X');
    await agent.see('bot-turns', HEARD);
    await agent.shot('workbench-bot');
    await agent.axeBothThemes('workbench-bot');
    await caller.hangUp();
    await agent.see('agent-state', '整理');
    await agent.see('bot-turns', HEARD);
  });

  await chapter('NLU-02 it is in the call\'s detail', async () => {
    await leader.signIn('nanning', 'admin');
    await leader.visit('bots');
    await leader.see('figures-2', '南宁');
    await until('one session', async () => {
      await leader.el('bot-load').click();
      return /\b1\b/.test(await leader.el('figures-2').innerText());
    }, WAIT_MS);
    assert.match(await leader.el('figures-2').innerText(), /退税进度 1/);
    await leader.el('sessions-2').click();
    await leader.see('bot-sessions', '转人工');
    await leader.el('bot-sessions').getByRole('button').click();
    await leader.see('bot-turns', HEARD);
    await leader.see('bot-slots', '91450100MA5KABCD1X');
    await leader.shot('settings-bot-sessions');
    await leader.axeBothThemes('settings-bot-sessions');
    await leader.fits('settings-bot-sessions');
  });

  await chapter('NLU-06 the region sees nothing of it until the city shares it', async () => {
    await chief.signIn('guangxi', 'admin');
    await chief.visit('bots');
    await chief.see('figures-2', '仅本中心可见');
    await leader.see('data-2', '仅本中心');
    await leader.el('data-edit-2').focus();
    await leader.page.keyboard.press('Enter');
    await leader.see('data-form');
    await leader.choose('data-data', '与自治区共享');
    await leader.el('data-save').click();
    await leader.gone('data-form');
    await leader.see('data-2', '与自治区共享');
    await chief.el('bot-load').click();
    await chief.see('figures-2', '退税进度 1');
    await chief.el('sessions-2').click();
    await chief.el('bot-sessions').getByRole('button').click();
    await chief.see('bot-turns', HEARD);
  });
});
