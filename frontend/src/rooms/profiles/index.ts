import { BookOpen } from '@lucide/vue';
import type { Room } from '@/session/room';

const edit = () => import('./EditView.vue');
const mayWrite = { permission: 'equipment.write' as const };

export default {
  name: 'profiles',
  icon: BookOpen,
  order: 30,
  permission: 'equipment.read',
  routes: [
    { path: '/profiles', name: 'profiles', component: () => import('./ProfilesView.vue') },
    { path: '/profiles/new', name: 'profile-new', component: edit, meta: mayWrite },
    {
      path: '/profiles/:id',
      name: 'profile-detail',
      component: () => import('./ProfileView.vue'),
      props: true,
    },
    {
      path: '/profiles/:id/edit',
      name: 'profile-edit',
      component: edit,
      props: true,
      meta: mayWrite,
    },
  ],
} satisfies Room;
