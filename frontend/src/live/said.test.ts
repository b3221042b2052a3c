import { mount } from '@vue/test-utils';
import { afterEach, expect, it } from 'vitest';
import { defineComponent } from 'vue';
import { i18n, languages, setLanguage, type Language } from '@/words';
import type { Alert } from '@/api/types';
import { amountParts, inSentence } from './said';
import { useAlertWords } from './useAlertWords';

afterEach(() => setLanguage('en'));

/** What isolates a number within a text of the other direction is not looked at here. */
const bare = (text: string | null) =>
  (text ?? '').replace(/[\u2066-\u2069]/g, '').replace(/\u00a0/g, ' ');

async function words(language: Language) {
  await setLanguage(language);
  let found!: ReturnType<typeof useAlertWords>;
  const Part = defineComponent({
    setup() {
      found = useAlertWords();
      return () => null;
    },
  });
  mount(Part, { global: { plugins: [i18n] } });
  return found;
}

const overload: Pick<Alert, 'message' | 'said' | 'equipment_name'> = {
  message: 'Overload: power 1234.5 kW, above 80 kW',
  equipment_name: 'Press 4',
  said: {
    code: 'threshold',
    numbers: { value: '83.5 kW', limit: '80 kW' },
    names: { metric: 'power', operator: 'above', rule: 'overload', name: 'Overload' },
  },
};

it('takes an amount apart', () => {
  expect(amountParts('1234.50 kWh/day')).toEqual({
    number: 1234.5,
    digits: 2,
    unit: 'kWh',
    per: 'day',
  });
  expect(amountParts('7')).toEqual({ number: 7, digits: 0, unit: null, per: null });
  expect(amountParts('?').number).toBeNull();
  expect([inSentence('Power'), inSentence('DC power')]).toEqual(['power', 'DC power']);
});

it('says an alert in each language', async () => {
  expect(bare((await words('en')).message(overload))).toBe('Overload: power 83.5 kW, above 80 kW');
  expect(bare((await words('fr')).message(overload))).toMatch(
    /^Surcharge\s: puissance 83[.,]5 kW, au-dessus de 80 kW$/,
  );
  expect(bare((await words('ar')).message(overload))).toMatch(
    /^\u200fحمل زائد: القدرة 83[.,]5 kW، أعلى من 80 kW$/,
  );
});

it('does not say twice that nothing comes', async () => {
  const silent = {
    message: 'No data: no data for 75.6 s',
    equipment_name: 'Press 4',
    said: {
      code: 'no_data',
      numbers: { value: '75.6 s' },
      names: { rule: 'no_data', name: 'No data' },
    },
  };
  expect(bare((await words('en')).message(silent))).toBe('No data for 75.6 s');
  // A name that somebody gave stays.
  const named = { ...silent, said: { ...silent.said, names: { name: 'Press asleep' } } };
  expect(bare((await words('en')).message(named))).toBe('Press asleep: no data for 75.6 s');
});

it('keeps an Arabic sentence in its direction though it begins with a Latin name', async () => {
  const { message } = await words('ar');
  const said = { ...overload.said!, names: { ...overload.said!.names, rule: '', name: 'Fish 1' } };
  expect(message({ ...overload, said })).toMatch(/^\u200f\u2068Fish 1\u2069: القدرة \u2066/);
});

it.each(languages)('has no hole in a sentence in %s', async (language) => {
  const { message, about, advice } = await words(language);
  const codes = [
    'disk',
    'reserve',
    'memory',
    'backup',
    'polls',
    'clock',
    'queue',
    'logins',
  ] as const;
  for (const code of codes) {
    const numbers = { value: '1 s', hours: '1', skipped: '1', lost: '1', count: '1', more: '2' };
    const said = { code, numbers, names: { names: 'A, B' } };
    expect(message({ message: 'stored', said })).not.toMatch(/[{}]|^stored$/);
    expect(about({ equipment_name: 'stored', said })).not.toBe('stored');
    expect(advice({ advice: 'stored', advice_code: code })).not.toBe('stored');
  }
});

it('leaves a name that a person gave, and what an earlier version stored', async () => {
  const { message, about, advice } = await words('fr');
  const said = {
    ...overload.said!,
    names: { metric: 'power', operator: 'below', phase: 'L1', name: 'Four {value}' },
  };
  expect(bare(message({ ...overload, said }))).toMatch(/^Four \{value\}\s: puissance L1 83/);
  expect(message({ message: 'Old' })).toBe('Old');
  expect(message({ message: 'Newer', said: { code: 'of_tomorrow', names: {}, numbers: {} } })).toBe(
    'Newer',
  );
  expect(about(overload)).toBe('Press 4');
  expect(advice({ advice: 'Call Ahmed.', advice_code: null })).toBe('Call Ahmed.');
});

it('says a day as the language writes it', async () => {
  const drift = {
    message: 'More energy is used than the baseline expects: 148 kWh/day since 2026-11-16.',
    equipment_name: 'Press 4',
    said: { code: 'drift', numbers: { value: '148 kWh/day' }, names: { day: '2026-11-16' } },
  };
  expect(bare((await words('en')).message(drift))).toContain('since 16 November 2026.');
  expect(bare((await words('fr')).message(drift))).not.toContain('2026-11-16');
  expect(bare((await words('ar')).message(drift))).not.toContain('2026-11-16');
});
