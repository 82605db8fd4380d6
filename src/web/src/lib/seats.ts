/** What is wrong with a seat, and in which order seats are shown; the wall and the leader's page say the same. */
import type { Seat } from '../types';

export const LONG_WAIT_MS = 30_000;
const LONG_TALK_MS = 15 * 60_000;
const LONG_ACW_MS = 3 * 60_000;
const LONG_RING_MS = 15_000;
export const GOOD_RATE = 95;
export const POOR_RATE = 85;
export const seatStates = ['talk', 'ring', 'ready', 'acw', 'busy', 'rest'] as const;

/** Why a leader should look at this seat; "" = he need not. */
export function trouble(seat: Seat, now: number): string {
  const ms = now - seat.since_ms;
  if (seat.line_state === 'lost' || seat.line_state === 'none') return '线路中断';
  if (seat.reason === '久不应答') return '久不应答';
  if (seat.state === 'ring' && ms > LONG_RING_MS) return '振铃未接';
  if (seat.state === 'talk' && !seat.watches && ms > LONG_TALK_MS) return '通话过长';
  if (seat.state === 'acw' && ms > LONG_ACW_MS) return '整理过长';
  return '';
}
const order: Record<string, number> = { ring: 1, talk: 2, acw: 3, busy: 4, rest: 5, ready: 6 };
export const byUrgency = (now: number) => (a: Seat, b: Seat): number =>
  Number(!trouble(a, now)) - Number(!trouble(b, now)) || (order[a.state] ?? 9) - (order[b.state] ?? 9) || a.since_ms - b.since_ms;
export const toneOf = (rate: number | null): string => (rate === null ? '' : rate >= GOOD_RATE ? 'green' : rate < POOR_RATE ? 'amber' : '');
/** Of a list of queues: how long whoever waits longest has waited, in ms. */
export function oldestOf(queues: { oldest_ms: number | null }[], now: number): number {
  const all = queues.map((q) => q.oldest_ms).filter((ms): ms is number => ms !== null);
  return all.length ? Math.max(0, now - Math.min(...all)) : 0;
}
/** A center as a column's or a group's head. */
export const shortName = (name: string): string => name.replace('12366分中心', '').replace('纳税缴费服务热线', '');
