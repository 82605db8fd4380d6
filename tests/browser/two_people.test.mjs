// Two people change the same row: whoever saves second sees what the first one saved beside what he has typed himself,
// in every form over a row of a list; nothing typed is lost, and nothing saved is overwritten unseen.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Person, Region, until } from '../system/lib/region.mjs';
import { Office, WAIT_MS } from './lib/desk.mjs';

let region, office;
const people = {}; // over the API: they are the first ones
const desks = {}; // in front of a page: they are the second ones
before(async () => {
  region = await Region.start();
  office = await Office.open();
  for (const [name, center] of [['city', 'nanning'], ['region', 'guangxi']]) {
    people[name] = await Person.signIn(region, center, 'admin');
    desks[name] = await office.desk(region);
    await desks[name].signIn(center, 'admin');
  }
  const { city, region: chief } = people;
  await city.post('/settings/number-lists', { kind: 'black', number: '13877100001', prefix: false, action: 'refuse', reason: '骚扰', expires_on: '', enabled: true });
  await city.post('/settings/connectors', { code: 'tax', name: '查询', url: 'https://tax.example.com/', method: 'GET', headers: [], timeout_ms: 3000, enabled: true });
  await city.post('/settings/skill-groups', { code: 'english', name: '英语' });
  await city.post('/contacts', { id: crypto.randomUUID(), book: 'center', name: '办税厅', unit: '一所', numbers: ['07715550001'], note: '' });
  await city.post('/knowledge/classes', { name: '流程', parent_id: 0, enabled: true });
  await chief.post('/settings/bots/nodes', { name: '机器人一', host: '127.0.0.1', port: 5099, channels: 4 });
});
after(async () => {
  await office?.close();
  await region?.stop();
});

const CENTER = 2;
const byCode = (code) => (row) => row.code === code && row.center_id === CENTER;
const first = () => true;
const keyOf = (row) => `${row.id ?? row.code ?? ''} ${row.center_id ?? ''} ${row.kind ?? ''}`;
// who, the page, its form; a list and the row in it; the field that I type into; that of the other one and what he sends.
const FORMS = [
  { what: 'a queue', page: 'queues', form: 'queue', list: '/settings/queues', row: byCode('consult'), mine: ['queue-name', '咨询台'], theirs: ['queue-max_length', '77'], sends: { max_length: 77 }, stored: (q) => [q.name, String(q.max_length)] },
  { what: 'a calendar', page: 'calendars', form: 'calendar', list: '/settings/calendars', row: byCode('default'), mine: ['week-3', '09:00-11:00'], theirs: ['calendar-name', '新日历'], sends: (c) => ({ code: c.code, name: '新日历', document: c.document }), stored: (c) => [c.document.week[3].map((p) => p.join('-')).join(), c.name] },
  { what: 'a number list', page: 'lists', form: 'list', list: '/settings/number-lists', row: first, mine: ['list-reason', '多次骚扰'], theirs: ['list-action', 'prompt'], sends: { action: 'prompt', prompt_code: 'all_busy' }, stored: (e) => [e.reason, e.action] },
  { what: 'a connector', page: 'connectors', form: 'connector', edit: (c) => `connector-edit-${c.code}`, list: '/settings/connectors', row: first, mine: ['connector-name', '欠税查询'], theirs: ['connector-url', 'https://other.example.com/'], sends: { url: 'https://other.example.com/' }, stored: (c) => [c.name, c.url] },
  { what: 'a reason', page: 'reasons', form: 'reason', list: '/settings/reasons', row: (r) => r.center_id === CENTER && !r.system, mine: ['reason-name', '午餐'], theirs: ['reason-allowed', '7'], sends: { allowed_ms: 420000 }, stored: (r) => [r.name, String(r.allowed_ms / 60000)] },
  { what: 'a wrap-up code', page: 'reasons', form: 'code', edit: (c) => `code-edit-${CENTER}-${c.code}`, list: '/settings/wrap-up-codes', row: (c) => c.center_id === CENTER, path: (c) => `/settings/wrap-up-codes/${c.code}?center_id=${CENTER}`, mine: ['code-name', '咨询类'], theirs: ['code-sort', '99'], sends: { sort: 99 }, stored: (c) => [c.name, String(c.sort)] },
  { what: 'a team', page: 'teams', form: 'team', list: '/settings/teams', row: (t) => t.center_id === CENTER, mine: ['team-name', '早班'], theirs: ['team-district', '青秀区'], sends: { district: '青秀区' }, stored: (t) => [t.name, t.district] },
  { what: 'a person', page: 'users', form: 'user', list: '/settings/users', row: (u) => u.login === 'a1001' && u.center_id === CENTER, mine: ['user-name', '张三'], theirs: ['user-agent_no', '1991'], sends: { agent_no: '1991' }, stored: (u) => [u.name, u.agent_no] },
  { what: 'a contact', page: 'contacts', form: 'contact', open: (desk) => desk.page.getByRole('button', { name: '修改 办税厅' }), list: '/contacts', row: first, mine: ['contact-note', '周一休息'], theirs: ['contact-unit', '二所'], sends: ({ name, numbers, note }) => ({ name, numbers, note, unit: '二所' }), stored: (c) => [c.note, c.unit] },
  { what: 'a class of knowledge', page: 'knowledge', form: 'kb-class', before: (desk) => desk.el('kb-view-classes').click(), list: '/knowledge/classes', row: (c) => c.name === '流程', mine: ['kb-class-name', '业务流程'], theirs: ['kb-class-sort', '55'], sends: { sort: 55 }, stored: (c) => [c.name, String(c.sort)] },
  { what: 'a city\'s access code', page: 'transfers', form: 'code', edit: () => `code-edit-${CENTER}-from_12366`, list: '/settings/transfers', row: (c) => c.center_id === CENTER, version: (c) => c.codes.find((k) => k.source === 'from_12366').version, path: () => `/settings/transfers/${CENTER}/codes/from_12366`,
    mine: ['code-priority', '33'], theirs: ['code-code', '96611'], sends: { code: '96611' }, problem: 'transfer-problem', stored: (c) => { const k = c.codes.find((one) => one.source === 'from_12366'); return [String(k.priority), k.code]; } },
  { who: 'region', what: 'a node of the voice bot', page: 'bots', form: 'node', open: (desk) => desk.el('nodes').getByRole('button', { name: /修改/ }).first(), list: '/settings/bots/nodes', row: first, mine: ['node-name', '机器人甲'], theirs: ['node-channels', '6'], sends: { channels: 6 }, problem: 'bot-problem', stored: (n) => [n.name, String(n.channels)] },
  { who: 'region', what: 'a center\'s quota of the voice bot', page: 'bots', form: 'quota', edit: () => `quota-edit-${CENTER}`, list: '/settings/bots/shares', row: (s) => s.center_id === CENTER, path: () => `/settings/bots/shares/${CENTER}`, mine: ['quota-most', '30'], theirs: ['quota-guaranteed', '3'], sends: { guaranteed: 3 }, problem: 'bot-problem', stored: (s) => [String(s.most), String(s.guaranteed)] },
  { who: 'region', what: 'a share of a pool', page: 'pools', form: 'pool', edit: () => `pool-edit-trunk-${CENTER}`, list: '/settings/pools', row: (s) => s.center_id === CENTER && s.kind === 'trunk', path: () => `/settings/pools/${CENTER}/trunk`, mine: ['pool-guaranteed', '5'], theirs: ['pool-most', '50'], sends: { guaranteed: 0, most: 50 }, problem: 'pool-problem', stored: (s) => [String(s.guaranteed), String(s.most)] },
];

test('what somebody else saved meanwhile comes in beside what was typed', async (story) => {
  let page = '';
  for (const form of FORMS)
    await story.test(form.what, async () => {
      const who = form.who ?? 'city';
      const [desk, person] = [desks[who], people[who]];
      const { page: where, form: name, list, mine, theirs } = form;
      const find = async (test) => (await person.get(list)).items.find(test);
      try {
        if (page !== `${who} ${where}`) {
          await desk.visit(where);
          await form.before?.(desk);
        }
        page = `${who} ${where}`;
        const row = await find(form.row);
        await (form.open?.(desk) ?? desk.el(form.edit?.(row) ?? `${name}-edit-${row.id}`)).click();
        await desk.see(`${name}-form`);
        await desk.fill(mine[0], mine[1]);
        const path = form.path?.(row) ?? `${list}/${row.id}`;
        await person.put(path, typeof form.sends === 'function' ? form.sends(row) : form.sends, { 'if-match': `"${form.version?.(row) ?? row.version}"` });
        desk.expect(new RegExp(`${path.slice(1).split('?')[0]}.*412`));
        await desk.el(`${name}-save`).click();
        await until('told', async () => /已被他人修改.*核对后再保存/s.test(await desk.page.locator('main, .page').first().innerText()), WAIT_MS);
        await until('theirs is there', async () => (await desk.el(theirs[0]).inputValue()) === theirs[1], WAIT_MS);
        assert.equal(await desk.el(mine[0]).inputValue(), mine[1], 'what I typed is still there');
        if (form === FORMS[0]) await desk.shot('settings-queue-theirs', false);
        await desk.el(`${name}-save`).click();
        await desk.gone(`${name}-form`);
        assert.deepEqual(form.stored(await find((one) => keyOf(one) === keyOf(row))), [mine[1], theirs[1]], 'both are saved');
        desk.calm();
      } catch (error) {
        await office.look();
        throw error;
      }
    });
  await story.test('whoever opens another row meanwhile is left there', async () => {
    const [desk, person] = [desks.region, people.region];
    const shareOf = async (center) => (await person.get('/settings/bots/shares')).items.find((s) => s.center_id === center);
    const { version, guaranteed } = await shareOf(CENTER);
    await desk.visit('bots');
    await desk.el(`quota-edit-${CENTER}`).click();
    await desk.fill('quota-most', '41');
    await person.put(`/settings/bots/shares/${CENTER}`, { guaranteed: guaranteed + 1 }, { 'if-match': `"${version}"` });
    const slow = await desk.late('**/api/v1/settings/bots/shares');
    await desk.el('quota-save').click();
    await slow.asked();
    const other = await shareOf(CENTER + 1);
    await desk.el(`quota-edit-${CENTER + 1}`).click();
    await slow.comes();
    await desk.see('bot-problem', '他人修改');
    assert.deepEqual([await desk.el('quota-most').inputValue(), await desk.el('quota-guaranteed').inputValue()], [other.most, other.guaranteed].map(String));
    desk.calm();
  });
});
