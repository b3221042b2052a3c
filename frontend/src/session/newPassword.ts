// A new password, as a person types it: twice, because nobody sees it. The appliance decides
// whether it is good enough; here is only what can be said while typing. Pure.
import * as v from 'valibot';

const SHORTEST = 12;
const LONGEST = 128;

export interface NewPassword {
  password: string;
  again: string;
}

export const blankPassword = (): NewPassword => ({ password: '', again: '' });

export const newPasswordFields = {
  password: v.pipe(
    v.string(),
    v.minLength(1, 'check.required'),
    v.check((text) => [...text].length >= SHORTEST, 'newPassword.short'),
    v.check((text) => [...text].length <= LONGEST, 'check.passwordLong'),
  ),
  again: v.pipe(v.string(), v.minLength(1, 'check.required')),
};

/** That both are the same is said at the second, once both are there. */
export const differ = ({ password, again }: NewPassword): boolean =>
  password !== '' && again !== '' && password !== again;
