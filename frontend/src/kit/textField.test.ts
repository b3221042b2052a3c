import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import TextField from './TextField.vue';

const directionOf = (attrs: Record<string, string>) =>
  mount(TextField, { props: { label: 'x', modelValue: '' }, attrs })
    .get('input')
    .attributes('dir');

it('writes figures and addresses from left to right, and words as the page runs', () => {
  for (const inputmode of ['numeric', 'decimal']) expect(directionOf({ inputmode })).toBe('ltr');
  for (const type of ['number', 'email', 'url', 'tel']) expect(directionOf({ type })).toBe('ltr');
  expect(directionOf({ name: 'note' })).toBeUndefined();
  expect(directionOf({ type: 'date' })).toBeUndefined();
  expect(directionOf({ dir: 'ltr' })).toBe('ltr');
});
