// What the statistics of a model mean for one who decides by it: pure. The limits are those of
// IPMVP and ASHRAE Guideline 14, which docs/energy.md names.
import type { FitQuality, ModelCoefficient } from '@/api/types';

/** Which figure, whether to rely on it, and the sentence that says why (`performance.judge.*`). */
export interface Judgement {
  figure: 'r2' | 'cv' | 'p' | 'bias' | 'durbin' | 'count';
  good: boolean;
  /** The figure itself; null when it cannot be computed. */
  value: number | null;
  /** What it is about: the variable with the greatest p. */
  of?: string;
}

const R2_LOW = 0.75;
const CV_HIGH = { month: 0.25, week: 0.3, day: 0.3 };
const P_HIGH = 0.1;
const BIAS_HIGH = 0.005;
const DURBIN = [1, 3] as const;
/** Below this many periods to each estimated number a model fits whatever it is shown. */
const PERIODS_EACH = 4;

export function judge(
  quality: FitQuality,
  coefficients: ModelCoefficient[],
  { kind, period }: { kind: string; period: 'day' | 'week' | 'month' },
): Judgement[] {
  const model = kind === 'model';
  const out: Judgement[] = [];
  if (model) out.push({ figure: 'r2', value: quality.r2, good: quality.r2 >= R2_LOW });
  const cv = quality.cv_rmse ?? null;
  out.push({ figure: 'cv', value: cv, good: cv !== null && cv <= CV_HIGH[period] });
  const worst = coefficients
    .filter(({ p }) => p !== null && p !== undefined)
    .reduce<ModelCoefficient | null>((a, b) => (a === null || b.p! > a.p! ? b : a), null);
  if (model && worst)
    out.push({ figure: 'p', value: worst.p!, good: worst.p! <= P_HIGH, of: worst.name });
  const bias = quality.nmbe ?? null;
  if (bias !== null) out.push({ figure: 'bias', value: bias, good: Math.abs(bias) <= BIAS_HIGH });
  const durbin = quality.durbin_watson ?? null;
  if (durbin !== null)
    out.push({ figure: 'durbin', value: durbin, good: durbin >= DURBIN[0] && durbin <= DURBIN[1] });
  out.push({
    figure: 'count',
    value: quality.observations,
    good: quality.observations >= PERIODS_EACH * quality.parameters,
  });
  return out;
}

export const isGood = (judgements: Judgement[]): boolean => judgements.every(({ good }) => good);

/** What an indicator has to say in a list. */
export type Standing = 'none' | 'unknown' | 'as_expected' | 'more' | 'less';

export function standingOf(
  baseline: number,
  evaluation: {
    drift?: { direction: 'more' | 'less' } | null;
    savings?: { periods: number } | null;
  } | null,
): Standing {
  if (baseline === 0) return 'none';
  if (!evaluation || !evaluation.savings || evaluation.savings.periods === 0) return 'unknown';
  return evaluation.drift?.direction ?? 'as_expected';
}

/** Whether a saving may be told: what chance explains is none. */
export function savingOf(savings: { saved_kwh: number; significant: boolean; periods: number }) {
  if (savings.periods === 0) return 'none';
  if (!savings.significant) return 'chance';
  return savings.saved_kwh >= 0 ? 'saved' : 'wasted';
}

/** Whether more means of a week of the voltage are made of one reading than the standard lets lie
 * outside: the meter is read too seldom for the statement, as the report says, too. */
export const readSeldom = ({ estimated, intervals }: { estimated: number; intervals: number }) =>
  estimated * 20 > intervals;
