// What became of letters, as it is looked for and shown. Pure.
import type { Delivery, DeliveryState } from '@/api/types';

export const deliveryStates: DeliveryState[] = ['sent', 'queued', 'failed', 'dead', 'withheld'];

/** Shape and tone of a state: what needs a person stands out. */
export const looks = {
  sent: { shape: 'circle', tone: 'normal' },
  queued: { shape: 'ring', tone: 'attention' },
  failed: { shape: 'triangle', tone: 'abnormal' },
  dead: { shape: 'triangle', tone: 'abnormal' },
  withheld: { shape: 'dash', tone: 'off' },
} as const satisfies Record<DeliveryState, object>;

export const canRetry = (letter: Delivery): boolean =>
  letter.state === 'failed' || letter.state === 'dead';
