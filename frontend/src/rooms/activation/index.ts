import { MailOpen } from '@lucide/vue';
import type { Room } from '@/session/room';

const gate = { gate: true, open: true };
const code = () => import('./CodeView.vue');

export default {
  name: 'activation',
  icon: MailOpen,
  order: 2,
  permission: null,
  routes: [
    {
      path: '/activate',
      name: 'activate',
      component: code,
      props: { purpose: 'activate' },
      meta: gate,
    },
    { path: '/reset', name: 'reset', component: code, props: { purpose: 'reset' }, meta: gate },
    { path: '/forgot', name: 'forgot', component: () => import('./ForgotView.vue'), meta: gate },
  ],
} satisfies Room;
