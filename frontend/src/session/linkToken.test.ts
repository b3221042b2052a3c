import { expect, it } from 'vitest';
import { codeOf, forgetLinkToken, keepLinkToken, linkToken, tokenIn } from './linkToken';

it.each([
  ['#token=K7QF-2M9P', 'K7QF-2M9P'],
  ['#/setup?token=K7QF-2M9P', 'K7QF-2M9P'],
  ['#/setup?x=1&token=A%2BB', 'A+B'],
  ['#token=%', null],
  ['#section', null],
  ['', null],
])('finds the token in %s', (hash, token) => {
  expect(tokenIn(hash)).toBe(token);
});

it('takes a code as it was typed, and out of a link that was pasted', () => {
  expect(codeOf('  k7qf 2m9p ')).toBe('k7qf 2m9p');
  expect(codeOf('http://plant:8080/activate#token=abc_-1\n')).toBe('abc_-1');
});

it('keeps the last token until it was used', () => {
  expect(keepLinkToken('#token=one')).toBe(true);
  expect(keepLinkToken('#section')).toBe(false);
  expect(linkToken()).toBe('one');
  forgetLinkToken();
  expect(linkToken()).toBeNull();
});
