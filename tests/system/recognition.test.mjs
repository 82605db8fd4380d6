// Messages become text (PLAT-10, VM-02, VM-04): callers by SIPp leave tones, an engine of the test's hears them, and its sessions
// are shared by the centers. It is slow, dead, or talks rubbish; the daemon is killed in between: nothing is lost, nothing is there twice.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Person, Region, until } from './lib/region.mjs';
import { Office } from './lib/office.mjs';
import { Rtp, Sipp, closeFarSides } from './lib/sipp.mjs';
import { tone } from './lib/bot.mjs';
import { ENGINE, Engine, textOf } from './lib/engine.mjs';

const FLOW = { entry: 'message', nodes: {
  message: { type: 'voicemail', max_s: 20, next: 'bye', off: 'bye', failed: 'bye' },
  bye: { type: 'hangup', prompt: 'beep', reason: 'done' } } };
const TONES = Array.from({ length: 24 }, (_, i) => 400 + 50 * i);
const TRIES = 3, TIMEOUT_S = 20;
let region, engine, liuzhou, nanning, chief;
let people = 13877500000, tones = TONES.values();

before(async () => {
  engine = await Engine.start(TONES);
  region = await Region.start({ env: { ...engine.env, ASR_SESSIONS: 2, ASR_TRIES: TRIES, ASR_RETRY_S: 1, ASR_TIMEOUT_S: TIMEOUT_S } });
  [liuzhou, nanning] = [await Office.open(region, 'liuzhou', { flow: FLOW }), await Office.open(region, 'nanning', { flow: FLOW })];
  chief = await Person.signIn(region, 'guangxi', 'admin');
  for (const office of [liuzhou, nanning]) await switched(office, false);
});
after(async () => {
  closeFarSides();
  await Promise.all([liuzhou, nanning, chief].map((one) => one?.close()));
  await region?.stop();
  await engine?.close();
  assert.deepEqual(engine?.faults, [], 'what the engine got was as promised, always');
});

const switched = async (office, transcribe) => {
  const { version, ...now } = await office.admin.get('/settings/voicemail');
  await office.changed(() => office.admin.put('/settings/voicemail', { enabled: true, off_prompt: '', quota_mb: now.quota_mb, assign_rule: 'none', scenes: now.scenes.map((s) => ({ ...s, prompt: '' })), transcribe }, { 'if-match': `"${version}"` }));
};
const share = async (office, guaranteed, most) => {
  const { version } = (await chief.get('/settings/pools')).items.find((s) => s.center_id === office.id && s.kind === 'asr');
  await office.changed(() => chief.put(`/settings/pools/${office.id}/asr`, { guaranteed, most }, { 'if-match': `"${version}"` }));
};
// A caller leaves five seconds of a tone; gives them and his number.
async function leave(office) {
  const number = String(++people), hz = tones.next().value;
  const rtp = await Rtp.open();
  rtp.sound = tone(hz);
  const sipp = await Sipp.start(region, 'call', { hold_ms: 5500, keys: { caller: number, called: office.number, rtp: rtp.port } });
  const over = sipp.good().finally(() => rtp.close());
  await until('he is heard', () => rtp.peer);
  return { number, hz, office, over };
}
const ofCaller = (m, person = m.office.leader) => until(`message of ${m.number}`, async () => (await person.get(`/voicemails?caller_no=${m.number}`)).items[0], 30000);
const kept = async (m) => { await m.over; return { ...m, id: (await ofCaller(m)).voicemail_id }; };
const left = async (office) => kept(await leave(office));
const detail = (m, person = m.office.leader) => person.get(`/voicemails/${m.id}`);
const transcript = (m, test, timeout_ms = 30000) => until(`transcript of ${m.hz} Hz`, async () => { const { transcript: t } = await detail(m); return t && test(t) && t; }, timeout_ms);
const texted = (m) => transcript(m, (t) => t.state === 'done');
const again = (m, person = m.office.leader) => person.raw('POST', `/voicemails/${m.id}/transcribe`);
const use = async (office, person = chief) => (await person.get('/monitor/pools')).uses.find((u) => u.center_id === office.id && u.kind === 'asr');
const rows = () => Number(region.sql('SELECT count(*) FROM transcript'));

test('PLAT-10 VM-02 VM-04 a message becomes text: the engine gets the caller as 8 kHz mono, the text is read with the message and found by its words', async () => {
  const silent = await left(liuzhou);
  assert.deepEqual([(await detail(silent)).transcript, (await detail(silent)).recognition], [null, 'off'], 'nobody has asked for it');
  assert.deepEqual([(await again(silent)).status, (await again(silent)).body.code], [409, 'voicemail.no_transcripts']);
  assert.equal(engine.heard.length, 0, 'no sound leaves the house unasked');
  await switched(liuzhou, true);
  assert.deepEqual(await liuzhou.admin.get('/settings/voicemail').then((s) => [s.transcribe, s.has_engine]), [true, true]);
  const m = await left(liuzhou);
  const t = await texted(m);
  assert.deepEqual([t.text, t.engine, t.confidence, t.tries, t.reason], [textOf(m.hz), ENGINE, 0.875, 0, '']);
  assert.ok(Math.abs(Date.parse(t.made_at) - Date.now()) < 60000);
  assert.ok(engine.heard[0].ms > 3000, `${engine.heard[0].ms} ms`);
  const found = async (words, person = liuzhou.leader) => (await person.get(`/voicemails?text=${encodeURIComponent(words)}`)).items.map((v) => v.voicemail_id);
  assert.deepEqual(await found(`${m.hz} 赫兹`), [m.id]);
  assert.deepEqual(await found('增值税'), []);
  assert.deepEqual(await found('赫兹', nanning.leader), [], 'another city finds nothing');
  await until('looking is audited', () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'voicemail.read' AND object_id = '${m.id}' AND center_id = ${liuzhou.id}`) !== '0');
  await until('searching, too', () => region.sql("SELECT count(*) FROM audit_log WHERE action = 'voicemail.list' AND detail LIKE '%text=%赫兹%'") !== '0');
  assert.equal((await again(silent)).status, 204, 'an older one on demand');
  assert.equal((await texted(silent)).text, textOf(silent.hz));
  await until('asking is audited', () => region.sql(`SELECT count(*) FROM audit_log WHERE action = 'voicemail.transcribe' AND object_id = '${silent.id}'`) === '1');
  assert.equal((await again(m, nanning.leader)).status, 404);
  assert.equal((await again(m, liuzhou.admin)).status, 403, 'for who works on messages');
  assert.equal((await nanning.leader.raw('GET', `/voicemails/${m.id}`)).status, 404);
});

test('PLAT-10 shares are kept while the engine is slow: a city has no more than its most, the other its guaranteed part; who is over waits in order, and all are heard', async () => {
  await switched(nanning, true);
  await share(liuzhou, 0, 1);
  await share(nanning, 1, null);
  engine.hold();
  engine.most = 0;
  const before_it = engine.heard.length, refused = (await use(liuzhou)).refused;
  const leaving = [];
  for (const office of [liuzhou, liuzhou, liuzhou, nanning]) leaving.push(await leave(office)); // one after the other, beside each other
  const [theirs, ...ours] = await Promise.all([leaving.at(-1), ...leaving.slice(0, 3)].map(kept));
  await until('one of them is heard, two wait', async () => { const u = await use(liuzhou); return u.used === 1 && u.waiting === 2; });
  assert.equal((await use(liuzhou)).refused, refused + 2, 'two had to wait, each counted once');
  const pool = (await chief.get('/monitor/pools')).pools.find((p) => p.kind === 'asr');
  assert.equal(pool.capacity, 2);
  await until('the other city has the session that is kept for it', async () => { const u = await use(nanning); return u.used === 1 && u.waiting === 0; });
  assert.equal((await use(nanning)).refused, 0);
  assert.equal((await nanning.leader.get('/monitor/pools')).uses.find((u) => u.kind === 'asr').center_id, nanning.id);
  assert.equal((await nanning.leader.get('/monitor/pools')).uses.filter((u) => u.kind === 'asr').length, 1, 'a city sees its own');
  assert.equal((await transcript(ours[1], () => true)).state, 'waiting');
  engine.release();
  for (const m of [...ours, theirs]) assert.equal((await texted(m)).text, textOf(m.hz));
  assert.deepEqual(engine.heard.slice(before_it).map((h) => h.hz).filter((hz) => hz !== theirs.hz), ours.map((m) => m.hz), 'first come, first heard');
  assert.ok(engine.most <= 2, `${engine.most} at a time`);
  await until('all given back', async () => (await chief.get('/monitor/pools')).pools.find((p) => p.kind === 'asr').used === 0);
  await share(liuzhou, 0, null);
});

test('PLAT-10 the engine is dead: the message waits with the reason, and is heard when it is back; who refuses for good is given up, and asked again by hand', async () => {
  await engine.die();
  const m = await left(liuzhou);
  const put_off = await transcript(m, (t) => t.tries > 0);
  assert.match(put_off.reason, /^无法使用语音识别服务 127\.0\.0\.1:\d+：/);
  assert.ok(put_off.state === 'failed' || put_off.next_at);
  await engine.revive();
  assert.equal((await texted(m)).text, textOf(m.hz));
  engine.badly = (request, response) => { response.writeHead(503, 'Busy'); response.end('sorry'); };
  const refused = await left(liuzhou), before_it = engine.heard.length;
  const given_up = await transcript(refused, (t) => t.state === 'failed', 40000);
  assert.deepEqual([given_up.tries, given_up.next_at, given_up.text], [TRIES, null, null]);
  assert.match(given_up.reason, /^语音识别服务 127\.0\.0\.1:\d+ 回答：503 Busy$/);
  assert.ok(engine.heard.length - before_it <= TRIES);
  engine.badly = null;
  assert.equal((await again(refused)).status, 204);
  const t = await texted(refused);
  assert.deepEqual([t.text, t.reason, t.tries], [textOf(refused.hz), '', 0]);
});

test('PLAT-10 rubbish of every kind is read within bounds and told as a reason; the daemon is as it was', async () => {
  const m = await left(nanning);
  await texted(m);
  const json = (value) => (request, response) => { response.end(JSON.stringify(value)); };
  const kinds = [
    ['<html>busy</html>', (request, response) => { response.end('<html>busy</html>'); }, /不是一个 JSON 对象/],
    ['10 MB', (request, response) => { response.end(Buffer.alloc(10 << 20, 'x')); }, /结果太长（超过 256 KB）/],
    ['10 MB without an end', (request, response) => { response.on('error', () => {}); response.writeHead(200); for (let i = 0; i < 160; i++) response.write(Buffer.alloc(65536, '[')); }, /结果太长（超过 256 KB）/],
    ['deep', (request, response) => { response.end('['.repeat(200000)); }, /不是一个 JSON 对象/],
    ['a number', json({ text: 7 }), /没有文字 text/],
    ['a list', json([{ text: 'x' }]), /不是一个 JSON 对象/],
    ['confidence', json({ text: 'x', confidence: 87 }), /可信度 confidence 不是 0 到 1 的数/],
    ['not UTF-8', (request, response) => { response.end(Buffer.from('{"text":"\xff\xfe"}', 'latin1')); }, /不是 UTF-8/],
    ['half', (request, response) => { response.writeHead(200, { 'content-length': 100 }); response.write('{"te'); response.socket.end(); }, /没有传完结果/],
    ['no HTTP', (request, response) => { response.socket.end('SSH-2.0-OpenSSH\r\n'); }, /中断了连接/],
    ['a strange status', (request, response) => { response.socket.end(Buffer.from('HTTP/1.1 500 \xff\xfe\x01\r\n\r\n', 'latin1')); }, /回答：500 \?\?\?$/],
    ['cut off', (request, response) => { response.socket.destroy(); }, /中断了连接|无法使用语音识别服务/],
    ['says nothing', () => {}, new RegExp(`超时（${TIMEOUT_S} 秒）`)],
  ];
  for (const [name, badly, reason] of kinds) {
    engine.badly = badly;
    assert.equal((await again(m)).status, 204, name);
    const t = await transcript(m, (one) => one.tries > 0 || one.state === 'done');
    assert.match(t.reason, reason, name);
    assert.equal(t.text, textOf(m.hz), `${name}: the text of before is still there`);
  }
  engine.badly = null;
  await again(m);
  await texted(m);
  assert.equal(region.exit, undefined);
  assert.equal((await fetch(`${region.base}/readyz`)).status, 200);
  await until('every session is given back', async () => (await chief.get('/monitor/pools')).pools.find((p) => p.kind === 'asr').used === 0);
});

test('PLAT-10 NFR-07 the daemon ends while one is heard and others wait, kindly and by force: each is heard afterwards, and there is one text of each', async () => {
  await share(liuzhou, 0, 1);
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    engine.hold();
    const heard = engine.heard.length;
    const messages = await Promise.all([await leave(liuzhou), await leave(liuzhou)].map(kept));
    await until('one is heard', () => engine.heard.length === heard + 1);
    await until('the other waits', () => region.sql("SELECT count(*) FROM transcript WHERE state = 'waiting'") === '2');
    await Promise.all([liuzhou, nanning].flatMap((o) => [o.admin, o.leader]).map((p) => p.close())); // their streams end with the daemon
    const began = Date.now(), exit = await region.stopDaemon(signal);
    if (signal === 'SIGTERM') assert.deepEqual([exit.code, Date.now() - began < 10000], [0, true], 'it does not wait for the engine');
    engine.release();
    const texts = rows();
    await region.startDaemon();
    for (const office of [liuzhou, nanning])
      for (const who of ['admin', 'leader']) office[who] = await (await Person.signIn(region, office.code, who)).listen();
    chief = await Person.signIn(region, 'guangxi', 'admin');
    for (const m of messages) assert.equal((await texted(m)).text, textOf(m.hz));
    for (const m of messages) assert.ok(engine.times(m.hz) <= 1 + Number(m === messages[0]), `${m.hz} Hz was answered ${engine.times(m.hz)} times`);
    assert.equal(rows(), texts, 'one of each');
  }
  await share(liuzhou, 0, null);
});

test('PLAT-10 VM-07 a text is deleted with its message, also while it is heard; and with the sound when its day is over', async () => {
  const [old, gone] = await Promise.all([await leave(liuzhou), await leave(liuzhou)].map(kept));
  await texted(old);
  await texted(gone);
  engine.hold();
  const heard = engine.heard.length;
  await again(gone);
  await until('it is heard', () => engine.heard.length === heard + 1);
  assert.equal((await liuzhou.admin.raw('POST', `/voicemails/${gone.id}/delete`, { reason: '来电人要求删除' })).status, 204);
  engine.release();
  await until('it was answered', async () => (await use(liuzhou)).used === 0);
  assert.equal(region.sql(`SELECT count(*) FROM transcript WHERE recording_id = '${gone.id}'`), '0');
  assert.deepEqual([(await detail(gone)).transcript, (await again(gone)).body.code], [null, 'voicemail.state']);
  region.sql(`UPDATE recording SET state = 'deleted' WHERE recording_id = '${old.id}'`); // as the disk's room does it
  assert.equal(region.sql(`SELECT count(*) FROM transcript WHERE recording_id = '${old.id}'`), '0');
});

const restart = async (text) => {
  await Promise.all([liuzhou, nanning].flatMap((o) => [o.admin, o.leader]).map((p) => p.close()));
  await region.stopDaemon();
  writeFileSync(region.config, text);
  await region.startDaemon();
  for (const who of ['admin', 'leader']) liuzhou[who] = await (await Person.signIn(region, 'liuzhou', who)).listen();
};

test('PLAT-10 without an engine messages are taken as ever, and are heard once there is one', async () => {
  const conf = readFileSync(region.config, 'utf8');
  await restart(conf.replace('engine = "http"', 'engine = ""'));
  const m = await left(liuzhou);
  const v = await detail(m);
  assert.deepEqual([v.recognition, v.transcript.state, v.state], ['none', 'waiting', 'new']);
  assert.deepEqual([(await again(m)).status, (await again(m)).body.title], [409, '未配置识别引擎，请联系系统管理员']);
  assert.equal((await liuzhou.admin.get('/settings/voicemail')).has_engine, false);
  assert.deepEqual(await use(liuzhou, liuzhou.leader).then((u) => [u.used, u.waiting]), [0, 0]);
  await restart(conf);
  assert.equal((await texted(m)).text, textOf(m.hz));
});

test('PLAT-10 TTS-01 an engine that takes its time to speak holds up nobody who signs in, nor the daemon when it ends', async () => {
  const asked = [], slow = createServer((request, response) => { asked.push(response); }).listen(0, '127.0.0.1');
  await once(slow, 'listening');
  try {
    const spoken = 'engine = "espeak";\n    url = "";', conf = readFileSync(region.config, 'utf8');
    assert.ok(conf.includes(spoken));
    await restart(conf.replace(spoken, `engine = "http";\n    url = "http://127.0.0.1:${slow.address().port}/say";`));
    const previews = [1, 2].map((n) => liuzhou.admin.raw('POST', '/settings/prompts/preview', { text: `请稍候${n}` }));
    await until('both sessions are busy', () => asked.length === 2);
    const other = await Person.signIn(region, 'nanning', 'leader');
    assert.equal((await other.raw('GET', '/me')).status, 200);
    assert.deepEqual(asked.map((response) => response.destroyed), [false, false], 'the engine still takes its time');
    await Promise.all([liuzhou.admin, liuzhou.leader].map((p) => p.close()));
    const began = Date.now(), exit = await region.stopDaemon();
    assert.deepEqual([exit.code, Date.now() - began < 10000], [0, true], 'it does not wait for the engine');
    assert.deepEqual((await Promise.all(previews)).map((answer) => [answer.status, answer.body.code]), [[503, 'server.stopping'], [503, 'server.stopping']]);
  } finally {
    slow.closeAllConnections();
    slow.close();
  }
});
