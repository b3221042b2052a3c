import { PencilLine } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'corrections',
  icon: PencilLine,
  order: 125,
  permission: 'readings.correct',
  menu: 'administration',
  routes: [
    {
      path: '/corrections',
      name: 'corrections',
      component: () => import('./CorrectionsView.vue'),
    },
    { path: '/corrections/new', name: 'correction-new', component: () => import('./NewView.vue') },
  ],
} satisfies Room;
