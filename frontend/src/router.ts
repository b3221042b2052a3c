// Joins the rooms' declarations; the guard decides who may go where.
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router';
import { useSession } from '@/session/session';
import type { Room } from '@/session/room';
import { keepLinkToken, takeLinkToken } from '@/session/linkToken';
import { allWords } from '@/words';

const found = import.meta.glob<{ default: Room }>('./rooms/*/index.ts', { eager: true });

export const rooms: Room[] = Object.values(found)
  .map((module) => module.default)
  .sort((a, b) => a.order - b.order);

/** What a screen on a wall can show, in its usual order. */
export const wallPages = rooms
  .flatMap((room) => room.walls ?? [])
  .sort((a, b) => a.order - b.order);

const routes = rooms.flatMap((room) =>
  room.routes.map((route) => ({
    ...route,
    meta: { permission: room.permission, ...route.meta, room: room.name },
  })),
);

// Before the history is made: it remembers the address that it starts from, token and all.
takeLinkToken();

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    ...routes,
    {
      path: '/:pathMatch(.*)*',
      name: 'not-found',
      component: () => import('./shell/NotFoundView.vue'),
    },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
});

async function guard(to: RouteLocationNormalized) {
  // A link that is followed while the page stands; the entry that carries the token goes again.
  if (keepLinkToken(to.hash)) return { path: to.path, query: to.query, hash: '', replace: true };
  if (to.meta.wall) return true;
  const session = useSession();
  if (router.currentRoute.value.meta.wall && session.signedIn) return false;
  if (session.status === 'unknown') await session.restore();
  if (!session.signedIn) {
    if (await session.setupRequired())
      return ['setup', 'setup-restore'].includes(String(to.name)) || { name: 'setup' };
    if (to.name === 'login' || to.meta.open) return true;
    return { name: 'login', query: to.path === '/' ? {} : { next: to.fullPath } };
  }
  if (to.meta.gate && !to.meta.open) return { path: '/' };
  const permission = to.meta.permission;
  if (permission && !session.may(permission)) {
    // Who may not see the plant begins where he may: a customer with his cells.
    const own = rooms.find((room) => room.permission !== null && session.may(room.permission));
    const home = to.path === '/' ? own?.routes[0] : undefined;
    if (home) return { path: home.path, replace: true };
    return { name: 'not-found', params: { pathMatch: to.path.split('/').slice(1) } };
  }
  return true;
}

router.beforeEach(guard);

/** Rooms whose words came with the page. */
const FIRST_ROOMS: (string | undefined)[] = ['dashboard', 'login', undefined];
router.beforeResolve(async (to) => {
  if (!FIRST_ROOMS.includes(to.meta.room)) await allWords();
});

/** Fetches the other rooms' code while all is well, so that a walk through them needs no network. */
export function fetchRooms(): void {
  void allWords().catch(() => undefined);
  for (const route of router.getRoutes())
    for (const view of Object.values(route.components ?? {}))
      // The router meets the same failure again on the way in, and says so there.
      if (typeof view === 'function')
        void (view as () => Promise<unknown>)().catch(() => undefined);
}
