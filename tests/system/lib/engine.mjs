// An engine that hears, for tests: the real one is somebody else's. It reads the WAV it gets, holds it against what
// docs/engines.md promises, and answers a text that says which tone it has heard; or it behaves badly, as told.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { freePort } from './region.mjs';
import { samplesOf, shareOf } from './sound.mjs';

export const ENGINE = '测试引擎 1.0';
export const textOf = (hz) => `我听到 ${hz} 赫兹，想咨询退税`;

// What is wrong with a request that should bring 8 kHz mono PCM.
function faultOf(request, wav) {
  if (request.method !== 'POST' || request.headers['content-type'] !== 'audio/wav') return `${request.method} ${request.headers['content-type']}`;
  if (wav.length < 44 || wav.toString('latin1', 0, 4) !== 'RIFF' || wav.toString('latin1', 8, 16) !== 'WAVEfmt ') return 'no WAV';
  const [format, channels, rate, bits] = [wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt16LE(34)];
  if (format !== 1 || channels !== 1 || rate !== 8000 || bits !== 16) return `format ${[format, channels, rate, bits]}`;
  return wav.readUInt32LE(40) === wav.length - 44 ? '' : `${wav.readUInt32LE(40)} bytes of ${wav.length - 44}`;
}

export class Engine {
  // tones: those it can tell apart.
  static async start(tones) {
    const engine = Object.assign(new Engine(), { tones, heard: [], answered: [], faults: [], waiting: [], most: 0, open: 0, held: false, badly: null, port: await freePort() });
    await engine.revive();
    return engine;
  }
  get url() { return `http://127.0.0.1:${this.port}/hear`; }
  get env() { return { ASR_ENGINE: 'http', ASR_URL: this.url }; }

  async revive() {
    this.server = createServer((request, response) => { void this.take(request, response); });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }
  // Its connections break off, and nobody listens any more.
  async die() {
    this.release();
    this.server.closeAllConnections();
    await new Promise((closed) => { this.server.close(closed); });
  }
  // While it is held it hears, and answers nobody.
  hold() { this.held = true; }
  release() {
    this.held = false;
    for (const go of this.waiting.splice(0)) go();
  }

  async take(request, response) {
    const chunks = [];
    this.most = Math.max(this.most, ++this.open);
    response.on('close', () => { this.open--; });
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the daemon is gone
    }
    const wav = Buffer.concat(chunks), fault = faultOf(request, wav);
    if (fault) this.faults.push(fault);
    const samples = fault ? null : samplesOf(wav);
    const hz = samples ? this.tones.find((tone) => shareOf(samples, tone) > 0.3) : undefined;
    const one = { hz, ms: samples ? samples.length / 8 : 0 };
    this.heard.push(one);
    if (this.held) await new Promise((go) => { this.waiting.push(go); });
    if (response.destroyed) return;
    if (this.badly) { await this.badly(request, response, one); return; }
    this.answered.push(hz);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ text: hz ? textOf(hz) : '', engine: ENGINE, confidence: 0.875 }));
  }
  times(hz) { return this.answered.filter((one) => one === hz).length; }

  async close() { if (this.server.listening) await this.die(); }
}
