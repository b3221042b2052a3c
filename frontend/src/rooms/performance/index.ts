import { Target } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'performance',
  icon: Target,
  order: 26,
  permission: 'readings.read',
  routes: [
    {
      path: '/performance',
      name: 'performance',
      component: () => import('./IndicatorsView.vue'),
    },
    {
      path: '/performance/indicators/new',
      name: 'indicator-new',
      component: () => import('./FormView.vue'),
      meta: { permission: 'settings.write' },
    },
    {
      path: '/performance/indicators/:id',
      name: 'indicator',
      component: () => import('./IndicatorView.vue'),
    },
    {
      path: '/performance/indicators/:id/edit',
      name: 'indicator-edit',
      component: () => import('./FormView.vue'),
      meta: { permission: 'settings.write' },
    },
    {
      path: '/performance/production',
      name: 'production',
      component: () => import('./ProductionView.vue'),
    },
    { path: '/performance/plan', name: 'energy-plan', component: () => import('./PlanView.vue') },
    { path: '/performance/carbon', name: 'carbon', component: () => import('./CarbonView.vue') },
    { path: '/performance/idle', name: 'idle', component: () => import('./IdleView.vue') },
    {
      path: '/performance/voltage',
      name: 'voltage',
      component: () => import('./VoltageView.vue'),
    },
  ],
} satisfies Room;
