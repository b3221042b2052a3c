import { Snowflake } from '@lucide/vue';
import type { Room } from '@/session/room';

const form = () => import('./CellFormView.vue');
const mayWrite = { permission: 'equipment.write' as const };

export default {
  name: 'coldchain',
  icon: Snowflake,
  order: 22,
  permission: 'coldchain.read',
  routes: [
    { path: '/coldchain', name: 'coldchain', component: () => import('./OverviewView.vue') },
    {
      path: '/coldchain/manage',
      name: 'cold-manage',
      component: () => import('./ManageView.vue'),
      meta: mayWrite,
    },
    {
      path: '/coldchain/import',
      name: 'cold-import',
      component: () => import('./ImportView.vue'),
      meta: mayWrite,
    },
    { path: '/coldchain/cells/new', name: 'cold-cell-new', component: form, meta: mayWrite },
    {
      path: '/coldchain/cells/:id/edit',
      name: 'cold-cell-edit',
      component: form,
      props: true,
      meta: mayWrite,
    },
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
      meta: mayWrite,
    },
  ],
} satisfies Room;
