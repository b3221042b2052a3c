import { Gauge } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'dashboard',
  icon: Gauge,
  order: 10,
  permission: 'readings.read',
  routes: [
    { path: '/', name: 'dashboard', component: () => import('./DashboardView.vue') },
    { path: '/live', name: 'live', component: () => import('./LiveView.vue') },
  ],
} satisfies Room;
