import type { Component } from 'vue';
import type { RouteRecordRaw } from 'vue-router';
import type { Permission } from '@/api/types';

/** What a screen on a wall may show. */
export interface WallPage {
  /** Its word is `wall.page.<name>`; it stands in the address of the screen. */
  name: string;
  order: number;
  view: () => Promise<{ default: Component }>;
}

/** What a room says about itself; menu, router and guard follow from it. */
export interface Room {
  /** Its word in the menu is `room.<name>`. */
  name: string;
  icon: Component;
  order: number;
  /** Null for rooms in front of the door, and for what everybody may do to his own account. */
  permission: Permission | null;
  /** Rooms of administrators stand in a menu of their own; the main one fits a telephone. */
  menu?: 'administration';
  routes: RouteRecordRaw[];
  walls?: WallPage[];
}

declare module 'vue-router' {
  interface RouteMeta {
    /** Stands before the log-in and has no header. */
    gate?: boolean;
    /** A gate that a link or a code opens, whoever is signed in at this browser. */
    open?: boolean;
    /** The screen on a wall: it signs itself in, and nothing leads away from it. */
    wall?: boolean;
    permission?: Permission | null;
    room?: string;
  }
}
