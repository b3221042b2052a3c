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
  expect(bytes(0, 'en-GB')).toBe('0 byte');
  expect(bytes(900, 'en-GB')).toBe('900 byte');
  expect(bytes(1_536, 'en-GB')).toBe('1.5 kB');
  expect(bytes(5 * MEGABYTE, 'fr-FR')).toBe('5\u202fMo');
  expect(bytes(97_572_749_312, 'en-GB')).toBe('90.9 GB');
  expect(bytes(null, 'en-GB')).toBe('–');
});
