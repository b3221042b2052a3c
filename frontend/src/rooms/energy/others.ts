// The same month or year by several tariffs, the cheapest first. Pure.
interface Total {
  total: string;
  currency: string;
}

interface Priced {
  bill: Total | null;
  /** How many months were billed. */
  months: number;
}

/** The months of a year up to one, the earliest first: "2026-11" begins with "2025-12". */
export function yearUpTo(month: string): string[] {
  const [year, last] = month.split('-').map(Number);
  return Array.from({ length: 12 }, (_, at) =>
    new Date(Date.UTC(year!, last! - 12 + at, 1)).toISOString().slice(0, 7),
  );
}

/** What months ask together; null when there is none, or they are of two currencies. */
export function sumOf(bills: Total[]): Total | null {
  const [first] = bills;
  if (!first || bills.some(({ currency }) => currency !== first.currency)) return null;
  // Amounts are whole steps of the last digit: added as such, no digit is lost.
  const digits = Math.max(...bills.map(({ total }) => total.split('.')[1]?.length ?? 0));
  const steps = bills.reduce((sum, { total }) => sum + Math.round(Number(total) * 10 ** digits), 0);
  return { total: (steps / 10 ** digits).toFixed(digits), currency: first.currency };
}

/**
 * Those of another currency, or of fewer months than others, stand behind and are not compared;
 * those without a bill stand last.
 */
export function cheapestFirst<T extends Priced>(
  rows: T[],
  currency: string,
): (T & { share: number | null })[] {
  const most = Math.max(0, ...rows.map(({ months }) => months));
  const total = ({ bill }: Priced) => (bill ? Number(bill.total) : Infinity);
  const rank = ({ bill, months }: Priced) =>
    !bill ? 3 : months < most ? 2 : bill.currency === currency ? 0 : 1;
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b) || total(a) - total(b));
  const first = sorted[0];
  return sorted.map((row, at) => {
    const alike =
      first?.bill &&
      row.bill?.currency === first.bill.currency &&
      row.months === first.months &&
      Number(first.bill.total) > 0;
    const share = at > 0 && alike ? Number(row.bill!.total) / Number(first.bill!.total) - 1 : null;
    return { ...row, share };
  });
}
