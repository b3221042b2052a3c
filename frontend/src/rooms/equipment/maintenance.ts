// Work on equipment as a person fills it in, and as it is sent. Pure.
import type { MaintenanceEntry, MaintenanceInput, MaintenanceKind } from '@/api/types';
import type { Errors } from '@/kit/useFormErrors';

export const maintenanceKinds: MaintenanceKind[] = [
  'inspection',
  'service',
  'repair',
  'calibration',
  'replacement',
  'other',
];

export interface MaintenanceForm {
  type: MaintenanceKind;
  date: string;
  performed_by: string;
  notes: string;
  cost: string;
  next_due: string;
}

export const blankWork = (today: string): MaintenanceForm => ({
  type: 'inspection',
  date: today,
  performed_by: '',
  notes: '',
  cost: '',
  next_due: '',
});

export const formOfWork = (entry: MaintenanceEntry): MaintenanceForm => ({
  type: entry.type,
  date: entry.date,
  performed_by: entry.performed_by ?? '',
  notes: entry.notes,
  cost: entry.cost ?? '',
  next_due: entry.next_due ?? '',
});

/** A comma is a decimal point to most who type here. */
const plainCost = (text: string) => text.trim().replace(',', '.');

export function checkWork(form: MaintenanceForm, translate: (key: string) => string): Errors {
  const errors: Errors = {};
  if (!form.date) errors.date = translate('check.required');
  if (!form.notes.trim()) errors.notes = translate('check.required');
  if (!/^(\d{1,9}(\.\d{1,4})?)?$/.test(plainCost(form.cost)))
    errors.cost = translate('maintenance.costShape');
  if (form.next_due && form.next_due <= form.date)
    errors.next_due = translate('maintenance.nextShape');
  return errors;
}

/** Documents that an entry names already stay with it. */
export const workOf = (form: MaintenanceForm, documents: string[] = []): MaintenanceInput => ({
  type: form.type,
  date: form.date,
  performed_by: form.performed_by.trim() || null,
  notes: form.notes.trim(),
  cost: plainCost(form.cost) || null,
  next_due: form.next_due || null,
  documents,
});
