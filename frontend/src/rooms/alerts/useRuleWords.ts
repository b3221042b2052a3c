import { useI18n } from 'vue-i18n';
import type { AlertRule, AlertTemplate } from '@/api/types';
import { conductor } from '@/live/alerts';
import { useAlertWords } from '@/live/useAlertWords';
import { useRuleName } from '@/live/useRuleName';

/** What a rule and a template are called, in the language of who reads; own names stay. */
export function useRuleWords() {
  const { t, te } = useI18n();
  const words = useAlertWords();
  const ruleName = useRuleName();
  const note = (code: string | null | undefined, stored: string | null | undefined) =>
    code && te(`said.advice.${code}`) ? t(`said.advice.${code}`) : (stored ?? '');

  return {
    rule: (rule: AlertRule) => ({
      name: ruleName(rule),
      note: note(rule.note_code, rule.note),
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
