// A region whose daemon takes SIP over TLS, with a CA of the test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Region, freePort } from './region.mjs';

// As docs/operation has it: agent.pem (certificate and key of ours), cafile.pem (whom we believe).
function certificates(dir) {
  const ssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  ssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=test CA',
    '-keyout', 'ca.key', '-out', 'cafile.pem');
  ssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=127.0.0.1', '-keyout', 'agent.key', '-out', 'agent.csr');
  writeFileSync(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1,IP:127.0.0.4');
  ssl('x509', '-req', '-in', 'agent.csr', '-CA', 'cafile.pem', '-CAkey', 'ca.key', '-days', '2', '-extfile', 'names', '-out', 'agent.crt');
  writeFileSync(join(dir, 'agent.pem'), readFileSync(join(dir, 'agent.crt'), 'utf8') + readFileSync(join(dir, 'agent.key'), 'utf8'));
}

export class SipRegion extends Region {
  async prepare() {
    this.tlsPort = await freePort();
    this.options.env.SIP_TLS_PORT = this.tlsPort;
    const tls = join(this.dir, 'state/tls');
    mkdirSync(tls, { recursive: true });
    certificates(tls);
    await super.prepare();
  }

  // Debian's sofia-sip (1.12.11) frees no SSL object: known, and bounded by who may reach the TLS port.
  daemonEnv() {
    const suppressions = join(this.dir, 'lsan');
    writeFileSync(suppressions, 'leak:libsofia-sip-ua\n');
    const env = super.daemonEnv();
    return { ...env, ASAN_OPTIONS: `${env.ASAN_OPTIONS}:fast_unwind_on_malloc=0`, LSAN_OPTIONS: `suppressions=${suppressions}:print_suppressions=0` };
  }
}
