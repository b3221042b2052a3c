import { RadioTower } from '@lucide/vue';
import type { Room } from '@/session/room';

const form = () => import('./FormView.vue');
const mayWrite = { permission: 'equipment.write' as const };

export default {
  name: 'devices',
  icon: RadioTower,
  order: 30,
  permission: 'equipment.read',
  routes: [
    { path: '/devices', name: 'devices', component: () => import('./DevicesView.vue') },
    { path: '/devices/new', name: 'device-new', component: form, meta: mayWrite },
    {
      path: '/devices/broker',
      name: 'broker',
      component: () => import('./BrokerView.vue'),
      meta: mayWrite,
    },
    {
      path: '/devices/:id',
      name: 'device-edit',
      component: form,
      props: true,
      meta: mayWrite,
    },
  ],
} satisfies Room;
