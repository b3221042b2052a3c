// An item of the plan as a person fills it in: pure.
import type { NewPlanItem, PlanItem } from '@/api/types';
import { decimalOf } from '@/kit/check';
import { instantAt } from '@/kit/localInstant';
import { dayOf } from './spans';

export const KINDS = ['objective', 'significant_use', 'action', 'measure'] as const;
export const STATES = ['open', 'doing', 'done', 'dropped'] as const;

export interface PlanForm {
  kind: (typeof KINDS)[number];
  name: string;
  note: string;
  owner: string;
  due: string;
  state: (typeof STATES)[number];
  enpi_id: string;
  since: string;
  /** In percent. */
  target: string;
}

export const blankItem = (): PlanForm => ({
  kind: 'action',
  name: '',
  note: '',
  owner: '',
  due: '',
  state: 'open',
  enpi_id: '',
  since: '',
  target: '',
});

/** Objectives and measures are counted by an indicator from a day on. */
export const isCounted = (kind: PlanForm['kind']): boolean =>
  kind === 'objective' || kind === 'measure';

export function formOf(item: PlanItem, timeZone: string): PlanForm {
  const day = (at: string | null) => (at ? dayOf(Date.parse(at), timeZone) : '');
  return {
    kind: item.kind,
    name: item.name,
    note: item.note,
    owner: item.owner,
    due: day(item.due),
    state: item.state,
    enpi_id: item.enpi_id ?? '',
    since: day(item.since),
    target: item.target_fraction === null ? '' : String(tidy(item.target_fraction * 100)),
  };
}

/** 0.07 × 100 is 7.000000000000001. */
const tidy = (value: number) => Math.round(value * 1e6) / 1e6;

export function itemOf(form: PlanForm, before: PlanItem | null, timeZone: string): NewPlanItem {
  const instant = (day: string) => (day ? instantAt(`${day}T00:00`, timeZone) : null);
  const counted = isCounted(form.kind);
  const target = decimalOf(form.target);
  return {
    kind: form.kind,
    name: form.name.trim(),
    note: form.note.trim(),
    owner: form.owner.trim(),
    due: instant(form.due),
    state: form.state,
    enpi_id: counted ? form.enpi_id || null : (before?.enpi_id ?? null),
    since: counted ? instant(form.since) : (before?.since ?? null),
    target_fraction:
      form.kind === 'objective' && Number.isFinite(target) ? tidy(target / 100) : null,
    equipment: before?.equipment ?? [],
    expected_kwh_per_year: before?.expected_kwh_per_year ?? null,
  };
}

/** Not done, and its day is over. */
export const isLate = (item: Pick<PlanItem, 'due' | 'state'>, now: number): boolean =>
  item.due !== null &&
  (item.state === 'open' || item.state === 'doing') &&
  // A thing that is due on a day may be done all of that day.
  Date.parse(item.due) + 24 * 3_600_000 <= now;
