import { describe, expect, it } from 'vitest';
import type { Alert, AlertQuality, AlertRule } from '@/api/types';
import { calls, urgentFirst } from '@/live/alerts';
import {
  curveOf,
  decimalsOf,
  isFiltered,
  mayAcknowledge,
  noFilters,
  queryOf,
  seen,
  stepped,
} from './alerts';
import { barChart, bars, barStep, judged, mixed } from './quality';
import { blankRule, formOf, inputOf, placed, wrongIn } from './ruleForm';

const ZONE = 'Africa/Tunis';
const alertOf = (part: Partial<Alert>) =>
  ({
    id: 'a',
    level: 'High',
    state: 'unacknowledged',
    acknowledged: false,
    active: true,
    timestamp: '2026-11-21T12:00:00Z',
    returned_at: null,
    equipment_id: 'm1',
    metric: 'power',
    phase: 'total',
    parent: null,
    revision: 1,
    ...part,
  }) as Alert;

describe('the order of the list', () => {
  it('puts what asks for somebody first, the worst in front, and what is over last', () => {
    const rows = [
      alertOf({
        id: 'over',
        state: 'normal',
        level: 'Emergency',
        timestamp: '2026-11-21T13:00:00Z',
      }),
      alertOf({ id: 'known', state: 'acknowledged', acknowledged: true, level: 'Critical' }),
      alertOf({ id: 'low', level: 'Low' }),
      alertOf({ id: 'old' }),
      alertOf({ id: 'new', timestamp: '2026-11-21T12:30:00Z' }),
      alertOf({ id: 'shelf', state: 'shelved', active: false }),
    ];
    const ids = urgentFirst(rows).map(({ id }) => id);
    expect(ids).toEqual(['new', 'old', 'low', 'known', 'shelf', 'over']);
  });

  it('counts as waiting what came back and was not seen, not what is shelved', () => {
    expect(calls({ state: 'returned_unacknowledged' })).toBe(true);
    expect(calls({ state: 'shelved' })).toBe(false);
    expect(calls({ state: 'normal' })).toBe(false);
  });
});

describe('what is asked', () => {
  it('holds only what was filled in, and the last day whole at the site', () => {
    expect(queryOf(noFilters(), ZONE)).toEqual({ status: 'open' });
    const filters = { ...noFilters(), text: ' oven ', from: '2026-11-20', to: '2026-11-21' };
    expect(isFiltered(filters)).toBe(true);
    expect(queryOf(filters, ZONE)).toEqual({
      status: 'open',
      search: 'oven',
      from: '2026-11-19T23:00:00.000Z',
      to: '2026-11-21T23:00:00.000Z',
    });
  });

  it('names the revision that was seen', () => {
    expect(seen([alertOf({ id: 'x', revision: 7 })])).toEqual([{ id: 'x', revision: 7 }]);
  });

  it('acknowledges nothing that is over, known, or stood for', () => {
    expect(mayAcknowledge(alertOf({}))).toBe(true);
    expect(mayAcknowledge(alertOf({ state: 'normal' }))).toBe(false);
    expect(mayAcknowledge(alertOf({ acknowledged: true, state: 'acknowledged' }))).toBe(false);
    expect(mayAcknowledge(alertOf({ parent: 'p' }))).toBe(false);
  });
});

it('walks the rows and holds at the ends', () => {
  const ids = ['a', 'b', 'c'];
  expect(stepped(ids, null, 1)).toBe('a');
  expect(stepped(ids, null, -1)).toBe('c');
  expect(stepped(ids, 'b', 1)).toBe('c');
  expect(stepped(ids, 'c', 1)).toBe('c');
  expect(stepped(ids, 'gone', 1)).toBe('a');
  expect(stepped([], 'a', 1)).toBeNull();
});

it('leads to the curve around an alert, in the time of the site', () => {
  const ended = alertOf({ active: false, returned_at: '2026-11-21T12:10:00Z' });
  const now = Date.parse('2026-11-21T18:00:00Z');
  expect(curveOf(ended, now, ZONE)).toBe(
    '/history?s=m1:power&range=2026-11-21T12:30..2026-11-21T13:40',
  );
  expect(curveOf({ ...ended, phase: 'L1' }, now, ZONE)).toContain('m1:power_l1');
  expect(curveOf({ ...ended, metric: null }, now, ZONE)).toBeNull();
});

describe('the form of a rule', () => {
  const filled = { ...blankRule(), equipment_id: 'm1', series: 'voltage:L2', threshold: '2,5' };

  it('sends what was filled in, numbers as numbers', () => {
    expect(wrongIn(filled)).toEqual({});
    expect(inputOf(filled)).toMatchObject({
      equipment_id: 'm1',
      name: null,
      metric: 'voltage',
      phase: 'L2',
      operator: '>',
      threshold: 2.5,
      dead_band: 0,
      on_delay_s: 0,
    });
  });

  it('says what is missing, at its field', () => {
    const bad = {
      ...blankRule(),
      on_delay_s: '-1',
      steps: [{ threshold: 'x', level: 'High' as const }],
    };
    expect(Object.keys(wrongIn(bad)).sort()).toEqual([
      'equipment_id',
      'on_delay_s',
      'series',
      'steps.0.threshold',
      'threshold',
    ]);
  });

  it('shows the words of a template in the language of who reads, and stores what they are', () => {
    const rule = {
      equipment_id: 'm1',
      name: 'Overload',
      note: 'Reduce the load.',
      level: 'High' as const,
    };
    const form = formOf(rule, { name: 'Surcharge', note: 'Réduisez la charge.' });
    expect([form.name, form.note]).toEqual(['Surcharge', 'Réduisez la charge.']);
    expect(inputOf(form)).toMatchObject({ name: 'Overload', note: 'Reduce the load.' });
    const own = { ...form, name: 'Presse trop forte ', note: '' };
    expect(inputOf(own)).toMatchObject({ name: 'Presse trop forte', note: null });
  });

  it('reads a limit from the condition, and keeps a condition of another kind', () => {
    const rule = {
      equipment_id: 'm1',
      level: 'High',
      condition: {
        kind: 'threshold',
        metric: 'power',
        phase: 'total',
        operator: '<',
        threshold: 4,
      },
    } as unknown as AlertRule;
    expect(formOf(rule)).toMatchObject({ series: 'power', operator: '<', threshold: '4' });
    const silent = { ...rule, condition: { kind: 'no_data', silent_s: 60 } } as AlertRule;
    const input = inputOf(formOf(silent));
    expect(input.condition).toEqual({ kind: 'no_data', silent_s: 60 });
    expect(input).not.toHaveProperty('threshold');
  });

  it('finds the field that the appliance names', () => {
    const path = (text: string) => placed([{ path: text, message: '' }])[0]?.path;
    expect(path('steps[1].threshold')).toBe('steps.1.threshold');
    expect(path('rule.metric')).toBe('series');
  });
});

it('judges the figures that have a target, and no others', () => {
  const quality = {
    alerts: 4,
    per_ten_minutes: 1.5,
    steady_limit: 1,
    peak_ten_minutes: 3,
    peak_hour: 16,
    flood_limit: 10,
    flood_share: 0,
    top: [],
    top_share: 1,
    chattering: 0,
    stale_total: 2,
  } as unknown as AlertQuality;
  const good = Object.fromEntries(judged(quality).map(({ name, good }) => [name, good]));
  expect(good).toMatchObject({
    perTenMinutes: false,
    peak: true,
    peakHour: false,
    stale: false,
    top: null,
  });
});

it('knows with how many decimals a limit was entered', () => {
  expect([80, 104.25, 0.002, 1e-9, -5.5].map(decimalsOf)).toEqual([0, 2, 3, 0, 1]);
});

it('lays the mix of levels beside what is aimed at', () => {
  const level = (level: string, alerts: number) => ({ level, alerts, share: alerts / 20 });
  const levels = [
    level('Emergency', 1),
    level('Critical', 0),
    level('High', 2),
    level('Medium', 5),
    level('Low', 8),
    level('Informational', 4),
  ];
  const mix = mixed({ levels } as unknown as AlertQuality);
  expect(mix.map(({ alerts, share, aim }) => [alerts, share.toFixed(2), aim])).toEqual([
    [3, '0.15', 0.05],
    [5, '0.25', 0.15],
    [12, '0.60', 0.8],
  ]);
});

it('draws the worst ten minutes of each bar, as wide as the span allows', () => {
  const span = (days: number) => ({
    from: '2026-11-01T00:00:00Z',
    to: new Date(Date.parse('2026-11-01T00:00:00Z') + days * 86_400_000).toISOString(),
  });
  const minutes = [1, 7, 30, 90].map((days) => barStep(span(days)) / 60_000);
  expect(minutes).toEqual([10, 60, 240, 720]);
  const bins = [
    { at: '2026-11-01T01:10:00Z', alerts: 3 },
    { at: '2026-11-01T01:50:00Z', alerts: 12 },
    { at: '2026-11-01T05:00:00Z', alerts: 1 },
  ];
  const hour = 3_600_000;
  const start = Date.parse('2026-11-01T00:00:00Z');
  expect(bars({ bins }, hour).map(({ at, alerts }) => [(at - start) / hour, alerts])).toEqual([
    [1, 12],
    [5, 1],
  ]);
  const chart = barChart({ ...span(0.25), bins } as unknown as AlertQuality, hour);
  expect(chart.values).toEqual([0, 12, 0, 0, 0, 1]);
  expect(chart.times[1]).toBe(start / 1_000 + 3_600);
});
