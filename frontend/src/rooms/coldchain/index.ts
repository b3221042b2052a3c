import { Snowflake } from '@lucide/vue';
import type { Room } from '@/session/room';

export default {
  name: 'coldchain',
  icon: Snowflake,
  order: 22,
  permission: 'coldchain.read',
  routes: [
    { path: '/coldchain', name: 'coldchain', component: () => import('./OverviewView.vue') },
    {
      path: '/coldchain/cells/:id',
      name: 'cold-cell',
      component: () => import('./CellView.vue'),
      props: true,
    },
    {
      path: '/coldchain/cells/:id/install',
      name: 'cold-install',
      component: () => import('./InstallView.vue'),
      props: true,
      meta: { permission: 'equipment.write' as const },
    },
  ],
} satisfies Room;
