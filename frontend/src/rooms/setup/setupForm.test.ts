import { expect, it } from 'vitest';
import { currencyOf, zoneChoices } from '@/kit/places';
import { checkSetup, setupRequest, type SetupForm } from './setupForm';

const filled = (): SetupForm => ({
  token: ' K7QF ',
  site: { name: 'Mill', time_zone: 'Africa/Tunis', currency: 'TND', price_per_kwh: '0,291' },
  administrator: { name: 'Amira', email: 'a@b.tn', username: '', password: 'Olive-Oil-1' },
});
const check = (form: SetupForm) => checkSetup(form, (key) => key);

it('accepts a complete form', () => {
  expect(check(filled())).toEqual({});
});

it('names every empty field by the path that the server uses', () => {
  const form = filled();
  form.token = ' ';
  form.site.name = '';
  form.administrator.email = 'amira';
  expect(check(form)).toEqual({
    token: 'check.required',
    'site.name': 'check.required',
    'administrator.email': 'check.email',
  });
});

it.each([
  ['', 'check.required'],
  ['Ab1!', 'check.passwordShort'],
  ['abcdefg1!', 'check.passwordKinds'],
  ['Abcdefghi', 'check.passwordKinds'],
  [`Aa1!${'x'.repeat(125)}`, 'check.passwordLong'],
])('says what is wrong with the password %s', (password, sentence) => {
  const form = filled();
  form.administrator.password = password;
  expect(check(form)['administrator.password']).toBe(sentence);
});

it('refuses a price that is no number', () => {
  const form = filled();
  form.site.price_per_kwh = 'cheap';
  expect(check(form)['site.price_per_kwh']).toBe('check.price');
});

it('sends money as a decimal string and leaves out what is empty', () => {
  const request = setupRequest(filled());
  expect(request.site.price_per_kwh).toBe('0.291');
  expect(request.token).toBe('K7QF');
  expect('username' in request.administrator).toBe(false);
});

it('knows the currency only where the zone leaves no doubt', () => {
  expect(currencyOf('Africa/Tunis')).toBe('TND');
  expect(currencyOf('Europe/Paris')).toBe('EUR');
  expect(currencyOf('UTC')).toBeNull();
});

it('lists time zones with UTC among them', () => {
  const zones = zoneChoices().map((zone) => zone.value);
  expect(zones).toContain('UTC');
  expect(new Set(zones).size).toBe(zones.length);
});
