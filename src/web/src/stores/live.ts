import { defineStore } from 'pinia';
import { api } from '../api';
import type { QueueView, Seat, Today, WaitingCall, WallCenter } from '../types';
import { useConnection } from './connection';

interface Wall { now_ms: number; centers: WallCenter[]; trunks: Trunk[]; strangers?: Strangers | null }
/** Source addresses that get no answer at the SIP port; null: not for this person. */
export interface Strangers { banned: number; since_ms: number | null }
export interface Trunk { trunk_id: number; name: string; state: string; channels: number; max_channels: number }

/* An event may overtake a snapshot made before it: what comes while one is fetched is said again after it. */
let late: (() => void)[] = [];
let loading = 0;
const keep = (again: () => void): void => { if (loading) late.push(again); };

/** Queues, seats and waiting calls as the daemon tells them: one snapshot, then events. */
export const useLive = defineStore('live', {
  state: () => ({ centers: [] as WallCenter[], trunks: [] as Trunk[], strangers: null as Strangers | null }),
  actions: {
    async load(): Promise<void> {
      loading++;
      try {
        const wall = await api.get<Wall>('/monitor/wall');
        this.centers = wall.centers;
        this.trunks = wall.trunks ?? [];
        this.strangers = wall.strangers ?? null;
        useConnection().heard(wall.now_ms);
      } finally {
        loading--;
        const again = late;
        if (!loading) late = [];
        const others = loading;
        loading = 0; // said again, not kept again
        for (const one of again) one();
        loading = others;
      }
    },
    center(id: number): WallCenter {
      let found = this.centers.find((c) => c.center_id === id);
      if (!found) {
        this.centers.push({ center_id: id, name: '', queues: [], seats: [], waiting: [], today: {} });
        found = this.centers[this.centers.length - 1];
      }
      return found;
    },
    seat(seat: Seat): void {
      keep(() => this.seat(seat));
      const { seats } = this.center(seat.center_id);
      const at = seats.findIndex((s) => s.user_id === seat.user_id);
      if (seat.state === 'signed_out') {
        if (at >= 0) seats.splice(at, 1);
      } else if (at >= 0) seats[at] = seat;
      else seats.push(seat);
    },
    queue(queue: QueueView): void {
      keep(() => this.queue(queue));
      const center = this.center(queue.center_id);
      const at = center.queues.findIndex((q) => q.queue_id === queue.queue_id);
      if (at < 0) center.queues.push(queue);
      else center.queues[at] = queue;
    },
    waiting(data: { center_id: number; calls: WaitingCall[] }): void {
      keep(() => this.waiting(data));
      this.center(data.center_id).waiting = data.calls;
    },
    today(data: Today & { center_id: number }): void {
      keep(() => this.today(data));
      this.center(data.center_id).today = data;
    },
    trunk(trunk: Trunk): void {
      keep(() => this.trunk(trunk));
      const at = this.trunks.findIndex((t) => t.trunk_id === trunk.trunk_id);
      if (at >= 0) this.trunks[at] = trunk;
      else this.trunks.push(trunk);
    },
  },
});
