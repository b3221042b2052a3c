import { mount } from '@vue/test-utils';
import { afterEach, expect, it } from 'vitest';
import { defineComponent, h, ref } from 'vue';
import type { AlertRule } from '@/api/types';
import { providePlace } from '@/kit/useFormat';
import { allWords, i18n, intlLocale, setLanguage, type Language } from '@/words';
import { useRuleName } from './useRuleName';

afterEach(() => setLanguage('en'));

/** What a rule that nobody named is called. */
async function called(language: Language, condition: unknown): Promise<string> {
  await setLanguage(language);
  await allWords();
  let name!: ReturnType<typeof useRuleName>;
  const Part = defineComponent({
    setup() {
      name = useRuleName();
      return () => null;
    },
  });
  const Whole = defineComponent({
    setup() {
      providePlace(ref(intlLocale[language]), ref('Africa/Tunis'));
      return () => h(Part);
    },
  });
  mount(Whole, { global: { plugins: [i18n] } });
  return name({ name: 'power below -10', of_condition: true, condition } as AlertRule);
}

const below = { kind: 'threshold', metric: 'power', operator: '<', threshold: -10 };
/** What isolates a number is not looked at, what stands in it is. */
const bare = (text: string) => text.replace(/[\u2066-\u2069]/g, '').replace(/[\u00a0\u202f]/g, ' ');

it('tells the limit with its unit', async () => {
  expect(bare(await called('en', below))).toBe('Power below -10 kW');
  expect(bare(await called('fr', below))).toMatch(/^Puissance, en dessous de [-−]10 kW$/);
  const voltage = { ...below, metric: 'voltage', phase: 'L1', operator: '>', threshold: 250 };
  expect(bare(await called('en', voltage))).toBe('Voltage L1 above 250 V');
  const rate = { ...below, kind: 'rate', minutes: 5, threshold: 3 };
  expect(bare(await called('en', rate))).toBe('Power: change per minute below 3 kW');
  const growth = { kind: 'window', function: 'energy', metric: 'consumption', minutes: 60 };
  expect(bare(await called('en', { ...growth, operator: '>', threshold: 40 }))).toBe(
    'Energy: growth in 60 min above 40 kWh',
  );
});

it('tells a limit that has none, or an unknown one, as it is', async () => {
  const factor = { ...below, metric: 'power_factor', threshold: 0.85 };
  expect(await called('en', factor)).toBe('Power factor below 0.85');
  expect(await called('en', { ...below, metric: 'steam', threshold: 2 })).toBe('Steam below 2');
});

it('keeps an Arabic limit together, its minus on the left', async () => {
  const text = await called('ar', below);
  expect(text).toMatch(/\u2066\u200e?-10\u00a0kW\u2069$/);
});
