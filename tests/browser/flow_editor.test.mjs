// The flow editor and the prompts page, used as the administrator of a new city would: own prompts, a menu drawn from
// nothing, tried by a virtual caller, published, and then called with a real telephone. Speech comes from an engine of the
// operator's (a command), which can be switched off.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Caller, PASSWORD, Person, Region, ROOT, until } from '../system/lib/region.mjs';
import { Agent } from '../system/lib/agent.mjs';
import { findSound, readWav, samplesOf } from '../system/lib/sound.mjs';
import { Office, WAIT_MS } from './lib/desk.mjs';

const CITY = { code: 'beiliu', name: '北流市12366', city_code: '450981', city_name: '北流市', area_code: '0775', organ_code: '14509810000' };
const NUMBER = '07751236698';
let region, office, desk, chief, agent, down, began, flowId, taxSystem;
const callers = [];

before(async () => {
  region = await Region.start({ daemon: false, env: { QUERY_HOSTS: '127.0.0.1' } });
  down = join(region.dir, 'engine-is-down');
  writeFileSync(region.config, readFileSync(region.config, 'utf8').replace('engine = "espeak";',
    `engine = "command"; command = "test ! -e ${down} && espeak-ng -v \\"\${1:-cmn-latn-pinyin}\\" -s $((150 * $2 / 100)) --stdin --stdout -b 1"; voices = "cmn-latn-pinyin:普通话,yue:粤语";`));
  await region.startDaemon();
  const root = await Person.signIn(region, 'guangxi', 'admin');
  const { id } = await root.post('/settings/centers', CITY);
  await region.configured(); // the region sees the new center
  const user = (more) => root.post('/settings/users', { center_id: id, password: PASSWORD, enabled: true, agent_no: '', ...more });
  await user({ login: 'chief', name: '管理员', roles: ['city_admin'] });
  const { id: worker } = await user({ login: 'a9001', name: '坐席一', agent_no: '9001', roles: ['agent'] });
  chief = await Person.signIn(region, CITY.code, 'chief');
  const queue = (await chief.get('/settings/queues')).items.find((q) => q.code === 'consult');
  await chief.put(`/settings/queues/${queue.id}/members/${worker}`, { weight: 50 });
  region.sql(`INSERT INTO number_plan (called_no, center_id, kind, source, flow_code) VALUES ('${NUMBER}', ${id}, 'public', 'direct', 'hotline')`);
  await region.configured();
  office = await Office.open();
  desk = await office.desk(region);
  await desk.signIn(CITY.code, 'chief');
  await desk.el('nav-settings').waitFor();
});
after(async () => {
  for (const caller of callers) caller.kill();
  taxSystem?.closeAllConnections();
  taxSystem?.close();
  await agent?.close();
  await office?.close();
  await region?.stop();
});

/* --- hands ---------------------------------------------------------------------------------- */

const call = (from, ...args) => {
  const caller = Caller.start(region, { from, to: NUMBER, args });
  callers.push(caller);
  return caller;
};
const sound = async (code) => {
  const response = await fetch(`${region.base}/api/v1/settings/prompts/${code}/audio`, { headers: { cookie: chief.cookie } });
  return samplesOf(Buffer.from(await response.arrayBuffer()));
};
const preview = async (body) => {
  const response = await fetch(`${region.base}/api/v1/settings/prompts/preview`, { method: 'POST', headers: { cookie: chief.cookie, 'x-csrf-token': chief.csrf, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return samplesOf(Buffer.from(await response.arrayBuffer()));
};
const middle = async (locator) => { // where it comes to rest
  let box, last;
  await until('at rest', async () => { [last, box] = [box, await locator.boundingBox()]; return last && last.x === box.x && last.y === box.y; }, WAIT_MS);
  return [box.x + box.width / 2, box.y + box.height / 2];
};
// A way is drawn from the point of one node to the point where ways come in at another.
async function draw(from, way, to) {
  const [x, y] = await middle(desk.el(`out-${from}-${way}`));
  const [a, b] = await middle(desk.el(`node-${to}`).locator('.in'));
  await desk.page.mouse.move(x, y);
  await desk.page.mouse.down();
  await desk.page.mouse.move((x + a) / 2, (y + b) / 2, { steps: 4 });
  await desk.page.mouse.move(a, b, { steps: 4 });
  await desk.page.mouse.up();
}
// From the palette to a place of the canvas, in shares of its size.
async function put(type, across, along) {
  const canvas = await desk.el('flow-graph').boundingBox();
  await desk.el(`add-${type}`).dragTo(desk.el('flow-graph'), { targetPosition: { x: canvas.width * across, y: canvas.height * along } });
}
const choose = (id) => desk.el(`outline-${id}`).click();
async function fields(id, given) {
  await choose(id);
  for (const [name, value] of Object.entries(given)) {
    const field = desk.el(`field-${name}`);
    if ((await field.evaluate((e) => e.tagName)) === 'SELECT') await field.selectOption({ label: value });
    else await field.fill(value);
  }
}
const good = () => desk.see('checks-good');
async function makePrompt(code, name, kind, text) {
  await desk.el('prompt-new').click();
  await desk.fill('prompt-name', name);
  await desk.fill('prompt-code', code);
  await desk.choose('prompt-kind', kind);
  await desk.fill('prompt-text', text);
  await desk.el('prompt-publish').click();
  await desk.see('said', '已发布');
}
const others = () => region.sql(`SELECT md5(string_agg(v.document::text || f.published_version, ';' ORDER BY f.id)) FROM flow f
  JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version JOIN center c ON c.id = f.center_id WHERE c.code <> '${CITY.code}'`);

/* --- the story ------------------------------------------------------------------------------ */

test('IVR-01 IVR-04 CC-23 TTS-01 a new city\'s menu by the pages, from nothing to a call', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });

  await chapter('TTS-01 a text is heard in the browser before anybody else hears it; then published', async () => {
    began = Date.now();
    await desk.visit('prompts');
    await desk.see('prompts', '欢迎语');
    await desk.el('prompt-new').click();
    await desk.fill('prompt-name', '北流欢迎语');
    await desk.fill('prompt-code', 'hello');
    await desk.choose('prompt-kind', '欢迎语');
    await desk.fill('prompt-text', '您好，这里是北流市税务局12366热线。');
    await desk.choose('prompt-voice', '粤语');
    const asked = desk.page.waitForResponse(/prompts\/preview/);
    await desk.el('prompt-preview').click();
    const answer = await asked;
    assert.deepEqual([answer.status(), answer.headers()['content-type']], [200, 'audio/wav']);
    await desk.see('previewing', '尚未发布');
    assert.equal(region.sql("SELECT count(*) FROM prompt WHERE code = 'hello'"), '0');
    await desk.page.reload(); // nothing typed is lost
    await until('the form is back', async () => (await desk.el('prompt-text').inputValue()).includes('北流市税务局'), WAIT_MS);
    await desk.shot('settings-prompts');
    await desk.el('prompt-publish').click();
    await desk.see('said', '“北流欢迎语”已发布');
    assert.deepEqual(await preview(answer.request().postDataJSON()), await sound('hello'), 'what was heard is what is published');
    assert.equal(region.sql("SELECT v.voice FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id WHERE code = 'hello'"), 'yue');
    await makePrompt('city_menu', '北流主菜单', '导航按键提示音', '人工服务请按1，办税厅时间请按2，重听请按9。');
    await makePrompt('hall_time', '办税厅时间', '结束语', '办税厅工作日上午9:00到12:00开放。');
  });

  await chapter('ACD-06 a flow is drawn: nodes dragged onto the canvas, ways drawn between their points, fields chosen from lists', async () => {
    await desk.visit('flows');
    await desk.el('flow-new').click();
    await desk.fill('flow-name', '北流热线');
    await desk.fill('flow-code', 'main');
    desk.expect(/settings\/flows .*422/);
    await desk.el('flow-create').click();
    await desk.see('flow-form', '本中心已有代码为“main”的语音流程');
    await desk.fill('flow-code', 'hotline');
    await desk.el('flow-create').click();
    await desk.see('flow-graph');
    flowId = Number(new URL(desk.page.url()).pathname.split('/').at(-1));
    await put('play', 0.12, 0.2);
    await desk.see('node-play_1');
    await put('menu', 0.4, 0.2);
    await put('queue', 0.7, 0.12);
    await put('hangup', 0.7, 0.62);
    await desk.see('checks', /处问题/);
    for (const what of ['“放音”：缺少“提示音”', '“放音”：缺少“放完后”', '“菜单”：缺少“提示音”', '“菜单”：菜单没有按键', '“人工队列”：缺少“技能队列”', '“人工队列”：缺少“队列已满”']) await desk.see('checks', what);
    await desk.el('open-publish').click(); // dead ends and missing prompts are not published
    await desk.see('publish', /处问题，改好后才能发布/);
    assert.ok(await desk.el('publish-go').isDisabled());
    await desk.el('publish-cancel').click();
    await desk.shot('flow-editor-begun', false);
    await draw('play_1', 'next', 'menu_1');
    await draw('menu_1', 'new', 'queue_1'); // the first free key
    await draw('menu_1', 'new', 'hangup_1');
    await fields('play_1', { name: '欢迎', prompt: '北流欢迎语' });
    await fields('menu_1', { name: '主菜单', prompt: '北流主菜单', invalid: '按键无效', timeout_ms: '4' });
    await fields('hangup_1', { name: '办税厅', prompt: '办税厅时间' });
    await fields('queue_1', { name: '人工', queue: '咨询', music: '等待音乐' });
    const queues = await desk.el('field-queue').locator('option').allInnerTexts();
    assert.deepEqual(queues, ['请选择', '咨询', '投诉', '举报'], 'ACD-06: the queues of this city, by list');
  });

  await chapter('what is wrong is told in words and leads to its node; mended it is gone', async () => {
    await desk.see('checks', '“人工”：缺少“无人签入”');
    await desk.el('outline-play_1').click();
    await desk.el('problem-queue_1').first().click();
    await desk.see('node-panel', '缺少“等待超时”');
    await desk.choose('way-on_wait_over', { value: '+hangup' }); // a new node right where it is needed
    await desk.see('node-hangup_2');
    await fields('hangup_2', { name: '坐席全忙', prompt: '坐席全忙', reason: '未能接通人工' });
    for (const way of ['on_no_agent', 'on_full']) await draw('queue_1', way, 'hangup_2');
    await choose('menu_1');
    await desk.choose('way-failed', '人工（人工队列）');
    await desk.choose('key-pick', '按 9');
    await desk.el('key-add').click();
    await good();
    await desk.el('tidy').click();
    await desk.shot('flow-editor');
  });

  await chapter('a step is taken back and done again; a reload loses nothing', async () => {
    await choose('hangup_1');
    await desk.el('node-remove').click();
    await desk.gone('node-hangup_1');
    await desk.el('undo').click();
    await desk.see('node-hangup_1', '办税厅');
    await desk.el('redo').click();
    await desk.gone('node-hangup_1');
    await desk.page.keyboard.press('Control+z');
    await desk.see('node-hangup_1', '办税厅');
    await good();
    const places = await desk.page.evaluate(() => [...document.querySelectorAll('.vue-flow__node')].map((n) => n.dataset.id).sort());
    await desk.page.reload();
    await desk.see('draft', '有未发布的修改');
    await good();
    assert.deepEqual(await desk.page.evaluate(() => [...document.querySelectorAll('.vue-flow__node')].map((n) => n.dataset.id).sort()), places);
    assert.equal(region.sql(`SELECT count(*) FROM flow_version WHERE flow_id = ${flowId}`), '0', 'and nothing is published');
  });

  await chapter('by keyboard alone: a node is added, joined and taken away', async () => {
    await desk.el('add-goto').focus();
    await desk.page.keyboard.press('Enter');
    await desk.see('node-goto_1');
    assert.equal(await desk.page.evaluate(() => document.activeElement.dataset.testid), 'field-name');
    await desk.page.keyboard.type('回到开头'); // takes the place of the name it was given
    await desk.see('outline-goto_1', '回到开头');
    await desk.el('way-target').focus();
    await desk.page.keyboard.press('ArrowDown');
    await until('joined', async () => (await desk.el('way-target').inputValue()) === 'play_1', WAIT_MS);
    await desk.see('checks', '没有任何路径通向这里');
    await desk.el('outline-goto_1').focus();
    await desk.page.keyboard.press('Delete');
    await desk.gone('node-goto_1');
    await good();
  });

  await chapter('a virtual caller hears the prompts, presses keys and is led as drawn; the graph shows where he is', async () => {
    await desk.el('open-try').click();
    const played = desk.page.waitForResponse(/prompts\/hello\/audio/);
    await desk.el('try-start').click();
    assert.ok([200, 206].includes((await played).status()), 'the prompt is fetched to be played');
    await desk.see('try-now', '北流欢迎语');
    await desk.el('try-played').click();
    await desk.see('try-now', '北流主菜单');
    assert.ok(await desk.el('node-menu_1').evaluate((n) => n.classList.contains('here')));
    await desk.el('try-key-5').click(); // not drawn
    await desk.see('try-now', '按键无效');
    await desk.el('try-back').click();
    await desk.see('try-now', '北流主菜单');
    await desk.el('try-key-1').click();
    await desk.see('try-now', '在队列“咨询”中等待');
    await desk.shot('flow-editor-try');
    await desk.el('try-no_agent').click();
    await desk.see('try-path', '坐席全忙');
    await desk.el('try-played').click();
    await desk.see('try-ended', '未能接通人工');
    assert.deepEqual(await desk.el('try-path').locator('li').evaluateAll((all) => all.map((l) => l.textContent.replace(/\s+/g, ' ').trim())),
      ['来电欢迎 放音', '放完主菜单 菜单', '按 1人工 人工队列', '无人签入坐席全忙 结束']);
    await desk.el('try-close').click();
  });

  await chapter('IVR-05 it is published, in less than ten minutes; the flows of all other cities are what they were', async () => {
    const hashes = others();
    await desk.el('open-publish').click();
    await desk.see('changes', '新增了菜单“主菜单”');
    await desk.fill('publish-note', '北流开通');
    await desk.el('publish-go').click();
    await desk.see('said', '已发布第 1 版');
    await desk.gone('draft');
    const minutes = (Date.now() - began) / 60000;
    console.log(`# from nothing to a published menu: ${minutes.toFixed(1)} min at the pace of this test`);
    assert.ok(minutes < 10, `${minutes} minutes`);
    assert.equal(others(), hashes);
    const document = JSON.parse(region.sql(`SELECT document FROM flow_version WHERE flow_id = ${flowId} AND version = 1`));
    assert.deepEqual([document.nodes.menu_1.keys, document.nodes.menu_1.timeout_ms], [{ 1: 'queue_1', 2: 'hangup_1', 9: '@main' }, 4000]);
    assert.deepEqual(Object.keys(document.layout).sort(), Object.keys(document.nodes).sort(), 'positions are kept');
    const stranger = await office.desk(region); // another city's administrator, with the address of the page
    await stranger.signIn('nanning', 'admin');
    await stranger.see('nav-settings');
    stranger.expect(/settings\/flows\/.* 404/);
    await stranger.go(`/settings/flows/${flowId}`);
    await stranger.see('problem');
    assert.doesNotMatch(await stranger.page.locator('body').innerText(), /北流/);
    assert.equal(await stranger.el('node-menu_1').count(), 0);
    await stranger.context.close();
    const neighbour = await Person.signIn(region, 'nanning', 'admin');
    for (const [method, path] of [['GET', ''], ['GET', '/choices'], ['GET', '/versions/1'], ['POST', '/check'], ['POST', '/try'], ['POST', '/publish']])
      assert.ok([403, 404].includes((await neighbour.raw(method, `/settings/flows/${flowId}${path}`, method === 'POST' ? { document } : undefined, { 'if-match': '"1"' })).status), path);
    await region.configured();
  });

  await chapter('IVR-04 a real caller hears it, and its keys lead where they were drawn', async () => {
    agent = await Agent.start(region, CITY.code, 'a9001');
    const file = join(region.dir, 'heard.wav');
    const listener = call('13877500001', '--hear', file);
    const heard = async (code) => findSound(readWav(file), await sound(code)).score > 0.7;
    await until('the greeting', () => heard('hello'), WAIT_MS, 500);
    await until('the menu', () => heard('city_menu'), WAIT_MS, 500);
    listener.say('key 2');
    await until('the hall', () => heard('hall_time'), WAIT_MS, 500);
    await listener.exited; // the flow hangs up
    const asker = call('13877500002', '--keys', '1');
    await until('the agent rings', () => agent.document?.state === 'ring' && agent.document.call.caller_no === '13877500002', WAIT_MS);
    assert.deepEqual(agent.document.call.ivr_path.map((k) => [k.menu, k.key]), [['主菜单', '1']]);
    await asker.hangUp();
    await until('free again', () => agent.document?.state !== 'ring', WAIT_MS);
  });

  await chapter('TTS-03 a new sound is for the next caller; who is being spoken to hears the old one to its end; an old version comes back', async () => {
    const old = await sound('hello');
    const file = join(region.dir, 'during.wav');
    const during = call('13877500003', '--hear', file);
    await during.waitFor('audio');
    await desk.visit('prompts');
    await desk.el('edit-city_menu').click(); // he will come to this one only later
    const oldMenu = await sound('city_menu');
    await desk.fill('prompt-text', '这一份是换过的导航，请您仔细听完。');
    await desk.el('prompt-publish').click();
    await desk.see('said', '“北流主菜单”已发布');
    await desk.el('edit-hello').click();
    await desk.fill('prompt-text', '北流税务为您服务，现在播放的是新的欢迎语。');
    await desk.choose('prompt-voice', '默认');
    await desk.el('prompt-publish').click();
    await desk.see('said', '“北流欢迎语”已发布');
    await region.configured();
    const fresh = await sound('hello');
    await until('the old one to its end', () => findSound(readWav(file), old).score > 0.7, WAIT_MS, 500);
    const newMenu = await sound('city_menu');
    await until('and the old menu after it', () => findSound(readWav(file), oldMenu).score > 0.7, WAIT_MS, 500);
    for (const one of [fresh, newMenu]) assert.ok(findSound(readWav(file), one).score < 0.5, 'not the new one');
    await during.hangUp();
    const next = join(region.dir, 'next.wav');
    const later = call('13877500004', '--hear', next);
    for (const one of [fresh, newMenu]) await until('the new one', () => findSound(readWav(next), one).score > 0.7, WAIT_MS, 500);
    await later.hangUp();
    await desk.el('edit-hello').click();
    await desk.see('prompt-versions', '第 2 版');
    await desk.el('restore-1').click();
    await desk.see('said', '第 1 版已恢复');
    assert.deepEqual(await sound('hello'), old);
    await desk.el('prompt-cancel').click();
  });

  await chapter('TTS-03 while the engine is down nothing is published, the page says so, and callers hear the last good sound', async () => {
    writeFileSync(down, '');
    const last = await sound('hello');
    await desk.el('edit-hello').click();
    await desk.fill('prompt-text', '这一句合成不出来。');
    desk.expect(/settings\/prompts.* 503/);
    await desk.el('prompt-publish').click();
    await desk.see('problem', '原来的声音继续有效');
    assert.equal(await desk.el('prompt-text').inputValue(), '这一句合成不出来。', 'what was typed is still there');
    assert.deepEqual(await sound('hello'), last);
    const file = join(region.dir, 'last.wav');
    const caller = call('13877500005', '--hear', file);
    await until('the last good one', () => findSound(readWav(file), last).score > 0.7, WAIT_MS, 500);
    await caller.hangUp();
    rmSync(down);
    assert.ok(!existsSync(down));
    await desk.el('prompt-cancel').click();
  });

  await chapter('TTS-02 an MP3 and a WAV are uploaded by the page, what is no sound is told at the field', async () => {
    await desk.el('edit-hall_time').click();
    await desk.el('how-upload').check();
    await desk.el('prompt-file').setInputFiles({ name: 'notes.mp3', mimeType: 'audio/mpeg', buffer: Buffer.from('no sound at all') });
    desk.expect(/settings\/prompts.* 422/);
    await desk.el('prompt-publish').click();
    await desk.see('audio-error', '上传的文件');
    await desk.el('prompt-file').setInputFiles({ name: 'hall.mp3', mimeType: 'audio/mpeg', buffer: readFileSync(join(ROOT, 'tests/fuzz/corpus/mp3/tone_22050')) });
    await desk.el('prompt-preview').click();
    await desk.see('previewing');
    await desk.el('prompt-publish').click();
    await desk.see('said', '已发布');
    await desk.see('prompt-hall_time', '录音');
    await desk.see('prompt-hall_time', '北流热线：办税厅');
    await desk.el('remove-hall_time').click();
    await desk.el('remove-yes-hall_time').click();
    await desk.see('problem', '正被语音流程“北流热线”的节点“办税厅”使用');
  });

  await chapter('a second version is compared in words and taken back; what others published meanwhile is not overwritten', async () => {
    await desk.visit('flows');
    await desk.see('flows', '北流开通');
    await desk.page.getByRole('link', { name: '北流热线' }).click();
    await good();
    await choose('menu_1');
    await desk.choose('way-key:2', '人工（人工队列）');
    await desk.see('checks', '没有任何路径通向这里');
    await choose('hangup_1');
    await desk.el('node-remove').click();
    await good();
    // Meanwhile a colleague publishes.
    const flow = await chief.get(`/settings/flows/${flowId}`);
    await chief.call('POST', `/settings/flows/${flowId}/publish`, { document: flow.document, note: '同事' }, { 'if-match': `"${flow.version}"` });
    desk.expect(/publish .*412/);
    await desk.el('open-publish').click();
    await desk.fill('publish-note', '取消办税厅按键');
    await desk.el('publish-go').click();
    await desk.see('stale', '已由他人发布');
    await desk.el('keep-mine').click();
    await desk.gone('stale');
    await desk.el('publish-go').click();
    await desk.see('said', '已发布第 3 版');
    await desk.el('open-versions').click();
    await desk.el('compare-1').click();
    await desk.see('diff', '“主菜单”：按 2，由“办税厅”改为“人工”');
    await desk.see('diff', '删除了结束“办税厅”');
    await desk.shot('flow-editor-versions', false);
    await desk.el('back-1').click();
    await desk.el('back-yes').click();
    await desk.see('said', '第 1 版已恢复为使用中');
    await desk.see('node-hangup_1', '办税厅');
    assert.deepEqual(JSON.parse(region.sql(`SELECT v.document->'nodes'->'menu_1'->'keys' FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version WHERE f.id = ${flowId}`)), { 1: 'queue_1', 2: 'hangup_1', 9: '@main' });
  });

  await chapter('IVR-01 an address outside is registered by its page: what is wrong is told at its field, its secret is not shown again, and a try says what came', async () => {
    const asked = [];
    taxSystem = createServer((request, response) => {
      asked.push({ url: request.url, key: request.headers['x-api-key'] });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { debt: 305 } }));
    });
    await new Promise((done) => taxSystem.listen(0, '127.0.0.1', done));
    taxSystem.asked = asked;
    await desk.visit('connectors');
    await desk.see('no-connectors', '还没有查询接口');
    await desk.el('connector-new').focus();
    await desk.page.keyboard.press('Enter');
    await until('focus', () => desk.page.evaluate(() => document.activeElement.dataset.testid === 'connector-code'), WAIT_MS);
    for (const [name, value] of [['code', 'tax'], ['name', '欠税查询'], ['url', 'ftp://127.0.0.1/'], ['secret-name', 'X-Api-Key'], ['secret', 's3cret-value'], ['timeout', '2.5']]) await desk.fill(`connector-${name}`, value);
    desk.expect(/settings\/connectors .*422/);
    await desk.el('connector-save').click();
    await desk.see('connector-form', 'https:// 或 http://');
    assert.equal(await desk.el('connector-url').getAttribute('aria-invalid'), 'true');
    assert.equal(await desk.el('connector-secret').inputValue(), 's3cret-value', 'nothing typed is lost');
    await desk.fill('connector-url', `http://127.0.0.1:${taxSystem.address().port}/debt`);
    await desk.shot('connector-form', false);
    await desk.axeBothThemes('connector-form');
    await desk.fits('connector-form');
    await desk.el('connector-save').click();
    await desk.gone('connector-form');
    await desk.see('connectors', '欠税查询');
    assert.equal(region.sql("SELECT secret_value || ' ' || timeout_ms FROM connector WHERE code = 'tax'"), 's3cret-value 2500');
    await desk.el('connector-edit-tax').click();
    await desk.see('connector-form');
    assert.equal(await desk.el('connector-secret').inputValue(), '');
    assert.ok(!(await desk.page.content()).includes('s3cret'));
    await desk.el('connector-cancel').click();
    await desk.el('connector-try-tax').click();
    await desk.fill('try-name-0', 'no');
    await desk.fill('try-value-0', '4501');
    await desk.el('try-run').click();
    await desk.see('try-answer', /对方回答 200.*"debt": 305/s);
    assert.deepEqual(asked, [{ url: '/debt?no=4501', key: 's3cret-value' }]);
    await desk.shot('connector-try', false);
    await desk.axe('connector-try');
    await desk.el('try-cancel').click();
    await region.configured();
  });

  await chapter('IVR-01 a query and one agent are drawn by their forms, published, and met by callers', async () => {
    await desk.visit('flows');
    await desk.page.getByRole('link', { name: '北流热线' }).click();
    await good();
    const pair = async (group, left, right) => {
      const inputs = desk.el('node-panel').getByRole('group', { name: new RegExp(`^${group}`) }).locator('input');
      await inputs.nth(0).fill(left);
      await inputs.nth(0).press('Tab');
      await inputs.nth(1).fill(right);
      await inputs.nth(1).press('Tab');
    };
    const lead = async (from, ways) => {
      await choose(from);
      for (const [way, value] of Object.entries(ways)) await desk.choose(`way-${way}`, { value });
    };
    for (const type of ['http', 'say', 'agent']) {
      await desk.el(`add-${type}`).click();
      await desk.see(`node-${type}_1`);
    }
    await desk.see('checks', '“查询”：缺少“接口”');
    await fields('http_1', { name: '查欠税', connector: '欠税查询' });
    await pair('送出', 'no', 'caller_no');
    await pair('取回', 'debt', 'data.debt');
    await desk.shot('flow-editor-query', false);
    await lead('http_1', { next: 'say_1', failed: 'queue_1', timeout: 'queue_1' });
    await fields('say_1', { name: '读欠税', variable: 'debt' });
    await desk.choose('field-as', '读作金额');
    await lead('say_1', { next: 'hangup_1' });
    await fields('agent_1', { name: '找坐席一', agent_no: '9001 坐席一', queue: '咨询', music: '等待音乐' });
    await desk.shot('flow-editor-agent', false);
    await lead('agent_1', { on_wait_over: 'hangup_2', on_no_agent: 'hangup_2', on_full: 'hangup_2' });
    await choose('menu_1');
    for (const [key, node] of [['3', 'http_1'], ['4', 'agent_1']]) {
      await desk.choose('key-pick', { value: key });
      await desk.el('key-add').click();
      await desk.choose(`way-key:${key}`, { value: node });
    }
    await good();
    await desk.el('open-publish').click();
    await desk.el('publish-go').click();
    await desk.see('said', /已发布第 \d+ 版/);
    await region.configured();
    const document = JSON.parse(region.sql(`SELECT v.document FROM flow f JOIN flow_version v ON v.flow_id = f.id AND v.version = f.published_version WHERE f.id = ${flowId}`));
    assert.deepEqual([document.nodes.http_1.send, document.nodes.http_1.take, document.nodes.agent_1.agent_no], [{ no: 'caller_no' }, { debt: 'data.debt' }, '9001']);
    const file = join(region.dir, 'debt.wav');
    const debtor = call('13877500006', '--keys', '3', '--hear', file);
    await until('asked outside', () => taxSystem.asked.some((a) => a.url === '/debt?no=13877500006' && a.key === 's3cret-value'), WAIT_MS);
    const spoken = []; // 三百零五元, one syllable after the other
    for (const code of ['digit_3', 'say_hundred', 'digit_0', 'digit_5', 'say_yuan']) spoken.push(...await sound(code));
    await until('he hears what he owes', () => findSound(readWav(file), spoken).score > 0.7, WAIT_MS, 500);
    await debtor.exited;
    const asker = call('13877500007', '--keys', '4');
    await until('the agent he wanted rings', () => agent.document?.state === 'ring' && agent.document.call.caller_no === '13877500007', WAIT_MS);
    assert.match(agent.document.call.offer_reason, /^指定坐席/);
    await asker.hangUp();
    await until('free again', () => agent.document?.state !== 'ring', WAIT_MS);
  });

  await chapter('IVR-04 every kind of node is one the engine knows, a key leads to each, and the lists offer what this city has', async () => {
    await desk.visit('flows');
    await desk.page.getByRole('link', { name: '转入流程' }).click();
    await good();
    const kinds = (await desk.page.locator('[data-testid^="add-"]').evaluateAll((all) => all.map((b) => b.dataset.testid.slice(4)))).filter((k) => k !== 'menu');
    for (const docs of readFileSync(join(ROOT, 'docs/flows.md'), 'utf8').match(/^\*\*([a-z]+)\*\* —/gm)) assert.ok([...kinds, 'menu'].includes(docs.slice(2, -4)), docs);
    await desk.el('add-menu').click();
    await desk.see('node-menu_1');
    for (const [i, kind] of kinds.entries()) {
      await desk.el(`add-${kind}`).click();
      const id = await desk.page.locator('[aria-pressed="true"]').getAttribute('data-testid');
      await choose('menu_1');
      const key = '1234567890*#'[i % 12];
      if (i < 12) {
        await desk.choose('key-pick', { value: key });
        await desk.el('key-add').click();
      }
      await desk.choose(`way-key:${key}`, { value: id.slice('outline-'.length) });
      await until(`key ${key} leads to ${kind}`, async () => (await desk.el(`way-key:${key}`).inputValue()) === id.slice('outline-'.length), WAIT_MS);
    }
    await choose('hello');
    await desk.choose('way-next', { value: 'menu_1' });
    await desk.see('checks', /处问题/);
    const told = await desk.text('checks');
    assert.doesNotMatch(told, /节点类型|不认识的字段/);
    assert.match(told, /缺少“接口”/);
    await choose('agent_1');
    assert.deepEqual(await desk.el('field-agent_no').locator('option').allInnerTexts(), ['无', '9001 坐席一']);
    await desk.shot('flow-editor-types', false);
    await desk.el('discard').click();
    await desk.gone('node-menu_1');
    await desk.gone('draft');
  });

  await chapter('flows without positions are laid out; all pages can be read in both themes and at 150 %', async () => {
    await choose('consult');
    await desk.axeBothThemes('flow-editor-end');
    await desk.el('open-try').click();
    await desk.el('try-start').click();
    await desk.see('try-now');
    await desk.axe('flow-editor-try');
    await desk.el('try-close').click();
    await desk.fits('flow-editor');
    await desk.visit('flows');
    await desk.see('flows', '主流程');
    await desk.axeBothThemes('settings-flows');
    await desk.fits('settings-flows');
    await desk.page.getByRole('link', { name: '主流程' }).click();
    await good();
    await desk.gone('draft');
    const overlap = await desk.page.evaluate(() => {
      const boxes = [...document.querySelectorAll('.vue-flow__node')].map((n) => n.getBoundingClientRect());
      return boxes.length > 8 && boxes.some((a, i) => boxes.some((b, j) => i < j && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
    });
    assert.equal(overlap, false);
    await desk.shot('flow-editor-main', false);
    await desk.visit('prompts');
    await desk.see('prompts', '北流欢迎语');
    await desk.el('edit-hello').click();
    await desk.see('prompt-versions');
    await desk.axeBothThemes('settings-prompts-end');
    await desk.fits('settings-prompts');
  });
});
