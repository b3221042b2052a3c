// The site as a person writes it down. Pure.
import * as v from 'valibot';
import type { SiteWishes } from '@/api/types';
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

/** What a site may want, as it is typed: nothing is an empty field. */
export interface WishesForm {
  target_kwh_per_day: string;
  target_cost_per_day: string;
  language: string;
  theme: string;
  demand_alert: boolean;
  demand_pulse: SiteWishes['demand_pulse'];
}

const positive = (value: number) => value > 0;
export const wishesSchema = v.object({
  target_kwh_per_day: optionalDecimal('check.aboveZero', positive),
  target_cost_per_day: optionalDecimal('check.aboveZero', positive),
});

export const wishesForm = (wishes: SiteWishes): WishesForm => ({
  target_kwh_per_day: wishes.target_kwh_per_day ?? '',
  target_cost_per_day: wishes.target_cost_per_day ?? '',
  language: wishes.language ?? '',
  theme: wishes.theme ?? '',
  demand_alert: wishes.demand_alert ?? true,
  demand_pulse: wishes.demand_pulse ?? null,
});

export function wishesOf(form: WishesForm): SiteWishes {
  const decimal = (text: string) => text.trim().replace(',', '.') || null;
  return {
    target_kwh_per_day: decimal(form.target_kwh_per_day),
    target_cost_per_day: decimal(form.target_cost_per_day),
    language: (form.language || null) as SiteWishes['language'],
    theme: (form.theme || null) as SiteWishes['theme'],
    demand_alert: form.demand_alert,
    demand_pulse: form.demand_pulse,
  };
}

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
