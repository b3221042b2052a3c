import { useI18n } from 'vue-i18n';
import type { AlertRule, AlertTemplate } from '@/api/types';
import { useFormat } from '@/kit/useFormat';
import { conductor } from '@/live/alerts';
import { useAlertWords } from '@/live/useAlertWords';
import { useReadingText } from '@/live/useReadingText';

/** The words of a comparison, below `said.operator`. */
const comparisons: Record<string, string> = {
  '>': 'above',
  '>=': 'at_least',
  '<': 'below',
  '<=': 'at_most',
  '==': 'equal',
  '!=': 'differs',
};

/** What a rule and a template are called, in the language of who reads; own names stay. */
export function useRuleWords() {
  const { t, te } = useI18n();
  const words = useAlertWords();
  const { metricName } = useReadingText();
  const { place } = useFormat();
  const number = (value: number) =>
    new Intl.NumberFormat(place.value.locale, { maximumFractionDigits: 6 }).format(value);

  /** The name of a rule that nobody named: what it looks at, as the appliance makes it in English. */
  function ofCondition(condition: AlertRule['condition']): string {
    const all = { ...condition } as { metric?: string; phase?: string; operator?: string };
    const parts = {
      metric: all.metric ? metricName(all.metric, conductor(all.phase)) : '',
      operator: all.operator ? t(`said.operator.${comparisons[all.operator]}`) : '',
      limit: 'threshold' in condition ? number(condition.threshold) : '',
      minutes: 'minutes' in condition ? number(condition.minutes) : '',
      seconds: 'silent_s' in condition ? number(condition.silent_s) : '',
    };
    const kind = condition.kind === 'window' ? condition.function : condition.kind;
    return t(`alerts.unnamed.${kind}`, parts);
  }
  const note = (code: string | null | undefined, stored: string | null | undefined) =>
    code && te(`said.advice.${code}`) ? t(`said.advice.${code}`) : (stored ?? '');

  return {
    rule: ({ name, note: stored, ...of }: AlertRule) => ({
      name:
        words.ruleWord(of.name_code, conductor(of.phase)) ??
        (of.of_condition ? ofCondition(of.condition) : name),
      note: note(of.note_code, stored),
    }),
    template({ key, rule, name_code: code, note_code: noteCode }: AlertTemplate) {
      const condition = rule.condition as { phase?: string | null } | null | undefined;
      return {
        name: words.ruleWord(code, conductor(condition?.phase ?? rule.phase)) ?? rule.name ?? key,
        note: note(noteCode, rule.note),
      };
    },
    why: ({ said, why }: AlertTemplate) => words.message({ said, message: why }),
  };
}
