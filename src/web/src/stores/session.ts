import { defineStore } from 'pinia';
import { api, setCsrfToken } from '../api';
import type { Dictionaries, Me } from '../types';

/** Who is signed in and what he may do; the server checks everything again. */
export const useSession = defineStore('session', {
  state: () => ({ me: null as Me | null, dictionaries: null as Dictionaries | null, asked: false }),
  getters: {
    may: (state) => (permission: string): boolean => permission in (state.me?.permissions ?? {}),
  },
  actions: {
    take(me: Me): void {
      this.me = me;
      setCsrfToken(me.csrf_token);
    },
    async restore(): Promise<void> {
      try {
        this.take(await api.get<Me>('/me'));
        await this.loadDictionaries();
      } finally {
        this.asked = true;
      }
    },
    async signIn(center: string, login: string, password: string): Promise<void> {
      this.take(await api.post<Me>('/sessions', { center, login, password }));
      this.asked = true;
      await this.loadDictionaries();
    },
    async loadDictionaries(): Promise<void> {
      this.dictionaries = await api.get<Dictionaries>('/dictionaries');
    },
    async signOut(): Promise<void> {
      await api.remove('/sessions/current');
      this.forget();
    },
    forget(): void {
      this.me = null;
      this.dictionaries = null;
      setCsrfToken('');
    },
    /** The first page this person has use for. */
    home(): string {
      if (this.me?.is_agent && this.may('agent.work')) return '/workbench';
      if (this.may('monitor.read')) return '/wall';
      if (this.may('call.read')) return '/calls';
      if (this.may('report.read')) return '/reports/voice_service';
      return '/settings/users';
    },
  },
});
