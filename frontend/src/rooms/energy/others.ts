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
