// Stacks to a flame graph (one SVG that needs nothing else) and to a table of self time by component.
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';

const WIDTH = 1400, ROW = 17, FONT = 11, LEAST = 0.4; // narrower boxes are not drawn

// --- stacks from perf script -----------------------------------------------------------------------

// [{thread, frames: [{name, dso}] from the root}], one for each sample.
export function parseStacks(text) {
  const samples = [];
  for (const block of text.split('\n\n')) {
    const [head, ...lines] = block.split('\n').filter((l) => l.trim());
    if (!head) continue;
    const frames = lines.map((line) => /^\s*[0-9a-f]+ (.*) \((.*)\)$/.exec(line)).filter(Boolean)
      .map(([, name, dso]) => ({ name: name.replace(/\+0x[0-9a-f]+$/, ''), dso: basename(dso) })).reverse();
    if (frames.length) samples.push({ thread: head.trim().split(/\s+/)[0], frames });
  }
  return samples;
}

// --- components ------------------------------------------------------------------------------------

const LIBRARIES = [[/kernel|vdso|\[guest/, 'kernel'], [/^libsofia/, 'sofia-sip'], [/^(libc|ld-linux|libm|libpthread)[.-]/, 'libc'], [/^lib(crypto|ssl)/, 'openssl'],
  [/^libpq/, 'libpq'], [/^libsqlite3/, 'sqlite'], [/^libmicrohttpd/, 'libmicrohttpd'], [/^libevent/, 'libevent'], [/^libspandsp/, 'spandsp'], [/^libcjson/, 'cJSON']];

// Our functions by folder, from the object files; a static name that several folders have is "ours, several".
export function foldersOf(objects) {
  const folders = new Map();
  for (const line of execFileSync('nm', ['-A', '--defined-only', ...objects], { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n')) {
    const [, folder, name] = /\/src\/(.*?)\/[^/]*\.o:\S* [tT] (\S+)$/.exec(line) ?? [];
    if (name) folders.set(name, folders.has(name) && folders.get(name) !== folder ? 'several' : folder);
  }
  return folders;
}

export function componentOf(frame, binary, folders) {
  if (frame.dso === binary) return `ours: ${folders.get(frame.name.replace(/\.(part|isra|constprop|cold).*$/, '')) ?? 'other'}`;
  return LIBRARIES.find(([test]) => test.test(frame.dso))?.[1] ?? frame.dso;
}

// [[component, percent of samples]], of the function that was running.
export function selfTime(samples, component) {
  const counts = new Map();
  for (const { frames } of samples) counts.set(component(frames.at(-1)), (counts.get(component(frames.at(-1))) ?? 0) + 1);
  return [...counts].map(([name, n]) => [name, Math.round(n / samples.length * 1000) / 10]).sort((a, b) => b[1] - a[1]);
}

// Where the time goes, each sample counted once: for the control thread at the innermost function of ours or of
// sofia-sip, with all that it called in libraries and in the kernel; other threads as a whole.
const SOFIA = [[/^(tport_.*send|su_vsend)/, 'sofia-sip: sending, with the kernel'], [/^(tport_recv_dgram|su_vrecv|su_getmsgsize|msg_extract|msg_parse)/, 'sofia-sip: receiving and parsing'],
  [/^(msg_prepare|msg_headers_prepare)/, 'sofia-sip: printing'], [/^(nua|nh_)/, 'sofia-sip: nua, dialogs and handles'], [/^(nta|incoming|outgoing|leg_)/, 'sofia-sip: nta, transactions']];

function stageOf({ thread, frames }, control, component) {
  if (thread !== control) return `thread ${thread}`;
  for (const frame of frames.toReversed()) {
    const what = component(frame);
    if (what.startsWith('ours: ')) return /^(loop_run|daemon_run|turn$)/.test(frame.name) ? 'loop' : what;
    if (what !== 'sofia-sip') continue;
    const known = SOFIA.find(([test]) => test.test(frame.name));
    if (known) return known[1];
    if (/^(su_root_step|su_base_port_step|su_timer_expire|tport_recv_event|tport_deliver)/.test(frame.name)) return 'sofia-sip: the rest';
  }
  return 'loop';
}

// [[stage, share of all samples]]
export function stages(samples, control, component) {
  const counts = new Map();
  for (const sample of samples) {
    const stage = stageOf(sample, control, component);
    counts.set(stage, (counts.get(stage) ?? 0) + 1);
  }
  return [...counts].map(([name, n]) => [name, n / samples.length]).sort((a, b) => b[1] - a[1]);
}

// --- the picture -----------------------------------------------------------------------------------

function grow(samples) {
  const root = { name: 'all', n: 0, children: new Map() };
  for (const { thread, frames } of samples) {
    let node = root;
    root.n++;
    for (const frame of [{ name: thread, dso: '' }, ...frames]) {
      if (!node.children.has(frame.name)) node.children.set(frame.name, { ...frame, n: 0, children: new Map() });
      node = node.children.get(frame.name);
      node.n++;
    }
  }
  return root;
}

const deep = (node) => 1 + Math.max(0, ...[...node.children.values()].map(deep));
const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
const HUES = { kernel: 210, 'sofia-sip': 45, libc: 0, openssl: 285, libpq: 180, sqlite: 165, libmicrohttpd: 260, thread: 220 };

function box(node, x, y, scale, total, component, out) {
  const width = node.n * scale;
  if (width < LEAST) return;
  const what = node.dso ? component(node) : 'thread';
  const hue = HUES[what] ?? (what.startsWith('ours') ? 110 : 20);
  const light = 62 + (node.name.length * 7) % 18;
  const fits = Math.floor((width - 6) / (FONT * 0.6));
  const shown = fits < 3 ? '' : node.name.length <= fits ? node.name : `${node.name.slice(0, fits - 1)}…`;
  out.push(`<g><title>${escape(node.name)} [${escape(what)}] ${(node.n / total * 100).toFixed(1)} %, ${node.n} samples</title>`
    + `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.3, width - 0.3).toFixed(1)}" height="${ROW - 1}" fill="hsl(${hue} 60% ${light}%)"/>`
    + (shown ? `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escape(shown)}</text>` : '') + '</g>');
  let at = x;
  for (const child of [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    box(child, at, y - ROW, scale, total, component, out);
    at += child.n * scale;
  }
}

export function flameGraph(samples, title, component) {
  const root = grow(samples), height = (deep(root) + 2) * ROW, out = [];
  box(root, 0, height - 2 * ROW, WIDTH / root.n, root.n, component, out);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" font-family="monospace" font-size="${FONT}">`
    + `<rect width="100%" height="100%" fill="#fff"/><text x="6" y="13">${escape(title)}</text>\n${out.join('\n')}\n</svg>\n`;
}
