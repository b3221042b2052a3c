// What is asked of the alerts, and what may be done about one. Pure.
import type { Alert, AlertQuery, Level } from '@/api/types';
import { DAY_MS, instantOf, minuteText, MINUTE_MS, wallOf } from '@/kit/zone';
import { calls, conductor, isOpen } from '@/live/alerts';

/** Shown on either side of an alert that was short. */
const AROUND_MIN_MS = 30 * MINUTE_MS;

export const statuses = [
  'open',
  'unacknowledged',
  'active',
  'acknowledged',
  'shelved',
  'suppressed',
  'out_of_service',
  'all',
] as const;
export type Status = (typeof statuses)[number];

/** In which order alerts are shown; what is urgent is put in front by the page itself. */
export const orders = ['urgent', 'level', 'time'] as const;
export type Order = (typeof orders)[number];

/** How the appliance is asked to sort: among what is over, the worst is not the most urgent. */
export const sortOf = (order: Order, status: Status): 'level' | 'time' =>
  order === 'level' || (order === 'urgent' && status !== 'all' && status !== 'acknowledged')
    ? 'level'
    : 'time';

/** What is looked for; an empty field leaves nothing out. */
export interface Filters {
  status: Status;
  level: Level | '';
  equipment: string;
  text: string;
  /** First and last calendar day, in the zone of the site. */
  from: string;
  to: string;
}

export const noFilters = (): Filters => ({
  status: 'open',
  level: '',
  equipment: '',
  text: '',
  from: '',
  to: '',
});

export const isFiltered = (filters: Filters) =>
  Object.entries(noFilters()).some(([name, value]) => filters[name as keyof Filters] !== value);

/** Decimals with which a number was entered, six at most. */
export const decimalsOf = (value: number): number =>
  Math.min(6, String(value).split('.')[1]?.length ?? 0);

/** The instant at which a calendar day begins in a zone; undefined when it is no day. */
function startOf(day: string, daysLater: number, timeZone: string): string | undefined {
  const wall = day ? Date.parse(`${day}T00:00:00Z`) : NaN;
  if (Number.isNaN(wall)) return undefined;
  return new Date(instantOf(wall + daysLater * DAY_MS, timeZone)).toISOString();
}

/** The question to the appliance: only what was filled in, the last day included whole. */
export function queryOf(filters: Filters, timeZone: string): AlertQuery {
  const query: AlertQuery = {
    status: filters.status,
    level: filters.level || undefined,
    equipment_id: filters.equipment || undefined,
    search: filters.text.trim() || undefined,
    from: startOf(filters.from, 0, timeZone),
    to: startOf(filters.to, 1, timeZone),
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

/** Whether somebody may say that he knows: of what is shelved or stood for, he may not. */
export const mayAcknowledge = (alert: Pick<Alert, 'state' | 'acknowledged' | 'parent'>) =>
  isOpen(alert) && !alert.acknowledged && !alert.parent && calls(alert);

/** What is sent of the chosen ones: each with the revision that was on the screen. */
export const seen = (alerts: Alert[]) => alerts.map(({ id, revision }) => ({ id, revision }));

/** The row that has the keyboard after a step; the ends hold. */
export function stepped(ids: string[], here: string | null, step: 1 | -1): string | null {
  if (ids.length === 0) return null;
  const at = here === null ? -1 : ids.indexOf(here);
  if (at < 0) return ids[step > 0 ? 0 : ids.length - 1] ?? null;
  return ids[Math.min(ids.length - 1, Math.max(0, at + step))] ?? null;
}

/** How long it stands, or stood, ms. */
export const standsFor = (
  alert: Pick<Alert, 'timestamp' | 'active' | 'returned_at'>,
  now: number,
) =>
  (alert.active || !alert.returned_at ? now : Date.parse(alert.returned_at)) -
  Date.parse(alert.timestamp);

/** The address of the curve of what an alert is about, from before it began to after it ended. */
export function curveOf(alert: Alert, now: number, timeZone: string): string | null {
  if (!alert.equipment_id || !alert.metric) return null;
  const begin = Date.parse(alert.timestamp);
  const end = alert.returned_at && !alert.active ? Date.parse(alert.returned_at) : now;
  const around = Math.max(AROUND_MIN_MS, (end - begin) / 4);
  const phase = conductor(alert.phase);
  const key = phase ? `${alert.metric}_${phase.toLowerCase()}` : alert.metric;
  const range = [begin - around, end + around].map((at) => minuteText(wallOf(at, timeZone)));
  return `/history?s=${alert.equipment_id}:${key}&range=${range.join('..')}`;
}

/** How long something may be put on the shelf, s: a quarter of an hour to a week. */
export const shelfTimes = [900, 3_600, 14_400, 28_800, 86_400, 259_200, 604_800] as const;
