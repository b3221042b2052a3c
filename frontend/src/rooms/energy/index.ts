import { Zap } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'energy',
  icon: Zap,
  order: 25,
  permission: 'readings.read',
  routes: [
    { path: '/energy', name: 'energy', component: () => import('./EnergyView.vue') },
    { path: '/energy/demand', name: 'energy-demand', component: () => import('./DemandView.vue') },
    { path: '/energy/tree', name: 'energy-tree', component: () => import('./TreeView.vue') },
    { path: '/energy/tariffs', name: 'tariffs', component: () => import('./TariffsView.vue') },
  ],
} satisfies Room;
