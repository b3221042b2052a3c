import { expect, it } from 'vitest';
import { entriesThatFit } from './fits';

const widths = [100, 80, 120, 90];

it('shows all where there is room, without a button for more', () => {
  expect(entriesThatFit(390, widths, 60)).toBe(4);
});

it('keeps room for the button of those that do not fit', () => {
  expect(entriesThatFit(389, widths, 60)).toBe(3);
  expect(entriesThatFit(359, widths, 60)).toBe(2);
  expect(entriesThatFit(239, widths, 60)).toBe(1);
});

it('never takes the first entry away, and knows an empty menu', () => {
  expect(entriesThatFit(20, widths, 60)).toBe(1);
  expect(entriesThatFit(20, [], 60)).toBe(0);
});
