// What the appliance refuses, in the language of who reads: its API says it in English. The sentences
// that people meet are here; what is not stands behind a word of ours that says what kind it is.

export interface Refused {
  /** By the code of a refusal; `{said}` is what the appliance said. */
  kinds: Record<string, string>;
  /** By the sentence of the appliance, with `{a}`, `{b}` for what changes. */
  sentences: Record<string, string>;
}

/** Says a refusal again; without a code it stays as it is where its sentence is not known. */
export type Reword = (said: string, code?: string) => string;

const HOLE = /\{([a-z])\}/g;
const plain = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** Where a refused field is named in front: `modbus.port: …`. */
const PATH = /^[a-z0-9_]+(?:[.[\]][a-z0-9_[\]]*)*: (?=.)/;

interface Pattern {
  holes: string[];
  pattern: RegExp;
  again: string;
}

function patternOf([sentence, again]: [string, string]): Pattern {
  const holes = [...sentence.matchAll(HOLE)].map(([, hole]) => hole!);
  const source = sentence.split(HOLE).map((part, n) => (n % 2 ? '(.+)' : plain(part)));
  return { holes, pattern: new RegExp(`^${source.join('')}$`), again };
}

/** How the refusals of the appliance are said again. Pure. */
export function rewording({ kinds, sentences }: Refused): Reword {
  const known = new Map(Object.entries(sentences));
  // The more a sentence says by itself, the sooner it is meant.
  const patterns = [...known]
    .filter(([sentence]) => sentence.search(HOLE) >= 0)
    .sort(([one], [other]) => other.length - one.length)
    .map(patternOf);

  function find(said: string): string | null {
    const whole = known.get(said);
    if (whole !== undefined) return whole;
    for (const { holes, pattern, again } of patterns) {
      const found = pattern.exec(said);
      if (!found) continue;
      const parts = new Map(holes.map((hole, n) => [hole, `\u2068${found[n + 1]}\u2069`]));
      return again.replace(HOLE, (_, hole: string) => parts.get(hole) ?? '');
    }
    return null;
  }

  return (said, code) => {
    const found = find(said) ?? find(said.replace(PATH, ''));
    const kind = code === undefined ? undefined : kinds[code];
    return found ?? kind?.replace('{said}', () => `\u2068${said}\u2069`) ?? said;
  };
}
