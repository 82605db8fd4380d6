/** How figures and codes read in Chinese. */
export const stateWords: Record<string, string> = {
  signed_out: '未签入', ready: '空闲', busy: '示忙', rest: '小休', ring: '振铃', talk: '通话中', acw: '整理',
};
export const sourceWords: Record<string, string> = {
  direct: '本中心直拨', from_12366: '自治区 12366 转入', from_city: '分中心转入',
};
export const unitWords: Record<string, string> = {
  self: '分中心自接来电', from_12366: '12366 转来', from_city: '分中心转来',
};
export const infoSourceWords: Record<string, string> = { city: '分中心', r12366: '自治区12366' };
export const outcomeWords: Record<string, string> = {
  answered: '接通', abandoned: '放弃', lost: '未接通', ivr: '自助', ivr_only: '自助', short_abandoned: '短时放弃',
  missed: '未接', rejected: '拒接', no_answer: '久不应答', overflow: '溢出', rona: '久不应答',
  caller_gone: '来电人挂断', withdrawn: '已收回', failed: '失败',
};
export const strategyWords: Record<string, string> = {
  longest_idle: '空闲最久优先', fewest_calls: '接听最少优先', round_robin: '轮流', by_weight: '按权重', ring_all: '同时振铃',
};
export function word(words: Record<string, string>, code: string | null | undefined): string {
  return code ? (words[code] ?? code) : '—';
}

const two = (n: number): string => String(n).padStart(2, '0');

/** 00:03:05 for tables and timers */
export function clock(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '—';
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}
/** 2026-11-23 16:42 in the hotline's own zone, from an ISO text or UTC ms */
export function when(at: string | number | null | undefined): string {
  if (at === null || at === undefined || at === '') return '—';
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '—';
  const local = new Date(date.getTime() + 8 * 3600 * 1000).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 16)}`;
}
export function today(): string {
  return new Date(Date.now() + 8 * 3600 * 1000).toISOString().slice(0, 10);
}
export function spaced(number: string): string {
  return /^1\d{10}$/.test(number) ? `${number.slice(0, 3)} ${number.slice(3, 7)} ${number.slice(7)}` : number || '未知号码';
}
