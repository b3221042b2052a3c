import { LogIn } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'login',
  icon: LogIn,
  order: 1,
  permission: null,
  routes: [
    {
      path: '/login',
      name: 'login',
      component: () => import('./LoginView.vue'),
      meta: { gate: true },
    },
  ],
} satisfies Room;
