// What was done to a counter: the form as a person fills it, and the request it becomes. Pure.
import * as v from 'valibot';
import type { MeterExchange, MeterRatio } from '@/api/types';
import { decimalOf, errorsOf, required } from '@/kit/check';
import { instantAt } from '@/kit/localInstant';
import type { Errors } from '@/kit/useFormErrors';

export const meterEventKinds = ['exchange', 'ratio'] as const;
export type MeterEventKind = (typeof meterEventKinds)[number];

/** Same paths as the request, so that a refused field finds its input. */
export interface MeterEventForm {
  kind: MeterEventKind;
  metric: string;
  /** At the site, as the field has it: 2026-11-21T08:30. */
  at: string;
  end_reading: string;
  start_reading: string;
  factor: string;
  reason: string;
}

const READING_MAX = 1e12;
const FACTOR_MAX = 1e6;

const number = (message: string, allowed: (value: number) => boolean) =>
  v.pipe(
    required(),
    v.check((text) => Number.isFinite(decimalOf(text)) && allowed(decimalOf(text)), message),
  );
const reading = () =>
  number('meterEvents.readingBad', (value) => value >= 0 && value <= READING_MAX);

export function checkMeterEvent(
  form: MeterEventForm,
  timeZone: string,
  translate: (key: string) => string,
): Errors {
  const at = v.pipe(
    required(),
    v.check((text) => instantAt(text, timeZone) !== null, 'meterEvents.atBad'),
  );
  const both = { at, metric: required(), reason: required() };
  const schema =
    form.kind === 'exchange'
      ? v.object({ ...both, end_reading: reading(), start_reading: reading() })
      : v.object({
          ...both,
          factor: number('meterEvents.factorBad', (value) => value > 0 && value <= FACTOR_MAX),
        });
  return errorsOf(schema, form, translate);
}

const common = (form: MeterEventForm, timeZone: string) => ({
  at: instantAt(form.at, timeZone) ?? '',
  metric: form.metric,
  reason: form.reason.trim(),
});

export const exchangeOf = (form: MeterEventForm, timeZone: string): MeterExchange => ({
  ...common(form, timeZone),
  end_reading: decimalOf(form.end_reading),
  start_reading: decimalOf(form.start_reading),
});

export const ratioOf = (form: MeterEventForm, timeZone: string): MeterRatio => ({
  ...common(form, timeZone),
  factor: decimalOf(form.factor),
});

/** Quantities that a register adds up, by the way they are named everywhere. */
export const isCounter = (metric: string) =>
  metric === 'consumption' || /_(energy|consumption|count)$/.test(metric);
