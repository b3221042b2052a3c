// How long readings are kept: as a person types it, and as the appliance takes it. Pure.
import type { Keep, StorageUse } from '@/api/types';
import type { Errors } from '@/kit/useFormErrors';

/** The levels, finest first, by the names of the fields that hold them. */
export const fields = {
  raw: 'raw_days',
  minute: 'minute_days',
  quarter: 'quarter_days',
  hour: 'hour_days',
} as const;
export type Level = keyof typeof fields;
export const levels = Object.keys(fields) as Level[];
export const isLevel = (level: string): level is Level => level in fields;

/** Days as typed; nothing is for ever. */
export type KeepForm = Record<(typeof fields)[Level], string>;

export function formOf({ levels: known }: Pick<StorageUse, 'levels'>): KeepForm {
  const form: KeepForm = { raw_days: '', minute_days: '', quarter_days: '', hour_days: '' };
  for (const { level, keep_days } of known)
    if (isLevel(level)) form[fields[level]] = keep_days === null ? '' : String(keep_days);
  return form;
}

const daysOf = (text: string): number | null => (text.trim() === '' ? null : Number(text));

export const keepOf = (form: KeepForm): Keep => ({
  raw_days: daysOf(form.raw_days),
  minute_days: daysOf(form.minute_days),
  quarter_days: daysOf(form.quarter_days),
  hour_days: daysOf(form.hour_days),
});

/** What is no number of days; the bounds are the appliance's, and it says them. */
export function wrongIn(form: KeepForm, translate: (key: string) => string): Errors {
  const wrong = Object.entries(form).filter(([, text]) => !/^\s*\d{0,6}\s*$/.test(text));
  return Object.fromEntries(wrong.map(([path]) => [path, translate('storage.daysBad')]));
}

/** The levels of which something is forgotten sooner than now. */
export function shortened(before: KeepForm, after: KeepForm): Level[] {
  const days = (text: string) => daysOf(text) ?? Infinity;
  return levels.filter((level) => days(after[fields[level]]) < days(before[fields[level]]));
}
