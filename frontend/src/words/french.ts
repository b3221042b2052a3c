// French puts a space before some signs, and no line may end there: nobody types it into the files of
// words, it is put in once when they are read.
import type { Words } from './merge';

const NARROW = '\u202f';
const WIDE = '\u00a0';

/** A sentence with spaces that do not break before `: ; ? ! » %` and after `«`. Pure. */
export const unbroken = (sentence: string): string =>
  sentence
    .replace(/ ([;?!])/g, `${NARROW}$1`)
    .replace(/ ([:»%])/g, `${WIDE}$1`)
    .replace(/« /g, `«${WIDE}`);

/** All sentences of a language so. Pure. */
export function french(words: Words): Words {
  return Object.fromEntries(
    Object.entries(words).map(([key, value]) => [
      key,
      typeof value === 'string' ? unbroken(value) : french(value),
    ]),
  );
}
