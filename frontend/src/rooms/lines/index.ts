import { Cable } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'lines',
  icon: Cable,
  order: 30,
  permission: 'lines.read',
  routes: [
    { path: '/lines', name: 'lines', component: () => import('./LinesView.vue') },
    // A key has dots and slashes: in a path the server would take it for a file.
    {
      path: '/lines/line',
      name: 'line',
      component: () => import('./LineView.vue'),
      props: ({ query }) => ({ lineKey: typeof query.key === 'string' ? query.key : '' }),
    },
  ],
} satisfies Room;
