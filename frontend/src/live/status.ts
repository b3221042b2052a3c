import type { EquipmentStatus } from '@/api/types';

/** Shape and tone for a state; the word comes from the language. Normal is quiet grey. */
export interface StatusLook {
  shape: 'circle' | 'triangle' | 'diamond' | 'dash' | 'ring';
  tone: 'normal' | 'abnormal' | 'attention' | 'off';
}

const looks: Record<EquipmentStatus, StatusLook> = {
  online: { shape: 'circle', tone: 'normal' },
  offline: { shape: 'triangle', tone: 'abnormal' },
  maintenance: { shape: 'diamond', tone: 'attention' },
  decommissioned: { shape: 'dash', tone: 'off' },
};

export const statusLook = (status: EquipmentStatus): StatusLook => looks[status];

const rank: Record<EquipmentStatus, number> = {
  offline: 0,
  maintenance: 1,
  online: 2,
  decommissioned: 3,
};

/** Worst first, then by name, so that the eye finds the trouble in the top corner. */
export function worstFirst<T extends { status: EquipmentStatus; name: string }>(items: T[]): T[] {
  return [...items].sort((a, b) => rank[a.status] - rank[b.status] || a.name.localeCompare(b.name));
}
