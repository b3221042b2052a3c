// A new password, as a person types it: twice, because nobody sees it. The appliance decides
// whether it is good enough; here is only what can be said while typing. Pure.
import * as v from 'valibot';

/** What the appliance asks of every password, so that most refusals come while typing. */
export const password = v.pipe(
  v.string(),
  v.minLength(1, 'check.required'),
  v.minLength(8, 'check.passwordShort'),
  v.maxLength(128, 'check.passwordLong'),
  v.check(
    (text) => [/\p{Lu}/u, /\p{Ll}/u, /\d/, /[^\p{L}\d\s]/u].every((kind) => kind.test(text)),
    'check.passwordKinds',
  ),
);

export interface NewPassword {
  password: string;
  again: string;
}

export const blankPassword = (): NewPassword => ({ password: '', again: '' });

export const newPasswordFields = {
  password,
  again: v.pipe(v.string(), v.minLength(1, 'check.required')),
};

/** That both are the same is said at the second, once both are there. */
export const differ = ({ password, again }: NewPassword): boolean =>
  password !== '' && again !== '' && password !== again;
