import type { CallDetail, LeaderAction, OutsideLeg, Talk } from '../types';
import { botResultWords } from './bot';
import { clock, endOf, endWords, keyResultWords, lasting, offerWords, outcomeWords, reachEndWords, sourceWords, word } from './words';

/** One step of a call's path, in words. number: of somebody outside, to be called by a click. */
export interface Step { at: string; what: string; more: string; number?: string; tone?: 'good' | 'warn' | 'bad' }

const who = (row: { agent_no: string; agent_name: string }): string => `工号 ${row.agent_no} ${row.agent_name}`.trim();
const join = (...parts: (string | false | null | undefined)[]): string => parts.filter(Boolean).join(' · ');
const ivrModeWords: Record<string, string> = { release: '转IVR', suspend: '转IVR（办完返回）', survey: '转满意度' };
const ivrResultWords: Record<string, string> = { queue: '再次要求人工', hangup: '流程结束', caller: '来电人挂机', error: '出错', agent: '返回坐席', taken_back: '坐席取回' };
const talkWords: Record<string, string> = { consult: '磋商', help: '求助', transfer_in: '转入接听', internal: '内部通话' };
const purposeWords: Record<string, string> = { consult: '磋商外部号码', pass: '转接外部号码', flow: '流程转接外部号码', bot: '转智能客服' };
const modeWords: Record<string, string> = { listen: '监听', whisper: '密语', barge: '强插' };
const actionWords: Record<string, string> = { 'monitor.listen': '监听', 'monitor.whisper': '密语', 'monitor.barge': '强插', 'monitor.take_over': '接话', 'monitor.disconnect': '强拆' };
const visitTones: Record<string, Step['tone']> = { lost: 'bad', ab_queue: 'warn', ab_ring: 'warn' };

/** A colleague who was asked talked with an agent; everybody else with the person outside. */
function talked(t: Talk, out: boolean): Step {
  const what = talkWords[t.kind] ?? (out ? '接通' : '接听');
  return { at: t.t_ans, what: `${what} ${who(t)}`, more: t.talk_ms === null ? '通话中' : `通话 ${lasting(t.talk_ms)}`, tone: 'good' };
}
function passedOn(t: Talk): Step[] {
  if (!t.passed_to || !t.t_rel) return [];
  const target = { queue: `队列 ${t.passed_name ?? ''}`, agent: `工号 ${t.passed_name ?? ''}`, outside: '外部号码' }[t.passed_to];
  return [{ at: t.t_rel, what: `转接到 ${target.trim()}`, more: who(t) }];
}
const centerWords: Record<string, string> = { consult: '向其磋商', help: '向其求助', pass: '转往', flow: '流程转往' };
/** A center that was called has a name; its access code says nothing to people. */
function outside(o: OutsideLeg): Step[] {
  const what = o.to_center ? `${centerWords[o.purpose] ?? o.purpose} ${o.to_center}` : purposeWords[o.purpose] ?? o.purpose;
  const number = o.purpose === 'bot' || o.to_center ? undefined : o.number;
  const by = o.agent_no ? who(o) : '';
  const result = o.outcome === 'answered' ? '' : word(reachEndWords, o.outcome);
  const steps: Step[] = [{ at: o.t_start, what, more: join(by, result), number, tone: result ? 'warn' : undefined }];
  if (o.t_ans && o.purpose === 'bot') steps.push({ at: o.t_ans, what: '智能客服应答', more: join(word(botResultWords, o.bot_result), o.bot_rounds !== null && `${o.bot_rounds} 轮`, o.bot_intent), tone: o.bot_result === 'failed' ? 'bad' : 'good' });
  else if (o.t_ans) steps.push({ at: o.t_ans, what: o.to_center ? '对方中心接听' : '外部一方接通', more: join(`通话 ${lasting(o.talk_ms)}`, o.joined && '有三方通话', o.passed && '与来电人单独通话'), number, tone: 'good' });
  return steps;
}
function led(a: LeaderAction): Step[] {
  const by = join(a.by_name, a.by_center);
  if (a.action === 'queue.move') return [{ at: a.at, what: a.to === 'head' ? '班长排到队首' : `班长改派到${a.to === 'queue' ? '队列' : '工号'} ${a.to_name ?? ''}`.trim(), more: by }];
  if (a.action === 'monitor.end') return [{ at: a.at, what: `班长结束${word(modeWords, a.mode)}`, more: join(by, a.seconds !== null && clock(a.seconds * 1000)) }];
  const what = actionWords[a.action];
  return what ? [{ at: a.at, what: `班长${what} 工号 ${a.agent_no} ${a.agent_name}`.trim(), more: join(by, a.reason && `原因：${a.reason}`), tone: a.action === 'monitor.disconnect' ? 'warn' : undefined }] : [];
}
/** Of equal times: what begins before what ends it. */
const sorted = (steps: Step[]): Step[] => steps.map((s, i) => [s, i] as const).sort(([a, i], [b, j]) => Date.parse(a.at) - Date.parse(b.at) || i - j).map(([s]) => s);

/** Everything that is known of a call, in the order it happened. */
export function storyOf(c: CallDetail): Step[] {
  const out = c.direction === 'out';
  const steps: Step[] = [
    out ? { at: c.t_in, what: '呼出', more: `${c.party_no} · 外显 ${c.caller_no || '无'}` } : { at: c.t_in, what: '呼入', more: join(c.called_no, word(sourceWords, c.source)) },
    ...(c.from_center ? [{ at: c.t_in, what: `${c.from_center}转来`, more: c.from_agent_no ? `工号 ${c.from_agent_no}` : '' }] : []),
    ...c.ivr_path.map((k) => ({ at: k.at ?? '', what: k.menu, more: k.key ? `按 ${k.key}${keyResultWords[k.result] ? `(${keyResultWords[k.result]})` : ''}` : '没有按键', tone: k.result === 'ok' ? undefined : 'warn' as const })),
    ...c.queue_visits.map((v) => ({ at: v.t_q_in, what: `进入队列 ${v.queue_name}`, more: v.wait_ms === null ? '还在等待' : join(`等待 ${lasting(v.wait_ms)}`, v.outcome !== 'answered' && word(outcomeWords, v.outcome)), tone: visitTones[v.outcome ?? ''] })),
    ...c.door_refusals.map((r) => ({ at: r.at, what: `队列 ${r.queue_name} 未能进入`, more: word(endWords, r.cause), tone: 'bad' as const })),
    ...c.offers.map((o) => ({ at: o.t_ring, what: `振铃 ${who(o)}`, more: join(word(offerWords, o.outcome), o.ring_ms !== null && lasting(o.ring_ms), o.reason), tone: o.outcome === 'answered' ? undefined : 'warn' as const })),
    ...c.talks.filter((t) => t.kind !== 'monitor').map((t) => talked(t, out)),
    ...c.holds.map((h) => ({ at: h.t_start, what: '保持', more: join(who(h), h.hold_ms === null ? '保持中' : lasting(h.hold_ms)) })),
    ...c.outside_legs.flatMap(outside),
    ...c.ivr_transfers.map((x) => ({ at: x.t_start, what: `${word(ivrModeWords, x.mode)} ${x.target}`, more: join(who(x), x.result && word(ivrResultWords, x.result)) })),
    ...c.surveys.map((s) => ({ at: s.asked_at, what: `${s.channel === 'sms' ? '短信满意度' : '满意度'} ${s.name}`, more: s.agent_no ? who(s) : '通话前', tone: s.level === null ? 'warn' as const : s.level >= 4 ? 'good' as const : s.level <= 2 ? 'bad' as const : undefined })),
    ...c.leader_actions.flatMap(led),
    ...c.recording_gaps.map((g) => ({ at: g.from, what: '录音暂停', more: join(who(g), lasting(g.ms), g.by === 'limit' && '到时自动恢复', g.by === 'end' && '至通话结束'), tone: 'warn' as const })),
    ...c.unrecorded.map((u) => ({ at: u.at, what: '没有录音', more: u.why, tone: 'bad' as const })),
    ...c.talks.flatMap(passedOn),
    ...c.linked.map((l) => ({ at: l.t_in, what: `在${l.center_name}的通话`, more: word(outcomeWords, l.outcome) })),
  ];
  if (c.t_end) steps.push({ at: c.t_end, what: '结束', more: endOf(c) });
  return sorted(steps);
}
