// The demand of the running quarter. The one place that knows where it comes from: today it is
// computed from the readings that the page has anyway.
import { computed, type Ref } from 'vue';
import type { ChartData } from '@/kit/chartData';
import type { useFeed } from '@/live/feed';
import { demandOf, type Demand, type Peak } from './quarter';

/** How often the figure moves: faster would only make it tremble. */
const STEP_S = 5;

export interface ShownDemand {
  demand: Demand | null;
  highest: Peak | null;
}

export function useDemand(
  feed: ReturnType<typeof useFeed>,
  curve: Ref<ChartData>,
  highest: Ref<Peak | null>,
) {
  const nowS = computed(() => Math.floor(feed.now / 1000 / STEP_S) * STEP_S);
  return computed<ShownDemand>(() => ({
    demand: demandOf(curve.value, nowS.value),
    highest: highest.value,
  }));
}
