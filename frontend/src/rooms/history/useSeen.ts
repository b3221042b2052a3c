// What the figures speak of. A hand that pulls is ahead of the answers, and the sum of half a window
// would be a wrong figure: until the answer covers what is in sight, the last whole one stays.
import { computed } from 'vue';
import { covers } from './reach';
import { refText } from './series';
import type { Step } from './plan';
import type { Answered } from './useHistoryData';

export interface Seen {
  answered: Answered;
  visible: [number, number];
}

const seriesOf = ({ asked }: Answered) => asked.series.map(refText).join();

export function useSeen(
  answered: () => Answered | null,
  visible: () => [number, number],
  step: () => Step,
) {
  let last: Seen | null = null;
  /** The newest answer with the span for which it is whole. */
  const seen = computed<Seen | null>(() => {
    const answer = answered();
    const span = visible();
    if (!answer) return (last = null);
    const { asked } = answer;
    const other = !last || seriesOf(last.answered) !== seriesOf(answer);
    if (other || (asked.step === step() && covers(asked, span)))
      last = { answered: answer, visible: span };
    return last;
  });
  /** Whether something else is in sight than that of which the figures speak. */
  const behind = computed(() => seen.value !== null && seen.value.visible !== visible());
  return { seen, behind };
}
