import { defineStore } from 'pinia';
import { api, ApiError, setCsrfToken, signedOut } from '../api';
import type { Dictionaries, Me } from '../types';

const scopes = ['self', 'team', 'center', 'region'];

/** Who is signed in and what he may do; the server checks everything again. */
export const useSession = defineStore('session', {
  state: () => ({ me: null as Me | null, dictionaries: null as Dictionaries | null, asked: false, expired: false }),
  getters: {
    /** Has the own center this function? Pages show nothing of one it has not. */
    has: (state) => (name: string): boolean => !state.me?.functions_off.includes(name),
    /** With a scope: at least so far. */
    may: (state) => (permission: string, scope = 'self'): boolean => scopes.indexOf(state.me?.permissions[permission] ?? '') >= scopes.indexOf(scope),
  },
  actions: {
    take(me: Me): void {
      this.me = me;
      this.expired = false;
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
    /** Something was published: perhaps a function of the center, or a permission. */
    async renew(): Promise<void> {
      if (this.me) this.take(await api.get<Me>('/me').catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 401) signedOut();
        throw error;
      }));
      await this.loadDictionaries();
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
    /** `expired`: not by his own wish; the sign-in page says so. */
    forget(expired = false): void {
      this.expired = expired && !!this.me;
      this.me = null;
      this.dictionaries = null;
      setCsrfToken('');
    },
    /** The first page this person has use for. */
    home(): string {
      if (this.me?.is_agent && this.may('agent.work')) return '/workbench';
      if (this.may('monitor.read')) return '/wall';
      if (this.may('call.read')) return '/calls';
      if (this.may('report.read', 'team')) return '/reports';
      if (this.may('settings.read')) return '/settings/users';
      if (this.may('audit.read')) return '/audit';
      return '/sign-in?check=1'; // nothing is his: he stays there
    },
  },
});
