import { expect, it } from 'vitest';
import { nextPath } from './next';

it('returns to where the person was', () => {
  expect(nextPath('/equipment?status=offline')).toBe('/equipment?status=offline');
});

it.each(['//evil.example', '/\\evil.example', 'https://evil.example', undefined, ['/a'], ''])(
  'never leaves this page for %s',
  (wanted) => expect(nextPath(wanted)).toBe('/'),
);
