// Whether a figure is as usual, by the range that the appliance learnt. Pure.
import type { SiteUsual, UsualRange } from '@/api/types';

export type Quantity = 'power' | 'voltage' | 'frequency' | 'powerFactor';
export type Usual = UsualRange;
export type Verdict = 'unknown' | 'usual' | 'above' | 'below';

const QUARTER_S = 900;

/** What lies outside of the range that is shown is never called usual. */
export function verdictOf(value: number | null, usual: Usual | null): Verdict {
  if (value === null || usual?.low == null || usual.high == null) return 'unknown';
  if (value > usual.high) return 'above';
  return value < usual.low ? 'below' : 'usual';
}

/** A moment beyond the range is said after so long: the range is one of quarters, and a press that
 * closes must not turn the wall amber. */
const SETTLES_MS = 60_000;

/** What is told of a verdict that has stood for so long, ms: nothing of what may be over at once. */
export const settled = (verdict: Verdict, forMs: number): Verdict =>
  (verdict === 'above' || verdict === 'below') && forMs < SETTLES_MS ? 'unknown' : verdict;

/** The usual range of power at an instant of the last day, for the chart; null when none is known. */
export function bandOf(usual: SiteUsual | null) {
  if (!usual?.low_kw.some((low) => low !== null)) return null;
  const first = Date.parse(usual.from) / 1000;
  return (second: number) => {
    const at = Math.floor((second - first) / QUARTER_S);
    return { low: usual.low_kw[at] ?? null, high: usual.high_kw[at] ?? null };
  };
}
