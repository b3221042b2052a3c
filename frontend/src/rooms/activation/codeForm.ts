// What opens an account: a code, and a password. Pure.
import * as v from 'valibot';
import { errorsOf, required } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';
import { blankPassword, differ, newPasswordFields, type NewPassword } from '@/session/newPassword';

export type Purpose = 'activate' | 'reset';

export interface CodeForm extends NewPassword {
  token: string;
}

export const blankCode = (token: string | null): CodeForm => ({
  token: token ?? '',
  ...blankPassword(),
});

const schema = v.object({ token: required(), ...newPasswordFields });

export function checkCode(form: CodeForm, translate: (key: string) => string): Errors {
  const errors = errorsOf(schema, form, translate);
  if (differ(form)) errors.again = translate('newPassword.differ');
  return errors;
}
