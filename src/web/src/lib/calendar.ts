/** Work calendars as people type them: hours of a day on one line, a year's holidays as rows. */
export type Period = [string, string];
export interface CalendarDocument { week: Record<string, Period[]>; days: Record<string, Period[]>; notes?: Record<string, string> }
export const weekdays = ['周一', '周二', '周三', '周四', '周五', '周六', '周日'];

/** 09:00-12:00 13:30-17:00; nothing = closed */
export const hoursText = (periods: Period[] | undefined): string => (periods ?? []).map((p) => p.join('-')).join(' ');
/** null: it cannot be read. 全天, and full-width signs, are understood, too. */
export function parseHours(text: string): Period[] | null {
  const plain = text.trim().replace(/：/g, ':').replace(/[－—~～至]/g, '-').replace(/[，、,；;]/g, ' ');
  if (!plain || plain === '休' || plain === '休息') return [];
  if (plain === '全天') return [['00:00', '24:00']];
  const periods: Period[] = [];
  for (const part of plain.replace(/\s*-\s*/g, '-').split(/\s+/)) {
    const found = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(part);
    if (!found) return null;
    periods.push([`${found[1]?.padStart(2, '0')}:${found[2]}`, `${found[3]?.padStart(2, '0')}:${found[4]}`]);
  }
  return periods;
}

export interface SpecialDay { date: string; note: string; hours: string }
export interface Imported { days: SpecialDay[]; problems: string[] }
const DAY_MS = 86400000;
function datesOf(first: string, last: string): string[] {
  const [from, to] = [Date.parse(`${first}T00:00:00Z`), Date.parse(`${last}T00:00:00Z`)];
  const dates: string[] = [];
  for (let at = from; at <= to && dates.length <= 60; at += DAY_MS) dates.push(new Date(at).toISOString().slice(0, 10));
  return dates;
}
/** 2026-10-01、2026.10.1 and 2026年10月1日 are the same day. */
function dateOf(text: string): string | null {
  const found = /^(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?$/.exec(text);
  if (!found) return null;
  const date = `${found[1]}-${found[2]?.padStart(2, '0')}-${found[3]?.padStart(2, '0')}`;
  const at = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== date ? null : date;
}
/**
 * One row each: a day or 首日..末日, a name, then the hours; none = closed. 上班按周一 takes that day's hours of the week.
 *   2026-10-01..2026-10-07 国庆节
 *   2026-10-10 国庆补班 按周一
 *   2026-12-31 年终 09:00-12:00
 */
export function parseHolidays(text: string, week: string[]): Imported {
  const result: Imported = { days: [], problems: [] };
  text.split('\n').forEach((row, i) => {
    const [when = '', ...rest] = row.trim().split(/\s+/);
    if (!when) return;
    const [first, last] = when.split(/\.\.|至|~|～/).map(dateOf);
    if (!first || last === null || (last && last < first)) {
      result.problems.push(`第 ${i + 1} 行：“${when}”不是日期，写法如 2026-10-01 或 2026-10-01..2026-10-07`);
      return;
    }
    const at = rest.findIndex((word) => /^\d{1,2}[:：]|^全天$|^休息?$|^(上班)?按周[一二三四五六日]$/.test(word));
    const note = (at < 0 ? rest : rest.slice(0, at)).join(' ');
    const said = at < 0 ? '' : rest.slice(at).join(' ');
    const like = /按周([一二三四五六日])$/.exec(said);
    const hours = like ? (week['一二三四五六日'.indexOf(like[1] ?? '')] ?? '') : said;
    if (parseHours(hours) === null || note.length > 20) {
      result.problems.push(`第 ${i + 1} 行：${note.length > 20 ? '名称最多 20 个字' : `时段“${said}”看不懂，写法如 09:00-12:00 13:30-17:00`}`);
      return;
    }
    for (const date of datesOf(first, last ?? first)) result.days.push({ date, note, hours: hoursText(parseHours(hours) ?? []) });
  });
  return result;
}
