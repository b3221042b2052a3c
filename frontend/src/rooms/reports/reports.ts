// What the page decides about reports. Pure.
import type { ReportBlock, ReportCell, ReportFormat, ReportHolds, StoredReport } from '@/api/types';

const DAY_MS = 86_400_000;

export const FORMATS: ReportFormat[] = ['pdf', 'xlsx', 'csv', 'html'];

export const isOver = (report: StoredReport): boolean => report.finished_at !== null;

/** Whether the list is worth asking for again soon. */
export const anyUnderWay = (reports: StoredReport[]): boolean =>
  reports.some((one) => !isOver(one));

export type TableBlock = Extract<ReportBlock, { kind: 'table' }>;
export type ChartBlock = Extract<ReportBlock, { kind: 'chart' }>;
export type FiguresBlock = Extract<ReportBlock, { kind: 'figures' }>;

/** What stands in a cell, apart: the appliance writes `"empty"` or an object with one key. */
export function cellOf(cell: ReportCell): { text?: string; number?: string; time?: string } {
  return cell === 'empty' ? {} : cell;
}

/** The unit and digits of a column of numbers; nothing for others. */
export function numbersOf(holds: ReportHolds): { unit: string; decimals: number } | null {
  return typeof holds === 'object' && 'number' in holds ? holds.number : null;
}

/** The precision of a column of times; nothing for others. */
export function precisionOf(holds: ReportHolds): 'month' | 'day' | 'minute' | null {
  return typeof holds === 'object' && 'time' in holds ? holds.time.precision : null;
}

/** Addresses as people type them: by lines, commas or blanks. */
export function addressesOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((one) => one !== '');
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** People name the last day; the appliance wants the first one after. */
export const dayAfter = (day: string): string =>
  DAY.test(day)
    ? new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10)
    : day;

/** What is wrong with days that a person chose; what lies ahead the appliance knows. */
export function periodErrors(
  { which, from, to }: { which: string; from: string; to: string },
  t: (key: string) => string,
): Record<string, string> {
  if (which !== 'own') return {};
  const errors: Record<string, string> = {};
  if (!DAY.test(from)) errors.from = t('reports.wantDay');
  if (!DAY.test(to)) errors.to = t('reports.wantDay');
  else if (DAY.test(from) && to < from) errors.to = t('reports.wantOrder');
  return errors;
}
