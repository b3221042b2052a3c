// The same month by several tariffs, the cheapest first. Pure.
interface Priced {
  bill: { total: string; currency: string } | null;
}

/**
 * Those of another currency stand behind, and are not compared; those without a bill stand last.
 */
export function cheapestFirst<T extends Priced>(
  rows: T[],
  currency: string,
): (T & { share: number | null })[] {
  const total = ({ bill }: Priced) => (bill ? Number(bill.total) : Infinity);
  const rank = ({ bill }: Priced) => (!bill ? 2 : bill.currency === currency ? 0 : 1);
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b) || total(a) - total(b));
  const first = sorted[0]?.bill;
  return sorted.map((row, at) => {
    const alike = first && row.bill?.currency === first.currency && Number(first.total) > 0;
    const share = at > 0 && alike ? Number(row.bill!.total) / Number(first.total) - 1 : null;
    return { ...row, share };
  });
}
