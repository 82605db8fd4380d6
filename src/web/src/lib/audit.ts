/** The audit log in words. */
import { listings } from './queries';
import { clock, stateWords } from './words';

/** What is looked for most; "monitor." = everything that begins so. */
export const auditKinds: [string, string][] = [
  ['monitor.', '监控操作（监听、接话、强拆等）'], ['queue.move', '移动排队来电'], ['session.sign_in', '登录'], ['recording.', '录音'], ['record.', '业务登记'], ['call.', '通话'],
  ['report.', '报表'], ['query.', '查询'], ['user.', '人员'], ['team.', '班组'], ['skill_group.', '技能组'], ['queue.', '队列'], ['flow.', '流程'], ['prompt.', '提示音'], ['transfer.', '呼转'], ['bot.', '机器人'],
  ['number_list.', '黑白名单'], ['voicemail.', '留言'], ['callback.', '回拨'], ['ticket.', '工单'], ['contact.', '通讯录'], ['key.', '接口密钥'], ['sms.', '短信'], ['kb_', '知识库'], ['audit.', '审计'], ['refused', '越权被拒'],
];
const objects: Record<string, string> = {
  monitor: '', session: '', recording: '录音', record: '登记', call: '通话', report: '报表', query: '查询', user: '人员', team: '班组', skill_group: '技能组', queue: '队列', flow: '流程', prompt: '提示音', transfer: '呼转', bot: '机器人',
  number_list: '名单', voicemail: '留言', callback: '回拨', ticket: '工单', contact: '通讯录', audit: '审计日志', key: '接口密钥', sms: '短信', pool: '资源池', center: '中心', calendar: '日历', reason: '原因', wrap_up_code: '小结', survey: '满意度', trunk: '中继', caller: '来电人', kb_entry: '知识', kb_class: '知识类别',
};
const verbs: Record<string, string> = {
  try: '试用', create: '新建', update: '修改', delete: '删除', read: '查看', list: '列出', export: '导出', download: '下载', play: '收听', publish: '发布', rollback: '回退', restore: '恢复', member: '加入成员', member_delete: '移出成员', move: '移动来电', history: '历史',
  sign_in: '登录', sign_out: '退出', listen: '监听', whisper: '密语', barge: '强插', take_over: '接话', disconnect: '强拆', state: '强制状态', end: '结束监控', import: '导入', assign: '分派', take: '领取', transcribe: '重新识别', finish: '办结', void: '作废', accept: '受理', forward: '转办', return: '退回', reopen: '重新打开', call: '回拨', drop: '不再回拨',
  pause: '暂停', resume: '恢复', start: '开始', stop: '停止', rule: '规则', settings: '设置', password: '修改密码', allow: '许可', code: '接入码', dedicate: '专席', policy: '策略', quota: '配额', waveform: '查看波形', note: '批注', notes: '查看批注', note_delete: '删除批注', expire: '到期删除', timeline: '时间线', dial: '呼出', consult: '磋商', help: '求助', wrap_up: '小结', use: '操作', share: '份额', revoke: '吊销', say: '播放语音', collect: '采集按键', withdraw: '撤回',
};
export const objectOf = (kind: string): string => objects[kind] || listings.find((l) => l.id === kind)?.title || kind;
export function actionOf(action: string): string {
  if (action === 'refused') return '越权被拒';
  const [kind, verb] = action.split('.');
  return verb && verbs[verb] ? `${objects[kind] ?? kind}${verbs[verb]}` : action;
}
const keys: Record<string, string> = { agent_no: '工号', call: '通话', reason: '原因', mode: '方式', seconds: '时长', by: '由', state: '状态', to: '移到', id: '编号' };
const values: Record<string, Record<string, string>> = {
  mode: { listen: '监听', whisper: '密语', barge: '强插' }, by: { supervisor: '本人', system: '通话结束', agent: '坐席', caller: '来电人' }, state: stateWords, to: { head: '队首', queue: '队列', agent: '坐席' },
};
/** "agent_no=1001 call=… reason=…" of what leaders do; what else there is stays as written. The reason comes last and may have blanks. */
export function detailOf(action: string, detail: string): string {
  if (!action.startsWith('monitor.') && action !== 'queue.move') return detail;
  const [head, reason] = detail.split(/ ?reason=/);
  const parts = head.split(' ').filter(Boolean).map((pair) => {
    const at = pair.indexOf('=');
    const [key, value] = [pair.slice(0, at), pair.slice(at + 1)];
    return `${keys[key] ?? key} ${key === 'seconds' ? clock(Number(value) * 1000).slice(3) : (values[key]?.[value] ?? value)}`;
  });
  return [...parts, ...(reason ? [`原因 ${reason}`] : [])].join('，');
}
