import { useI18n } from 'vue-i18n';
import type { BillReason } from '@/api/types';
import { useFormat } from '@/kit/useFormat';
import { plain } from './prices';

/** Why a line of a bill is as it is, in the words of the page. */
export function useReasons() {
  const { t, te } = useI18n();
  const format = useFormat();
  function say({ code, values, sentence }: BillReason): string {
    // A newer appliance may know a reason that this page does not.
    if (!te(`energy.reason.${code}`)) return sentence;
    const shown = Object.entries(values).map(([name, value]) => [
      name,
      name === 'at' ? format.dateMinute(value) : plain(value, format.place.value.locale),
    ]);
    return t(`energy.reason.${code}`, Object.fromEntries(shown) as Record<string, string>);
  }
  return (reasons: BillReason[]) => reasons.map(say).join(' ');
}
