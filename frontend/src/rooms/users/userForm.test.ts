import { expect, it } from 'vitest';
import type { Account } from '@/api/types';
import { blankUser, changeOf, formOf, invitationOf, signsOut, sitesOf } from './userForm';

const account = (over: Partial<Account>) =>
  ({
    email: 'amina@plant.example',
    name: 'Amina',
    username: null,
    role_key: 'viewer',
    site: 'site_a',
    sites: ['site_a'],
    ...over,
  }) as Account;

it('sends nothing of a user whom nobody touched, whatever he reaches', () => {
  for (const sites of ['all', ['site_a'], ['site_a', 'site_b']] as const)
    expect(
      changeOf(
        formOf(account({ sites: sites as Account['sites'] })),
        account({ sites: sites as Account['sites'] }),
      ),
    ).toEqual({});
});

it('sends the sites that he reaches from now on, his own among them, and says that it signs out', () => {
  const before = account({});
  const some = changeOf({ ...formOf(before), reach: 'some', sites: ['site_c'] }, before);
  expect(some).toEqual({ sites: ['site_a', 'site_c'] });
  expect(signsOut(some)).toBe(true);
  expect(changeOf({ ...formOf(before), reach: 'all' }, before)).toEqual({ sites: 'all' });
  const moved = { ...formOf(before), site: 'site_b' };
  expect(changeOf(moved, before)).toEqual({ site: 'site_b', sites: ['site_b'] });
  expect(signsOut({ name: 'Amina B.' })).toBe(false);
});

it('reads back what it sent', () => {
  const form = formOf(account({ sites: ['site_a', 'site_b'] }));
  expect([form.reach, sitesOf(form)]).toEqual(['some', ['site_a', 'site_b']]);
  expect(formOf(account({ sites: 'all' })).reach).toBe('all');
  expect(formOf(account({})).reach).toBe('own');
});

it('leaves the sites of an invited user to his role unless somebody chose', () => {
  const form = blankUser('site_a');
  expect(invitationOf(form).sites).toBeNull();
  expect(invitationOf({ ...form, reach: 'all' }).sites).toBe('all');
});
