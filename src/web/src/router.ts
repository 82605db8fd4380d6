import { createRouter, createWebHistory } from 'vue-router';
import { PLACES, mayGo, type Place } from './lib/places';
import { Unloaded, part, unloaded } from './lib/unloaded';
import { useSession } from './stores/session';

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/sign-in' },
    { path: '/sign-in', component: part(() => import('./pages/SignIn.vue')), meta: { bare: true, public: true } },
    ...PLACES.map((place) => ({ path: place.path, component: part(place.page), meta: { place } })),
    { path: '/:rest(.*)', redirect: '/sign-in' },
  ],
});

router.beforeEach(async (to) => {
  const session = useSession();
  if (!session.asked) await session.restore().catch(() => undefined); // not signed in: the page below asks
  if (to.meta.public) return session.me && !to.query.check ? session.home() : true;
  if (!session.me) return { path: '/sign-in', query: { to: to.fullPath } };
  return mayGo(to.meta.place as Place) ? true : session.home();
});
router.onError((error, to) => {
  if (error instanceof Unloaded) unloaded.value = to.fullPath;
});
router.afterEach((_to, _from, failure) => {
  if (!failure) unloaded.value = '';
});
