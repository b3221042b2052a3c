import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, expect, it, vi } from 'vitest';
import { api } from '@/api';
import type { SocketValue } from '@/api/types';
import { useFeed } from './feed';

const good = (value: number, metric = 'power'): SocketValue => ({
  metric,
  phase: null,
  unit: 'kW',
  value,
  quality: 'good',
  timestamp: new Date().toISOString(),
});
const live = (snapshot: boolean, values: SocketValue[]) => ({
  event: 'live' as const,
  data: {
    snapshot,
    time: new Date().toISOString(),
    equipment: [{ id: 'a', status: 'online' as const, last_update: null, values }],
  },
});

function connected(feed: ReturnType<typeof useFeed>, epoch: number) {
  feed.connection = { phase: 'open', lostSince: null, retryAt: null, updating: false, epoch };
}

beforeEach(() => {
  setActivePinia(createPinia());
  vi.spyOn(api, 'socketTicket').mockReturnValue(new Promise(() => undefined));
});

it('trusts a value only when it came over the present connection', () => {
  const feed = useFeed();
  connected(feed, 1);
  feed.take(live(true, [good(5)]));
  expect(feed.isCurrent('a')).toBe(true);
  feed.connection = { ...feed.connection, phase: 'lost' };
  expect(feed.isCurrent('a')).toBe(false);
  connected(feed, 2);
  expect(feed.isCurrent('a')).toBe(false);
  feed.take(live(true, [good(6)]));
  expect(feed.isCurrent('a')).toBe(true);
});

it('does not let a change vouch for values of an earlier connection', () => {
  const feed = useFeed();
  connected(feed, 1);
  feed.take(live(true, [good(5), good(230, 'voltage')]));
  connected(feed, 2);
  feed.take(live(false, [good(6)]));
  expect(feed.isCurrent('a')).toBe(false);
});

it('adds a change to the state, and a snapshot replaces it', () => {
  const feed = useFeed();
  connected(feed, 1);
  feed.take(live(true, [good(5), good(230, 'voltage')]));
  feed.take(live(false, [good(6)]));
  expect(feed.equipment.get('a')?.values.get('power')?.value).toBe(6);
  expect(feed.equipment.get('a')?.values.get('voltage')?.value).toBe(230);
  feed.take(live(true, [good(7)]));
  expect(feed.equipment.get('a')?.values.has('voltage')).toBe(false);
});

it('forgets what nobody listened to meanwhile', () => {
  const feed = useFeed();
  connected(feed, 1);
  const leave = feed.follow({ topic: 'live' });
  feed.take(live(true, [good(5)]));
  leave();
  feed.follow({ topic: 'live' });
  expect(feed.equipment.has('a')).toBe(false);
});

it('counts in the appliance’s time, not in the panel’s', () => {
  const feed = useFeed();
  const time = new Date(Date.now() + 3_600_000).toISOString();
  feed.take({ event: 'heartbeat', data: { time } });
  expect(Math.abs(feed.now - Date.parse(time))).toBeLessThan(2_000);
});
