// Asking for lists and reports: the newest question counts. Whoever types on while an answer is under way asks anew, and an
// answer to an older question comes too late.
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { errorsOf, whyUnread } from '../api';
import type { Page } from '../types';

interface Newest {
  loading: Ref<boolean>; problem: Ref<string>;
  /** Asks, and shows the answer unless something else was asked meanwhile. */
  ask: <T>(question: () => Promise<T>, show: (answer: T) => void) => Promise<void>;
  /** No answer is wanted any more. */
  forget: () => void;
}
/** `later`: what to do while the database is away. */
export function useNewest(later?: string): Newest {
  const loading = ref(false);
  const problem = ref('');
  let turn = 0;
  async function ask<T>(question: () => Promise<T>, show: (answer: T) => void): Promise<void> {
    const mine = ++turn;
    loading.value = true;
    try {
      const answer = await question();
      if (mine !== turn) return;
      problem.value = '';
      show(answer);
    } catch (error) {
      if (mine === turn) problem.value = Object.values(errorsOf(error))[0] ?? whyUnread(error, later);
    } finally {
      if (mine === turn) loading.value = false;
    }
  }
  function forget(): void {
    turn++;
    loading.value = false;
  }
  return { loading, problem, ask, forget };
}

/** What is asked for of all that could be: it lives in the address, and a link shows the same. */
export const filled = (filters: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(filters).filter(([, v]) => v));

const PAGE = 50;
const PAGE_MAX = 200; // what the daemon gives at once
interface Pages<T> extends Pick<Newest, 'loading' | 'problem'> {
  items: ShallowRef<T[]>; next: Ref<string | null>;
  /** There was an answer: no items means that there are none. */
  asked: Ref<boolean>;
  load: () => Promise<void>; more: () => Promise<void>;
  /** What is shown, as it is now. */
  renew: () => Promise<void>;
  clear: () => void;
}
/** A list that is read a page at a time. `seen` is told each page that is shown. */
export function usePages<T, P extends Page<T> = Page<T>>(read: (limit: number, after?: string) => Promise<P>, seen?: (page: P, further: boolean) => void): Pages<T> {
  const { loading, problem, ask, forget } = useNewest();
  const items = shallowRef<T[]>([]);
  const next = ref<string | null>(null);
  const asked = ref(false);
  const look = (limit: number, after?: string): Promise<void> => ask(() => read(limit, after), (page) => {
    items.value = after ? [...items.value, ...page.items] : page.items;
    next.value = page.next;
    asked.value = true;
    seen?.(page, !!after);
  });
  function clear(): void {
    forget();
    [items.value, next.value, asked.value, problem.value] = [[], null, false, ''];
  }
  return {
    loading, problem, items, next, asked, clear, load: () => look(PAGE), more: () => look(PAGE, next.value ?? undefined),
    renew: () => look(Math.max(PAGE, Math.min(PAGE_MAX, items.value.length))),
  };
}
