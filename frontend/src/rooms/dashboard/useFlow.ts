// Where today's energy went, in one question: the appliance knows what hangs where. Only where one
// meter stands before all and nobody said what is behind it, the greatest of the others are asked.
import { useIntervalFn } from '@vueuse/core';
import { computed, watch, type Ref } from 'vue';
import { api } from '@/api';
import { useFormat } from '@/kit/useFormat';
import { useTask } from '@/kit/useTask';
import { dayStart } from '@/kit/zone';
import { useReload, type useFeed } from '@/live/feed';
import { flowOf, flowOfTree, onlyMeter, type Flow } from './flow';
import type { Tile } from './tiles';

/** A question each; the first view of a desk is to stay at a dozen. */
const BEHIND_MOST = 5;
/** The figures of the day beside it are as new. */
const EVERY_MS = 60_000;

export function useFlow(feed: ReturnType<typeof useFeed>, tiles: Ref<Tile[]>) {
  const { place } = useFormat();
  const today = () => ({
    from: new Date(dayStart(feed.now, place.value.timeZone)).toISOString(),
    to: new Date(feed.now).toISOString(),
  });
  const streams = useTask(() => api.energyFlow(today()));
  const load = () => void streams.run();
  load();
  useReload(load);
  useIntervalFn(() => feed.connected && load(), EVERY_MS);

  const edges = computed(() => streams.data.value?.edges ?? []);
  const main = computed(() => onlyMeter(edges.value));
  const measuring = computed(() =>
    tiles.value.filter(({ metric, id }) => metric === 'power' && id !== main.value),
  );

  async function energyOf(id: string): Promise<[string, number]> {
    const { series } = await api.history({ ...today(), resolution: 'daily', meter_id: id });
    return [id, series.reduce((sum, { consumption }) => sum + (consumption ?? 0), 0)];
  }
  /** The greatest of now; machines that rest are few of those that used much today. */
  const behind = useTask(async () => {
    const greatest = [...measuring.value]
      .sort((a, b) => (b.reading.value ?? 0) - (a.reading.value ?? 0))
      .slice(0, BEHIND_MOST);
    return new Map(await Promise.all(greatest.map(({ id }) => energyOf(id))));
  });
  watch([() => streams.data.value, () => measuring.value.length > 0], ([, any]) => {
    if (main.value === null) behind.clear();
    else if (any) void behind.run();
  });

  const flow = computed<Flow | null>(() => {
    const known = behind.data.value;
    const total = edges.value.find(({ from }) => from === 'supply')?.energy?.kwh;
    const places = new Map(tiles.value.map(({ id, location }) => [id, location || null]));
    if (main.value === null || !known?.size || total === undefined)
      return flowOfTree(edges.value, (id) => places.get(id) ?? null);
    const sources = tiles.value.flatMap(({ id, name, location }) => {
      const inTotal = id === main.value;
      const kwh = inTotal ? total : known.get(id);
      return kwh === undefined ? [] : [{ id, name, area: location || null, inTotal, kwh }];
    });
    return flowOf(total, sources);
  });
  /** Those that were not asked: what they used is in the rest. */
  const unasked = computed(() =>
    behind.data.value ? Math.max(0, measuring.value.length - behind.data.value.size) : 0,
  );
  const until = computed(() => (streams.data.value ? Date.parse(streams.data.value.to) : null));
  const error = computed(() => streams.error.value ?? behind.error.value);
  return { flow, unasked, until, slow: streams.slow, error, reload: load };
}
