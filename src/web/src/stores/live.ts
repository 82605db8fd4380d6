import { defineStore } from 'pinia';
import { api } from '../api';
import type { QueueView, Seat, Today, WaitingCall, WallCenter } from '../types';
import { useConnection } from './connection';

interface Wall { now_ms: number; centers: WallCenter[]; trunks: Trunk[]; strangers?: Strangers | null }
/** Source addresses that get no answer at the SIP port; null: not for this person. */
export interface Strangers { banned: number; since_ms: number | null }
export interface Trunk { trunk_id: number; name: string; state: string; channels: number; max_channels: number }

/** Queues, seats and waiting calls as the daemon tells them: one snapshot, then events. */
export const useLive = defineStore('live', {
  state: () => ({ centers: [] as WallCenter[], trunks: [] as Trunk[], strangers: null as Strangers | null, loadedAt: 0 }),
  actions: {
    async load(): Promise<void> {
      const wall = await api.get<Wall>('/monitor/wall');
      this.centers = wall.centers;
      this.trunks = wall.trunks ?? [];
      this.strangers = wall.strangers ?? null;
      this.loadedAt = Date.now();
      useConnection().heard(wall.now_ms);
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
      const center = this.center(seat.center_id);
      center.seats = center.seats.filter((s) => s.user_id !== seat.user_id);
      if (seat.state !== 'signed_out') center.seats.push(seat);
    },
    queue(queue: QueueView): void {
      const center = this.center(queue.center_id);
      const at = center.queues.findIndex((q) => q.queue_id === queue.queue_id);
      if (at < 0) center.queues.push(queue);
      else center.queues[at] = queue;
    },
    waiting(data: { center_id: number; calls: WaitingCall[] }): void {
      this.center(data.center_id).waiting = data.calls;
    },
    today(data: Today & { center_id: number }): void {
      this.center(data.center_id).today = data;
    },
    trunk(trunk: Trunk): void {
      this.trunks = [...this.trunks.filter((t) => t.trunk_id !== trunk.trunk_id), trunk];
    },
  },
});
