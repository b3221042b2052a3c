// What the page decides about reports. Pure.
import type { ReportBlock, ReportCell, ReportFormat, ReportHolds, StoredReport } from '@/api/types';

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

/** What a report of cold cells is about: one of them, or all of a customer. */
export interface Subject {
  cell?: string | null;
  customer?: string | null;
}

/** Whether a kind of report is about cold cells. */
export const isCold = (template: string): boolean => template.startsWith('cold_');

/** A subject as one word of a list of choices; empty for none. */
export const subjectKey = ({ cell, customer }: Subject): string =>
  cell ? `cell:${cell}` : customer ? `customer:${customer}` : '';

export function subjectOf(key: string): Subject {
  const [kind, id] = key.split(':');
  if (!id) return {};
  return kind === 'cell' ? { cell: id } : { customer: id };
}

/** What goes with a kind of report: a subject with those of cold cells, none with others. */
export const aboutOf = (template: string, about: Subject): Subject =>
  isCold(template) ? about : {};

/** Addresses as people type them: by lines, commas or blanks. */
export function addressesOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((one) => one !== '');
}
