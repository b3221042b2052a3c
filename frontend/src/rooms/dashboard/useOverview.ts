// Everything that the dashboard and the pages of a wall show, asked for once.
import { useIntervalFn } from '@vueuse/core';
import { computed, ref } from 'vue';
import { api } from '@/api';
import { useTask } from '@/kit/useTask';
import { siteReading } from '@/live/age';
import { useLive, useReload } from '@/live/feed';
import { useSession } from '@/session/session';
import { missingOf } from './consumers';
import { tilesOf } from './tiles';
import { useDemand } from './useDemand';
import { useLearnt } from './useLearnt';
import { useSiteCurve } from './useSiteCurve';

/** The day's sums move slowly; the socket carries what moves fast. */
const TODAY_EVERY_MS = 30_000;

export function useMachines() {
  const session = useSession();
  const seesAlerts = session.may('alerts.read');
  const feed = useLive(
    { topic: 'dashboard' },
    { topic: 'live' },
    ...(seesAlerts ? [{ topic: 'alerts' } as const] : []),
  );
  const list = useTask(api.allEquipment);
  const load = () => void list.run();
  load();
  useReload(load);
  const tiles = computed(() =>
    tilesOf(list.data.value ?? [], (id) => feed.equipment.get(id), feed.isCurrent, feed.now),
  );
  const alertsKnown = computed(() => feed.connected && feed.alertsHeard > 0);
  return { session, seesAlerts, feed, list, tiles, load, alertsKnown };
}

function useToday(feed: ReturnType<typeof useLive>) {
  const heardAt = ref<number | null>(null);
  const today = useTask(async () => {
    const answer = await api.today();
    heardAt.value = feed.now;
    return answer;
  });
  const load = () => void today.run();
  load();
  useReload(load);
  useIntervalFn(() => feed.connected && load(), TODAY_EVERY_MS);
  const ageMs = computed(() =>
    heardAt.value === null ? null : Math.max(0, feed.now - heardAt.value),
  );
  return { today, ageMs };
}

export function useOverview() {
  const machines = useMachines();
  const { feed, tiles } = machines;
  const { today, ageMs: todayAgeMs } = useToday(feed);
  const site = useSiteCurve(feed);
  const learnt = useLearnt(feed);
  const demand = useDemand(feed, site.curve);

  const moment = computed(() => ({
    now: feed.now,
    current: feed.dashboardCurrent,
    fresh: feed.dashboardFresh,
  }));
  const figure = (value: number | null | undefined) =>
    siteReading(value, feed.dashboard?.timestamp ?? null, moment.value);
  const figures = computed(() => ({
    power: figure(feed.dashboard?.power),
    voltage: figure(feed.dashboard?.voltage),
    frequency: figure(feed.dashboard?.frequency),
    powerFactor: figure(feed.dashboard?.powerFactor),
  }));
  const live = computed(() => figures.value.power.tone === 'good');
  const missing = computed(() => missingOf(tiles.value));
  /** Those that a sum of power is made of: a room with a thermometer only is none of them. */
  const drawing = computed(
    () => tiles.value.filter(({ metric }) => metric === 'power' || metric === null).length,
  );
  return {
    ...machines,
    today,
    todayAgeMs,
    site,
    learnt,
    demand,
    moment,
    figures,
    live,
    missing,
    drawing,
  };
}
