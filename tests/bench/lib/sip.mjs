// Phones in a few lines of node, many to a socket: callers that ask for a queue, desk phones that
// register and answer. Only what the benches need; times are performance.now(), in ms.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';

const CRLF = '\r\n';
const T1_MS = 500;
const token = () => randomBytes(6).toString('hex');

export function parse(bytes) {
  const text = bytes.toString('latin1');
  const [head] = text.split('\r\n\r\n', 1);
  const [first, ...lines] = head.split(CRLF);
  const message = { first, body: text.slice(head.length + 4), headers: {}, status: 0, method: '' };
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    (message.headers[name] ||= []).push(line.slice(colon + 1).trim());
  }
  if (first.startsWith('SIP/2.0')) message.status = Number(first.slice(8, 11));
  else message.method = first.split(' ', 1)[0];
  message.callId = message.headers['call-id']?.[0];
  message.cseqMethod = message.headers.cseq?.[0].split(' ')[1];
  return message;
}

const tagOf = (header) => /;tag=([^;>\s]+)/.exec(header)?.[1];
const uriOf = (header) => /<([^>]+)>/.exec(header)?.[1] ?? header;

// keys: telephone events, too (RFC 4733).
export const sdp = (host, port, keys = false) => [
  'v=0', `o=bench 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', `m=audio ${port} RTP/AVP 8${keys ? ' 101' : ''}`, 'a=rtpmap:8 PCMA/8000',
  ...(keys ? ['a=rtpmap:101 telephone-event/8000'] : []), '',
].join(CRLF);

export class Endpoint {
  // server: {host, port} of the daemon
  static async open(host, server, port = 0) {
    const endpoint = new this();
    endpoint.server = server;
    endpoint.host = host;
    endpoint.dialogs = new Map();
    endpoint.socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    endpoint.socket.on('message', (bytes) => endpoint.arrived(parse(bytes), performance.now()));
    endpoint.socket.bind(port, host);
    await once(endpoint.socket, 'listening');
    endpoint.port = endpoint.socket.address().port;
    return endpoint;
  }

  close() {
    this.closed = true;
    for (const dialog of this.dialogs.values()) clearTimeout(dialog.timer);
    this.socket.close();
  }

  write(text) { if (!this.closed) this.socket.send(text, this.server.port, this.server.host); }

  request(dialog, method, { body = '', cseq = ++dialog.cseq, extra = [], type = 'application/sdp' } = {}) {
    return [
      `${method} ${dialog.target} SIP/2.0`, `Via: SIP/2.0/UDP ${this.host}:${this.port};branch=z9hG4bK${token()};rport`, 'Max-Forwards: 70',
      `From: <${dialog.local}>;tag=${dialog.localTag}`, `To: <${dialog.remote}>${dialog.remoteTag ? `;tag=${dialog.remoteTag}` : ''}`,
      `Call-ID: ${dialog.callId}`, `CSeq: ${cseq} ${method}`, `Contact: <sip:${dialog.user}@${this.host}:${this.port}>`, ...extra,
      ...(body ? [`Content-Type: ${type}`] : []), `Content-Length: ${Buffer.byteLength(body)}`, '', body,
    ].join(CRLF);
  }

  // Sends until something of the transaction comes back (RFC 3261, timers A and E).
  reliably(dialog, text) {
    clearTimeout(dialog.timer);
    const again = (wait) => {
      if (this.closed) return;
      this.write(text);
      dialog.timer = setTimeout(again, wait, Math.min(wait * 2, 4000));
    };
    again(T1_MS);
  }

  respond(message, status, reason, dialog, body = '') {
    const { headers } = message;
    const to = tagOf(headers.to[0]) ? headers.to[0] : `${headers.to[0]};tag=${dialog?.localTag ?? token()}`;
    this.write([
      `SIP/2.0 ${status} ${reason}`, ...headers.via.map((v) => `Via: ${v}`), ...(headers['record-route'] ?? []).map((r) => `Record-Route: ${r}`),
      `From: ${headers.from[0]}`, `To: ${to}`, `Call-ID: ${message.callId}`, `CSeq: ${headers.cseq[0]}`,
      ...(dialog ? [`Contact: <sip:${dialog.user}@${this.host}:${this.port}>`] : []),
      ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${body.length}`, '', body,
    ].join(CRLF));
  }

  // BYE of ours; resolves with the time of its 200.
  bye(dialog) {
    return new Promise((done) => {
      dialog.byeDone = done;
      this.reliably(dialog, this.request(dialog, 'BYE'));
    });
  }

  ended(dialog, at) {
    clearTimeout(dialog.timer);
    this.dialogs.delete(dialog.callId);
    dialog.over?.(at);
  }

  byeArrived(message, dialog, at) {
    this.respond(message, 200, 'OK');
    if (dialog) this.ended(dialog, at);
  }

  byeAnswered(dialog, at) {
    dialog.byeDone?.(at);
    this.ended(dialog, at);
  }
}

export class Callers extends Endpoint {
  // Gives a dialog at once; dialog.answered resolves with the time of the 200, dialog.ended with that of the end.
  call({ from, to, mediaHost = this.host, mediaPort, keys }) {
    const dialog = {
      callId: `${token()}${token()}`, user: from, localTag: token(), cseq: 0, target: `sip:${to}@${this.server.host}:${this.server.port}`,
      local: `sip:${from}@${this.host}`, remote: `sip:${to}@${this.server.host}`, invitedAt: performance.now(),
    };
    dialog.answered = new Promise((good, bad) => { dialog.good = good; dialog.bad = bad; });
    dialog.answered.catch(() => {});
    dialog.ended = new Promise((over) => { dialog.over = over; });
    this.dialogs.set(dialog.callId, dialog);
    this.reliably(dialog, this.request(dialog, 'INVITE', { body: sdp(mediaHost, mediaPort, keys) }));
    return dialog;
  }

  acknowledge(message, dialog) {
    dialog.remoteTag = tagOf(message.headers.to[0]);
    if (message.status < 300 && message.headers.contact) dialog.target = uriOf(message.headers.contact[0]);
    this.write(this.request(dialog, 'ACK', { cseq: 1 }));
  }

  arrived(message, at) {
    const dialog = this.dialogs.get(message.callId);
    if (message.method === 'BYE') { this.byeArrived(message, dialog, at); return; }
    if (message.method) { if (message.method !== 'ACK') this.respond(message, 200, 'OK'); return; }
    if (!dialog) return;
    clearTimeout(dialog.timer);
    if (message.cseqMethod === 'BYE') { this.byeAnswered(dialog, at); return; }
    if (message.cseqMethod !== 'INVITE' || message.status < 200) return;
    this.acknowledge(message, dialog);
    if (message.status < 300) dialog.good(at);
    else { dialog.bad(new Error(message.first)); this.ended(dialog, at); }
  }
}

// Desk phones sharing one socket. onInvite(dialog, at) may return false: then it only rings.
export class Phones extends Endpoint {
  register(extension, password, realm) {
    const uri = `sip:${realm}`;
    const dialog = { callId: token() + token(), user: extension, localTag: token(), cseq: 0, target: uri, local: `sip:${extension}@${realm}`, remote: `sip:${extension}@${realm}`, password };
    this.dialogs.set(dialog.callId, dialog);
    return new Promise((good, bad) => {
      Object.assign(dialog, { good, bad, uri });
      this.reliably(dialog, this.request(dialog, 'REGISTER', { extra: ['Expires: 3600'] }));
    });
  }

  authorization(message, dialog) {
    const challenge = message.headers['www-authenticate'].find((c) => /MD5/.test(c)) ?? message.headers['www-authenticate'][0];
    const value = (name) => new RegExp(`${name}="?([^",]+)"?`).exec(challenge)?.[1];
    const sha = /SHA-256/.test(challenge);
    const hash = (text) => createHash(sha ? 'sha256' : 'md5').update(text).digest('hex');
    const realm = value('realm'), nonce = value('nonce'), cnonce = token();
    const ha1 = hash(`${dialog.user}:${realm}:${dialog.password}`), ha2 = hash(`REGISTER:${dialog.uri}`);
    const response = hash(`${ha1}:${nonce}:00000001:${cnonce}:auth:${ha2}`);
    return `Authorization: Digest username="${dialog.user}",realm="${realm}",nonce="${nonce}",uri="${dialog.uri}",algorithm=${sha ? 'SHA-256' : 'MD5'},qop=auth,nc=00000001,cnonce="${cnonce}",response="${response}"`;
  }

  registered(message, dialog) {
    if (message.status === 401 && !dialog.tried) {
      dialog.tried = true;
      this.reliably(dialog, this.request(dialog, 'REGISTER', { extra: ['Expires: 3600', this.authorization(message, dialog)] }));
      return;
    }
    this.dialogs.delete(dialog.callId);
    if (message.status === 200) dialog.good();
    else dialog.bad(new Error(`REGISTER of ${dialog.user}: ${message.first}`));
  }

  inviteArrived(message, at) {
    if (this.dialogs.has(message.callId)) return; // sent again
    const extension = /sip:([^@]+)@/.exec(message.headers.to[0])?.[1] ?? 'phone';
    const dialog = {
      callId: message.callId, user: extension, localTag: token(), cseq: 0, target: uriOf(message.headers.contact[0]),
      local: uriOf(message.headers.to[0]), remote: uriOf(message.headers.from[0]), remoteTag: tagOf(message.headers.from[0]),
    };
    this.dialogs.set(dialog.callId, dialog);
    this.respond(message, 200, 'OK', dialog, sdp(this.mediaHost ?? this.host, this.mediaPort));
    this.onInvite?.(dialog, at);
  }

  arrived(message, at) {
    const dialog = this.dialogs.get(message.callId);
    if (message.method === 'INVITE') { this.inviteArrived(message, at); return; }
    if (message.method === 'ACK') { if (dialog && !dialog.talking) { dialog.talking = true; this.onTalk?.(dialog, at); } return; }
    if (message.method === 'BYE') { this.byeArrived(message, dialog, at); return; }
    if (message.method) { this.respond(message, 200, 'OK'); return; }
    if (!dialog || message.status < 200) return;
    clearTimeout(dialog.timer);
    if (message.cseqMethod === 'REGISTER') this.registered(message, dialog);
    else if (message.cseqMethod === 'BYE') this.byeAnswered(dialog, at);
  }
}
