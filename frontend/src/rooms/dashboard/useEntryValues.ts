// What a card or a line of the live grid says of one machine, computed anew only while it is in sight.
import { computed } from 'vue';
import { ageMs, readingOf } from '@/live/age';
import { useFeed } from '@/live/feed';
import { statusLook } from '@/live/status';
import { useReadingText } from '@/live/useReadingText';
import type { Entry } from './grid';
import { mainValue, secondValue } from './tiles';

export function useEntryValues(entry: () => Entry) {
  const feed = useFeed();
  const { show, ageText, metricName } = useReadingText();
  const values = computed(() => feed.equipment.get(entry().id)?.values);
  const moment = computed(() => ({ now: feed.now, current: feed.isCurrent(entry().id) }));
  const main = computed(() => values.value && mainValue(values.value));
  const shown = computed(() =>
    show(readingOf(main.value, moment.value), main.value ? main.value.unit : null),
  );
  const second = computed(() => {
    const value = values.value && secondValue(values.value);
    if (!value) return null;
    return { name: metricName(value.metric), ...show(readingOf(value, moment.value), value.unit) };
  });
  const look = computed(() => statusLook(entry().status));
  const age = computed(() => ageText(ageMs(entry().lastUpdate, feed.now)));
  return { shown, second, look, age };
}
