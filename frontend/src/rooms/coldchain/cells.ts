// What a cell looks like, and what its curve is made of. Pure.
import type { ColdCell, ColdCurve, ColdCustomer, ColdExcursion } from '@/api/types';
import type { ChartData } from '@/kit/chartData';

export type Look = {
  shape: 'circle' | 'triangle' | 'diamond' | 'dash' | 'ring';
  tone: 'normal' | 'abnormal' | 'attention' | 'warning' | 'off';
};
export type CellState = 'well' | 'alarm' | 'notice' | 'silent' | 'unknown';

const URGENT = ['Emergency', 'Critical', 'High'];

/** How a cell is doing: by its worst alert, then by whether anything is known of it. */
export function stateOf(cell: ColdCell): CellState {
  const active = cell.alerts.filter((alert) => alert.active);
  if (active.some((alert) => URGENT.includes(alert.level))) return 'alarm';
  if (active.length > 0) return 'notice';
  if (cell.temperature_c === null) return cell.last_reading_at === null ? 'unknown' : 'silent';
  return 'well';
}

export const lookOf = (state: CellState): Look =>
  ({
    well: { shape: 'circle', tone: 'normal' },
    alarm: { shape: 'triangle', tone: 'warning' },
    notice: { shape: 'diamond', tone: 'attention' },
    silent: { shape: 'dash', tone: 'off' },
    unknown: { shape: 'ring', tone: 'off' },
  })[state] as Look;

/** The curve of the warmest probe with its extremes, and a hole where nothing was measured. */
export function chartOf(curve: ColdCurve): ChartData {
  const points = curve.series;
  return {
    times: points.map((point) => Date.parse(point.timestamp) / 1000),
    values: points.map((point) => point.mean),
    low: points.map((point) => point.min),
    high: points.map((point) => point.max),
  };
}

export const spanOf = (curve: ColdCurve): [number, number] => [
  Date.parse(curve.from) / 1000,
  Date.parse(curve.to) / 1000,
];

/** Where a limit lies between the coldest and the warmest that is drawn, 0 below to 1 above. */
export function bandsOf(
  bands: { from: string; to: string }[] | null,
  span: [number, number],
): { start: number; width: number }[] {
  const [from, to] = span;
  const length = to - from;
  if (length <= 0) return [];
  return (bands ?? []).map((band) => {
    const start = Math.max(from, Date.parse(band.from) / 1000);
    const end = Math.min(to, Date.parse(band.to) / 1000);
    return {
      start: (100 * (start - from)) / length,
      width: Math.max(0.3, (100 * (end - start)) / length),
    };
  });
}

/** What people have to say something about: what counted and has no word yet. */
export const needsReview = (one: ColdExcursion): boolean =>
  one.review === null && !one.withdrawn && one.ended_at !== null;

export interface Branch {
  name: string;
  cells: ColdCell[];
}
export interface Tree {
  customer: ColdCustomer;
  branches: Branch[];
}

/** Customers, their locations, and the cells there, each by name. */
export function treeOf(customers: ColdCustomer[], cells: ColdCell[]): Tree[] {
  return customers.map((customer) => {
    const places = new Map<string, ColdCell[]>();
    for (const cell of cells.filter((one) => one.customer_id === customer.id))
      places.set(cell.location_name, [...(places.get(cell.location_name) ?? []), cell]);
    const branches = [...places].map(([name, own]) => ({ name, cells: own }));
    return { customer, branches: branches.sort((a, b) => a.name.localeCompare(b.name)) };
  });
}

/** What the code for the installer's telephone holds: where to send, as whom, with what. */
export const installCode = (origin: string, serial: string, key: string): string =>
  JSON.stringify({
    url: `${origin}/api/readings/devices/${encodeURIComponent(serial)}/readings`,
    serial,
    key,
  });
