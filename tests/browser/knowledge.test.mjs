// The knowledge base on the pages: written and published by who may, searched by an agent during a call and put into the
// registration (KB-02, KB-06, KB-07, KB-14).
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Caller, Region, until } from '../system/lib/region.mjs';
import { Office, WAIT_MS } from './lib/desk.mjs';

let region, office, admin, agent, leader, caller;
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
const marked = (desk, id) => desk.el(id).locator('mark').allInnerTexts();
const entryOf = (title) => region.sql(`SELECT id FROM kb_entry WHERE title = '${title}'`);
// Writes a new entry and publishes it; gives its id.
async function write(title, className, content) {
  await admin.el('kb-new').click();
  await admin.see('kb-editor', '新增知识');
  await admin.fill('kb-title', title);
  await admin.choose('kb-entry-class', className);
  await admin.fill('kb-content', content);
  await key(admin, 'Control+s');
  await admin.see('kb-state', '草稿');
  await admin.el('kb-publish').click();
  await admin.see('kb-state', /^已发布$/);
  return entryOf(title);
}

test('the knowledge base by its pages (KB-02 KB-06 KB-07 KB-14)', async (story) => {
  let failed = false;
  const chapter = (name, work) => story.test(name, { skip: failed && 'a chapter before failed' }, async () => {
    failed = true;
    await work().catch(async (error) => { await office.look(); throw error; });
    office.calm();
    failed = false;
  });
  let invoices, refunds;

  await chapter('an administrator makes classes; one in use is not deleted, and the page says who uses it (KB-02)', async () => {
    admin = await office.desk(region);
    await admin.signIn('nanning', 'admin');
    await admin.visit('knowledge');
    await admin.see('kb-none', '还没有发布的知识');
    await admin.el('kb-view-classes').click();
    await admin.see('kb-classes', '办税流程');
    await admin.el('kb-classes').getByRole('button', { name: '在 办税流程 下新增' }).click();
    assert.equal(await admin.page.evaluate(() => document.activeElement?.dataset.testid), 'kb-class-name');
    await admin.page.keyboard.type('发票');
    await key(admin, 'Enter');
    await admin.gone('kb-class-form');
    await admin.see('kb-classes', '发票');
    admin.expect(/knowledge\/classes\/\d+ .*422/, /knowledge\/classes .*422/);
    await admin.el('kb-classes').getByRole('button', { name: '删除 办税流程' }).click();
    await admin.el('kb-class-remove-yes').click();
    await admin.see('kb-class-problem', '下级类别“发票”');
    await admin.el('kb-class-new').click();
    await admin.fill('kb-class-name', '办税大厅');
    await admin.el('kb-class-save').click();
    await admin.see('kb-class-form', '已有名为“办税大厅”');
    await admin.axeBothThemes('knowledge-classes');
    await admin.fits('knowledge-classes');
    await admin.el('kb-class-name').focus();
    await key(admin, 'Escape');
    await admin.gone('kb-class-form');
  });

  await chapter('he writes and publishes; what he typed survives a reload; a leader writes and may not publish (KB-14)', async () => {
    await admin.el('kb-view-write').click();
    await admin.see('kb-no-entries');
    await admin.el('kb-new').click();
    admin.expect(/knowledge\/entries .*422/);
    await admin.fill('kb-title', '红字发票办法');
    await admin.el('kb-save').click();
    await until('told at the field', async () => (await admin.el('kb-content').getAttribute('aria-invalid')) === 'true', WAIT_MS);
    await admin.page.reload();
    await admin.see('kb-editor', '新增知识');
    await admin.see('kb-said', '已恢复');
    assert.equal(await admin.el('kb-title').inputValue(), '红字发票办法');
    await admin.choose('kb-entry-class', { label: '　发票' });
    await admin.fill('kb-content', '发票开错了，购销双方确认后开具红字发票。\n\n跨月的不能作废。');
    await admin.el('kb-save').click();
    await admin.see('kb-said', '已保存为草稿');
    await admin.fill('kb-note', '首次');
    await admin.el('kb-publish').click();
    await admin.see('kb-state', /^已发布$/);
    invoices = entryOf('红字发票办法');
    refunds = await write('退税进度查询', '办税大厅', '提交退税申请后，可在手机应用里查询进度，一般不用到大厅。');
    await admin.see('kb-entries', '红字发票办法');
    await admin.axeBothThemes('knowledge-writing');
    await admin.fits('knowledge-writing');
    leader = await office.desk(region);
    await leader.signIn('nanning', 'leader');
    await leader.visit('knowledge');
    await leader.el('kb-view-write').click();
    await leader.el(`kb-entry-${invoices}`).click();
    await until('the draft', async () => (await leader.el('kb-title').inputValue()) === '红字发票办法', WAIT_MS);
    assert.deepEqual([await leader.el('kb-publish').count(), await leader.el('kb-withdraw').count()], [0, 0]);
    await leader.context.close();
  });

  await chapter('the page finds by words and by class, with the hits marked; a link shows the same (KB-07)', async () => {
    await admin.el('kb-view-read').click();
    await admin.fill('kb-words', '红字，作废');
    await key(admin, 'Enter');
    await until('only this one', async () => (await admin.el(`kb-hit-${refunds}`).count()) === 0, WAIT_MS);
    assert.deepEqual(await marked(admin, `kb-hit-${invoices}`), ['红字', '红字', '作废']);
    await admin.el(`kb-hit-${invoices}`).click();
    await admin.see('kb-item-text', '跨月的不能作废');
    assert.equal(await admin.el('kb-item-text').locator('p').count(), 2, 'paragraphs');
    await admin.axeBothThemes('knowledge');
    await admin.fits('knowledge');
    await admin.page.reload();
    await admin.see('kb-item-title', '红字发票办法');
    assert.equal(await admin.el('kb-words').inputValue(), '红字，作废');
    await admin.el('kb-tree').getByRole('button', { name: '办税大厅' }).click();
    await admin.see('kb-none', '没有检索到');
    admin.expect(/knowledge\/items\?q=.*422/);
    await admin.fill('kb-words', '税');
    await key(admin, 'Enter');
    await admin.see('kb-problem', '至少输入两个');
    await admin.shot('knowledge-problem', false);
  });

  await chapter('in a call the agent opens it by a key, finds the answer and puts it below what is typed; nothing of it is lost (KB-06)', async () => {
    agent = await office.desk(region);
    await agent.signIn('nanning', 'a1001');
    await agent.takeLine();
    await agent.ready();
    caller = Caller.start(region, { from: '13877100001', to: '07711236601', args: ['--keys', '1'] });
    await agent.see('ringing');
    await key(agent, 'F2');
    await agent.see('agent-state', '通话中');
    await agent.see('form-panel');
    await agent.fill('content', '发票开错了');
    await agent.fill('answer-text', '您好');
    // The first list is slow: what is asked meanwhile is asked all the same, and the late list does not replace it.
    const all = await agent.late(/knowledge\/items\?(?!.*q=%)/);
    await key(agent, 'Alt+z');
    await agent.see('kb-panel');
    await all.asked();
    assert.equal(await agent.page.evaluate(() => document.activeElement?.dataset.testid), 'kb-words');
    await agent.page.keyboard.type('红字发票');
    await key(agent, 'Enter');
    await until('found and marked', async () => (await agent.el(`kb-hit-${invoices}`).count()) > 0 && (await marked(agent, `kb-hit-${invoices}`)).includes('红字发票'), WAIT_MS);
    await all.comes();
    assert.ok((await marked(agent, `kb-hit-${invoices}`)).includes('红字发票'));
    await agent.shot('workbench-knowledge', false);
    await agent.el(`kb-hit-${invoices}`).click();
    await agent.see('kb-item-text', '跨月的不能作废');
    assert.equal(await agent.el('kb-edit').count(), 0, 'he reads');
    await agent.el('kb-put-answer').click();
    await agent.see('kb-put-said', '已放入答复内容');
    const answer = '您好\n发票开错了，购销双方确认后开具红字发票。\n\n跨月的不能作废。';
    assert.equal(await agent.el('answer-text').inputValue(), answer);
    assert.equal(await agent.el('content').inputValue(), '发票开错了');
    await until('kept on the server, too', () => region.sql("SELECT document->>'answer' FROM draft") === answer, WAIT_MS);
    await agent.axeBothThemes('workbench-knowledge');
    await agent.fits('workbench-knowledge');
    await agent.choose('category', '咨询');
    await agent.fill('title', '红字');
    await key(agent, 'Control+s');
    await agent.see('record-said', /^已保存$/);
    assert.equal(region.sql('SELECT answer FROM record'), answer);
    // what does not fit is not cut off
    await agent.fill('answer-text', '长'.repeat(3990));
    await agent.el('kb-put-answer').click();
    await agent.see('kb-put-said', '放不下');
    assert.equal(await agent.el('answer-text').inputValue(), '长'.repeat(3990));
  });

  await chapter('a new version is on his page at once, an older one can be read and published again; withdrawn it is gone (KB-14)', async () => {
    await admin.fill('kb-words', '红字');
    await admin.el('kb-all').click();
    await admin.el(`kb-hit-${invoices}`).click();
    const itself = new RegExp(`knowledge/entries/${invoices}$`);
    const entry = await admin.late(itself);
    await admin.el('kb-edit').click();
    await admin.see('kb-editor', '修改知识');
    await entry.asked();
    assert.equal(await admin.el('kb-content').count(), 0, 'no field that what comes would overwrite');
    await entry.comes();
    await admin.fill('kb-content', '改为在线确认。');
    const saving = await admin.late(itself);
    await admin.el('kb-save').click();
    await saving.asked();
    await admin.fill('kb-content', '改为在线确认后开具红字发票。');
    await saving.comes();
    await admin.see('kb-said', '已保存为草稿');
    assert.equal(await admin.el('kb-content').inputValue(), '改为在线确认后开具红字发票。', 'what is typed while it is saved stays');
    assert.ok(await admin.el('kb-save').isEnabled(), 'and is not saved yet');
    await admin.fill('kb-note', '改为在线确认');
    await admin.el('kb-publish').click(); // saves and publishes
    await admin.see('kb-entry-versions', '第 2 版');
    await agent.see('kb-item-text', '改为在线确认');
    await agent.el('kb-versions').locator('summary').click();
    await agent.el('kb-version-1').click();
    await agent.see('kb-old', '第 1 版');
    await agent.see('kb-item-text', '跨月的不能作废');
    assert.equal(await agent.el('kb-put-answer').count(), 0, 'an old text is no answer');
    await admin.el('kb-look-1').click();
    await admin.see('kb-older', '跨月的不能作废');
    await admin.el('kb-again-1').click();
    await admin.el('kb-again-yes').click();
    await admin.see('kb-entry-versions', '第 3 版');
    await until('the draft goes along', async () => (await admin.el('kb-content').inputValue()).includes('跨月的不能作废'), WAIT_MS);
    await admin.shot('knowledge-versions', false);
    agent.expect(/knowledge\/items\/.*404/);
    admin.expect(/knowledge\/items\/.*404/);
    await admin.el('kb-withdraw').click();
    await admin.el('kb-withdraw-yes').click();
    await admin.see('kb-state', '已撤回');
    await agent.see('kb-panel', '没有这条知识');
    await agent.el('kb-item-close').click();
    await until('gone from the list', async () => (await agent.el(`kb-hit-${invoices}`).count()) === 0, WAIT_MS);
    await key(agent, 'Alt+z');
    await agent.gone('kb-panel');
    assert.equal(await agent.page.evaluate(() => document.activeElement?.dataset.testid), 'answer-text', 'the keyboard is where it was');
    await agent.el('kb-open').click();
    await agent.el('kb-panel-close').click();
    await agent.gone('kb-panel');
    assert.equal(await agent.page.evaluate(() => document.activeElement?.dataset.testid), 'kb-open');
    await agent.axe('workbench-knowledge-closed');
    await agent.fits('workbench-knowledge-closed');
    await agent.shot('workbench-knowledge-closed', false);
  });
});
