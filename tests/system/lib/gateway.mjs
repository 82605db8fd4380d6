// Somebody else's SMS gateway: takes messages as the daemon hands them over, knows an id again, checks the secret, and is
// as slow, busy or dead as a test wants. Reports and replies go to the daemon with a key, as a gateway's would.
import { createServer } from 'node:http';
import { freePort, until } from './region.mjs';

export const SECRET = 'sms-s3cret';

export class Gateway {
  static async start({ port, secret = SECRET } = {}) {
    const gateway = new Gateway();
    Object.assign(gateway, { port: port ?? await freePort(), secret, requests: [], messages: new Map(), how: () => ({}) });
    await gateway.open();
    return gateway;
  }
  get url() { return `http://127.0.0.1:${this.port}/messages`; }
  // What the daemon handed over, each id once; and to whom.
  get sent() { return [...this.messages.values()]; }
  to(number) { return this.sent.filter((m) => m.number === number); }
  got(number, count = 1) { return until(`${count} for ${number}`, () => this.to(number).length >= count && this.to(number).at(-1)); }

  async open() {
    this.server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (c) => chunks.push(c));
      request.on('end', () => this.take(request, JSON.parse(Buffer.concat(chunks).toString()), response));
    });
    await new Promise((done) => this.server.listen(this.port, '127.0.0.1', done));
    return this;
  }
  // how(message, times): { status, body, wait: a promise, drop: taken, and no answer }.
  async take(request, message, response) {
    const known = this.messages.get(message.id);
    const one = { at: Date.now(), secret: request.headers.authorization, type: request.headers['content-type'], method: request.method, ...message };
    this.requests.push(one);
    const times = this.requests.filter((r) => r.id === message.id).length;
    if (one.secret !== this.secret) return response.writeHead(401, { 'content-type': 'application/json' }).end('{"reason":"wrong secret"}');
    const { status = 200, body, wait, drop } = this.how(message, times);
    await wait;
    if (status < 300 && !known) this.messages.set(message.id, message);
    if (drop) return request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? { message_id: `gw-${message.id.slice(-6)}` }));
  }
  async close() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  // What it tells the daemon.
  async tell(region, path, body, key = this.key) {
    const response = await fetch(`${region.base}/api/v1/sms/${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  }
  report(region, message, state, reason) { return this.tell(region, 'reports', { id: message.id, state, ...(reason ? { reason } : {}) }); }
  reply(region, number, text, id = `up-${++this.replies}`) { return this.tell(region, 'replies', { id, number, text }); }
  replies = 0;

  // Makes it the gateway of an office's center, with a key to answer by.
  async serve(office, more = {}) {
    const { version } = await office.admin.get('/settings/sms');
    await office.admin.put('/settings/sms', { enabled: true, url: this.url, secret_name: 'Authorization', secret_value: this.secret, timeout_ms: 1000, per_second: 10, ...more }, { 'if-match': `"${version}"` });
    this.key ??= (await office.admin.post('/settings/keys', { name: '短信平台', groups: ['sms'] })).key;
  }
}
