import { describe, expect, it } from 'vitest';
import { filtersOf, isFiltered, queryOf, requestOf } from './filters';
import { chartOf, planOf, summaryOf, valueOf } from './ranges';
import { liveValues } from './values';
import type { LiveValue } from '@/api/types';

describe('filters in the address bar', () => {
  it('come back as they went in', () => {
    const filters = { search: 'oven', type: '', location: 'Hall A', status: 'offline', page: 3 };
    expect(filtersOf(queryOf(filters) as Record<string, string>)).toEqual(filters);
  });

  it('leave the address short when there are none', () => {
    expect(queryOf(filtersOf({}))).toEqual({});
    expect(isFiltered(filtersOf({ page: '2' }))).toBe(false);
  });

  it.each(['-1', '0', 'x', '1.5'])('take page %s for the first', (page) => {
    expect(filtersOf({ page }).page).toBe(1);
  });

  it('ask the server only for what is set', () => {
    expect(requestOf(filtersOf({ status: 'offline', search: ' ' }))).toEqual({
      status: 'offline',
      page: 1,
      page_size: 20,
    });
  });
});

describe('history', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const point = (power: number | null, low?: number, high?: number) => ({
    timestamp: '2026-11-21T12:00:00Z',
    power,
    min: low,
    max: high,
  });

  it('asks more coarsely the longer the period is', () => {
    expect(planOf('24h', 'power', now).resolution).toBe('5min');
    expect(planOf('30d', 'power', now).resolution).toBe('2hour');
    expect(planOf('30d', 'consumption', now).resolution).toBe('daily');
    expect(planOf('1h', 'power', now).from).toBe('2026-11-21T11:00:00.000Z');
  });

  it('finds the value under its own name, the metric’s, or the odd one out', () => {
    const empty = { timestamp: '' };
    expect(valueOf({ ...empty, value: 3, power: 9 }, 'power_l1')).toBe(3);
    expect(valueOf({ ...empty, power: 9 }, 'power')).toBe(9);
    expect(valueOf({ ...empty, powerFactor: 0.9 }, 'power_factor')).toBe(0.9);
    expect(valueOf(empty, 'flow_rate')).toBeNull();
  });

  it('keeps gaps as gaps and draws a band only where there is one', () => {
    const series = [point(1, 0.5, 2), point(null), point(3, 2, 4)];
    const banded = chartOf({ series, resolution: '5min', count: 3 }, 'power');
    expect(banded.values).toEqual([1, null, 3]);
    expect(banded.low).toEqual([0.5, null, 2]);
    expect(chartOf({ series: [point(1)], resolution: 'raw', count: 1 }, 'power').low).toBe(
      undefined,
    );
  });

  it('sums up without the gaps', () => {
    const data = { times: [0, 1, 2], values: [1, null, 3], low: [0, null, 2], high: [2, null, 9] };
    expect(summaryOf(data)).toEqual({ low: 0, mean: 2, high: 9, sum: 4 });
    expect(summaryOf({ times: [0], values: [null] })).toBeNull();
  });
});

it('lays the socket’s values over the listed ones and keeps the registers', () => {
  const listed: LiveValue = {
    metric: 'voltage',
    phase: 'L1',
    unit: 'V',
    value: 230,
    quality: 'good',
    timestamp: '2026-11-21T12:00:00Z',
    age_ms: 0,
    register: { function: 'input', address: 0, type: 'float32' },
  };
  const pushed = new Map([['voltage_l1', { ...listed, value: 231 }]]);
  const moment = { now: Date.parse('2026-11-21T12:00:01Z'), current: true };
  const [value] = liveValues([listed], pushed, moment);
  expect(value?.reading.value).toBe(231);
  expect(value?.register?.address).toBe(0);
  expect(liveValues([listed], pushed, { ...moment, current: false })[0]?.reading.tone).toBe('old');
});
