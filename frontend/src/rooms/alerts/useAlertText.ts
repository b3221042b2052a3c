import { useI18n } from 'vue-i18n';
import type { Alert } from '@/api/types';
import { useFormat } from '@/kit/useFormat';

/** An alert as a person reads it. */
export function useAlertText() {
  const { t } = useI18n();
  const format = useFormat();
  const amount = (value: number | null, unit: string) => format.amount(value, unit || null);

  return {
    amount,
    /** "92.4 °C, limit 80.0 °C"; null when nothing was measured. */
    measured({ value, threshold, unit }: Pick<Alert, 'value' | 'threshold' | 'unit'>) {
      if (value === null) return null;
      if (threshold === null) return amount(value, unit);
      // Each keeps its own direction, and the two the order of the sentence.
      const apart = (number: number) => `\u2068${amount(number, unit)}\u2069`;
      return t('alerts.against', { value: apart(value), limit: apart(threshold) });
    },
  };
}
