// Where today's energy went. The one place that knows where it comes from: the meter tree where
// somebody made one; else it is asked meter by meter, so only of the greatest.
import { useIntervalFn } from '@vueuse/core';
import { computed, shallowRef, watch, type Ref } from 'vue';
import { api } from '@/api';
import type { DashboardToday } from '@/api/types';
import { useFormat } from '@/kit/useFormat';
import { useTask } from '@/kit/useTask';
import { dayStart } from '@/kit/zone';
import type { useFeed } from '@/live/feed';
import { flowOf, flowOfTree, type Flow } from './flow';
import type { Tile } from './tiles';

/** Each meter costs two requests; a person at the page is allowed a hundred per minute. */
const METERS_MOST = 12;
const EVERY_MS = 5 * 60_000;

interface Known {
  inTotal: boolean;
  kwh: number;
}

export function useFlow(
  feed: ReturnType<typeof useFeed>,
  tiles: Ref<Tile[]>,
  today: Ref<DashboardToday | null>,
) {
  const { place } = useFormat();
  /** Whether a meter counts in the site's total: asked once, it changes with the register. */
  const counts = new Map<string, boolean>();
  const known = shallowRef(new Map<string, Known>());

  async function inTotal(id: string): Promise<boolean> {
    const before = counts.get(id);
    if (before !== undefined) return before;
    const { in_site_total } = await api.equipment(id);
    counts.set(id, in_site_total);
    return in_site_total;
  }
  async function energyOf(id: string): Promise<[string, Known]> {
    const { series } = await api.history({
      from: new Date(dayStart(feed.now, place.value.timeZone)).toISOString(),
      to: new Date(feed.now).toISOString(),
      resolution: 'daily',
      meter_id: id,
    });
    const kwh = series.reduce((sum, { consumption }) => sum + (consumption ?? 0), 0);
    return [id, { inTotal: await inTotal(id), kwh }];
  }
  /** The greatest of now; machines that rest are few of those that used much today. */
  const meters = computed(() =>
    tiles.value
      .filter(({ metric }) => metric === 'power')
      .sort((a, b) => (b.reading.value ?? 0) - (a.reading.value ?? 0))
      .slice(0, METERS_MOST)
      .map(({ id }) => id),
  );
  const tree = shallowRef<Flow | null>(null);
  async function byTree(): Promise<Flow | null> {
    try {
      if ((await api.energyTree()).revision === 0) return null;
      const from = new Date(dayStart(feed.now, place.value.timeZone)).toISOString();
      const to = new Date(feed.now).toISOString();
      return flowOfTree((await api.energyFlow({ from, to })).edges);
    } catch {
      // The other way asks other things; it says what fails, should that fail, too.
      return null;
    }
  }
  const task = useTask(async () => {
    tree.value = await byTree();
    if (tree.value) return true;
    known.value = new Map(await Promise.all(meters.value.map(energyOf)));
    return true;
  });
  const load = () => {
    if (meters.value.length) void task.run();
  };
  watch(() => meters.value.length > 0, load, { immediate: true });
  watch([() => feed.registryRevision, () => feed.epoch], () => {
    counts.clear();
    load();
  });
  useIntervalFn(() => feed.connected && load(), EVERY_MS);

  const flow = computed<Flow | null>(() => {
    if (tree.value) return tree.value;
    const total = today.value?.energy_kwh ?? null;
    if (total === null || known.value.size === 0) return null;
    const sources = tiles.value.flatMap(({ id, name, location }) => {
      const one = known.value.get(id);
      return one ? [{ id, name, area: location || null, ...one }] : [];
    });
    return flowOf(total, sources);
  });
  /** The others are not asked: what they used is in the rest. */
  const unasked = computed(() =>
    tree.value
      ? 0
      : tiles.value.filter(({ metric }) => metric === 'power').length - known.value.size,
  );
  return { flow, unasked, slow: task.slow, error: task.error, reload: load };
}
