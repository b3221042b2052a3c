import { expect, it } from 'vitest';
import { defaultArrangement } from '@/session/arrangement';
import { arrangedOf, draftOf, isSame, moved, type Draft } from './arrange';

const usual = defaultArrangement(['a', 'b', 'c']);
const draft: Draft = {
  pages: ['a', 'b', 'c'].map((name) => ({ name, seconds: '20', shown: true })),
  dims: true,
  from: '22:00',
  to: '06:00',
  sound: true,
};

it('says what was chosen, in its order', () => {
  expect(arrangedOf(draft, usual)).toEqual(usual);
  const pages = moved(draft.pages, 2, -1).map((page) => ({ ...page, shown: page.name !== 'a' }));
  expect(arrangedOf({ ...draft, pages, dims: false }, usual)).toMatchObject({
    pages: [
      { name: 'c', seconds: 20 },
      { name: 'b', seconds: 20 },
    ],
    night: null,
  });
});

it('is right while somebody types', () => {
  const pages = [{ name: 'a', seconds: '', shown: true }];
  expect(arrangedOf({ ...draft, pages, from: '' }, usual)).toMatchObject({
    pages: [{ name: 'a', seconds: 20 }],
    night: usual.night,
  });
  const none = draft.pages.map((page) => ({ ...page, shown: false }));
  expect(arrangedOf({ ...draft, pages: none }, usual).pages).toEqual(usual.pages);
});

it('moves nothing beyond the ends', () => {
  expect(moved(draft.pages, 0, -1)).toBe(draft.pages);
  expect(moved(draft.pages, 2, 1)).toBe(draft.pages);
});

it('is typed as it stands in its record, with the pages that it leaves out below', () => {
  const record = { pages: [{ name: 'c', seconds: 45 }], night: null, sound: false };
  const typed = draftOf(record, ['a', 'b', 'c'], usual);
  expect(typed.pages.map(({ name, shown }) => [name, shown])).toEqual([
    ['c', true],
    ['a', false],
    ['b', false],
  ]);
  expect(typed).toMatchObject({ dims: false, from: '22:00', sound: false });
  expect(arrangedOf(typed, usual)).toEqual(record);
  expect(isSame(arrangedOf(draftOf(usual, ['a', 'b', 'c'], usual), usual), usual)).toBe(true);
  expect(isSame(record, usual)).toBe(false);
});
