// What is asked of the audit log, and how an entry reads. Pure.
import type { AuditEntry, AuditQuery } from '@/api/types';
import { DAY_MS, instantOf } from '@/kit/zone';

/** What is looked for; an empty field leaves nothing out. */
export interface Filters {
  text: string;
  user: string;
  /** A group of actions: `auth` for all of `auth.…`. */
  action: string;
  outcome: string;
  /** First and last calendar day, in the zone of the site. */
  from: string;
  to: string;
}

export const noFilters = (): Filters => ({
  text: '',
  user: '',
  action: '',
  outcome: '',
  from: '',
  to: '',
});

export const isFiltered = (filters: Filters) => Object.values(filters).some((part) => part !== '');

/** What a link asks for: only words that stand in the fields. */
export function filtersOf(query: Record<string, unknown>): Filters {
  const filters = noFilters();
  for (const name of Object.keys(filters) as (keyof Filters)[]) {
    const value = query[name];
    if (typeof value === 'string') filters[name] = value;
  }
  return filters;
}

/** The groups of actions in the order of a working day: who came, what was changed. */
export const groups = [
  'auth',
  'user',
  'api_token',
  'kiosk',
  'alert',
  'alert_rule',
  'notifications',
  'equipment',
  'meter',
  'maintenance',
  'device',
  'coldchain',
  'profile',
  'mqtt',
  'readings',
  'modbus',
  'site',
  'carbon',
  'enpi',
  'production',
  'energy_plan',
  'energy_tree',
  'tariff',
  'report',
  'report_schedule',
  'storage',
  'backup',
  'update',
  'job',
  'support',
  'configuration',
  'security',
  'audit',
] as const;

export const outcomes = ['success', 'refused'] as const;

/** The instant at which a calendar day begins in a zone, or the one after it; null when it is no
 * day. */
export function dayStart(day: string, timeZone: string, after = 0): number | null {
  const wall = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(wall) ? null : instantOf(wall + after * DAY_MS, timeZone);
}

/** The question to the appliance: only what was filled in, the last day included whole. */
export function queryOf(filters: Filters, timeZone: string): AuditQuery {
  const begin = filters.from ? dayStart(filters.from, timeZone) : null;
  const end = filters.to ? dayStart(filters.to, timeZone, 1) : null;
  const plain = (text: string) => text.trim() || undefined;
  return {
    text: plain(filters.text),
    user: plain(filters.user),
    action: plain(filters.action),
    outcome: plain(filters.outcome),
    from: begin === null ? undefined : new Date(begin).toISOString(),
    to: end === null ? undefined : new Date(end).toISOString(),
  };
}

/** The word of an action below `audit.does`: a dot would be a level in the files of words. */
export const actionWord = (action: string) => action.replace('.', '_');

/** Where an object has its screen: `equipment/0192…` → `/equipment/0192…`. */
export function linkOf(resource: string): string | null {
  const [kind, id] = resource.split('/');
  if (!id) return null;
  if (kind === 'equipment') return `/equipment/${id}`;
  if (kind === 'user' || kind === 'users') return `/users/${id}`;
  if (kind === 'alert') return `/alerts/${id}`;
  if (kind === 'alert_rule') return `/alerts/rules/${id}`;
  return null;
}

/** Where the name stands in an entry that holds its object whole. */
const holders = ['item', 'enpi', 'entry', 'rule'];

/** What the object is called: as the entry says, or else as it is now. */
export function nameOf({
  details,
  name: now,
}: Pick<AuditEntry, 'details'> & { name?: string | null }): string | null {
  const whole = holders.map((key) => details[key]).find((part) => typeof part === 'object' && part);
  for (const { name } of [details, (whole ?? {}) as typeof details]) {
    const said = isChange(name) ? name.after : name;
    if (typeof said === 'string' && said !== '') return said;
  }
  return now ?? null;
}

/** One line of what an entry holds: a fact, or what a field was and is. */
export interface Detail {
  name: string;
  before: string | null;
  after: string;
  changed: boolean;
}

function written(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const isChange = (value: unknown): value is { before: unknown; after: unknown } =>
  typeof value === 'object' && value !== null && 'before' in value && 'after' in value;

/** The details of an entry as lines; changes stand in it under `changed`, or by themselves. */
export function detailsOf(details: AuditEntry['details']): Detail[] {
  return Object.entries(details ?? {}).flatMap(([name, value]): Detail[] => {
    if (isChange(value)) {
      const { before, after } = value;
      return [{ name, before: written(before), after: written(after), changed: true }];
    }
    const isGroup =
      typeof value === 'object' && value !== null && Object.values(value).some(isChange);
    if (isGroup) return detailsOf(value as AuditEntry['details']);
    return [{ name, before: null, after: written(value), changed: false }];
  });
}
