// One city at work in a test: its administrator changes queues and flows through the API, its agents ring.
import assert from 'node:assert/strict';
import { Caller, Person, until } from './region.mjs';
import { Agent } from './agent.mjs';

// The cities of the demo region in the order of their numbers: code, name, number, GB code.
export const CITIES = ['nanning', 'liuzhou', 'guilin', 'wuzhou', 'beihai', 'fangchenggang', 'qinzhou', 'guigang', 'yulin', 'baise', 'hezhou', 'hechi', 'laibin', 'chongzuo']
  .map((code, i) => ({ code, id: i + 2, gb: `45${String(i + 1).padStart(2, '0')}00`,
    number: `${['0771', '0772', '0773', '0774', '0779', '0770', '0777', '0775', '0775', '0776', '0774', '0778', '0772', '0771'][i]}12366${String(i + 1).padStart(2, '0')}` }));
export const cityOf = (code) => CITIES.find((c) => c.code === code);

// No prompts, so that a caller who presses a key waits at once: 1 consult, 2 complaint, 3 report, 4 consult
// with priority 2, 5 consult with priority 9.
export const QUICK_FLOW = {
  entry: 'pick',
  nodes: {
    pick: { type: 'menu', name: '主菜单', prompt: 'beep', timeout_ms: 5000, retries: 2, failed: 'busy',
      keys: { 1: 'consult', 2: 'complaint', 3: 'report', 4: 'urgent', 5: 'critical' } },
    ...Object.fromEntries([['consult', 'consult', 0], ['complaint', 'complaint', 0], ['report', 'report', 0], ['urgent', 'consult', 2], ['critical', 'consult', 9]]
      .map(([name, queue, priority]) => [name, { type: 'queue', queue, priority, music: 'hold_music', on_wait_over: 'busy', on_no_agent: 'busy', on_full: 'busy' }])),
    busy: { type: 'hangup', prompt: 'beep', reason: 'lost' },
  },
};

let lastCaller = 10000;

export class Office {
  static async open(region, code, { flow = QUICK_FLOW } = {}) {
    const office = new Office();
    Object.assign(office, cityOf(code), { region, agents: [], callers: [] });
    office.admin = await Person.signIn(region, code, 'admin');
    office.leader = await Person.signIn(region, code, 'leader');
    await Promise.all([office.admin.listen(), office.leader.listen()]);
    if (flow) await office.publish(flow);
    return office;
  }

  // Does something that changes the configuration and waits until the daemon has read it.
  async changed(action) {
    const answer = await action();
    const wanted = this.region.nextRevision();
    await this.admin.waitFor('directory', (d) => d.revision >= wanted);
    return answer;
  }

  async publish(document) {
    const { items } = await this.admin.get('/settings/flows');
    const { id, version } = items.find((f) => f.code === 'main' && f.center_id === this.id);
    return this.changed(() => this.admin.call('POST', `/settings/flows/${id}/publish`, { document, note: '测试' }, { 'if-match': `"${version}"` }));
  }

  async queue(code) { return (await this.admin.get('/settings/queues')).items.find((q) => q.code === code && q.center_id === this.id); }
  async setQueue(code, fields) {
    const { id, version } = await this.queue(code);
    return this.changed(() => this.admin.put(`/settings/queues/${id}`, fields, { 'if-match': `"${version}"` }));
  }
  async setWeight(code, agent, weight) {
    const { id } = await this.queue(code);
    return this.changed(() => this.admin.put(`/settings/queues/${id}/members/${agent.person.me.user.id}`, { weight }));
  }

  async agent(login, options) {
    const agent = await Agent.start(this.region, this.code, login, options);
    this.agents.push(agent);
    return agent;
  }
  // Several at once; the first is ready first, and so on.
  async team(logins, options) {
    const team = await Promise.all(logins.map((login) => this.agent(login, { ...options, ready: false })));
    for (const agent of team) if (options?.ready !== false) await agent.ready();
    return team;
  }

  // A caller who presses these keys as soon as he hears something.
  call(keys = '1', { from, args = [] } = {}) {
    const caller = Caller.start(this.region, { from: from ?? `138771${++lastCaller}`, to: this.number, args: ['--keys', keys, ...args] });
    caller.number = from ?? `138771${lastCaller}`;
    this.callers.push(caller);
    return caller;
  }
  // The same, once he is in a queue.
  async waiting(keys, options) {
    const caller = this.call(keys, options);
    await this.waits(caller);
    return caller;
  }
  masked(caller) { return `${caller.number.slice(0, 3)}****${caller.number.slice(-4)}`; }
  async wall() { return (await this.leader.get(`/monitor/wall?center_id=${this.id}`)).centers[0]; }
  waits(caller) {
    return until(`${caller.number} waits`, async () => {
      const { waiting, seats } = await this.wall();
      return [...waiting, ...seats.map((s) => s.call).filter(Boolean)].find((c) => (c.party_no ?? c.caller_no) === this.masked(caller));
    }, 20000, 50);
  }

  // The row of a call in the log, once test(row) holds.
  row(caller, test = () => true) {
    return until(`row of ${caller.number}`, async () => {
      const { items } = await this.leader.get(`/calls?caller_no=${caller.number}`);
      return items.find(test);
    });
  }
  detail(caller, test = () => true) {
    return until(`detail of ${caller.number}`, async () => {
      const { call_id } = await this.row(caller);
      const call = await this.leader.get(`/calls/${call_id}`);
      return test(call) && call;
    });
  }

  async close() {
    for (const caller of this.callers) caller.kill();
    await Promise.all(this.agents.map((a) => a.close()));
    await Promise.all([this.admin, this.leader].map((p) => p.close()));
  }
}

// Who of these rings now for a caller: the agent.
export function rings(agents, caller, timeout_ms = 20000) {
  return until(`${caller.number} rings`, () => agents.find((a) => a.document?.state === 'ring' && a.document.call.caller_no === caller.number), timeout_ms);
}
export const callOf = (agent) => agent.document.call.call_id;

// Answers what rings, is sure that both hear each other's line, and gives the call's id.
export async function answer(agent) {
  const id = callOf(agent);
  await agent.answer(id);
  await until('talking', () => agent.document.state === 'talk');
  return id;
}

// The talk ends and the agent is idle again, or has the next one ringing already.
// Gives the moment from which the agent is idle.
export async function finish(agent, caller) {
  const id = callOf(agent);
  await caller.hangUp();
  await until('talk over', () => agent.document.state === 'acw' || agent.document.call?.call_id !== id);
  const idle_at = Date.now();
  if (agent.document.state === 'acw') await agent.done();
  await until('free', () => agent.document.state !== 'acw');
  return idle_at;
}

// No agent of these was offered a caller.
export function neverRang(agents, caller) {
  for (const agent of agents)
    assert.ok(!agent.person.events.some((e) => e.event === 'agent' && e.data.state === 'ring' && e.data.call?.caller_no === caller.number), `${agent.person.me.user.login} rang for ${caller.number}`);
}
