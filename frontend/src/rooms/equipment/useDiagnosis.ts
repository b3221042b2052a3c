import { useI18n } from 'vue-i18n';
import type { Diagnosis } from '@/api/types';
import { useFormat } from '@/kit/useFormat';
import { useReadingText } from '@/live/useReadingText';

/** Sentences of diagnoses in the person's language; use inside a component. */
export function useDiagnosis() {
  const { t } = useI18n();
  const format = useFormat();
  const { metricName } = useReadingText();

  const ms = (value: number | null) =>
    value === null ? '–' : `${format.fixed(value, value < 10 ? 1 : 0)} ms`;

  /** "voltage_l1" as "Voltage L1". */
  function register(of: Diagnosis['facts']['registers'][number]): string {
    const [, metric = of.name, phase = null] = /^(.*)_(l[123])$/.exec(of.name) ?? [];
    const name = metricName(metric, phase?.toUpperCase() ?? null);
    const table = t(`register.${of.function}`);
    return t('doctor.registerOf', { address: of.address, table, name });
  }

  function registers({ facts }: Diagnosis): string {
    const more = (facts.times ?? 0) - facts.registers.length;
    const named = facts.registers.map(register);
    return (more > 0 ? [...named, t('doctor.more', { n: more })] : named).join(t('common.comma'));
  }

  function what(diagnosis: Diagnosis, now: number): string {
    const { facts } = diagnosis;
    const since = facts.since ? format.since(Date.parse(facts.since), now) : t('doctor.start');
    const share = facts.share_percent;
    return t(`doctor.what.${diagnosis.ailment}`, {
      since,
      others: facts.others_answering ?? 0,
      of: facts.others ?? 0,
      unit: facts.unit_id ?? '–',
      by: facts.answered_by.join(t('common.comma')),
      share: format.percent(share === null ? null : share / 100),
      times: facts.times ?? 0,
      code: facts.exception ?? '–',
      registers: registers(diagnosis),
      p95: ms(facts.p95_ms),
      timeout: ms(facts.timeout_ms),
    });
  }

  const todo = ({ ailment }: Diagnosis) => t(`doctor.do.${ailment}`);

  return { what, todo };
}
