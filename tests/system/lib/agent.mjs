// An agent at work: a signed-in person with a browser-like line (tests/tools/line: ICE, DTLS and SRTP as
// a browser does them, in C), so that system tests need no Chromium.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { B, ROOT, Person, until } from './region.mjs';

export class Line {
  // args: --tone HZ (what the agent says), --detect-tone HZ, --hear FILE.wav, --tcp, --own ADDRESS
  // under: a command that runs it somewhere else (ip netns exec NAME)
  static async start(person, args = [], under = []) {
    const line = new Line();
    line.person = person;
    line.events = [];
    line.err = '';
    const [command, ...all] = [...under, join(B, 'tools/line'), ...args];
    line.child = spawn(command, all, { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
    line.child.stderr.on('data', (text) => { line.err += text; });
    line.child.stdout.setEncoding('utf8');
    let rest = '';
    line.child.stdout.on('data', (text) => {
      rest += text;
      const lines = rest.split('\n');
      rest = lines.pop();
      for (const one of lines) if (one.startsWith('{')) line.take({ at: Date.now(), ...JSON.parse(one) });
    });
    line.exited = once(line.child, 'close').then(([code]) => { line.code = code; return code; });
    await until('line event connected', () => { line.check(); return line.seen('connected'); });
    return line;
  }

  take(event) {
    this.events.push(event);
    if (event.event === 'offer') {
      this.person.put('/agent/line', { sdp: event.sdp })
        .then((answer) => { this.offered = event.sdp; this.answered = answer.sdp; return answer; })
        .then((answer) => this.child.stdin.write(`answer ${JSON.stringify(answer.sdp)}\n`))
        .catch((error) => { this.refused = error; this.child.kill('SIGKILL'); });
    }
  }

  // Its offer was refused: it will never be connected.
  check() {
    if (this.refused) throw Object.assign(new Error(`the line's offer: ${this.refused.message}`), { fatal: true });
  }
  seen(name, test = () => true) { return this.events.find((e) => e.event === name && test(e)); }
  last(name, test = () => true) { return this.events.findLast((e) => e.event === name && test(e)); }
  waitFor(name, test, timeout_ms = 20000) {
    return until(`line event ${name} (${this.err.slice(-500)})`, () => this.seen(name, test), timeout_ms);
  }

  // From now on it listens for this tone; until it has heard it for a tenth of a second.
  async hears(hz) {
    const before = this.events.length;
    this.say(`detect ${hz}`);
    await until(`the line hears ${hz} Hz`, () => this.events.slice(before).some((e) => e.event === 'tone' && e.hz === hz));
  }
  say(command) { this.child.stdin.write(`${command}\n`); }
  async close() {
    if (this.code === undefined) this.say('quit');
    await this.exited;
  }
  // The page dies without a word: no close_notify.
  async kill() {
    if (this.code === undefined) this.child.kill('SIGKILL');
    await this.exited;
  }
}

export class Agent {
  static async start(region, center, login, { lineArgs = [], under, ready = true, password } = {}) {
    const agent = new Agent();
    agent.person = await Person.signIn(region, center, login, password);
    await agent.person.listen();
    agent.line = await Line.start(agent.person, lineArgs, under);
    await agent.person.post('/agent/sign-in', { line: 'browser' });
    await agent.waitState('busy');
    if (ready) await agent.ready();
    return agent;
  }

  get document() { return this.person.seen('agent')?.data; }
  waitState(state, timeout_ms) { return this.person.waitFor('agent', (d) => d === this.document && d.state === state, timeout_ms); }
  async ready() {
    await until('line up', async () => (await this.person.get('/agent')).line.state === 'up');
    const before = this.person.events.length; // with a caller waiting it rings in the same turn, and that is what is told
    await this.person.put('/agent/state', { state: 'ready' });
    const idle = (d) => ['ready', 'ring', 'talk'].includes(d?.state);
    // Nothing is told when he was ready already.
    await until('ready', () => idle(this.document) || this.person.events.slice(before).some((e) => e.event === 'agent' && idle(e.data)));
  }
  // Waits for the ring and gives the agent document of it.
  async ring(timeout_ms = 30000) { return (await this.waitState('ring', timeout_ms)).data; }
  answer(call_id) { return this.person.post(`/agent/calls/${call_id}/answer`); }
  reject(call_id) { return this.person.post(`/agent/calls/${call_id}/reject`); }
  hangUp(call_id) { return this.person.post(`/agent/calls/${call_id}/hangup`); }
  done() { return this.person.post('/agent/wrap-up/done'); }
  async close() {
    await this.line.close();
    await this.person.close();
  }
}
