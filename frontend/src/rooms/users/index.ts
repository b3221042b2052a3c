import { UsersRound } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'users',
  icon: UsersRound,
  order: 100,
  permission: 'users.manage',
  menu: 'administration',
  routes: [
    { path: '/users', name: 'users', component: () => import('./UsersView.vue') },
    { path: '/users/invite', name: 'user-invite', component: () => import('./InviteView.vue') },
    { path: '/users/roles', name: 'roles', component: () => import('./RolesView.vue') },
    { path: '/users/sessions', name: 'sessions', component: () => import('./SessionsView.vue') },
    { path: '/users/codes', name: 'reset-codes', component: () => import('./CodesView.vue') },
    { path: '/users/:id', name: 'user', component: () => import('./UserView.vue'), props: true },
  ],
} satisfies Room;
