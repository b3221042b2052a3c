// The seven shades of a heat map, from the page's own tokens.
import { token } from './chartOptions';

export const SHADES = 7;
export const shades = (): string[] =>
  Array.from({ length: SHADES }, (_, n) => token(`--heat-${n + 1}`));
