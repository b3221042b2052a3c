import { FileText } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'reports',
  icon: FileText,
  order: 35,
  permission: 'coldchain.read',
  routes: [
    { path: '/reports', name: 'reports', component: () => import('./ReportsView.vue') },
    { path: '/reports/:id', name: 'report', component: () => import('./ReportView.vue') },
  ],
} satisfies Room;
