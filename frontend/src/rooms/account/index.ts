import { UserRound } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'account',
  icon: UserRound,
  order: 90,
  // Everybody's own; the way in is the menu behind the initials.
  permission: null,
  routes: [{ path: '/account', name: 'account', component: () => import('./AccountView.vue') }],
} satisfies Room;
