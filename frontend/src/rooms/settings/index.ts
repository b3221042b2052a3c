import { SlidersHorizontal } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'settings',
  icon: SlidersHorizontal,
  order: 95,
  permission: 'settings.write',
  menu: 'administration',
  routes: [{ path: '/settings', name: 'settings', component: () => import('./SettingsView.vue') }],
} satisfies Room;
