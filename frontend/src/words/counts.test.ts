import { expect, it } from 'vitest';
import { allWords, i18n, setLanguage } from './index';

it('counts the points of the appliance as each language counts', async () => {
  const said: Record<string, string[]> = {};
  for (const language of ['en', 'fr', 'ar'] as const) {
    await setLanguage(language, false);
    await allWords();
    const { t } = i18n.global;
    said[language] = [1, 2, 3, 11].map((n) => t('system.worst.attention', n));
  }
  expect(said.en?.slice(0, 2)).toEqual([
    'One point is worth a look.',
    '2 points are worth a look.',
  ]);
  expect(said.fr?.slice(0, 2)).toEqual([
    'Un point mérite un regard.',
    '2 points méritent un regard.',
  ]);
  expect(new Set(said.ar).size).toBe(4);
  expect(said.ar?.slice(2).map((text) => text.match(/\d+/)?.[0])).toEqual(['3', '11']);
});
