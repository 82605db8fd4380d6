// docs/traceability.md: every requirement, how far it is proved, and by which tests.
//
//   node scripts/traceability.mjs           rewrites the table's last column from the tests
//   node scripts/traceability.mjs --check   fails when the table is not what the tests say
//
// A test names the requirements it proves by their IDs in its name (CC-09; in C also CC_09), a file what all of
// it proves in its head comment. The column
// "state" is kept by hand: "proved" (at the strength the requirement states) or "part"; without a test the
// script writes "not yet".
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

const FILE = 'docs/traceability.md';
const ROW = /^\| ([A-Z]+-\d+) \| (.*?) \| (.*?) \| (.*?) \|$/;

function testNames() {
  const found = new Map(); // id -> Set of "file: name"
  const note = (text, label) => {
    for (const [, area, number] of text.matchAll(/\b([A-Z]{2,5})[-_](\d{2})(?!\d)/g)) {
      const id = `${area}-${number}`;
      if (!found.has(id)) found.set(id, new Set());
      found.get(id).add(label);
    }
  };
  for (const layer of ['unit', 'sim', 'system', 'browser']) {
    for (const file of readdirSync(`tests/${layer}`).filter((f) => /\.(c|mjs)$|_stories\.h$/.test(f)).sort()) {
      const text = readFileSync(`tests/${layer}/${file}`, 'utf8');
      if (/^test_.*\.c$|_stories\.h$/.test(file)) {
        for (const [, name] of text.matchAll(/^static void (\w+)\(void \*\*state\)/gm)) note(name.replace(/_(?=[A-Z]{2,5}_\d{2})/g, ' '), `${layer}/${file}`);
      } else if (file.endsWith('.test.mjs')) {
        note(text.split('\n').filter((line, i) => i < 4 && line.startsWith('//')).join(' '), `${layer}/${file}`); // what all of it proves
        for (const [, name] of text.matchAll(/(?:^|\s)(?:\w+\.)?(?:test|it|chapter)\(\s*[`'"](.+?)[`'"],/gm)) note(name, `${layer}/${file}`);
      }
    }
  }
  return found;
}

const tests = testNames();
const known = new Set();
const before = readFileSync(FILE, 'utf8');
const after = before.split('\n').map((line) => {
  const row = ROW.exec(line);
  if (!row) return line;
  const [, id, title, state] = row;
  known.add(id);
  const files = [...(tests.get(id) ?? [])];
  const shown = files.map((f) => `\`${f}\``).join(' ');
  const now = files.length === 0 ? 'not yet' : state === 'proved' ? 'proved' : 'part';
  return `| ${id} | ${title} | ${now} | ${shown || '—'} |`;
});
const unknown = [...tests.keys()].filter((id) => !known.has(id) && /^(GEN|PLAT|CC|SCN|IVR|ACD|VM|TTS|DATA|REG|QRY|CH|TAX|RPT|XFER|WF|MON|KB|NLU|SMS|NFR|OPS|DOC|SEC)-/.test(id));
if (unknown.length) {
  console.error(`Tests name requirements that do not exist: ${unknown.join(' ')}`);
  process.exit(1);
}
const text = after.join('\n');
if (process.argv.includes('--check')) {
  if (text !== before) {
    console.error('docs/traceability.md is not what the tests say: run node scripts/traceability.mjs');
    process.exit(1);
  }
} else {
  writeFileSync(FILE, text);
  const count = (state) => after.filter((l) => ROW.test(l) && l.includes(`| ${state} |`)).length;
  console.log(`${count('proved')} proved, ${count('part')} in part, ${count('not yet')} not yet`);
}
