// Failure drills of the network (docs/drills.md): a browser line that moves to another port, another address, another
// network, in the middle of a talk; a trunk whose sound comes from elsewhere. Reload, second tab, other desk:
// tests/browser/trouble.test.mjs and agents.test.mjs; dead trunks, lost ACK, deaf BYE, silence: sip.test.mjs.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Region, until } from './lib/region.mjs';
import { Agent } from './lib/agent.mjs';
import { cityOf } from './lib/office.mjs';
import { Rtp, Sipp, closeFarSides } from './lib/sipp.mjs';
import { AGENT_HZ, CALLER_HZ, Crowd, accounts, chapter, somebody, tell } from './lib/drills.mjs';

const NANNING = cityOf('nanning');
const WAIT_MS = 60000;
// Two networks of one desk, as network interfaces between this host and a namespace of its own.
const NAME = `hl${process.pid}`;
const net = process.pid % 200;
const A = { host: `10.${net}.1.1`, desk: `10.${net}.1.2`, at: `${NAME}a` };
const Z = { host: `10.${net}.2.1`, desk: `10.${net}.2.2`, at: `${NAME}b` };
const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
const inside = (...args) => ip('netns', 'exec', NAME, 'ip', ...args);
let noNetwork = '';
let region, crowd, desk;

function makeNetworks() {
  try {
    ip('netns', 'add', NAME);
    inside('link', 'set', 'lo', 'up');
    for (const { host, desk: there, at } of [A, Z]) {
      ip('link', 'add', at, 'type', 'veth', 'peer', 'name', 'desk', 'netns', NAME);
      ip('addr', 'add', `${host}/24`, 'dev', at);
      ip('link', 'set', at, 'up');
      inside('link', 'set', 'desk', 'name', at);
      inside('addr', 'add', `${there}/24`, 'dev', at);
      inside('link', 'set', at, 'up');
    }
    inside('route', 'add', 'default', 'via', Z.host); // what the other network knows of the first one's address
  } catch (error) {
    noNetwork = `no network namespaces here: ${String(error.stderr || error.message).trim()}`;
  }
}

// Lines at an address that both networks reach.
class TwoNetworks extends Region {
  async prepare() {
    makeNetworks();
    await super.prepare();
    if (noNetwork) return;
    const text = readFileSync(this.config, 'utf8');
    writeFileSync(this.config, text.replace(/(media: \{\s+address = )"127.0.0.1"/, `$1"${A.host}"`).replace('public_address = "127.0.0.1"', `public_address = "${A.host}"`));
  }
}

before(async () => {
  region = await TwoNetworks.start();
  crowd = await Crowd.open(region, 0);
});
after(async () => {
  closeFarSides();
  await desk?.close().catch(() => {});
  await crowd?.kill();
  await region?.stop();
  for (const undo of [() => ip('netns', 'del', NAME), () => ip('link', 'del', A.at), () => ip('link', 'del', Z.at)]) try { undo(); } catch { /* gone with the namespace, or never made */ }
});

const count = (list, name) => list.filter((e) => e.event === name).length;
// The line says something to the daemon and both hear each other after it; gives what each heard to stop and begin.
async function through(talk, what) {
  const heard = () => [count(talk.caller.events, 'tone') - count(talk.caller.events, 'tone_end'), count(talk.agent.line.events, 'tone') - count(talk.agent.line.events, 'tone_end')];
  const gaps = () => count(talk.caller.events, 'tone_end') + count(talk.agent.line.events, 'tone_end');
  const before_it = gaps();
  const stats = async () => {
    const seen = count(talk.agent.line.events, 'stats');
    talk.agent.line.say('stats');
    await until('counted', () => count(talk.agent.line.events, 'stats') > seen);
    return talk.agent.line.last('stats');
  };
  await what();
  const then = await stats();
  await until('a second of sound each way', async () => {
    const now = await stats();
    return now.received >= then.received + 50 && now.sent >= then.sent + 50 && heard().every((on) => on === 1);
  }, WAIT_MS, 100);
  assert.equal(talk.agent.document.state, 'talk');
  assert.equal(talk.caller.code, undefined);
  return gaps() - before_it;
}
const lostGaps = (gaps) => (gaps > 2 ? [`${gaps} gaps`] : []);
const lineArgs = ['--tone', String(AGENT_HZ), '--detect-tone', String(CALLER_HZ)];

chapter('drill 3: the line of a talk moves to another port, then to another address, then restarts ICE: the talk goes on, without a new line (NFR-08)', async () => {
  const agent = Object.assign(await Agent.start(region, 'nanning', 'a1002', { lineArgs }), { city: NANNING });
  crowd.agents.push(agent);
  const [talk] = await crowd.talk([agent]);
  const legs = await agent.person.get('/agent');
  let gaps = 0;
  for (const what of ['move', 'move 127.0.0.2', 'restart', 'move 127.0.0.3'])
    gaps += await through(talk, async () => {
      talk.agent.line.say(what);
      if (what !== 'restart') return;
      await until('a second offer', () => count(agent.line.events, 'offer') === 2);
    });
  // As a browser does it when its network changes: another address and new credentials at once.
  gaps += await through(talk, async () => { talk.agent.line.say('move 127.0.0.4'); talk.agent.line.say('restart'); });
  assert.equal((await agent.person.get('/agent')).call.call_id, legs.call.call_id);
  await crowd.end([talk]);
  const { lost, text } = await accounts(region);
  tell('a line that moves', [...(gaps > 10 ? [`${gaps} gaps`] : []), ...lost], `5 moves, ${gaps} gaps heard, one call; ${text}`);
});

chapter('drill 3: the network of the desk goes down and another one takes over, in the middle of a talk: the talk goes on (NFR-08)', async (t) => {
  if (noNetwork) return t.skip(noNetwork);
  desk = Object.assign(await Agent.start(region, 'nanning', 'a1001', { lineArgs: [...lineArgs, '--own', A.desk], under: ['ip', 'netns', 'exec', NAME] }), { city: NANNING });
  await crowd.agents[0].person.put('/agent/state', { state: 'busy', reason_id: (await crowd.agents[0].person.get('/dictionaries')).busy_reasons[0].id });
  const [talk] = await crowd.talk([desk]);
  const gaps = await through(talk, async () => {
    inside('link', 'set', A.at, 'down');
    await until('both notice', () => talk.agent.line.seen('tone_end') || talk.caller.seen('tone_end'), WAIT_MS);
    desk.line.say(`move ${Z.desk}`);
    desk.line.say('restart');
  });
  await crowd.end([talk]);
  const { lost, text } = await accounts(region);
  tell('the network of a desk', [...lostGaps(gaps), ...lost], `${gaps} gaps heard, one call; ${text}`);
});

chapter('drill 4: a trunk whose sound comes from another address than it said is heard and spoken to there; a stranger is not (NFR-08)', async () => {
  const [told, real, stranger] = [await Rtp.open(), await Rtp.open(), await Rtp.open()];
  told.mute = real.mute = stranger.mute = true;
  const caller = somebody();
  const run = Sipp.run(region, 'call', { hold_ms: 6000, keys: { caller, rtp: told.port } });
  await told.hears(8, 5); // where it said
  real.peer = stranger.peer = told.peer;
  real.type = stranger.type = 8;
  real.mute = false;
  await real.hears(8, 50);
  const then = told.total;
  stranger.mute = false;
  await real.hears(8, 50);
  assert.equal(stranger.total, 0, 'speaking up is not enough while the other one speaks');
  const still = told.total - then;
  await run;
  for (const rtp of [told, real, stranger]) rtp.close();
  const { lost, text } = await accounts(region);
  tell('sound from elsewhere', [...(still ? [`${still} packets to where nobody listens`] : []), ...lost], `${real.total} packets to where the sound comes from; ${text}`);
});
