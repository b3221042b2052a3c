// Asks the appliance for what the screen shows: each series in pieces, the compared period beside it.
import { api } from '@/api';
import type { MeterEvent } from '@/api/types';
import { useTask } from '@/kit/useTask';
import { pieces, type Step } from './plan';
import { movedBy, pointsOf, type Points } from './points';
import { shifted } from './range';
import { SITE, type Known } from './series';

export interface Asked {
  series: Known[];
  step: Step;
  from: number;
  to: number;
  /** How far the compared period lies back on the wall's clock, ms; 0 for none. */
  shift: number;
  now: number;
  zone: string;
}

export interface Answered {
  asked: Asked;
  /** In the order of the series. */
  points: Points[];
  /** The compared period, moved to where it is looked at; null without one. */
  before: Points[] | null;
  /** What was done to the counter of each series, and holds. */
  events: MeterEvent[][];
}

const FIELDS = 'min,max,coverage';
/** Energy also says how much of it is not as it was read. */
const ENERGY_FIELDS = `${FIELDS},substituted`;
const withEnergy = ({ key }: Known) => key === 'power' || key === 'consumption';

/** What the appliance is asked for one series. */
export const questionOf = (known: Known, from: number, to: number, step: Step) => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
  resolution: step,
  metric: known.key,
  ...(known.meter === SITE ? {} : { meter_id: known.meter }),
  fields: withEnergy(known) ? ENERGY_FIELDS : FIELDS,
});

async function ask(known: Known, from: number, to: number, asked: Asked): Promise<Points> {
  const { step, now, zone } = asked;
  // What lies ahead is asked for when it has come.
  const parts = pieces(from, Math.min(to, now), step);
  const answers = await Promise.all(
    parts.map(([start, end]) => api.history(questionOf(known, start, end, step))),
  );
  return pointsOf(answers, step, now, zone);
}

/** Exchanges and new ratios: the curve of a counter alone does not tell them from a fault. */
async function eventsOf(known: Known): Promise<MeterEvent[]> {
  if (!known.counter || known.meter === SITE) return [];
  const all = await api.meterEvents(known.meter);
  return all.filter(
    ({ metric, phase, undone }) =>
      !undone && metric === known.metric && (phase === 'total' ? null : phase) === known.phase,
  );
}

async function askAll(asked: Asked): Promise<Answered> {
  const { series, from, to, shift, zone } = asked;
  const back = (at: number) => shifted(at, -shift, zone);
  const forth = (at: number) => shifted(at, shift, zone);
  const compared = async (known: Known) =>
    movedBy(await ask(known, back(from), back(to), asked), forth);
  const [points, before, events] = await Promise.all([
    Promise.all(series.map((known) => ask(known, from, to, asked))),
    shift ? Promise.all(series.map(compared)) : null,
    Promise.all(series.map(eventsOf)),
  ]);
  return { asked, points, before, events };
}

export const useHistoryData = () => useTask(askAll);
