// What is usual, and the quarters of the last day.
import { useIntervalFn } from '@vueuse/core';
import { computed } from 'vue';
import { api } from '@/api';
import { useTask } from '@/kit/useTask';
import { DAY_MS, HOUR_MS } from '@/kit/zone';
import { useReload, type useFeed } from '@/live/feed';
import { bandOf } from './usual';

/** A new quarter is there four times an hour; asked a little more often, so that none is missed. */
const EVERY_MS = 5 * 60_000;
/** A day has 25 hours once a year. */
const ASKED_MS = DAY_MS + HOUR_MS;

export function useLearnt(feed: ReturnType<typeof useFeed>) {
  const task = useTask(async () => {
    const now = feed.now;
    const [usual, { series }] = await Promise.all([
      api.usual(),
      api.history({
        from: new Date(now - ASKED_MS).toISOString(),
        to: new Date(now).toISOString(),
        resolution: '15min',
        metric: 'power',
        fields: 'coverage',
      }),
    ]);
    return { usual, series };
  });
  const load = () => void task.run();
  load();
  useReload(load);
  useIntervalFn(() => feed.connected && load(), EVERY_MS);

  const usual = computed(() => task.data.value?.usual ?? null);
  const series = computed(() => task.data.value?.series ?? []);
  const bandAt = computed(() => bandOf(usual.value));
  return { usual, series, bandAt, error: task.error };
}
