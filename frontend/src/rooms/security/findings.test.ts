import { describe, expect, it } from 'vitest';
import type { ComplianceCheck, SecurityFinding, SecurityThreat } from '@/api/types';
import { findingsOf, placeOf } from './findings';

const threat = (kind: string, more: Partial<SecurityThreat> = {}) =>
  ({
    kind,
    severity: 'critical',
    status: 'active',
    name: null,
    address: '10.0.0.9',
    count: 12,
    last_at: '2026-11-22T12:00:00Z',
    object: 'audit',
    description: 'Twelve tries.',
    ...more,
  }) as SecurityThreat;
const failing = (...findings: Partial<SecurityFinding>[]) =>
  ({ key: 'x', findings }) as unknown as ComplianceCheck;
const keys = (...asked: Parameters<typeof findingsOf>) =>
  findingsOf(...asked).map(({ key }) => key);

describe('what is open', () => {
  it('is nothing where nothing is a threat and nothing fails', () => {
    expect(findingsOf([], [failing()], null)).toEqual([]);
  });

  it('leads to where it is mended, and to oneself where it is about oneself', () => {
    expect(placeOf('user/7', '7')).toEqual({ to: '/account', room: 'account' });
    expect(placeOf('user/7', '8')).toEqual({ to: '/users/7', room: 'users' });
    expect(placeOf('user', '8').to).toBe('/users');
    expect(placeOf('session', null).to).toBe('/users/sessions');
    expect(placeOf('device/9', null)).toEqual({ to: '/devices/9', room: 'devices' });
    expect(placeOf('something new', null).to).toBe('/system');
    const [guessing] = findingsOf([threat('guessing')], [], null);
    expect(guessing).toMatchObject({
      tone: 'bad',
      to: '/audit?action=auth&text=10.0.0.9',
      values: { name: '10.0.0.9', count: 12 },
    });
  });

  it('forgets guessing that ended, and not a key that was copied', () => {
    const past = { status: 'past' as const };
    const all = [threat('guessing', past), threat('key_two_places', past), threat('reported')];
    expect(keys(all, [], null)).toEqual(['key_two_places', 'reported']);
  });

  it('has the worst first, and of a check its own words', () => {
    const check = { key: 'backup', code: 'backup_old' } as SecurityFinding['check'];
    const checks = [
      failing({ key: 'no_factor', tone: 'attention', object: 'user', count: 2 }),
      failing({ key: 'check', tone: 'bad', object: 'backup', check }),
    ];
    const soft = threat('new_device_admin', { severity: 'warning', object: 'user/7' });
    const found = findingsOf([soft], checks, null);
    expect(found.map(({ key, to }) => [key, to])).toEqual([
      ['check', '/backup'],
      ['new_device_admin', '/users/7'],
      ['no_factor', '/users'],
    ]);
    expect(found[0]?.check).toBe(check);
  });
});
