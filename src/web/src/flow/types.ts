/** Every type of node as docs/flows.md has it: one entry each. Page, graph, outline, checks and words follow from it. */
import type { Component } from 'vue';
import {
  Bell, Calendar, ChatDotRound, Connection, Cpu, Edit, Headset, Link, Microphone, Operation, Phone, PhoneFilled, Right, Service, Star, VideoPlay,
} from '@element-plus/icons-vue';

export type FieldKind =
  | 'prompt' | 'queue' | 'calendar' | 'agent' | 'connector' // chosen from what the center has
  | 'text' | 'number' | 'milliseconds' | 'tick' | 'choice' | 'variable'
  | 'levels' // key to level 1-5 (survey)
  | 'test' // the one comparison of a condition
  | 'send' | 'take'; // field and variable (http)
export interface Field {
  name: string; title: string; kind: FieldKind;
  required?: boolean; min?: number; max?: number; otherwise?: number; hint?: string;
  choices?: Record<string, string>;
}
/** Where a node leads; `keys: true` are the twelve keys of a menu instead. */
/** otherwise: what an optional one that leads nowhere means. */
export interface Branch { name: string; title: string; optional?: boolean; otherwise?: string }
export interface NodeType {
  title: string; icon: Component; colour: string; group: string; hint: string;
  fields: Field[]; branches: Branch[]; keys?: boolean;
  /** What a new one begins with. */
  fresh: Record<string, unknown>;
}

export const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '*', '#'];
export const keyTitle = (key: string): string => (key === '*' ? '星号键' : key === '#' ? '井号键' : `按 ${key}`);

const prompt: Field = { name: 'prompt', title: '提示音', kind: 'prompt' };
const needed: Field = { ...prompt, required: true };
const music: Field = { name: 'music', title: '等待音乐', kind: 'prompt' };
const interruptible: Field = { name: 'interruptible', title: '按键可打断', kind: 'tick' };
const question: Field[] = [
  needed,
  { name: 'invalid', title: '按错键时放', kind: 'prompt' },
  { name: 'no_input', title: '未按键时放', kind: 'prompt' },
  { name: 'timeout_ms', title: '等待按键', kind: 'milliseconds', min: 500, max: 120000, otherwise: 5000 },
  { name: 'retries', title: '重复次数', kind: 'number', min: 0, max: 9, otherwise: 2 },
];
const queue: Field = { name: 'queue', title: '技能队列', kind: 'queue', required: true };
const variable: Field = { name: 'variable', title: '变量', kind: 'variable', required: true };

export const nodeTypes: Record<string, NodeType> = {
  play: {
    title: '放音', icon: VideoPlay, colour: '#2468c9', group: '语音', hint: '播放一段提示音，然后继续', fresh: { prompt: '', next: '' },
    fields: [needed, interruptible], branches: [{ name: 'next', title: '放完后' }],
  },
  menu: {
    title: '菜单', icon: Operation, colour: '#6a45bd', group: '语音', hint: '放提示音并等待按键，每个按键通向一处', fresh: { prompt: '', keys: {}, failed: '' },
    fields: question, keys: true, branches: [{ name: 'failed', title: '多次未按对' }],
  },
  collect: {
    title: '收号', icon: Edit, colour: '#6a45bd', group: '语音', hint: '请来电人输入一串数字，存入变量', fresh: { prompt: '', variable: '', next: '', failed: '' },
    fields: [...question, variable,
      { name: 'min', title: '最少位数', kind: 'number', min: 1, max: 31, otherwise: 1 },
      { name: 'max', title: '最多位数', kind: 'number', min: 1, max: 31, otherwise: 31 },
      { name: 'end', title: '结束键', kind: 'choice', choices: { '#': '井号键', '*': '星号键', '': '无' } }],
    branches: [{ name: 'next', title: '收到后' }, { name: 'failed', title: '多次未输对' }],
  },
  say: {
    title: '报读变量', icon: Microphone, colour: '#2468c9', group: '语音', hint: '把变量读给来电人听', fresh: { variable: '', next: '' },
    fields: [variable, { name: 'as', title: '读法', kind: 'choice', choices: { digits: '逐位读', number: '读作数量', amount: '读作金额' } },
      { ...prompt, title: '前面放' }, { name: 'suffix', title: '后面放', kind: 'prompt' }, interruptible],
    branches: [{ name: 'next', title: '读完后' }],
  },
  survey: {
    title: '满意度', icon: Star, colour: '#6a45bd', group: '语音', hint: '请来电人按键评价', fresh: { prompt: '', keys: { 1: 5, 2: 4, 3: 3, 4: 2, 5: 1 }, next: '' },
    fields: [...question, { name: 'keys', title: '按键对应的评价', kind: 'levels', required: true }],
    branches: [{ name: 'next', title: '评价后' }, { name: 'failed', title: '未评价', optional: true, otherwise: '同上' }],
  },
  hours: {
    title: '工作时间', icon: Calendar, colour: '#0a6e79', group: '判断', hint: '按工作日历分工作时间与非工作时间', fresh: { calendar: '', open: '', closed: '' },
    fields: [{ name: 'calendar', title: '工作日历', kind: 'calendar', required: true }],
    branches: [{ name: 'open', title: '工作时间' }, { name: 'closed', title: '非工作时间' }],
  },
  condition: {
    title: '条件', icon: Connection, colour: '#0a6e79', group: '判断', hint: '看变量的值，分是与否', fresh: { variable: '', equals: '', yes: '', no: '' },
    fields: [variable, { name: 'test', title: '条件', kind: 'test', required: true }],
    branches: [{ name: 'yes', title: '符合' }, { name: 'no', title: '不符合' }],
  },
  http: {
    title: '查询', icon: Cpu, colour: '#0a6e79', group: '判断', hint: '向“接口”页登记的地址查询，结果存入变量', fresh: { connector: '', next: '', failed: '', timeout: '' },
    fields: [{ name: 'connector', title: '接口', kind: 'connector', required: true }, { ...prompt, title: '查询前放' }, music,
      { name: 'send', title: '送出', kind: 'send' }, { name: 'take', title: '取回', kind: 'take' },
      { name: 'timeout_ms', title: '最长等待', kind: 'milliseconds', min: 500, max: 20000, otherwise: 5000 }],
    branches: [{ name: 'next', title: '查到' }, { name: 'failed', title: '失败' }, { name: 'timeout', title: '超时' }, { name: 'not_found', title: '查无此人', optional: true, otherwise: '同“失败”' }],
  },
  goto: {
    title: '跳转', icon: Right, colour: '#556070', group: '判断', hint: '直接转到另一个节点', fresh: { target: '' },
    fields: [], branches: [{ name: 'target', title: '转到' }],
  },
  queue: {
    title: '人工队列', icon: Headset, colour: '#0b7a4b', group: '服务', hint: '在技能队列中等待坐席接听', fresh: { queue: '', on_wait_over: '', on_no_agent: '', on_full: '' },
    fields: [queue, prompt, music, { name: 'priority', title: '优先级', kind: 'number', min: -100, max: 100, otherwise: 0 }],
    branches: [{ name: 'on_wait_over', title: '等待超时' }, { name: 'on_no_agent', title: '无人签入' }, { name: 'on_full', title: '队列已满' }],
  },
  agent: {
    title: '指定坐席', icon: Service, colour: '#0b7a4b', group: '服务', hint: '先只等指定工号的坐席（应服务于所选队列），等不到再由该队列的其他坐席接听或另行处理',
    fresh: { agent_no: '', queue: '', on_wait_over: '', on_no_agent: '', on_full: '' },
    fields: [{ name: 'agent_no', title: '工号', kind: 'agent' }, { name: 'variable', title: '或工号所在变量', kind: 'variable' }, queue,
      { name: 'wait_ms', title: '只等该坐席', kind: 'milliseconds', min: 5000, max: 120000, otherwise: 20000 },
      prompt, music, { name: 'priority', title: '优先级', kind: 'number', min: -100, max: 100, otherwise: 0 }],
    branches: [{ name: 'off', title: '坐席不在', optional: true, otherwise: '由队列中其他坐席接听' },
      { name: 'no_answer', title: '坐席未接', optional: true, otherwise: '由队列中其他坐席接听' },
      { name: 'on_wait_over', title: '等待超时' }, { name: 'on_no_agent', title: '无人签入' }, { name: 'on_full', title: '队列已满' }],
  },
  external: {
    title: '外线号码', icon: PhoneFilled, colour: '#0b7a4b', group: '服务', hint: '接通外面的电话号码', fresh: { number: '', next: '', failed: '' },
    fields: [{ name: 'number', title: '号码', kind: 'text' }, { name: 'variable', title: '或号码所在变量', kind: 'variable' }, prompt,
      { name: 'data', title: '随带数据', kind: 'text', hint: '最多 127 字节' }],
    branches: [{ name: 'next', title: '对方挂机后' }, { name: 'failed', title: '未接通' }],
  },
  voicemail: {
    title: '留言', icon: Bell, colour: '#0b7a4b', group: '服务', hint: '录下来电人的留言；每个场景的开关和提示音在“留言”页设置', fresh: { next: '', off: '', failed: '' },
    fields: [{ ...prompt, title: '留言前放' }, { name: 'box', title: '场景', kind: 'choice', choices: { '': '按工作日历判断', off_day: '非工作日', off_hours: '非工作时段', all_busy: '坐席全忙', chosen: '来电人选择' } },
      { name: 'max_s', title: '最长留言（秒）', kind: 'number', min: 5, max: 600, otherwise: 120 }],
    branches: [{ name: 'next', title: '录好后' }, { name: 'off', title: '未启用或已满' }, { name: 'failed', title: '失败' }],
  },
  callback: {
    title: '预约回拨', icon: Phone, colour: '#0b7a4b', group: '服务', hint: '登记回拨，由坐席回电', fresh: { queue: '', next: '', failed: '' },
    fields: [queue, prompt], branches: [{ name: 'next', title: '已登记' }, { name: 'failed', title: '失败' }],
  },
  bot: {
    title: '智能客服', icon: ChatDotRound, colour: '#0b7a4b', group: '服务', hint: '由智能客服先行应答', fresh: { next: '', done: '', off: '' },
    fields: [prompt], branches: [{ name: 'next', title: '转人工' }, { name: 'done', title: '已解决' }, { name: 'off', title: '未启用或已满' }],
  },
  hangup: {
    title: '结束', icon: Link, colour: '#c12c25', group: '服务', hint: '放结束语后挂机', fresh: { reason: 'done' },
    fields: [prompt, { name: 'reason', title: '结果记为', kind: 'choice', choices: { done: '自助办结', closed: '非工作时段', lost: '未能接通人工', error: '流程异常' } }],
    branches: [],
  },
};

export const givenVariables: Record<string, string> = {
  caller_no: '来电号码', caller_city: '来电人所在市（区划代码）', called_no: '被叫号码', source: '来源（direct 直拨，from_12366 自治区转入，from_city 分中心转入）',
};
export const testWords: Record<string, string> = { equals: '等于', in: '是其中之一', starts_with: '开头是', is_set: '有值' };
