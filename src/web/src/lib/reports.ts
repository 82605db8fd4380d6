import type { Figures } from '../types';

/** What the daemon answers for a report. */
export interface Column { id: string; title: string; kind: 'count' | 'percent' | 'seconds' | 'text'; formula: string }
export interface Report { title: string; made_at: string; columns: Column[]; rows: Figures[]; total: Figures; check: number }

/** Reports by the code the daemon lists them under, and the page of each; one without a page is not offered. */
export const reportPages: Record<string, { path: string; about: string }> = {
  voice_service: { path: '/reports/voice_service', about: '呼入、请求人工、接通、放弃、呼损、接通率、服务水平、平均应答与处理时长；按中心、队列或小结类型统计，核对差为 0。' },
  agent_voice: { path: '/reports/agent_voice', about: '每名坐席的振铃、应答、久不应答、通话、保持、整理、外呼、求助、三方、转接、登记与满意度；按坐席、班组、队列或中心统计，当日数与班长席相同。' },
};
export const filterWords: Record<string, string> = {
  from: '起始日期', to: '截止日期', center_id: '中心', team_id: '班组', queue_id: '队列', unit_type: '单位类型', wrap_up_code: '小结类型', by: '统计对象',
};
