// The numbers and words of what an alert says. Pure.

/** "1234.5 kWh/day" in its parts; no number where there is none. */
export function amountParts(text: string): {
  number: number | null;
  digits: number;
  unit: string | null;
  per: string | null;
} {
  const [, written, unit = '', per = ''] =
    /^(-?\d+(?:\.\d+)?)(?: ([^/]*)(?:\/(.+))?)?$/.exec(text) ?? [];
  if (written === undefined) return { number: null, digits: 0, unit: null, per: null };
  return {
    number: Number(written),
    digits: written.split('.')[1]?.length ?? 0,
    unit: unit || null,
    per: per || null,
  };
}

/** "Power" within a sentence; "DC power" stays. */
export function inSentence(name: string): string {
  const second = name.charAt(1);
  const initials = second !== second.toLowerCase();
  return initials ? name : name.charAt(0).toLowerCase() + name.slice(1);
}

export const sentenceCase = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
