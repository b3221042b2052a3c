import { describe, expect, it } from 'vitest';
import { filterChoices, matching } from './choices';
import { passwordStrength } from './passwordStrength';

describe('password strength (S2-14)', () => {
  it.each([
    ['', 0, 0],
    ['abc', 0, 1],
    ['abcdefgh', 30, 1],
    ['Abcdefgh', 50, 2],
    ['Abcdefg1', 70, 3],
    ['Abcdef1!', 100, 4],
    ['warm bread at six', 30, 3],
    ['warm bread at six in Sfax', 50, 4],
    ['aaaaaaaaaaaaaaaaaaaaaaaa', 30, 1],
  ])('%s is %i percent', (password, percent, level) => {
    expect(passwordStrength(password)).toEqual({ percent, level });
  });
});

describe('searching a list', () => {
  const zones = ['Africa/Tunis', 'America/Sao_Paulo', 'Europe/Paris', 'Pacific/Apia'].map(
    (value) => ({ value, label: value }),
  );
  const found = (typed: string) => matching(zones, typed, 10).map((zone) => zone.value);

  it('finds by any part, without accents and in any case', () => {
    expect(found('sao paulo')).toEqual(['America/Sao_Paulo']);
    expect(found('são')).toEqual(['America/Sao_Paulo']);
    expect(found('PARIS')).toEqual(['Europe/Paris']);
  });

  it('puts first what starts with the text', () => {
    expect(found('pa')[0]).toBe('Pacific/Apia');
  });

  it('shows all when nothing is typed, up to the limit', () => {
    expect(matching(zones, '', 2)).toHaveLength(2);
  });
});

describe('the choices of a filter', () => {
  const values = (list: string[], chosen: string) =>
    filterChoices(list, chosen, 'Any').map(({ value }) => value);

  it('begin with any of them, and have each once', () => {
    expect(values(['Hall 1', 'Hall 2', 'Hall 1'], '')).toEqual(['', 'Hall 1', 'Hall 2']);
    expect(filterChoices([], '', 'Any')).toEqual([{ value: '', label: 'Any' }]);
  });

  it('keep the one that a link asked for, though nothing stands there any more', () => {
    expect(values(['Hall 1'], 'Yard')).toEqual(['', 'Hall 1', 'Yard']);
  });
});
