/** Work that is not published yet, kept in this browser as it is typed: it survives a reload and a crash. */
import type { FlowDocument } from './document';

export interface Draft { base: number; document: FlowDocument; at: number }
const place = (user: number, flow: number): string => `hotlined-flow-${user}-${flow}`;

export function readDraft(user: number, flow: number): Draft | null {
  try {
    const draft = JSON.parse(localStorage.getItem(place(user, flow)) ?? 'null') as Draft | null;
    return draft && typeof draft.document?.nodes === 'object' ? draft : null;
  } catch {
    return null; // written by something else: as if there were none
  }
}
/** false: the browser keeps nothing (full, or forbidden), the page says so. */
export function writeDraft(user: number, flow: number, draft: Draft | null): boolean {
  try {
    if (draft) localStorage.setItem(place(user, flow), JSON.stringify(draft));
    else localStorage.removeItem(place(user, flow));
    return true;
  } catch {
    return false;
  }
}
