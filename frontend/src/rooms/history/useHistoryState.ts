// The whole state of the screen stands in the address: a link shows what was seen, and the way back
// leads through what was looked at. The last view is remembered on this device.
import { computed, ref, watch } from 'vue';
import { useRoute, useRouter, type LocationQuery } from 'vue-router';
import { comparisons, rangeOf, type Comparison } from './range';
import { columnSteps, type Step } from './plan';
import { parseRefs, refText, SITE, type Ref } from './series';

export const views = ['curve', 'columns', 'heat', 'duration', 'table'] as const;
export type View = (typeof views)[number];

const KEY = 'retv4_history';
const ZOOM = /^(\d{10,13})-(\d{10,13})$/;

const remembered = (): Record<string, string | string[]> | null => {
  try {
    const text = localStorage.getItem(KEY);
    const query: unknown = text ? JSON.parse(text) : null;
    return query && typeof query === 'object' ? (query as Record<string, string | string[]>) : null;
  } catch {
    return null;
  }
};

function remember(query: LocationQuery): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(query));
  } catch {
    // Without storage the next visit begins with the plant today.
  }
}

const textIn = (query: LocationQuery, name: string) =>
  typeof query[name] === 'string' ? query[name] : '';

export function useHistoryState(zone: () => string, now: () => number) {
  const route = useRoute();
  const router = useRouter();

  /** Writes into the address; what is null goes. Big steps can be gone back, small ones not. */
  function write(changes: Record<string, string | string[] | null>, small = false): void {
    const query: Record<string, LocationQuery[string]> = { ...route.query };
    for (const [name, value] of Object.entries(changes))
      if (value === null) delete query[name];
      else query[name] = value;
    void router[small ? 'replace' : 'push']({ query });
  }

  // The same list as long as it says the same: a new span in the address draws nothing anew.
  const refs = computed<Ref[]>((had) => {
    const texts = [route.query.s ?? []].flat().filter((text) => text !== null);
    const parsed = parseRefs(texts);
    const site = [{ meter: SITE, key: 'power' }];
    const next = parsed.length || route.query.s !== undefined ? parsed : site;
    return had && had.map(refText).join() === next.map(refText).join() ? had : next;
  });
  const range = computed(() => {
    const text = textIn(route.query, 'range');
    return text && rangeOf(text, now(), zone()) ? text : 'today';
  });
  const zoom = computed<[number, number] | null>(() => {
    const found = ZOOM.exec(textIn(route.query, 'zoom'));
    const [from, to] = [Number(found?.[1]), Number(found?.[2])];
    return found && to > from ? [from, to] : null;
  });
  const one = <T extends string>(known: readonly T[], name: string, other: T): T =>
    known.find((value) => value === textIn(route.query, name)) ?? other;
  const view = computed<View>(() => one(views, 'view', 'curve'));
  const compare = computed<Comparison>(() => one(comparisons, 'compare', 'none'));
  const step = computed<Step | null>(
    () =>
      ['1min', '5min', ...columnSteps].find(
        (s) => s === textIn(route.query, 'step'),
      ) as Step | null,
  );

  // What is pulled about with the mouse runs ahead of the address.
  const zoomNow = ref<[number, number] | null>(zoom.value);
  watch(zoom, (next) => {
    if (String(next) !== String(zoomNow.value)) zoomNow.value = next;
  });

  if (Object.keys(route.query).length === 0) {
    const query = remembered();
    if (query) void router.replace({ query });
  }
  watch(
    () => route.query,
    (query) => {
      if (route.name === 'history' && Object.keys(query).length) remember(query);
    },
    { immediate: true },
  );

  return {
    refs,
    range,
    zoom: zoomNow,
    view,
    compare,
    step,
    setRefs: (next: Ref[]) => write({ s: next.length ? next.map(refText) : [''] }),
    setRange: (text: string) => write({ range: text, zoom: null }),
    setView: (next: View) => write({ view: next, step: null }),
    setCompare: (next: Comparison) => write({ compare: next === 'none' ? null : next }),
    setStep: (next: string) => write({ step: next || null }, true),
    /** The span that the hand has stopped at. */
    keepZoom: () => {
      const span = zoomNow.value?.map((at) => Math.round(at));
      const text = span ? span.join('-') : null;
      if (text !== (textIn(route.query, 'zoom') || null))
        write({ zoom: text }, zoom.value !== null && text !== null);
    },
  };
}

export type HistoryState = ReturnType<typeof useHistoryState>;
