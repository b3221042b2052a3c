import { Gauge } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'dashboard',
  icon: Gauge,
  order: 10,
  permission: 'readings.read',
  routes: [
    { path: '/', name: 'dashboard', component: () => import('./DashboardView.vue') },
    { path: '/machines', name: 'live', component: () => import('./LiveView.vue') },
  ],
  walls: [
    { name: 'overview', order: 10, view: () => import('./WallOverview.vue') },
    { name: 'flow', order: 20, view: () => import('./WallFlow.vue') },
    { name: 'live', order: 30, view: () => import('./WallLive.vue') },
    { name: 'alerts', order: 40, view: () => import('./WallAlerts.vue') },
  ],
} satisfies Room;
