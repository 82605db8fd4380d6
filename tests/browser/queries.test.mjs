// A leader asks what happened: calls out, recordings with notes and a copy, states as a time line; an address book entry
// is made and dialed from.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Called, Region, until } from '../system/lib/region.mjs';
import { AGENT_HZ, Office, WAIT_MS } from './lib/desk.mjs';

const NUMBER = '07722831234';
let region, office, agent, leader, asker, called;

before(async () => {
  region = await Region.start();
  office = await Office.open();
  called = await Called.start(region, { args: ['--count', '0', '--answer-after', '300', '--tone', '700', '--detect-tone', String(AGENT_HZ)] });
  await region.outside(called);
});
after(async () => {
  called?.kill();
  await office?.close();
  await region?.stop();
});

// The file of a recording becomes three seconds of a tone, six of silence, three of a tone: what the player does is measured.
const LOUD_S = 3;
const QUIET_S = 6;
function withSilence(id) {
  const path = region.sql(`SELECT path FROM recording WHERE recording_id = '${id}'`);
  const codes = Buffer.alloc((2 * LOUD_S + QUIET_S) * 16000, 0xd5);
  for (let i = 0; i < codes.length / 2; i++) {
    const s = i / 8000;
    if (s < LOUD_S || s >= LOUD_S + QUIET_S) codes[2 * i] = codes[2 * i + 1] = i % 8 < 4 ? 0x20 : 0xa0;
  }
  writeFileSync(join(region.dir, 'state/recordings', path), Buffer.concat([Buffer.alloc(58), codes]));
  region.sql(`UPDATE recording SET length_ms = ${1000 * (2 * LOUD_S + QUIET_S)}, size = ${58 + codes.length} WHERE recording_id = '${id}'`);
}
const player = (work, ...args) => leader.page.evaluate(`(${work})(document.querySelector('[data-testid="player"] audio'), ...${JSON.stringify(args)})`);
// How fast the recording goes by, over half a second of its own time.
const pace = () => player(async (audio) => {
  const moved = (to) => new Promise((done) => { const look = setInterval(() => { if (audio.currentTime >= to) { clearInterval(look); done(performance.now()); } }, 5); });
  const [at, began] = [audio.currentTime, await moved(audio.currentTime + 0.1)];
  return 500 / ((await moved(at + 0.6)) - began);
});
const at = () => player((audio) => audio.currentTime);
const near = (what, value, wanted, by) => assert.ok(Math.abs(value - wanted) <= by, `${what}: ${value}, not ${wanted}`);

test('CC-02 CC-03 QRY-04 QRY-06 QRY-08 an agent dials from the address book; his leader finds the attempt, hears it, notes it, takes a copy, sees the day', async () => {
  try {
    [agent, leader] = [await office.desk(region), await office.desk(region)];
    await leader.signIn('nanning', 'leader');
    await leader.visit('contacts');
    await leader.el('contact-new').click();
    await leader.choose('contact-book', '本中心');
    for (const [id, text] of [['name', '王科长'], ['unit', '第一税务分局'], ['numbers', '12 ']]) await leader.fill(`contact-${id}`, text);
    leader.expect(/contacts .*422/);
    await leader.el('contact-save').click();
    await until('said at the field', async () => (await leader.el('contact-numbers').getAttribute('aria-invalid')) === 'true', WAIT_MS);
    await leader.fill('contact-numbers', '0772-2831234');
    await leader.el('contact-save').click();
    await leader.see('contacts', '王科长');
    await leader.axeBothThemes('contacts');
    await leader.fits('contacts');

    await agent.signIn('nanning', 'a1001');
    await agent.takeLine();
    await agent.ready();
    await agent.visit('contacts');
    await agent.fill('contact-words', '王');
    await agent.el('search').click();
    await agent.see('contacts', NUMBER);
    await agent.el('contacts').getByTestId('call-back').click();
    await agent.see('agent-state', '通话中');
    assert.equal(called.events.find((e) => e.event === 'invited').to, NUMBER);
    await called.waitFor('tone');
    await agent.page.keyboard.press('F4');
    await agent.see('agent-state', '整理');
    await until('recorded', () => region.sql("SELECT count(*) FROM recording WHERE state = 'closed'") === '1', WAIT_MS);

    // Wherever the number is shown it is one click for who may dial, and plain text for who may not (CC-03).
    for (const desk of [agent, leader])
      for (const [page, list, table] of [['calls', '', 'calls'], ['queries', 'query-outbound', 'query-table'], ['queries', 'query-recordings', 'query-table'], ['contacts', '', 'contacts']]) {
        await desk.visit(page);
        if (list) await desk.el(list).click();
        await until(`${desk.name} is at ${page}`, () => new URL(desk.page.url()).pathname.startsWith(`/${page}`), WAIT_MS); // the workbench has a list of calls, too
        await desk.see(table, NUMBER);
        await until(`${desk.name} ${page} ${list}`, async () => (await desk.el(table).getByTestId('call-back').count()) === (desk === agent ? 1 : 0), WAIT_MS);
      }

    await leader.visit('queries');
    await leader.el('query-outbound').click();
    await leader.see('query-table', /1001[^]*07722831234[^]*已接通/);
    withSilence(region.sql('SELECT recording_id FROM recording'));
    await leader.page.reload();
    await leader.see('query-table', '07722831234');
    await leader.el('query-play').click();
    await leader.see('query-player', NUMBER);
    await until('drawn', async () => (await leader.el('player').getAttribute('data-drawn')) === 'true', WAIT_MS);
    await leader.el('player-seek').fill('7');
    await until('there', async () => (await leader.text('player-time')).startsWith('00:00:07'), WAIT_MS);
    await leader.fill('note-text', '答复清楚');
    await leader.el('note-add').click();
    await leader.see('notes', /答复清楚/);
    await leader.axeBothThemes('queries-outbound');
    await leader.fits('queries-outbound');
    // What the player says it does really happens.
    await leader.el('player-play').click();
    await until('it plays', async () => (await at()) > 0.2, WAIT_MS);
    for (const speed of [1, 2, 0.5]) {
      await leader.choose('player-speed', `${speed}×`);
      assert.equal(await player((audio) => audio.playbackRate), speed);
      await leader.el('player-seek').fill('0.1');
      near('place after the slider', await at(), 0.1, 0.5);
      near(`pace at ${speed}×`, await pace(), speed, 0.25 * speed);
    }
    await leader.choose('player-speed', '1×');
    await leader.el('waveform').click({ position: { x: Math.round((await leader.el('waveform').boundingBox()).width / 2), y: 20 } });
    near('place after a click in the middle of the wave', await at(), LOUD_S + QUIET_S / 2, 0.7);
    await leader.el('player-play').click();
    await leader.el('player-skip').check();
    await leader.el('player-seek').fill(String(LOUD_S - 0.5));
    const places = player(async (audio, end) => {
      const seen = [];
      await new Promise((done) => { const look = setInterval(() => { seen.push(audio.currentTime); if (audio.currentTime > end) { clearInterval(look); done(); } }, 10); });
      return seen;
    }, LOUD_S + QUIET_S + 0.3);
    await leader.el('player-play').click();
    const inSilence = (await places).filter((s) => s > LOUD_S + 0.6 && s < LOUD_S + QUIET_S - 0.4);
    assert.deepEqual(inSilence, [], 'six seconds of silence are passed over');
    await leader.el('player-skip').uncheck();
    await leader.el('player-seek').fill('0');
    await leader.el('notes').getByRole('button', { name: /跳到/ }).click();
    near('place of the note', await at(), 7, 0.3);
    await leader.el('player-play').click();
    const [copy] = await Promise.all([leader.page.waitForEvent('download'), leader.el('player-download').click()]);
    const [, mark, taker] = /hotlined download=([0-9a-f-]{36}) user=(\d+)/.exec(readFileSync(await copy.path()).toString('latin1', 0, 200));
    await until('in the audit log, with the same mark', () => region.sql(`SELECT user_id FROM audit_log WHERE action = 'recording.download' AND position('${mark}' IN detail || object_id) > 0`) === taker, WAIT_MS);

    await leader.el('query-recordings').click();
    await leader.see('query-table', /呼出[^]*07722831234[^]*完成/);
    await leader.el('query-states').click();
    await leader.see('timeline', '1001');
    await leader.see('query-table', /示忙|空闲/);
    await leader.axeBothThemes('queries-states');
    await leader.fits('queries-states');
    for (const id of ['sessions', 'holds', 'no-answers']) {
      await leader.el(`query-${id}`).click();
      await until(id, async () => (await leader.el('query-table').count()) + (await leader.el('no-rows').count()) === 1, WAIT_MS);
    }
    const [sheet] = await Promise.all([leader.page.waitForEvent('download'), leader.el('xlsx').click()]);
    assert.equal(readFileSync(await sheet.path()).toString('latin1', 0, 2), 'PK');
    office.calm();
  } catch (error) {
    await office.look();
    throw error;
  }
});

// Each list and report: where it is, what it reads, what is typed or chosen, how it is asked, what is shown then.
const typed = (field, text = '13900000000') => ({ set: () => asker.fill(field, text), send: () => asker.el(field).press('Enter') });
const picked = (field, value, button) => ({ set: () => asker.choose(field, { value }), send: () => asker.el(button).click() });
const LISTS = [
  ['calls', /\/calls\?/, typed('caller'), 'no-calls', 'calls'],
  ['queries/recordings', /\/queries\/recordings\?/, typed('agent', '9999'), 'no-rows', 'query-table'],
  ['audit', /\/audit\?/, picked('audit-action', 'recording.', 'audit-search'), 'audit', 'audit'],
  ['tickets', /\/tickets\?/, typed('ticket-number', 'GD1'), 'no-tickets'],
  ['voicemails', /\/voicemails\?/, typed('vm-caller'), 'no-voicemails'],
  ['callbacks', /\/callbacks\?/, typed('cb-number'), 'no-callbacks'],
  ['contacts', /\/contacts\?/, typed('contact-words'), 'no-contacts', 'contacts'],
  ['settings/lists', /\/settings\/number-lists\?/, typed('find-text'), 'no-entries'],
  ['knowledge?view=write', /\/knowledge\/entries\?/, typed('kb-find-title'), 'kb-no-entries'],
  ['reports/voice_service', /\/reports\/voice_service\?/, picked('by', 'queue', 'search'), 'report', 'report'],
  ['reports/agent_voice', /\/reports\/agent_voice\?/, picked('by', 'team', 'search'), 'report', 'report'],
];
async function whoMayAskAll() {
  const desk = await office.desk(region);
  await desk.signIn('nanning', 'admin');
  await desk.see('who');
  return desk;
}
for (const [place, question, filter, shows, had] of LISTS)
  test(`what is asked at ${place} while the first answer is under way counts, and the late answer does not replace it`, async () => {
    try {
      asker ??= await whoMayAskAll();
      const first = await asker.late(question);
      await asker.go(`/${place}`);
      await first.asked();
      await filter.set();
      await filter.send();
      await asker.see(shows);
      const shown = await asker.text(shows);
      await first.comes();
      assert.equal(await asker.text(shows), shown);
      assert.equal((await asker.el(had ?? shows).count()), had && had !== shows ? 0 : 1);
      office.calm();
    } catch (error) {
      await office.look();
      throw error;
    }
  });
