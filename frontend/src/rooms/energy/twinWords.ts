// Why a line of a bill and the computed one differ, as a key and what it speaks of: the appliance says
// it in English, and all that it says follows from the verdict and the figures. Pure.
import type { TwinLine } from '@/api/types';

/** Units that have a word of the language; the others are signs. */
export const isCounted = (unit: string): boolean => ['day', 'month', 'year'].includes(unit);

export interface Why {
  /** Its word is `energy.twin.why.<key>`. */
  key: string;
  bill: string | null;
  ours: string | null;
  unit: string;
  /** How much more the bill counts, as a share; null where that says nothing. */
  share: number | null;
}

export function whyOf({ typed, computed, ...line }: TwinLine): Why {
  // The document of the API has two words of this name, and types this one by the other.
  const verdict: string = line.verdict;
  const unit = computed?.unit ?? '';
  const of = (bill: string | null | undefined, ours: string | null | undefined): Why => {
    const [theirs, own] = [Number(bill), Number(ours)];
    const known = bill != null && ours != null && own !== 0;
    return {
      key: verdict,
      bill: bill ?? null,
      ours: ours ?? null,
      unit,
      share: known ? (theirs - own) / own : null,
    };
  };
  if (verdict === 'price') return of(typed?.price, computed?.price);
  if (verdict === 'quantity') return of(typed?.quantity, computed?.quantity);
  // Where neither quantity nor price was typed, they may be what differs.
  if (verdict === 'amount') return of(computed?.quantity, computed?.price);
  return of(typed?.amount, computed?.amount);
}
