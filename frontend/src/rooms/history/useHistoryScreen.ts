// Joins the address, the catalogue and the answers to what the screen shows.
import { useIntervalFn, useWindowSize, watchDebounced } from '@vueuse/core';
import { computed, ref, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import { api } from '@/api';
import { useTask } from '@/kit/useTask';
import { useFormat } from '@/kit/useFormat';
import { useFeed, useReload } from '@/live/feed';
import { useReadingText } from '@/live/useReadingText';
import type { Shown } from './curvesOf';
import { columnChoices, columnStep, curveStep, durationStep, type Step } from './plan';
import { neighbour, rangeOf, shiftOf, type Range } from './range';
import { BESIDE, covers, RESERVE } from './reach';
import {
  catalogueOf,
  forColumns,
  forCurve,
  knownOf,
  refText,
  sidesOf,
  SITE,
  type Known,
} from './series';
import { useHistoryData, type Asked } from './useHistoryData';
import { useHistoryState } from './useHistoryState';

const REFRESH_MS = 60_000;
/** A hand that has stopped for so long rests: what it looks at goes into the address. */
const REST_MS = 220;
/** Points of a curve: about one per pixel. */
const POINTS_WIDE = 1_500;
const POINTS_PHONE = 750;
const PHONE_PX = 768;

export function useHistoryScreen() {
  const { t } = useI18n();
  const feed = useFeed();
  const format = useFormat();
  const { metricName } = useReadingText();
  const { width } = useWindowSize();
  const zone = () => format.place.value.timeZone;
  /** Moves with each load, so that the screen does not creep while somebody reads it. */
  const now = ref(feed.now);
  const state = useHistoryState(zone, () => now.value);

  const list = useTask(async () => catalogueOf((await api.historySeries()).items));
  const catalogue = computed(() => list.data.value ?? []);
  const nameOf = (known: Known) =>
    `${known.equipment ?? t('trend.site')} · ${metricName(known.metric, known.phase)}`;

  const forView = (known: Known): Known =>
    ({ curve: forCurve, duration: forCurve, columns: forColumns, heat: asIs, table: asIs })[
      state.view.value
    ](known);

  const found = computed(() =>
    state.refs.value.flatMap((one, place) => {
      const known = knownOf(catalogue.value, one);
      return known ? [{ place, known: forView(known) }] : [];
    }),
  );
  /** What has an axis, and where among the chosen it stands: a view may show it as its energy. */
  const placed = computed(() => {
    const sides = sidesOf(found.value.map(({ known }) => known.unit));
    return found.value.flatMap(({ known, place }, n) => {
      const side = sides[n];
      const before = found.value
        .slice(0, n)
        .some((other) => refText(other.known) === refText(known));
      return side && !before ? [{ known, place, name: nameOf(known), side }] : [];
    });
  });
  const shown = computed<Shown[]>(() => placed.value);
  /** What the address names and the plant does not have. */
  const left = computed(() => (list.data.value ? state.refs.value.length - found.value.length : 0));

  const range = computed<Range>(
    () => rangeOf(state.range.value, now.value, zone()) ?? { from: 0, to: 1, unit: 'time' },
  );
  const visible = computed<[number, number]>(
    () => state.zoom.value ?? [range.value.from, range.value.to],
  );
  const length = computed(() => visible.value[1] - visible.value[0]);
  const steps = computed<Step[]>(() => {
    if (state.view.value === 'columns') return columnChoices(length.value);
    if (state.view.value !== 'table') return [];
    const fine: [Step, number][] = [
      ['1min', 86_400_000],
      ['5min', 7 * 86_400_000],
    ];
    const fits = fine.filter(([, longest]) => length.value <= longest).map(([name]) => name);
    return [...fits, ...columnChoices(length.value)];
  });
  const step = computed<Step>(() => {
    const wanted = state.step.value;
    switch (state.view.value) {
      case 'heat':
        return '1hour';
      case 'duration':
        return durationStep(length.value);
      case 'curve': {
        const points = width.value < PHONE_PX ? POINTS_PHONE : POINTS_WIDE;
        const singles = shown.value.every(({ known }) => known.meter !== SITE && !known.counter);
        return curveStep(length.value, points, singles);
      }
      default:
        return wanted && steps.value.includes(wanted) ? wanted : columnStep(length.value);
    }
  });

  const data = useHistoryData();
  function asked(): Asked {
    // Neighbours of what is in sight come along, so that a pull shows them at once.
    const more = state.zoom.value && state.view.value === 'curve' ? length.value * BESIDE : 0;
    return {
      series: shown.value.map(({ known }) => known),
      step: step.value,
      from: visible.value[0] - more,
      to: visible.value[1] + more,
      shift: shiftOf(state.compare.value, range.value, zone()),
      now: now.value,
      zone: zone(),
    };
  }
  let again = false;
  /** One question at a time: a hand that pulls at the chart would pile them up. */
  async function load(anew = false): Promise<void> {
    if (!list.data.value) return;
    if (shown.value.length === 0) return data.clear();
    again = again || data.busy.value;
    if (data.busy.value) return;
    const next = asked();
    if (!anew && data.data.value && answers(data.data.value.asked, next, visible.value)) return;
    await data.run(next);
    if (!again) return;
    again = false;
    await load();
  }
  async function reload(): Promise<void> {
    now.value = feed.now;
    await list.run();
    await load(true);
  }

  const question = computed(() => {
    const { view, compare, range: text } = state;
    const series = shown.value.map(({ known }) => refText(known));
    return JSON.stringify([series, view.value, compare.value, text.value, step.value, zone()]);
  });
  watch(question, () => void load());
  // A curve is asked for while the hand still pulls, before it comes to where nothing is drawn yet;
  // an appliance that does not answer, when the hand rests.
  watch(visible, () => {
    if (state.view.value === 'curve' && !data.error.value) void load();
  });
  watchDebounced(
    visible,
    () => {
      state.keepZoom();
      void load();
    },
    { debounce: REST_MS },
  );
  void reload();
  useReload(() => void reload());
  useIntervalFn(() => {
    // What is over does not change; what is not, goes on by itself.
    if (!feed.connected || visible.value[1] < now.value - REFRESH_MS) return;
    now.value = feed.now;
    void load(true);
  }, REFRESH_MS);

  /** The answer to the present question; while another one is under way, the old one stays. */
  const answered = computed(() => {
    const answer = data.data.value;
    const same =
      answer?.asked.series.map(refText).join() ===
      shown.value.map(({ known }) => refText(known)).join();
    return answer && same ? answer : null;
  });

  function move(steps: number): void {
    if (state.zoom.value) {
      const by = length.value * steps;
      state.zoom.value = [visible.value[0] + by, visible.value[1] + by];
    } else state.setRange(neighbour(state.range.value, steps, now.value, zone()));
  }

  return {
    state,
    list,
    catalogue,
    nameOf,
    shown,
    placeOf: (n: number) => placed.value[n]?.place ?? -1,
    left,
    range,
    visible,
    steps,
    step,
    data,
    answered,
    now,
    zone,
    reload,
    move,
    mayLater: computed(() => visible.value[1] < now.value),
  };
}

const asIs = (known: Known) => known;

/** Whether what was answered still answers the next question: then nobody asks. */
function answers(had: Asked, next: Asked, [from, to]: [number, number]): boolean {
  const same = (one: Asked) =>
    JSON.stringify([one.series.map(refText), one.step, one.shift, one.zone]);
  if (same(had) !== same(next)) return false;
  if (had.from === next.from && had.to === next.to) return true;
  // Only what was asked for with its neighbours, for a curve that is pulled about, covers more.
  const pulled = next.from < from;
  return pulled && covers(had, [from, to], RESERVE);
}
