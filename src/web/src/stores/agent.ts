import { defineStore } from 'pinia';
import { api } from '../api';
import { checkLine, line as ownLine } from '../line/softphone';
import type { Agent, Colleague, FlowTarget } from '../types';
import { useConnection } from './connection';
import { useRegistrations } from './registrations';

/** The agent's own document. The daemon owns the state; the page only shows and asks. */
export const useAgent = defineStore('agent', {
  state: () => ({ doc: null as Agent | null, hungUp: '' }), // the call he ended himself
  getters: {
    state: (s) => s.doc?.state ?? 'signed_out',
    call: (s) => s.doc?.call ?? null,
    dialing: (s): boolean => s.doc?.state === 'talk' && !!s.doc.call?.dialing,
    signedIn: (s) => s.doc?.signed_in ?? false,
  },
  actions: {
    take(doc: Agent): void {
      if (this.doc && doc.now_ms < this.doc.now_ms) return; // an answer overtaken by an event
      this.doc = doc;
      useConnection().heard(doc.now_ms);
      checkLine(doc.line.state);
    },
    async load(): Promise<void> {
      this.take(await api.get<Agent>('/agent'));
    },
    async signIn(line: 'browser' | 'phone', move: boolean): Promise<void> {
      this.take(await api.post<Agent>('/agent/sign-in', { line, move }));
    },
    /** Signed out by a restart of the daemon while this page's line is up: one click. False = go and test the line. */
    async comeBack(): Promise<boolean> {
      if (ownLine.state !== 'up') return false;
      await this.signIn('browser', false);
      return true;
    },
    async signOut(): Promise<void> {
      await api.post('/agent/sign-out');
      this.doc = null;
    },
    async setState(state: 'ready' | 'busy' | 'rest', reasonId?: number): Promise<void> {
      this.take(await api.put<Agent>('/agent/state', { state, reason_id: reasonId }));
    },
    async act(verb: 'answer' | 'reject' | 'hangup' | 'hold' | 'retrieve' | 'mute' | 'unmute' | 'consult/end' | 'consult/join' | 'consult/complete' | 'consult/release' | 'survey' | 'flow/end'): Promise<void> {
      if (!this.call) return;
      if (verb === 'hangup') this.hungUp = this.call.call_id;
      await api.post(`/agent/calls/${this.call.call_id}/${verb}`);
    },
    /** Whoever whispers or has barged in shuts his microphone; a listener's is shut. */
    async muteWatch(): Promise<void> {
      const watch = this.doc?.watch;
      if (watch) await api.post(`/agent/calls/${watch.call_id}/${watch.muted ? 'unmute' : 'mute'}`);
    },
    /** Begun or ended on demand; paused or gone on with where everything is recorded. */
    async record(on: boolean): Promise<void> {
      if (this.call) await api.post(`/agent/calls/${this.call.call_id}/recording`, { on });
    },
    async transfer(to: { queue_id: number } | { user_id: number } | { number: string }): Promise<void> {
      if (!this.call) return;
      const registrations = useRegistrations();
      const begun = registrations.entries[registrations.formOf(this.call.call_id)];
      await api.post(`/agent/calls/${this.call.call_id}/transfer`, begun?.typed && !('number' in to) ? { ...to, draft: { ...begun.form } } : to);
    },
    async flowTargets(): Promise<FlowTarget[]> {
      return this.call ? (await api.get<{ items: FlowTarget[] }>(`/agent/calls/${this.call.call_id}/flows`)).items : [];
    },
    async toFlow(mode: 'release' | 'suspend', to: FlowTarget): Promise<void> {
      if (this.call) await api.post(`/agent/calls/${this.call.call_id}/flow`, { mode, flow: to.flow, node: to.node });
    },
    async colleagues(): Promise<Colleague[]> {
      return (await api.get<{ items: Colleague[] }>('/agent/colleagues')).items;
    },
    async consult(whom: { user_id: number } | { number: string }): Promise<void> {
      if (this.call) await api.post(`/agent/calls/${this.call.call_id}/consult`, whom);
    },
    /** three: the talk goes on, and whoever is asked comes into it. */
    async help(userId: number, three: boolean): Promise<void> {
      if (this.call) await api.post(`/agent/calls/${this.call.call_id}/help`, { user_id: userId, three });
    },
    async saveWrapUp(callId: string, code: string, note: string): Promise<void> {
      await api.put(`/agent/calls/${callId}/wrap-up`, { code, note });
    },
    async wrapUpDone(): Promise<void> {
      await api.post('/agent/wrap-up/done');
    },
  },
});
