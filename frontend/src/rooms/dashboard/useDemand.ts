// The demand of the window that is running. The one place that knows where it comes from: the
// appliance, which knows the tariff; where it does not answer, the readings of this page.
import { useIntervalFn } from '@vueuse/core';
import { computed, ref, type Ref } from 'vue';
import { api } from '@/api';
import type { ChartData } from '@/kit/chartData';
import { useTask } from '@/kit/useTask';
import { useFormat } from '@/kit/useFormat';
import { dayStart } from '@/kit/zone';
import { useReload, type useFeed } from '@/live/feed';
import {
  answered,
  demandOf,
  highestOf,
  QUARTER_S,
  type Demand,
  type Ordered,
  type Peak,
} from './quarter';

/** How often the figure moves: faster would only make it tremble. */
const STEP_S = 5;
/** Six of the hundred questions that a person may ask in a minute. */
const EVERY_MS = 10_000;
/** A window is known within a minute of its end, whatever tells its end. */
const HIGHEST_EVERY_MS = 60_000;
/** An answer stands for no longer than this. */
const HOLDS_MS = 35_000;

/** So much of a window has to be known before this page reckons with it while it waits. */
const TOLD_LEAST = 0.5;

export interface ShownDemand {
  demand: Demand | null;
  highest: Peak | null;
  ordered: Ordered | null;
  /** The appliance has not answered yet: what is not there is not missing. */
  awaited: boolean;
}

export function useDemand(feed: ReturnType<typeof useFeed>, curve: Ref<ChartData>) {
  const { place } = useFormat();
  const heardAt = ref(0);
  const asked = useTask(async () => {
    const answer = await api.energyDemand();
    heardAt.value = feed.now;
    return answer;
  });
  void asked.run();
  useIntervalFn(() => feed.connected && void asked.run(), EVERY_MS);

  const peaks = useTask(() => {
    const midnight = new Date(dayStart(feed.now, place.value.timeZone)).toISOString();
    return api.energyPeaks({ from: midnight, to: new Date(feed.now).toISOString(), limit: 1 });
  });
  const look = () => void peaks.run();
  look();
  useReload(look);
  useIntervalFn(() => feed.connected && look(), HIGHEST_EVERY_MS);
  const highest = computed(() => highestOf(peaks.data.value));

  const awaited = computed(() => asked.data.value === null && asked.error.value === null);
  const nowS = computed(() => Math.floor(feed.now / 1000 / STEP_S) * STEP_S);
  return computed<ShownDemand>(() => {
    const running = asked.data.value?.running;
    const holds =
      running && feed.now - heardAt.value < HOLDS_MS && feed.now < Date.parse(running.to);
    if (!holds) {
      // What this page adds up is a quarter: the highest of other windows is not compared with it.
      const alike = highest.value?.lengthS === QUARTER_S;
      const own = demandOf(curve.value, nowS.value);
      // What came live since the page opened says little: first the answer, or the past, is waited for.
      const demand = awaited.value && own && own.coverage < TOLD_LEAST ? null : own;
      return {
        demand,
        highest: alike ? highest.value : null,
        ordered: null,
        awaited: awaited.value,
      };
    }
    const { demand, ordered } = answered(running, Math.floor(feed.now / 1000));
    return { demand, highest: highest.value, ordered, awaited: false };
  });
}
