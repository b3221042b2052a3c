import { beforeEach, expect, it } from 'vitest';
import { forgetDraft, keepDraft, keptDraft } from './draft';
import type { SetupForm } from './setupForm';

const blank = (): SetupForm => ({
  token: 'K7QF',
  site: { name: '', time_zone: 'Africa/Tunis', currency: 'TND', price_per_kwh: '' },
  administrator: { name: '', email: '', username: '', password: '' },
});
beforeEach(forgetDraft);

it('brings back what was filled in, without its secrets', () => {
  const form = blank();
  form.site.name = 'Mill';
  Object.assign(form.administrator, { name: 'Amira', password: 'Olive-Oil-1' });
  keepDraft(form);
  expect(JSON.stringify({ ...localStorage })).not.toMatch(/Olive|K7QF/);
  const back = keptDraft(blank());
  expect(back.site.name).toBe('Mill');
  expect(back.administrator).toMatchObject({ name: 'Amira', password: '' });
  expect(back.token).toBe('K7QF');
  forgetDraft();
  expect(keptDraft(blank())).toEqual(blank());
});

it('believes nothing that is no draft', () => {
  for (const stored of ['{', '7', '{"site":{"name":7,"other":"x"},"administrator":null}']) {
    localStorage.setItem('retv4_setup', stored);
    expect(keptDraft(blank())).toEqual(blank());
  }
});
