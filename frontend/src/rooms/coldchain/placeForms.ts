// Customers, locations and certificates as a person fills them in, and as they are sent. Pure.
import * as v from 'valibot';
import type {
  ColdCell,
  ColdCertificateInput,
  ColdOwner,
  ColdOwnerInput,
  ColdPlace,
  ColdPlaceInput,
} from '@/api/types';
import { decimalOf, errorsOf, required } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';

type Translate = (key: string) => string;

export interface CustomerForm {
  name: string;
  contact: string;
  phone: string;
  email: string;
  note: string;
  /** Key of a site that is there already; one is made when it is empty. */
  site: string;
}

export const formOfCustomer = (one: ColdOwner | null): CustomerForm => ({
  name: one?.name ?? '',
  contact: one?.contact ?? '',
  phone: one?.phone ?? '',
  email: one?.email ?? '',
  note: one?.note ?? '',
  site: one?.site ?? '',
});

const customer = v.object({
  name: required(),
  email: v.pipe(
    v.string(),
    v.check((text) => text.trim() === '' || /^[^\s@]+@[^\s@]+$/.test(text.trim()), 'check.email'),
  ),
});
export const checkCustomer = (form: CustomerForm, translate: Translate): Errors =>
  errorsOf(customer, form, translate);

const textOrNull = (text: string) => text.trim() || null;

export const customerOf = (form: CustomerForm): ColdOwnerInput => ({
  name: form.name.trim(),
  site: textOrNull(form.site),
  contact: textOrNull(form.contact),
  phone: textOrNull(form.phone),
  email: textOrNull(form.email),
  note: textOrNull(form.note),
});

export interface PlaceForm {
  name: string;
  address: string;
}

export const formOfPlace = (one: ColdPlace | null): PlaceForm => ({
  name: one?.name ?? '',
  address: one?.address ?? '',
});

export const checkPlace = (form: PlaceForm, translate: Translate): Errors =>
  errorsOf(v.object({ name: required() }), form, translate);

export const placeOf = (form: PlaceForm, customerId: string): ColdPlaceInput => ({
  customer_id: customerId,
  name: form.name.trim(),
  address: textOrNull(form.address),
});

export interface CertificateForm {
  probe: string;
  certificate: string;
  laboratory: string;
  calibrated_on: string;
  due_on: string;
  offset_c: string;
}

export const blankCertificate = (today: string): CertificateForm => ({
  probe: '',
  certificate: '',
  laboratory: '',
  calibrated_on: today,
  due_on: yearAfter(today),
  offset_c: '0',
});

/** The same day of the next year: how long most certificates hold. */
function yearAfter(day: string): string {
  const next = `${Number(day.slice(0, 4)) + 1}${day.slice(4)}`;
  return next.endsWith('-02-29') ? next.replace('-29', '-28') : next;
}

const DAY = v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\d$/, 'check.date'));
const certificate = v.object({
  certificate: required(),
  calibrated_on: DAY,
  due_on: DAY,
  offset_c: v.pipe(
    required(),
    v.check((text) => Math.abs(decimalOf(text)) <= 10, 'coldchain.form.wantOffset'),
  ),
});

export function checkCertificate(
  form: CertificateForm,
  translate: Translate,
  today: string,
): Errors {
  const errors = errorsOf(certificate, form, translate);
  if (form.calibrated_on > today) errors.calibrated_on ??= translate('coldchain.form.notYet');
  if (form.due_on <= form.calibrated_on) errors.due_on ??= translate('coldchain.form.wantLater');
  return errors;
}

export const certificateOf = (form: CertificateForm): ColdCertificateInput => ({
  probe: form.probe,
  certificate: form.certificate.trim(),
  laboratory: textOrNull(form.laboratory),
  calibrated_on: form.calibrated_on,
  due_on: form.due_on,
  offset_c: decimalOf(form.offset_c),
});

export interface PlaceRow {
  place: ColdPlace;
  cells: ColdCell[];
}
export interface OwnerRow {
  owner: ColdOwner;
  places: PlaceRow[];
}

/** Customers with their locations and the cells there, also those that have none yet. */
export const ownersOf = (owners: ColdOwner[], places: ColdPlace[], cells: ColdCell[]): OwnerRow[] =>
  owners.map((owner) => ({
    owner,
    places: places
      .filter((place) => place.customer_id === owner.id)
      .map((place) => ({ place, cells: cells.filter((cell) => cell.location_id === place.id) })),
  }));
