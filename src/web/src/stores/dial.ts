import { defineStore } from 'pinia';
import { api, errorsOf, wordsOf } from '../api';
import { dialEndWords, midnight, today } from '../lib/words';
import { line } from '../line/softphone';
import type { CallItem, LiveCall, Page } from '../types';
import { useAgent } from './agent';
import { useSession } from './session';

/** A call that did not come about, and why; `text` is all that is known so far. */
interface Failure { callId: string; number: string; text: string }
/** Why a call ended is in the database a moment later; after so long it is told without. */
const ASK_EVERY_MS = 500;
const ASK_TIMES = 16;

const storageKey = (): string => `hotlined.dial.${useSession().me?.user.id ?? 0}`;
const wait = (ms: number): Promise<void> => new Promise((wake) => window.setTimeout(wake, ms));

/** Calling a number outside: typed in the bar or by one click beside a number. */
export const useDial = defineStore('dial', {
  state: () => ({ open: false, number: '', problem: '', working: false, failure: null as Failure | null }),
  getters: {
    may: (): boolean => !!useSession().me?.is_agent && useSession().may('agent.work') && useSession().may('call.dial'),
    /** Why no number can be called now; empty = it can. */
    whyNot(): string {
      const agent = useAgent();
      const call = agent.call;
      if (!agent.signedIn) return '您还没有签入话务';
      if (this.working || agent.dialing) return '正在呼叫';
      if (agent.state === 'ring') return '正在振铃';
      if (agent.state === 'talk') return '正在通话';
      if (agent.state === 'acw' && call?.wrap_up_required && !call.wrap_up_saved) return '请先选好上一通的小结';
      if (agent.doc?.line.kind === 'browser' && line.taken) return '线路不在本页';
      if (agent.doc?.line.state !== 'up') return '线路未接通';
      return '';
    },
  },
  actions: {
    /** What was typed before a reload or a crash. */
    restore(): void {
      this.number = localStorage.getItem(storageKey()) ?? '';
    },
    typed(text: string): void {
      this.number = text;
      this.problem = '';
      localStorage.setItem(storageKey(), text);
    },
    /** True when the number is being called. */
    async call(number: string): Promise<boolean> {
      this.working = true;
      this.failure = null;
      try {
        await api.post('/agent/calls', { number });
        return true;
      } catch (error) {
        this.problem = errorsOf(error).number ?? wordsOf(error);
        return false;
      } finally {
        this.working = false;
      }
    },
    /** The number in the field; it stays there, so that the same keys call it again. */
    async callTyped(): Promise<void> {
      this.problem = this.number.trim() ? this.whyNot : '请输入号码';
      if (this.problem || !(await this.call(this.number))) return;
      this.open = false;
      localStorage.removeItem(storageKey());
    },
    /** The number beside which he clicked; what is typed in the field is left alone. */
    async callBack(number: string): Promise<void> {
      const before = this.problem;
      if (this.whyNot || (await this.call(number))) return;
      this.failure = { callId: '', number, text: `未能呼出：${this.problem}` };
      this.problem = before;
    },
    /** The agent is free again without an answer. Why, is told as soon as it is known. */
    async ended(call: LiveCall, byHimself: boolean): Promise<void> {
      if (byHimself) return;
      this.failure = { callId: call.call_id, number: call.party_no, text: '未接通' };
      for (let i = 0; i < ASK_TIMES && this.failure?.callId === call.call_id; i++) {
        await wait(ASK_EVERY_MS);
        const page = await api.get<Page<CallItem>>('/calls', { mine: 1, direction: 'out', from: midnight(today(), -1), limit: 10 }).catch(() => null);
        const reason = page?.items.find((c) => c.call_id === call.call_id)?.end_reason;
        if (!reason || this.failure?.callId !== call.call_id) continue;
        if (reason === 'agent') this.failure = null; // hung up at his phone or in another tab
        else this.failure.text = `未接通：${dialEndWords[reason] ?? reason}`;
        return;
      }
    },
  },
});
