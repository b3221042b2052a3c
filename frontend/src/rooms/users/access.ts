// What an administrator can do about an account, as it is now. Pure.
import type { Account } from '@/api/types';

export type Act = 'unlock' | 'inviteAgain' | 'resetCode' | 'takeFactor' | 'deactivate' | 'activate';

/** In the order in which an administrator looks for them. */
export function actsFor({ state, two_factor }: Account): Act[] {
  if (state === 'deactivated') return ['activate'];
  if (state === 'invited') return ['inviteAgain', 'deactivate'];
  return [
    ...(state === 'locked' ? (['unlock'] as const) : []),
    'resetCode',
    ...(two_factor ? (['takeFactor'] as const) : []),
    'deactivate',
  ];
}

/** What cannot be undone, or puts somebody out or in, is asked about first. */
export const isAsked = (act: Act): boolean => act !== 'unlock' && act !== 'activate';
