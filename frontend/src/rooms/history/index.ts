import { ChartSpline } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'history',
  icon: ChartSpline,
  order: 30,
  permission: 'readings.read',
  routes: [{ path: '/history', name: 'history', component: () => import('./HistoryView.vue') }],
} satisfies Room;
