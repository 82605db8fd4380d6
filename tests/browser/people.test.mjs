// The pages of people and of what they may call: who is made there signs in with the team and role given, and what a
// city forbids there is refused at the next number.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { PASSWORD, Region, until } from '../system/lib/region.mjs';
import { Office, WAIT_MS } from './lib/desk.mjs';

let region, office, admin, fresh;
before(async () => {
  region = await Region.start();
  office = await Office.open();
});
after(async () => {
  await office?.close();
  await region?.stop();
});

const invalid = (id) => until(`${id} is marked`, async () => (await admin.el(id).getAttribute('aria-invalid')) === 'true', WAIT_MS);
const person = (name) => admin.el('users').locator('tr', { hasText: name });

test('people and dialing rules by their pages (DATA-12, CC-17)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('who is made on the page is told what is wrong at its field, keeps what was typed, and can sign in then (DATA-12)', async () => {
    admin = await office.desk(region);
    await admin.signIn('nanning', 'admin');
    await admin.visit('users');
    await admin.see('users', 'a1001');
    await admin.el('user-new').click();
    await admin.fill('user-login', 'a1001');
    await admin.fill('user-name', '覃新人');
    await admin.fill('user-agent_no', '1099');
    await admin.fill('user-password', PASSWORD);
    await admin.choose('user-team', { index: 1 });
    admin.expect(/settings\/users .*422/);
    await admin.el('user-save').click();
    await invalid('user-login');
    await admin.see('user-form', 'a1001');
    assert.equal(await admin.el('problem').count(), 0, 'and nowhere else');
    assert.equal(await admin.el('user-name').inputValue(), '覃新人', 'nothing typed is lost');
    await admin.shot('settings-users-error', false);
    await admin.fill('user-login', 'qinxr');
    await admin.el('user-save').click();
    await admin.gone('user-form');
    await until('listed', async () => /qinxr\s+覃新人\s+1099\s+\S+\s+坐席/.test(await person('覃新人').innerText()), WAIT_MS);
    await admin.shot('settings-users', false);
    fresh = await office.desk(region);
    await fresh.signIn('nanning', 'qinxr');
    await fresh.see('line-open');
  });

  await chapter('who is switched off on the page is signed out at once (DATA-12)', async () => {
    await person('覃新人').getByRole('button', { name: '修改 覃新人' }).click();
    await admin.see('user-form');
    assert.equal(await admin.el('user-password').inputValue(), '', 'no password comes back');
    await admin.el('user-enabled').uncheck();
    fresh.expect(/401/);
    await admin.el('user-save').click();
    await admin.gone('user-form');
    await until('off', async () => /停用/.test(await person('覃新人').innerText()), WAIT_MS);
    await fresh.see('expired', '登录已失效');
    await fresh.see('sign-in');
    assert.equal(await fresh.el('password').inputValue(), '', 'no password stands there for the next one');
    await fresh.shot('sign-in-expired', false);
  });

  await chapter('what may be called is set, tried without a call, and in force (CC-17)', async () => {
    await admin.visit('dialing');
    await admin.see('dialing-form');
    const tries = async (number) => {
      await admin.fill('try-number', number);
      await admin.el('try').click();
      return until(`${number} is tried`, async () => (await admin.el('try-result').count()) === 1 && (await admin.text('try-result')), WAIT_MS);
    };
    assert.match(await tries('13877100001'), /^允许 .*手机，向中继送 13877100001/);
    await admin.fill('dialing-prefix', '9a');
    admin.expect(/settings\/dialing .*422/);
    await admin.el('dialing-save').click();
    await invalid('dialing-prefix');
    await admin.see('dialing-form', '字冠只能由数字、* 和 # 组成');
    await admin.shot('settings-dialing-error', false);
    await admin.fill('dialing-prefix', '9');
    await admin.el('range-mobile').uncheck();
    await admin.el('dialing-save').click();
    await admin.see('dialing-saved');
    assert.equal(await admin.el('dialing-prefix').inputValue(), '9');
    await until('in force', async () => /^不允许 .*手机，向中继送 913877100001/.test(await tries('13877100001')), WAIT_MS);
    await admin.axeBothThemes('settings-dialing');
    await admin.fits('settings-dialing');
  });
});
