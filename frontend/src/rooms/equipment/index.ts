import { Cpu } from '@lucide/vue';
import type { Room } from '@/session/room';

const form = () => import('./FormView.vue');
const mayWrite = { permission: 'equipment.write' as const };

export default {
  name: 'equipment',
  icon: Cpu,
  order: 20,
  permission: 'equipment.read',
  routes: [
    { path: '/equipment', name: 'equipment', component: () => import('./EquipmentView.vue') },
    { path: '/equipment/new', name: 'equipment-new', component: form, meta: mayWrite },
    {
      path: '/equipment/:id',
      name: 'equipment-detail',
      component: () => import('./DetailView.vue'),
      props: true,
    },
    {
      path: '/equipment/:id/commissioning/:report?',
      name: 'equipment-commissioning',
      component: () => import('./CommissioningView.vue'),
      props: true,
    },
    {
      path: '/equipment/:id/edit',
      name: 'equipment-edit',
      component: form,
      props: true,
      meta: mayWrite,
    },
  ],
} satisfies Room;
