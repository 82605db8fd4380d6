// Kamailio (Debian) as the proxy before a trunk, as providers have one: it record-routes, changes the transport on the way,
// and every request in a dialog must come back through it.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, until } from './region.mjs';

const MODULES = ['tm', 'sl', 'rr', 'pv', 'maxfwd', 'siputils', 'textops', 'xlog', 'tls'];

// service: calls to this number go to the daemon (host:port;transport=...), all others to the carrier's telephone.
// tls: false = UDP and TCP alone; strips: headers whose names fit are taken away, as some providers do.
const configuration = ({ dir, port, tlsPort, service, daemon, carrier, tls = true, strips }) => `
debug=2
log_stderror=yes
children=2
tcp_children=2
enable_tls=${tls ? 'yes' : 'no'}
mhomed=0
auto_aliases=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
${MODULES.filter((name) => tls || name !== 'tls').map((name) => `loadmodule "${name}.so"`).join('\n')}
${tls ? `listen=tls:127.0.0.1:${tlsPort}
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "${dir}/agent.key")
modparam("tls", "certificate", "${dir}/agent.crt")
modparam("tls", "ca_list", "${dir}/cafile.pem")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 0)` : ''}

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS") && !has_totag()) { sl_send_reply("200", "OK"); exit; }
  xlog("L_WARN", "PASSED $rm $pr cseq=$cs call=$ci\\n");
${strips ? `  remove_hf_re("${strips}");` : ''}
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not Here");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  t_check_trans();
  record_route();
  if ($rU == "${service}") { $du = "sip:${daemon}"; } else { $du = "sip:${carrier}"; }
  t_relay();
}
`;

async function answersOptions(port) {
  const socket = createSocket('udp4');
  await new Promise((bound) => socket.bind(0, '127.0.0.1', bound));
  const here = `127.0.0.1:${socket.address().port}`;
  const answer = new Promise((resolve) => { socket.once('message', (text) => resolve(/^SIP\/2.0 200/.test(text))); setTimeout(resolve, 200, false); });
  socket.send([`OPTIONS sip:127.0.0.1:${port} SIP/2.0`, `Via: SIP/2.0/UDP ${here};branch=z9hG4bK${here}`, 'Max-Forwards: 70', `From: <sip:probe@${here}>;tag=1`,
    `To: <sip:127.0.0.1:${port}>`, `Call-ID: ${here}`, 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''].join('\r\n'), port, '127.0.0.1');
  const good = await answer;
  socket.close();
  return good;
}

export class Kamailio {
  // dir: has agent.key, agent.crt and cafile.pem (SipRegion).
  static async start(dir, options) {
    const proxy = new this();
    proxy.port = await freePort();
    proxy.tlsPort = await freePort();
    proxy.options = { ...options, dir, port: proxy.port, tlsPort: proxy.tlsPort };
    proxy.work = join(dir, 'kamailio');
    mkdirSync(proxy.work, { recursive: true });
    await proxy.run();
    return proxy;
  }

  // The same ports, other ways: a new process.
  async change(options) {
    await this.close();
    Object.assign(this.options, options);
    await this.run();
  }

  async run() {
    const file = join(this.work, 'kamailio.cfg');
    writeFileSync(file, configuration(this.options));
    this.log = '';
    this.child = spawn('/usr/sbin/kamailio', ['-f', file, '-DD', '-E', '-m', '32', '-M', '4', '-w', this.work, '-Y', this.work], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr.setEncoding('utf8');
    this.child.stderr.on('data', (text) => { this.log += text; });
    this.exited = once(this.child, 'exit');
    await until('kamailio answers', () => {
      if (this.child.exitCode !== null) throw new Error(`kamailio ended: ${this.log.slice(-2000)}`);
      return answersOptions(this.port);
    });
  }

  // Methods of a call that went through, in order: INVITE/udp ACK/tcp ...
  passed(test = () => true) { return [...this.log.matchAll(/PASSED (\S+) (\S+) cseq=\S+ call=(\S+)/g)].filter(([, , , call]) => test(call)).map(([, method, over]) => `${method}/${over}`); }

  async close() {
    if (this.child.exitCode === null) this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 8000);
    await this.exited;
    clearTimeout(timer);
  }
}
