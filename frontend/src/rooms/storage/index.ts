import { HardDrive } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'storage',
  icon: HardDrive,
  order: 130,
  permission: 'audit.read',
  menu: 'administration',
  routes: [{ path: '/storage', name: 'storage', component: () => import('./StorageView.vue') }],
} satisfies Room;
