// A desk: one person in a real Chromium in front of the real pages. Anything the browser complains about (a script
// error, a refused style, a failed request that the test did not announce) fails the test that asks calm().
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { B, PASSWORD, ROOT, until } from '../../system/lib/region.mjs';

const require = createRequire(join(ROOT, 'src/web/package.json'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = process.env.SCREENSHOTS === '1' ? join(ROOT, 'docs/images') : join(B, 'screenshots');
export const WAIT_MS = 30000;
export const AGENT_HZ = 1000;

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--lang=zh-CN', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];

// A tone longer than any test: Chromium's loop of a short file glitches.
function writeTone(file, hz, seconds) {
  const rate = 48000;
  const samples = rate * seconds;
  const wav = Buffer.alloc(44 + 2 * samples);
  wav.write('RIFF', 0).valueOf();
  wav.writeUInt32LE(36 + 2 * samples, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(2 * rate, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples, 40);
  for (let i = 0; i < samples; i++) wav.writeInt16LE(Math.round(9000 * Math.sin((2 * Math.PI * hz * i) / rate)), 44 + 2 * i);
  writeFileSync(file, wav);
}

export class Office {
  // hz: what all microphones of this browser hear.
  static async open(hz = AGENT_HZ) {
    const office = new Office();
    office.dir = mkdtempSync(join(tmpdir(), 'hl-office-'));
    const tone = join(office.dir, 'microphone.wav');
    writeTone(tone, hz, 300);
    // launch() gives every browser an empty profile of its own, newContext() a fresh one inside it
    office.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, env: { ...process.env, LANGUAGE: 'zh_CN', LANG: 'zh_CN.UTF-8' },
      args: [...FLAGS, `--use-file-for-fake-audio-capture=${tone}`],
    });
    office.desks = [];
    return office;
  }

  async desk(region, options = {}) {
    const desk = await Desk.open(this.browser, region, options);
    this.desks.push(desk);
    return desk;
  }

  // For whoever looks for what went wrong.
  async look() {
    for (const desk of this.desks) {
      await desk.shot(`failed-${desk.name}`, false).catch(() => {});
      for (const one of desk.complaints) console.log(`# ${desk.name}: ${one}`);
    }
  }
  calm() { for (const desk of this.desks) desk.calm(); }
  async close() {
    await this.browser?.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

// Runs in every page before its scripts: taps for the ears of the test. The product is not changed, except that echo
// cancellation and the like are off, because they eat tones.
function wire() {
  const real = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (real)
    navigator.mediaDevices.getUserMedia = (wanted) =>
      real({ audio: { ...wanted.audio, echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  const ears = { lines: [], violations: [], sounds: new Set() };
  window.ears = ears;
  document.addEventListener('securitypolicyviolation', (event) => ears.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  // Sounds that pages play beside the line: the ring.
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    ears.sounds.add(this);
    return play.call(this);
  };
  ears.rings = () => [...ears.sounds].some((one) => one.src.endsWith('/ring.wav') && !one.paused && one.currentTime > 0 && !one.muted && one.volume > 0);
  // When a frequency was the strongest on the line, ms since 1970, from now on.
  ears.catch = (hz) => {
    clearInterval(ears.catching);
    ears.caught = [];
    ears.catching = setInterval(() => {
      const heard = ears.listen();
      if (heard && heard.level > 0.01 && Math.abs(heard.hz - hz) < 40) ears.caught.push(performance.timeOrigin + performance.now());
    }, 10);
  };
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      ears.lines.push(this);
    }
  };
  // The strongest frequency of the newest line and its level, through an analyser.
  ears.listen = () => {
    const line = ears.lines.findLast((one) => one.connectionState !== 'closed');
    const track = line?.getReceivers()[0]?.track;
    if (!track) return null;
    if (ears.track !== track) {
      ears.context ??= new AudioContext();
      ears.analyser = new AnalyserNode(ears.context, { fftSize: 4096, smoothingTimeConstant: 0 });
      ears.context.createMediaStreamSource(new MediaStream([track])).connect(ears.analyser);
      ears.track = track;
    }
    const samples = new Float32Array(512);
    ears.analyser.getFloatTimeDomainData(samples);
    const bins = new Float32Array(ears.analyser.frequencyBinCount);
    ears.analyser.getFloatFrequencyData(bins);
    const at = bins.indexOf(Math.max(...bins));
    return { level: Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length), hz: (at * ears.context.sampleRate) / 4096 };
  };
  // From the next key or click to the first sound: ears.firstSound is set to the ms between. The sound is dated by its
  // place among the last samples, so that a busy page does not count.
  ears.time = () => {
    ears.firstSound = null;
    ears.listen();
    const samples = new Float32Array(32768);
    const past = new AnalyserNode(ears.context, { fftSize: samples.length });
    ears.context.createMediaStreamSource(new MediaStream([ears.track])).connect(past);
    const begin = (event) => {
      if (event.type === 'keydown' && event.key !== 'F2') return;
      for (const kind of ['keydown', 'click']) window.removeEventListener(kind, begin, true);
      const from = performance.now();
      ears.began = from;
      const timer = setInterval(() => {
        past.getFloatTimeDomainData(samples);
        const at = samples.findIndex((s) => Math.abs(s) > 0.01);
        if (at < 0) return;
        clearInterval(timer);
        ears.firstSound = performance.now() - ((samples.length - at) * 1000) / ears.context.sampleRate - from;
      }, 4);
    };
    for (const kind of ['keydown', 'click']) window.addEventListener(kind, begin, true);
  };
}

export class Desk {
  // options: colorScheme, viewport, context (share the browser profile of another desk: a second tab)
  static async open(browser, region, options) {
    const desk = new Desk();
    desk.region = region;
    desk.complaints = [];
    desk.expected = [/drafts\/[^ ]* .*404/, /\/me .*401/]; // no draft yet; nobody signed in yet
    desk.context = options.context ?? await browser.newContext({
      baseURL: region.base, viewport: options.viewport ?? { width: 1440, height: 900 }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai',
      colorScheme: options.colorScheme ?? 'light', reducedMotion: 'reduce',
    });
    if (!options.context) {
      await desk.context.addInitScript(wire);
      await desk.context.grantPermissions(['microphone'], { origin: region.base });
    }
    desk.page = await desk.context.newPage();
    desk.page.setDefaultTimeout(WAIT_MS);
    desk.page.on('pageerror', (error) => desk.complaints.push(`error: ${error.stack}`));
    desk.page.on('console', (message) => {
      if (message.type() === 'error' || /Content Security Policy/.test(message.text())) desk.complaints.push(`console: ${message.location().url} ${message.text()}`);
    });
    return desk;
  }

  // Answers that the chapter provokes are no complaint.
  expect(...patterns) { this.expected.push(...patterns); }
  calm() {
    const bad = this.complaints.filter((one) => !this.expected.some((pattern) => pattern.test(one)));
    assert.deepEqual(bad, [], `the browser of ${this.name} complained`);
  }

  el(id) { return this.page.getByTestId(id); }
  text(id) { return this.el(id).innerText(); }
  see(id, text) { return until(`${this.name} sees ${id}${text ? ` ${text}` : ''}`, async () => (await this.el(id).count()) > 0 && (!text || (text instanceof RegExp ? text : { test: (t) => t.includes(text) }).test(await this.el(id).first().innerText())), WAIT_MS); }
  gone(id) { return until(`${this.name} sees no ${id}`, async () => (await this.el(id).count()) === 0, WAIT_MS); }
  // The next answer to a request that fits comes late: when the test says so.
  async late(pattern) {
    let held;
    await this.page.route(pattern, (route) => { held = route; }, { times: 1 });
    return {
      asked: () => until(`${this.name} asks for ${pattern}`, () => held, WAIT_MS),
      // Resolves when the page had its chance to show it.
      comes: async () => {
        const answered = this.page.waitForResponse((response) => response.request() === held.request());
        await held.continue();
        await (await answered).finished();
        await this.page.evaluate(() => new Promise((shown) => { requestAnimationFrame(() => requestAnimationFrame(shown)); }));
      },
    };
  }
  async fill(id, text) { await this.el(id).fill(text); }
  async choose(id, label) { await this.el(id).selectOption(typeof label === 'string' ? { label } : label); }
  async go(path) { await this.page.goto(path); }
  // A place of the menu; settings are behind 设置.
  async visit(id) {
    await this.see('who');
    if ((await this.el(`nav-${id}`).count()) === 0) await this.el('nav-settings').click();
    await this.el(`nav-${id}`).click();
  }

  async signIn(center, login) {
    this.name = `${login}@${center}`;
    await this.go('/');
    await until('the centers', async () => (await this.el('center').locator('option').count()) > 1, WAIT_MS);
    await this.choose('center', { value: center });
    await this.fill('login', login);
    await this.fill('password', PASSWORD);
    await this.el('sign-in').click();
  }

  // The line test of the sign-in page, up to the workbench.
  async testLine() {
    await this.el('line-open').click();
    await this.see('line', '已接通');
    await until('the level meter moves', async () => Number(await this.el('level').getAttribute('aria-valuenow')) > 20, WAIT_MS);
    await this.el('line-test').click();
    await this.hears('the spoken test', (s) => s.level > 0.01);
    await this.see('heard');
  }
  async takeLine() {
    await this.testLine();
    await this.el('heard').click();
    await this.see('agent-state', '示忙');
    await this.see('line-state', '线路正常');
  }
  ready() { return this.el('ready').click().then(() => this.see('agent-state', '空闲')); }

  listen() { return this.page.evaluate(() => window.ears.listen()); }
  hears(what, check) {
    return until(`${this.name} hears ${what}`, async () => {
      const sound = await this.listen();
      return sound && check(sound) ? sound : null;
    }, WAIT_MS);
  }
  hearsTone(hz) { return this.hears(`${hz} Hz`, (s) => s.level > 0.01 && Math.abs(s.hz - hz) < 25); }
  hearsNothing() { return this.hears('nothing', (s) => s.level < 0.002); }

  // WCAG A and AA, by axe, as the page is now.
  async axe(what) {
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(async () => {
      const result = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
      return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 4).map((n) => `${n.target} (${n.any[0]?.message ?? n.failureSummary})`).join(' | ')}`);
    });
    assert.deepEqual(found, [], `axe finds in ${what}`);
  }
  async axeBothThemes(what) {
    await this.axe(`${what}, light`);
    await this.page.emulateMedia({ colorScheme: 'dark' });
    await this.axe(`${what}, dark`);
    await this.shot(`${what}-dark`, false);
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  // Nothing sticks out to the right, also at 150 %: as wide as 1440 / 1.5 CSS pixels.
  async fits(what) {
    for (const width of [1440, 960]) {
      await this.page.setViewportSize({ width, height: Math.round((width * 900) / 1440) });
      const wide = await this.page.evaluate(() => {
        const inScroller = (element) => {
          for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) if (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX)) return true;
          return false;
        };
        const body = document.scrollingElement.scrollWidth > innerWidth + 1;
        const out = [...document.querySelectorAll('button, input, select, textarea, a')].filter((e) => {
          const box = e.getBoundingClientRect();
          return box.width && !inScroller(e) && (box.right > innerWidth + 1 || box.left < -1);
        });
        const bar = [...document.querySelectorAll('[data-testid="softphone"]')].filter((e) => e.scrollWidth > e.clientWidth + 1); // else its end lies under the name
        return [...(body ? ['body'] : []), ...bar.map((e) => `softphone by ${e.scrollWidth - e.clientWidth} px`), ...out.map((e) => e.dataset.testid || e.outerHTML.slice(0, 80))];
      });
      assert.deepEqual(wide, [], `${what} overflows at ${width} px`);
    }
    await this.shot(`${what}-150`, false);
    await this.page.setViewportSize({ width: 1440, height: 900 });
  }

  // published: one of docs/images; others only help whoever looks for what went wrong.
  async shot(name, published = true) {
    const dir = published ? SHOTS : join(B, 'screenshots');
    mkdirSync(dir, { recursive: true });
    await this.page.screenshot({ path: join(dir, `${name}.png`), animations: 'disabled' });
  }
}
