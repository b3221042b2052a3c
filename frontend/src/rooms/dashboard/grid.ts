// The live grid: which machines, in which order, in which lines. Its state is in the address. Pure.
import type { LocationQuery, LocationQueryRaw } from 'vue-router';
import type { Alert, EquipmentStatus, EquipmentSummary, Level } from '@/api/types';
import { calls, levels } from '@/live/alerts';

export interface Entry {
  id: string;
  name: string;
  location: string | null;
  type: string;
  status: EquipmentStatus;
  lastUpdate: string | null;
  /** The worst alert that is open on it. */
  level: Level | null;
  /** Somebody is asked for. */
  calls: boolean;
}

export const orders = ['worst', 'name', 'power'] as const;
export const views = ['cards', 'table'] as const;
export type Order = (typeof orders)[number];
export type View = (typeof views)[number];

export interface GridState {
  search: string;
  area: string;
  status: string;
  order: Order;
  view: View;
  grouped: boolean;
}

const text = (value: LocationQuery[string] | undefined) => (typeof value === 'string' ? value : '');
const oneOf = <T extends string>(known: readonly T[], value: string): T =>
  known.find((one) => one === value) ?? known[0]!;

export const stateOf = (query: LocationQuery): GridState => ({
  search: text(query.search),
  area: text(query.area),
  status: text(query.status),
  order: oneOf(orders, text(query.order)),
  view: oneOf(views, text(query.view)),
  grouped: text(query.group) === 'area',
});

/** Only what differs from the plain grid, so that the address stays short. */
export function queryOf(state: GridState): LocationQueryRaw {
  const { search, area, status, order, view, grouped } = state;
  return {
    ...(search && { search }),
    ...(area && { area }),
    ...(status && { status }),
    ...(order !== orders[0] && { order }),
    ...(view !== views[0] && { view }),
    ...(grouped && { group: 'area' }),
  };
}

/** What is wrong on each machine, by its id. */
export function troubles(alerts: Iterable<Alert>): Map<string, { level: Level; calls: boolean }> {
  const found = new Map<string, { level: Level; calls: boolean }>();
  for (const alert of alerts) {
    const id = alert.equipment_id;
    if (!id || !(calls(alert) || alert.state === 'acknowledged')) continue;
    const before = found.get(id);
    const worse = !before || levels.indexOf(alert.level) < levels.indexOf(before.level);
    found.set(id, {
      level: worse ? alert.level : before.level,
      calls: calls(alert) || (before?.calls ?? false),
    });
  }
  return found;
}

export function entriesOf(
  list: EquipmentSummary[],
  liveOf: (id: string) => { status: EquipmentStatus; lastUpdate: string | null } | undefined,
  trouble: Map<string, { level: Level; calls: boolean }>,
): Entry[] {
  return list
    .filter(({ status }) => status !== 'decommissioned')
    .map((item) => {
      const live = liveOf(item.id);
      const wrong = trouble.get(item.id);
      return {
        id: item.id,
        name: item.name,
        location: item.location || null,
        type: item.type,
        status: live?.status ?? item.status,
        lastUpdate: live?.lastUpdate ?? item.last_update,
        level: wrong?.level ?? null,
        calls: wrong?.calls ?? false,
      };
    });
}

export interface Places {
  columns: number;
  rows: number;
}

/** The fewest places for so many cards, in the shape of the wall: the fewer, the larger each is. */
export function placesFor(count: number, most: Places): Places {
  // How large a card becomes in its smaller direction, next to the smallest that can be read.
  const size = (one: Places) => Math.min(most.columns / one.columns, most.rows / one.rows);
  const better = (one: Places, other: Places) =>
    size(one) > size(other) ||
    (size(one) === size(other) && one.columns * one.rows < other.columns * other.rows);
  let best = most;
  for (let rows = 1; rows <= most.rows; rows += 1) {
    const columns = Math.max(1, Math.ceil(count / rows));
    if (columns > most.columns) continue;
    if (better({ columns, rows }, best)) best = { columns, rows };
  }
  return best;
}

export interface Rows {
  count: number;
  /** How high each is, in the measure of the room. */
  height: number;
}

/** Rows of a list on a wall: as many as the room has, each as high as their number allows. */
export function rowsFor(
  count: number,
  room: number,
  { least, most, gap }: { least: number; most: number; gap: number },
): Rows {
  const fit = Math.max(1, Math.floor((room + gap) / (least + gap)));
  const shown = Math.min(count, fit);
  const each = (room + gap) / Math.max(1, shown) - gap;
  return { count: shown, height: Math.max(least, Math.min(most, each)) };
}

/** What takes turns, in parts of about the same size; never more than `room` at once. */
export function partsOf<T>(all: T[], room: number): T[][] {
  const count = Math.max(1, Math.ceil(all.length / Math.max(1, room)));
  const each = Math.ceil(all.length / count) || 1;
  return Array.from({ length: count }, (_, part) => all.slice(part * each, (part + 1) * each));
}

const folded = (words: string) => words.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

export function fitting(entries: Entry[], { search, area, status }: GridState): Entry[] {
  const wanted = folded(search.trim());
  return entries.filter((entry) => {
    if (area && entry.location !== area) return false;
    if (status === 'alert' ? !entry.level : status && entry.status !== status) return false;
    if (!wanted) return true;
    return folded([entry.name, entry.location, entry.type].join(' ')).includes(wanted);
  });
}

const statusRank: Record<EquipmentStatus, number> = {
  offline: 0,
  maintenance: 1,
  online: 2,
  decommissioned: 3,
};
const levelRank = ({ level }: Entry) => (level ? levels.indexOf(level) : levels.length);
const byName = new Intl.Collator(undefined, { numeric: true }).compare;

/** Trouble first: what calls, the worst of it in front, then what is silent. */
export const worse = (a: Entry, b: Entry): number =>
  Number(b.calls) - Number(a.calls) ||
  levelRank(a) - levelRank(b) ||
  statusRank[a.status] - statusRank[b.status] ||
  byName(a.name, b.name);

export function ordered(
  entries: Entry[],
  order: Order,
  powerOf: (id: string) => number | null,
): Entry[] {
  const list = [...entries];
  if (order === 'worst') return list.sort(worse);
  if (order === 'name') return list.sort((a, b) => byName(a.name, b.name));
  const power = new Map(list.map(({ id }) => [id, powerOf(id) ?? -Infinity]));
  const by = (id: string) => power.get(id) ?? -Infinity;
  return list.sort((a, b) => (by(a.id) === by(b.id) ? worse(a, b) : by(b.id) - by(a.id)));
}

export type Line =
  | { kind: 'area'; key: string; area: string | null; count: number; troubled: number }
  | { kind: 'items'; key: string; items: Entry[]; at: number };

const isTroubled = ({ level, status }: Entry) => level !== null || status === 'offline';

function linesOfItems(items: Entry[], columns: number, from: number): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < items.length; at += columns) {
    const part = items.slice(at, at + columns);
    lines.push({ kind: 'items', key: part[0]!.id, items: part, at: from + at });
  }
  return lines;
}

/** Entries keep their order; an area stands where its first one does. */
export function linesOf(entries: Entry[], columns: number, grouped: boolean): Line[] {
  if (!grouped) return linesOfItems(entries, columns, 0);
  const areas = new Map<string | null, Entry[]>();
  for (const entry of entries) {
    if (areas.has(entry.location)) areas.get(entry.location)!.push(entry);
    else areas.set(entry.location, [entry]);
  }
  let from = 0;
  return [...areas].flatMap(([area, items]) => {
    const head: Line = {
      kind: 'area',
      key: `area-${area ?? ''}`,
      area,
      count: items.length,
      troubled: items.filter(isTroubled).length,
    };
    const lines = linesOfItems(items, columns, from);
    from += items.length;
    return [head, ...lines];
  });
}
