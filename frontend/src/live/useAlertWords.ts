import { useI18n } from 'vue-i18n';
import type { Alert } from '@/api/types';
import { withUnit } from '@/kit/format';
import { useFormat } from '@/kit/useFormat';
import { useReadingText } from './useReadingText';
import { amountParts, inSentence, sentenceCase } from './said';

const ISO_DAY = /^\d{4}-\d\d-\d\d$/;

type Said = NonNullable<Alert['said']>;
/** As much of an alert as its words need. */
type Spoken = Pick<Alert, 'message' | 'equipment_name'> & { said?: Alert['said'] };

/** What an alert says, in the language of who reads it; what earlier versions stored stays as it is. */
export function useAlertWords() {
  const { t, te, locale } = useI18n();
  const format = useFormat();
  const { metricName } = useReadingText();

  function amount(text: string): string {
    const { number, digits, unit, per } = amountParts(text);
    if (number === null) return text;
    if (unit === 'MB') return format.amount(number, unit);
    const word = per && te(`said.per.${per}`) ? t(`said.per.${per}`) : per;
    const one = unit && te(`said.unit.${unit}`) ? t(`said.unit.${unit}`) : unit;
    return withUnit(format.fixed(number, digits), one && (word ? `${one}/${word}` : one));
  }

  /** The name of a template in the language of who reads it; undefined for a name that somebody gave. */
  const ruleWord = (code: string | null | undefined, phase: string | null) =>
    code && te(`said.rule.${code}`)
      ? t(`said.rule.${code}`, { phase: phase ?? '' })
          .replace(/ {2,}/, ' ')
          .trim()
      : undefined;
  const name = ({ names = {} }: Said) => ruleWord(names.rule, names.phase ?? null) ?? names.name;

  // A Latin name turns no Arabic sentence around: it stands apart in it, and the sentence begins
  // with the mark of its own direction.
  const isArabic = () => locale.value === 'ar';
  const apart = (text: string) => (isArabic() ? `\u2068${text}\u2069` : text);
  const whole = (text: string) => (isArabic() ? `\u200f${text}` : text);

  function parts(said: Said): Record<string, string> {
    const all: Record<string, string> = {};
    for (const [key, text] of Object.entries(said.names ?? {}))
      all[key] = key === 'metric' || key === 'operator' || key === 'phase' ? text : apart(text);
    for (const [key, text] of Object.entries(said.numbers ?? {})) all[key] = amount(text);
    const { metric, operator, names } = all;
    if (metric) all.metric = inSentence(metricName(metric, all.phase ?? null));
    if (operator) all.operator = t(`said.operator.${operator}`);
    // A day is stored as the appliance counts; it is said as the language writes it.
    const { day } = said.names ?? {};
    if (day && ISO_DAY.test(day)) all.day = apart(format.calendarDay(day));
    if (names && all.more) all.names = t('said.more', { names, count: all.more });
    const called = name(said);
    all.name = called ? apart(called) : '';
    return all;
  }

  function message(alert: Pick<Spoken, 'said' | 'message'> & Partial<Spoken>): string {
    const { said, message: stored, equipment_name: machine } = alert;
    if (!said || !te(`said.is.${said.code}`)) return stored;
    const all = parts(said);
    // What is named after its machine stands beside that name everywhere.
    if (said.code !== 'name' && said.names?.name === machine) all.name = '';
    // "No data: no data for a minute" says it twice.
    if (said.code === 'no_data' && said.names?.rule === 'no_data') all.name = '';
    // A figure and its unit stay on one line.
    const text = t(`said.is.${said.code}`, all).replace(/(\d) (min|s|kWh?)\b/g, '$1\u00a0$2');
    if (said.code === 'name') return whole(text);
    return whole(all.name ? t('said.named', { name: all.name, said: text }) : sentenceCase(text));
  }

  /** What it is about: a machine by its own name, a part of the appliance by its word. */
  function about({ said, equipment_name }: Pick<Spoken, 'said' | 'equipment_name'>): string {
    const key = said && `said.part.${said.code}`;
    return key && te(key) ? t(`said.part.${said.code}`) : equipment_name;
  }

  function advice({ advice: stored, advice_code: code }: Pick<Alert, 'advice' | 'advice_code'>) {
    return code && te(`said.advice.${code}`) ? t(`said.advice.${code}`) : (stored ?? null);
  }

  /** The rule behind an alert. */
  const ruleOf = ({ said, rule_name: stored }: Pick<Alert, 'said' | 'rule_name'>) =>
    (stored && said?.names?.rule && name(said)) || (stored ?? null);

  return { message, about, advice, ruleWord, ruleOf };
}
