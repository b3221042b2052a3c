// A correction of readings: as a person fills it in, and as the appliance takes it. Pure.
import * as v from 'valibot';
import type { CorrectionInput } from '@/api/types';
import { decimalOf, errorsOf, required } from '@/kit/check';
import { instantAt } from '@/kit/localInstant';
import type { Errors } from '@/kit/useFormErrors';

export const acts = ['exclude', 'set', 'add', 'multiply'] as const;
export type Act = (typeof acts)[number];
export const isAct = (text: string): text is Act => (acts as readonly string[]).includes(text);

/** Same paths as the request, so that a refused field finds its input. */
export interface CorrectionForm {
  equipment_id: string;
  metric: string;
  /** At the site, as the field has it: 2026-11-21T08:30. */
  from: string;
  to: string;
  change: { do: Act; by: string };
  why: string;
}

export const blankCorrection = (): CorrectionForm => ({
  equipment_id: '',
  metric: '',
  from: '',
  to: '',
  change: { do: 'exclude', by: '' },
  why: '',
});

export function checkCorrection(
  form: CorrectionForm,
  timeZone: string,
  translate: (key: string) => string,
): Errors {
  const moment = v.pipe(
    required(),
    v.check((text) => instantAt(text, timeZone) !== null, 'corrections.momentBad'),
  );
  const number = v.pipe(
    required(),
    v.check((text) => Number.isFinite(decimalOf(text)), 'corrections.numberBad'),
  );
  const schema = v.object({
    equipment_id: required(),
    metric: required(),
    from: moment,
    to: moment,
    change: v.object({ by: form.change.do === 'exclude' ? v.string() : number }),
    why: required(),
  });
  const errors = errorsOf(schema, form, translate);
  const [from, to] = [instantAt(form.from, timeZone), instantAt(form.to, timeZone)];
  if (from && to && from >= to) errors.to ??= translate('corrections.orderBad');
  return errors;
}

export function correctionOf(form: CorrectionForm, timeZone: string): CorrectionInput {
  const act = form.change.do;
  return {
    equipment_id: form.equipment_id,
    metric: form.metric,
    from: instantAt(form.from, timeZone) ?? '',
    to: instantAt(form.to, timeZone) ?? '',
    change: act === 'exclude' ? { do: act } : { do: act, by: decimalOf(form.change.by) },
    why: form.why.trim(),
  };
}
