import { describe, expect, it } from 'vitest';
import type { Account, ApiToken, AuditEntry, Device, Kiosk, SystemCheck } from '@/api/types';
import { factorCoverage, keysOf, sourcesOf, type Facts } from './facts';
import { findingsOf } from './findings';

const now = Date.parse('2026-11-22T12:00:00Z');
const ago = (days: number) => new Date(now - days * 86_400_000).toISOString();
const account = (name: string, more: Partial<Account> = {}) =>
  ({
    id: name,
    name,
    role_key: 'viewer',
    state: 'active',
    two_factor: true,
    last_login: ago(1),
    created_at: ago(400),
    ...more,
  }) as Account;
const admins = [account('Amina', { role_key: 'admin' }), account('Bilel', { role_key: 'admin' })];
const facts = (more: Partial<Facts> = {}): Facts => ({
  now,
  me: 'Amina',
  accounts: admins,
  sessions: [],
  tokens: [],
  devices: [],
  kiosks: [],
  refused: [],
  checks: [],
  ...more,
});
const keys = (more: Partial<Facts>) => findingsOf(facts(more)).map(({ key }) => key);
const refusal = (address: string, user: string, days: number, action = 'auth.login_failed') =>
  ({ address, user, at: ago(days), action }) as AuditEntry;
const token = (name: string, more: Partial<ApiToken> = {}) =>
  ({
    id: name,
    name,
    addresses: ['10.0.0.0/8'],
    created_at: ago(100),
    last_used_at: ago(1),
    expires_at: ago(-300),
    ...more,
  }) as ApiToken;

describe('what is open', () => {
  it('is nothing where all is well, and nothing of what may not be seen', () => {
    expect(findingsOf(facts())).toEqual([]);
    const blind = { tokens: null, devices: null, kiosks: null, refused: null, checks: null };
    expect(findingsOf(facts(blind))).toEqual([]);
  });

  it('asks for the second factor of the mighty one by one, of the others together', () => {
    const accounts = [
      account('Amina', { role_key: 'admin', two_factor: false }),
      account('Bilel', { role_key: 'admin' }),
      account('Chiraz', { two_factor: false }),
      account('Dorra', { two_factor: false }),
      account('Wall', { role_key: 'kiosk', two_factor: false }),
      account('New', { state: 'invited', two_factor: false, created_at: ago(1) }),
    ];
    const found = findingsOf(facts({ accounts }));
    expect(found.map(({ key, tone, to, values }) => [key, tone, to, values.count])).toEqual([
      ['mightyNoFactor', 'bad', '/account', undefined],
      ['noFactor', 'attention', '/users', 2],
    ]);
    expect(factorCoverage(accounts)).toEqual({ with: 1, of: 4 });
  });

  it('names who is locked out, who never came, and whom nobody could let in again', () => {
    const accounts = [
      account('Amina', { role_key: 'admin' }),
      account('Locked', { state: 'locked', locked_until: ago(-1) }),
      account('Gone', { last_login: ago(91) }),
      account('Never', { last_login: null }),
      account('Invited', { state: 'invited', created_at: ago(8) }),
      account('Off', { state: 'deactivated', two_factor: false, last_login: ago(999) }),
    ];
    const found = findingsOf(facts({ accounts }));
    expect(found.map(({ key, values }) => [key, values.name])).toEqual([
      ['locked', 'Locked'],
      ['unusedAccount', 'Gone'],
      ['unusedAccount', 'Never'],
      ['oneAdmin', undefined],
      ['invited', 'Invited'],
    ]);
  });

  it('tells guessing from a slip of the finger', () => {
    const many = (count: number, days: number) =>
      Array.from({ length: count }, (_, n) => refusal('10.0.0.9', `name${n}`, days));
    expect(keys({ refused: many(9, 0.5) })).toEqual([]);
    expect(keys({ refused: many(30, 2) })).toEqual([]);
    const [found] = findingsOf(facts({ refused: many(10, 0.5) }));
    expect(found).toMatchObject({ key: 'guessing', to: '/audit?action=auth&text=10.0.0.9' });
    expect(keys({ refused: [refusal('10.0.0.1', 'Amina', 3, 'auth.refresh_reused')] })).toEqual([
      'reused',
    ]);
  });

  it('looks at the life of each key', () => {
    const tokens = [
      token('over', { expires_at: ago(1), last_used_at: null }),
      token('ends', { expires_at: ago(-10) }),
      token('idle', { last_used_at: null }),
      token('open', { addresses: [] }),
    ];
    const device = (name: string, more: Partial<Device>) =>
      ({ id: name, name, key_made_at: ago(5), ...more }) as Device;
    const devices = [
      device('wrong', { wrong_key_at: ago(2) }),
      device('old', { key_made_at: ago(800) }),
    ];
    const kiosks = [{ id: 'k', name: 'Hall', approved_at: ago(31), last_seen_at: null } as Kiosk];
    expect(keys({ tokens, devices, kiosks })).toEqual([
      'wrongKey',
      'tokenOver',
      'tokenEnds',
      'tokenUnused',
      'tokenAnywhere',
      'oldKey',
      'kioskGone',
    ]);
    const rows = keysOf(facts({ tokens, devices, kiosks }));
    // What was never used is the first that can go, the oldest of it in front.
    expect(rows.map(({ name }) => name).slice(0, 3)).toEqual(['old', 'over', 'idle']);
  });

  it('takes the checks that are about safety, and plain HTTP for one', () => {
    const check = (key: string, state: string, code = `${key}_x`) =>
      ({ key, state, code, unit: '' }) as SystemCheck;
    const checks = [
      check('disk', 'bad'),
      check('backup', 'bad'),
      check('clock', 'ok'),
      check('certificate', 'ok', 'certificate_none'),
    ];
    expect(findingsOf(facts({ checks })).map(({ tone, to }) => [tone, to])).toEqual([
      ['bad', '/backup'],
      ['attention', '/system'],
    ]);
  });
});

it('gathers tries by the address that they came from', () => {
  const sources = sourcesOf([
    refusal('10.0.0.9', 'root', 0.1),
    refusal('10.0.0.9', 'root', 0.2),
    refusal('10.0.0.9', 'admin', 3),
    refusal('10.0.0.2', 'amina', 0.01),
  ]);
  expect(sources.map(({ address, tries, names }) => [address, tries, names])).toEqual([
    ['10.0.0.9', 3, ['root', 'admin']],
    ['10.0.0.2', 1, ['amina']],
  ]);
  expect(sources[0]!.last).toBe(ago(0.1));
});
