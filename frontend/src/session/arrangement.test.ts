import { describe, expect, it } from 'vitest';
import {
  addressOf,
  arrangementOf,
  clockOf,
  defaultArrangement,
  isNight,
  minuteOf,
  recordedOf,
} from './arrangement';

const known = ['overview', 'flow', 'live', 'alerts'];
const read = (query: string) => arrangementOf(new URLSearchParams(query), known);

describe('the address of a wall', () => {
  it.each([
    '/kiosk?pages=overview,flow,live,alerts',
    '/kiosk?pages=live:60,overview',
    '/kiosk?pages=alerts&night=off&sound=off',
    '/kiosk?pages=flow&night=21:30-05:15',
  ])('%s says the same after it was read', (address) => {
    expect(addressOf(read(address.split('?')[1] ?? ''))).toBe(address);
  });

  it('takes what is wrong as usual', () => {
    expect(read('pages=nothing&night=25-6&seconds=soon')).toEqual(defaultArrangement(known));
    expect(read('pages=flow:1,live:99999').pages).toEqual([
      { name: 'flow', seconds: 5 },
      { name: 'live', seconds: 3_600 },
    ]);
    expect(read('seconds=45').pages.every(({ seconds }) => seconds === 45)).toBe(true);
  });
});

it('knows the night, over midnight too', () => {
  const night = { from: 22 * 60, to: 6 * 60 };
  expect([21, 22, 0, 5].map((hour) => isNight(night, hour * 60))).toEqual([
    false,
    true,
    true,
    true,
  ]);
  expect(isNight(night, 6 * 60)).toBe(false);
  expect(isNight({ from: 60, to: 120 }, 90)).toBe(true);
  expect(isNight({ from: 60, to: 120 }, 130)).toBe(false);
  expect(isNight(null, 0)).toBe(false);
});

it('reads times of the day', () => {
  expect(['7', '07:05', '24', '12:60', 'x'].map(minuteOf)).toEqual([420, 425, null, null, null]);
  expect(clockOf(425)).toBe('07:05');
});

it('follows a record without the pages that this page does not have', () => {
  const record = {
    pages: [
      { name: 'b', seconds: 9 },
      { name: 'new', seconds: 9 },
    ],
    night: null,
    sound: false,
  };
  expect(recordedOf(record, ['a', 'b'])).toEqual({ ...record, pages: [{ name: 'b', seconds: 9 }] });
  expect(recordedOf(record, ['a'])?.pages).toEqual([{ name: 'a', seconds: 20 }]);
  expect(recordedOf(null, ['a'])).toBeNull();
});
