// Each sentence of each language says the same as with the library's own compiler.
import { beforeAll, expect, it, vi } from 'vitest';
import { createI18n } from 'vue-i18n';
import ar from './ar';
import { compile } from './compile';
import en from './en';
import fr from './fr';
import type { Words } from './merge';

// The page is built without it (vite.config.ts).
beforeAll(() => vi.stubGlobal('__INTLIFY_DROP_MESSAGE_COMPILER__', false));

const keys = (words: Words, prefix = ''): string[] =>
  Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' ? [prefix + key] : keys(value, `${prefix}${key}.`),
  );
/** A value for each name that any sentence asks for, which says the name. */
const values = (sentences: string) =>
  Object.fromEntries([...sentences.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, `<${name}>`]));

function speakers(words: Words) {
  const options = { legacy: false as const, locale: 'en', messages: { en: words } };
  const rule = (choice: number, forms: number) => Math.min(choice, forms - 1);
  const rules = { pluralRules: { en: rule }, missingWarn: false, fallbackWarn: false };
  return [
    createI18n({ ...options, ...rules }).global,
    createI18n({ ...options, ...rules, messageCompiler: compile }).global,
  ] as const;
}

it.each(Object.entries({ en, fr, ar }))('reads every sentence of %s', (_, words) => {
  const [theirs, ours] = speakers(words);
  const all = keys(words);
  expect(all.length).toBeGreaterThan(1_000);
  const named = values(JSON.stringify(words));
  for (const key of all)
    for (const count of [0, 1, 2, 3, 4, 5])
      expect(ours.t(key, { ...named, count }, count), key).toBe(
        theirs.t(key, { ...named, count }, count),
      );
});

it.each([
  'plain',
  '',
  ' spaces kept ',
  'a {b} c',
  '{ b }{c}',
  "write {'@'} and {'{b}'} and {'|'}",
  'one | two|three {b}',
  'no {b}, | {n} x | {count} y',
])('reads "%s"', (sentence) => {
  const [theirs, ours] = speakers({ sentence });
  for (let count = 0; count < 4; count += 1)
    expect(ours.t('sentence', { b: 'B', c: 7, count }, count)).toBe(
      theirs.t('sentence', { b: 'B', c: 7, count }, count),
    );
});

it('ends a sentence once, although its last word has a full stop of its own', () => {
  const [, ours] = speakers({ sentence: 'depuis le {day}. Puis {price}' });
  expect(ours.t('sentence', { day: '15 nov.', price: '3 d.' })).toBe('depuis le 15 nov. Puis 3 d.');
  expect(ours.t('sentence', { day: '15 mai', price: 3 })).toBe('depuis le 15 mai. Puis 3');
});
