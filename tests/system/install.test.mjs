// make install, and what the installed service tells systemd.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { B, ROOT, Region, until } from './lib/region.mjs';

let root;
const at = (path) => join(root, path);
function install(...more) {
  const env = { ...process.env };
  delete env.MAKEFLAGS; // of a make that runs this test
  const done = spawnSync('make', ['--no-print-directory', `B=${process.env.B || 'build'}`, 'install', `DESTDIR=${root}`, ...more],
    { cwd: ROOT, encoding: 'utf8', env });
  assert.equal(done.status, 0, done.stderr.slice(-2000));
}
before(() => {
  root = mkdtempSync(join(tmpdir(), 'hlinst-'));
  install();
});
after(() => rmSync(root, { recursive: true, force: true }));

test('program, pages, documents, configuration and unit are where they belong', () => {
  assert.equal(statSync(at('usr/local/bin/hotlined')).mode & 0o777, 0o755);
  const page = readFileSync(at('usr/local/share/hotlined/web/index.html'), 'utf8');
  for (const [, name] of page.matchAll(/(?:src|href)="\/([^"]+)"/g)) assert.ok(existsSync(at(`usr/local/share/hotlined/web/${name}`)), name);
  for (const name of readdirSync(join(ROOT, 'docs')).filter((n) => n.endsWith('.md'))) assert.ok(existsSync(at(`usr/local/share/doc/hotlined/docs/${name}`)), name);
  for (const name of ['README.md', 'README.zh-CN.md', 'LICENSE']) assert.ok(existsSync(at(`usr/local/share/doc/hotlined/${name}`)), name);
  assert.equal(statSync(at('etc/hotlined/hotlined.conf')).mode & 0o007, 0, 'the configuration may name passwords');
  const own = readdirSync(root, { recursive: true, withFileTypes: true }).filter((e) => !e.isDirectory() && !e.isFile());
  assert.deepEqual(own, [], 'no links out of the tree');
});

test('the installed program says its version and finds the installed configuration good', () => {
  const run = (...args) => spawnSync(at('usr/local/bin/hotlined'), args, { encoding: 'utf8' });
  assert.match(run('--version').stdout, /^hotlined \S+ schema \d+\n$/);
  const conf = at('etc/hotlined/hotlined.conf');
  writeFileSync(conf, readFileSync(conf, 'utf8').replace('public_address = "192.0.2.1"', 'public_address = "10.1.2.3"'));
  const good = run('--config', conf, '--check');
  assert.equal(good.status, 0, good.stderr);
  install(); // an update
  assert.match(readFileSync(conf, 'utf8'), /public_address = "10\.1\.2\.3"/, 'what was configured stays');
  writeFileSync(conf, readFileSync(conf, 'utf8').replace('drain_s', 'drain_seconds'));
  const bad = run('--config', conf, '--check');
  assert.notEqual(bad.status, 0);
  assert.match(bad.stderr, /hotlined\.conf:\d+.*drain_seconds/);
});

test('another PREFIX is written into unit and configuration', () => {
  rmSync(at('etc/hotlined'), { recursive: true });
  install('PREFIX=/opt/hotlined');
  assert.match(readFileSync(at('etc/hotlined/hotlined.conf'), 'utf8'), /web_dir = "\/opt\/hotlined\/share\/hotlined\/web"/);
  assert.match(readFileSync(at('etc/systemd/system/hotlined.service'), 'utf8'), /^ExecStart=\/opt\/hotlined\/bin\/hotlined /m);
});

test('systemd accepts the unit without a remark', (t) => {
  install();
  const unit = readFileSync(at('etc/systemd/system/hotlined.service'), 'utf8');
  assert.match(unit, /^ExecStart=\/usr\/local\/bin\/hotlined --config \/etc\/hotlined\/hotlined\.conf$/m);
  for (const line of ['Type=notify', 'Restart=always', 'User=hotlined', 'NoNewPrivileges=yes', 'ProtectSystem=strict', 'StateDirectory=hotlined'])
    assert.ok(unit.split('\n').includes(line), line);
  const stop_s = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)[1]);
  const drain_s = Number(/drain_s = (\d+);/.exec(readFileSync(join(ROOT, 'conf/hotlined.conf'), 'utf8'))[1]);
  assert.ok(stop_s > drain_s, 'systemd waits for as long as calls may drain');
  assert.ok(Number(/^WatchdogSec=(\d+)$/m.exec(unit)[1]) > 0);
  if (spawnSync('systemd-analyze', ['--version']).error) {
    t.diagnostic('no systemd-analyze here: directives were read only');
    return;
  }
  const file = at('hotlined.service'); // the program is in the tree, not yet in /usr/local
  const verify = (text) => {
    writeFileSync(file, text.replaceAll('/usr/local/', `${at('usr/local')}/`));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    return { status, said: (stdout + stderr).split('\n').filter((line) => line.includes('hotlined.service')) };
  };
  assert.notDeepEqual(verify(unit.replace('WatchdogSec=', 'WatchdogSecs=')).said, [], 'a wrong directive would be seen');
  assert.deepEqual(verify(unit), { status: 0, said: [] });
});

test('systemd is told READY once calls are taken, WATCHDOG in time, STOPPING at the drain (NFR-04)', async () => {
  const region = await Region.start({ seed: false, daemon: false });
  const socket = join(region.dir, 'notify');
  const systemd = spawn(join(B, 'tools/notified'), [socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  systemd.stdout.on('data', (more) => { text += more; });
  const told = () => text.split('\n').slice(1).filter(Boolean).map((line) => { const [, ms, said] = /^(\d+) (.*)$/.exec(line); return { ms: Number(ms), said: said.split(';') }; });
  const having = (word) => told().filter((m) => m.said.includes(word));
  try {
    // Without a center there is nothing to be ready for.
    const made = spawnSync(region.binary, ['--config', region.config, '--first-admin', 'region:热线中心:boss'],
      { encoding: 'utf8', input: 'Erste-Anmeldung-1\n', env: { ...process.env, ...region.daemonEnv() } });
    assert.equal(made.status, 0, made.stderr);
    await until('the socket', () => text.startsWith('listening'));
    Object.assign(process.env, { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '2000000' });
    await region.startDaemon();
    await until('READY=1', () => having('READY=1').length === 1);
    const beats = await until('the watchdog is fed again and again', () => having('WATCHDOG=1').length >= 4 && having('WATCHDOG=1'));
    for (let i = 1; i < beats.length; i++) assert.ok(beats[i].ms - beats[i - 1].ms < 2000, `a pause of ${beats[i].ms - beats[i - 1].ms} ms would be a kill`);
    assert.equal(having('STOPPING=1').length, 0);
    assert.equal((await region.stopDaemon()).code, 0);
    await until('STOPPING=1', () => having('STOPPING=1').length === 1);
    assert.equal(having('READY=1').length, 1);
  } finally {
    delete process.env.NOTIFY_SOCKET;
    delete process.env.WATCHDOG_USEC;
    systemd.kill();
    await region.stop();
  }
});
