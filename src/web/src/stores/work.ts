import { defineStore } from 'pinia';

/** Lists that people work on change on other desks, too: whoever shows one looks at its counter. */
export const useWork = defineStore('work', {
  state: () => ({ voicemail: 0, callback: 0 }),
  actions: {
    changed(kind: 'voicemail' | 'callback'): void {
      this[kind]++;
    },
  },
});
