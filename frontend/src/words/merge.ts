// A language is made of one file per room of the page; what several rooms say stands in a file of its own.

export type Words = { [key: string]: string | Words };

function join(into: Words, from: Words, path: string): void {
  for (const [key, value] of Object.entries(from)) {
    const there = into[key];
    if (there === undefined && typeof value === 'string') into[key] = value;
    else if (typeof value === 'string' || typeof there === 'string')
      throw new Error(`"${path}${key}" is said in two files of words. Keep one of them.`);
    else join((into[key] = there ?? {}), value, `${path}${key}.`);
  }
}

/** All files as one tree; the same sentence in two files is an error. Pure. */
export function merge(files: Record<string, Words>): Words {
  const words: Words = {};
  for (const file of Object.values(files)) join(words, file, '');
  return words;
}

/** The same with the names of all rooms, also of those whose sentences come later. Pure. */
export const withNames = (words: Words, names: Record<string, string>): Words => ({
  ...words,
  room: { ...names },
});
