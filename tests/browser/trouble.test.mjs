// What goes wrong in eight hours at a desk: a reload in a call, a second tab, another desk, a database and a daemon that
// go away. The caller must not suffer and nothing typed may be lost. Everything at the first desk is done by keyboard.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, PASSWORD, Person, Region, until } from '../system/lib/region.mjs';
import { AGENT_HZ, Office, WAIT_MS } from './lib/desk.mjs';

const NANNING = '07711236601';
const CALLER_HZ = 440;
let region, office, desk, caller;

before(async () => {
  region = await Region.start();
  office = await Office.open();
});
after(async () => {
  caller?.kill();
  await office?.close();
  await region?.stop();
});

const call = (from) => Caller.start(region, { from, to: NANNING, args: ['--keys', '1', '--tone', String(CALLER_HZ), '--detect-tone', String(AGENT_HZ)] });
const count = (name) => caller.events.filter((e) => e.event === name).length;
const key = (name) => desk.page.keyboard.press(name);
// Both hear each other, on whatever line that may be now.
async function talking(at, tones) {
  await until('the caller hears the agent', () => count('tone') > tones, WAIT_MS);
  await at.hearsTone(CALLER_HZ);
}
// Somebody calls, and the agent answers.
async function talk(from) {
  caller = call(from);
  await desk.see('ringing');
  await key('F2');
  await desk.see('agent-state', '通话中');
  await talking(desk, 0);
}
async function tabTo(id) {
  for (let i = 0; i < 40; i++) {
    if (await desk.page.evaluate((wanted) => document.activeElement?.dataset.testid === wanted, id)) return;
    await key('Tab');
  }
  assert.fail(`Tab does not lead to ${id}`);
}

test('nothing that breaks ends a call or loses what was typed (CC-19, REG-12, NFR-07, GEN-10)', async (story) => {
  let failed = false;
  let tab, other, wall;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('by keyboard only: signed in, line tested, ready, a call answered, a registration begun', async () => {
    desk = await office.desk(region);
    desk.name = 'a1002@nanning';
    await desk.go('/');
    await until('the centers', async () => (await desk.el('center').locator('option').count()) > 1, WAIT_MS);
    await tabTo('center');
    while ((await desk.el('center').inputValue()) !== 'nanning') await key('ArrowDown');
    await tabTo('login');
    await desk.page.keyboard.type('a1002');
    await tabTo('password');
    await desk.page.keyboard.type(PASSWORD);
    await key('Enter');
    await desk.see('line-open');
    await tabTo('line-open');
    await key('Enter');
    await desk.see('line', '已接通');
    await tabTo('line-test');
    await key('Enter');
    await desk.see('heard');
    await tabTo('heard');
    await key('Enter');
    await desk.see('line-state', '线路正常');
    await key('F8');
    await desk.see('agent-state', '空闲');
    await talk('13877100002');
    await key('F7');
    await desk.page.keyboard.type('咨询');
    await until('typing chose it', async () => (await desk.el('category').inputValue()) !== '', 5000).catch(() => key('ArrowDown'));
    await tabTo('title');
    await desk.page.keyboard.type('社保费缴费基数');
    await desk.see('record-said', '草稿已保存');
  });

  await chapter('reloaded in the call: music for the caller, a new line by itself, the talk and the form go on', async () => {
    await tabTo('content');
    await desk.page.keyboard.type('没有等草稿保存就刷新');
    const [tones, ends] = [count('tone'), count('tone_end')];
    await desk.page.reload();
    await until('the caller hears music', () => count('tone_end') > ends, WAIT_MS);
    await desk.see('agent-state', '通话中');
    await desk.see('line-state', '线路正常');
    await talking(desk, tones);
    assert.equal(await desk.el('title').inputValue(), '社保费缴费基数');
    assert.equal(await desk.el('content').inputValue(), '没有等草稿保存就刷新');
  });

  await chapter('a second tab asks before it takes the line; the call goes on there', async () => {
    tab = await office.desk(region, { context: desk.context });
    tab.name = 'second tab';
    await tab.go('/workbench');
    await tab.see('band-taken', '另一个标签页');
    assert.equal(await tab.el('title').inputValue(), '社保费缴费基数', 'it sees the same registration');
    await desk.see('line-state', '线路正常');
    const tones = count('tone');
    await tab.el('move-here').click();
    await desk.see('band-taken', '另一个标签页');
    await tab.gone('band-taken');
    await tab.see('line-state', '线路正常');
    await talking(tab, tones);
    const back = count('tone');
    await desk.el('move-here').click();
    await tab.see('band-taken');
    await talking(desk, back);
    await tab.page.close();
  });

  await chapter('another browser signing in is asked; moved, the call goes on there, the old page says where it went', async () => {
    other = await office.desk(region);
    other.expect(/agent\/line .*409/);
    desk.expect(/agent\/line .*409/);
    await other.signIn('nanning', 'a1002');
    await other.el('line-open').click();
    await other.see('move-question', '自 20');
    await other.axeBothThemes('move-question');
    await other.el('move-no').click();
    await other.el('line-open').click();
    await other.see('move-question');
    const tones = count('tone');
    await other.el('move-yes').click();
    await other.see('agent-state', '通话中');
    await other.see('line-state', '线路正常');
    await talking(other, tones);
    assert.equal(await other.el('title').inputValue(), '社保费缴费基数', 'the draft came from the server');
    await desk.see('band-taken', '自 20');
    const back = count('tone');
    await desk.el('move-here').click();
    await desk.gone('band-taken');
    await talking(desk, back);
    await other.see('band-taken');
    await other.context.close();
    office.desks = office.desks.filter((d) => d !== other && d !== tab);
    other.calm();
    tab.calm();
  });

  await chapter('the database stops: the band says so, the talk goes on, a saved registration waits and is submitted later', async () => {
    desk.expect(/ 503 /, /status of 503/);
    region.run('scripts/pg', ['stop', region.pgDir]);
    await desk.see('band-store', '数据库暂不可用');
    await desk.axe('workbench with the database away');
    await desk.shot('database-away', false);
    if (!(await desk.el('category').inputValue())) await desk.choose('category', '咨询');
    await desk.fill('answer-text', '按上年度月平均工资申报');
    await key('Control+s');
    await desk.see('record-said', '恢复后自动提交');
    await desk.see('band-store', '待写入');
    await key('F4');
    await desk.see('agent-state', '整理');
    await key('F10');
    await desk.see('agent-state', '空闲');
    await caller.exited;
    region.run('scripts/pg', ['start', region.pgDir]);
    await desk.gone('band-store');
    await desk.see('record-said', /^已保存$/);
    const person = await Person.signIn(region, 'nanning', 'leader');
    const records = await until('the record on the server', async () => {
      const page = await person.get('/records');
      return page.items.length > 0 && page;
    }, WAIT_MS);
    assert.deepEqual(records.items.map((r) => r.title), ['社保费缴费基数'], 'saved once');
    await until('the call in the log', async () => (await person.get('/calls')).items.some((c) => c.record_no === records.items[0].record_no && c.outcome === 'answered'), WAIT_MS);
  });

  await chapter('the wall says how old its figures are and is never older than 5 s while connected (MON-21)', async () => {
    wall = await office.desk(region);
    wall.name = 'leader@nanning';
    await wall.signIn('nanning', 'leader');
    await wall.see('wall');
    await wall.see('data-age', /^[0-5] 秒前更新$/);
    await wall.gone('data-old');
  });

  await chapter('the wall shows the seats of one of the city\'s own queues, and a link shows the same (MON-01)', async () => {
    const [id, complaint, report] = region.sql(`SELECT u.id, q.id, r.id FROM app_user u JOIN queue q ON q.center_id = u.center_id AND q.code = 'complaint'
      JOIN queue r ON r.center_id = u.center_id AND r.code = 'report' JOIN center c ON c.id = u.center_id WHERE c.code = 'nanning' AND u.login = 'a1002'`).split('|');
    await wall.see(`seat-${id}`);
    await wall.choose('wall-queue', { value: report }); // 1002 serves consulting and complaints only
    await wall.gone(`seat-${id}`);
    await wall.choose('wall-queue', { value: complaint });
    await wall.see(`seat-${id}`);
    assert.match(wall.page.url(), new RegExp(`queue=${complaint}`));
    await wall.axe('the wall of one queue');
  });

  await chapter('the daemon stops and starts: the band comes and goes, the wall says its data is old (MON-21), what was typed is there, one click and he works on', async () => {
    wall.expect(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED/, / 503 /);
    await talk('13877100003');
    await desk.fill('title', '断线前写的标题');
    await desk.see('record-said', '草稿已保存');
    desk.expect(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED/, / 503 /, /agent\/.* 409/);
    caller.hangUp();
    await desk.see('agent-state', '整理');
    await region.stopDaemon();
    await desk.see('band-lost', '自 20');
    await wall.see('data-old', '数据已旧');
    await desk.fill('content', '断线时写的内容');
    await desk.shot('connection-lost', false);
    await desk.axe('workbench without connection');
    await region.startDaemon();
    await desk.gone('band-lost');
    await wall.gone('data-old');
    assert.equal(await desk.el('title').inputValue(), '断线前写的标题');
    assert.equal(await desk.el('content').inputValue(), '断线时写的内容');
    await desk.choose('category', '咨询');
    await key('Control+s');
    await desk.see('record-said', /^已保存$/);
    await desk.see('agent-state', '未签入');
    await until('the page has a line again', () => desk.page.evaluate(() => window.ears.lines.at(-1).connectionState === 'connected'), WAIT_MS);
    await desk.el('bar-sign-in').click();
    await desk.see('line-state', '线路正常');
    await desk.ready();
    await talk('13877100004');
    await caller.hangUp();
    await desk.see('agent-state', '整理');
  });

  await chapter('a page of which a part does not come is opened by itself, in a talk only afterwards; what fails again waits for him', async () => {
    desk.expect(/assets\/.* .*ERR_INTERNET_DISCONNECTED/, /Unable to preload CSS/, /页面没有加载成功/);
    desk.expect(/^console:  Applying inline style/); // axe's own copy of the style sheet that failed
    const fails = (place) => desk.page.route(new RegExp(`assets/${place}-.*\\.css`), (route) => route.abort('internetdisconnected'), { times: 1 });
    const opened = async (path, id) => {
      await until(`${path} is there`, async () => new URL(desk.page.url()).pathname === path && (await desk.el(id).count()) === 1, WAIT_MS);
      await desk.gone('band-unloaded');
      await desk.see('line-state', '线路正常');
    };
    const longAgo = () => desk.page.evaluate(() => sessionStorage.removeItem('hotlined.opened_anew'));
    await key('F10');
    await desk.see('agent-state', '空闲');
    await fails('Tickets');
    await desk.el('nav-tickets').click();
    await opened('/tickets', 'ticket-filters');

    await longAgo();
    await talk('13877100005');
    await fails('Voicemails');
    await desk.el('nav-voicemails').click();
    await desk.see('band-unloaded', '通话结束后自动打开');
    await desk.hearsTone(CALLER_HZ);
    await desk.shot('page-not-loaded', false);
    await desk.axeBothThemes('a page that did not come');
    await caller.hangUp();
    await opened('/voicemails', 'vm-filters');
    await desk.see('agent-state', '整理');

    await fails('Callbacks');
    await desk.el('nav-callbacks').click();
    await desk.see('band-unloaded', '请检查网络后再试');
    await desk.el('open-anew').click();
    await opened('/callbacks', 'cb-filters');
  });
});
