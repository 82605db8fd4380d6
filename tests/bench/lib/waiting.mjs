// Many answered callers waiting in a queue with one agent, for the memory and the reaction benches.
import { AGENTS, AGENT_COUNT, CALLERS, NUMBER, PASSWORD, REALM, SERVER, extension, until } from './region.mjs';
import { Callers, Phones } from './sip.mjs';
import { sleep } from './numbers.mjs';

const JOIN_EVERY_MS = 10;
const ONLY_AGENT = AGENT_COUNT + 1;

export class Waiting {
  static async start(region, music) {
    const waiting = new this();
    const server = { host: SERVER, port: region.sipPort };
    Object.assign(waiting, { region, number: music ? NUMBER.music : NUMBER.quiet, dialogs: new Set(), left: 0 });
    waiting.sink = await region.sink(CALLERS);
    waiting.callers = await Callers.open(CALLERS, server);
    waiting.phones = await Phones.open(AGENTS, server);
    waiting.phones.mediaHost = CALLERS;
    waiting.phones.mediaPort = waiting.sink.port;
    await waiting.phones.register(extension(ONLY_AGENT), PASSWORD, REALM);
    waiting.person = (await region.signInPhones([ONLY_AGENT], { ready: false })).get(ONLY_AGENT);
    return waiting;
  }

  // Until so many callers wait.
  async fill(count) {
    const answers = [];
    while (this.dialogs.size < count) {
      const dialog = this.callers.call({ from: `1387711${1000 + this.dialogs.size}`, to: this.number, mediaPort: this.sink.port });
      this.dialogs.add(dialog);
      dialog.ended.then(() => { this.left++; });
      answers.push(dialog.answered);
      await sleep(JOIN_EVERY_MS);
    }
    await Promise.all(answers);
    await until('callers in the queue', async () => Number(this.callers.dialogs.size) === this.dialogs.size - this.left);
  }

  async close() {
    for (const dialog of this.callers.dialogs.values()) { this.callers.bye(dialog); await sleep(2); }
    await until('callers gone', () => this.callers.dialogs.size === 0, 30000);
    this.callers.close();
    this.phones.close();
    await this.sink.close();
  }
}
