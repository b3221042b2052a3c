// Emission factors as a person enters them: one number, one for each hour of the day, or one for each
// hour from a day on. Pure.
import type { NewCarbonFactors } from '@/api/types';
import { decimalOf } from '@/kit/check';

export const COURSES = ['flat', 'hour_of_day', 'hourly'] as const;
export type Course = (typeof COURSES)[number];
/** A leap year of hours. */
const HOURS_MAX = 8784;
/** No grid emits more, kg for each kWh: coal has about 1. */
const KG_MAX = 10;

/**
 * The numbers of a pasted text or a file: one a line, or with blanks or semicolons between them. A
 * comma between them is read as such where the numbers themselves have points.
 */
export const numbersIn = (text: string): string[] =>
  text
    .split(/[\s;]+/)
    .flatMap((word) => (word.includes('.') ? word.split(',') : [word]))
    .filter((word) => word !== '');

/** What is wrong with a course; null when nothing is. The words are told with what is counted. */
export function wrongWith(
  by: Course,
  text: string,
): { word: string; named: Record<string, string | number> } | null {
  const words = numbersIn(text);
  if (by === 'flat' && words.length !== 1) return { word: 'wantNumber', named: {} };
  const bad = words.findIndex((word) => {
    const value = decimalOf(word);
    return !(value >= 0 && value <= KG_MAX);
  });
  if (bad >= 0)
    return { word: 'wantFactor', named: { at: bad + 1, text: words[bad]!.slice(0, 20) } };
  if (by === 'hour_of_day' && words.length !== 24)
    return { word: 'want24', named: { count: words.length } };
  if (by === 'hourly' && (words.length === 0 || words.length > HOURS_MAX))
    return { word: 'wantHours', named: { count: words.length, most: HOURS_MAX } };
  return null;
}

export function tableOf(by: Course, text: string): NewCarbonFactors['table'] {
  const numbers = numbersIn(text).map(decimalOf);
  return by === 'flat' ? { by, kg_per_kwh: numbers[0]! } : { by, kg_per_kwh: numbers };
}

/** Where hourly numbers end: they hold no longer than they reach. */
export const endOf = (by: Course, text: string, from: string): string | null =>
  by === 'hourly'
    ? new Date(Date.parse(from) + numbersIn(text).length * 3_600_000).toISOString()
    : null;
