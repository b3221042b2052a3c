// What is open: what lets somebody in who should stay out, or would keep out who should get in. Each
// says where it is mended. Pure.
import type { Account, SystemCheck } from '@/api/types';
import {
  at,
  daysSince,
  GUESSES,
  INVITED_DAYS,
  KEY_DAYS,
  lately,
  people,
  SOON_DAYS,
  sourcesOf,
  UNUSED_DAYS,
  type Facts,
} from './facts';
import { DAY_MS } from '@/kit/zone';

export type Tone = 'bad' | 'attention';

export interface Finding {
  /** Its word is `security.finding.<key>`. */
  key: string;
  tone: Tone;
  /** What the word speaks of. */
  values: { name?: string; count?: number; days?: number; at?: string };
  /** Where it is mended, and the room that this is. */
  to: string;
  room: string;
  /** A check of the appliance has words of its own. */
  check?: SystemCheck;
}

/** What an administrator can do, whoever stole it can do, too. */
const MIGHTY = ['admin', 'energy_manager'];
/** The checks of the appliance that are about safety: the others are looked at under System. */
const CHECKS: Record<string, { to: string; room: string }> = {
  certificate: { to: '/system', room: 'system' },
  clock: { to: '/system', room: 'system' },
  integrity: { to: '/system', room: 'system' },
  backup: { to: '/backup', room: 'backup' },
};

const ofUser = (account: Account, me: string | null) =>
  account.id === me
    ? { to: '/account', room: 'account' }
    : { to: `/users/${account.id}`, room: 'users' };

function ofAccounts({ accounts, me, now }: Facts): Finding[] {
  const found: Finding[] = [];
  const active = people(accounts);
  for (const one of active) {
    const place = ofUser(one, me);
    if (one.state === 'locked')
      found.push({
        key: 'locked',
        tone: 'bad',
        values: { name: one.name, at: one.locked_until ?? undefined },
        ...place,
      });
    if (!one.two_factor && MIGHTY.includes(one.role_key))
      found.push({ key: 'mightyNoFactor', tone: 'bad', values: { name: one.name }, ...place });
    const unused = daysSince(one.last_login ?? one.created_at, now);
    if (unused !== null && unused >= UNUSED_DAYS)
      found.push({
        key: 'unusedAccount',
        tone: 'attention',
        values: { name: one.name, days: unused },
        ...place,
      });
  }
  const others = active.filter((one) => !one.two_factor && !MIGHTY.includes(one.role_key));
  const users = { to: '/users', room: 'users' };
  if (others.length)
    found.push({ key: 'noFactor', tone: 'attention', values: { count: others.length }, ...users });
  const admins = active.filter(({ role_key }) => role_key === 'admin');
  if (admins.length === 1)
    found.push({ key: 'oneAdmin', tone: 'attention', values: { count: 1 }, ...users });
  for (const one of accounts.filter(({ state }) => state === 'invited')) {
    const days = daysSince(one.created_at, now) ?? 0;
    if (days >= INVITED_DAYS)
      found.push({
        key: 'invited',
        tone: 'attention',
        values: { name: one.name, days },
        ...ofUser(one, me),
      });
  }
  return found;
}

function ofDoor({ refused, now }: Facts): Finding[] {
  const found: Finding[] = [];
  for (const { address, tries } of sourcesOf(lately(refused ?? [], now)))
    if (tries >= GUESSES)
      found.push({
        key: 'guessing',
        tone: 'bad',
        values: { name: address ?? '–', count: tries },
        to: `/audit?action=auth${address ? `&text=${encodeURIComponent(address)}` : ''}`,
        room: 'audit',
      });
  for (const { user, at: when } of (refused ?? []).filter(
    ({ action }) => action === 'auth.refresh_reused',
  ))
    found.push({
      key: 'reused',
      tone: 'bad',
      values: { name: user, at: when },
      to: '/users/sessions',
      room: 'users',
    });
  return found;
}

function ofKeys({ tokens, devices, kiosks, now }: Facts): Finding[] {
  const found: Finding[] = [];
  const push = (key: string, tone: Tone, values: Finding['values'], to: string, room: string) =>
    found.push({ key, tone, values, to, room });
  for (const { name, expires_at, last_used_at, created_at } of tokens ?? []) {
    const left = Date.parse(expires_at) - now;
    if (left <= 0) push('tokenOver', 'attention', { name }, '/tokens', 'tokens');
    else if (left <= SOON_DAYS * DAY_MS)
      push('tokenEnds', 'attention', { name, at: expires_at }, '/tokens', 'tokens');
    const unused = daysSince(last_used_at ?? created_at, now) ?? 0;
    if (left > 0 && unused >= UNUSED_DAYS)
      push('tokenUnused', 'attention', { name, days: unused }, '/tokens', 'tokens');
  }
  const everywhere = (tokens ?? []).filter(
    ({ addresses, expires_at }) => addresses.length === 0 && Date.parse(expires_at) > now,
  );
  if (everywhere.length)
    push('tokenAnywhere', 'attention', { count: everywhere.length }, '/tokens', 'tokens');
  for (const { id, name, wrong_key_at, key_made_at } of devices ?? []) {
    const wrong = at(wrong_key_at);
    if (wrong !== null && now - wrong < UNUSED_DAYS * DAY_MS)
      push('wrongKey', 'bad', { name, at: wrong_key_at! }, `/devices/${id}`, 'devices');
    const days = daysSince(key_made_at, now) ?? 0;
    if (days >= KEY_DAYS) push('oldKey', 'attention', { name, days }, `/devices/${id}`, 'devices');
  }
  for (const { name, last_seen_at, approved_at } of kiosks ?? []) {
    const days = daysSince(last_seen_at ?? approved_at, now) ?? 0;
    if (days >= SOON_DAYS) push('kioskGone', 'attention', { name, days }, '/kiosks', 'kiosks');
  }
  return found;
}

function ofChecks({ checks }: Facts): Finding[] {
  return (checks ?? []).flatMap((check): Finding[] => {
    const place = CHECKS[check.key];
    const plain = check.code === 'certificate_none';
    if (!place || (check.state === 'ok' && !plain)) return [];
    const tone = check.state === 'bad' ? 'bad' : 'attention';
    return [{ key: 'check', tone, values: {}, ...place, check }];
  });
}

/** The worst first; within that, people before doors before keys before the machine. */
export function findingsOf(facts: Facts): Finding[] {
  const all = [...ofAccounts(facts), ...ofDoor(facts), ...ofKeys(facts), ...ofChecks(facts)];
  return [...all.filter(({ tone }) => tone === 'bad'), ...all.filter(({ tone }) => tone !== 'bad')];
}
