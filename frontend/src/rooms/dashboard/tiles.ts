// Which machines the dashboard shows, in which order, and what each one says. Pure.
import type { EquipmentStatus, EquipmentSummary, SocketValue } from '@/api/types';
import { ageMs, readingOf, type Reading } from '@/live/age';
import { worstFirst } from '@/live/status';

export interface Tile {
  id: string;
  name: string;
  location: string | null;
  type: string;
  status: EquipmentStatus;
  metric: string | null;
  unit: string | null;
  reading: Reading;
  ageMs: number | null;
}

export interface LiveState {
  status: EquipmentStatus;
  lastUpdate: string | null;
  values: Map<string, SocketValue>;
}

/** Power where there is any; a cold room without a meter shows its temperature. */
export function mainValue(values: Map<string, SocketValue>): SocketValue | undefined {
  return values.get('power') ?? values.get('temperature') ?? values.values().next().value;
}

export function tilesOf(
  list: EquipmentSummary[],
  liveOf: (id: string) => LiveState | undefined,
  isCurrent: (id: string) => boolean,
  now: number,
): Tile[] {
  const tiles = list.map((item): Tile => {
    const live = liveOf(item.id);
    const value = live && mainValue(live.values);
    const updated = live?.lastUpdate ?? item.last_update;
    return {
      id: item.id,
      name: item.name,
      location: item.location,
      type: item.type,
      status: live?.status ?? item.status,
      metric: value?.metric ?? null,
      unit: value ? value.unit : null,
      reading: readingOf(value, { now, current: isCurrent(item.id) }),
      ageMs: ageMs(updated, now),
    };
  });
  return worstFirst(tiles.filter((tile) => tile.status !== 'decommissioned'));
}

/** Quantities that say something beside the main one, the most telling first. */
const beside = ['temperature', 'power_factor', 'current', 'voltage', 'humidity', 'battery_level'];

/** What else a card says of a machine: a value of the whole device, not of one phase. */
export function secondValue(values: Map<string, SocketValue>): SocketValue | undefined {
  const main = mainValue(values);
  return beside
    .map((metric) => values.get(metric))
    .find((value) => value !== undefined && value !== main);
}
