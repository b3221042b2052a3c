import { KeyRound } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'setup',
  icon: KeyRound,
  order: 0,
  permission: null,
  routes: [
    {
      path: '/setup',
      name: 'setup',
      component: () => import('./SetupView.vue'),
      meta: { gate: true },
    },
    {
      path: '/setup/restore',
      name: 'setup-restore',
      component: () => import('./RestoreView.vue'),
      meta: { gate: true },
    },
  ],
} satisfies Room;
