// Real Chromium against the shared port of browser lines, without the daemon: tests/tools/line_echo.c
// says 1 kHz and measures what it hears, the page says 1 kHz by an oscillator and measures too.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const B = join(ROOT, process.env.B ?? 'build');
const { chromium } = createRequire(join(ROOT, 'src/web/package.json'))('playwright-core');
const WAIT_MS = 15000;
const BINARY = join(B, 'tools/line_echo');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--autoplay-policy=no-user-gesture-required'];

// Waits for a condition, never for a time; the message says what did not come true.
async function until(what, check) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// The C side: sends offers, collects answers and reports.
class Echo {
  constructor() {
    this.child = spawn(BINARY, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('utf8');
    this.states = [];
    this.heard = [];
    this.answers = [];
    this.text = '';
    this.child.stdout.on('data', (text) => { this.text += text; this.parse(); });
  }

  parse() {
    for (;;) {
      const end = this.text.indexOf('\n');
      if (end < 0) return;
      const [word, ...rest] = this.text.slice(0, end).split(' ');
      let next = end + 1;
      if (word === 'answer') {
        const size = Number(rest[0]);
        if (this.text.length < next + size) return;
        this.answers.push(this.text.slice(next, next + size));
        next += size;
      } else if (word === 'refused') {
        this.answers.push(new Error(rest.join(' ')));
      } else if (word === 'state') {
        this.states.push(rest[0]);
      } else if (word === 'heard') {
        this.heard.push(Object.fromEntries(rest.map((one) => one.split('=')).map(([k, v]) => [k, Number(v)])));
      }
      this.text = this.text.slice(next);
    }
  }

  async post(word, sdp) {
    const count = this.answers.length;
    this.child.stdin.write(`${word} ${Buffer.byteLength(sdp)}\n${sdp}`);
    await until('an answer', () => this.answers.length > count);
    if (this.answers.at(-1) instanceof Error) throw this.answers.at(-1);
    return this.answers.at(-1);
  }

  // The page's tone arrives from now on.
  tone(check = () => true) {
    const from = this.heard.length;
    return until('the tone of the page', () => this.heard.slice(from + 1).find((one) => one.packets >= 20 && one.tone >= 90 && check(one)));
  }

  async stop() {
    const ended = new Promise((done) => { this.child.once('exit', done); });
    this.child.stdin.end('quit\n');
    assert.equal(await ended, 0);
  }
}

// Runs in the page: a peer connection that says 1 kHz, and a meter of what it hears.
function startPage() {
  const context = new AudioContext();
  const oscillator = new OscillatorNode(context, { frequency: 1000 });
  const level = new GainNode(context, { gain: 0.3 });
  const out = context.createMediaStreamDestination();
  oscillator.connect(level).connect(out);
  oscillator.start();
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const transceiver = pc.addTransceiver(out.stream.getAudioTracks()[0], { direction: 'sendrecv' });
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  pc.ontrack = ({ streams: [stream] }) => {
    const audio = new Audio(); // Chromium decodes a remote track only for an element
    audio.muted = true;
    audio.srcObject = stream;
    audio.play();
    context.createMediaStreamSource(stream).connect(analyser);
  };
  window.line = {
    pc, transceiver,
    async offer(iceRestart) {
      await pc.setLocalDescription(await pc.createOffer({ iceRestart }));
      return pc.localDescription.sdp;
    },
    answer: (sdp) => pc.setRemoteDescription({ type: 'answer', sdp }),
    loudest() { // Hz of the strongest bin, 0 in silence
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      const at = bins.indexOf(Math.max(...bins));
      return bins[at] > -60 ? at * context.sampleRate / 4096 : 0;
    },
  };
}

let directory;
before(() => { directory = fs.mkdtempSync(join(os.tmpdir(), 'line-chromium-')); });
after(() => { fs.rmSync(directory, { recursive: true, force: true }); });

async function withLine(flags, story) {
  const echo = new Echo();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: [...FLAGS, ...flags] });
  try {
    const page = await browser.newPage();
    await page.evaluate(startPage);
    const negotiate = async (word) => {
      const offer = await page.evaluate((restart) => window.line.offer(restart), word === 'restart');
      await page.evaluate((sdp) => window.line.answer(sdp), await echo.post(word, offer));
    };
    const hears = () => until('the tone in the page', () => page.evaluate(() => Math.abs(window.line.loudest() - 1000) < 15));
    await negotiate('offer');
    await until('the line to be up', () => echo.states.includes('up'));
    await story({ echo, page, negotiate, hears });
  } finally {
    await browser.close();
    await echo.stop();
  }
}

test('Chromium connects over UDP with AES-GCM and both sides hear 1 kHz', async () => {
  await withLine([], async ({ echo, page, hears }) => {
    await hears();
    const heard = await echo.tone();
    assert.equal(heard.tcp, 0);
    assert.equal(heard.gcm, 1);
    assert.equal(await page.evaluate(() => window.line.transceiver.sender.dtmf !== null && window.line.transceiver.sender.dtmf.canInsertDTMF), true);
    await page.evaluate(() => window.line.pc.close());
    await until('the close_notify', () => echo.states.at(-1) === 'closed');
    assert.deepEqual(echo.states, ['up', 'closed']);
  });
});

test('an ICE restart keeps the session and the audio', async () => {
  await withLine([], async ({ echo, page, negotiate, hears }) => {
    await echo.tone();
    for (let i = 0; i < 2; i++) {
      await negotiate('restart');
      await until('connected', () => page.evaluate(() => window.line.pc.connectionState === 'connected'));
      await echo.tone();
      await hears();
    }
    assert.deepEqual(echo.states, ['up']);
    assert.equal(await page.evaluate(() => window.line.pc.sctp === null && window.line.transceiver.sender.transport.state), 'connected');
  });
});

test('with UDP blocked the line comes up over TCP', async () => {
  await withLine(['--force-webrtc-ip-handling-policy=disable_non_proxied_udp', '--webrtc-ip-handling-policy=disable_non_proxied_udp'], async ({ echo, hears }) => {
    await hears();
    await echo.tone((one) => one.tcp === 1);
    assert.deepEqual(echo.states, ['up']);
  });
});

test('a silent track and back needs no signalling', async () => {
  await withLine([], async ({ echo, page }) => {
    await echo.tone();
    await page.evaluate(async () => {
      window.line.track = window.line.transceiver.sender.track;
      await window.line.transceiver.sender.replaceTrack(null);
    });
    const from = echo.heard.length;
    await until('silence', () => echo.heard.slice(from).some((one) => one.packets === 0));
    await page.evaluate(() => window.line.transceiver.sender.replaceTrack(window.line.track));
    await echo.tone();
    assert.deepEqual(echo.states, ['up']);
  });
});
