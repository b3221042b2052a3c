// S2-14: eight characters 30, upper case 20, digit 20, special 30. A sentence of several words is
// good without digits and signs, so length alone lifts the word. Pure.

export interface Strength {
  percent: number;
  /** 1 weak, 2 fair, 3 good, 4 strong; 0 when nothing is typed. */
  level: 0 | 1 | 2 | 3 | 4;
}

/** From so many characters on, and so many different ones, a password is good or strong by itself. */
const LONG = 16;
const VERY_LONG = 22;
const DIFFERENT = 8;

function byLength(password: string): 0 | 3 | 4 {
  const characters = [...password];
  if (characters.length < LONG || new Set(characters).size < DIFFERENT) return 0;
  return characters.length < VERY_LONG ? 3 : 4;
}

export function passwordStrength(password: string): Strength {
  if (password === '') return { percent: 0, level: 0 };
  const percent =
    (password.length >= 8 ? 30 : 0) +
    (/\p{Lu}/u.test(password) ? 20 : 0) +
    (/\d/.test(password) ? 20 : 0) +
    (/[^\p{L}\d\s]/u.test(password) ? 30 : 0);
  const byKinds = percent < 50 ? 1 : percent < 70 ? 2 : percent < 100 ? 3 : 4;
  return { percent, level: Math.max(byKinds, byLength(password)) as Strength['level'] };
}
