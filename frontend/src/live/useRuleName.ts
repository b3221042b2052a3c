// What a rule is called by itself: the name of its template, or one made of what it looks at.
import { useI18n } from 'vue-i18n';
import type { AlertRule } from '@/api/types';
import { withUnit } from '@/kit/format';
import { useFormat } from '@/kit/useFormat';
import { conductor } from './alerts';
import { unitKept } from './units';
import { useAlertWords } from './useAlertWords';
import { useReadingText } from './useReadingText';

/** The words of a comparison, below `said.operator`. */
const comparisons: Record<string, string> = {
  '>': 'above',
  '>=': 'at_least',
  '<': 'below',
  '<=': 'at_most',
  '==': 'equal',
  '!=': 'differs',
};

/** As much of a rule as its name needs. */
type Named = Pick<AlertRule, 'name' | 'condition' | 'name_code' | 'of_condition'> & {
  phase?: AlertRule['phase'];
};

/** The name of a rule in the language of who reads; one that somebody gave stays. */
export function useRuleName() {
  const { t } = useI18n();
  const { ruleWord } = useAlertWords();
  const { metricName } = useReadingText();
  const { place } = useFormat();
  const number = (value: number) =>
    new Intl.NumberFormat(place.value.locale, { maximumFractionDigits: 6 }).format(value);

  /** The name of a rule that nobody named: what it looks at, as the appliance makes it in English. */
  function ofCondition(condition: Named['condition']): string {
    const all = { ...condition } as { metric?: string; phase?: string; operator?: string };
    const parts = {
      metric: all.metric ? metricName(all.metric, conductor(all.phase)) : '',
      operator: all.operator ? t(`said.operator.${comparisons[all.operator]}`) : '',
      limit:
        'threshold' in condition
          ? withUnit(number(condition.threshold), unitKept(condition.metric))
          : '',
      minutes: 'minutes' in condition ? number(condition.minutes) : '',
      seconds: 'silent_s' in condition ? number(condition.silent_s) : '',
    };
    const kind = condition.kind === 'window' ? condition.function : condition.kind;
    return t(`alerts.unnamed.${kind}`, parts);
  }

  return (rule: Named): string => {
    const phase = rule.phase ?? (rule.condition as { phase?: string }).phase;
    return (
      ruleWord(rule.name_code, conductor(phase)) ??
      (rule.of_condition ? ofCondition(rule.condition) : rule.name)
    );
  };
}
