// A fresh daemon with its desk phones registered and signed in, and the load that calls them: made once for the parts that
// measure rates (25 s for 3,000 agents), gone with the daemon.
import { AGENTS, AGENT_COUNT, PASSWORD, REALM, SERVER, extension } from './region.mjs';
import { Phones } from './sip.mjs';
import { CallLoad } from './load.mjs';

export async function registerAll(region, count = AGENT_COUNT) {
  const phones = await Phones.open(AGENTS, { host: SERVER, port: region.sipPort });
  const numbers = Array.from({ length: count }, (_, i) => i + 1), queue = [...numbers];
  const worker = async () => { for (let n; (n = queue.shift()) !== undefined;) await phones.register(extension(n), PASSWORD, REALM); };
  await Promise.all(Array.from({ length: 16 }, worker));
  phones.close(); // the load's agents take the port over
  return { port: phones.port, numbers };
}

export class RateLab {
  // The one that stands, or a new one on a fresh daemon.
  static async of(region, direction = 'inactive') {
    if (region.lab?.direction === direction) return region.lab;
    await region.restart();
    const lab = new this();
    Object.assign(lab, { region, direction, sink: await region.sink('0.0.0.0') }); // both sides: a port without a listener would cost the daemon an ICMP a packet
    const { port, numbers } = await registerAll(region);
    lab.options = { agentsPort: port, sinkPort: lab.sink.port, direction };
    lab.load = await CallLoad.open(region, lab.options);
    lab.people = await region.signInPhones(numbers);
    region.lab = lab;
    return lab;
  }

  // From now on talks last so long: with 2 s, 3,000 phones are 1,500 calls a second, and callers beyond that wait for people.
  async talks(talk_ms) {
    await this.load.close();
    this.load = await CallLoad.open(this.region, { ...this.options, talk_ms });
  }

  // Agents left in a state: none may be after a run, however hard it was.
  async stuck() {
    let notReady = 0;
    for (const person of this.people.values()) if ((await person.get('/agent')).state !== 'ready') notReady++;
    return notReady;
  }

  async close() {
    await this.load.close();
    await this.sink.close();
  }
}
