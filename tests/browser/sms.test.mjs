// 短信 by its pages: the gateway is set and tried, the survey asks by SMS, and the list shows what became of a message (CC-24, SMS-04, SMS-05).
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Region, until } from '../system/lib/region.mjs';
import { Gateway } from '../system/lib/gateway.mjs';
import { Journal } from '../system/lib/sql.mjs';
import { Office } from './lib/desk.mjs';

const NUMBER = '13877107777';
let region, office, gateway, admin, leader;
before(async () => {
  region = await Region.start({ env: { QUERY_HOSTS: '127.0.0.1' } });
  office = await Office.open();
  gateway = await Gateway.start();
});
after(async () => {
  await gateway?.close();
  await office?.close();
  await region?.stop();
});

// A caller of the city has talked with 1001 and hung up, as the daemon's facts tell it.
function fell() {
  const one = (text) => Number(region.sql(text));
  const [queue, user] = [one("SELECT id FROM queue WHERE center_id = 2 AND code = 'consult'"), one("SELECT id FROM app_user WHERE center_id = 2 AND login = 'a1001'")];
  const [journal, t] = [new Journal(), Date.now() - 60000];
  const call = journal.begin(2, t, { caller_no: NUMBER });
  const visit = journal.enter(call, t + 1000, queue);
  journal.leave(call, visit, t + 2000, 'answered');
  journal.talk(call, queue, user, t + 2000, t + 12000);
  journal.end(call, t + 12000, 'answered', { user_id: user, talk_ms: 10000, t_ans_ms: t + 2000 });
  region.sql(`SET hotlined.centers = '*'; SELECT ingest_facts($f$${JSON.stringify(journal.sorted())}$f$::jsonb)`);
  return call.id;
}

test('SMS by its pages (CC-24, SMS-04, SMS-05)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('the survey asks by SMS only where there is a gateway, and says so at the switch (CC-24)', async () => {
    [admin, leader] = [await office.desk(region), await office.desk(region)];
    await admin.signIn('nanning', 'admin');
    admin.expect(/settings\/survey .*422/);
    await admin.visit('survey');
    await admin.see('survey-form');
    await admin.el('survey-enabled').check();
    await admin.el('survey-sms').check();
    await admin.el('survey-save').click();
    await admin.see('survey-form', '还没有启用短信通道');
    assert.equal(await admin.el('survey-sms').getAttribute('aria-invalid'), 'true');
  });

  await chapter('the gateway is set: what is wrong is told at its field, the secret is never shown, and a message to try it shows the answer (SMS-04)', async () => {
    admin.expect(/settings\/sms.* .*422/);
    await admin.visit('sms');
    await admin.see('sms-form');
    await admin.fill('sms-url', 'ftp://x/');
    await admin.fill('sms-secret-name', 'Authorization');
    await admin.fill('sms-secret', gateway.secret);
    await admin.el('sms-save').click();
    await admin.see('sms-form', '地址应以 https:// 或 http:// 开头');
    assert.equal(await admin.el('sms-url').getAttribute('aria-invalid'), 'true');
    await admin.fill('sms-url', gateway.url);
    await admin.el('sms-enabled').check();
    await admin.el('sms-url').focus();
    await admin.page.keyboard.press('Enter');
    await admin.see('sms-saved', '已保存');
    assert.equal(await admin.el('sms-secret').inputValue(), '');
    assert.equal(await admin.el('sms-secret').getAttribute('placeholder'), '已保存，不填则不变');
    await admin.fill('sms-try-number', '07712345678');
    await admin.el('sms-try-run').click();
    await admin.see('sms-try', '不是手机号码');
    await admin.fill('sms-try-number', NUMBER);
    await admin.el('sms-try-run').click();
    await admin.see('sms-try-answer', '通道回答 200');
    await admin.see('sms-try-answer', '已接受');
    assert.deepEqual(gateway.sent.map((m) => m.number), [NUMBER]);
    await admin.shot('settings-sms');
    await admin.axeBothThemes('settings-sms');
    await admin.fits('settings-sms');
    gateway.how = () => ({ status: 422, body: { reason: '签名未报备' } });
    await admin.el('sms-try-run').click();
    await admin.see('sms-try-answer', '没有接受');
    await admin.see('sms-try-answer', '签名未报备');
    gateway.how = () => ({});
  });

  await chapter('the template: an unknown variable is told, the preview is what callers get, and after a talk one of them gets it (CC-24)', async () => {
    admin.expect(/settings\/survey .*422/);
    await admin.visit('survey');
    await admin.see('survey-form');
    await admin.el('survey-enabled').check();
    await admin.el('survey-sms').check();
    await admin.fill('survey-sms-template', '{中心}工号{工号}：回复{等级}，{姓名}');
    await admin.el('survey-save').click();
    await admin.see('survey-form', '没有变量“{姓名}”');
    await admin.fill('survey-sms-template', '{中心}工号{工号}：回复{等级}');
    await admin.fill('survey-sms-hours', '3');
    await admin.el('survey-save').click();
    await admin.see('survey-saved', '已保存');
    await admin.shot('settings-survey-sms');
    await admin.axeBothThemes('settings-survey-sms');
    await admin.fits('settings-survey-sms');
    const preview = (await admin.el('survey-sms-preview').textContent()).replace(/^.*字）：/, '').trim();
    fell();
    assert.equal((await gateway.got(NUMBER, 2)).text, preview);
  });

  await chapter('the list: time, number, text, state, what was replied; filtered by state and number (SMS-05)', async () => {
    await leader.signIn('nanning', 'leader');
    await until('sent', () => region.sql("SELECT count(*) FROM sms WHERE kind = 'survey' AND state = 'sent'") === '1');
    await admin.visit('keys');
    await admin.el('key-new').click();
    await admin.fill('key-name', '短信平台');
    await admin.el('key-group-sms').check();
    await admin.el('key-save').click();
    gateway.key = await admin.el('key-value').inputValue();
    await gateway.report(region, gateway.sent.at(-1), 'delivered');
    assert.equal((await gateway.reply(region, NUMBER, '2')).body.outcome, 'rated');
    await leader.page.goto(`${region.base}/queries/sms`);
    await leader.see('query-table', NUMBER);
    await leader.see('query-table', '已送达');
    await leader.see('query-table', '2（计为评价）');
    await leader.see('query-table', '签名未报备');
    await leader.shot('queries-sms');
    await leader.axeBothThemes('queries-sms');
    await leader.el('filter-state').selectOption('failed');
    await leader.el('filter-number').fill(NUMBER);
    await leader.el('search').click();
    await until('one row', async () => (await leader.el('query-table').locator('tbody tr').count()) === 1);
    await leader.see('query-table', '试发');
    // And the call tells it.
    const call = region.sql("SELECT call_id FROM sms WHERE kind = 'survey'");
    assert.equal(region.sql(`SELECT channel || ' ' || level FROM survey WHERE call_id = '${call}'`), 'sms 4');
  });
});
