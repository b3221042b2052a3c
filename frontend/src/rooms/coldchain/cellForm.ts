// What a cell is held to, as a person fills it in, and as it is sent. Pure.
import * as v from 'valibot';
import type { ColdCell, ColdCellInput } from '@/api/types';
import { decimalOf, errorsOf, required } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';

export interface DefrostRow {
  start: string;
  minutes: string;
}

/** Times in the unit in which people say them: the key ends with it. */
export interface CellForm {
  location_id: string;
  name: string;
  product: string;
  equipment_id: string;
  set_point_c: string;
  min_c: string;
  max_c: string;
  dead_band_c: string;
  high_delay_s: string;
  low_delay_s: string;
  door_grace_s: string;
  door_limit_s: string;
  defrost: DefrostRow[];
  defrost_grace_s: string;
  power_delay_s: string;
  offline_after_s: string;
  escalate_after_s: string;
  battery_min_percent: string;
  disagree_c: string;
  interval_s: string;
}

/** Fields that people fill in with minutes; the appliance counts seconds. */
export const IN_MINUTES = [
  'high_delay_s',
  'low_delay_s',
  'door_grace_s',
  'door_limit_s',
  'defrost_grace_s',
  'offline_after_s',
  'escalate_after_s',
] as const;
/** Those that are counted in seconds by people, too. */
const IN_SECONDS = ['power_delay_s', 'interval_s'] as const;
const NUMBERS = ['dead_band_c', 'battery_min_percent', 'disagree_c'] as const;
export const DEFROST_MAX = 12;

/** As the appliance would have it when nothing is said. */
export const blankCell = (location: string): CellForm => ({
  location_id: location,
  name: '',
  product: '',
  equipment_id: '',
  set_point_c: '',
  min_c: '',
  max_c: '',
  dead_band_c: '0.5',
  high_delay_s: '10',
  low_delay_s: '10',
  door_grace_s: '10',
  door_limit_s: '5',
  defrost: [],
  defrost_grace_s: '20',
  power_delay_s: '30',
  offline_after_s: '10',
  escalate_after_s: '60',
  battery_min_percent: '20',
  disagree_c: '3',
  interval_s: '60',
});

/** 90 s are 1.5 min, and 100 s are 1.6667. */
const minutesOf = (seconds: number) => String(Number((seconds / 60).toFixed(4)));
const textOf = (value: number | null | undefined) =>
  typeof value === 'number' ? String(value) : '';

export function formOfCell(cell: ColdCell): CellForm {
  const form = blankCell(cell.location_id);
  Object.assign(form, {
    name: cell.name,
    product: cell.product ?? '',
    set_point_c: textOf(cell.set_point_c),
    min_c: textOf(cell.min_c),
    max_c: textOf(cell.max_c),
    defrost: (cell.defrost ?? []).map(({ start, minutes }) => ({ start, minutes: `${minutes}` })),
  });
  const keep = <K extends keyof ColdCell & keyof CellForm>(
    key: K,
    write: (value: number) => string,
  ) => {
    const value = cell[key];
    if (typeof value === 'number') Object.assign(form, { [key]: write(value) });
  };
  for (const key of IN_MINUTES) keep(key, minutesOf);
  for (const key of IN_SECONDS) keep(key, String);
  for (const key of NUMBERS) keep(key, String);
  return form;
}

const within = (low: number, high: number, message: string) =>
  v.pipe(
    required(),
    v.check((text) => {
      const value = decimalOf(text);
      return value >= low && value <= high;
    }, message),
  );
const degrees = v.pipe(
  v.string(),
  v.check(
    (text) => text.trim() === '' || Math.abs(decimalOf(text)) <= 100,
    'coldchain.form.wantDegrees',
  ),
);
const delay = within(0, 240, 'coldchain.form.wantDelay');

const schema = v.object({
  location_id: required(),
  name: required(),
  set_point_c: within(-100, 100, 'coldchain.form.wantDegrees'),
  min_c: degrees,
  max_c: degrees,
  dead_band_c: within(0, 100, 'coldchain.form.wantBand'),
  high_delay_s: delay,
  low_delay_s: delay,
  door_grace_s: delay,
  door_limit_s: delay,
  defrost_grace_s: delay,
  power_delay_s: within(0, 14_400, 'coldchain.form.wantPowerDelay'),
  offline_after_s: within(0.5, 1_440, 'coldchain.form.wantOffline'),
  escalate_after_s: within(1, 1_440, 'coldchain.form.wantEscalate'),
  battery_min_percent: within(0, 100, 'coldchain.form.wantPercent'),
  disagree_c: within(0.1, 50, 'coldchain.form.wantDisagree'),
  interval_s: within(1, 3_600, 'coldchain.form.wantInterval'),
  defrost: v.array(
    v.object({
      start: v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'coldchain.form.wantTime')),
      minutes: within(1, 120, 'coldchain.form.wantMinutes'),
    }),
  ),
});

/** The limits against each other: what each of them says alone is checked before. */
function limits(form: CellForm, translate: (key: string) => string): Errors {
  const [set, low, high] = [form.set_point_c, form.min_c, form.max_c].map(decimalOf) as [
    number,
    number,
    number,
  ];
  const errors: Errors = {};
  if (form.min_c.trim() === '' && form.max_c.trim() === '')
    errors.max_c = translate('coldchain.form.wantLimit');
  if (low >= set) errors.min_c = translate('coldchain.form.wantBelow');
  if (high <= set) errors.max_c = translate('coldchain.form.wantAbove');
  const room = Math.min(...[set - low, high - set].filter((one) => one > 0));
  if (decimalOf(form.dead_band_c) > room) errors.dead_band_c = translate('coldchain.form.wantBand');
  return errors;
}

export const checkCell = (form: CellForm, translate: (key: string) => string): Errors => ({
  ...limits(form, translate),
  ...errorsOf(schema, form, translate),
});

const numberOrNull = (text: string) => (text.trim() === '' ? null : decimalOf(text));

/** As it is sent: whole seconds, and of what is empty nothing. `further` probes stay as they are. */
export function cellOf(form: CellForm, further: string[] = []): ColdCellInput {
  const minutes = (key: (typeof IN_MINUTES)[number]) => Math.round(decimalOf(form[key]) * 60);
  return {
    high_delay_s: minutes('high_delay_s'),
    low_delay_s: minutes('low_delay_s'),
    door_grace_s: minutes('door_grace_s'),
    door_limit_s: minutes('door_limit_s'),
    defrost_grace_s: minutes('defrost_grace_s'),
    offline_after_s: minutes('offline_after_s'),
    escalate_after_s: minutes('escalate_after_s'),
    power_delay_s: Math.round(decimalOf(form.power_delay_s)),
    interval_s: Math.round(decimalOf(form.interval_s)),
    dead_band_c: decimalOf(form.dead_band_c),
    battery_min_percent: decimalOf(form.battery_min_percent),
    disagree_c: decimalOf(form.disagree_c),
    location_id: form.location_id,
    name: form.name.trim(),
    product: form.product.trim() || null,
    ...(form.equipment_id ? { equipment_id: form.equipment_id } : {}),
    set_point_c: decimalOf(form.set_point_c),
    min_c: numberOrNull(form.min_c),
    max_c: numberOrNull(form.max_c),
    defrost: form.defrost.map((row) => ({
      start: row.start,
      minutes: Math.round(decimalOf(row.minutes)),
    })),
    further_probes: further,
  };
}

/** Probes that are polled or published under a name of their own; those of devices are known. */
export const namedProbes = (cell: ColdCell | null): string[] => cell?.further_probes ?? [];
