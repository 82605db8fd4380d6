import { defineStore } from 'pinia';
import { api, ApiError, errorsOf, wordsOf } from '../api';
import type { LiveCall } from '../types';
import { useSession } from './session';

export interface Form {
  id: string; call_id: string; caller_no: string; caller_name: string; caller_city: string; problem_city: string;
  category: string; problem_type_id: number | null; title: string; content: string; answer: string; method: string;
  urgency: string; same_day: boolean; due_at: string | null; taxpayer_name: string; taxpayer_no: string; tags: string[];
}
interface Saved { record_no: string; version: number }
/** One registration being written. What is here is also in localStorage, as typed. */
export interface Entry {
  form: Form;
  beganMs: number;
  place: string;
  saved: Saved | null;
  typed: boolean; // something that is not saved yet
  waiting: boolean; // to be submitted as soon as the server takes it
  ticket?: { ticket_id: string; ticket_no: string }; // that was made of it
  theirs: Form | null; // 412: what somebody else made of it meanwhile
  saving: boolean;
  errors: Record<string, string>;
  said: string;
  failed: boolean;
}
/** As the server takes it: characters of a long field. */
export const ANSWER_MAX = 4000;
const DRAFT_AFTER_MS = 1500;
const AGAIN_AFTER_MS = 10_000;
const draftTimers = new Map<string, number>();

const prefix = (): string => `hotlined.draft.${useSession().me?.user.id ?? 0}.`;
const storageKey = (callId: string): string => prefix() + callId;

/**
 * Registrations by call. They outlive the form on the page, the call, a reload and a lost connection: nothing typed is
 * lost, and what was to be saved while the database was away is submitted by itself.
 */
export const useRegistrations = defineStore('registrations', {
  state: () => ({ entries: {} as Record<string, Entry>, about: {} as Record<string, { callId: string; recordId: string }>, againTimer: 0 }),
  getters: {
    unsaved: (s) => (exceptCall: string): Entry[] =>
      Object.values(s.entries).filter((e) => (e.typed || e.waiting) && e.form.call_id !== exceptCall).sort((a, b) => a.beganMs - b.beganMs),
    waiting: (s) => Object.values(s.entries).filter((e) => e.waiting).length,
  },
  actions: {
    /** What a reload or a crash left behind. */
    restore(): void {
      const mine = prefix();
      this.about = JSON.parse(sessionStorage.getItem(`${mine}about`) ?? '{}') as typeof this.about;
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(mine)) continue;
        const stored = JSON.parse(localStorage.getItem(key) ?? '{}') as Pick<Entry, 'form' | 'beganMs' | 'place' | 'saved' | 'typed' | 'waiting' | 'ticket'>;
        const callId = key.slice(mine.length);
        if (!this.entries[callId]) this.entries[callId] = { ...stored, theirs: null, saving: false, errors: {}, said: stored.typed ? '已恢复上次填写的内容' : '', failed: false };
      }
      if (this.waiting) this.submitLater(0);
    },
    /** The entry of a call: as typed here, else as typed elsewhere, else a new one. */
    async open(call: LiveCall): Promise<void> {
      for (const entry of Object.values(this.entries)) // done with: nothing to keep
        if (entry.saved && !entry.typed && !entry.waiting && entry.form.call_id !== this.formOf(call.call_id)) this.drop(entry.form.call_id);
      const message = this.about[call.call_id];
      if (message) return this.openDraft(message.callId, message.recordId);
      if (this.entries[call.call_id]) return;
      const dictionaries = useSession().dictionaries;
      this.entries[call.call_id] = {
        form: {
          id: crypto.randomUUID(), call_id: call.call_id, caller_no: call.party_no, caller_name: '', caller_city: call.caller_city,
          problem_city: call.caller_city, category: '', problem_type_id: null, title: '', content: '', answer: '',
          method: dictionaries?.methods[0]?.code ?? '', urgency: dictionaries?.urgencies[0]?.code ?? '', same_day: true, due_at: null,
          taxpayer_name: '', taxpayer_no: '', tags: [],
        },
        beganMs: call.began_ms, place: call.caller_place, saved: null, typed: false, waiting: false, theirs: null, saving: false, errors: {},
        said: '', failed: false,
      };
      const entry = this.entries[call.call_id];
      this.takeBot(entry, call);
      this.takeAlong(entry, call);
      this.takeHanded(entry, call);
      try {
        const draft = await api.get<{ document: Partial<Form> }>(`/drafts/${call.call_id}`);
        if (entry.typed) return; // typing was faster
        Object.assign(entry.form, draft.document);
        entry.typed = true;
        entry.said = '已取回在别处填写的草稿';
      } catch (error) {
        if (error instanceof ApiError && [0, 404, 503].includes(error.status)) return; // none, or the band above says why
        entry.said = `草稿未取到：${wordsOf(error)}`;
      }
    },
    /** What the voice bot has asked already, into fields of the same name. */
    takeBot(entry: Entry, call: LiveCall): void {
      const given = (['taxpayer_no', 'taxpayer_name', 'caller_name'] as const).filter((field) => call.bot?.slots[field]);
      for (const field of given) entry.form[field] = call.bot!.slots[field];
      if (given.length) entry.said = '已带入机器人问得的内容';
    },
    /** What the colleague who transferred the call has typed: all of it, in a registration of one's own. */
    takeHanded(entry: Entry, call: LiveCall): void {
      const handed = call.handed;
      if (!handed) return;
      for (const [field, value] of Object.entries(handed.draft))
        if (field in entry.form && !['id', 'call_id', 'caller_no'].includes(field)) Object.assign(entry.form, { [field]: value });
      entry.said = `已带入 ${handed.agent_no} ${handed.name} 填写的登记内容`;
      entry.typed = true;
      this.keep(entry);
    },
    /** What another center has typed already; a category or city this center does not know stays empty. */
    takeAlong(entry: Entry, call: LiveCall): void {
      const draft = call.transfer?.draft;
      if (!draft) return;
      const d = useSession().dictionaries;
      const known: Record<string, { code: string }[] | undefined> = { category: d?.categories, urgency: d?.urgencies, problem_city: d?.cities, caller_city: d?.cities };
      for (const [field, value] of Object.entries(draft))
        if (field in entry.form && (!(field in known) || known[field]?.some((c) => c.code === value))) Object.assign(entry.form, { [field]: value });
      entry.said = `已带入${call.transfer?.center_name || '转出中心'}填写的登记内容`;
      this.keep(entry);
    },
    /** The draft that a message came with, as it is saved: changes are saved into it. */
    async openDraft(callId: string, recordId: string): Promise<void> {
      if (this.entries[callId]) return;
      const r = await api.get<Form & Saved & { created_at: string; tickets: { ticket_id: string; ticket_no: string; state: string }[] }>(`/records/${recordId}`);
      if (this.entries[callId]) return; // asked twice
      this.entries[callId] = {
        form: {
          id: recordId, call_id: callId, caller_no: r.caller_no, caller_name: r.caller_name, caller_city: r.caller_city, problem_city: r.problem_city,
          category: r.category ?? '', problem_type_id: r.problem_type_id, title: r.title, content: r.content, answer: r.answer, method: r.method,
          urgency: r.urgency, same_day: r.same_day || !r.due_at, due_at: r.due_at, taxpayer_name: r.taxpayer_name, taxpayer_no: r.taxpayer_no, tags: r.tags,
        },
        beganMs: Date.parse(r.created_at), place: '', saved: { record_no: r.record_no, version: r.version }, typed: false, waiting: false, ticket: r.tickets.find((t) => t.state !== 'void'), theirs: null,
        saving: false, errors: {}, said: '', failed: false,
      };
    },
    /** This call is about that message: what is written in it belongs to the message's registration. */
    calledBack(callId: string, messageCallId: string, recordId: string): void {
      this.about[callId] = { callId: messageCallId, recordId };
      sessionStorage.setItem(`${prefix()}about`, JSON.stringify(this.about));
      if (this.entries[callId] && !this.entries[callId].typed) this.drop(callId); // the call was quicker than the answer
      void this.openDraft(messageCallId, recordId).catch(() => undefined); // the message's page says why
    },
    /** The call whose registration is written during this call: itself, or the message that is answered by it. */
    formOf(callId: string): string {
      return this.about[callId]?.callId ?? callId;
    },
    keep(entry: Entry): void {
      const { form, beganMs, place, saved, typed, waiting, ticket } = entry;
      localStorage.setItem(storageKey(form.call_id), JSON.stringify({ form, beganMs, place, saved, typed, waiting, ticket }));
    },
    drop(callId: string): void {
      window.clearTimeout(draftTimers.get(callId));
      localStorage.removeItem(storageKey(callId));
      delete this.entries[callId];
    },
    /** Thrown away on purpose; the server's draft goes too. */
    async discard(callId: string): Promise<void> {
      this.drop(callId);
      await api.remove(`/drafts/${callId}`).catch(() => undefined); // it would only come back as a draft
    },
    /** Something was typed: kept at once, on the server a moment later. */
    changed(entry: Entry): void {
      entry.typed = true;
      if (!entry.failed) entry.said = '';
      this.keep(entry);
      const callId = entry.form.call_id;
      window.clearTimeout(draftTimers.get(callId));
      draftTimers.set(callId, window.setTimeout(() => void this.sendDraft(callId), DRAFT_AFTER_MS));
    },
    /** A text from elsewhere below what is typed already; false when it does not fit. */
    put(entry: Entry, field: 'answer' | 'content', text: string): boolean {
      const whole = [entry.form[field].trimEnd(), text].filter(Boolean).join('\n');
      if ([...whole].length > ANSWER_MAX) return false;
      entry.form[field] = whole;
      delete entry.errors[field];
      this.changed(entry);
      return true;
    },
    async sendDraft(callId: string): Promise<void> {
      const entry = this.entries[callId];
      if (!entry || entry.saved || !entry.typed) return;
      try {
        await api.put(`/drafts/${callId}`, { document: { ...entry.form } });
        if (!entry.failed && entry.typed) entry.said = '草稿已保存';
      } catch {
        if (!entry.failed && entry.typed) entry.said = '草稿已保存在本机'; // it goes out with the next change or the saving
      }
    },
    async save(callId: string): Promise<void> {
      const entry = this.entries[callId];
      if (!entry || entry.saving) return;
      window.clearTimeout(draftTimers.get(callId));
      Object.assign(entry, { errors: {}, failed: false, theirs: null });
      if (!entry.form.category) {
        Object.assign(entry, { errors: { category: '请选择业务类别' }, said: '还有必填项没有填', failed: true });
        return;
      }
      entry.saving = true;
      const sent = JSON.stringify(entry.form);
      try {
        const done = entry.saved
          ? await api.put<Saved>(`/records/${entry.form.id}`, entry.form, entry.saved.version)
          : await api.post<Saved>('/records', entry.form);
        entry.saved = { record_no: done.record_no ?? entry.saved?.record_no ?? '', version: done.version };
        entry.typed = JSON.stringify(entry.form) !== sent; // typed on while it was saved
        entry.waiting = false;
        entry.said = entry.typed ? '已保存，之后又有改动' : '已保存';
      } catch (error) {
        this.notSaved(entry, error);
      } finally {
        entry.saving = false;
        this.keep(entry);
      }
    },
    notSaved(entry: Entry, error: unknown): void {
      entry.errors = errorsOf(error);
      if (error instanceof ApiError && (error.status === 503 || error.status === 0)) {
        entry.waiting = true;
        entry.said = '暂时存不上，内容已保存在本机，恢复后自动提交';
        this.submitLater(AGAIN_AFTER_MS);
        return;
      }
      entry.waiting = false;
      entry.failed = true;
      entry.said = wordsOf(error);
      if (error instanceof ApiError && error.status === 412) {
        entry.said = '这条登记刚被别人改过';
        void api.get<Form & Saved>(`/records/${entry.form.id}`).then((theirs) => {
          entry.theirs = theirs;
          entry.saved = { record_no: theirs.record_no, version: theirs.version };
        }).catch((e: unknown) => (entry.said = wordsOf(e)));
      }
    },
    /** After 412: their text instead of mine. */
    takeTheirs(entry: Entry): void {
      if (!entry.theirs) return;
      for (const key of Object.keys(entry.form) as (keyof Form)[])
        if (key !== 'caller_no' && key in entry.theirs) Object.assign(entry.form, { [key]: entry.theirs[key] });
      Object.assign(entry, { theirs: null, typed: false, failed: false, said: '已换成别人保存的内容' });
      this.keep(entry);
    },
    submitLater(afterMs: number): void {
      window.clearTimeout(this.againTimer);
      this.againTimer = window.setTimeout(() => {
        for (const entry of Object.values(this.entries)) if (entry.waiting) void this.save(entry.form.call_id);
      }, afterMs);
    },
  },
});
