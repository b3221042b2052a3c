// The codes that reset passwords, as they stand now. Pure.
import type { ResetCode } from '@/api/types';

export type CodeState = 'open' | 'used' | 'over';

export function codeState(code: ResetCode, now: number): CodeState {
  if (code.used_at !== null) return 'used';
  return Date.parse(code.expires_at) > now ? 'open' : 'over';
}
