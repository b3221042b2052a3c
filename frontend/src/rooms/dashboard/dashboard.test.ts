import { describe, expect, it } from 'vitest';
import type { EquipmentStatus, EquipmentSummary, SocketValue } from '@/api/types';
import { scaleOf } from '@/kit/band';
import { consumersOf, missingOf } from './consumers';
import { imbalance } from './imbalance';
import { holeAfterS, joined, powerPoints, withBand } from './siteCurve';
import { mainValue, tilesOf, type Tile } from './tiles';
import { comparison, difference, usedUp } from './today';

const now = Date.parse('2026-11-21T12:00:00Z');
const item = (name: string, status: EquipmentStatus) =>
  ({ id: name, name, status, location: null, last_update: null }) as EquipmentSummary;
const value = (metric: string, number: number): SocketValue => ({
  metric,
  phase: null,
  unit: 'kW',
  value: number,
  quality: 'good',
  timestamp: '2026-11-21T11:59:58Z',
});

describe('tiles', () => {
  const list = [
    item('B', 'online'),
    item('A', 'online'),
    item('C', 'offline'),
    item('D', 'decommissioned'),
  ];
  const live = {
    status: 'online' as const,
    lastUpdate: null,
    values: new Map([['power', value('power', 5)]]),
  };

  it('show the worst first and leave out what is decommissioned', () => {
    const tiles = tilesOf(
      list,
      () => undefined,
      () => true,
      now,
    );
    expect(tiles.map((tile) => tile.name)).toEqual(['C', 'A', 'B']);
  });

  it('follow the socket’s state, not the list’s', () => {
    const tiles = tilesOf(
      [item('A', 'offline')],
      () => live,
      () => true,
      now,
    );
    expect(tiles[0]).toMatchObject({ status: 'online', reading: { value: 5, tone: 'good' } });
  });

  it('never draw an old connection’s value in normal ink', () => {
    const tiles = tilesOf(
      [item('A', 'online')],
      () => live,
      () => false,
      now,
    );
    expect(tiles[0]?.reading.tone).toBe('old');
  });

  it('show the temperature where there is no power', () => {
    expect(mainValue(new Map([['temperature', value('temperature', 4)]]))?.value).toBe(4);
  });
});

describe('the live curve', () => {
  const stored = powerPoints([
    { timestamp: '1970-01-01T00:00:00Z', power: 1 },
    { timestamp: '1970-01-01T00:00:05Z', power: null },
    { timestamp: '1970-01-01T00:00:10Z', power: 3 },
  ]);

  it('goes on where the stored hour ends, without a point twice', () => {
    const curve = joined(stored, { times: [5, 10, 15], values: [9, 9, 4] });
    expect(curve.times).toEqual([0, 5, 10, 15]);
    expect(curve.values).toEqual([1, null, 3, 4]);
  });

  it('leaves a hole where the connection was lost', () => {
    const curve = joined(stored, { times: [60], values: [4] });
    expect(curve.values).toEqual([1, null, 3, null, 4]);
  });

  it('draws stored minutes and live seconds side by side without tearing either', () => {
    const minutes = Array.from({ length: 10 }, (_, n) => n * 60);
    const seconds = Array.from({ length: 40 }, (_, n) => 545 + n * 5);
    const curve = joined(
      { times: minutes, values: minutes.map(() => 1) },
      { times: seconds, values: seconds.map(() => 2) },
    );
    expect(curve.values).not.toContain(null);
  });

  it('learns the beat of the plant before it calls a silence a hole', () => {
    expect(holeAfterS([0, 60, 120, 180])).toBe(180);
    expect(holeAfterS([0, 1, 2])).toBe(15);
    expect(holeAfterS([0])).toBe(60);
  });
});

it('compares with yesterday only when there is a yesterday', () => {
  expect(difference(110, 100)).toBeCloseTo(0.1);
  expect(difference(110, 0)).toBeNull();
  expect(difference(null, 100)).toBeNull();
});

it('holds today against the target of the whole day only where there is one', () => {
  expect(usedUp(300, 1200)).toBe(0.25);
  expect(usedUp('420.5', '350.4166')).toBeCloseTo(1.2);
  expect(usedUp(300, null)).toBeNull();
  expect(usedUp(null, 1200)).toBeNull();
  expect(usedUp(300, 0)).toBeNull();
});

it('draws today and yesterday on one scale', () => {
  expect(comparison(50, 100)).toMatchObject({ today: 0.5, before: 1, share: -0.5 });
  expect(comparison(50, null)).toBeNull();
});

const tile = (name: string, kw: number | null, part: Partial<Tile> = {}): Tile => ({
  id: name,
  name,
  location: null,
  type: 'Oven',
  status: 'online',
  metric: 'power',
  unit: 'kW',
  reading: { value: kw, tone: kw === null ? 'none' : 'good', reason: 'none', ageMs: 0 },
  ageMs: 0,
  ...part,
});

describe('who draws', () => {
  const list = [
    tile('a', 10),
    tile('b', 30),
    tile('c', 60),
    tile('sun', -5),
    tile('gone', 99, { status: 'offline' }),
    tile('room', 4, { metric: 'temperature', unit: '°C' }),
  ];

  it('is sorted by power, with the share of each; the rest is counted', () => {
    const { top, others } = consumersOf(list, 2);
    expect(top.map(({ tile: { name }, share, length }) => [name, share, length])).toEqual([
      ['c', 0.6, 1],
      ['b', 0.3, 0.5],
    ]);
    expect(others).toEqual({ count: 1, kw: 10 });
  });

  it('knows the difference between machines that draw nothing and machines not heard of yet', () => {
    expect(consumersOf([tile('a', null), tile('b', null)], 2).known).toBe(false);
    expect(consumersOf([tile('a', null), tile('b', 0)], 2)).toMatchObject({ known: true, top: [] });
  });

  it('lacks the silent and the unusable, not those without a meter', () => {
    const bad = tile('bad', null);
    const old = tile('old', 3, {
      reading: { value: 3, tone: 'old', reason: 'stale', ageMs: 60_000 },
    });
    const thermometer = tile('cold', null, { metric: 'temperature', status: 'offline' });
    const missing = missingOf([...list, bad, old, thermometer]);
    expect(missing.map(({ name }) => name)).toEqual(['gone', 'bad', 'old']);
  });
});

it('says how far the phases are apart', () => {
  expect(imbalance([100, 100, 100])).toBe(0);
  expect(imbalance([90, 100, 110])).toBeCloseTo(0.1);
  expect(imbalance([100, null, 100])).toBeNull();
  expect(imbalance([0, 0, 0])).toBeNull();
});

it('puts the usual range behind the curve, point by point', () => {
  const data = withBand({ times: [1, 2], values: [5, null] }, (at) => ({ low: at, high: at + 1 }));
  expect(data).toEqual({ times: [1, 2], values: [5, null], low: [1, 2], high: [2, 3] });
});

describe('a scale', () => {
  it('shows the range and the value, however far away', () => {
    const { band, mark } = scaleOf(300, 90, 110, false);
    expect(mark).toBe(1);
    expect(band![1]).toBeLessThan(0.5);
    expect(scaleOf(100, 90, 110, true).band![0]).toBeCloseTo(90 / 122);
  });

  it('draws nothing that is not known', () => {
    expect(scaleOf(5, null, null, true)).toEqual({ band: null, mark: null });
    expect(scaleOf(null, 1, 2, false).mark).toBeNull();
  });
});
