import { defineStore } from 'pinia';

/** Whether what is on the page is still what is true. */
export const useConnection = defineStore('connection', {
  state: () => ({
    connected: false,
    everConnected: false,
    lostSince: null as number | null,
    heardAt: 0,
    offsetMs: 0, // server clock minus this machine's
    store: { available: true, since_ms: 0, pending_facts: 0 },
  }),
  actions: {
    up(): void {
      this.connected = true;
      this.everConnected = true;
      this.lostSince = null;
    },
    down(): void {
      if (this.connected || this.lostSince === null) this.lostSince = Date.now();
      this.connected = false;
    },
    heard(nowMs?: number): void {
      this.heardAt = Date.now();
      if (nowMs) this.offsetMs = nowMs - Date.now();
    },
    now(): number {
      return Date.now() + this.offsetMs;
    },
  },
});
