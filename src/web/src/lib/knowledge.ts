// The knowledge base as the pages read it: classes as a tree, what is found, one item. Used by its page and by the workbench.
import { computed, onBeforeUnmount, ref, watch, type ComputedRef, type Ref } from 'vue';
import { api, whyUnread } from '../api';
import { useSession } from '../stores/session';
import { useWork } from '../stores/work';
import type { Page } from '../types';
import { useNewest } from './ask';

export interface KbClass { id: number; center_id: number; center_name: string; parent_id: number | null; name: string; sort: number; enabled: boolean; version: number }
export interface KbPart { text: string; hit: boolean }
export interface KbHit {
  id: string; center_id: number; center_name: string; class_id: number; class_path: string; title: string; share_scope: string; valid_until: string | null;
  seq: number; published_at: string; near: boolean; title_parts: KbPart[]; text_parts: KbPart[];
}
export interface KbVersion { seq: number; title: string; note: string; published_at: string; published_by_name: string; ended_at: string | null }
export interface KbItem {
  id: string; center_id: number; center_name: string; class_id: number; class_path: string; title: string; content: string; share_scope: string;
  valid_until: string | null; seq: number; note: string; published_at: string; published_by_name: string; ended_at?: string | null; versions?: KbVersion[];
}
export interface KbEntry {
  id: string; center_id: number; center_name: string; class_id: number; class_path: string; title: string; content: string; share_scope: string; valid_until: string | null;
  state: string; changed: boolean; expired: boolean; seq: number | null; updated_at: string; updated_by_name: string; created_at: string; created_by_name: string;
  version: number; versions: KbVersion[];
}
export const scopeWords: Record<string, string> = { center: '本中心', region: '全区' };
export const entryStates: [string, string][] = [['draft', '草稿'], ['published', '已发布'], ['changed', '有未发布的修改'], ['expired', '已过期'], ['withdrawn', '已撤回']];
/** What an author has to know of an entry first. */
export function stateOf(e: { state: string; changed: boolean; expired: boolean }): { word: string; tone: string } {
  if (e.state === 'withdrawn') return { word: '已撤回', tone: '' };
  if (e.state === 'draft') return { word: '草稿', tone: 'warn' };
  if (e.expired) return { word: '已过期', tone: 'bad' };
  return e.changed ? { word: '已发布，有未发布的修改', tone: 'info' } : { word: '已发布', tone: 'good' };
}
export const paragraphs = (text: string): string[] => text.split('\n').filter((line) => line.trim());

/** A class where it stands in its tree. */
export interface Leaf extends KbClass { depth: number }
/** The list of the server is in the order of the tree already. */
export function leaves(classes: KbClass[]): Leaf[] {
  const depth = new Map<number, number>();
  return classes.map((c) => {
    const own = c.parent_id === null ? 0 : (depth.get(c.parent_id) ?? 0) + 1;
    depth.set(c.id, own);
    return { ...c, depth: own };
  });
}
/** For a select, where what lies below something is only told by its place. */
export const indented = (c: Leaf): string => `${'　'.repeat(c.depth)}${c.name}`;

const LATER_MS = 300;
/** Several changes in a row are one look. */
export function useKnowledgeChanges(look: () => void): void {
  const work = useWork();
  let soon = 0;
  watch(() => work.knowledge, () => {
    window.clearTimeout(soon);
    soon = window.setTimeout(look, LATER_MS);
  });
  onBeforeUnmount(() => window.clearTimeout(soon));
}

interface Search {
  words: Ref<string>; chosen: Ref<string>; classes: Ref<KbClass[]>; libraries: ComputedRef<{ id: number; name: string; leaves: Leaf[] }[]>;
  items: Ref<KbHit[]>; next: Ref<string | null>; more: Ref<boolean>; asked: Ref<string | null>; problem: Ref<string>; loading: Ref<boolean>;
  search: (further?: boolean) => Promise<void>; loadClasses: () => Promise<void>;
}
/** Searching: words and a class ("" = all; "c3" = the whole library of center 3), and what was found. asked: the words of what is shown. */
export function useKnowledgeSearch(limit: number): Search {
  const session = useSession();
  const words = ref('');
  const chosen = ref('');
  const classes = ref<KbClass[]>([]);
  const items = ref<KbHit[]>([]);
  const next = ref<string | null>(null);
  const more = ref(false);
  const asked = ref<string | null>(null);
  const { loading, problem, ask } = useNewest('知识稍后再查');
  const libraries = computed(() => {
    const all = leaves(classes.value.filter((c) => c.enabled));
    return [...new Set(all.map((c) => c.center_id))].map((id) => ({
      id, name: id === session.me?.center.id ? '本中心' : (all.find((c) => c.center_id === id)?.center_name ?? ''), leaves: all.filter((c) => c.center_id === id),
    }));
  });
  const ids = (): string => (chosen.value.startsWith('c')
    ? classes.value.filter((c) => c.parent_id === null && c.center_id === Number(chosen.value.slice(1))).map((c) => c.id).join(',') : chosen.value);

  async function loadClasses(): Promise<void> {
    try {
      classes.value = (await api.get<Page<KbClass>>('/knowledge/classes')).items;
    } catch (error) {
      problem.value = whyUnread(error, '知识稍后再查');
    }
  }
  function search(further = false): Promise<void> {
    const sought = words.value.trim();
    return ask(() => api.get<Page<KbHit> & { more: boolean }>('/knowledge/items', { q: sought, class_id: ids(), limit, after: further ? next.value : undefined }), (page) => {
      items.value = further ? [...items.value, ...page.items] : page.items;
      [next.value, more.value, asked.value] = [page.next, page.more, sought];
    });
  }
  return { words, chosen, classes, libraries, items, next, more, asked, problem, loading, search, loadClasses };
}
