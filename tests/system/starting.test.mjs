// The SIP port is open before the directory is read from PostgreSQL: who calls in that time is no stranger.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Caller, Region, until } from './lib/region.mjs';
import { Phone } from './lib/phone.mjs';

const NANNING = '07711236601';
let region, trunk;

before(async () => { region = await Region.start({ daemon: false }); });
after(async () => {
  trunk?.close();
  await region?.stop();
});

const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';
const call = () => trunk.ask({
  method: 'INVITE', uri: `sip:${NANNING}@127.0.0.1:${region.sipPort}`, callId: randomBytes(8).toString('hex'), cseq: 1, sdp,
  from: `<sip:13877100001@127.0.0.1>;tag=${randomBytes(6).toString('hex')}`, to: `<sip:${NANNING}@127.0.0.1>`,
});
const banned = async () => Number(/^hotlined_sip_bans_total (\d+)$/m.exec(await (await fetch(`${region.base}/metrics`)).text())[1]);

test('without a directory a trunk hears 503 with Retry-After and gets no points; with it its calls are taken (PLAT-01)', async () => {
  region.run('scripts/pg', ['stop', region.pgDir]);
  const ready = region.startDaemon(); // no snapshot of an earlier life either
  await until('the port is open', () => /event=started /.test(region.log), 60000);
  trunk = await Phone.start(region, { user: '13877100001' });
  for (let i = 0; i < 20; i++) { // 14 calls of a stranger are a ban
    const answer = await call();
    assert.equal(answer.status, 503);
    assert.equal(answer.get('retry-after'), '2');
  }
  assert.match(region.log, /event=not_ready source=127\.0\.0\.1 method=INVITE/);
  assert.doesNotMatch(region.log, /event=(stranger|banned)/);
  region.run('scripts/pg', ['start', region.pgDir]);
  await ready;
  assert.equal(await banned(), 0);
  const caller = await Caller.start(region, { from: '13877100002', to: NANNING, args: ['--keys', '1'] });
  await until('the call is in', () => region.log.includes('caller=13877100002') || region.sql("SELECT count(*) FROM call WHERE caller = '13877100002'") === '1');
  await caller.hangUp();
});
