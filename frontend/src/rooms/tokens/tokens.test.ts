import { expect, it } from 'vitest';
import { blankToken, exampleOf, inputOf, listed } from './tokens';

it('takes addresses however a person writes them beside each other', () => {
  const both = ['10.0.3.17', '192.168.7.0/24'];
  for (const typed of [
    '10.0.3.17 192.168.7.0/24',
    '10.0.3.17, 192.168.7.0/24 ',
    '10.0.3.17;\n192.168.7.0/24',
    '10.0.3.17، 192.168.7.0/24',
  ])
    expect(listed(typed)).toEqual(both);
  expect(listed(' ')).toEqual([]);
});

it('sends the end of a token as a time', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const form = { ...blankToken('site_a'), name: ' Telegraf ', days: '30', addresses: 'fd00::/8' };
  expect(inputOf(form, now)).toMatchObject({
    name: 'Telegraf',
    expires_at: '2026-12-21T12:00:00.000Z',
    addresses: ['fd00::/8'],
  });
});

it('shows a call that the token can make', () => {
  const path = (...scopes: Parameters<typeof exampleOf>[2]) =>
    exampleOf('http://a', 'imt_x', scopes);
  expect(path('readings:write', 'readings:read')).toContain('/api/v2/write');
  expect(path('readings:read')).toContain('/api/historical/consumption');
  expect(path('equipment:read')).toContain('/api/equipment');
  expect(path('security:report')).toContain('/api/security/log');
  expect(path('metrics:read')).toContain('/metrics');
});
