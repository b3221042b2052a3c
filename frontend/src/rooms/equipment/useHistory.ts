import { useIntervalFn } from '@vueuse/core';
import { computed, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { api } from '@/api';
import type { ExportFormat } from '@/api/types';
import { emptyChart } from '@/kit/chartData';
import { saveFile } from '@/kit/saveFile';
import { useTask } from '@/kit/useTask';
import { useReload, type useFeed } from '@/live/feed';
import { chartOf, planOf, ranges, spanOf, type Range } from './ranges';

const REFRESH_MS = 60_000;

export function useHistory(id: string, feed: ReturnType<typeof useFeed>) {
  const route = useRoute();
  const router = useRouter();
  /** In the address bar, so that a link shows what was seen. */
  const inAddress = (name: string) => ({
    get: () => (typeof route.query[name] === 'string' ? route.query[name] : ''),
    set: (value: string) => void router.replace({ query: { ...route.query, [name]: value } }),
  });
  const [rangeQuery, metricQuery] = [computed(inAddress('range')), computed(inAddress('metric'))];
  const range = computed<Range>({
    get: () => ranges.find((known) => known === rangeQuery.value) ?? '24h',
    set: (value) => (rangeQuery.value = value),
  });
  const metric = computed({
    get: () => metricQuery.value || 'power',
    set: (value) => (metricQuery.value = value),
  });
  const task = useTask(async () => {
    const [now, asked] = [feed.now, metric.value];
    const plan = planOf(range.value, asked, now);
    const fields = 'min,max,coverage,frequency,powerFactor,current,temperature';
    const history = await api.history({ ...plan, meter_id: id, metric: asked, fields });
    return { chart: chartOf(history, asked), span: spanOf(range.value, now) };
  });

  /** What is seen, as a file. */
  const saving = useTask(async (format: ExportFormat) => {
    const plan = planOf(range.value, metric.value, feed.now);
    const fields = 'min,max,coverage';
    saveFile(
      await api.exportHistory({ ...plan, meter_id: id, metric: metric.value, fields, format }),
    );
  });

  const reload = () => void task.run();
  reload();
  watch([range, metric], reload);
  useReload(reload);
  useIntervalFn(() => feed.connected && reload(), REFRESH_MS);

  return {
    range,
    metric,
    reload,
    data: computed(() => task.data.value?.chart ?? emptyChart()),
    span: computed(() => task.data.value?.span ?? spanOf(range.value, feed.now)),
    error: computed(() => task.error.value ?? saving.error.value),
    save: (format: ExportFormat) => void saving.run(format),
    saving: saving.busy,
    more: computed(
      () =>
        `/history?s=${id}:${metric.value}&range=${range.value === '30d' ? 'month' : range.value}`,
    ),
    slow: task.slow,
  };
}
