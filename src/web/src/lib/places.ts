// Every page once: where it is, who may go there, and where it stands in the menu. The router and the menu read this table.
import { Tickets, Aim, Avatar, ChatLineSquare, DataBoard, DocumentChecked, Calendar, Coin, Collection, CollectionTag, Cpu, DataAnalysis, Filter, Grid, Guide, Headset, Key, List, Message, Microphone, Monitor, Notebook, Operation, Phone, PhoneFilled, Search, Share, Star, Switch, User, Service } from '@element-plus/icons-vue';
import type { Component } from 'vue';
import type { RouteComponent } from 'vue-router';
import { useSession } from '../stores/session';

export interface Entry { name: string; icon: Component; id: string; group?: string }
export interface Place {
  path: string;
  page: () => Promise<RouteComponent>;
  permission: string;
  scope?: string;
  /** A function of the center without which the page is not there. */
  needs?: string;
  menu?: Entry;
}
/** Behind 设置, by group. */
export const GROUPS = ['人员', '话务', '流程与语音', '系统'];
export const PLACES: Place[] = [
  { path: '/workbench', page: () => import('../pages/Workbench.vue'), permission: 'agent.work', needs: 'agent', menu: { name: '工作台', icon: Headset, id: 'nav-workbench' } },
  { path: '/leader', page: () => import('../pages/Leader.vue'), permission: 'monitor.force', menu: { name: '班长席', icon: Aim, id: 'nav-leader' } },
  { path: '/wall', page: () => import('../pages/Wall.vue'), permission: 'monitor.read', needs: 'wall', menu: { name: '监控', icon: Monitor, id: 'nav-wall' } },
  { path: '/overview', page: () => import('../pages/Overview.vue'), permission: 'monitor.read', scope: 'region', needs: 'wall', menu: { name: '全局监控', icon: DataBoard, id: 'nav-overview' } },
  { path: '/calls', page: () => import('../pages/CallLog.vue'), permission: 'call.read', needs: 'call_log', menu: { name: '通话记录', icon: List, id: 'nav-calls' } },
  { path: '/voicemails', page: () => import('../pages/Voicemails.vue'), permission: 'voicemail.read', needs: 'voicemail', menu: { name: '留言', icon: Message, id: 'nav-voicemails' } },
  { path: '/callbacks', page: () => import('../pages/Callbacks.vue'), permission: 'callback.work', needs: 'callback', menu: { name: '回拨', icon: PhoneFilled, id: 'nav-callbacks' } },
  { path: '/tickets', page: () => import('../pages/Tickets.vue'), permission: 'ticket.read', needs: 'tickets', menu: { name: '工单', icon: Tickets, id: 'nav-tickets' } },
  { path: '/queries/:list?', page: () => import('../pages/Queries.vue'), permission: 'call.read', needs: 'queries', menu: { name: '查询', icon: Search, id: 'nav-queries' } },
  { path: '/contacts', page: () => import('../pages/Contacts.vue'), permission: 'contact.read', menu: { name: '通讯录', icon: Notebook, id: 'nav-contacts' } },
  { path: '/knowledge', page: () => import('../pages/Knowledge.vue'), permission: 'knowledge.read', needs: 'knowledge', menu: { name: '知识库', icon: Collection, id: 'nav-knowledge' } },
  { path: '/reports', page: () => import('../pages/Reports.vue'), permission: 'report.read', scope: 'team', menu: { name: '报表', icon: DataAnalysis, id: 'nav-reports' } },
  { path: '/settings/users', page: () => import('../pages/settings/Users.vue'), permission: 'settings.read', menu: { name: '人员', icon: User, id: 'nav-users', group: '人员' } },
  { path: '/settings/teams', page: () => import('../pages/settings/Teams.vue'), permission: 'settings.read', menu: { name: '班组技能', icon: Avatar, id: 'nav-teams', group: '人员' } },
  { path: '/settings/queues', page: () => import('../pages/settings/Queues.vue'), permission: 'settings.read', menu: { name: '队列', icon: Operation, id: 'nav-queues', group: '话务' } },
  { path: '/settings/calendars', page: () => import('../pages/settings/Calendars.vue'), permission: 'settings.read', needs: 'calendars', menu: { name: '日历', icon: Calendar, id: 'nav-calendars', group: '话务' } },
  { path: '/settings/lists', page: () => import('../pages/settings/NumberLists.vue'), permission: 'settings.read', needs: 'number_lists', menu: { name: '名单', icon: Filter, id: 'nav-lists', group: '话务' } },
  { path: '/settings/flows', page: () => import('../pages/settings/Flows.vue'), permission: 'settings.read', needs: 'flow_editor', menu: { name: '流程', icon: Share, id: 'nav-flows', group: '流程与语音' } },
  { path: '/settings/connectors', page: () => import('../pages/settings/Connectors.vue'), permission: 'settings.read', needs: 'flow_editor', menu: { name: '接口', icon: Cpu, id: 'nav-connectors', group: '流程与语音' } },
  { path: '/settings/prompts', page: () => import('../pages/settings/Prompts.vue'), permission: 'settings.read', needs: 'prompts', menu: { name: '提示音', icon: Microphone, id: 'nav-prompts', group: '流程与语音' } },
  { path: '/settings/dialing', page: () => import('../pages/settings/Dialing.vue'), permission: 'settings.read', needs: 'dial', menu: { name: '外呼', icon: Phone, id: 'nav-dialing', group: '话务' } },
  { path: '/settings/transfers', page: () => import('../pages/settings/Transfers.vue'), permission: 'settings.read', menu: { name: '呼转', icon: Switch, id: 'nav-transfers', group: '话务' } },
  { path: '/settings/routes', page: () => import('../pages/settings/Routes.vue'), permission: 'settings.read', menu: { name: '分流', icon: Guide, id: 'nav-routes', group: '话务' } },
  { path: '/settings/functions', page: () => import('../pages/settings/Functions.vue'), permission: 'region.write', menu: { name: '功能', icon: Grid, id: 'nav-functions', group: '系统' } },
  { path: '/settings/pools', page: () => import('../pages/settings/Pools.vue'), permission: 'settings.read', menu: { name: '资源池', icon: Coin, id: 'nav-pools', group: '系统' } },
  { path: '/settings/keys', page: () => import('../pages/settings/Keys.vue'), permission: 'key.write', menu: { name: '接口密钥', icon: Key, id: 'nav-keys', group: '系统' } },
  { path: '/settings/bots', page: () => import('../pages/settings/Bots.vue'), permission: 'settings.read', needs: 'bot', menu: { name: '机器人', icon: Service, id: 'nav-bots', group: '流程与语音' } },
  { path: '/settings/reasons', page: () => import('../pages/settings/Reasons.vue'), permission: 'settings.read', needs: 'reasons', menu: { name: '原因小结', icon: CollectionTag, id: 'nav-reasons', group: '人员' } },
  { path: '/settings/survey', page: () => import('../pages/settings/Survey.vue'), permission: 'settings.read', needs: 'survey', menu: { name: '满意度', icon: Star, id: 'nav-survey', group: '流程与语音' } },
  { path: '/settings/sms', page: () => import('../pages/settings/Sms.vue'), permission: 'settings.read', menu: { name: '短信', icon: ChatLineSquare, id: 'nav-sms', group: '系统' } },
  { path: '/audit', page: () => import('../pages/Audit.vue'), permission: 'audit.read', menu: { name: '审计', icon: DocumentChecked, id: 'nav-audit', group: '系统' } },
  { path: '/reports/voice_service', page: () => import('../pages/ReportVoice.vue'), permission: 'report.read', scope: 'center' },
  { path: '/reports/agent_voice', page: () => import('../pages/ReportAgents.vue'), permission: 'report.read', scope: 'team' },
  { path: '/settings/flows/:id(\\d+)', page: () => import('../pages/settings/FlowEditor.vue'), permission: 'settings.read', needs: 'flow_editor' },
];

export function mayGo(place: Place): boolean {
  const session = useSession();
  return session.may(place.permission, place.scope) && (!place.needs || session.has(place.needs));
}
