import { HardDriveDownload } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'update',
  icon: HardDriveDownload,
  order: 180,
  permission: 'update.manage',
  menu: 'administration',
  routes: [{ path: '/update', name: 'update', component: () => import('./UpdateView.vue') }],
} satisfies Room;
