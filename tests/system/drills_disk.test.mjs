// Failure drills of a disk that gets full (docs/drills.md): first the alarm, then recordings past their day, oldest
// first, then no recordings; and the outbox full up to the refusal of calls.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Person, until } from './lib/region.mjs';
import { SmallDisk } from './lib/small_disk.mjs';
import { Crowd, accounts, chapter, metric, tell, unwell } from './lib/drills.mjs';

const WAIT_MS = 60000;
const DISK_MB = 96;
let region, crowd, supervisor;

async function open(options, agents) {
  region = await SmallDisk.start({ disk_mb: DISK_MB, ...options });
  crowd = await Crowd.open(region, agents);
  supervisor = await Person.signIn(region, 'guangxi', 'supervisor');
}
async function close() {
  await crowd?.kill();
  const there = region;
  region = crowd = undefined;
  await there?.stop();
}
let elsewhere; // recordings of the second drill
after(async () => {
  await close();
  if (elsewhere) rmSync(elsewhere, { recursive: true, force: true });
});

const disk = async () => (await supervisor.get('/monitor/wall')).disk;
const isState = (state) => until(`disk ${state}`, async () => (await disk()).state === state, WAIT_MS);
const row = (sql) => region.sql(sql);

before(() => open({ env: { DISK_ALARM: 40, DISK_CLEAN: 30, DISK_STOP: 10 } }, 1));

// A recording as large as so many MB, of a call that took place.
async function recorded(mb) {
  const [talk] = await crowd.talk();
  await crowd.end([talk]);
  await until('its recording', () => row(`SELECT state FROM recording WHERE call_id = '${talk.callId}'`) === 'closed', WAIT_MS);
  const [id, path] = row(`SELECT recording_id, path FROM recording WHERE call_id = '${talk.callId}'`).split('|');
  const file = join(region.state, 'recordings', path);
  execFileSync('truncate', ['-s', '0', file]);
  execFileSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', `count=${mb}`], { stdio: 'pipe' });
  return { id, file, callId: talk.callId };
}
const stateOf = ({ id }) => row(`SELECT state FROM recording WHERE recording_id = '${id}'`);

chapter('drill 5: the disk gets full: first an alarm, then recordings past their day go, oldest first and no more than needed, those within it never, then nothing is recorded; with room again it is (NFR-08 PLAT-03)', async (t) => {
  if (!region.mounted) return t.skip('may not mount a small file system');
  const [oldest, old, kept] = [await recorded(12), await recorded(12), await recorded(1)];
  for (const r of [oldest, old]) row(`UPDATE recording SET keep_until = current_date - 2 WHERE recording_id = '${r.id}'`);
  const lost = [];
  assert.equal((await disk()).state, 'good');

  region.fill(35);
  await isState('low');
  assert.equal((await metric(region, 'hotlined_recordings_expired_total')), 0, 'the alarm comes before anything goes');
  assert.ok(existsSync(oldest.file) && /room=disk event=low/.test(region.log));

  region.fill(25);
  await until('the oldest is gone', () => stateOf(oldest) === 'deleted', WAIT_MS);
  assert.ok(!existsSync(oldest.file));
  await until('there is room', async () => (await disk()).free_percent >= 31, WAIT_MS);
  if (stateOf(old) !== 'closed' || !existsSync(old.file)) lost.push('a recording that need not have gone');
  const answer = await supervisor.raw('GET', `/recordings/${oldest.id}/audio`);
  assert.deepEqual([answer.status, answer.body.title], [410, '录音已按保存期限清除']);
  assert.match(await until('audited', () => row(`SELECT detail FROM audit_log WHERE action = 'recording.expire' AND object_id = '${oldest.id}'`)), /^keep_until=\d{4}-\d\d-\d\d disk_free_percent=\d+$/);

  region.fill(5);
  await until('the next one, too', () => stateOf(old) === 'deleted', WAIT_MS);
  region.fill(5);
  await isState('full');
  await until('it is said that nothing may go', () => /room=disk event=nothing_may_go/.test(region.log), WAIT_MS);
  if (stateOf(kept) !== 'closed' || !existsSync(kept.file)) lost.push('a recording within its day');
  const [silent] = await crowd.talk();
  lost.push(...unwell([silent]));
  await crowd.end([silent]);
  assert.equal(await until('listed as not recorded', () => row(`SELECT why FROM unrecorded_call WHERE call_id = '${silent.callId}'`), WAIT_MS), 'record_no_room');

  region.empty();
  await isState('good');
  const next = await recorded(1);
  assert.equal(stateOf(next), 'closed');
  await until('both audited', () => row("SELECT count(*) FROM audit_log WHERE action = 'recording.expire'") === '2');
  const figures = await accounts(region);
  tell('a disk that gets full', [...lost, ...figures.lost], `2 recordings past their day removed with an audit row each, 2 within it kept, 1 call listed as not recorded; ${figures.text}`);
  await close();
});

chapter('drill 5: the outbox cannot be written and its memory gets full: calls under way unharmed, new ones hear 503; with room again calls are taken by itself, every fact once (NFR-08)', async (t) => {
  elsewhere = mkdtempSync(join(tmpdir(), 'hl-recordings-'));
  process.env.HOTLINED_OUTBOX_HELD = '400';
  await open({ env: { RECORDING_DIR: elsewhere } }, 5);
  delete process.env.HOTLINED_OUTBOX_HELD;
  if (!region.mounted) return t.skip('may not mount a small file system');
  const talks = await crowd.talk();
  region.fill();
  await until('the journal cannot be written', async () => { crowd.call(crowd.agents[0].city); return /room=outbox event=write_failed/.test(region.log); }, WAIT_MS, 200);
  const refused = await until('a call is refused', async () => {
    const caller = crowd.call(crowd.agents[0].city);
    await until('an answer', () => caller.seen('answered') || caller.seen('refused') || caller.code !== undefined, WAIT_MS, 10);
    if (caller.seen('answered')) await Promise.all([caller.waitFor('key_sent', undefined, WAIT_MS)]).then(() => caller.hangUp());
    return caller.seen('refused');
  }, WAIT_MS, 0);
  const lost = unwell(talks);
  if (refused.status !== 503) lost.push(`503: it heard ${refused.status}`);
  await crowd.end(talks.slice(0, 2)); // there is room for what those under way still say
  const held = await metric(region, 'hotlined_facts_pending');
  assert.ok(held >= 300 && held <= 400, `${held} facts held`);
  assert.ok(!/event=fact_lost/.test(region.log), 'no fact was given up');

  region.empty();
  const freed = Date.now();
  const next = await until('taken again', async () => {
    const caller = crowd.call(crowd.agents[0].city);
    await until('an answer', () => caller.seen('answered') || caller.seen('refused') || caller.code !== undefined, WAIT_MS, 5);
    return caller.seen('answered') && caller;
  }, WAIT_MS, 20);
  const recovered = Date.now() - freed;
  assert.ok(recovered < 5000, `${recovered} ms`);
  lost.push(...unwell(talks.slice(2)));
  await next.hangUp();
  await crowd.end(talks.slice(2));
  await Promise.all(crowd.callers.filter((c) => c.code === undefined).map((c) => c.hangUp()));
  const figures = await accounts(region);
  tell('the outbox full', [...lost, ...figures.lost], `${held} facts in memory when calls were refused; taken again ${recovered} ms after there was room; ${figures.text}`);
});
