// Which series are looked at, and on which axis each stands. Pure.
import type { HistorySeries } from '@/api/types';

/** More lines than this nobody tells apart, whatever their colours and dashes. */
export const SERIES_MAX = 8;

/** Everything that counts in the total of the plant. */
export const SITE = 'site';

export interface Ref {
  /** An equipment, or the whole site. */
  meter: string;
  /** The quantity with its phase, as the appliance calls it: "voltage_l1". */
  key: string;
}

export const refText = ({ meter, key }: Ref) => `${meter}:${key}`;

export function parseRefs(texts: string[]): Ref[] {
  const found: Ref[] = [];
  for (const text of texts) {
    const [meter, key, ...rest] = text.split(':');
    if (!meter || !key || rest.length || !/^[a-z][a-z0-9_]{0,47}$/.test(key)) continue;
    const known = found.some((ref) => ref.meter === meter && ref.key === key);
    if (!known && found.length < SERIES_MAX) found.push({ meter, key });
  }
  return found;
}

/** What a series is, so far as the appliance knows it. */
export interface Known extends Ref {
  /** Null for the whole site. */
  equipment: string | null;
  metric: string;
  phase: string | null;
  unit: string;
  counter: boolean;
  corrections: HistorySeries['corrections'];
}

const ofSite = (key: string, unit: string, counter: boolean): Known => ({
  meter: SITE,
  key,
  equipment: null,
  metric: key,
  phase: null,
  unit,
  counter,
  corrections: [],
});

/** What the site itself can be asked for. */
const siteSeries = [ofSite('power', 'kW', false), ofSite('consumption', 'kWh', true)];

/** What most people look for comes first. */
const order = ['power', 'consumption', 'temperature', 'current', 'voltage', 'power_factor'];
const rank = ({ metric, phase }: Known) => {
  const at = order.indexOf(metric);
  return (at < 0 ? order.length : at) * 2 + (phase ? 1 : 0);
};

export function catalogueOf(items: HistorySeries[]): Known[] {
  const listed = items.map(
    ({ equipment_id, equipment, key, metric, phase, unit, counter, corrections }) => ({
      meter: equipment_id,
      key,
      equipment,
      metric,
      phase: phase ?? null,
      unit,
      counter,
      corrections,
    }),
  );
  return [...siteSeries, ...listed.sort((a, b) => rank(a) - rank(b))];
}

export const knownOf = (catalogue: Known[], { meter, key }: Ref): Known | undefined =>
  catalogue.find((known) => known.meter === meter && known.key === key);

/** Columns of a power show the energy: that is what a column can add up. */
export function forColumns(known: Known): Known {
  if (known.metric !== 'power' || known.phase) return known;
  return { ...known, key: 'consumption', metric: 'consumption', unit: 'kWh', counter: true };
}

/** A curve or a duration of energy is its power. */
export function forCurve(known: Known): Known {
  if (known.metric !== 'consumption' || known.phase) return known;
  return { ...known, key: 'power', metric: 'power', unit: 'kW', counter: false };
}

export type Side = 'left' | 'right';

/** Two axes at most, so two units: the first ones. What has a third unit finds no axis. */
export function sidesOf(units: string[]): (Side | null)[] {
  const [left, right] = [...new Set(units)];
  return units.map((unit) => (unit === left ? 'left' : unit === right ? 'right' : null));
}

/** Whether a series may be added beside these. */
export const fits = (units: string[], unit: string): boolean =>
  new Set([...units, unit]).size <= 2 && units.length < SERIES_MAX;

/** Zero means something: the axis shows it. */
export const fromZero = ({ metric, counter }: Known): boolean =>
  counter || ['power', 'current', 'apparent_power', 'neutral_current'].includes(metric);

export const tagOf = (index: number): string => String.fromCharCode(65 + index);
