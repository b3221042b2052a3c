import { expect, it } from 'vitest';
import { entriesThatFit } from './fits';

it('keeps the bar of a telephone at five buttons, the last of them for the rest', () => {
  expect(entriesThatFit(390, 7)).toBe(4);
  expect(entriesThatFit(390, 3)).toBe(3);
});

it('shows more the wider the window is, and all on a desk', () => {
  expect(entriesThatFit(1440, 7)).toBe(7);
  expect(entriesThatFit(1100, 7)).toBe(4);
});

it('never hides one entry alone behind a button', () => {
  expect(entriesThatFit(1250, 6)).toBe(6);
  expect(entriesThatFit(1250, 5)).toBe(5);
});
