import { defineStore } from 'pinia';
import { api } from '../api';
import type { Seat } from '../types';
import { useSession } from './session';

/** An agent as GET /monitor/agents has him: where he belongs and what he did today. */
export interface Colleague {
  user_id: number; center_id: number; agent_no: string; name: string; team_id: number; team_name: string; org_name: string;
  answered: number; out: number; talk_ms: number;
}
export interface AgentsToday { center_id: number; all: boolean; items: { user_id: number; answered: number; out: number; talk_ms: number }[] }
export type Verb = 'listen' | 'whisper' | 'barge' | 'take-over' | 'disconnect' | 'ready' | 'busy' | 'signed_out';
export const permissionOf = (verb: Verb): string =>
  verb === 'listen' ? 'monitor.listen' : verb === 'whisper' || verb === 'barge' || verb === 'take-over' ? 'monitor.intervene' : 'monitor.force';

const functionOf: Record<Verb, string> = {
  listen: 'listen', whisper: 'whisper', barge: 'barge', 'take-over': 'take_over', disconnect: 'disconnect', ready: 'force_state', busy: 'force_state', signed_out: 'force_state',
};
let late: AgentsToday[] = []; // came while the list was fetched: newer than it

/** What a leader or the region does with agents and with who waits; the server decides again who may. */
export const useLeader = defineStore('leader', {
  state: () => ({ people: {} as Record<number, Colleague>, loading: false, wanted: false, shown: 0 /* pages that show them */ }),
  actions: {
    /** Who belongs where, and his day so far; the events go on from here. One fetch at a time. */
    async load(): Promise<void> {
      this.wanted = true;
      if (this.loading) return;
      this.loading = true;
      try {
        while (this.wanted) {
          this.wanted = false;
          late = [];
          const { items } = await api.get<{ items: Colleague[] }>('/monitor/agents');
          this.people = Object.fromEntries(items.map((p) => [p.user_id, p]));
          late.forEach((event) => this.apply(event));
        }
      } finally {
        this.loading = this.wanted = false;
      }
    },
    today(event: AgentsToday): void {
      if (this.loading) late.push(event);
      this.apply(event);
    },
    apply(event: AgentsToday): void {
      if (event.all)
        for (const p of Object.values(this.people)) if (p.center_id === event.center_id) Object.assign(p, { answered: 0, out: 0, talk_ms: 0 });
      for (const { user_id, ...day } of event.items) if (this.people[user_id]) Object.assign(this.people[user_id], day);
    },
    may(verb: Verb, seat: Seat): boolean {
      const { me, has } = useSession();
      if (!has(functionOf[verb])) return false;
      const scope = me?.permissions[permissionOf(verb)];
      if (scope === 'region') return true;
      if (!scope || seat.center_id !== me?.center.id || seat.user_id === me.user.id) return false;
      return scope === 'center' || (scope === 'team' && seat.team_id !== 0 && seat.team_id === me.user.team_id);
    },
    async act(verb: Verb, seat: Seat, reason: string): Promise<void> {
      const path = `/monitor/agents/${seat.user_id}`;
      if (verb === 'ready' || verb === 'busy' || verb === 'signed_out') await api.put(`${path}/state`, { state: verb, reason });
      else await api.post(`${path}/${verb}`, { call_id: seat.call?.call_id, ...(reason ? { reason } : {}) });
    },
    async end(): Promise<void> {
      await api.post('/monitor/watch/end');
    },
    async move(callId: string, where: 'head' | 'queue' | 'agent', id?: number): Promise<void> {
      await api.post(`/monitor/calls/${callId}/${where}`, where === 'queue' ? { queue_id: id } : where === 'agent' ? { user_id: id } : undefined);
    },
  },
});
