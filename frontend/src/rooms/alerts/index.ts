import { Siren } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'alerts',
  icon: Siren,
  order: 15,
  permission: 'alerts.read',
  routes: [
    { path: '/alerts', name: 'alerts', component: () => import('./AlertsView.vue') },
    {
      path: '/alerts/shelved',
      name: 'alerts-shelved',
      component: () => import('./ShelvedView.vue'),
    },
    {
      path: '/alerts/:id',
      name: 'alert',
      component: () => import('./AlertView.vue'),
      props: true,
    },
  ],
} satisfies Room;
