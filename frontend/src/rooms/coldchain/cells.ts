// What a cell looks like, and what its curve is made of. Pure.
import type { ColdCell, ColdCurve, ColdCustomer, ColdExcursion } from '@/api/types';
import type { ChartData } from '@/kit/chartData';
import type { ChartLane } from '@/kit/chartMarks';

/** Sensors report every minute or half; nobody waits longer for what they said. */
export const REFRESH_MS = 15_000;

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

type Band = { from: string; to: string };
/** Bands in seconds since 1970, as far as they lie within the span. */
export function bandsOf(bands: Band[] | null, [from, to]: [number, number]): [number, number][] {
  return (bands ?? [])
    .map((band): [number, number] => [
      Math.max(from, Date.parse(band.from) / 1000),
      Math.min(to, Date.parse(band.to) / 1000),
    ])
    .filter(([start, end]) => end >= start);
}

export interface Strip extends ChartLane {
  key: 'door' | 'defrost' | 'excursion';
}

/** What stands at the foot of the curve: doors, defrosts and excursions, where there are any. */
export function stripsOf(curve: ColdCurve): Strip[] {
  const span = spanOf(curve);
  const beyond = curve.excursions
    .filter((one) => !one.withdrawn)
    .map((one) => ({ from: one.began_at, to: one.ended_at ?? curve.to }));
  const strips: Strip[] = [
    { key: 'door', colour: '--info-text', bands: bandsOf(curve.door ?? null, span) },
    { key: 'defrost', colour: '--chart-bar', bands: bandsOf(curve.defrost ?? null, span) },
    { key: 'excursion', colour: '--error-text', bands: bandsOf(beyond, span), wash: true },
  ];
  return strips.filter(({ bands }) => bands.length > 0);
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

/** What a probe's place may be called: it stands before its quantities. */
export const PROBE = /^[a-z][a-z0-9_]{0,15}$/;

const SERIAL = /^[A-Za-z0-9._:-]{1,64}$/;
/** How makers name the number on a plate, before a colon, in an address or in an object. */
const NAMES = ['serial', 'serial_number', 'serialNumber', 'sn', 'SN', 'S/N'];

/** The value of the first name that is there. */
const named = (get: (name: string) => unknown) =>
  NAMES.map(get).find((value): value is string => typeof value === 'string' && value !== '');

function asObject(text: string): string | undefined {
  try {
    const object: unknown = JSON.parse(text);
    if (typeof object !== 'object' || object === null) return undefined;
    return named((name) => (object as Record<string, unknown>)[name]);
  } catch {
    return undefined;
  }
}

function asAddress(text: string): string | undefined {
  if (!/^https?:/i.test(text)) return undefined;
  const query = new URLSearchParams(text.split('?')[1] ?? '');
  const path = /\/devices\/([^/?#]+)/.exec(text)?.[1];
  return named((name) => query.get(name)) ?? (path && decodeURIComponent(path));
}

const asLine = (text: string): string | undefined =>
  /(?:^|[\s;,])(?:s\/?n|serial(?: ?(?:no|number))?)\.?\s*[:=]\s*([^\s;,]+)/i.exec(text)?.[1];

/** The serial number in what a code on a plate says; null when there is none. */
export function serialIn(code: string): string | null {
  const text = code.trim();
  const found = asObject(text) ?? asAddress(text) ?? asLine(text) ?? text;
  return SERIAL.test(found) && !/^https?:/i.test(found) ? found : null;
}
