// A user as an administrator fills him in, and as he is sent. Pure.
import * as v from 'valibot';
import type { Account, AccountChange, Invitation, Reach, Role } from '@/api/types';
import type { Language } from '@/words';
import { email, errorsOf, required } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';

export interface UserForm {
  email: string;
  name: string;
  username: string;
  /** Where he is called, as a person writes it. */
  phone: string;
  /** The language of what is written to him; that of the notifications when empty. */
  language: Language | '';
  role: Role;
  site: string;
  /** Which sites he reaches; `some` are those of `sites`. */
  reach: ReachChoice;
  sites: string[];
}

export type ReachChoice = 'own' | 'some' | 'all';
export const reaches: ReachChoice[] = ['own', 'some', 'all'];

/** The role that can do the least harm is the one that nobody chose. */
export const blankUser = (site: string): UserForm => ({
  email: '',
  name: '',
  username: '',
  phone: '',
  language: '',
  role: 'viewer',
  site,
  reach: 'own',
  sites: [],
});

const choiceOf = (sites: Reach, site: string): ReachChoice => {
  if (sites === 'all') return 'all';
  return sites.length === 1 && sites[0] === site ? 'own' : 'some';
};

/** His own site is always among them: he could not be shown anything otherwise. */
export function sitesOf({ reach, site, sites }: UserForm): Reach {
  if (reach === 'all') return 'all';
  return reach === 'own' ? [site] : [...new Set([site, ...sites])].sort();
}

export const formOf = (account: Account): UserForm => ({
  email: account.email,
  name: account.name,
  username: account.username ?? '',
  phone: account.phone ?? '',
  language: account.language ?? '',
  role: account.role_key,
  site: account.site,
  reach: choiceOf(account.sites, account.site),
  sites: account.sites === 'all' ? [] : [...account.sites],
});

const username = v.pipe(
  v.string(),
  v.check((text) => /^([A-Za-z0-9._-]{2,40})?$/.test(text.trim()), 'users.usernameShape'),
);

/** E.164 with what people write between the digits, which the appliance takes out. */
const phone = v.pipe(
  v.string(),
  v.check(
    (text) => /^(\+[1-9]\d{7,14})?$/.test(text.replace(/[\s\-./()]/g, '')),
    'users.phoneShape',
  ),
);

const schema = v.object({ email: email(), name: required(), username, phone });

export const checkUser = (form: UserForm, translate: (key: string) => string): Errors =>
  errorsOf(schema, form, translate);

export const invitationOf = (form: UserForm): Invitation => ({
  email: form.email.trim(),
  name: form.name.trim(),
  username: form.username.trim() || null,
  phone: form.phone.trim() || null,
  language: form.language || null,
  role: form.role,
  site: form.site || null,
  // What nobody chose follows the role: an administrator reaches all of them.
  sites: form.reach === 'own' ? null : sitesOf(form),
});

const sameSites = (a: Reach, b: Reach): boolean =>
  a === 'all' || b === 'all' ? a === b : [...a].sort().join() === [...b].sort().join();

/** Only what is different: a role that is sent again would be a change in the log of nothing. */
export function changeOf(form: UserForm, before: Account): AccountChange {
  const now = {
    ...form,
    name: form.name.trim(),
    username: form.username.trim(),
    phone: form.phone.trim(),
  };
  return {
    ...(now.name !== before.name && { name: now.name }),
    ...(now.username !== (before.username ?? '') && { username: now.username || null }),
    ...(now.phone !== (before.phone ?? '') && { phone: now.phone || null }),
    ...(now.language !== (before.language ?? '') && { language: now.language || null }),
    ...(now.role !== before.role_key && { role: now.role }),
    ...(now.site !== before.site && { site: now.site }),
    ...(!sameSites(sitesOf(form), before.sites) && { sites: sitesOf(form) }),
  };
}

/** Whether a change signs the user out: he loses a role or a place. */
export const signsOut = (change: AccountChange): boolean =>
  change.role !== undefined || change.site !== undefined || change.sites !== undefined;

/** Whether this address of the page leads nowhere from another machine. */
export const onlyHere = (host: string): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);
