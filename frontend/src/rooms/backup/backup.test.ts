import { describe, expect, it } from 'vitest';
import type { Backups } from '@/api/types';
import { fieldOf, formOf, settingsOf, standingOf } from './backup';

const settings = {
  folder: '/media/stick',
  at: '02:30',
  days: [1, 7],
  keep: { daily: 7, weekly: 4, monthly: 12 },
  encrypt: true,
};
const good = { id: 'indusmind-a-1', at: '2026-11-21T01:30:00Z', bytes: 5 };

describe('backups', () => {
  it('says the worst first', () => {
    const of = (more: object) => standingOf({ settings, ...more } as Backups);
    expect(of({ settings: { ...settings, folder: null }, last_good: good })).toBe('off');
    expect(of({ trouble: { at: good.at, sentence: 'Full.' }, last_good: good })).toBe('trouble');
    expect(of({ trouble: null, last_good: null })).toBe('never');
    expect(of({ trouble: null, last_good: good })).toBe('good');
  });

  it('leaves settings as they were when nothing was typed', () => {
    expect(settingsOf(formOf(settings))).toEqual(settings);
    const off = { ...settings, folder: null, at: null };
    expect(settingsOf(formOf(off))).toEqual(off);
  });

  it('lets the appliance refuse what is no number', () => {
    expect(settingsOf({ ...formOf(settings), daily: 'x' }).keep.daily).toBe(9999);
  });

  it('finds the field of a refusal', () => {
    expect(['settings.folder', 'settings.keep.daily', 'passphrase'].map(fieldOf)).toEqual([
      'folder',
      'daily',
      'passphrase',
    ]);
  });
});
