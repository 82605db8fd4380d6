// The same cases of calls between centers (lib/centers.mjs), twice: two centers in one daemon, and two daemons with two databases
// joined by a SIP trunk: XFER-01 XFER-02 XFER-03 XFER-04 XFER-05 XFER-06 XFER-07 XFER-08 XFER-09 XFER-10 XFER-11 XFER-12 XFER-13 XFER-14
// XFER-15 XFER-16 XFER-17 REG-05 REG-07 REG-08 ACD-09 RPT-01.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Region } from './lib/region.mjs';
import { QUICK_FLOW } from './lib/office.mjs';
import { Side, TRANSFER, centerCases, passesThrough } from './lib/centers.mjs';
import { Kamailio } from './lib/kamailio.mjs';

// Flows without prompts: who presses a key, or is passed on, waits at once.
const QUICK = { main: QUICK_FLOW, transfer: TRANSFER() };
const CENTERS = '1, 2, 3';

// Agents' numbers are not said: a caller can be put aside as soon as he is answered.
async function open(options) {
  const region = await Region.start(options);
  region.sql('UPDATE center SET announce_agent_no = false');
  for (const [code, document] of Object.entries(QUICK))
    region.sql(`UPDATE flow_version v SET document = '${JSON.stringify(document)}' FROM flow f WHERE f.id = v.flow_id AND f.code = '${code}' AND f.center_id IN (${CENTERS})`);
  await region.configured();
  return region;
}

const TRUNK = '通往另一系统';
// The trunk of each to the other, and who is behind it: the region has the city's codes behind its trunk, the city those of the region and of 柳州.
function joinTo(one, port, centers) {
  one.sql(`INSERT INTO trunk (name, host, port, allowed_ips, options_interval_s, priority) VALUES ('${TRUNK}', '127.0.0.1', ${port}, '127.0.0.1', 2, 90);
    UPDATE number_plan SET via_trunk_id = (SELECT id FROM trunk WHERE name = '${TRUNK}') WHERE center_id IN (${centers}) AND kind = 'access_code'`);
  return one.configured();
}
const openSides = (a, b) => Promise.all([[a, 'guangxi'], [b, 'nanning'], [a, 'liuzhou']].map(([region, code]) => Side.open(region, code, 'a1001')));

describe('two centers in one daemon', () => {
  let here, sides = [];
  before(async () => {
    here = await open();
    sides = await openSides(here, here);
  });
  after(async () => {
    await Promise.all(sides.map((side) => side.close()));
    await here?.stop();
  });
  centerCases('one daemon', () => ({ region: sides[0], city: sides[1], other: sides[2] }));
});

describe('two daemons joined by a trunk', () => {
  let a, b, proxy, sides = [];
  before(async () => {
    [a, b] = await Promise.all([open(), open({ env: { RTP_MIN: 52000, RTP_MAX: 56000 } })]);
    await Promise.all([joinTo(a, b.sipPort, '2'), joinTo(b, a.sipPort, '1, 3')]);
    sides = await openSides(a, b);
  });
  after(async () => {
    await Promise.all(sides.map((side) => side.close()));
    await proxy?.close();
    await Promise.all([a?.stop(), b?.stop()]);
  });
  centerCases('two daemons', () => ({ region: sides[0], city: sides[1], other: sides[2] }));

  test('XFER-17 PLAT-02 a provider between the two daemons (Kamailio, record-routing) takes the headers away: the calls work, and each side has its record', async () => {
    const [region, city] = sides;
    proxy = await Kamailio.start(a.dir, { tls: false, strips: '^X-Hotlined-', service: '91450100', daemon: `127.0.0.1:${b.sipPort}`, carrier: `127.0.0.1:${a.sipPort}` });
    for (const one of [a, b]) {
      one.sql(`UPDATE trunk SET port = ${proxy.port} WHERE name = '${TRUNK}'`);
      await one.configured();
    }
    for (const [from, to, source] of [[region, city, 'from_12366'], [city, region, 'from_city']]) {
      const { call, detail, second } = await passesThrough(from, to);
      assert.deepEqual([call.source, call.unit_type, call.transfer.note, call.transfer.draft], [source, source, '', null]);
      assert.equal(call.transfer.center_id, to === city ? region.id : city.id); // by the code of 12366, or by the only center behind the trunk
      assert.notEqual(detail.global_call_id, second.global_call_id); // the link is lost, the records are there
      assert.deepEqual([detail.outcome, second.outcome], ['answered', 'answered']);
    }
    assert.ok(proxy.passed().filter((p) => p === 'BYE/udp').length >= 2, 'the dialogs went through the proxy to their end');
  });
});
