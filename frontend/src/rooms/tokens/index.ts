import { KeySquare } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'tokens',
  icon: KeySquare,
  order: 110,
  permission: 'tokens.manage',
  menu: 'administration',
  routes: [
    { path: '/tokens', name: 'tokens', component: () => import('./TokensView.vue') },
    { path: '/tokens/new', name: 'token-new', component: () => import('./NewView.vue') },
  ],
} satisfies Room;
