import type { Component } from 'vue';
import type { RouteRecordRaw } from 'vue-router';
import type { Permission } from '@/api/types';

/** What a room says about itself; menu, router and guard follow from it. */
export interface Room {
  /** Its word in the menu is `room.<name>`. */
  name: string;
  icon: Component;
  order: number;
  /** Null for rooms in front of the door: set-up and log-in. */
  permission: Permission | null;
  routes: RouteRecordRaw[];
}

declare module 'vue-router' {
  interface RouteMeta {
    /** Stands before the log-in and has no header. */
    gate?: boolean;
    permission?: Permission | null;
    room?: string;
  }
}
