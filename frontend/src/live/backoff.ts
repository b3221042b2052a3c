const FIRST_DELAY_MS = 1_000;
/** S0-20: never slower than this, so that a panel is back half a minute after the appliance. */
export const LONGEST_DELAY_MS = 30_000;

/** 1, 2, 4, 8, 16, 30, 30 … seconds after the n-th failure (n counts from 1). */
export function retryDelayMs(failures: number, longestMs = LONGEST_DELAY_MS): number {
  return Math.min(FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1), longestMs);
}
