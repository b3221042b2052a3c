// The site as a person writes it down. Pure.
import * as v from 'valibot';
import { optionalDecimal, required } from '@/kit/check';

export interface SiteForm {
  name: string;
  time_zone: string;
  currency: string;
  price_per_kwh: string;
}

export const siteSchema = v.object({
  name: required(),
  time_zone: required(),
  currency: required(),
  price_per_kwh: optionalDecimal('check.price', (value) => value >= 0),
});

/** The same as the appliance takes it; a price that is not known is left out. */
export function siteOf(form: SiteForm) {
  const price = form.price_per_kwh.trim().replace(',', '.');
  return {
    name: form.name.trim(),
    time_zone: form.time_zone,
    currency: form.currency,
    ...(price && { price_per_kwh: price }),
  };
}
