import { expect, it } from 'vitest';
import { acceptOf, fileFault, MEGABYTE } from './fileLimits';
import { bytes } from './format';

const limits = { endings: ['pdf', 'png'], max: 2 * MEGABYTE };

it('refuses a file before it travels: its kind, its size, an empty one', () => {
  const fault = (name: string, size = 10) => fileFault({ name, size }, limits);
  expect(fault('Manual.PDF')).toBeNull();
  expect(fault('Manual.PDF', 2 * MEGABYTE)).toBeNull();
  expect(fault('Manual.PDF', 2 * MEGABYTE + 1)).toBe('large');
  expect(fault('plan.png', 0)).toBe('empty');
  for (const name of ['run.exe', 'manual.pdf.exe', 'pdf', '']) expect(fault(name)).toBe('kind');
  expect(acceptOf(limits)).toBe('.pdf,.png');
});

it('says a size in the unit that a person would', () => {
  expect(bytes(0, 'en-GB')).toBe('0\u00a0bytes');
  expect(bytes(900, 'en-GB')).toBe('900\u00a0bytes');
  expect(bytes(1_536, 'en-GB')).toBe('1.5\u00a0kB');
  expect(bytes(5 * MEGABYTE, 'fr-FR')).toMatch(/^5[\u00a0\u202f]Mo$/);
  expect(bytes(2.5 * 1024 ** 3, 'fr-FR')).toMatch(/^2,5[\u00a0\u202f]Go$/);
  expect(bytes(5 * MEGABYTE, 'ar-TN-u-nu-latn')).toBe('5\u00a0ميغابايت');
  expect(bytes(97_572_749_312, 'en-GB')).toBe('90.9\u00a0GB');
  expect(bytes(null, 'en-GB')).toBe('–');
});
