// A row of the list: the register's entry under what the socket said since. Pure.
import type { EquipmentStatus, EquipmentSummary, SocketValue } from '@/api/types';
import { ageMs, nothing, readingOf, type Reading } from '@/live/age';

export interface Row {
  id: string;
  name: string;
  model: string;
  type: string;
  location: string | null;
  status: EquipmentStatus;
  /** Its values cannot be true, and nobody stands for them. */
  doubted: boolean;
  power: Reading;
  load: number | null;
  ageMs: number | null;
}

interface LiveState {
  status: EquipmentStatus;
  lastUpdate: string | null;
  values: Map<string, SocketValue>;
}

export function rowsOf(
  items: EquipmentSummary[],
  liveOf: (id: string) => LiveState | undefined,
  isCurrent: (id: string) => boolean,
  now: number,
): Row[] {
  return items.map((item) => {
    const live = liveOf(item.id);
    const power = live?.values.get('power');
    return {
      id: item.id,
      name: item.name,
      model: item.model,
      type: item.type,
      location: item.location,
      status: live?.status ?? item.status,
      doubted: !item.plausibility.believed,
      power: power ? readingOf(power, { now, current: isCurrent(item.id) }) : nothing(),
      load: item.load_percentage,
      ageMs: ageMs(live?.lastUpdate ?? item.last_update, now),
    };
  });
}
