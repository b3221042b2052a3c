import { useI18n } from 'vue-i18n';
import type { Alert } from '@/api/types';
import { withUnit } from '@/kit/format';
import { useFormat } from '@/kit/useFormat';
import { decimalsOf } from './alerts';

/** An alert as a person reads it. */
export function useAlertText() {
  const { t } = useI18n();
  const format = useFormat();
  /** A count has no places: "1", not "1.00". */
  const amount = (value: number | null, unit: string) =>
    value !== null && !unit && Number.isInteger(value)
      ? format.fixed(value, 0)
      : format.amount(value, unit || null);

  /** A limit as it was entered: rounded it would lie, beside a value that is near it. */
  const limit = (value: number, unit: string) => {
    const decimals = decimalsOf(value);
    return decimals ? withUnit(format.fixed(value, decimals), unit || null) : amount(value, unit);
  };

  return {
    amount,
    limit,
    /** "92.4 °C, limit 80.0 °C"; null when nothing was measured. */
    measured({ value, threshold, unit }: Pick<Alert, 'value' | 'threshold' | 'unit'>) {
      if (value === null) return null;
      if (threshold === null) return amount(value, unit);
      return t('alerts.against', { value: amount(value, unit), limit: limit(threshold, unit) });
    },
  };
}
