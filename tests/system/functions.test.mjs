// One executable for the region and every city; what a city does not want is switched off for it alone.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Person, Region, until } from './lib/region.mjs';

let region, admin;
before(async () => {
  region = await Region.start();
  admin = await Person.signIn(region, 'guangxi', 'admin');
});
after(async () => region?.stop());

const ifMatch = (version) => ({ 'if-match': `"${version}"` });
const center = async (code) => (await admin.get('/settings/centers')).items.find((c) => c.code === code);

test('a function switched off for one center is gone from its menus and API at once, other centers keep it (GEN-03)', async () => {
  const leader = await Person.signIn(region, 'liuzhou', 'leader');
  const other = await Person.signIn(region, 'guilin', 'leader');
  const day = '2026-11-24';
  assert.equal((await leader.raw('GET', `/reports/voice_service?from=${day}&to=${day}`)).status, 200);
  const before = await center('liuzhou');
  await admin.put(`/settings/centers/${before.id}`, { functions_off: ['report.read'] }, ifMatch(before.version));
  await until('the open session has lost it', async () => (await leader.raw('GET', `/reports/voice_service?from=${day}&to=${day}`)).status === 403);
  assert.equal((await leader.get('/me')).permissions['report.read'], undefined, 'pages draw their menus from this');
  assert.equal((await leader.raw('GET', '/monitor/wall')).status, 200, 'the rest stays');
  assert.equal((await other.raw('GET', `/reports/voice_service?from=${day}&to=${day}`)).status, 200);
  const off = await center('liuzhou');
  assert.deepEqual(off.functions_off, ['report.read']);
  await admin.put(`/settings/centers/${off.id}`, { functions_off: [] }, ifMatch(off.version));
  await until('it is back', async () => (await leader.raw('GET', `/reports/voice_service?from=${day}&to=${day}`)).status === 200);
});

test('a center is changed by the region only, on its newest version, and only with functions there are (GEN-03)', async () => {
  const city = await Person.signIn(region, 'liuzhou', 'admin');
  const now = await center('liuzhou');
  assert.equal((await city.raw('PUT', `/settings/centers/${now.id}`, { functions_off: [] }, ifMatch(now.version))).status, 403);
  assert.equal((await admin.raw('PUT', `/settings/centers/${now.id}`, {})).status, 428);
  assert.equal((await admin.raw('PUT', `/settings/centers/${now.id}`, {}, ifMatch(now.version + 7))).status, 412);
  for (const wrong of ['settings.write', 'fly.away']) {
    const answer = await admin.raw('PUT', `/settings/centers/${now.id}`, { functions_off: [wrong] }, ifMatch(now.version));
    assert.equal(answer.status, 422);
    assert.match(answer.body.errors.functions_off, new RegExp(wrong));
  }
  assert.equal((await admin.raw('PUT', `/settings/centers/${now.id}`, { functions_off: 'report.read' }, ifMatch(now.version))).status, 422);
});

test('the same executable says the same version for every center (GEN-03)', async () => {
  const version = region.run(region.binary, ['--version']).trim();
  assert.match(version, /^hotlined \S+ schema \d+$/);
  const metrics = await (await fetch(`${region.base}/metrics`)).text();
  assert.match(metrics, /hotlined_store_available 1/);
});
