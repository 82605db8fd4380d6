import { ref, watch, type Ref } from 'vue';
import { api, wordsOf } from '../api';
import type { Page } from '../types';

/** One number of one contact of the address books. */
export interface BookEntry { key: string; name: string; unit: string; number: string }
interface Contact { id: string; name: string; unit: string; numbers: string[] }
const TYPING_PAUSES_MS = 150;
const SHOWN = 8;

/**
 * Contacts whose name, unit or number has what is typed, asked whenever typing pauses. settled: the answer to what is
 * typed now is there, for Enter pressed before.
 */
export function useBook(words: () => string, on: () => boolean): { entries: Ref<BookEntry[]>; problem: Ref<string>; settled: () => Promise<void> } {
  const entries = ref<BookEntry[]>([]);
  const problem = ref('');
  let answer: Promise<void> = Promise.resolve();
  let timer = 0;
  let asked = 0;

  async function look(text: string): Promise<void> {
    const mine = ++asked;
    try {
      const page = await api.get<Page<Contact>>('/contacts', { q: text, limit: SHOWN });
      if (mine !== asked) return;
      entries.value = page.items.flatMap((c) => c.numbers.map((number) => ({ key: `${c.id}-${number}`, name: c.name, unit: c.unit, number }))).slice(0, SHOWN);
      problem.value = '';
    } catch (error) {
      if (mine === asked) problem.value = `通讯录未取到：${wordsOf(error)}`;
    }
  }
  watch(() => (on() ? words().trim() : ''), (text) => {
    window.clearTimeout(timer);
    entries.value = [];
    problem.value = '';
    asked++; // an answer to what was typed before is of no use
    if (!text) return;
    answer = new Promise((done) => {
      timer = window.setTimeout(() => void look(text).then(done), TYPING_PAUSES_MS);
    });
  });
  return { entries, problem, settled: () => answer };
}
