import { Cable } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'lines',
  icon: Cable,
  order: 30,
  permission: 'lines.read',
  routes: [
    { path: '/lines', name: 'lines', component: () => import('./LinesView.vue') },
    {
      path: '/lines/:lineKey',
      name: 'line',
      component: () => import('./LineView.vue'),
      props: true,
    },
  ],
} satisfies Room;
