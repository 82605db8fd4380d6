// Somebody tries the SIP port: who looks after the trunks sees a band on the wall, until the ban is over; a center's
// leader, whom it does not concern, sees none.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Region, until } from '../system/lib/region.mjs';
import { Office } from './lib/desk.mjs';

test('a banned source is shown on the wall of the region, and goes by itself', async () => {
  const region = await Region.start({ env: { SIP_BAN_S: 45 } });
  const socket = createSocket('udp4');
  let office;
  try {
    region.sql("UPDATE trunk SET allowed_ips = '127.0.0.1'");
    await region.configured();
    office = await Office.open();
    const [supervisor, leader] = [await office.desk(region), await office.desk(region)];
    await supervisor.signIn('guangxi', 'supervisor');
    await leader.signIn('nanning', 'leader');
    for (const desk of [supervisor, leader]) {
      await desk.visit('wall');
      await desk.see('wall-waiting', '0');
      assert.equal(await desk.el('wall-strangers').count(), 0);
    }
    socket.bind(0, '127.0.0.50');
    await once(socket, 'listening');
    socket.send(`OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.50:${socket.address().port};branch=z9hG4bKx\r\nMax-Forwards: 70\r\nFrom: <sip:a@127.0.0.50>;tag=1\r\nTo: <sip:100@127.0.0.1>\r\n`
      + 'Call-ID: scan\r\nCSeq: 1 OPTIONS\r\nUser-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n', region.sipPort, '127.0.0.1');
    await until('banned', () => region.log.includes('event=banned source=127.0.0.50 '));
    await supervisor.see('wall-strangers', '已屏蔽 1 个来源地址');
    await supervisor.axe('the wall with a band');
    await supervisor.shot('wall-strangers', false);
    assert.equal(await leader.el('wall-strangers').count(), 0, "not a center's business");
    await until('the ban is over', () => region.log.includes('event=ban_over source=127.0.0.50 '), 60000);
    await supervisor.gone('wall-strangers');
    office.calm();
  } catch (error) {
    await office?.look();
    throw error;
  } finally {
    socket.close();
    await office?.close();
    await region.stop();
  }
});
