import { createRouter, createWebHistory } from 'vue-router';
import { useSession } from './stores/session';

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/sign-in' },
    { path: '/sign-in', component: () => import('./pages/SignIn.vue'), meta: { bare: true, public: true } },
    { path: '/workbench', component: () => import('./pages/Workbench.vue'), meta: { permission: 'agent.work' } },
    { path: '/wall', component: () => import('./pages/Wall.vue'), meta: { permission: 'monitor.read' } },
    { path: '/calls', component: () => import('./pages/CallLog.vue'), meta: { permission: 'call.read' } },
    { path: '/reports/voice_service', component: () => import('./pages/ReportVoice.vue'), meta: { permission: 'report.read' } },
    { path: '/settings/users', component: () => import('./pages/settings/Users.vue'), meta: { permission: 'settings.read' } },
    { path: '/settings/queues', component: () => import('./pages/settings/Queues.vue'), meta: { permission: 'settings.read' } },
    { path: '/settings/reasons', component: () => import('./pages/settings/Reasons.vue'), meta: { permission: 'settings.read' } },
    { path: '/:rest(.*)', redirect: '/sign-in' },
  ],
});

router.beforeEach(async (to) => {
  const session = useSession();
  if (!session.asked) await session.restore().catch(() => undefined); // not signed in: the page below asks
  if (to.meta.public) return session.me && !to.query.check ? session.home() : true;
  if (!session.me) return { path: '/sign-in', query: { to: to.fullPath } };
  const permission = to.meta.permission as string | undefined;
  return !permission || session.may(permission) ? true : session.home();
});
