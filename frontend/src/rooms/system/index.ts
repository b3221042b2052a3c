import { Stethoscope } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'system',
  icon: Stethoscope,
  order: 145,
  permission: 'audit.read',
  menu: 'administration',
  routes: [{ path: '/system', name: 'system', component: () => import('./SystemView.vue') }],
} satisfies Room;
