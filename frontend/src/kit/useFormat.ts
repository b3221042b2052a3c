import { computed, inject, provide, type ComputedRef, type InjectionKey, type Ref } from 'vue';
import * as format from './format';

const key: InjectionKey<ComputedRef<format.Place>> = Symbol('place');

export function providePlace(locale: Ref<string>, timeZone: Ref<string>): void {
  provide(
    key,
    computed(() => ({ locale: locale.value, timeZone: timeZone.value })),
  );
}

const fallback = computed(() => ({ locale: 'en-GB', timeZone: 'UTC' }));

/** The appliance tells its memory in these, bytes. */
const MB = 1024 * 1024;

type Moment = number | string | Date | null | undefined;

/** The formats bound to the person's language and the site's zone; use inside a component. */
export function useFormat() {
  const place = inject(key, fallback);
  const locale = () => place.value.locale;
  return {
    place,
    fixed: (value: number | null | undefined, digits: number) =>
      format.fixed(value, digits, locale()),
    quantity: (value: number | null | undefined, unit: string | null) =>
      format.quantity(value, unit, locale()),
    /** "46.2 kW", for the middle of a sentence. */
    amount: (value: number | null | undefined, unit: string | null) =>
      unit === 'kW'
        ? format.withUnit(...format.power(value, locale()))
        : unit === 'MB'
          ? format.bytes(value && value * MB, locale())
          : format.withUnit(format.quantity(value, unit, locale()), unit),
    power: (kw: number | null | undefined) => format.power(kw, locale()),
    money: (amount: string | null | undefined, currency: string) =>
      format.money(amount, currency, locale()),
    moneyParts: (amount: string | null | undefined, currency: string) =>
      format.moneyParts(amount, currency, locale()),
    percent: (ratio: number | null | undefined) => format.percent(ratio, locale()),
    signedPercent: (ratio: number, digits?: number) =>
      format.signedPercent(ratio, locale(), digits),
    /** Words one after another, with the comma of the language. */
    list: (words: readonly string[]) => words.join(locale().startsWith('ar') ? '، ' : ', '),
    bytes: (value: number | null | undefined) => format.bytes(value, locale()),
    duration: (ms: number) => format.duration(ms, locale()),
    time: (at: Moment) => format.time(at, place.value),
    hourMinute: (at: Moment) => format.hourMinute(at, place.value),
    dayMonth: (at: Moment) => format.dayMonth(at, place.value),
    year: (at: Moment) => format.year(at, place.value),
    weekday: (at: Moment) => format.weekday(at, place.value),
    longDay: (at: Moment) => format.longDay(at, place.value),
    dateTime: (at: Moment) => format.dateTime(at, place.value),
    dateMinute: (at: Moment) => format.dateMinute(at, place.value),
    span: (from: number, to: number) => format.span(from, to, place.value),
    calendarDay: (day: string | null | undefined) => format.calendarDay(day, locale()),
    since: (at: number, now: number) => format.since(at, now, place.value),
  };
}
