import { expect, it } from 'vitest';
import { blankCorrection, checkCorrection, correctionOf, type CorrectionForm } from './correction';

const filled = (change: Partial<CorrectionForm> = {}): CorrectionForm => ({
  equipment_id: 'e1',
  metric: 'power',
  from: '2026-11-21T08:00',
  to: '2026-11-21T09:30',
  change: { do: 'multiply', by: '0,1' },
  why: ' The transformer ratio was wrong. ',
  ...change,
});
const check = (form: CorrectionForm) => checkCorrection(form, 'Africa/Tunis', (key) => key);

it('sends instants of the site and numbers as the appliance reads them', () => {
  expect(check(filled())).toEqual({});
  expect(correctionOf(filled(), 'Africa/Tunis')).toEqual({
    equipment_id: 'e1',
    metric: 'power',
    from: '2026-11-21T07:00:00.000Z',
    to: '2026-11-21T08:30:00.000Z',
    change: { do: 'multiply', by: 0.1 },
    why: 'The transformer ratio was wrong.',
  });
});

it('wants no number for readings that are left out', () => {
  const form = filled({ change: { do: 'exclude', by: '' } });
  expect(check(form)).toEqual({});
  expect(correctionOf(form, 'UTC').change).toEqual({ do: 'exclude' });
});

it('names what is missing, and an end before the start', () => {
  expect(Object.keys(check(blankCorrection())).sort()).toEqual(
    ['equipment_id', 'from', 'metric', 'to', 'why'].sort(),
  );
  expect(check(filled({ to: '2026-11-21T08:00' }))).toEqual({ to: 'corrections.orderBad' });
  expect(check(filled({ change: { do: 'add', by: 'much' } }))).toEqual({
    'change.by': 'corrections.numberBad',
  });
});
