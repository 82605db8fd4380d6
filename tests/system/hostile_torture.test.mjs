// The torture messages of RFC 4475 (tests/system/torture/messages.mjs) over UDP and TCP: each gets the answer it
// should get, what is refused is counted, the daemon lives, and a call under way notices nothing.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { once } from 'node:events';
import { Caller, Region, until } from './lib/region.mjs';
import { parse } from './lib/phone.mjs';
import { MESSAGES, NOTHING } from './torture/messages.mjs';

let region, caller;
let count = 0;
before(async () => {
  region = await Region.start();
  caller = Caller.start(region, { to: '07711236601', args: ['--tone', '440'] });
  await caller.waitFor('audio');
});
after(async () => {
  caller?.kill();
  await region?.stop();
});

async function value(series) {
  const text = await (await fetch(`${region.base}/metrics`)).text();
  return Number(text.split('\n').find((l) => l.startsWith(`${series} `)).split(' ')[1]);
}
const malformed = () => value('hotlined_sip_refused_total{reason="malformed"}');
const server = () => `127.0.0.1:${region.sipPort}`;

// Where one message is sent from; what came back are the final statuses by the branch of their Via.
class End {
  static async udp() {
    const end = new End();
    Object.assign(end, { transport: 'UDP', heard: [], socket: createSocket('udp4') });
    end.socket.on('message', (bytes) => end.take(String(bytes)));
    end.socket.bind(0, '127.0.0.1');
    await once(end.socket, 'listening');
    end.port = end.socket.address().port;
    end.send = (text) => end.socket.send(text, region.sipPort, '127.0.0.1');
    end.close = () => end.socket.close();
    return end;
  }
  static async tcp() {
    const end = new End();
    Object.assign(end, { transport: 'TCP', heard: [], rest: '', socket: connect(region.sipPort, '127.0.0.1') });
    await once(end.socket, 'connect');
    end.port = end.socket.localPort;
    end.socket.on('error', () => {});
    end.socket.on('data', (bytes) => {
      end.rest += bytes;
      for (let at; (at = end.rest.indexOf('\r\n\r\n')) >= 0; end.rest = end.rest.slice(at + 4)) end.take(end.rest.slice(0, at + 4)); // our answers here have no bodies
    });
    end.send = (text) => end.socket.write(text);
    end.close = () => end.socket.destroy();
    return end;
  }
  take(text) {
    const message = parse(text);
    if (message.status >= 200) this.heard.push({ status: message.status, callId: message.get('call-id'), message });
    if (message.status >= 300 && /INVITE/.test(message.get('cseq') ?? '')) this.acknowledge(message);
  }
  acknowledge(answer) {
    this.send(`${[`ACK sip:x@${server()} SIP/2.0`, `Via: ${answer.headers.via[0].replace(/;(received|rport)=[^;]*/g, '')}`, `From: ${answer.get('from')}`, `To: ${answer.get('to')}`,
      `Call-ID: ${answer.get('call-id')}`, `CSeq: ${parseInt(answer.get('cseq'), 10)} ACK`, 'Max-Forwards: 70', 'Content-Length: 0'].join('\r\n')}\r\n\r\n`);
  }
  at(id) { return { host: '127.0.0.1', port: this.port, transport: this.transport, id, server: server() }; }
}

// An OPTIONS behind it that is answered: what came before it has been dealt with.
async function sentinel(end) {
  const probe = end.transport === 'UDP' ? end : await End.udp();
  const at = probe.at(`sentinel-${++count}`);
  probe.send(`${[`OPTIONS sip:${at.server} SIP/2.0`, `Via: SIP/2.0/UDP ${at.host}:${at.port};branch=z9hG4bK-${at.id}`, `From: <sip:s@example.com>;tag=${at.id}`, 'To: <sip:s@example.com>',
    `Call-ID: ${at.id}`, 'CSeq: 1 OPTIONS', 'Max-Forwards: 70', 'Content-Length: 0'].join('\r\n')}\r\n\r\n`);
  await until('the next request answered', () => probe.heard.some((h) => h.callId === at.id));
  if (probe !== end) probe.close();
}

for (const transport of ['udp', 'tcp'])
  for (const [name, message] of Object.entries(MESSAGES)) {
    if (message.udp && transport !== 'udp') continue;
    const expected = message.ours ?? message.wants;
    test(`${transport.toUpperCase()} ${name}: ${expected === NOTHING ? 'nothing' : expected.join(' or ')}${message.why ? ` (${message.why})` : ''}`, async () => {
      const end = await End[transport]();
      const text = message.text(end.at(`t${++count}`));
      const refused = await malformed();
      end.send(text);
      if (expected.length) await until('an answer', () => end.heard.length);
      await sentinel(end);
      await sentinel(end);
      const heard = [...new Set(end.heard.filter((h) => !h.callId?.startsWith('sentinel')).map((h) => h.status))];
      if (expected.length) assert.ok(heard.length === 1 && expected.includes(heard[0]), `heard ${heard}`);
      else assert.deepEqual(heard, []);
      const bad = [400, 505].includes(heard[0]) || (!heard.length && !text.startsWith('SIP/2.0'));
      await until('counted', async () => await malformed() === refused + (bad ? 1 : 0));
      end.close();
    });
  }

test('the call under way is under way, and its sound still comes', async () => {
  assert.equal(caller.code, undefined, JSON.stringify(caller.events));
  assert.equal(caller.seen('ended'), undefined);
  assert.equal(await value('hotlined_calls'), 1);
  const received = await value('hotlined_media_packets_received_total');
  await until('more packets of his', async () => await value('hotlined_media_packets_received_total') > received, 30000);
  assert.equal(await caller.hangUp(), 0);
  assert.equal(await value('hotlined_sip_banned'), 0, 'a trunk is never banned');
});

// The same from a stranger: refused, and after some of them not even that.
test('a stranger who sends them all is banned soon; the daemon goes on', async () => {
  region.sql("UPDATE trunk SET allowed_ips = '127.0.0.1'");
  await region.configured();
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.99');
  await once(socket, 'listening');
  for (const message of Object.values(MESSAGES))
    socket.send(message.text({ host: '127.0.0.99', port: socket.address().port, transport: 'UDP', id: `s${++count}`, server: server() }), region.sipPort, '127.0.0.1');
  await until('banned', async () => await value('hotlined_sip_banned') === 1);
  socket.close();
  const end = await End.udp();
  await sentinel(end);
  end.close();
});
