import { Siren } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'alerts',
  icon: Siren,
  order: 15,
  permission: 'alerts.read',
  routes: [{ path: '/alerts', name: 'alerts', component: () => import('./AlertsView.vue') }],
} satisfies Room;
