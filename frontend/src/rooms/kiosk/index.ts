import { MonitorPlay } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'kiosk',
  icon: MonitorPlay,
  order: 4,
  permission: null,
  routes: [
    {
      path: '/kiosk',
      name: 'kiosk',
      component: () => import('./KioskView.vue'),
      meta: { gate: true, open: true, wall: true },
    },
  ],
} satisfies Room;
