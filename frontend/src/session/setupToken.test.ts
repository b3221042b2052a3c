import { expect, it } from 'vitest';
import { tokenIn } from './setupToken';

it.each([
  ['#token=K7QF-2M9P', 'K7QF-2M9P'],
  ['#/setup?token=K7QF-2M9P', 'K7QF-2M9P'],
  ['#/setup?x=1&token=A%2BB', 'A+B'],
  ['#section', null],
  ['', null],
])('finds the token in %s', (hash, token) => {
  expect(tokenIn(hash)).toBe(token);
});
