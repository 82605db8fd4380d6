// The pages of what a city sets by itself: work calendars, black and white lists.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Region, until } from '../system/lib/region.mjs';
import { Office, WAIT_MS } from './lib/desk.mjs';

let region, office, admin, leader, caller;
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
const day = async (name, value) => {
  await admin.page.getByRole('combobox', { name, exact: true }).fill(value);
  await key(admin, 'Tab');
};
const row = (desk, table, text) => desk.el(table).locator('tr', { hasText: text });

test('calendars and lists by their pages (CC-26, CC-33, CC-34)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('a calendar is made by keyboard; a time that cannot be read is told at its field and nothing typed is lost', async () => {
    [admin, leader] = [await office.desk(region), await office.desk(region)];
    await admin.signIn('nanning', 'admin');
    await admin.visit('calendars');
    await admin.see('calendars', '全天');
    await admin.el('calendar-new').focus();
    await key(admin, 'Enter');
    await admin.see('calendar-form');
    await until('focus', async () => (await focused(admin)) === 'calendar-name');
    await admin.fill('calendar-code', 'duty');
    await admin.fill('calendar-name', '办公时间');
    await admin.fill('week-3', '9点到12点');
    assert.equal(await admin.el('week-3').getAttribute('aria-invalid'), 'true');
    await admin.el('calendar-save').click();
    await admin.see('problem', '看不懂');
    assert.equal(await admin.el('week-3').inputValue(), '9点到12点');
    await admin.fill('week-3', '9：00－12：00，13:30-17:00');
    assert.equal(await admin.el('week-3').getAttribute('aria-invalid'), 'false');
    await admin.el('calendar-code').focus();
    await key(admin, 'Enter');
    await admin.gone('calendar-form');
    assert.equal(await focused(admin), 'calendar-new', 'the keyboard is where it was');
    const stored = JSON.parse(region.sql("SELECT document FROM work_calendar WHERE code = 'duty'"));
    assert.deepEqual(stored.week[3], [['09:00', '12:00'], ['13:30', '17:00']]);
    assert.deepEqual(stored.week[7], []);
  });

  await chapter('a year of holidays is pasted as rows; a wrong row is named and all stays typed; the test tool says open or closed and why', async () => {
    await row(admin, 'calendars', '办公时间').getByRole('button', { name: '修改' }).click();
    await admin.see('versions');
    const rows = '2026-10-01..2026-10-07 国庆节\n2026-10-10 国庆补班 按周一\n2026年12月31日 年终 09:00-11:00';
    await admin.fill('holiday-rows', `${rows}\n2026-13-01 错`);
    await admin.el('holiday-import').click();
    await admin.see('holiday-problems', '第 4 行');
    assert.match(await admin.el('holiday-rows').inputValue(), /国庆节/);
    await admin.fill('holiday-rows', rows);
    await admin.el('holiday-import').click();
    await until('nine days', async () => (await admin.el('days').locator('tr').count()) === 9, WAIT_MS);
    await day('日期', '2026-10-01');
    await admin.fill('at-time', '09:30');
    await admin.el('at-ask').click();
    await admin.see('at-answer', /不上班.*周四.*国庆节.*休息/s);
    await day('日期', '2026-10-10');
    await admin.el('at-ask').click();
    await admin.see('at-answer', /^上班.*周六.*国庆补班.*09:00–12:00/s);
    await admin.fill('calendar-note', '2026 年节假日');
    await admin.shot('settings-calendar', false);
    await admin.axeBothThemes('settings-calendar');
    await admin.fits('settings-calendar');
    await admin.el('calendar-save').click();
    await admin.gone('calendar-form');
    await until('listed', async () => /9 天.*2/s.test(await row(admin, 'calendars', '办公时间').innerText()), WAIT_MS);
  });

  await chapter('an old version is gone back to; the calendar that the flow asks is not deleted, the page says by whom it is used', async () => {
    await row(admin, 'calendars', '办公时间').getByRole('button', { name: '修改' }).click();
    await admin.see('versions', '2026 年节假日');
    await admin.el('restore-1').click();
    await admin.see('versions', '退回到版本 1');
    await until('no special days', async () => (await admin.el('days').locator('tr').count()) === 0, WAIT_MS);
    admin.expect(/settings\/calendars\/\d+ .*422/);
    await row(admin, 'calendars', '全天').getByRole('button', { name: '删除' }).click();
    await admin.el('calendar-remove-yes').click();
    await admin.see('problem', /主流程.*open/);
    assert.equal(await admin.el('calendar-form').locator('.field-error').count(), 0, 'the form that is open is another calendar\'s');
    await admin.el('calendar-cancel').click();
    await admin.shot('settings-calendars', false);
    await row(admin, 'calendars', '办公时间').getByRole('button', { name: '删除' }).click();
    await admin.el('calendar-remove-yes').click();
    await until('gone', async () => (await row(admin, 'calendars', '办公时间').count()) === 0, WAIT_MS);
  });

  await chapter('a leader puts a caller on the black list from the call log; the next call is refused', async () => {
    caller = Caller.start(region, { from: '13877100009', to: '07711236601' });
    await caller.waitFor('answered');
    await caller.hangUp();
    await until('in the log', () => Number(region.sql("SELECT count(*) FROM call WHERE caller_no = '13877100009' AND outcome <> 'open'")) === 1);
    await leader.signIn('nanning', 'leader');
    await leader.visit('calls');
    await leader.el('search').click();
    await leader.page.getByText('13877100009').first().click();
    await leader.see('call-detail');
    await leader.el('black-open').click();
    await until('focus', async () => (await focused(leader)) === 'black-reason');
    leader.expect(/number-lists .*422/);
    await leader.el('black-save').click();
    await leader.see('black-form', '原因');
    await leader.fill('black-reason', '多次骚扰');
    await leader.shot('calls-blacklist', false);
    await leader.axe('calls-blacklist');
    await key(leader, 'Enter');
    await leader.see('black-done', '长期有效');
    await region.configured();
    caller = Caller.start(region, { from: '13877100009', to: '07711236601' });
    await caller.exited;
    await until('blocked', () => Number(region.sql("SELECT count(*) FROM call WHERE caller_no = '13877100009' AND outcome = 'blocked'")) === 1);
  });

  await chapter('the administrator sees it with reason and author, keeps the white list, and says until when', async () => {
    await admin.visit('lists');
    await until('listed', async () => /黑名单.*13877100009.*拒接.*多次骚扰.*长期.*生效/s.test(await row(admin, 'lists', '13877100009').innerText()), WAIT_MS);
    await admin.el('list-new').click();
    await until('focus', async () => (await focused(admin)) === 'list-number');
    await admin.choose('list-kind', '白名单');
    await admin.fill('list-number', '1387710');
    await admin.el('list-prefix').check();
    await admin.choose('list-action', '直接排队');
    await admin.fill('list-reason', '重点企业');
    await day('有效期至', '2036-12-31');
    admin.expect(/number-lists .*422/);
    await admin.el('list-save').click();
    await admin.see('list-form', '请选择本中心启用的队列');
    await admin.choose('list-queue', '咨询');
    await admin.shot('settings-lists', false);
    await admin.axeBothThemes('settings-lists');
    await admin.fits('settings-lists');
    await admin.el('list-save').click();
    await admin.gone('list-form');
    await until('listed', async () => /白名单.*1387710….*直接排队：咨询.*重点企业.*2036-12-31/s.test(await row(admin, 'lists', '重点企业').innerText()), WAIT_MS);
    await row(admin, 'lists', '重点企业').getByRole('button', { name: '停用' }).click();
    await until('off', async () => /停用/.test(await row(admin, 'lists', '重点企业').innerText()), WAIT_MS);
    await leader.visit('lists');
    await leader.see('lists', '重点企业');
    assert.equal(await row(leader, 'lists', '重点企业').getByRole('button').count(), 0, 'the white list is not the leader\'s');
    assert.ok(await row(leader, 'lists', '多次骚扰').getByRole('button').count() > 0);
  });

  await chapter('overflow rules are put in order on the queue\'s page; a wrong one is told below them and stays typed; a queue rules lead to is not deleted', async () => {
    await admin.visit('queues');
    await row(admin, 'queues', '咨询').getByRole('button', { name: '修改' }).click();
    await admin.see('rules');
    await admin.el('rule-add').click();
    admin.expect(/settings\/queues\/\d+ .*422/);
    await admin.el('queue-save').click();
    await admin.see('rules-error', '请选择一个去向');
    await admin.fill('rule-seconds-0', '45');
    await admin.choose('rule-target-0', '投诉');
    await admin.el('rule-add').click();
    await admin.choose('rule-when-1', '非工作时间');
    await admin.choose('rule-target-1', '主流程：sorry');
    await admin.el('rule-up-1').click();
    await admin.fill('queue-announce_ms', '30');
    for (const [typed, said] of [['0.5', '振铃时限应在 1 到 300 秒之间，现为 0.5 秒'], ['', '请填写振铃时限']]) {
      admin.expect(/settings\/queues\/\d+ .*422/);
      await admin.fill('queue-ring_timeout_ms', typed);
      await admin.el('queue-save').click();
      await admin.see('queue-form', said);
      assert.equal(await admin.el('queue-ring_timeout_ms').inputValue(), typed, 'what was typed is still there');
    }
    await admin.fill('queue-ring_timeout_ms', '22.5');
    await admin.shot('settings-queue-rules', false);
    await admin.axeBothThemes('settings-queue-rules');
    await admin.fits('settings-queue-rules');
    await admin.el('queue-save').click();
    await admin.gone('queue-form');
    await until('two rules', async () => /2 条/.test(await row(admin, 'queues', '咨询').innerText()), WAIT_MS);
    const stored = JSON.parse(region.sql("SELECT row_to_json(q) FROM queue q WHERE center_id = 2 AND code = 'consult'"));
    assert.deepEqual(stored.overflow_rules.map((r) => [r.when, r.after_ms, r.calendar, r.node, r.queue_id !== undefined]), [['closed', undefined, 'default', 'sorry', false], ['waited', 45000, undefined, undefined, true]]);
    assert.deepEqual([stored.announce_ms, stored.ring_timeout_ms], [30000, 22500]);
    await row(admin, 'queues', '投诉').getByRole('button', { name: '删除' }).click();
    await admin.el('queue-remove-yes').click();
    await admin.see('problem', /主流程.*按键.*队列“咨询”的溢出规则/s);
  });

  await chapter('the survey: three levels instead of five, what is wrong is told at the levels, and saved it is in force (CC-24)', async () => {
    admin.expect(/settings\/survey .*422/);
    await admin.visit('survey');
    await admin.see('survey-form');
    await admin.el('survey-3').click();
    await admin.fill('level-key-1', '1');
    await admin.el('survey-enabled').check();
    await admin.el('survey-save').click();
    await admin.see('levels-problem', '两级用了同一个按键');
    await admin.fill('level-key-1', '2');
    await admin.fill('level-name-1', '还可以');
    await admin.el('survey-save').click();
    await admin.see('survey-saved', '已保存');
    await admin.shot('settings-survey');
    await admin.axeBothThemes('settings-survey');
    await admin.fits('settings-survey');
    assert.deepEqual(JSON.parse(region.sql('SELECT levels FROM survey_setting WHERE center_id = 2')).map((l) => [l.key, l.level, l.name]), [['1', 5, '满意'], ['2', 3, '还可以'], ['3', 1, '不满意']]);
  });

  await chapter('the voice bot: the region adds a node and permits a quota; a guarantee above it is told at its field; the city chooses when its callers meet it (NLU-03, NLU-04, NLU-13)', async () => {
    const chief = await office.desk(region);
    await chief.signIn('guangxi', 'admin');
    await chief.visit('bots');
    await chief.el('node-new').click();
    await chief.fill('node-name', '机器人一');
    await chief.fill('node-host', '127.0.0.1');
    await chief.fill('node-channels', '12');
    await chief.el('node-record').check();
    await chief.el('node-save').click();
    await chief.gone('node-form');
    await chief.see('nodes', '机器人一');
    assert.equal(region.sql('SELECT record FROM bot_peer'), 't');
    await chief.el('quota-edit-2').click();
    await chief.el('quota-allowed').check();
    await chief.fill('quota-guaranteed', '9');
    await chief.fill('quota-most', '5');
    chief.expect(/settings\/bots\/shares\/2 .*422/);
    await chief.el('quota-save').click();
    await chief.see('quota-form', '保底通道数 9 不能多于最多通道数 5');
    assert.equal(await chief.el('quota-guaranteed').inputValue(), '9');
    await chief.fill('quota-guaranteed', '2');
    await chief.shot('settings-bots');
    await chief.axeBothThemes('settings-bots');
    await chief.fits('settings-bots');
    await chief.el('quota-save').click();
    await chief.gone('quota-form');
    await chief.see('allowed-2', '许可');
    await admin.visit('bots');
    await admin.see('allowed-2', '许可');
    assert.equal(await admin.el('nodes').count(), 0, 'nodes are the region\'s');
    assert.equal(await admin.el('quota-edit-2').count(), 0);
    await admin.el('policy-edit-2').click();
    await admin.choose('policy-policy', '按比例');
    await admin.fill('policy-percent', '30');
    await admin.el('policy-save').click();
    await admin.gone('policy-form');
    await admin.see('policy-2', '按比例 30%');
    assert.equal(region.sql('SELECT allowed, guaranteed, most, policy, share_percent FROM bot_share WHERE center_id = 2'), 't|2|5|share|30');
  });

  await chapter('what is recorded: a pause that is too long is told at its field; on demand the agent begins and ends it by button and key, and sees what it is (CC-05)', async () => {
    const consult = region.sql("SELECT id FROM queue WHERE center_id = 2 AND code = 'consult'");
    await admin.visit('queues');
    await admin.see('record-form');
    await admin.choose(`record-queue-${consult}`, '坐席按需开始');
    await admin.fill('record-pause_s', '601');
    admin.expect(/settings\/recording.* .*422/);
    // The browser's own check of the number would be in the way of the server's.
    await admin.page.evaluate(() => { document.querySelector('[data-testid="record-form"]').noValidate = true; });
    await admin.el('record-save').click();
    await until('told at the field', async () => (await admin.el('record-pause_s').getAttribute('aria-invalid')) === 'true', WAIT_MS);
    assert.equal(await admin.el('record-pause_s').inputValue(), '601', 'nothing typed is lost');
    await admin.fill('record-pause_s', '60');
    await admin.el('record-save').click();
    await admin.see('record-said', '已保存');
    await admin.el('record-form').scrollIntoViewIfNeeded();
    await admin.axeBothThemes('settings-recording');
    await admin.fits('settings-recording');
    await region.configured();
    const agent = await office.desk(region);
    await agent.signIn('nanning', 'a1001');
    await agent.takeLine();
    await agent.ready();
    caller = Caller.start(region, { from: '13877100010', to: '07711236601', args: ['--keys', '1', '--tone', '440'] });
    await agent.see('ringing');
    await key(agent, 'F2');
    await agent.see('record-state', '未录音');
    await agent.see('record', '开始录音');
    await key(agent, 'Alt+r');
    await agent.see('record', '停止录音');
    await agent.shot('workbench-recording');
    await agent.axeBothThemes('workbench-recording');
    await agent.fits('workbench-recording');
    const call = region.sql("SELECT call_id FROM call WHERE caller_no = '13877100010'");
    const open = () => region.sql(`SELECT count(*) FILTER (WHERE state = 'open') || ' of ' || count(*) FROM recording WHERE call_id = '${call}'`);
    await until('it is being recorded', () => open() === '1 of 1', WAIT_MS);
    await agent.el('record').click();
    await agent.see('record-state', '未录音');
    await until('and no longer, while they talk', () => open() === '0 of 1', WAIT_MS);
    await agent.see('agent-state', '通话中');
    await caller.hangUp();
    await agent.see('agent-state', '整理');
  });

  await chapter('a caller\'s number is tried, given to another city by a rule, and rules are imported with the wrong line named (ACD-10); taxpayers of the city are imported and found (ACD-11)', async () => {
    const chief = await office.desk(region);
    await chief.signIn('guangxi', 'admin');
    await chief.visit('routes');
    await chief.fill('try-number', '+86 138 7710 4321');
    await chief.el('try').click();
    await chief.see('found', '南宁市');
    await chief.fill('rule-prefix', '7710');
    await chief.choose('rule-center', '柳州市12366分中心');
    await chief.fill('rule-note', '试点');
    await chief.el('rule-save').click();
    await until('told at the field', async () => (await chief.el('rule-prefix').getAttribute('aria-invalid')) === 'true', WAIT_MS);
    assert.equal(await chief.el('rule-note').inputValue(), '试点', 'nothing typed is lost');
    await chief.fill('rule-prefix', '13877104');
    await chief.el('rule-save').click();
    await chief.see('rules', '13877104');
    assert.equal(await focused(chief), 'rule-prefix');
    await until('the rule counts', async () => {
      await chief.el('try').click();
      return /柳州市.*13877104/s.test(await chief.text('found'));
    }, WAIT_MS);
    await chief.el('rule-file').setInputFiles({ name: 'rules.csv', mimeType: 'text/csv', buffer: Buffer.from('号段,分中心,说明\n0772,liuzhou,默认\n077x,nanning,\n') });
    await chief.see('imported', /新增 1 条.*1 行有误.*第 3 行：.*077x/s);
    await chief.shot('routes');
    await admin.visit('routes');
    assert.equal(await admin.el('rules').count(), 0, 'rules are the region\'s');
    await admin.el('taxpayer-file').setInputFiles({ name: 'taxpayers.csv', mimeType: 'text/csv', buffer: Buffer.from('纳税人识别号,名称,主管税务机关,号码\n91450100MA5KABCD1X,某某公司,,13877100001\n') });
    await admin.see('imported-taxpayers', '新增 1 户');
    await admin.fill('taxpayer-q', '9145010');
    await admin.el('taxpayer-search').click();
    await admin.see('taxpayers', '某某公司');
    chief.expect(/settings\/routes\/rules .*422/);
  });
});
