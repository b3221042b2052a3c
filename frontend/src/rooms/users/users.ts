// The list of users: what is found, in which order, and how a state looks. Pure.
import type { Account, AccountState, Role } from '@/api/types';
import { matching } from '@/kit/choices';

export const roles: Role[] = [
  'admin',
  'energy_manager',
  'operator',
  'technician',
  'viewer',
  'kiosk',
  'customer',
];
export const states: AccountState[] = ['active', 'invited', 'locked', 'deactivated'];

export interface UserFilters {
  search: string;
  role: string;
  state: string;
}

export const noFilters = (): UserFilters => ({ search: '', role: '', state: '' });

export const isFiltered = ({ search, role, state }: UserFilters): boolean =>
  search.trim() !== '' || role !== '' || state !== '';

type Look = {
  shape: 'circle' | 'triangle' | 'diamond' | 'dash' | 'ring';
  tone: 'normal' | 'abnormal' | 'attention' | 'off';
};

const looks: Record<AccountState, Look> = {
  active: { shape: 'circle', tone: 'normal' },
  invited: { shape: 'ring', tone: 'off' },
  locked: { shape: 'triangle', tone: 'abnormal' },
  deactivated: { shape: 'dash', tone: 'off' },
};

export const stateLook = (state: AccountState): Look => looks[state];

/** Who waits for an administrator comes first, who is gone comes last. */
const rank: Record<AccountState, number> = { locked: 0, invited: 1, active: 2, deactivated: 3 };

export function found(accounts: Account[], filters: UserFilters): Account[] {
  const choices = accounts.map(({ id, name, email, username }) => ({
    value: id,
    label: name,
    note: `${email} ${username ?? ''}`,
  }));
  const hits = new Set(
    matching(choices, filters.search, accounts.length).map(({ value }) => value),
  );
  return accounts
    .filter(
      ({ id, role_key, state }) =>
        hits.has(id) &&
        (filters.role === '' || role_key === filters.role) &&
        (filters.state === '' || state === filters.state),
    )
    .sort((a, b) => rank[a.state] - rank[b.state] || a.name.localeCompare(b.name));
}

/** The word of a permission: "equipment.read" stands under `role.may.equipment_read`. */
export const permissionKey = (permission: string): string => permission.replace('.', '_');
