/** Tickets: whom they are given to, and what who looks at one may do with it. The server checks everything again. */
import type { Ticket, TicketChoices, TicketDetail } from '../types';
import { dialEndWords, word } from './words';

export const whom = {
  person: (p: TicketChoices['people'][number]): string => `${p.agent_no} ${p.name}`.trim(),
  team: (t: TicketChoices['teams'][number]): string => (t.district ? `${t.district} ${t.name}` : t.name),
};
/** `user:5` as the fields of a body. */
export function targetOf(target: string): Record<string, number> {
  const [kind, id] = target.split(':');
  return id ? { [kind === 'team' ? 'to_team_id' : 'to_user_id']: Number(id) } : {};
}
/** Who has it: a person, a team of whom nobody took it yet, or nobody. */
export const holderOf = (t: Ticket): string => t.holder || t.team_name || '待分派';

interface Who { id: number; team: number | null; works: string | undefined; assigns: boolean }
export type Step = 'accept' | 'finish' | 'forward' | 'return' | 'assign' | 'void' | 'reopen';
export function stepsOf(t: Ticket, who: Who): Set<Step> {
  const live = t.state === 'open' || t.state === 'in_work';
  const author = t.created_by === who.id;
  const theirs = t.holder_id === who.id || (t.holder_id === null && (author || (t.team_id !== null && t.team_id === who.team)));
  const reaches = !!who.works && (who.works !== 'self' || theirs);
  const may: [Step, boolean][] = [
    ['accept', t.state === 'open' && reaches && (t.holder_id === null || t.holder_id === who.id)],
    ['finish', t.state === 'in_work' && reaches],
    ['forward', live && reaches],
    ['return', live && theirs && reaches],
    ['assign', live && who.assigns],
    ['void', live && (reaches || (!!who.works && author))],
    ['reopen', !live && (reaches || (!!who.works && author))],
  ];
  return new Set(may.filter(([, yes]) => yes).map(([step]) => step));
}

type Hop = TicketDetail['hops'][number];
/** From whom to whom, where that changed. */
export function wayOf(h: Hop): string {
  const [from, to] = [h.from || h.from_team, h.to || h.to_team];
  if (h.action === 'call') return h.opinion === 'reached' ? '已接通' : word(dialEndWords, h.opinion);
  const side = (person: string, team: string): string => (person && team ? `${person}（${team}）` : person || team);
  if (from === to) return '';
  return [from && h.action !== 'accept' ? side(h.from, h.from_team) : '', to ? `→ ${side(h.to, h.to_team)}` : ''].filter(Boolean).join(' ');
}
