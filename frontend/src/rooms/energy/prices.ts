// The figures of a tariff that change from sheet to sheet, as a flat list to fill in: pure.
import type { TariffRules } from '@/api/types';
import { fixed } from '@/kit/format';
import { plainNumber } from './twin';

export type FigureKind = 'kwh' | 'kw' | 'amount' | 'percent';

export interface Figure {
  /** Where it stands in the rules. */
  path: (string | number)[];
  /** What it is of, from the whole to the part. */
  names: string[];
  kind: FigureKind;
  value: string;
}

type Tree = Record<string, unknown>;

/** Prices, ordered power and percentages, in the order of the bill. */
export function figuresOf(rules: TariffRules): Figure[] {
  const period = (id: string | null | undefined) =>
    rules.periods.find((one) => one.id === id)?.name ?? '';
  const named = (...parts: string[]) => parts.filter(Boolean);
  const figures: Figure[] = rules.periods.flatMap(({ name, tiers }, at) =>
    tiers.map(({ price, up_to_kwh }, n) => ({
      path: ['periods', at, 'tiers', n, 'price'],
      names: named(name, up_to_kwh ? `\u2066≤ ${up_to_kwh}\u00a0kWh\u2069` : ''),
      kind: 'kwh' as const,
      value: price,
    })),
  );
  for (const [at, one] of (rules.contracted ?? []).entries())
    figures.push({
      path: ['contracted', at, 'kw'],
      names: named(period(one.period)),
      kind: 'kw',
      value: one.kw,
    });
  for (const [at, charge] of (rules.charges ?? []).entries()) {
    if ('price' in charge)
      figures.push({
        path: ['charges', at, 'price'],
        names: named(charge.name),
        kind: 'amount',
        value: charge.price,
      });
    if ('prices' in charge)
      for (const [n, one] of charge.prices.entries())
        figures.push({
          path: ['charges', at, 'prices', n, 'value'],
          names: named(charge.name, period(one.period)),
          kind: 'amount',
          value: one.value,
        });
  }
  for (const [at, tax] of (rules.taxes ?? []).entries())
    figures.push({
      path: ['taxes', at, 'percent'],
      names: named(tax.name),
      kind: 'percent',
      value: tax.percent,
    });
  return figures;
}

/** The rules with other figures; the old ones stay as they are. */
export function withFigures(rules: TariffRules, figures: Figure[]): TariffRules {
  const copy = JSON.parse(JSON.stringify(rules)) as TariffRules;
  for (const { path, value } of figures) {
    const last = path[path.length - 1]!;
    const place = path
      .slice(0, -1)
      .reduce<Tree>((tree, key) => tree[key] as Tree, copy as unknown as Tree);
    // What is no number is refused by the appliance, which names it.
    place[last] = plainNumber(value) ?? value.trim();
  }
  return copy;
}

/** A decimal of the appliance with all its digits, as the reader writes numbers. */
export function plain(text: string, locale: string): string {
  return fixed(Number(text), text.split('.')[1]?.length ?? 0, locale);
}
