// An agent asks a colleague, both in real Chromium, with a caller outside: who hears whom is measured at all three.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Region, until } from '../system/lib/region.mjs';
import { AGENT_HZ, Office, WAIT_MS } from './lib/desk.mjs';

const CALLER_HZ = 440;
let region, office, agent, other, caller;

before(async () => {
  region = await Region.start();
  office = await Office.open();
});
after(async () => {
  caller?.kill();
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

test('an agent asks a colleague while a caller is there (XFER-03, XFER-04, CC-18)', async (story) => {
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
    await caller.hangUp();
    await other.see('agent-state', '整理');
  });
});
