// How an alert stands, and which one has to be looked at first. Pure.
import type { Alert, AlertState, Level } from '@/api/types';

/** The worst first. */
export const levels: Level[] = ['Emergency', 'Critical', 'High', 'Medium', 'Low', 'Informational'];

export const isOpen = ({ state }: Pick<Alert, 'state'>) => state !== 'normal';

const calling: AlertState[] = [
  'unacknowledged',
  'returned_unacknowledged',
  'latched_unacknowledged',
];

/** Whether it asks for somebody: it is in sight, and nobody said that he knows. */
export const calls = ({ state }: Pick<Alert, 'state'>) => calling.includes(state);

type Ranked = Pick<Alert, 'state' | 'active' | 'level' | 'timestamp'>;

const rank = (alert: Ranked) => (!isOpen(alert) ? 3 : calls(alert) ? 0 : alert.active ? 1 : 2);

/** What asks for somebody first, the worst of it in front; what is over last, newest first. */
export function urgentFirst<T extends Ranked>(alerts: T[]): T[] {
  return [...alerts].sort((a, b) => {
    const group = rank(a) - rank(b);
    if (group) return group;
    const level = levels.indexOf(a.level) - levels.indexOf(b.level);
    const newer = Date.parse(b.timestamp) - Date.parse(a.timestamp);
    return isOpen(a) ? level || newer : newer;
  });
}

/** The conductor, where it is one: the whole device has none of its own. */
export const conductor = (phase: string | null | undefined): string | null =>
  phase && phase !== 'total' ? phase : null;
