import { BellRing } from '@lucide/vue';
import type { Room } from '@/session/room';

const mayManage = { permission: 'notifications.manage' as const };
const policy = () => import('./PolicyView.vue');

export default {
  name: 'notifications',
  icon: BellRing,
  order: 105,
  permission: 'notifications.read',
  menu: 'administration',
  routes: [
    {
      path: '/notifications',
      name: 'notifications',
      component: () => import('./PoliciesView.vue'),
    },
    { path: '/notifications/log', name: 'delivery-log', component: () => import('./LogView.vue') },
    {
      path: '/notifications/outlets',
      name: 'outlets',
      component: () => import('./OutletsView.vue'),
      meta: mayManage,
    },
    {
      path: '/notifications/outlets/:kind',
      name: 'outlet',
      component: () => import('./OutletView.vue'),
      props: true,
      meta: mayManage,
    },
    { path: '/notifications/new', name: 'policy-new', component: policy, meta: mayManage },
    {
      path: '/notifications/policies/:id',
      name: 'policy',
      component: policy,
      props: true,
      meta: mayManage,
    },
  ],
} satisfies Room;
