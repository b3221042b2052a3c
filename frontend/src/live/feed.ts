// What the socket said last, with the connection it came over. Rooms read it through useLive.
import { defineStore } from 'pinia';
import { computed, onScopeDispose, ref, shallowReactive, shallowRef, watch } from 'vue';
import { api, ApiError, whenAway } from '@/api';
import type {
  Alert,
  DashboardMetrics,
  EquipmentStatus,
  SocketValue,
  WallArrangement,
} from '@/api/types';
import { pushIsCurrent } from './age';
import { isOpen } from './alerts';
import { valueKey, type Frame, type LiveEquipmentFrame, type Topic } from './frames';
import { IDLE, LiveSocket, type Connection } from './socket';

const TICK_MS = 1_000;
/** Assumed until two pushes have shown how often they come. */
const PUSH_CADENCE_MS = 5_000;

const ALL_LIVE = JSON.stringify({ topic: 'live' } satisfies Topic);

export interface LiveEquipment {
  status: EquipmentStatus;
  lastUpdate: string | null;
  values: Map<string, SocketValue>;
  epoch: number;
}

interface Push {
  metrics: DashboardMetrics;
  receivedAt: number;
  cadenceMs: number;
  epoch: number;
}

export const useFeed = defineStore('feed', () => {
  const connection = shallowRef<Connection>(IDLE);
  const push = shallowRef<Push | null>(null);
  const equipment = shallowReactive(new Map<string, LiveEquipment>());
  /** The open alerts, children of another one left out. */
  const alerts = shallowReactive(new Map<string, Alert>());
  /** Goes up with each frame of alerts. */
  const alertsHeard = ref(0);
  const registryRevision = ref(0);
  /** What this screen is to show, when it hangs on a wall and somebody arranged it. */
  const arrangement = shallowRef<WallArrangement | null>(null);
  const localNow = ref(Date.now());
  /** Panels have wrong clocks; ages are counted in the appliance's time. */
  const clockOffset = ref(0);

  const now = computed(() => localNow.value + clockOffset.value);
  const connected = computed(() => connection.value.phase === 'open');
  const lost = computed(() => connection.value.phase === 'lost');
  const epoch = computed(() => connection.value.epoch);
  const dashboard = computed(() => push.value?.metrics ?? null);
  const dashboardCurrent = computed(() => connected.value && push.value?.epoch === epoch.value);
  const dashboardFresh = computed(
    () =>
      push.value !== null &&
      pushIsCurrent(push.value.receivedAt, localNow.value, push.value.cadenceMs),
  );

  const isCurrent = (id: string) =>
    connected.value && equipment.get(id)?.epoch === connection.value.epoch;

  function takeDashboard(metrics: DashboardMetrics): void {
    const last = push.value;
    const receivedAt = Date.now();
    const sameLine = last !== null && last.epoch === epoch.value;
    const cadenceMs = sameLine ? receivedAt - last.receivedAt : PUSH_CADENCE_MS;
    push.value = { metrics, receivedAt, cadenceMs, epoch: epoch.value };
  }

  function takeEquipment(frame: LiveEquipmentFrame, snapshot: boolean): void {
    const before = equipment.get(frame.id);
    const values = new Map(snapshot || !before ? [] : before.values);
    for (const value of frame.values) values.set(valueKey(value), value);
    equipment.set(frame.id, {
      status: frame.status,
      lastUpdate: frame.last_update,
      values,
      // A change alone does not vouch for the values it leaves out; a snapshot does.
      epoch: snapshot || !before ? epoch.value : before.epoch,
    });
  }

  function takeAlerts(items: Alert[], snapshot: boolean): void {
    if (snapshot) alerts.clear();
    for (const alert of items)
      if (isOpen(alert)) alerts.set(alert.id, alert);
      else alerts.delete(alert.id);
    alertsHeard.value += 1;
  }

  function take(frame: Frame): void {
    if (frame.event === 'heartbeat') clockOffset.value = Date.parse(frame.data.time) - Date.now();
    else if (frame.event === 'dashboard') takeDashboard(frame.data);
    else if (frame.event === 'alerts') takeAlerts(frame.data.items, frame.data.snapshot);
    else if (frame.event === 'kiosk') arrangement.value = frame.data.arrangement;
    else if (frame.event === 'registry') registryRevision.value = frame.data.revision;
    else if (frame.event === 'live')
      for (const item of frame.data.equipment) takeEquipment(item, frame.data.snapshot);
  }

  const socket = new LiveSocket({
    address: async () => {
      const { ticket } = await api.socketTicket();
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
      return `${scheme}://${location.host}/ws?ticket=${encodeURIComponent(ticket)}`;
    },
    isFinal: (error) => error instanceof ApiError && error.status === 401,
    onFrame: take,
    onChange: (next) => (connection.value = next),
  });

  whenAway(() => lost.value);
  setInterval(() => (localNow.value = Date.now()), TICK_MS);
  window.addEventListener('online', () => socket.retryNow());
  document.addEventListener('visibilitychange', () => {
    localNow.value = Date.now();
    if (!document.hidden) socket.retryNow();
  });

  const users = new Map<string, number>();

  /** What was last heard on a topic nobody followed is old by now; the new snapshot replaces it. */
  function forget(topic: Topic): void {
    if (topic.topic === 'dashboard') push.value = null;
    else if (topic.topic === 'alerts') alerts.clear();
    else if (topic.equipment_id === undefined) equipment.clear();
    else if (!users.get(ALL_LIVE)) equipment.delete(topic.equipment_id);
  }

  function follow(topic: Topic): () => void {
    const key = JSON.stringify(topic);
    users.set(key, (users.get(key) ?? 0) + 1);
    if (users.get(key) === 1) {
      forget(topic);
      socket.subscribe(topic);
    }
    return () => {
      users.set(key, (users.get(key) ?? 1) - 1);
      if (users.get(key) === 0) socket.unsubscribe(topic);
    };
  }

  function stop(): void {
    socket.stop();
    push.value = null;
    equipment.clear();
    alerts.clear();
    arrangement.value = null;
  }

  return {
    connection,
    connected,
    lost,
    epoch,
    now,
    clockOffset,
    dashboard,
    dashboardCurrent,
    dashboardFresh,
    equipment,
    alerts,
    alertsHeard,
    registryRevision,
    arrangement,
    isCurrent,
    follow,
    take,
    start: () => socket.start(),
    stop,
    retryNow: () => socket.retryNow(),
    hurry: (longestMs: number) => socket.hurry(longestMs),
  };
});

/** Follows topics for as long as the view lives. */
export function useLive(...topics: Topic[]) {
  const feed = useFeed();
  const leave = topics.map((topic) => feed.follow(topic));
  onScopeDispose(() => leave.forEach((stop) => stop()));
  return feed;
}

/** Loads again when the connection is back or the register of equipment has changed. */
export function useReload(load: () => void): void {
  const feed = useFeed();
  watch([() => feed.epoch, () => feed.registryRevision], ([epoch, revision], [before, seen]) => {
    if ((epoch !== before && epoch > 1) || revision !== seen) load();
  });
}
