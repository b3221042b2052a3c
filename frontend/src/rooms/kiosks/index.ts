import { MonitorCheck } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'kiosks',
  icon: MonitorCheck,
  order: 120,
  permission: 'kiosks.manage',
  menu: 'administration',
  routes: [
    { path: '/kiosks', name: 'kiosks', component: () => import('./KiosksView.vue') },
    { path: '/kiosks/new', name: 'kiosk-new', component: () => import('./NewView.vue') },
  ],
} satisfies Room;
