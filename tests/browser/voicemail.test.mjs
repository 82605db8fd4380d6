// Messages and call-backs on the pages: a leader assigns, an agent listens, calls back, registers and finishes (VM-01 to
// VM-08), reads what an engine heard in it; who gave up waiting appears by itself and is called by one click (SCN-14).
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Called, Caller, Person, Region, until } from '../system/lib/region.mjs';
import { ENGINE, Engine, textOf } from '../system/lib/engine.mjs';
import { AGENT_HZ, Office, WAIT_MS } from './lib/desk.mjs';

const FLOW = { entry: 'main', nodes: {
  main: { type: 'menu', name: '主菜单', prompt: 'beep', keys: { 1: 'consult', 3: 'message' }, timeout_ms: 20000, failed: 'bye' },
  message: { type: 'voicemail', max_s: 20, next: 'bye', off: 'bye', failed: 'bye' },
  consult: { type: 'queue', queue: 'consult', priority: 0, on_wait_over: 'bye', on_no_agent: 'bye', on_full: 'bye' },
  bye: { type: 'hangup', prompt: 'beep', reason: 'done' } } };
let region, engine, office, agent, leader, admin, called;
const callers = [];

before(async () => {
  engine = await Engine.start([440]);
  region = await Region.start({ env: { ...engine.env, ASR_TRIES: 1 } });
  admin = await Person.signIn(region, 'nanning', 'admin');
  const flow = (await admin.get('/settings/flows')).items.find((f) => f.code === 'main' && f.center_id === 2);
  await admin.call('POST', `/settings/flows/${flow.id}/publish`, { document: FLOW, note: '测试' }, { 'if-match': `"${flow.version}"` });
  await region.configured();
  office = await Office.open();
  called = await Called.start(region, { args: ['--count', '0', '--tone', '700', '--detect-tone', String(AGENT_HZ)] });
  await region.outside(called);
});
after(async () => {
  callers.forEach((c) => c.kill());
  called?.kill();
  await office?.close();
  await admin?.close();
  await region?.stop();
  await engine?.close();
});

const call = (keys, from) => {
  const caller = Caller.start(region, { from, to: '07711236601', args: ['--keys', keys, '--tone', '440'] });
  callers.push(caller);
  return caller;
};
// Somebody leaves four seconds of a tone.
async function message(from) {
  const caller = call('3', from);
  await until('his call', () => region.log.includes(`caller=${from} `), WAIT_MS);
  const id = /call=(\S+)/.exec(region.log.split('\n').findLast((line) => line.includes(`caller=${from} `)))[1];
  await until('he speaks', () => region.log.split('\n').some((line) => line.includes('event=speaking') && line.includes(id)), WAIT_MS);
  const began = Date.now();
  await until('four seconds of it', () => Date.now() - began > 4000, WAIT_MS);
  await caller.hangUp();
}
const one = (sql) => until(sql, () => region.sql(sql), WAIT_MS);
const invited = (number) => called.events.filter((e) => e.event === 'invited' && e.to === number).length;

test('messages and call-backs on the pages (VM-01 VM-02 VM-03 VM-04 VM-05 VM-06 VM-07 VM-08 SCN-14 CC-03)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });
  let id;

  await chapter('an administrator switches messages on, scene by scene (VM-05, VM-06)', async () => {
    leader = await office.desk(region);
    await leader.signIn('nanning', 'admin');
    await leader.visit('voicemails');
    await leader.see('no-voicemails', '没有符合条件的留言');
    await leader.el('vm-settings-open').click();
    await leader.see('vm-scenes', '非工作日');
    await leader.choose('vm-set-enabled', '启用');
    await leader.choose('vm-scene-off_hours', '停用');
    await leader.choose('vm-prompt-off_day', '留言（非工作日）');
    await leader.choose('vm-set-transcribe', '启用');
    await leader.fill('vm-set-quota', '0');
    leader.expect(/settings\/voicemail.*422/);
    await leader.el('vm-set-quota').evaluate((e) => e.removeAttribute('min'));
    await leader.el('vm-set-save').click();
    await leader.see('vm-settings', '存储配额');
    await until('told at the field', async () => (await leader.el('vm-set-quota').getAttribute('aria-invalid')) === 'true', WAIT_MS);
    await leader.fill('vm-set-quota', '200');
    await leader.el('vm-set-save').click();
    await leader.see('vm-set-said', '已保存');
    assert.equal(region.sql("SELECT enabled FROM voicemail_scene WHERE center_id = 2 AND scene = 'off_hours'"), 'f');
    await leader.axeBothThemes('voicemail-settings');
    await leader.fits('voicemail-settings');
    await leader.shot('voicemail-settings', false);
    await leader.context.close();
  });

  await chapter('a message appears by itself; a leader hears of it and assigns it (VM-01, VM-04)', async () => {
    await region.configured();
    leader = await office.desk(region);
    await leader.signIn('nanning', 'leader');
    await leader.visit('voicemails');
    engine.hold();
    await message('13877100777');
    await leader.see('voicemails', '138 7710 0777'.replaceAll(' ', ''));
    id = await one("SELECT voicemail_id FROM voicemail WHERE state <> 'recording'");
    await leader.el(`vm-${id}`).click();
    await leader.see('vm-detail', '主菜单 3');
    await until('the waveform', async () => (await leader.el('player').getAttribute('data-drawn')) === 'true', WAIT_MS);
    await leader.el('player-play').click();
    await one("SELECT count(*) FROM audit_log WHERE action = 'recording.play' HAVING count(*) > 0");
    await leader.see('vm-transcript-state', '等待识别');
    engine.release();
    await leader.see('vm-text', textOf(440));
    await leader.see('vm-transcript', `${ENGINE} · 可信度 88%`);
    await leader.choose('vm-assign-to', { index: 1 });
    await leader.el('vm-assign').click();
    await leader.see('vm-detail-state', '已分派');
    await leader.axeBothThemes('voicemails');
    await leader.fits('voicemails');
    await leader.shot('voicemails', false);
    assert.match(await leader.el('vm-export').getAttribute('href'), /voicemails\.xlsx\?/);
  });

  await chapter('what was heard is found by its words; a failure says why, and is asked again (VM-04, PLAT-10)', async () => {
    await leader.fill('vm-words', '增值税');
    await leader.el('vm-search').click();
    await leader.see('no-voicemails');
    await leader.fill('vm-words', '咨询退税');
    await leader.el('vm-search').click();
    await leader.see('voicemails', '13877100777');
    engine.badly = (request, response) => { response.writeHead(503, 'Busy'); response.end(); };
    await leader.el('vm-transcribe').focus();
    await leader.page.keyboard.press('Enter');
    await leader.see('vm-transcript-state', /识别没有成功（试了 1 次）：语音识别服务 .* 回答：503 Busy/);
    await leader.see('vm-text', textOf(440));
    await leader.axeBothThemes('voicemail-transcript');
    await leader.shot('voicemail-transcript', false);
    engine.badly = null;
    await leader.el('vm-transcribe').click();
    await until('the failure is gone', async () => (await leader.el('vm-transcript-state').count()) === 0, WAIT_MS);
    await leader.fill('vm-words', '');
    await leader.el('vm-search').click();
  });

  await chapter('the agent takes it, calls back by click and writes into the form that is filled in already (VM-02, VM-03, VM-08)', async () => {
    agent = await office.desk(region);
    await agent.signIn('nanning', 'a1001');
    await agent.takeLine();
    await agent.visit('voicemails');
    await agent.el(`vm-${id}`).click();
    assert.equal(await agent.el('voicemails').getByTestId('call-back').innerText(), '13877100777', 'a number to click (CC-03)');
    assert.equal(await leader.el('voicemails').getByTestId('call-back').count(), 0, 'plain text for who has no line');
    await agent.el('vm-take').click();
    await agent.see('vm-detail-state', '处理中');
    await agent.see('registration');
    assert.match(await agent.el('content').inputValue(), /留言 \d+ 秒，按键路径：主菜单 3/);
    await agent.axe('voicemail-form');
    await agent.shot('voicemail-form', false);
    agent.expect(/voicemails\/.*409/);
    await agent.el('vm-finish').click();
    await agent.see('vm-problem', '还没有接通的回访');
    await agent.el('vm-call').click();
    await until('his telephone rings', () => invited('13877100777') === 1, WAIT_MS);
    await agent.see('agent-state', '通话中');
    await agent.see('form-panel');
    await until('the message\'s form', async () => /主菜单 3/.test(await agent.el('content').inputValue()), WAIT_MS);
    await agent.choose('category', '咨询');
    await agent.fill('title', '回复留言：申报期限');
    await agent.page.keyboard.press('Control+s');
    await agent.see('record-said', /^已保存$/);
    await agent.page.keyboard.press('F4');
    await agent.see('agent-state', '整理');
    await agent.choose('wrap-up-code', '已答复');
    await agent.page.keyboard.press('F10');
    await until('formal', () => region.sql("SELECT state FROM record WHERE caller_no = '13877100777'") === 'closed', WAIT_MS);
    await agent.visit('voicemails');
    await agent.el(`vm-${id}`).click();
    await agent.see('vm-steps', '已接通');
    await agent.el('vm-finish').click();
    await agent.see('vm-detail-state', '已办结');
    await until('the leader sees it, too', async () => /已办结/.test(await leader.text('voicemails')), WAIT_MS);
  });

  await chapter('an administrator deletes it, with a reason; it is off the list, and its file is gone (VM-03, VM-07)', async () => {
    const desk = await office.desk(region);
    await desk.signIn('nanning', 'admin');
    await desk.visit('voicemails');
    await desk.el(`vm-${id}`).click();
    await desk.el('vm-delete').click();
    await desk.el('ask-yes').click();
    await desk.see('ask', '请填写原因');
    await desk.fill('ask-reason', '来电人要求删除');
    await desk.axe('voicemail-delete');
    await desk.shot('voicemail-delete', false);
    await desk.el('ask-yes').click();
    await desk.see('vm-detail-state', '已删除');
    await desk.see('no-voicemails');
    assert.equal(await desk.el('player').count(), 0);
    assert.equal(region.sql(`SELECT state FROM recording WHERE recording_id = '${id}'`), 'deleted');
    assert.equal(await agent.el('vm-delete').count() + (await leader.el('vm-delete').count()), 0, 'not for who works on them');
  });

  await chapter('who gives up is offered to an agent who is free, and called by one click (SCN-14)', async () => {
    await agent.visit('callbacks');
    await agent.see('no-callbacks', '没有待回拨的来电');
    const caller = call('1', '13877100888');
    await one("SELECT 1 FROM queue_visit WHERE outcome = 'open' LIMIT 1");
    await caller.hangUp();
    await agent.see('callbacks', '138 7710 0888');
    await agent.axeBothThemes('callbacks');
    await agent.fits('callbacks');
    await agent.shot('callbacks', false);
    await agent.visit('workbench');
    await until('the panel or the form', async () => (await agent.el('cb-panel').count()) + (await agent.el('form-panel').count()) > 0, WAIT_MS);
    await agent.visit('callbacks');
    const entry = region.sql("SELECT callback_id FROM callback WHERE number = '13877100888'");
    await agent.el(`cb-row-${entry}`).getByTestId('call-back').click(); // the number itself: the same as the button beside it (CC-03)
    await until('his telephone rings', () => invited('13877100888') === 1, WAIT_MS);
    await agent.see('agent-state', '通话中');
    await agent.page.keyboard.press('F4');
    await until('kept', () => region.sql("SELECT state FROM callback WHERE number = '13877100888'") === 'reached', WAIT_MS);
    await leader.visit('callbacks');
    await leader.choose('cb-state', '已接通');
    await leader.el('cb-search').click();
    await leader.see('callbacks', '已接通');
  });

  await chapter('the region sees on the pools\' page who is heard and who waits, and sets shares (PLAT-10)', async () => {
    const chief = await office.desk(region);
    await chief.signIn('guangxi', 'admin');
    await chief.visit('pools');
    await chief.see('pool-used-asr', '0 / 2');
    await chief.el('pool-edit-asr-2').click();
    await chief.el('pool-limited').check();
    await chief.fill('pool-most', '1');
    await chief.el('pool-save').click();
    await chief.see('most-asr-2', '1');
    await region.configured();
    engine.hold();
    await Promise.all([message('13877100778'), message('13877100779')]);
    await chief.see('use-asr-2', /1.*已满/s);
    await chief.see('waiting-asr-2', '1');
    await chief.see('refused-asr-2', '1');
    await chief.axeBothThemes('pools-asr');
    await chief.fits('pools-asr');
    await chief.shot('pools-asr', false);
    engine.release();
    await until('both are heard', () => region.sql("SELECT count(*) FROM transcript WHERE state = 'done'") === '2', WAIT_MS);
    await until('given back', async () => /^0/.test(await chief.text('use-asr-2')), WAIT_MS);
    await chief.context.close();
  });
});
