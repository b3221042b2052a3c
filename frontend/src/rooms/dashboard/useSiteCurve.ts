import { computed, shallowRef, watch } from 'vue';
import { api } from '@/api';
import { append, emptyChart } from '@/kit/chartData';
import { useTask } from '@/kit/useTask';
import { useReload, type useFeed } from '@/live/feed';
import { joined, powerPoints, WINDOW_S } from './siteCurve';

/** The window moves in these steps: a redraw each second would show nothing new. */
const STEP_S = 5;

export function useSiteCurve(feed: ReturnType<typeof useFeed>) {
  const live = shallowRef(emptyChart());
  const task = useTask(async () => {
    const to = new Date(feed.now);
    const from = new Date(feed.now - WINDOW_S * 1000);
    const history = await api.history({
      from: from.toISOString(),
      to: to.toISOString(),
      // Raw points exist of one meter only: the meters of a site are not read at the same instant.
      resolution: '1min',
      metric: 'power',
    });
    return powerPoints(history.series);
  });

  watch(
    () => feed.dashboard,
    (metrics) => {
      if (!metrics) return;
      const second = Date.parse(metrics.timestamp) / 1000;
      live.value = append(live.value, second, metrics.power, WINDOW_S);
    },
  );
  useReload(() => void task.run());
  void task.run();

  const span = computed<[number, number]>(() => {
    const end = Math.ceil(feed.now / 1000 / STEP_S) * STEP_S;
    return [end - WINDOW_S, end];
  });
  const curve = computed(() => joined(task.data.value ?? emptyChart(), live.value));

  const known = computed(() => task.data.value !== null || task.error.value !== null);
  /** It takes its time, and only what came live since then is there to be drawn. */
  const slow = computed(() => task.slow.value && task.data.value === null);

  return { curve, span, error: task.error, busy: task.busy, known, slow, reload: task.run };
}
