// The quarters of the last days: what is usual, the curve of the day, and the highest of today.
import { useIntervalFn } from '@vueuse/core';
import { computed } from 'vue';
import { api } from '@/api';
import { useFormat } from '@/kit/useFormat';
import { useTask } from '@/kit/useTask';
import { DAY_MS, dayStart } from '@/kit/zone';
import { useReload, type useFeed } from '@/live/feed';
import { highestSince } from './quarter';
import { DAYS_ASKED, usualAt, usualDay, type Quantity, type Usual } from './usual';

/** A new quarter is there four times an hour; asked a little more often, so that none is missed. */
const EVERY_MS = 5 * 60_000;

const quantities: Quantity[] = ['power', 'voltage', 'frequency', 'powerFactor'];

export function useLearnt(feed: ReturnType<typeof useFeed>) {
  const { place } = useFormat();
  const task = useTask(async () => {
    const now = feed.now;
    const { series } = await api.history({
      from: new Date(now - (DAYS_ASKED + 1) * DAY_MS).toISOString(),
      to: new Date(now).toISOString(),
      resolution: '15min',
      metric: 'power',
      fields: 'coverage,frequency,powerFactor',
    });
    return { series, now };
  });
  const load = () => void task.run();
  load();
  useReload(load);
  useIntervalFn(() => feed.connected && load(), EVERY_MS);

  /** The last day is what the eye compares, so it teaches nothing to what it is compared with. */
  const days = computed(() => {
    const known = task.data.value;
    if (!known) return null;
    const { timeZone } = place.value;
    const of = (quantity: Quantity) =>
      usualDay(known.series, quantity, known.now - DAY_MS, timeZone);
    return Object.fromEntries(quantities.map((one) => [one, of(one)])) as Record<Quantity, Usual[]>;
  });
  // Moves with the quarters only, so that bands are not drawn anew each second.
  const quarter = computed(() => Math.floor(feed.now / 900_000) * 900_000);
  const usual = computed(() => {
    const known = days.value;
    if (!known) return null;
    const at = (one: Quantity) => usualAt(known[one], quarter.value, place.value.timeZone);
    return Object.fromEntries(quantities.map((one) => [one, at(one)])) as Record<Quantity, Usual>;
  });
  const series = computed(() => task.data.value?.series ?? []);
  const highest = computed(() =>
    highestSince(series.value, dayStart(quarter.value, place.value.timeZone), quarter.value),
  );
  /** The usual range of power at an instant, for the chart. */
  const bandAt = computed(() => {
    const power = days.value?.power;
    const { timeZone } = place.value;
    if (!power?.some(({ low }) => low !== null)) return null;
    return (second: number) => usualAt(power, second * 1000, timeZone);
  });
  return { usual, series, highest, bandAt, error: task.error };
}
