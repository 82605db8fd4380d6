// From an empty database to the first call of a center nobody seeded: what a production installation does.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Caller, Person, Region, ROOT, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';

const SECRET = 'Erste-Anmeldung-1';
let region, admin;
before(async () => { region = await Region.start({ seed: false, daemon: false }); });
after(async () => region?.stop());

function firstAdmin(who, password, env = region.daemonEnv()) {
  const done = spawnSync(region.binary, ['--config', region.config, '--first-admin', who],
    { cwd: ROOT, encoding: 'utf8', input: `${password}\n`, env: { ...process.env, ...env } });
  return { code: done.status, out: done.stdout, err: done.stderr };
}
const people = () => Number(region.sql('SELECT count(*) FROM app_user'));

test('what is wrong is refused in words and makes nothing', () => {
  for (const [who, password, words] of [
    ['region:热线中心:boss', 'short', /至少 10 个字符/],
    ['region:热线中心:boss', 'onlylowercase', /至少三种/],
    ['region:热线中心:boss', 'Boss-123456', /不能包含登录名/],
    ['region:热线中心:boss', '', /no password on standard input/],
    ['region:boss', SECRET, /CODE:NAME:LOGIN/],
    ['Region 1:热线中心:boss', SECRET, /CODE begins with/],
    ['region: :boss', SECRET, /NAME/],
    ['region:热线中心:b o', SECRET, /LOGIN consists/],
  ]) {
    const { code, err } = firstAdmin(who, password);
    assert.notEqual(code, 0, who);
    assert.match(err, words);
    assert.ok(!password || !err.includes(password), 'the password is never said');
  }
  const wrongRole = { ...region.daemonEnv(), HOTLINED_ADMIN_DB: region.run('scripts/pg', ['conninfo', region.pgDir, 'hotlined_app']).trim() };
  assert.match(firstAdmin('region:热线中心:boss', SECRET, wrongRole).err, /42501.*HOTLINED_ADMIN_DB/);
  assert.match(firstAdmin('region:热线中心:boss', SECRET, { ...region.daemonEnv(), HOTLINED_ADMIN_DB: '' }).err, /set HOTLINED_ADMIN_DB/);
  assert.equal(region.sql('SELECT count(*) FROM center'), '0');
  assert.equal(people(), 0);
});

test('the owner makes the regional center and its first administrator; a second time is refused', () => {
  const made = firstAdmin('region:热线中心:boss', SECRET);
  assert.equal(made.code, 0, made.err);
  assert.equal(region.sql('SELECT code || kind || name FROM center'), 'regionregional热线中心');
  const again = firstAdmin('region:热线中心:other', SECRET);
  assert.notEqual(again.code, 0);
  assert.match(again.err, /已有管理员“boss”/);
  const second = firstAdmin('second:又一个:boss', SECRET);
  assert.notEqual(second.code, 0);
  assert.match(second.err, /已有自治区中心“热线中心”\(代码 region\)/);
  assert.equal(people(), 1);
  assert.equal(region.sql('SELECT count(*) FROM center'), '1');
});

test('the daemon starts on it and he signs in as the region\'s administrator', async () => {
  region.run('scripts/tones', [join(region.dir, 'state/prompts/common')]);
  region.run(region.binary, ['--config', region.config, '--render-prompts'], region.daemonEnv());
  await region.startDaemon();
  assert.doesNotMatch(region.log, /提示音|流程/, 'nothing of the start data is missing or wrong');
  await assert.rejects(Person.signIn(region, 'region', 'boss', 'Wrong-password-1'), /401/);
  admin = await Person.signIn(region, 'region', 'boss', SECRET);
  assert.equal(admin.me.permissions['region.write'], 'region');
});

const CITY = { code: 'newtown', name: '新城12366分中心', city_code: '459900', city_name: '新城', area_code: '0799', organ_code: '14599000000' };

test('he makes a city center; wrong fields, a code or a city there already are refused by field (GEN-03)', async () => {
  const wrong = await admin.raw('POST', '/settings/centers', { ...CITY, code: '1x', city_code: 'abcdef', area_code: '799' });
  assert.equal(wrong.status, 422);
  assert.deepEqual(Object.keys(wrong.body.errors).sort(), ['area_code', 'city_code', 'code']);
  const made = await admin.raw('POST', '/settings/centers', CITY);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  for (const [change, field] of [[{ city_code: '459901' }, 'code'], [{ code: 'other' }, 'city_code']]) {
    const again = await admin.raw('POST', '/settings/centers', { ...CITY, ...change });
    assert.equal(again.status, 422);
    assert.deepEqual(Object.keys(again.body.errors), [field]);
  }
  assert.equal((await admin.get('/settings/centers')).items.length, 2);
  // Everything a center begins with is there, once, as for the regional center.
  for (const table of ['work_calendar', 'reason', 'wrap_up_code', 'category', 'problem_type', 'skill_group', 'queue', 'flow', 'flow_version', 'org']) {
    const [a, b] = region.sql(`SELECT count(*) FROM ${table} GROUP BY center_id ORDER BY center_id`).split('\n').map(Number);
    assert.ok(a > 0 && a === b, `${table}: ${a} and ${b}`);
  }
  assert.equal(await until('audited', () => region.sql("SELECT object_id FROM audit_log WHERE action = 'center.create'")), 'newtown');
});

test('he makes its administrator, who signs in, sees his center only, and makes no centers', async () => {
  const { id } = (await admin.get('/settings/centers')).items.find((c) => c.code === CITY.code);
  await until('the new center is known', async () => (await admin.raw('POST', '/settings/users',
    { center_id: id, login: 'chief', name: '新城管理员', roles: ['city_admin'], password: SECRET })).status < 300);
  const chief = await Person.signIn(region, 'newtown', 'chief', SECRET);
  assert.equal(chief.me.center.kind, 'city');
  assert.deepEqual(chief.me.centers.map((c) => c.code), ['newtown']);
  assert.deepEqual((await chief.get('/settings/users')).items.map((u) => u.login), ['chief']);
  assert.equal((await chief.raw('POST', '/settings/centers', { ...CITY, code: 'mine', city_code: '459902' })).status, 403);
  assert.deepEqual((await chief.get('/settings/queues')).items.map((q) => q.code).sort(), ['complaint', 'consult', 'report']);
  await chief.post('/settings/users', { login: 'a1001', name: '新坐席', agent_no: '1001', roles: ['agent'], password: SECRET });
});

test('with a number and a queue member the new center takes its first call', async (t) => {
  region.sql(`INSERT INTO trunk (name, host, port, allowed_ips, options_interval_s) VALUES ('中继', '127.0.0.1', 5090, '127.0.0.0/8', 0);
    INSERT INTO number_plan (called_no, center_id, kind, source, flow_code) SELECT '079912366', id, 'public', 'direct', 'main' FROM center WHERE code = 'newtown'`);
  const chief = await Person.signIn(region, 'newtown', 'chief', SECRET);
  const user = (await chief.get('/settings/users')).items.find((u) => u.login === 'a1001');
  const queue = (await chief.get('/settings/queues')).items.find((q) => q.code === 'consult');
  await chief.put(`/settings/queues/${queue.id}/members/${user.id}`, { weight: 50 });
  await region.configured();
  const agent = await Agent.start(region, 'newtown', 'a1001', { password: SECRET, lineArgs: ['--tone', '1000'] });
  t.after(() => agent.close());
  const caller = Caller.start(region, { from: '13877100001', to: '079912366', args: ['--keys', '1', '--detect-tone', '1000'] });
  t.after(() => caller.hangUp());
  const { call } = await agent.ring();
  assert.equal(call.queue_name, '咨询');
  await agent.answer(call.call_id);
  await caller.waitFor('tone');
  await agent.hangUp(call.call_id);
  await caller.exited;
});
