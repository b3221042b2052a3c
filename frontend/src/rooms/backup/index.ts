import { Archive } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'backup',
  icon: Archive,
  order: 140,
  permission: 'backups.manage',
  menu: 'administration',
  routes: [{ path: '/backup', name: 'backup', component: () => import('./BackupView.vue') }],
} satisfies Room;
