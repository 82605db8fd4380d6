// What the region switches off for a center is gone from the pages of its people, without a new sign-in; and what a page is
// not: where a call or an agent lives.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Person, Region, until } from '../system/lib/region.mjs';
import { Office } from './lib/desk.mjs';

let region, office, caller;
before(async () => {
  region = await Region.start();
  office = await Office.open();
});
after(async () => {
  caller?.kill();
  await office?.close();
  await region?.stop();
});

test('CC-36 the region switches functions of a city on its page; open pages of that city lose them at once and get them back', async () => {
  const admin = await office.desk(region), leader = await office.desk(region);
  try {
    await leader.signIn('nanning', 'leader');
    await leader.see('nav-reports');
    await leader.see('nav-contacts');
    await admin.signIn('guangxi', 'admin');
    await admin.visit('functions');
    const id = region.sql("SELECT id FROM center WHERE code = 'nanning'");
    await admin.el(`center-${id}`).click();
    for (const name of ['reports', 'contacts']) {
      await admin.el(`function-${name}`).focus();
      await admin.page.keyboard.press('Space');
      await admin.see('function-said', '已停用');
      assert.equal(await admin.el(`function-${name}`).isChecked(), false);
      await until('told once', async () => (await admin.el(`function-${name}`).getAttribute('aria-busy')) === 'false');
    }
    assert.equal(region.sql(`SELECT functions_off FROM center WHERE id = ${id}`), '{contacts,reports}');
    await leader.gone('nav-reports');
    await leader.gone('nav-contacts');
    await leader.see('nav-wall');
    if (process.env.SHOTS) await admin.page.screenshot({ path: `${process.env.SHOTS}/functions.png` });
    await admin.el('function-reports').click();
    await leader.see('nav-reports');
    office.calm();
  } catch (error) {
    await office.look();
    throw error;
  }
});

test('PLAT-01 the agent\'s page is killed in a talk: the caller stays, and the agent has call and state in a new page', async () => {
  const first = await office.desk(region);
  try {
    await first.signIn('nanning', 'a1002');
    await first.takeLine();
    await first.ready();
    caller = Caller.start(region, { from: '13877100201', to: '07711236601', args: ['--keys', '1', '--tone', '700'] });
    await first.see('ringing');
    await first.el('answer').click();
    await first.see('agent-state', '通话中');
    await first.hearsTone(700);
    const cookies = await first.context.cookies();
    await first.context.close(); // no goodbye of the page; Chromium may close the line itself or not
    const leader = await Person.signIn(region, 'nanning', 'leader');
    const seat = async () => (await leader.get('/monitor/wall')).centers[0].seats.find((s) => s.agent_no === '1002');
    await until('his line is gone, and nothing else', async () => { const s = await seat(); return s?.state === 'talk' && ['lost', 'none'].includes(s.line_state) && s.call?.party_no.endsWith('0201'); }, 30000);
    assert.equal(caller.seen('ended'), undefined, 'the caller is there');
    const again = await office.desk(region);
    await again.context.addCookies(cookies);
    await again.go('/workbench');
    await again.see('agent-state', '通话中');
    await again.see('caller-no', '138');
    await again.hearsTone(700);
    await again.el('hangup').click();
    await again.see('agent-state', '整理');
    office.calm();
  } catch (error) {
    await office.look();
    throw error;
  }
});

test('SCN-07 an agent transfers a difficult call with the half-filled form to the experts\' queue: the expert\'s page opens with the same data', async () => {
  const [first, expert] = [await office.desk(region), await office.desk(region)];
  const admin = await Person.signIn(region, 'nanning', 'admin');
  const FILLED = { title: '出口退税率调整', content: '企业 2024 年出口退税适用税率如何确定？'.repeat(60), 'caller-name': '黄女士', 'taxpayer-name': '广西某进出口公司', 'taxpayer-no': '91450100MA5KXXXX0X' };
  try {
    const { id } = await admin.post('/settings/queues', { code: 'expert', name: '专家' });
    await admin.put(`/settings/queues/${id}/members/${region.sql("SELECT u.id FROM app_user u JOIN center c ON c.id = u.center_id WHERE c.code = 'nanning' AND u.login = 'a1004'")}`, { weight: 50 });
    await region.configured();
    for (const [desk, login] of [[first, 'a1003'], [expert, 'a1004']]) {
      await desk.signIn('nanning', login);
      await desk.takeLine();
    }
    await first.ready();
    const difficult = Caller.start(region, { from: '13877100307', to: '07711236601', args: ['--keys', '1', '--tone', '700'] });
    await first.see('ringing');
    await first.el('answer').click();
    await first.see('agent-state', '通话中');
    for (const [field, text] of Object.entries(FILLED)) await first.fill(field, text);
    await first.choose('category', { index: 2 });
    await first.el('not-same-day').check();
    const category = await first.el('category').inputValue();
    await expert.ready();
    await first.page.keyboard.press('Alt+t');
    await first.fill('whom-text', '专家');
    await first.page.keyboard.press('Enter');
    await expert.see('ringing');
    await expert.el('answer').click();
    await expert.see('agent-state', '通话中');
    await expert.hearsTone(700);
    await expert.see('record-said', /已带入 1003 .*填写的登记内容/);
    for (const [field, text] of Object.entries(FILLED)) assert.equal(await expert.el(field).inputValue(), text, field);
    assert.equal(await expert.el('category').inputValue(), category);
    assert.equal(await expert.el('not-same-day').isChecked(), true);
    await expert.fill('answer-text', '按出口日期适用税率。');
    await expert.el('save-record').click();
    await expert.see('record-said', '已保存');
    const saved = () => region.sql("SELECT r.title, r.answer, r.caller_no, u.login, q.name FROM record r JOIN app_user u ON u.id = r.created_by LEFT JOIN queue q ON q.id = r.queue_id WHERE r.taxpayer_no = '91450100MA5KXXXX0X'");
    assert.equal(saved(), '出口退税率调整|按出口日期适用税率。|13877100307|a1004|专家');
    assert.equal(await first.el('title').inputValue(), FILLED.title, 'what the first one typed is still his');
    await first.shot('workbench-handed', false);
    await expert.shot('workbench-handed-expert', false);
    await expert.el('hangup').click();
    difficult.kill();
    office.calm();
  } catch (error) {
    await office.look();
    throw error;
  } finally {
    await Promise.all([first, expert].map((desk) => desk.context.close()));
  }
});

test('PLAT-08 an administrator makes a key on the page, sees it this once, and revokes it', async () => {
  const admin = await office.desk(region);
  try {
    await admin.signIn('nanning', 'admin');
    await admin.visit('keys');
    await admin.see('no-keys');
    await admin.el('key-new').click();
    await admin.fill('key-name', '工单系统');
    admin.expect(/settings\/keys .*422/);
    await admin.el('key-save').click();
    await admin.see('key-groups-error', '请选择能力组');
    await admin.el('key-group-call').check();
    await admin.el('key-group-media').check();
    await admin.shot('keys-form', false);
    await admin.axeBothThemes('keys-form');
    await admin.el('key-save').click();
    await admin.see('key-made');
    const key = await admin.el('key-value').inputValue();
    assert.match(key, /^hk_[\w-]{43}$/);
    assert.equal(await admin.page.evaluate((text) => document.body.innerText.includes(text), key), false, 'it stands in its field only');
    assert.equal((await fetch(`${region.base}/api/v1/dictionaries`, { headers: { authorization: `Bearer ${key}` } })).status, 200);
    await admin.el('key-done').click();
    await admin.page.reload();
    await until('its use is shown', async () => /工单系统.*hk_.*呼叫控制、媒体.*掩码.*长期.*127\.0\.0\.1.*有效/s.test(await admin.text('keys')), 30000);
    assert.ok(!(await admin.page.content()).includes(key.slice(9)), 'it is gone from the page');
    await admin.fits('keys');
    await admin.shot('keys', false);
    const row = admin.page.getByTestId('keys').locator('tbody tr');
    await row.getByRole('button', { name: '吊销 工单系统' }).click();
    await admin.el('key-revoke-yes').click();
    await until('revoked', async () => /已吊销/.test(await admin.text('keys')), 30000);
    assert.equal((await fetch(`${region.base}/api/v1/dictionaries`, { headers: { authorization: `Bearer ${key}` } })).status, 401);
    office.calm();
  } catch (error) {
    await office.look();
    throw error;
  } finally {
    await admin.context.close();
  }
});

test('PLAT-10 a page shows what each center uses of the shared channels, live, and the region sets shares there', async () => {
  const chief = await office.desk(region), city = await office.desk(region);
  const callers = [];
  const dial = () => { callers.push(Caller.start(region, { from: `1387710040${callers.length}`, to: '07721236602' })); return callers.at(-1); };
  const id = region.sql("SELECT id FROM center WHERE code = 'liuzhou'");
  try {
    await chief.signIn('guangxi', 'admin');
    await chief.visit('pools');
    await chief.see(`use-trunk-${id}`, '0');
    await chief.see(`most-trunk-${id}`, '不限');
    await chief.see('pool-asr', '未配置识别引擎');
    await chief.el(`pool-edit-trunk-${id}`).click();
    await chief.fill('pool-guaranteed', '3');
    await chief.el('pool-limited').check();
    await chief.fill('pool-most', '1');
    chief.expect(/settings\/pools\/.* .*422/);
    await chief.el('pool-save').click();
    await until('said at the field', async () => /保底数量 3 不能多于最多数量 1/.test(await chief.text('pool-form')), 30000);
    await chief.shot('pools-form', false);
    await chief.fill('pool-guaranteed', '1');
    await chief.el('pool-save').click();
    await chief.gone('pool-form');
    await region.configured();
    await dial().waitFor('answered');
    await chief.see(`use-trunk-${id}`, /1.*已满/s);
    assert.equal((await dial().waitFor('refused')).status, 503);
    await chief.see(`refused-trunk-${id}`, '1');
    await chief.axeBothThemes('pools');
    await chief.fits('pools');
    await chief.shot('pools', false);
    await callers[0].hangUp();
    await until('given back', async () => /^0/.test(await chief.text(`use-trunk-${id}`)), 30000);
    await city.signIn('liuzhou', 'admin');
    await city.visit('pools');
    await city.see(`most-trunk-${id}`, '1');
    assert.equal(await city.el(`pool-edit-trunk-${id}`).count(), 0, 'shares are the region\'s');
    assert.equal(await city.el('use-trunk-2').count(), 0, 'its own center only');
    office.calm();
  } catch (error) {
    await office.look();
    throw error;
  } finally {
    callers.forEach((one) => one.kill());
    await Promise.all([chief, city].map((desk) => desk.context.close()));
  }
});
