/** Raw registers as the manuals print them: "43 66 0A 3D" read as words, "4366 0A3D". Pure. */
export const hexWords = (words: number[]): string =>
  words.map((word) => word.toString(16).toUpperCase().padStart(4, '0')).join(' ');
