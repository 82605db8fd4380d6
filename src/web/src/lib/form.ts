// Forms beside lists: what is being sent, what came of it, where the keyboard goes, and what every row of a list can do.
import { nextTick, ref, type Ref } from 'vue';
import { api, errorsOf, wordsOf } from '../api';
import type { Page } from '../types';

type Attempt = (work: () => Promise<unknown>, ofForm?: boolean) => Promise<boolean>;

/** Something is sent; what is wrong with it is said once above the list, and at the fields that are meant - unless it is
 * not of the form (`ofForm`) but of a row: a form may be open beside it. */
export function useAttempt(): { saving: Ref<boolean>; problem: Ref<string>; errors: Ref<Record<string, string>>; forget: () => void; attempt: Attempt } {
  const saving = ref(false);
  const problem = ref('');
  const errors = ref<Record<string, string>>({});
  function forget(): void {
    problem.value = '';
    errors.value = {};
  }
  async function attempt(work: () => Promise<unknown>, ofForm = true): Promise<boolean> {
    saving.value = true;
    forget();
    try {
      await work();
      return true;
    } catch (error) {
      problem.value = wordsOf(error);
      if (ofForm) errors.value = errorsOf(error);
      return false;
    } finally {
      saving.value = false;
    }
  }
  return { saving, problem, errors, forget, attempt };
}

/** The keyboard goes into a form that opens, and back to what opened it, or to `instead` where that has gone meanwhile. */
export function useKeyboard(): { leave: () => void; enter: (selector: string) => void; back: (instead?: string) => void } {
  let opener: HTMLElement | null = null;
  return {
    leave: () => { opener = document.activeElement as HTMLElement; },
    enter: (selector) => void nextTick(() => document.querySelector<HTMLElement>(selector)?.focus()),
    back: (instead) => void nextTick(() => (opener?.isConnected || !instead ? opener : document.querySelector<HTMLElement>(instead))?.focus()),
  };
}

/** Rows that are switched on and off and, asked twice, deleted. `removing` is the one that was asked once; 0 = none. */
export function useRows(path: string, attempt: Attempt, load: () => Promise<void>): {
  removing: Ref<number>; turn: (row: { id: number; enabled: boolean; version: number }) => Promise<boolean>; remove: (row: { id: number }) => Promise<boolean>;
} {
  const removing = ref(0);
  const changed = (send: () => Promise<unknown>): Promise<boolean> => attempt(async () => {
    await send();
    await load();
  }, false);
  return {
    removing,
    turn: (row) => changed(() => api.put(`${path}/${row.id}`, { enabled: !row.enabled }, row.version)),
    remove: (row) => {
      removing.value = 0;
      return changed(() => api.remove(`${path}/${row.id}`));
    },
  };
}

/** One of several lists on a page, each with what goes wrong in it (`...useAttempt()`). */
interface Section<Entry> { path: string; entries: Entry[]; attempt: Attempt }
export async function loadSection<Entry>(section: Section<Entry>): Promise<void> {
  section.entries = (await api.get<Page<Entry>>(section.path)).items;
}
/** What goes wrong is said above the list, and at the fields only if it is of the form. */
export function changeSection<Entry>(section: Section<Entry>, send: () => Promise<unknown>, ofForm = false): Promise<boolean> {
  return section.attempt(async () => {
    await send();
    await loadSection(section);
  }, ofForm);
}
