import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import { common } from './commonWords';
import { isGuessed } from './guessed';
import PasswordMeter from './PasswordMeter.vue';

it.each(
  'Password1! P@ssw0rd P@$$w0rd-2026 !Welcome2026! Qwerty123! 1q2w3e4R! Summer-2025 Indusmind-1'.split(
    ' ',
  ),
)('%s is guessed at once, as the appliance says', (password) => {
  expect(isGuessed(password, common)).toBe(true);
});

it.each(['Night-shift-7', 'Warm bread at Six 1!', 'K7qf-2m9P', '€uro-Über-9'])(
  '%s is not',
  (password) => {
    expect(isGuessed(password, common, ['op@plant.example'])).toBe(false);
  },
);

it('knows what somebody is called', () => {
  const names = ['nadia.trabelsi@plant.example', 'Nadia Trabelsi', 'shift2'];
  for (const password of ['Trabelsi-2026', 'N@dia-1234', 'NadiaTrabelsi1!', 'Nadia.Trabelsi1']) {
    expect(isGuessed(password, common, names), password).toBe(true);
    expect(isGuessed(password, common, ['other@plant.example', 'X']), password).toBe(false);
  }
  expect(isGuessed('Trabelsi-likes-7', common, names)).toBe(false);
  expect(common.size).toBeGreaterThan(2_900);
});

it('is weak on the meter, whatever it is made of', async () => {
  const props = {
    password: 'Password1!',
    label: 'Strength',
    guessed: 'Guessed at once',
    words: ['Weak', 'Fair', 'Good', 'Strong'] as [string, string, string, string],
  };
  const meter = mount(PasswordMeter, { props });
  await expect.poll(() => meter.text()).toContain('Guessed at once');
  expect(meter.findAll('.meter__step--1')).toHaveLength(1);
  await meter.setProps({ password: 'Night-shift-7' });
  expect(meter.text()).toContain('Strong');
});
