// What is wrong with a meter, in the person's language; the server's own sentence where a newer
// server knows more than this page.
import { useI18n } from 'vue-i18n';
import type { Finding } from '@/api/types';
import { useFormat } from '@/kit/useFormat';
import { useReadingText } from '@/live/useReadingText';

/** "power_l1" is a metric and its conductor; "L1" and "L1, L3" are conductors alone. Pure. */
export function subjectParts(subject: string): { metric: string; phase: string | null } | null {
  if (!/^[a-z]/.test(subject) || subject.includes(',')) return null;
  const phase = /^(.+)_(l[123])$/.exec(subject);
  return phase
    ? { metric: phase[1] ?? subject, phase: (phase[2] ?? '').toUpperCase() }
    : { metric: subject, phase: null };
}

export function useFindings() {
  const { t, te } = useI18n();
  const format = useFormat();
  const { metricName } = useReadingText();

  const subjectName = (subject: string): string => {
    const parts = subjectParts(subject);
    return parts ? metricName(parts.metric, parts.phase) : subject;
  };

  /** 1000 or 0.001, never 1E3. */
  const factorText = (factor: number | null): string =>
    factor === null ? '' : format.fixed(factor, factor < 1 ? 3 : factor % 1 === 0 ? 0 : 1);

  function findingText(finding: Finding): string {
    const known = te(`finding.${finding.code}`) || te(`finding.${finding.code}`, 'en');
    if (!known) return finding.sentence;
    return t(`finding.${finding.code}`, {
      subject: subjectName(finding.subject),
      factor: factorText(finding.factor),
    }).trim();
  }

  return { findingText, subjectName };
}
