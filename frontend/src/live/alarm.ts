// Whether this browser sounds and shows notices of alerts, and of which. The choice is of the
// browser, not of the person: a control room sounds whoever sits there.
import { ref, watch } from 'vue';
import type { Alert, Level } from '@/api/types';
import { calls, levels } from './alerts';

const KEY = 'retv4_alarm';

export interface AlarmChoice {
  sound: boolean;
  notices: boolean;
  /** The least serious alert that calls. */
  from: Level;
}

const silent = (): AlarmChoice => ({ sound: false, notices: false, from: 'High' });

/** What was stored, as far as it still means something. */
export function readChoice(text: string | null): AlarmChoice {
  try {
    const stored = JSON.parse(text ?? '{}') as Partial<AlarmChoice>;
    const from = levels.find((level) => level === stored.from) ?? silent().from;
    return { sound: stored.sound === true, notices: stored.notices === true, from };
  } catch {
    return silent();
  }
}

function stored(): AlarmChoice {
  try {
    return readChoice(localStorage.getItem(KEY));
  } catch {
    return silent();
  }
}

const choice = ref(stored());
watch(
  choice,
  (now) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(now));
    } catch {
      // Without storage the choice lasts for this visit.
    }
  },
  { deep: true },
);

export const useAlarmChoice = () => choice;

type Calling = Pick<Alert, 'state' | 'level' | 'late' | 'parent'>;

/** Whether an alert calls people here: nobody knows of it, it is serious enough, and not late. */
export const alarms = (alert: Calling, from: Level) =>
  calls(alert) &&
  !alert.late &&
  !alert.parent &&
  levels.indexOf(alert.level) <= levels.indexOf(from);
