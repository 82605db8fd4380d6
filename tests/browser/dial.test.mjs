// An agent calls numbers outside from his page: typed, by one click from his calls; somebody outside answers, is busy.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Called, Caller, Region, until } from '../system/lib/region.mjs';
import { AGENT_HZ, Office, WAIT_MS } from './lib/desk.mjs';

const NUMBER = '07722831234';
const FAR_HZ = 700; // well apart from the ringing tone
const RINGING_HZ = 450;
let region, office, agent, leader, called, caller;

before(async () => {
  region = await Region.start();
  office = await Office.open();
  called = await Called.start(region, { args: ['--count', '0', '--answer-after', '-1', '--tone', String(FAR_HZ), '--detect-tone', String(AGENT_HZ)] });
  await region.outside(called);
});
after(async () => {
  called?.kill();
  caller?.kill();
  await office?.close();
  await region?.stop();
});

const key = async (...names) => { for (const name of names) await agent.page.keyboard.press(name); };
const focused = () => agent.page.evaluate(() => document.activeElement?.dataset.testid);
const times = (event) => called.events.filter((e) => e.event === event);
const myCalls = () => agent.page.getByRole('region', { name: '我的通话' });
const rows = () => myCalls().locator('tbody tr');
const row = (text) => rows().filter({ hasText: text }).first();
const seconds = (clock) => clock.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);

// What the far side saw of the newest call, once there were so many.
const rings = async (count) => {
  await until(`${count} calls outside`, () => times('invited').length === count, WAIT_MS);
  return times('invited').at(-1);
};

test('an agent calls a number outside from his page (CC-02 CC-03 CC-14)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('agent and leader sit down', async () => {
    [agent, leader] = [await office.desk(region), await office.desk(region)];
    await agent.signIn('nanning', 'a1001');
    await agent.takeLine();
    await agent.ready();
    await leader.signIn('nanning', 'leader');
    await leader.visit('wall');
    await leader.see('wall-talking', '0/1');
  });

  await chapter('by keyboard; what is no number is told at the field, and the text is still there, also after a reload', async () => {
    await key('F6');
    await until('the field has the focus', async () => (await focused()) === 'dial-number');
    await key('Enter');
    await agent.see('dial-problem', '请输入号码');
    await agent.page.keyboard.type('12');
    agent.expect(/agent\/calls .*422/);
    await key('Enter');
    await agent.see('dial-problem', '号码应为 3 至 20 位数字');
    assert.equal(await agent.el('dial-number').getAttribute('aria-invalid'), 'true');
    assert.equal(await focused(), 'dial-number');
    assert.equal(await agent.el('dial-number').inputValue(), '12');
    await agent.axeBothThemes('workbench-dial-field');
    await agent.fits('workbench-dial-field');
    await key('Escape');
    await agent.gone('dial-form');
    await agent.page.reload();
    await agent.see('line-state', '线路正常');
    await agent.el('dial-open').click();
    assert.equal(await agent.el('dial-number').inputValue(), '12');
    assert.equal(times('invited').length, 0);
  });

  await chapter('a number typed and Enter: it rings outside, the agent hears the ringing tone and sees what he calls', async () => {
    await agent.fill('dial-number', '(0772) 283-1234');
    await agent.shot('workbench-dial-field', false);
    await key('Enter');
    await agent.see('agent-state', '正在呼叫');
    const { from, to } = await rings(1);
    assert.equal(to, NUMBER);
    await agent.gone('dial-form');
    await agent.see('bar-number', NUMBER);
    await agent.see('caller-card', '柳州');
    await agent.see('shown-no', from);
    await agent.hearsTone(RINGING_HZ);
    await until('the time runs', async () => seconds(await agent.text('state-timer')) >= 1, WAIT_MS);
    await until('the leader sees it', async () => /正在呼叫[^]*\*{4}1234 呼出/.test(await leader.page.locator('[data-testid^="seat-"]').first().innerText()), WAIT_MS);
    assert.equal(await agent.el('dial-open').getAttribute('aria-disabled'), 'true');
    assert.match(await agent.el('dial-open').getAttribute('title'), /正在呼叫/);
    await agent.axeBothThemes('workbench-dialing');
    await agent.fits('workbench-dialing');
  });

  await chapter('answered, both hear each other; it is registered with his number', async () => {
    called.say('answer');
    await agent.see('agent-state', '通话中');
    await agent.hearsTone(FAR_HZ);
    await called.waitFor('tone');
    await until('the leader sees the talk', async () => /通话中[^]*1234 呼出/.test(await leader.page.locator('[data-testid^="seat-"]').first().innerText()), WAIT_MS);
    await agent.choose('category', '咨询');
    await agent.fill('title', '回复上次咨询的申报期限');
    await key('Control+s');
    await agent.see('record-said', /^已保存$/);
    assert.equal(region.sql('SELECT caller_no FROM record'), NUMBER);
  });

  await chapter('keys for the far side\'s menu, typed and clicked: they arrive in order, and the page shows what was sent', async () => {
    const arrived = () => times('key').map((e) => e.key).join('');
    await key('Alt+k');
    await until('the pad has the focus', async () => (await focused()) === 'pad');
    await key('8', '0', '3', '#');
    await agent.see('pad-sent', '803#');
    await agent.el('pad-9').click();
    await agent.el('pad-*').click();
    await agent.see('pad-sent', '803#9*');
    await until('all there', () => arrived() === '803#9*', WAIT_MS);
    await agent.shot('workbench-key-pad', false);
    await agent.axeBothThemes('workbench-key-pad');
    await agent.fits('workbench-key-pad');
    await agent.page.route('**/keys', (route) => route.abort());
    agent.expect(/keys .*(ERR_FAILED|404)/);
    await until('the way is cut', () => agent.page.evaluate(() => fetch('/nowhere/keys').then(() => false, () => true)), WAIT_MS);
    await key('1');
    await agent.see('pad-problem', '按键 1 没有发出：连接不到服务器');
    assert.equal(await agent.text('pad-sent'), '803#9*');
    await agent.page.unroute('**/keys');
    await key('Escape');
    await agent.gone('pad');
    assert.equal(arrived(), '803#9*');
  });

  await chapter('hung up and summed up; his list has the call with direction and recording', async () => {
    await key('F4');
    await until('it ended outside', () => times('bye_received').length === 1, WAIT_MS);
    await agent.see('agent-state', '整理');
    await agent.choose('wrap-up-code', '已答复');
    await key('F10');
    await agent.see('agent-state', '空闲');
    await until('in the list', async () => /↗ 呼出\s+07722831234\s[^]*已接通[^]*已答复[^]*有/.test(await row(NUMBER).innerText()), WAIT_MS);
    await row(NUMBER).getByRole('button', { name: /详情/ }).click();
    await agent.see('story', `呼出 ${NUMBER}`);
    await agent.see('story', '接通 工号 1001');
    await agent.see('story', '坐席挂机');
  });

  await chapter('called back from the row by one click; busy there: the page says so, and the agent is as before', async () => {
    await row(NUMBER).getByTestId('call-back').hover();
    await agent.axeBothThemes('workbench-redial');
    await agent.fits('workbench-redial');
    assert.equal(await row(NUMBER).getByTestId('call-back').getAttribute('title'), `呼叫 ${NUMBER}`);
    await row(NUMBER).getByTestId('call-back').click();
    await agent.see('agent-state', '正在呼叫');
    assert.equal((await rings(2)).to, NUMBER);
    await agent.hearsTone(RINGING_HZ);
    called.say('refuse 486');
    await agent.see('agent-state', '空闲');
    await agent.see('dial-failure', '未接通：对方占线');
    await agent.see('idle', '等待来电');
    await agent.hearsNothing();
    await until('in the list', async () => /对方占线/.test(await row(NUMBER).innerText()), WAIT_MS);
    await agent.axeBothThemes('workbench-dial-busy');
    await agent.fits('workbench-dial-busy');
  });

  await chapter('once more from there, given up by the agent: nothing is left to say', async () => {
    await agent.el('dial-again').click();
    await agent.see('agent-state', '正在呼叫');
    assert.equal((await rings(3)).to, NUMBER);
    await key('F4');
    await until('cancelled outside', () => times('cancelled').length === 1, WAIT_MS);
    await agent.see('agent-state', '空闲');
    await until('in the list', async () => (await rows().count()) === 3, WAIT_MS);
    assert.equal(await agent.el('dial-failure').count(), 0);
    await agent.el('call-detail').getByTestId('call-back').click();
    assert.equal((await rings(4)).to, NUMBER, 'from the detail as well');
    await until('rings', async () => (await agent.text('agent-state')) === '正在呼叫');
    await key('F4');
    await agent.see('agent-state', '空闲');
  });

  await chapter('the last number typed is called again by F6 and Enter; while a summary is owed or a call is on it says why not', async () => {
    region.sql('UPDATE queue SET wrap_up_required = true');
    await region.configured();
    await key('F6', 'Enter');
    assert.equal((await rings(5)).to, NUMBER);
    called.say('answer');
    await agent.see('agent-state', '通话中');
    await key('F6');
    assert.equal(await agent.el('dial-form').count(), 0, 'nothing in the way of a call');
    await key('F4');
    await agent.see('agent-state', '整理');
    await key('F6');
    await agent.see('dial-why-not', '请先选好上一通的小结');
    assert.equal(await agent.el('dial-call').isDisabled(), true);
    await key('Escape');
    await agent.choose('wrap-up-code', '已答复');
    await key('F10');
    await agent.see('agent-state', '空闲');
  });

  await chapter('a name typed in the field: contacts are offered, picked by keyboard and called (CC-02)', async () => {
    region.sql(`INSERT INTO contact (id, center_id, owner_id, name, unit, numbers) VALUES (gen_random_uuid(), 2, NULL, '覃科长', '第二税务分局', '{${NUMBER},07722839999}')`);
    await key('F6');
    await agent.fill('dial-number', '没有这人');
    await key('Enter');
    await agent.see('dial-problem', '通讯录中没有“没有这人”');
    await agent.fill('dial-number', '第二税务');
    await agent.see('dial-book', /覃科长 第二税务分局\s+07722839999/);
    await agent.shot('workbench-dial-book', false);
    await agent.axeBothThemes('workbench-dial-book');
    await agent.fits('workbench-dial-book');
    await agent.el('dial-number').focus();
    await key('ArrowDown', 'Enter');
    assert.equal((await rings(6)).to, NUMBER);
    await agent.see('agent-state', '正在呼叫');
    await key('F4');
    await agent.see('agent-state', '空闲');
  });

  await chapter('his calls by kind and number; a missed one is called back', async () => {
    caller = Caller.start(region, { from: '13877100001', to: '07711236601', args: ['--keys', '1'] });
    await agent.see('ringing', '138 7710 0001');
    await caller.hangUp();
    await agent.see('agent-state', '空闲');
    await until('all in the list', async () => (await rows().count()) === 7, WAIT_MS);
    const shows = (id, count) => until(`${id}: ${count}`, async () => (await rows().count()) === count, WAIT_MS);
    for (const [id, count] of [['out', 6], ['in', 1], ['missed', 1]]) {
      await agent.el(`my-calls-${id}`).check();
      await shows(id, count);
    }
    assert.match(await rows().innerText(), /↙ 呼入\s+13877100001\s[^]*振铃时挂机/);
    await agent.fill('my-calls-number', '0772');
    await agent.see('my-calls-none', '今天没有这样的通话');
    await agent.el('my-calls-all').check();
    await shows('0772', 6);
    await agent.el('my-calls-number').fill('');
    await shows('all', 7);
    await row('13877100001').getByTestId('call-back').click();
    assert.equal((await rings(7)).to, '13877100001');
    called.say('refuse 404');
    await agent.see('dial-failure', '空号或号码有误');
    await agent.el('dial-failure-close').click();
    await agent.gone('dial-failure');
    await leader.visit('calls');
    await leader.choose('direction', '呼出');
    await leader.el('search').click();
    await until('only calls out', async () => (await leader.el('calls').locator('tbody tr', { hasText: '呼出' }).count()) === 7 && (await leader.el('calls').locator('tbody tr').count()) === 7, WAIT_MS);
    assert.equal(await leader.el('call-back').count(), 0, 'a leader has no line');
  });

  await chapter('a caller is passed on to another queue by keyboard; the list says so', async () => {
    caller = Caller.start(region, { from: '13877100002', to: '07711236601', args: ['--keys', '1'] });
    await agent.see('ringing', '138 7710 0002');
    await key('F2');
    await agent.see('agent-state', '通话中');
    await key('Alt+t');
    const targets = agent.page.locator('[data-testid^="whom-queue-"]');
    await until('the other queues', async () => (await targets.count()) >= 1, WAIT_MS);
    await agent.axeBothThemes('workbench-transfer');
    await key('Escape');
    assert.equal(await targets.count(), 0);
    await key('Alt+t');
    await key('Enter');
    await agent.see('agent-state', '整理');
    await leader.visit('wall');
    await leader.see('waiting', '138****0002');
    await caller.hangUp();
    await agent.choose('wrap-up-code', '已转接');
    await key('F10');
    await agent.see('agent-state', '空闲');
    await until('in the list', async () => /人工接通，已转接/.test(await row('13877100002').innerText()), WAIT_MS);
  });

  await chapter('a center that switched it off has neither field nor buttons', async () => {
    region.sql("UPDATE center SET functions_off = '{dial}' WHERE code = 'nanning'");
    await region.configured();
    await agent.page.reload();
    await agent.see('line-state', '线路正常');
    await until('the list', async () => (await rows().count()) > 0, WAIT_MS);
    assert.equal(await agent.el('dial-open').count() + await agent.el('call-back').count(), 0);
    await key('F6');
    assert.equal(await agent.el('dial-form').count(), 0);
  });
});
