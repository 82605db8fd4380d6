import { defineStore } from 'pinia';

/** Lists that people work on change on other desks, too: whoever shows one looks at its counter. */
export const useWork = defineStore('work', {
  state: () => ({ voicemail: 0, callback: 0, ticket: 0, knowledge: 0, ticketId: '' }),
  actions: {
    /** ticketId: which of them, where that is told. */
    changed(kind: 'voicemail' | 'callback' | 'ticket' | 'knowledge', ticketId = ''): void {
      this.ticketId = ticketId;
      this[kind]++;
    },
  },
});
