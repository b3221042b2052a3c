import { expect, it } from 'vitest';
import { french, unbroken } from './french';

it('lets no line begin with a sign', () => {
  expect(unbroken('Pas fait : {reason} ; encore ?')).toBe(
    'Pas fait\u00a0: {reason}\u202f; encore\u202f?',
  );
  expect(unbroken('La page « Lignes » : 70 % !')).toBe(
    'La page «\u00a0Lignes\u00a0»\u00a0: 70\u00a0%\u202f!',
  );
});

it('leaves addresses, times and the forms of a plural as they are', () => {
  for (const plain of ['https://a.example', '08:30', 'un | {n} autres', 'a:b'])
    expect(unbroken(plain)).toBe(plain);
  expect(french({ a: { b: 'x : y' } })).toEqual({ a: { b: 'x\u00a0: y' } });
});
