/** The lists of /queries: what each may be asked for. What they show, the daemon says (columns). */
export interface Column { id: string; title: string; kind: 'text' | 'time' | 'ms' | 'count' | 'phone' }
export type Row = Record<string, string | number | boolean | null>;
export interface Group { center_id: number; center_name: string; count: number; ms: number | null }
export interface QueryPage { title: string; numbers: 'whole' | 'masked'; columns: Column[]; items: Row[]; next: string | null; groups: Group[] | null }
export interface Filter { id: string; title: string; kind: 'text' | 'number' | 'queue' | 'pick'; options?: [string, string][] }
export interface Listing { id: string; title: string; permission: string; key: string; filters: Filter[] }

const number: Filter = { id: 'number', title: '对方号码', kind: 'text' };
const queue: Filter = { id: 'queue_id', title: '队列', kind: 'queue' };
const lengths: Filter[] = [{ id: 'min_s', title: '最短（秒）', kind: 'number' }, { id: 'max_s', title: '最长（秒）', kind: 'number' }];
const pick = (id: string, title: string, options: [string, string][]): Filter => ({ id, title, kind: 'pick', options });

export const listings: Listing[] = [
  { id: 'recordings', title: '录音', permission: 'recording.play', key: 'recording_id', filters: [number, queue, ...lengths, { id: 'record_no', title: '业务记录', kind: 'text' }, { id: 'ticket_no', title: '工单号', kind: 'text' },
    pick('state', '状态', [['closed', '完成'], ['open', '正在录音'], ['failed', '录音失败'], ['deleted', '已清除']]),
    pick('satisfaction', '满意度', [['5', '5 级（最好）'], ['4', '4 级'], ['3', '3 级'], ['2', '2 级'], ['1', '1 级（最差）'], ['none', '未评价']])] },
  { id: 'outbound', title: '外呼', permission: 'call.read', key: 'call_id', filters: [number, pick('result', '结果', [['connected', '已接通'], ['busy', '对方占线'], ['no_answer', '无人接听'],
    ['power_off', '关机或不在服务区'], ['refused', '对方拒接'], ['bad_number', '空号或有误'], ['agent', '坐席放弃'], ['trunk', '外线故障']])] },
  { id: 'sessions', title: '签入签出', permission: 'call.read', key: 'session_id', filters: [pick('reason', '签出原因', [['user', '本人签出'], ['forced', '强制签出'], ['timeout', '超时签出'], ['moved', '改在他处签入'], ['open', '签入中']])] },
  { id: 'states', title: '示忙示闲', permission: 'call.read', key: 'state_id', filters: [pick('state', '状态', [['ready', '空闲'], ['busy', '示忙'], ['rest', '小休'], ['ring', '振铃'], ['talk', '通话'], ['acw', '整理']]),
    { id: 'reason', title: '原因', kind: 'text' }, ...lengths] },
  { id: 'holds', title: '保持', permission: 'call.read', key: 'hold_id', filters: [number, ...lengths] },
  { id: 'no-answers', title: '久不应答', permission: 'call.read', key: 'offer_id', filters: [number, queue] },
  { id: 'ivr-transfers', title: '转IVR', permission: 'call.read', key: 'visit_id', filters: [number, pick('mode', '方式', [['release', '转出'], ['suspend', '挂起，办完返回'], ['survey', '满意度调查']]),
    pick('result', '结果', [['agent', '返回坐席'], ['taken_back', '坐席取回'], ['queue', '再次要求人工'], ['hangup', '流程结束'], ['caller', '来电人挂机'], ['error', '出错'], ['open', '进行中']])] },
  { id: 'unrecorded', title: '未录音', permission: 'call.read', key: 'unrecorded_id', filters: [number, pick('reason', '原因', [['record_no_room', '磁盘空间不足'], ['record_open_failed', '文件无法建立'], ['record_write_failed', '写入失败'], ['record_start_failed', '无法开始']])] },
  { id: 'sms', title: '短信', permission: 'sms.read', key: 'sms_id', filters: [{ ...number, title: '号码' }, pick('state', '状态', [['queued', '待发'], ['sent', '已提交'], ['delivered', '已送达'], ['failed', '失败']])] },
];
