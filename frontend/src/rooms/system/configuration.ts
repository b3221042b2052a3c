// What a file of the configuration would change. Pure.
import type { TakenOver } from '@/api/types';
export type { TakenOver };

/** More than this no appliance takes, and no plant has. */
export const MAX_BYTES = 1_000_000;

export const KINDS = ['site', 'profile', 'equipment', 'alert_rule', 'tariff', 'user'] as const;

/** The kinds that the file names, in the order in which they are taken. */
export const rowsOf = (taken: TakenOver) =>
  KINDS.map((kind) => ({ kind, ...taken[kind] })).filter(({ named }) => named > 0);
