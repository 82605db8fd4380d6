// A caller goes from 12366 to a city in real Chromium: the list, the note and the form, the other center's page; and the settings of it.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Region, until } from '../system/lib/region.mjs';
import { Office, WAIT_MS } from './lib/desk.mjs';

let region, office, hot, city, boss, caller;

before(async () => {
  region = await Region.start();
  region.sql('UPDATE center SET announce_agent_no = false'); // nobody can be asked while a number is being said
  await region.configured();
  office = await Office.open();
});
after(async () => {
  caller?.kill();
  await office?.close();
  await region?.stop();
});

test('calls between centers on the pages (XFER-02, XFER-06, XFER-09, XFER-11, XFER-12, XFER-14, XFER-16, XFER-17, REG-07, REG-08)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });
  const at = (desk, id) => desk.page.getByTestId(id);

  await chapter('12366 and a city sit down; 12366 talks with a taxpayer and types', async () => {
    [hot, city] = [await office.desk(region), await office.desk(region)];
    for (const [desk, center] of [[hot, 'guangxi'], [city, 'nanning']]) {
      await desk.signIn(center, 'a1001');
      await desk.takeLine();
      await desk.ready();
    }
    caller = Caller.start(region, { to: '12366', args: ['--keys', '1'] });
    await hot.see('answer');
    await hot.page.keyboard.press('F2');
    await hot.see('agent-state', /通话中/);
    await at(hot, 'category').selectOption({ label: '咨询' });
    await at(hot, 'title').fill('数电票不能勾选');
    await at(hot, 'content').fill('电子税务局提示无数据');
  });

  await chapter('the list names the cities with their figures, and greys those that cannot', async () => {
    await at(hot, 'centers').click();
    await until('nanning is open', async () => /上班 · 排队 0 · 坐席 1/.test(await at(hot, 'center-2').textContent()), WAIT_MS);
    assert.match(await at(hot, 'center-3').textContent(), /该中心没有坐席签入/);
    assert.equal(await at(hot, 'center-pass-3').isDisabled(), true);
    await at(hot, 'center-note').fill('客户急，请核对开票方');
    await hot.shot('transfer-centers');
  });

  await chapter('one click: the city sees who sent the call, the note and the form', async () => {
    await at(hot, 'center-pass-2').click();
    await hot.see('agent-state', /整理/);
    await city.see('answer');
    await city.page.keyboard.press('F2');
    await city.see('agent-state', /通话中/);
    assert.match(await at(city, 'transfer-card').textContent(), /广西12366纳税缴费服务热线转来/);
    assert.match(await at(city, 'transfer-agent').textContent(), /1001/);
    assert.equal(await at(city, 'transfer-note').textContent(), '客户急，请核对开票方');
    assert.equal(await at(city, 'title').inputValue(), '数电票不能勾选');
    assert.equal(await at(city, 'content').inputValue(), '电子税务局提示无数据');
    assert.equal(await at(city, 'unit-type').textContent(), '12366转接来电');
    await city.shot('transfer-taken');
  });

  await chapter('the city asks 12366 for help as one of three; the helper leaves, the talk goes on (XFER-02)', async () => {
    await hot.page.keyboard.press('F10');
    await hot.see('agent-state', '空闲');
    await until('12366 is there', async () => (await at(city, 'centers').isEnabled()), WAIT_MS);
    await at(city, 'centers').click();
    await until('12366 may be asked', async () => at(city, 'center-three-1').isEnabled(), WAIT_MS);
    await city.shot('transfer-help');
    await at(city, 'center-three-1').click();
    await city.see('consult-state', '正在呼叫 广西12366纳税缴费服务热线');
    await hot.see('answer');
    await hot.page.keyboard.press('F2');
    await city.see('consult-state', '三方通话 广西12366纳税缴费服务热线');
    await hot.page.keyboard.press('F4');
    await city.gone('consult-state');
    await city.see('agent-state', /通话中/);
  });

  await chapter('the region switches the way off, and the button of the city says so', async () => {
    boss = await office.desk(region);
    await boss.signIn('guangxi', 'admin');
    await boss.see('nav-settings');
    await boss.visit('transfers');
    await at(boss, 'to-2').click();
    await until('set', async () => (await at(boss, 'setting-2').textContent()) === '仅12366转入', WAIT_MS);
    await boss.shot('transfer-settings');
    await until('told at the button', async () => (await at(city, 'centers').getAttribute('title')) === '自治区没有开通本中心转12366的权限', WAIT_MS);
    assert.equal(await at(city, 'centers').isDisabled(), true); // and nobody is signed in at the other cities
    await at(boss, 'code-edit-2-from_12366').click();
    boss.expect(/codes\/from_12366 .*422/);
    await at(boss, 'code-code').fill('12366');
    await at(boss, 'code-save').click();
    await boss.page.getByText('号码“12366”已在号码表中使用').waitFor();
    await at(boss, 'code-code').fill('7001');
    await at(boss, 'code-save').click();
    await until('kept', async () => (await at(boss, 'code-2-from_12366').textContent()) === '7001', WAIT_MS);
  });

  await chapter('allowed again, one button passes the caller on to 12366, which sees the city, its notes and its form (XFER-11, XFER-12, XFER-14, REG-08)', async () => {
    await hot.page.keyboard.press('F10');
    await hot.see('agent-state', '空闲');
    await at(boss, 'to-2').click();
    assert.equal(await at(city, 'centers').textContent(), '转12366');
    await until('the button is on', async () => at(city, 'centers').isEnabled(), WAIT_MS);
    await at(city, 'centers').click();
    await at(city, 'center-note').fill('本地已核对，请解答政策口径');
    await until('12366 may be had', async () => at(city, 'center-pass-1').isEnabled(), WAIT_MS);
    await at(city, 'center-pass-1').click();
    await city.see('agent-state', /整理/);
    await hot.see('answer');
    await hot.page.keyboard.press('F2');
    await hot.see('agent-state', /通话中/);
    await hot.see('transfer-card', '南宁市12366分中心转来');
    assert.equal(await at(hot, 'transfer-note').textContent(), '本地已核对，请解答政策口径');
    assert.equal(await at(hot, 'title').inputValue(), '数电票不能勾选');
    assert.equal(await at(hot, 'unit-type').textContent(), '地市呼转来电');
    await hot.shot('transfer-regional');
  });
});
