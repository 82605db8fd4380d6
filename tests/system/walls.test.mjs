// Two walls stand between the centers (GEN-04, DATA-05): permissions with the checks of handlers in C, and row-level
// security in the database. Each is taken away in turn, and the walk of access.test.mjs says what the other one holds.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Person, Region } from './lib/region.mjs';
import { CENTERS, attempts, fill } from './lib/walk.mjs';

let region, api, everything, agent;
const things = {};
const TABLES = "SELECT oid::regclass AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND CHECK_ME ORDER BY 1";
// One table at a time: locks on all of them would meet the daemon's.
const rls = (verb, which) => region.sql(`DO $$ DECLARE t regclass; BEGIN FOR t IN ${TABLES.replace('CHECK_ME', which)} LOOP EXECUTE format('ALTER TABLE %s ${verb} ROW LEVEL SECURITY', t); COMMIT; END LOOP; END $$`);
const protectedTables = () => region.sql(TABLES.replace('CHECK_ME', 'relrowsecurity')).split('\n').filter(Boolean);

// What the walk found by route: what was told, or undefined where it was refused in silence. Looks come before changes,
// removals last: one leak must not hide another.
async function walk(person) {
  const found = {};
  for (const method of ['get', 'post', 'put', 'delete']) {
    const paths = Object.fromEntries(Object.entries(api.paths).map(([path, methods]) => [path, { [method]: methods[method] }]));
    for await (const { name, told } of attempts(person, { paths }, things.nanning)) found[name] = told;
  }
  return found;
}
const leaking = (found) => Object.keys(found).filter((name) => found[name]);

// Looks of which row-level security is the only wall for somebody with every permission of his own center.
const ONLY_RLS = ['GET /calls/{id}', 'GET /callers/{number}/history', 'GET /recordings/{id}/audio', 'GET /recordings/{id}/waveform', 'GET /records/{id}', 'GET /settings/users/{id}',
  'GET /settings/queues/{id}/members', 'GET /settings/flows/{id}', 'PUT /settings/users/{id}', 'PUT /settings/queues/{id}', 'PUT /settings/reasons/{id}', 'DELETE /settings/users/{id}'];

before(async () => {
  region = await Region.start();
  for (const [i, code] of Object.keys(CENTERS).entries()) things[code] = await fill(region, code, i + 1);
  mkdirSync(join(region.dir, 'state/recordings/nanning'), { recursive: true });
  writeFileSync(join(region.dir, 'state/recordings/nanning/none.wav'), Buffer.alloc(58 + 16000, 0xd5)); // something to hear
  api = (await new Person(region).raw('GET', '/openapi.json')).body;
  // Every permission a person of a city can have, on his whole center: no route of a city refuses him for the lack of one.
  region.sql(`INSERT INTO role (code, name) VALUES ('everything', '全部权限');
    INSERT INTO role_permission (role_code, permission, scope) SELECT DISTINCT 'everything', permission, 'center' FROM role_permission WHERE permission <> 'region.write';
    INSERT INTO user_role (user_id, role_code, center_id) SELECT id, 'everything', center_id FROM app_user WHERE center_id = ${CENTERS.liuzhou} AND login = 'leader'`);
  everything = await Person.signIn(region, 'liuzhou', 'leader');
  agent = await Person.signIn(region, 'liuzhou', 'a1001');
});
after(() => region?.stop());

test('GEN-04 DATA-05 the two walls: row-level security alone holds whoever has every permission; permissions alone hold an agent; without either there is a leak', async () => {
  assert.ok(Object.keys(everything.me.permissions).length >= 12 && Object.values(everything.me.permissions).every((scope) => scope === 'center'), JSON.stringify(everything.me.permissions));
  const own = await Person.signIn(region, 'nanning', 'leader');
  assert.equal((await own.raw('GET', `/recordings/${things.nanning.recordings[0]}/audio`)).status, 200, 'there is something to hear, for its own center');

  assert.deepEqual(leaking(await walk(everything)), [], 'both walls');
  const tables = protectedTables();
  assert.ok(tables.length > 20, `${tables.length} tables`);
  rls('DISABLE', 'relrowsecurity');
  assert.deepEqual(protectedTables(), []);

  // The wall of permissions alone: what an agent lacks a permission for he is refused without any help of the database.
  const agentFound = await walk(agent);
  assert.deepEqual(leaking(agentFound).filter((name) => !/^\w+ \/(calls|callers|recordings|records|drafts|agent|voicemails|callbacks|tickets)\//.test(name)), [], 'settings, reports, wall and audit log are closed to an agent');
  const found = await walk(everything);
  for (const name of ONLY_RLS) assert.ok(found[name], `${name}: refused without row-level security, so it is no test of it: ${found[name]}`);

  rls('ENABLE', `oid IN (${tables.map((t) => `'${t}'::regclass`).join()})`);
  assert.deepEqual(protectedTables(), tables);
  const again = await walk(everything);
  if (leaking(again).length) console.log(region.log.split('\n').filter((l) => /query_failed|level=error/.test(l)).slice(-6).join('\n'));
  assert.deepEqual(leaking(again), [], JSON.stringify(again));
  const names = Object.keys(found);
  console.log(`# ${names.length} routes with an id or center of others. Without row-level security, of somebody with every permission: ${leaking(found).length} leak (${leaking(found).join(', ')}); ${names.length - leaking(found).length} are held by checks in C and in the statements (${names.filter((n) => !found[n]).join(', ')})`);
  console.log(`# of an agent: ${leaking(agentFound).length} leak (${leaking(agentFound).join(', ')})`);
});
