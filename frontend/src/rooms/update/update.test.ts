import { describe, expect, it } from 'vitest';
import type { StagedUpdate, Standing } from '@/api/types';
import { downFor, grouped, isOver, notesFor, silentNames } from './update';

const standing = (more: Partial<Standing>): Standing => ({
  version: '0.1.0',
  managed: true,
  on_trial: false,
  answering: null,
  staged: null,
  previous: null,
  last: null,
  sticks: [],
  keys: [],
  ...more,
});
const last = { result: 'committed', version: '0.2.0', why: '', at_ms: 7 };

describe('an update', () => {
  it('shows its notes in the language of the reader', () => {
    const notes = { en: 'Better.', fr: 'Mieux.' };
    expect(notesFor(notes, 'fr-FR')).toBe('Mieux.');
    expect(notesFor(notes, 'ar')).toBe('Better.');
    expect(notesFor({ fr: 'Mieux.' }, 'ar')).toBe('Mieux.');
    expect(notesFor({}, 'en')).toBe('');
  });

  it('says how long nothing is measured', () => {
    const staged = { data_bytes: 600 * 1024 * 1024 } as StagedUpdate;
    expect(downFor(staged)).toBe(30);
  });

  it('shows a hash to be read', () => {
    expect(grouped('0123456789abcdef0')).toBe('01234567 89abcdef 0');
  });

  it('names who is silent, and says when there are more', () => {
    const plain = (text: string) => text.replace(/[\u2068\u2069]/g, '');
    const names = (before: number, silent: string[], locale = 'en') =>
      plain(silentNames({ before, now: 1, silent }, locale));
    expect(names(3, ['Press', 'Oven'])).toBe('Press, Oven');
    expect(names(9, ['Press', 'Oven'])).toBe('Press, Oven, …');
    expect(names(3, ['Press', 'Oven'], 'ar')).toBe('Press، Oven');
  });

  it('is over when something new is known of it', () => {
    expect(isOver(standing({}), null)).toBe(false);
    expect(isOver(standing({ last }), null)).toBe(true);
    expect(isOver(standing({ last }), 7)).toBe(false);
    expect(isOver(standing({ last, on_trial: true }), null)).toBe(false);
  });
});
