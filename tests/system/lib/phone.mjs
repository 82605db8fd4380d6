// A SIP telephone over UDP, written by hand (RFC 3261): desk phones that register, and trunks that have to
// prove who they are. What SIPp of Debian cannot: digest with SHA-256, and choosing among challenges.
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { PASSWORD, freePort, until } from './region.mjs';
import { Rtp } from './sipp.mjs';

const hex = (bytes = 6) => randomBytes(bytes).toString('hex');
const HASH = { MD5: 'md5', 'SHA-256': 'sha256' };

export function parse(text) {
  const [head, ...rest] = text.split('\r\n\r\n');
  const lines = head.split('\r\n');
  const headers = {};
  for (const line of lines.slice(1)) {
    const at = line.indexOf(':');
    (headers[line.slice(0, at).trim().toLowerCase()] ??= []).push(line.slice(at + 1).trim());
  }
  const message = { first: lines[0], headers, body: rest.join('\r\n\r\n'), get: (name) => headers[name.toLowerCase()]?.[0] };
  const status = /^SIP\/2\.0 (\d{3})/.exec(lines[0]);
  if (status) message.status = Number(status[1]);
  else [message.method, message.uri] = lines[0].split(' ');
  return message;
}

export class Phone {
  // keepAlive: answers OPTIONS; address: where it lives; contact: what it says of itself (NAT)
  static async start(region, { user, password = PASSWORD, address = '127.0.0.1', contact } = {}) {
    const phone = new Phone();
    Object.assign(phone, { region, user, password, address, cseq: 0, registerId: hex(), answersOptions: true, waiting: new Map(), seen: [] });
    phone.port = await freePort();
    phone.contact = contact ?? `sip:${user}@${address}:${phone.port}`;
    phone.socket = createSocket('udp4');
    phone.socket.on('message', (bytes) => phone.take(bytes.toString()));
    phone.socket.bind(phone.port, address);
    await once(phone.socket, 'listening');
    return phone;
  }

  sendText(text) { if (!this.closed) this.socket.send(text, this.region.sipPort, '127.0.0.1'); }

  take(text) {
    if (!text.trim()) return;
    const message = { at: Date.now(), ...parse(text) };
    this.seen.push(message);
    if (message.status) {
      const waits = this.waiting.get(`${message.get('call-id')} ${message.get('cseq')}`);
      if (message.status >= 200) waits?.(message);
      return;
    }
    if (message.method === 'OPTIONS' && this.answersOptions) this.reply(message, 200);
    if (message.method === 'INVITE' && !this.muteInvites) {
      const again = this.invite?.get('call-id') === message.get('call-id') && this.invite.get('cseq') === message.get('cseq');
      if (again) { if (this.final) this.sendText(this.final); return; }
      this.invite = message;
      this.final = undefined;
      this.tag = hex();
    }
    if (message.method === 'CANCEL') {
      this.reply(message, 200);
      if (this.invite && !this.final) this.refuse(487, 'Request Terminated');
      this.cancelled = message;
    }
    if (message.method === 'BYE') {
      this.reply(message, 200);
      this.bye = message;
    }
  }

  reply(request, status, phrase = 'OK', { headers = [], sdp, tag = this.tag ?? hex() } = {}) {
    const to = request.get('to');
    const lines = [`SIP/2.0 ${status} ${phrase}`, ...request.headers.via.map((v) => `Via: ${v}`), `From: ${request.get('from')}`,
      `To: ${to}${/;tag=/.test(to) || status === 100 ? '' : `;tag=${tag}`}`, `Call-ID: ${request.get('call-id')}`, `CSeq: ${request.get('cseq')}`,
      `Contact: <${this.contact}>`, ...headers];
    if (sdp) lines.push('Content-Type: application/sdp');
    const text = `${lines.join('\r\n')}\r\nContent-Length: ${sdp ? Buffer.byteLength(sdp) : 0}\r\n\r\n${sdp ?? ''}`;
    if (request.method === 'INVITE' && status >= 200) this.final = text;
    this.sendText(text);
  }

  // --- our requests -----------------------------------------------------------------------------

  text({ method, uri, callId, cseq, from, to, headers = [], sdp, branch = `z9hG4bK${hex()}` }) {
    return `${[`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/UDP ${this.address}:${this.port};rport;branch=${branch}`, `From: ${from}`, `To: ${to}`,
      `Call-ID: ${callId}`, `CSeq: ${cseq} ${method}`, 'Max-Forwards: 70', `Contact: <${this.contact}>`, ...headers,
      ...(sdp ? ['Content-Type: application/sdp'] : []), `Content-Length: ${sdp ? Buffer.byteLength(sdp) : 0}`].join('\r\n')}\r\n\r\n${sdp ?? ''}`;
  }

  // Sends until the final answer is there; ACKs what is no 2xx to an INVITE.
  async ask(fields) {
    const branch = `z9hG4bK${hex()}`;
    const text = this.text({ ...fields, branch });
    const key = `${fields.callId} ${fields.cseq} ${fields.method}`;
    const again = setInterval(() => this.sendText(text), 500);
    try {
      const answer = await new Promise((tell, fail) => {
        this.waiting.set(key, tell);
        setTimeout(() => fail(new Error(`no answer to ${fields.method}`)), 20000).unref();
        this.sendText(text);
      });
      if (fields.method === 'INVITE' && answer.status >= 300)
        this.sendText(this.text({ ...fields, method: 'ACK', to: answer.get('to'), branch, sdp: undefined, headers: [] }).replace(`${fields.cseq} INVITE`, `${fields.cseq} ACK`));
      return answer;
    } finally {
      clearInterval(again);
      this.waiting.delete(key);
    }
  }

  // The topmost challenge we understand (RFC 8760), or the one of the algorithm that is wanted.
  authorization(answer, method, uri, { algorithm, password = this.password, user = this.user } = {}) {
    const challenges = answer.headers['www-authenticate'] ?? [];
    this.offered = challenges.map((c) => /algorithm=([^,\s]+)/.exec(c)?.[1]);
    const one = challenges.find((c) => (algorithm ? c.includes(`algorithm=${algorithm},`) : true));
    if (!one) throw new Error(`no challenge for ${algorithm}: ${challenges.join('; ')}`);
    const word = (name) => new RegExp(`${name}="?([^",]*)`).exec(one)?.[1];
    const name = word('algorithm');
    const h = (text) => createHash(HASH[name]).update(text).digest('hex');
    const cnonce = hex();
    const response = h([h(`${user}:${word('realm')}:${password}`), word('nonce'), '00000001', cnonce, 'auth', h(`${method}:${uri}`)].join(':'));
    return `Authorization: Digest username="${user}", realm="${word('realm')}", nonce="${word('nonce')}", uri="${uri}", response="${response}", algorithm=${name}, cnonce="${cnonce}", qop=auth, nc=00000001`;
  }

  // Asks, and once more with credentials when challenged. Gives the last answer.
  async signed(fields, credentials) {
    const answer = await this.ask({ ...fields, cseq: ++this.cseq });
    if (answer.status !== 401) return answer;
    return this.ask({ ...fields, cseq: ++this.cseq, headers: [...(fields.headers ?? []), this.authorization(answer, fields.method, fields.uri, credentials)] });
  }

  register({ expires = 600, ...credentials } = {}) {
    const me = `<sip:${this.user}@hotlined>`;
    return this.signed({ method: 'REGISTER', uri: 'sip:hotlined', callId: this.registerId, from: `${me};tag=${hex()}`, to: me,
      headers: [`Expires: ${expires}`] }, credentials);
  }

  // --- their call to us -------------------------------------------------------------------------

  sdp() {
    return ['v=0', `o=phone 1 1 IN IP4 ${this.address}`, 's=-', `c=IN IP4 ${this.address}`, 't=0 0', `m=audio ${this.rtp.port} RTP/AVP 8 101`,
      'a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', ''].join('\r\n');
  }
  async ringing(timeout_ms) {
    await until('the phone rings', () => this.invite && !this.final, timeout_ms);
    this.reply(this.invite, 180, 'Ringing');
    return this.invite;
  }
  // Where the daemon wants our sound; it is said at once, as phones do.
  async answer() {
    this.rtp = await Rtp.open(this.address);
    const [, port] = /m=audio (\d+)/.exec(this.invite.body);
    this.rtp.peer = { address: '127.0.0.1', port: Number(port) };
    this.cancelled = this.bye = undefined;
    this.reply(this.invite, 200, 'OK', { sdp: this.sdp() });
    await until('the ACK', () => this.seen.some((m) => m.method === 'ACK' && m.get('call-id') === this.invite.get('call-id')));
  }
  refuse(status, phrase = 'Refused', headers = []) { this.reply(this.invite, status, phrase, { headers }); }
  async hangUp() {
    const invite = this.invite;
    const remote = /<([^>]*)>/.exec(invite.get('contact'))[1];
    const answer = await this.ask({ method: 'BYE', uri: remote, callId: invite.get('call-id'), cseq: ++this.cseq + 1000,
      from: `${invite.get('to')};tag=${this.tag}`, to: invite.get('from') });
    this.rtp?.close();
    return answer;
  }

  // --- our call to them -------------------------------------------------------------------------

  // Gives the final answer; `dialog` is kept for endCall().
  async call(called, { caller = this.user, ...credentials } = {}) {
    this.rtp = await Rtp.open(this.address);
    const fields = { method: 'INVITE', uri: `sip:${called}@127.0.0.1:${this.region.sipPort}`, callId: hex(), from: `<sip:${caller}@${this.address}>;tag=${hex()}`,
      to: `<sip:${called}@127.0.0.1>`, sdp: this.sdp() };
    const answer = await this.signed(fields, credentials);
    if (answer.status < 300) {
      this.dialog = { ...fields, sdp: undefined, cseq: this.cseq, to: answer.get('to'), uri: /<([^>]*)>/.exec(answer.get('contact'))[1] };
      this.sendText(this.text({ ...this.dialog, method: 'ACK' }));
    } else {
      this.rtp.close();
    }
    return answer;
  }
  async endCall() {
    const answer = await this.ask({ ...this.dialog, method: 'BYE', cseq: ++this.cseq });
    this.rtp.close();
    return answer;
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.rtp?.close();
    this.socket.close();
  }
}
