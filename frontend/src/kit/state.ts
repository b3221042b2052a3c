// What a state says in words. A state is 1 while it is so and 0 while it is not; what "it" is, is
// the last word of its name: door_open, pump_running, digital_1. Pure.

/** The words of the two sides, by how the name of a state ends; keys under `state`. */
const sides = new Map<string, readonly [off: string, on: string]>([
  ['open', ['closed', 'open']],
  ['closed', ['open', 'closed']],
  ['on', ['off', 'on']],
  ['ok', ['notOk', 'ok']],
  ['running', ['stopped', 'running']],
  ['active', ['inactive', 'active']],
  ['present', ['absent', 'present']],
  ['alarm', ['quiet', 'alarm']],
  ['fault', ['quiet', 'fault']],
  ['tripped', ['quiet', 'tripped']],
]);

const sidesOf = (metric: string) =>
  sides.get(/^digital_\d+$/.test(metric) ? 'on' : metric.slice(metric.lastIndexOf('_') + 1));

export const isState = (metric: string): boolean => sidesOf(metric) !== undefined;

export interface StateWord {
  /** Filled while it is so, empty while it is not, half when both were the case. */
  sign: '●' | '○' | '◐';
  /** Key under `state`. */
  key: string;
  /** How much of the time it was so, when a mean of it is shown. */
  share: number | null;
}

/** `null` for what is no state, or has no value. A mean between both is a share of the time. */
export function stateWord(metric: string, value: number | null | undefined): StateWord | null {
  const words = sidesOf(metric);
  if (!words || value === null || value === undefined || !Number.isFinite(value)) return null;
  if (value <= 0) return { sign: '○', key: words[0], share: null };
  if (value >= 1) return { sign: '●', key: words[1], share: null };
  return { sign: '◐', key: words[1], share: value };
}
