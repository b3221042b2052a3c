export interface Choice {
  value: string;
  label: string;
  note?: string;
}

const plain = (text: string) =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[_/\-,.]+/g, ' ')
    .toLowerCase();

/** Every typed word must occur; what starts with the text comes first. Pure. */
export function matching(choices: Choice[], typed: string, limit: number): Choice[] {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const hits = choices.filter((choice) => {
    const text = plain(`${choice.label} ${choice.value} ${choice.note ?? ''}`);
    return words.every((word) => text.includes(word));
  });
  const first = words[0];
  if (first) {
    const starts = (choice: Choice) => (plain(choice.label).startsWith(first) ? 0 : 1);
    hits.sort((a, b) => starts(a) - starts(b));
  }
  return hits.slice(0, limit);
}

/** The choices of a filter: any of them, then each once, and the one that is chosen though it is gone. */
export function filterChoices(values: readonly string[], chosen: string, any: string): Choice[] {
  const all = chosen && !values.includes(chosen) ? [...values, chosen] : values;
  return [
    { value: '', label: any },
    ...[...new Set(all)].map((value) => ({ value, label: value })),
  ];
}
