// One's own password, changed by who knows it. Pure.
import * as v from 'valibot';
import { errorsOf } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';
import { blankPassword, differ, newPasswordFields, type NewPassword } from '@/session/newPassword';

/** The names are those of the request, so that a refusal finds its field. */
export interface OwnPassword extends NewPassword {
  current_password: string;
}

export const blankOwnPassword = (): OwnPassword => ({ current_password: '', ...blankPassword() });

const schema = v.object({
  current_password: v.pipe(v.string(), v.minLength(1, 'check.required')),
  ...newPasswordFields,
});

export function checkOwnPassword(form: OwnPassword, translate: (key: string) => string): Errors {
  const errors = errorsOf(schema, form, translate);
  if (differ(form)) errors.again = translate('newPassword.differ');
  return errors;
}
