#!/usr/bin/env node
// Does every mutant of list.mjs still apply? Its text must occur exactly once in its file, else the fault is never
// put in and nobody notices that a test is missing. Part of make lint; takes no build. Text that has moved to another
// file is found there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mutants } from './list.mjs';

const texts = new Map();
const textOf = (file) => texts.get(file) ?? (texts.set(file, existsSync(file) ? readFileSync(file, 'utf8') : ''), texts.get(file));
const sources = () => readdirSync('src').flatMap((room) => (room === 'web' ? [] : readdirSync(`src/${room}`).filter((name) => name.endsWith('.c')).map((name) => `src/${room}/${name}`)));
const times = (text, part) => text.split(part).length - 1;

const lost = mutants.filter((m) => times(textOf(m.file), m.was) !== 1);
for (const m of lost) {
  const elsewhere = sources().filter((file) => file !== m.file && times(textOf(file), m.was));
  console.log(`${m.file}: ${times(textOf(m.file), m.was)} times in it: ${JSON.stringify(m.was)} (${m.what})${elsewhere.length ? `; it stands in ${elsewhere.join(', ')}` : ''}`);
}
if (lost.length) console.log(`${lost.length} of ${mutants.length} mutants do not apply (tests/mutants/list.mjs)`);
process.exit(lost.length ? 1 : 0);
