// One agent's page as far as the bench needs it: a connection of its own that is kept, as a browser keeps one, and
// requests whose time ends with the last byte of the answer.
import { Agent, request } from 'node:http';
import { once } from 'node:events';
import { Person } from './region.mjs';

export class Desk {
  static async open(region, center, login) {
    const desk = new Desk();
    desk.person = await Person.signIn(region, center, login);
    desk.port = region.httpPort;
    desk.agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await desk.send('GET', '/me');
    return desk;
  }

  // Resolves with status, body as text, and ms from here to the end of the answer.
  async send(method, path, body) {
    const began = performance.now();
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = request({
      host: '127.0.0.1', port: this.port, path: `/api/v1${path}`, method, agent: this.agent,
      headers: { cookie: this.person.cookie, 'x-csrf-token': this.person.csrf, ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}) },
    });
    sent.end(text);
    const [response] = await once(sent, 'response');
    let answer = '';
    response.setEncoding('utf8');
    for await (const chunk of response) answer += chunk;
    return { status: response.statusCode, body: answer, ms: performance.now() - began };
  }

  close() { this.agent.destroy(); }
}

// Opens many, eight at a time.
export async function openDesks(region, center, logins) {
  const desks = [], queue = [...logins];
  const worker = async () => { for (let login; (login = queue.shift()) !== undefined;) desks.push(await Desk.open(region, center, login)); };
  await Promise.all(Array.from({ length: 8 }, worker));
  return desks;
}
