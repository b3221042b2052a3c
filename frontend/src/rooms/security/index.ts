import { ShieldCheck } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'security',
  icon: ShieldCheck,
  order: 115,
  permission: 'users.manage',
  menu: 'administration',
  routes: [{ path: '/security', name: 'security', component: () => import('./SecurityView.vue') }],
} satisfies Room;
