// A diagnosis as the page draws it. Pure.
import type { Severity } from '@/api/types';
import type { StatusLook } from '@/live/status';

const looks: Record<Severity, StatusLook> = {
  fault: { shape: 'triangle', tone: 'abnormal' },
  warning: { shape: 'diamond', tone: 'attention' },
  info: { shape: 'ring', tone: 'off' },
  fine: { shape: 'circle', tone: 'normal' },
};

export const severityLook = (severity: Severity): StatusLook => looks[severity];
