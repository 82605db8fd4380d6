/** How figures and codes read in Chinese. */
export const stateWords: Record<string, string> = {
  signed_out: '未签入', ready: '空闲', busy: '示忙', rest: '小休', ring: '振铃', talk: '通话中', acw: '整理',
};
export const sourceWords: Record<string, string> = {
  direct: '本中心直拨', from_12366: '自治区12366转入', from_city: '分中心转入',
};
export const unitWords: Record<string, string> = {
  self: '分中心自接来电', from_12366: '12366转接来电', from_city: '地市呼转来电',
};
export const infoSourceWords: Record<string, string> = { city: '分中心', r12366: '自治区12366' };
export const outcomeWords: Record<string, string> = {
  open: '进行中', answered: '人工接通', blocked: '黑名单拦截', ivr_self: '自助办结', ivr_abandon: '语音菜单中挂机', ivr_lost: '语音流程异常',
  closed: '非工作时段', ab_queue: '排队中挂机', ab_ring: '振铃时挂机', flow_vm: '转留言', flow_cb: '转回拨', flow_bot: '转智能',
  flow_ext: '溢出他中心', lost: '未能接通', overflow_out: '溢出', moved_out: '移出',
};
/** What an outcome means to a leader: fine, look at it, bad, or nothing. */
export const outcomeTones: Record<string, string> = {
  open: 'info', answered: 'good', ab_queue: 'warn', ab_ring: 'warn', lost: 'bad', ivr_lost: 'bad',
};
export const endWords: Record<string, string> = {
  caller: '来电人挂机', agent: '坐席挂机', system: '系统结束', blocked: '黑名单拦截', max_wait: '等待超时', no_agent: '无人签入', full: '队列已满', flow: '流程结束', transfer_done: '转接后对方挂机', supervisor: '班长强拆',
};
/** Calls of ours: `caller` is whoever was called. */
export const dialEndWords: Record<string, string> = {
  caller: '对方挂机', agent: '坐席挂机', busy: '对方占线', no_answer: '无人接听', refused: '对方拒接', bad_number: '空号或号码有误', power_off: '对方关机或不在服务区',
  trunk: '外线故障', error: '系统异常', system: '系统结束', supervisor: '班长强拆', transfer_done: '转接后对方挂机',
};
/** Why whoever was asked during a call is not there. */
export const reachEndWords: Record<string, string> = { ...dialEndWords, caller: '已挂机', cancelled: '已取消', answered: '接通' };
export const directionWords: Record<string, string> = { in: '呼入', out: '呼出' };
export const offerWords: Record<string, string> = {
  open: '振铃中', answered: '接听', no_answer: '久不应答', rejected: '拒接', caller_left: '来电人挂机', line_lost: '线路中断',
  taken: '他人已接', moved: '改派', forced: '强制',
};
export const strategyWords: Record<string, string> = {
  longest_idle: '空闲最久优先', fewest_calls: '接听最少优先', round_robin: '轮流', by_weight: '按权重', ring_all: '同时振铃',
};
export const listKindWords: Record<string, string> = { black: '黑名单', white: '白名单' };
export const listActionWords: Record<string, string> = { refuse: '拒接', prompt: '放音后挂断', queue: '直接排队', priority: '优先级提高' };
export const keyResultWords: Record<string, string> = { ok: '', invalid: '无效', no_input: '未按键' };
export const partyWords: Record<string, string> = { caller: '来电人', agent: '坐席', outside: '外部一方' };
export const sceneWords: Record<string, string> = { off_day: '非工作日', off_hours: '非工作时段', all_busy: '坐席全忙', chosen: '按键选择' };
export const voicemailStateWords: Record<string, string> = { new: '新留言', assigned: '已分派', in_work: '处理中', finished: '已办结', void: '已作废', deleted: '已删除' };
export const voicemailStateTones: Record<string, string> = { new: 'warn', assigned: 'info', in_work: 'info', finished: 'good' };
export const callbackSourceWords: Record<string, string> = { gave_up: '排队未接通', requested: '要求回拨' };
export const callbackStateWords: Record<string, string> = {
  open: '待回拨', claimed: '回拨中', reached: '已接通', not_reached: '多次未接通', answered: '已来电接通', dropped: '不再回拨', expired: '已失效',
};
export const callbackStateTones: Record<string, string> = { open: 'warn', claimed: 'info', reached: 'good', not_reached: 'bad', answered: 'good' };
export const ticketListWords: Record<string, string> = { todo: '待办', doing: '在办', done: '已办', created: '我创建的', all: '全部' };
export const ticketStateWords: Record<string, string> = { open: '待受理', in_work: '处理中', finished: '已办结', void: '已作废' };
export const ticketStateTones: Record<string, string> = { open: 'warn', in_work: 'info', finished: 'good' };
export const ticketActionWords: Record<string, string> = {
  create: '创建', assign: '分派', accept: '受理', forward: '转办', return: '退回', finish: '办结', void: '作废', reopen: '重新打开', call: '回访',
};
export const ticketCallWords: Record<string, string> = { record: '登记的来电', voicemail: '留言', call_back: '回访' };
export const channelWords: Record<string, string> = {
  voice: '电话', voicemail: '语音留言', chat: '在线咨询', web_form: '网页', app: '手机应用', mini_program: '小程序', sms: '短信', from_12345: '12345转来', letter: '来信', visit: '来访', late_entry: '补录',
};
export const recordStateWords: Record<string, string> = {
  draft: '暂存', open: '待处理', processing: '处理中', closed: '已办结', void: '已作废',
};
/** What was summed up after a call; who talked and left it out is told apart from who never could. */
export const summary = (c: { wrap_up_name: string | null; outcome: string }): string => c.wrap_up_name || (c.outcome === 'answered' ? '未小结' : '—');
interface Ended { direction: 'in' | 'out'; outcome: string; end_reason: string | null; transferred?: boolean }
export const endOf = (c: Ended): string => word(c.direction === 'out' ? dialEndWords : endWords, c.end_reason);
/** What became of a call; of one of ours that was not answered, why. */
export function outcomeOf(c: Ended): string {
  if (c.direction !== 'out' || c.outcome === 'open') return word(outcomeWords, c.outcome) + (c.transferred ? '，已转接' : '');
  if (c.outcome === 'answered') return '已接通';
  return c.end_reason && c.end_reason !== 'agent' ? endOf(c) : '未接通';
}
export function outcomeTone(c: Ended): string | undefined {
  const personal = c.direction === 'out' && c.outcome === 'lost' && c.end_reason !== 'trunk' && c.end_reason !== 'error';
  return personal ? 'warn' : outcomeTones[c.outcome];
}
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
/** 3:05 where the hour would only be noise, as on a tile of the wall */
export function shortClock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : clock(ms);
}
/** 3 分 05 秒 in text */
export function lasting(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '—';
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} 秒`;
  const minutes = `${Math.floor(s / 60) % 60} 分 ${two(s % 60)} 秒`;
  return s < 3600 ? minutes : `${Math.floor(s / 3600)} 时 ${minutes}`;
}
/** In the hotline's own zone, as 2026-11-23 16:42:05, from an ISO text or UTC ms */
function local(at: string | number | null | undefined): string {
  if (at === null || at === undefined || at === '') return '';
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : new Date(date.getTime() + 8 * 3600 * 1000).toISOString().slice(0, 19).replace('T', ' ');
}
export const when = (at: string | number | null | undefined): string => local(at).slice(0, 16) || '—';
export const timeOfDay = (at: string | number | null | undefined): string => local(at).slice(11) || '—';
export const second = (at: string | number | null | undefined): string => local(at) || '—';
/** 今天 16:42 in lists of a person's recent calls */
export function lately(at: string | number | null | undefined): string {
  const text = when(at);
  return text.startsWith(today()) ? `今天 ${text.slice(11)}` : text.slice(5);
}
export function today(): string {
  return new Date(Date.now() + 8 * 3600 * 1000).toISOString().slice(0, 10);
}
/** Midnight at the begin of a day of the hotline's zone; `days` later for an end that is not included. */
export function midnight(day: string, days = 0): string {
  if (!day) return '';
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return `${at.toISOString().slice(0, 10)}T00:00:00+08:00`;
}
export function spaced(number: string): string {
  return /^1\d{10}$/.test(number) ? `${number.slice(0, 3)} ${number.slice(3, 7)} ${number.slice(7)}` : number || '未知号码';
}
/** 138****2046 for lists that others may see over a shoulder */
export function masked(number: string): string {
  return number.length >= 7 ? `${number.slice(0, -8) || number.slice(0, 1)}****${number.slice(-4)}` : number || '未知号码';
}
