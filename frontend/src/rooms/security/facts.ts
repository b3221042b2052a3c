// What the appliance knows about who gets in, as the screen needs it. Pure.
import type {
  Account,
  ApiToken,
  AuditEntry,
  Device,
  Kiosk,
  Session,
  SystemCheck,
} from '@/api/types';
import { DAY_MS } from '@/kit/zone';

export interface Facts {
  now: number;
  /** Who looks: his own account is mended elsewhere. */
  me: string | null;
  accounts: Account[];
  sessions: Session[];
  /** Null where who looks may not see them. */
  tokens: ApiToken[] | null;
  devices: Device[] | null;
  kiosks: Kiosk[] | null;
  /** What was refused at the door in the last days, newest first. */
  refused: AuditEntry[] | null;
  checks: SystemCheck[] | null;
}

/** What the log says when somebody was not let in. */
export const REFUSALS = [
  'auth.login_failed',
  'auth.login_refused_locked',
  'auth.account_locked',
  'auth.second_step_failed',
  'auth.second_step_refused_locked',
  'auth.session_locked',
  'auth.code_refused',
  'auth.password_refused',
  'auth.refresh_reused',
] as const;

/** So far back refusals are looked at. */
export const REFUSED_DAYS = 7;
/** What was not used for so long is asked about. */
export const UNUSED_DAYS = 90;
/** An invitation that nobody took for so long. */
export const INVITED_DAYS = 7;
/** A key that a device has carried for longer may have been read by many. */
export const KEY_DAYS = 730;
/** What ends within this time is renewed in time. */
export const SOON_DAYS = 30;
/** So many refusals from one address in a day are no slip of the finger. */
export const GUESSES = 10;

export const at = (instant: string | null | undefined): number | null =>
  instant ? Date.parse(instant) : null;
export const daysSince = (instant: string | null | undefined, now: number): number | null => {
  const then = at(instant);
  return then === null ? null : Math.floor((now - then) / DAY_MS);
};

/** Accounts that somebody can sign in with: those of screens and of people not there yet are none. */
export const people = (accounts: Account[]): Account[] =>
  accounts.filter(
    ({ state, role_key }) => (state === 'active' || state === 'locked') && role_key !== 'kiosk',
  );

export interface Coverage {
  with: number;
  of: number;
}

export function factorCoverage(accounts: Account[]): Coverage {
  const all = people(accounts);
  return { with: all.filter(({ two_factor }) => two_factor).length, of: all.length };
}

/** Where tries came from: many names from one address is guessing, one name is a slip. */
export interface Source {
  address: string | null;
  tries: number;
  /** The names that were tried; an entry about nobody has none. */
  names: string[];
  last: string;
}

export function sourcesOf(refused: AuditEntry[]): Source[] {
  const found = new Map<string, Source>();
  for (const { address, user, at: when } of refused) {
    const key = address ?? '';
    const one = found.get(key) ?? { address: address ?? null, tries: 0, names: [], last: when };
    one.tries += 1;
    if (user && !one.names.includes(user)) one.names.push(user);
    if (when > one.last) one.last = when;
    found.set(key, one);
  }
  return [...found.values()].sort((a, b) => b.tries - a.tries || b.last.localeCompare(a.last));
}

/** Those of the last day. */
export const lately = (refused: AuditEntry[], now: number): AuditEntry[] =>
  refused.filter(({ at: when }) => now - Date.parse(when) < DAY_MS);

export type KeyKind = 'token' | 'device' | 'kiosk';

/** Whatever gets in without a person: how old it is, when it was last used, and when it ends. */
export interface KeyRow {
  id: string;
  kind: KeyKind;
  name: string;
  madeAt: string;
  /** Null when it was never used. */
  usedAt: string | null;
  usedFrom: string | null;
  /** Null for what never ends by itself. */
  endsAt: string | null;
  to: string;
}

/** The one that was not used for the longest time first: it is the first that can go. */
export function keysOf({ tokens, devices, kiosks }: Facts): KeyRow[] {
  const rows: KeyRow[] = [
    ...(tokens ?? []).map((one) => ({
      id: one.id,
      kind: 'token' as const,
      name: one.name,
      madeAt: one.created_at,
      usedAt: one.last_used_at ?? null,
      usedFrom: one.last_used_from ?? null,
      endsAt: one.expires_at,
      to: '/tokens',
    })),
    ...(devices ?? []).map((one) => ({
      id: one.id,
      kind: 'device' as const,
      name: one.name,
      madeAt: one.key_made_at,
      usedAt: one.last_seen_at ?? null,
      usedFrom: null,
      endsAt: null,
      to: `/devices/${one.id}`,
    })),
    ...(kiosks ?? []).map((one) => ({
      id: one.id,
      kind: 'kiosk' as const,
      name: one.name,
      madeAt: one.approved_at,
      usedAt: one.last_seen_at ?? null,
      usedFrom: one.address ?? null,
      endsAt: null,
      to: '/kiosks',
    })),
  ];
  const used = ({ usedAt, madeAt }: KeyRow) => (usedAt === null ? `0${madeAt}` : usedAt);
  return rows.sort((a, b) => used(a).localeCompare(used(b)));
}
