// Where the energy of the day went, laid out as ribbons from the site over its areas to machines.
// Pure.
import type { FlowEdge } from '@/api/types';

export interface Drain {
  id: string;
  name: string;
  /** Null where nobody said where it stands. */
  area: string | null;
  kwh: number;
  /**
   * What it is, where it is no machine: a place without meters in it, what is unaccounted for, or
   * the small ones together.
   */
  kind?: 'place' | 'rest' | 'others';
  /** How many are in it, where it is several. */
  count?: number;
}

export interface Flow {
  totalKwh: number;
  drains: Drain[];
  /** What no machine accounts for; below zero when they count more than the main meter. */
  restKwh: number | null;
  /** The machine whose reading is the total, where one meter stands before all. */
  main: string | null;
  /** How much of the total was measured, 0 to 1, where that is known. */
  coverage?: number;
  /** Streams of which nothing is known: they are in no figure. */
  unknown?: number;
}

interface Source extends Drain {
  inTotal: boolean;
}

/** A meter whose energy is that of the site to within this share stands before the others. */
const SAME = 0.01;
/** A rest below this share of the total is a matter of rounding. */
const ROUNDING = 0.005;

/**
 * Without a tree of meters two cases are certain: one meter is the site and the others are behind
 * it, or the sum of some meters is the site and only those are drawn.
 */
export function flowOf(totalKwh: number, sources: Source[]): Flow {
  const counted = sources.filter(({ inTotal }) => inTotal);
  const only = counted.length === 1 ? counted[0] : undefined;
  const behind = sources.filter(({ inTotal }) => !inTotal);
  const isMain =
    only !== undefined &&
    behind.length > 0 &&
    Math.abs(only.kwh - totalKwh) <= Math.max(totalKwh, 1) * SAME;
  const drains = (isMain ? behind : counted).filter(({ kwh }) => kwh > 0);
  const rest = totalKwh - drains.reduce((sum, { kwh }) => sum + kwh, 0);
  return {
    totalKwh,
    drains: drains
      .map(({ id, name, area, kwh }) => ({ id, name, area, kwh }))
      .sort((a, b) => b.kwh - a.kwh),
    restKwh: Math.abs(rest) > totalKwh * ROUNDING ? rest : null,
    main: isMain ? only.name : null,
  };
}

const METER = 'meter:';
const isPlace = ({ to }: FlowEdge) => to.startsWith('node:');

/** The one meter that everything hangs behind, where no place was made that says what is behind it. */
export function onlyMeter(edges: FlowEdge[]): string | null {
  const streams = edges.filter(({ from }) => from !== 'supply');
  const [only] = streams;
  return streams.length === 1 && only?.to.startsWith(METER) ? only.to.slice(METER.length) : null;
}

/**
 * The flow by the meter tree: the places at the site are the areas, what lies deeper is in them.
 * Where nobody made a place yet, a machine is where its record says that it stands.
 */
export function flowOfTree(
  edges: FlowEdge[],
  standsIn: (meter: string) => string | null = () => null,
): Flow | null {
  const from = new Map<string, FlowEdge[]>();
  for (const edge of edges) from.set(edge.from, [...(from.get(edge.from) ?? []), edge]);
  const root = edges.find((edge) => edge.from === 'supply');
  if (!root) return null;
  const flat = !edges.some((edge) => edge !== root && isPlace(edge));
  const drains: Drain[] = [];
  let below = 0;
  let unknown = 0;
  function walk(key: string, area: string | null): void {
    for (const edge of from.get(key) ?? []) {
      const inner = (from.get(edge.to) ?? []).filter(({ to }) => !to.startsWith('rest:'));
      const place = isPlace(edge);
      if (place && inner.length) {
        walk(edge.to, area ?? edge.name);
        continue;
      }
      const isRest = edge.to.startsWith('rest:');
      if (isRest && edge.to === `rest:${root!.to.slice('node:'.length)}`) continue;
      if (!edge.energy) {
        unknown += 1;
        continue;
      }
      const { kwh } = edge.energy;
      if (kwh < 0) below += kwh;
      if (kwh <= 0) continue;
      const kind = isRest ? 'rest' : place || edge.to.startsWith('virtual:') ? 'place' : null;
      const id = kind ? edge.to : edge.to.slice(METER.length);
      const stands = place ? edge.name : flat && !kind ? standsIn(id) : null;
      drains.push({
        id,
        name: edge.name,
        area: area ?? stands,
        kwh,
        ...(kind ? { kind } : {}),
      });
    }
  }
  walk(root.to, null);
  const own = from.get(root.to)?.find(({ to }) => to.startsWith('rest:'))?.energy?.kwh ?? 0;
  const rest = own > 0 ? own : own + below;
  const sum = drains.reduce((all, { kwh }) => all + kwh, 0);
  return {
    totalKwh: root.energy?.kwh ?? sum + Math.max(0, rest),
    drains: drains.sort((a, b) => b.kwh - a.kwh),
    restKwh: rest === 0 ? null : rest,
    main: null,
    unknown,
    ...(root.energy ? { coverage: root.energy.coverage } : {}),
  };
}

/** The area of those that are drawn together. */
export const OTHERS = ' others';

/** A flow of so many blocks at most: the smallest become one, so that no name lies upon another. */
export function gathered(flow: Flow, most: number): Flow {
  const free = most - (flow.restKwh !== null && flow.restKwh > 0 ? 1 : 0);
  if (flow.drains.length <= free) return flow;
  const kept = flow.drains.slice(0, Math.max(0, free - 1));
  const small = flow.drains.slice(kept.length);
  const kwh = small.reduce((sum, one) => sum + one.kwh, 0);
  const others: Drain = {
    id: 'others',
    name: '',
    area: OTHERS,
    kwh,
    kind: 'others',
    count: small.length,
  };
  return { ...flow, drains: [...kept, others] };
}

export interface Block {
  key: string;
  /** In shares of the height, 0 to 1. */
  top: number;
  height: number;
  /** How much of it is energy; the rest is room for its words. */
  thick: number;
  kwh: number;
}

export interface AreaBlock extends Block {
  area: string | null;
  rest: boolean;
}

export interface DrainBlock extends Block {
  drain: Drain;
}

export interface Ribbon {
  key: string;
  rest: boolean;
  from: [top: number, bottom: number];
  to: [top: number, bottom: number];
}

export interface Picture {
  site: Block;
  areas: AreaBlock[];
  drains: DrainBlock[];
  /** From the site to the areas, and from the areas to the machines. */
  first: Ribbon[];
  second: Ribbon[];
}

/** Blocks below each other: each as high as its energy, but never lower than its words. */
function stacked(energies: number[], least: number): { top: number; height: number }[] {
  const total = energies.reduce((sum, one) => sum + one, 0);
  let free = 1;
  let left = total;
  const small = new Set<number>();
  for (let again = true; again;) {
    again = false;
    energies.forEach((one, index) => {
      if (small.has(index) || left <= 0 || (one / left) * free >= least) return;
      small.add(index);
      free -= least;
      left -= one;
      again = true;
    });
  }
  let top = 0;
  return energies.map((one, index) => {
    const height = small.has(index) ? least : (one / left) * Math.max(0, free);
    top += height;
    return { top: top - height, height };
  });
}

const areaKey = (area: string | null) => area ?? '';
const thickness = (top: number, height: number, thick: number): [number, number] => {
  const middle = top + height / 2;
  return [middle - thick / 2, middle + thick / 2];
};

/** `least` is the height that the words of a block need, as a share of the picture. */
export function pictureOf(flow: Flow, least: number, gap = 0.012): Picture {
  const rest = Math.max(0, flow.restKwh ?? 0);
  const order = new Map<string, Drain[]>();
  for (const drain of flow.drains)
    order.set(areaKey(drain.area), [...(order.get(areaKey(drain.area)) ?? []), drain]);
  const sum = (drains: Drain[]) => drains.reduce((all, { kwh }) => all + kwh, 0);
  const groups = [...order.values()].sort((a, b) => sum(b) - sum(a));
  const drains = groups.flat();
  const energies = drains.map(({ kwh }) => kwh);
  const all = sum(drains) + rest || 1;
  const rows = stacked([...energies, ...(rest ? [rest] : [])], least);
  // One scale for all columns: the thinnest room that any block has for its energy.
  const scale = rows.reduce((low, { height }, index) => {
    const energy = energies[index] ?? rest;
    return energy > 0 ? Math.min(low, Math.max(0.001, height - gap) / energy) : low;
  }, 1 / all);
  const drainBlocks = drains.map((drain, index): DrainBlock => ({
    key: drain.id,
    drain,
    kwh: drain.kwh,
    thick: drain.kwh * scale,
    ...rows[index]!,
  }));
  let start = 0;
  const areas = groups.map((group): AreaBlock => {
    const own = drainBlocks.slice(start, (start += group.length));
    const first = own[0]!;
    const last = own[own.length - 1]!;
    return {
      key: `area-${areaKey(first.drain.area)}`,
      area: first.drain.area,
      rest: false,
      top: first.top,
      height: last.top + last.height - first.top,
      kwh: sum(group),
      thick: sum(group) * scale,
    };
  });
  const restRow = rest ? rows[rows.length - 1]! : null;
  if (restRow)
    areas.push({
      key: 'rest',
      area: null,
      rest: true,
      kwh: rest,
      thick: rest * scale,
      ...restRow,
    });
  const site: Block = { key: 'site', top: 0, height: 1, thick: all * scale, kwh: flow.totalKwh };
  return { site, areas, drains: drainBlocks, ...ribbonsOf(site, areas, drainBlocks) };
}

function ribbonsOf(site: Block, areas: AreaBlock[], drains: DrainBlock[]) {
  const first: Ribbon[] = [];
  const second: Ribbon[] = [];
  let [leave] = thickness(site.top, site.height, site.thick);
  for (const area of areas) {
    const to = thickness(area.top, area.height, area.thick);
    first.push({ key: area.key, rest: area.rest, from: [leave, leave + area.thick], to });
    leave += area.thick;
    let [out] = to;
    if (area.rest) continue;
    for (const block of drains.filter(({ drain }) => drain.area === area.area)) {
      second.push({
        key: block.key,
        rest: false,
        from: [out, out + block.thick],
        to: thickness(block.top, block.height, block.thick),
      });
      out += block.thick;
    }
  }
  return { first, second };
}
