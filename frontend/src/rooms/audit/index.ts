import { ScrollText } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'audit',
  icon: ScrollText,
  order: 120,
  permission: 'audit.read',
  menu: 'administration',
  routes: [
    { path: '/audit', name: 'audit', component: () => import('./AuditView.vue') },
    {
      path: '/audit/operations',
      name: 'operations',
      component: () => import('./OperationsView.vue'),
    },
  ],
} satisfies Room;
