// The page of busy reasons and wrap-up codes: what an administrator adds there is in the agent's menu at once.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Region, until } from '../system/lib/region.mjs';
import { Office, WAIT_MS } from './lib/desk.mjs';

let region, office, admin, agent, caller;
before(async () => {
  region = await Region.start();
  office = await Office.open();
});
after(async () => {
  caller?.kill();
  await office?.close();
  await region?.stop();
});

const key = async (desk, ...names) => { for (const name of names) await desk.page.keyboard.press(name); };
const focused = (desk) => desk.page.evaluate(() => document.activeElement?.dataset.testid);
const row = (table, text) => admin.el(table).locator('tr', { hasText: text });
const menu = async () => {
  if ((await agent.page.getByRole('group', { name: '示忙原因' }).count()) === 0) await key(agent, 'F9');
  return agent.page.getByRole('group', { name: '示忙原因' }).innerText();
};

test('reasons and wrap-up codes by their page (CC-20, CC-06, CC-21, GEN-10)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('an agent is at work', async () => {
    [agent, admin] = [await office.desk(region), await office.desk(region)];
    await agent.signIn('nanning', 'a1001');
    await agent.takeLine();
    await agent.ready();
    await admin.signIn('nanning', 'admin');
    await admin.visit('reasons');
    await admin.see('reasons', '久不应答');
    await admin.see('codes', '需回拨');
    assert.equal(await row('reasons', '久不应答').getByRole('button').count(), 0, 'the system\'s own has no buttons');
  });

  await chapter('when a hold is too long is the center\'s to say; the agent\'s page has it at once (CC-21)', async () => {
    assert.equal(await admin.el('desk-hold-warn').inputValue(), '60');
    await admin.fill('desk-hold-warn', '4000');
    admin.expect(/settings\/desk.*422/);
    await admin.el('desk-save').click();
    await until('told at the field', async () => (await admin.el('desk-hold-warn').getAttribute('aria-invalid')) === 'true', WAIT_MS);
    await admin.fill('desk-hold-warn', '90');
    await admin.el('desk-save').click();
    await admin.see('desk-said', '已保存');
    assert.equal(region.sql('SELECT hold_warn_s FROM desk_setting WHERE center_id = 2'), '90');
    assert.equal(await until('audited', () => region.sql("SELECT detail FROM audit_log WHERE action = 'desk.settings'")), 'hold_warn_s=90');
    await admin.shot('settings-desk', false);
  });

  await chapter('by keyboard a reason is added; a name already there is told at the field; the agent\'s menu has it at once', async () => {
    await admin.el('reason-new').focus();
    await key(admin, 'Enter');
    await admin.see('reason-form');
    assert.equal(await focused(admin), 'reason-kind');
    await key(admin, 'Tab');
    await admin.page.keyboard.type('会议');
    admin.expect(/settings\/reasons .*422/);
    await key(admin, 'Enter');
    await admin.see('reason-form', '本中心已有名为“会议”的原因');
    assert.equal(await admin.el('reason-name').getAttribute('aria-invalid'), 'true');
    assert.equal(await admin.el('reason-problem').count(), 0, 'and nowhere else');
    await admin.shot('settings-reasons-error', false);
    await admin.fill('reason-name', '政策学习');
    await admin.fill('reason-allowed', '15');
    await admin.fill('reason-sort', '1');
    await key(admin, 'Enter');
    await admin.gone('reason-form');
    assert.equal(await focused(admin), 'reason-new', 'the keyboard is where it was');
    assert.match(await row('reasons', '政策学习').innerText(), /示忙\s.*15 分钟\s+1\s+启用/s);
    await until('the menu has it, first', async () => (await menu()).startsWith('政策学习'), WAIT_MS);
    await agent.shot('workbench-reasons', false);
    await key(agent, 'Escape', 'F9'); // opened anew, the first one has the focus
    await until('focused', async () => /^busy-\d+$/.test(await focused(agent)));
    await key(agent, 'Enter');
    await agent.see('agent-state', '示忙');
    await until('with the reason', async () => (await agent.el('softphone').innerText()).includes('政策学习'), WAIT_MS);
  });

  await chapter('used it is not deleted, the page says why; disabled it is gone from the menu', async () => {
    await until('the state is written', () => Number(region.sql("SELECT count(*) FROM agent_state WHERE reason = '政策学习'")) === 1);
    await row('reasons', '政策学习').getByRole('button', { name: '删除' }).click();
    await admin.el('reason-remove-yes').click();
    admin.expect(/settings\/reasons\/\d+ .*422/);
    await admin.see('reason-problem', '请改为停用');
    await admin.shot('settings-reasons', false);
    await row('reasons', '政策学习').getByRole('button', { name: '停用' }).click();
    await until('disabled', async () => /停用/.test(await row('reasons', '政策学习').locator('td').nth(5).innerText()), WAIT_MS);
    await until('gone from the menu', async () => !(await menu()).includes('政策学习'), WAIT_MS);
    await key(agent, 'Escape', 'F8');
    await agent.see('agent-state', '空闲');
  });

  await chapter('a wrap-up code is added and chosen after the next call; another, unused, is deleted', async () => {
    for (const [code, name] of [['hall', '引导至大厅'], ['spare', '备用']]) {
      await admin.el('code-new').click();
      await admin.fill('code-code', code);
      await admin.fill('code-name', name);
      await admin.el('code-save').click();
      await admin.gone('code-form');
    }
    await row('codes', '备用').getByRole('button', { name: '删除' }).click();
    await admin.el('code-remove-yes').click();
    await until('gone', async () => (await row('codes', '备用').count()) === 0, WAIT_MS);
    caller = Caller.start(region, { from: '13877100001', to: '07711236601', args: ['--keys', '1'] });
    await agent.see('ringing');
    await key(agent, 'F2');
    await agent.see('agent-state', '通话中');
    await caller.hangUp();
    await agent.see('agent-state', '整理');
    await agent.choose('wrap-up-code', '引导至大厅');
    await key(agent, 'F10');
    await agent.see('agent-state', '空闲');
    await until('on the call', () => region.sql("SELECT wrap_up_code FROM call WHERE caller_no = '13877100001'") === 'hall', WAIT_MS);
  });

  await chapter('it can be read in both themes and at 150 %', async () => {
    await row('codes', '引导至大厅').getByRole('button', { name: '修改' }).click();
    assert.equal(await admin.el('code-code').isDisabled(), true, 'the code stays');
    await admin.axeBothThemes('settings-reasons');
    await admin.fits('settings-reasons');
    await admin.el('code-name').focus();
    await key(admin, 'Escape');
    await admin.gone('code-form');
  });
});
