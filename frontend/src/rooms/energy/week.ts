// The week of a tariff as blocks to draw: pure. The server decides what counts; this only shows
// which slot comes first, by the same rule.
import type { TariffRules } from '@/api/types';

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const STEP = 15;
const DAY_MINUTES = 1_440;

export interface Block {
  day: number;
  from: number;
  to: number;
  period: number;
}

const minuteOf = (text: string): number => {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  return hour * 60 + minute;
};

/** The blocks of a season's week; those of days without a season for null. */
export function weekOf(rules: TariffRules, season: string | null): Block[] {
  const place = new Map(rules.periods.map(({ id }, at) => [id, at]));
  const slots = rules.calendar
    .filter((slot) => !slot.season || slot.season === season)
    .map((slot) => ({ ...slot, start: minuteOf(slot.from), end: minuteOf(slot.to) }));
  const at = (day: number, minute: number): number => {
    const name = DAYS[day];
    const fits = slots.find(
      ({ days, start, end }) =>
        (!days?.length || days.some((one) => one === name)) &&
        (start < end ? minute >= start && minute < end : minute >= start || minute < end),
    );
    return fits ? (place.get(fits.period) ?? -1) : -1;
  };
  const blocks: Block[] = [];
  for (let day = 0; day < DAYS.length; day += 1)
    for (let minute = 0; minute < DAY_MINUTES; minute += STEP) {
      const period = at(day, minute);
      const last = blocks[blocks.length - 1];
      if (last?.day === day && last.period === period) last.to = minute + STEP;
      else blocks.push({ day, from: minute, to: minute + STEP, period });
    }
  return blocks;
}
