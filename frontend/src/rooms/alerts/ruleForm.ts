// A rule as a person fills it in, and as it is sent. Pure.
import type { FieldError } from '@/api';
import type { AlertRule, AlertRuleInput, AlertTemplate, Level, Operator } from '@/api/types';
import { decimalOf } from '@/kit/check';
import { conductor } from '@/live/alerts';

export const operators: Operator[] = ['>', '>=', '<', '<=', '==', '!='];

/** What a rule may be made from: a rule that is there, or a template. */
type Said = AlertRuleInput | AlertRule | AlertTemplate['rule'];
type Condition = NonNullable<AlertRuleInput['condition']>;

/** Name and note as they are shown, and as they are stored. */
interface Worded {
  name: [shown: string, stored: string];
  note: [shown: string, stored: string];
}

/** A further limit of the same rule. */
export interface StepRow {
  threshold: string;
  level: Level;
}

export interface RuleForm {
  equipment_id: string;
  name: string;
  /** "power", or "voltage:L1". */
  series: string;
  operator: Operator;
  threshold: string;
  level: Level;
  steps: StepRow[];
  dead_band: string;
  on_delay_s: string;
  off_delay_s: string;
  note: string;
  enabled: boolean;
  /** Of another kind than a limit: it is shown, not filled in here. */
  condition: Condition | null;
  /** Words of a template are shown in the language of who reads, and stay what they are. */
  words: Worded;
  /** What is said elsewhere and goes along unchanged. */
  rest: Pick<AlertRuleInput, 'schedule' | 'latched' | 'owner' | 'type' | 'template'>;
}

export const blankRule = (): RuleForm => ({
  equipment_id: '',
  name: '',
  series: '',
  operator: '>',
  threshold: '',
  level: 'High',
  steps: [],
  dead_band: '0',
  on_delay_s: '0',
  off_delay_s: '0',
  note: '',
  enabled: true,
  condition: null,
  words: { name: ['', ''], note: ['', ''] },
  rest: {},
});

export function seriesOf(metric: string, phase: string | null | undefined): string {
  const one = conductor(phase);
  return one ? `${metric}:${one}` : metric;
}

const numberText = (value: number | null | undefined) =>
  value === null || value === undefined ? '' : String(value);

/** The form of a rule or template, with the words that it has in the language of who reads. */
export function formOf(said: Said, shown: { name?: string; note?: string } = {}): RuleForm {
  const stored = { name: said.name ?? '', note: said.note ?? '' };
  const { name = stored.name, note = stored.note } = shown;
  const condition = (said.condition ?? null) as Condition | null;
  const limit = condition?.kind === 'threshold' ? condition : null;
  const metric = limit?.metric ?? said.metric ?? '';
  return {
    equipment_id: said.equipment_id,
    name,
    series: metric && seriesOf(metric, limit?.phase ?? said.phase),
    operator: limit?.operator ?? said.operator ?? '>',
    threshold: numberText(limit?.threshold ?? said.threshold),
    level: said.level,
    steps: (said.steps ?? []).map(({ threshold, level }) => ({
      threshold: String(threshold),
      level,
    })),
    dead_band: numberText(said.dead_band ?? 0),
    on_delay_s: numberText(said.on_delay_s ?? 0),
    off_delay_s: numberText(said.off_delay_s ?? 0),
    note,
    enabled: said.enabled ?? true,
    condition: limit ? null : condition,
    words: { name: [name, stored.name], note: [note, stored.note] },
    rest: {
      schedule: (said.schedule ?? null) as AlertRuleInput['schedule'],
      latched: said.latched ?? false,
      owner: said.owner ?? null,
      type: said.type ?? null,
      template: said.template ?? null,
    },
  };
}

function comparison({ series, operator, threshold }: RuleForm) {
  const [metric, phase] = series.split(':');
  return {
    metric: metric || null,
    phase: (phase || null) as AlertRuleInput['phase'],
    operator,
    threshold: decimalOf(threshold),
  };
}

/** What is to be stored of a text: the words of a template, unless they were changed. */
const kept = (text: string, [shown, stored]: [string, string]) =>
  (text === shown ? stored : text).trim() || null;

export function inputOf(form: RuleForm): AlertRuleInput {
  return {
    equipment_id: form.equipment_id,
    name: kept(form.name, form.words.name),
    ...(form.condition ? { condition: form.condition } : comparison(form)),
    level: form.level,
    steps: form.steps.map(({ threshold, level }) => ({ threshold: decimalOf(threshold), level })),
    dead_band: decimalOf(form.dead_band),
    on_delay_s: Number(form.on_delay_s),
    off_delay_s: Number(form.off_delay_s),
    note: kept(form.note, form.words.note),
    enabled: form.enabled,
    ...form.rest,
  };
}

const isNumber = (text: string) => Number.isFinite(decimalOf(text));
const isSeconds = (text: string) => /^\d{1,6}$/.test(text.trim());

/** The key of a sentence for each field that cannot be sent. */
export function wrongIn(form: RuleForm): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (!form.equipment_id) wrong.equipment_id = 'check.required';
  if (!form.condition && !form.series) wrong.series = 'check.required';
  if (!form.condition && !isNumber(form.threshold)) wrong.threshold = 'alerts.aNumber';
  form.steps.forEach((step, index) => {
    if (!isNumber(step.threshold)) wrong[`steps.${index}.threshold`] = 'alerts.aNumber';
  });
  if (!isNumber(form.dead_band)) wrong.dead_band = 'alerts.aNumber';
  if (!isSeconds(form.on_delay_s)) wrong.on_delay_s = 'alerts.aDelay';
  if (!isSeconds(form.off_delay_s)) wrong.off_delay_s = 'alerts.aDelay';
  return wrong;
}

/** Fields are found by dots; a quantity is chosen together with its conductor. */
export const placed = (fields: FieldError[]): FieldError[] =>
  fields.map((field) => ({
    ...field,
    path: field.path
      .replace(/^rule\./, '')
      .replace(/^condition\./, '')
      .replace(/\[(\d+)\]/g, '.$1')
      .replace(/^(metric|phase)$/, 'series'),
  }));
