// Whether a password is one that a guesser tries first, as the appliance decides it
// (src/auth/guessed.rs): a common word or a name, dressed up with digits and symbols. Pure.

/** What stands on the box. */
const OURS = ['indusmind', 'indus'];
const LEAST = 3;

/** Letters that others stand for. */
const letters: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '!': 'i',
  '3': 'e',
  '4': 'a',
  '@': 'a',
  '5': 's',
  $: 's',
  '7': 't',
};

const plain = (text: string) => text.replace(/[^\p{Alphabetic}\p{N}]/gu, '');

/** The words that a name is made of, and all of them as one. */
function wordsOf(name: string): string[] {
  const own = (name.split('@')[0] ?? '').toLowerCase();
  return [plain(own), ...own.split(/[^\p{Alphabetic}\p{N}]/u)];
}

/** Whether a guesser who knows these common words and these names would soon try it. */
export function isGuessed(
  password: string,
  common: ReadonlySet<string>,
  names: readonly string[] = [],
): boolean {
  const low = password.toLowerCase();
  const bare = plain(low).replace(/^[0-9]+|[0-9]+$/g, '');
  // What is at the ends is dressing; in the middle it stands for a letter.
  const inner = low.replace(/^[^\p{Alphabetic}@$]+|[^\p{Alphabetic}@$]+$/gu, '');
  const read = plain([...inner].map((letter) => letters[letter] ?? letter).join(''));
  const hit = (word: string) => [...word].length >= LEAST && (word === bare || word === read);
  const isCommon = [bare, read].some((word) => common.has(word) && hit(word));
  return isCommon || OURS.some(hit) || names.flatMap(wordsOf).some(hit);
}
