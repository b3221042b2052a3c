// A year of a meter that is read every five seconds, the same in every run, as a table for the import.

export const EVERY_S = 5;
const YEAR_S = 365 * 86_400;
/** Samples in a year. */
export const SAMPLES = YEAR_S / EVERY_S;
/** Rows that are handed on at once. */
const PIECE = 20_000;
/** The meter is silent for so long on every fortieth day, s: a year without a hole is none. */
const SILENCE_S = 3 * 3_600;

/** Pseudo-random numbers from 0 to 1 (mulberry32), the same for the same seed. */
function chanceFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The load of a plant with one and a half shifts, kW: season, week, day and what nobody planned. */
function powerAt(at, chance) {
  const hour = (at / 3_600) % 24;
  // 1 January 1970 was a Thursday.
  const weekday = (Math.floor(at / 86_400) + 4) % 7;
  const works = weekday !== 0 && hour > 5 && hour < 17;
  const season = 1 + 0.15 * Math.cos((2 * Math.PI * at) / YEAR_S);
  const shift = works ? 80 + 25 * Math.sin(((hour - 5) * Math.PI) / 12) : 14;
  const cycle = works ? 12 * Math.sin((2 * Math.PI * at) / 540) : 0;
  const start = chance() < 0.0002 ? 90 * chance() : 0;
  return shift * season + cycle + start + 3 * chance();
}

/** The rows of the year before `end` (s since 1970) with a header, in pieces of text. */
export function* yearBefore(end, seed = 7) {
  const chance = chanceFrom(seed);
  let kwh = 0;
  let rows = ['timestamp,power,consumption'];
  for (let at = end - YEAR_S; at < end; at += EVERY_S) {
    const power = powerAt(at, chance);
    kwh += (power * EVERY_S) / 3_600;
    const into = at % (40 * 86_400);
    if (into < SILENCE_S) continue;
    rows.push(`${at},${power.toFixed(2)},${kwh.toFixed(3)}`);
    if (rows.length < PIECE) continue;
    yield `${rows.join('\n')}\n`;
    rows = [];
  }
  if (rows.length) yield `${rows.join('\n')}\n`;
}
