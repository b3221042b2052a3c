// Policies as a person fills them in, and as they are sent. Pure.
import type { FieldError } from '@/api';
import type { Level, OutletKind, Policy, PolicyInput, PolicyRecipient, Weekday } from '@/api/types';
import { isWhole, leadsToOne } from './outlets';

export const weekdays: Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

export type Who = 'role' | 'user_id' | 'address';

/** Somebody who is told; what is not chosen by `who` is left out. */
export interface RecipientRow {
  outlet: OutletKind;
  who: Who;
  role: string;
  user_id: string;
  address: string;
  language: string;
}

export interface ShiftRow {
  days: Weekday[];
  from: string;
  to: string;
}

export interface StepRow {
  after_min: string;
  recipients: RecipientRow[];
}

export interface PolicyForm {
  name: string;
  enabled: boolean;
  site: string;
  equipment_id: string;
  from_level: Level;
  shifts: ShiftRow[];
  quiet: boolean;
  quiet_hours: { from: string; to: string };
  recipients: RecipientRow[];
  escalation: StepRow[];
  tell_when_over: boolean;
}

export const blankRecipient = (): RecipientRow => ({
  outlet: 'smtp',
  who: 'role',
  role: 'technician',
  user_id: '',
  address: '',
  language: '',
});

export const blankShift = (): ShiftRow => ({
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '06:00',
  to: '14:00',
});

export const blankStep = (): StepRow => ({ after_min: '', recipients: [blankRecipient()] });

export const blankPolicy = (): PolicyForm => ({
  name: '',
  enabled: true,
  site: '',
  equipment_id: '',
  from_level: 'High',
  shifts: [],
  quiet: false,
  quiet_hours: { from: '22:00', to: '06:00' },
  recipients: [blankRecipient()],
  escalation: [],
  tell_when_over: true,
});

const rowOf = (recipient: PolicyRecipient): RecipientRow => ({
  outlet: recipient.outlet ?? 'smtp',
  who: recipient.user_id ? 'user_id' : recipient.address ? 'address' : 'role',
  role: recipient.role ?? 'technician',
  user_id: recipient.user_id ?? '',
  address: recipient.address ?? '',
  language: recipient.language ?? '',
});

export const formOf = (policy: Policy): PolicyForm => ({
  name: policy.name,
  enabled: policy.enabled,
  site: policy.site ?? '',
  equipment_id: policy.equipment_id ?? '',
  from_level: policy.from_level,
  shifts: (policy.shifts ?? []).map((shift) => ({ ...shift, days: [...shift.days] })),
  quiet: Boolean(policy.quiet_hours),
  quiet_hours: policy.quiet_hours ? { ...policy.quiet_hours } : { from: '22:00', to: '06:00' },
  recipients: policy.recipients.map(rowOf),
  escalation: (policy.escalation ?? []).map((step) => ({
    after_min: step.after_min ? String(step.after_min) : '',
    recipients: step.recipients.map(rowOf),
  })),
  tell_when_over: policy.tell_when_over ?? false,
});

function recipientOf(row: RecipientRow): PolicyRecipient {
  const language = (row.language || null) as PolicyRecipient['language'];
  if (leadsToOne(row.outlet)) return { outlet: row.outlet, language };
  return { outlet: row.outlet, [row.who]: row[row.who].trim() || null, language };
}

const wholeOf = (text: string) => (isWhole(text) ? Number(text) : 0);

export const inputOf = (form: PolicyForm): PolicyInput => ({
  name: form.name.trim(),
  enabled: form.enabled,
  site: form.site || null,
  equipment_id: form.equipment_id || null,
  from_level: form.from_level,
  shifts: form.shifts.map((shift) => ({ ...shift })),
  quiet_hours: form.quiet ? { ...form.quiet_hours } : null,
  recipients: form.recipients.map(recipientOf),
  escalation: form.escalation.map((step) => ({
    // What is no whole number is 0, which is refused at its place.
    after_min: step.after_min.trim() ? wholeOf(step.after_min) : null,
    recipients: step.recipients.map(recipientOf),
  })),
  tell_when_over: form.tell_when_over,
});

/** Fields are found by dots; who is missing is said at the list in which he is chosen. */
export const placed = (fields: FieldError[]): FieldError[] =>
  fields.map((field) => ({
    ...field,
    path: field.path.replace(/\[(\d+)\]/g, '.$1').replace(/(recipients\.\d+)$/, '$1.who'),
  }));

export const toggled = (days: Weekday[], day: Weekday): Weekday[] =>
  weekdays.filter((one) => days.includes(one) !== (one === day));
