// What may be kept with a piece of equipment. The limits are the appliance's own.
import { MEGABYTE, type FileLimits } from '@/kit/fileLimits';

export const PHOTO: FileLimits = { endings: ['jpg', 'jpeg', 'png'], max: 5 * MEGABYTE };
export const DOCUMENT: FileLimits = {
  endings: ['pdf', 'png', 'jpg', 'jpeg', 'txt', 'csv', 'xlsx'],
  max: 20 * MEGABYTE,
};
