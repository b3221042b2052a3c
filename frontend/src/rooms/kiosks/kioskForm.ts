// What an administrator types of a screen whose code he reads. Pure.
import * as v from 'valibot';
import type { KioskApproval } from '@/api/types';
import { errorsOf, required } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';

export interface KioskForm {
  code: string;
  name: string;
  site: string;
}

export const blankKiosk = (site: string): KioskForm => ({ code: '', name: '', site });

/** Only letters and digits count: people leave the hyphen out, or type a space. */
const counted = (typed: string): string => typed.replace(/[^A-Za-z0-9]/g, '').toUpperCase();

const schema = v.object({
  code: v.pipe(
    required(),
    v.check((typed) => counted(typed).length === 8, 'kiosks.codeShape'),
  ),
  name: required(),
});

export const checkKiosk = (form: KioskForm, translate: (key: string) => string): Errors =>
  errorsOf(schema, form, translate);

export const approvalOf = (form: KioskForm): KioskApproval => ({
  code: counted(form.code),
  name: form.name.trim(),
  site: form.site || null,
});
