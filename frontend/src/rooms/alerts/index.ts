import { Siren } from '@lucide/vue';
import type { Room } from '@/session/room';

const mayManage = { permission: 'alert_rules.manage' as const };
const rule = () => import('./RuleView.vue');

export default {
  name: 'alerts',
  icon: Siren,
  order: 15,
  permission: 'alerts.read',
  routes: [
    { path: '/alerts', name: 'alerts', component: () => import('./AlertsView.vue') },
    {
      path: '/alerts/shelved',
      name: 'alerts-shelved',
      component: () => import('./ShelvedView.vue'),
    },
    {
      path: '/alerts/quality',
      name: 'alerts-quality',
      component: () => import('./QualityView.vue'),
    },
    { path: '/alerts/rules', name: 'alert-rules', component: () => import('./RulesView.vue') },
    { path: '/alerts/rules/new', name: 'alert-rule-new', component: rule, meta: mayManage },
    {
      path: '/alerts/rules/:id',
      name: 'alert-rule',
      component: rule,
      props: true,
      meta: mayManage,
    },
    {
      path: '/alerts/:id',
      name: 'alert',
      component: () => import('./AlertView.vue'),
      props: true,
    },
  ],
} satisfies Room;
