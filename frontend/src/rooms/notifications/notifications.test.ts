import { describe, expect, it } from 'vitest';
import type { Outlet, Policy } from '@/api/types';
import en from '@/words/en/notifications.json';
import * as outlets from './outlets';
import * as policies from './policies';
import { reasonIn, reasons } from './reasons';

/** The sources of the appliance that say why. */
const sources = import.meta.glob<string>('../../../../src/notify/*.rs', {
  query: '?raw',
  import: 'default',
  eager: true,
});

it('takes no figure for another one: neither a half nor one with a word behind it', () => {
  for (const typed of ['15', ' 0 ', '502']) expect(outlets.isWhole(typed), typed).toBe(true);
  for (const typed of ['', '1.5', '12..x', '12 h', '-1', '1e3'])
    expect(outlets.isWhole(typed), typed).toBe(false);
  const smtp = outlets.formOf('smtp', null);
  expect(outlets.slipsOf('smtp', smtp)).toEqual([]);
  smtp.settings['port'] = '58 7';
  expect(outlets.slipsOf('smtp', smtp)).toEqual(['settings.port']);
  const policy = policies.blankPolicy();
  policy.escalation = ['30', '1.5', ''].map((after_min) => ({
    ...policies.blankStep(),
    after_min,
  }));
  const steps = policies.inputOf(policy).escalation ?? [];
  expect(steps.map(({ after_min }) => after_min)).toEqual([30, 0, null]);
});

describe('an outlet', () => {
  it('keeps a secret that was not typed, and sends numbers as numbers', () => {
    const form = outlets.formOf('smtp', null);
    expect(form.settings).toMatchObject({ port: '587', security: 'starttls', host: '' });
    form.settings['host'] = ' mail.plant ';
    form.settings['port'] = 'x';
    const input = outlets.inputOf('smtp', form);
    expect(input.secret).toBeUndefined();
    expect(input.settings).toMatchObject({
      kind: 'smtp',
      host: 'mail.plant',
      port: 'x',
      username: null,
      ca_pem: null,
    });
    form.settings['port'] = '25';
    expect(outlets.inputOf('smtp', { ...form, secret: 's' })).toMatchObject({
      secret: 's',
      settings: { port: 25 },
    });
  });

  it('shows what is stored, and nothing of the start values', () => {
    const settings = { kind: 'horn', host: 'relay', port: 502, unit: 0, coil: 7 };
    const form = outlets.formOf('horn', { enabled: false, settings } as unknown as Outlet);
    expect(form).toMatchObject({ enabled: false, settings: { unit: '0', coil: '7' } });
    expect(form.settings['ca_pem']).toBeUndefined();
  });
});

describe('a policy', () => {
  it('comes back as it was stored', () => {
    const stored = {
      name: 'Night',
      enabled: true,
      site: 'site_a',
      equipment_id: null,
      from_level: 'High',
      shifts: [{ days: ['mon'], from: '22:00', to: '06:00' }],
      quiet_hours: { from: '22:00', to: '06:00' },
      recipients: [
        { outlet: 'smtp', role: 'technician', language: 'ar' },
        { outlet: 'horn', language: null },
      ],
      escalation: [
        { after_min: 5, recipients: [{ outlet: 'sms', address: '+216', language: null }] },
      ],
      tell_when_over: true,
    };
    expect(policies.inputOf(policies.formOf(stored as unknown as Policy))).toEqual(stored);
  });

  it('names nobody for an outlet that leads to one place', () => {
    const form = policies.blankPolicy();
    form.recipients = [{ ...policies.blankRecipient(), outlet: 'webhook' }];
    expect(policies.inputOf(form).recipients).toEqual([{ outlet: 'webhook', language: null }]);
    expect(policies.inputOf(form).quiet_hours).toBeNull();
  });

  it('finds the field that the appliance means', () => {
    const path = (field: string) => policies.placed([{ path: field, message: '' }])[0]?.path;
    expect(path('shifts[0].from')).toBe('shifts.0.from');
    expect(path('recipients.1')).toBe('recipients.1.who');
    expect(path('escalation.0.recipients.2.address')).toBe('escalation.0.recipients.2.address');
  });

  it('keeps the days in the order of the week', () => {
    expect(policies.toggled(['fri', 'mon'], 'wed')).toEqual(['mon', 'wed', 'fri']);
    expect(policies.toggled(['mon'], 'mon')).toEqual([]);
  });
});

describe('a reason', () => {
  // The sentences as the appliance writes them, and where: one that is changed there is changed here.
  const written: [string, string][] = [
    ['known.rs', 'The outlet is not set, or switched off.'],
    ['known.rs', 'SMS goes out for Critical and Emergency only.'],
    ['known.rs', 'The horn sounds from the level '],
    ['known.rs', 'The reading came late: no sound is made for it.'],
    ['desk.rs', 'No policy is for alerts of the level '],
    ['desk.rs', 'Nobody is on shift: the policy '],
    ['desk.rs', ' s ago; it is told again after 5 minutes.'],
    ['desk.rs', 'This alert told '],
    ['desk.rs', 'It waits for the end of the quiet hours.'],
    ['desk.rs', 'It was settled before the quiet hours were over.'],
    ['desk.rs', 'It was settled before it could be sent.'],
    ['cap.rs', ' messages went out of this outlet within an hour, which is its cap. '],
    ['recipients.rs', ' is known of '],
    ['recipients.rs', 'This user was deleted or may not sign in any more.'],
    ['recipients.rs', 'Nobody who may sign in has the role '],
    ['escalation.rs', 'The policy was changed: nobody is asked next.'],
    ['letter.rs', 'It is tried again by hand.'],
    ['http.rs', '. Check the port, and that the server runs.'],
    ['http.rs', ' is not reached within 5 s.'],
    ['email.rs', ' does not answer. Check the address and the network.'],
    ['carry.rs', 'The coil is on, and reads back so.'],
    ['carry.rs', 'The coil is off, and reads back so.'],
  ];

  it('is one that the appliance writes', () => {
    for (const [file, sentence] of written) {
      expect(sources[`../../../../src/notify/${file}`], sentence).toContain(sentence);
      const part = sentence.trim().replace(/^\. /, '');
      const fits = reasons.some(([pattern]) =>
        pattern.source.split('\\').join('').includes(part.replace(/\.$/, '')),
      );
      expect(fits, sentence).toBe(true);
    }
  });

  it('is said in the language of the page, and what a server said as it is', () => {
    const t = (key: string, named?: Record<string, string>) =>
      [key, ...Object.values(named ?? {})].join('|');
    expect(reasonIn(t, 'No policy is for alerts of the level High there.')).toBe(
      'notifications.why.noPolicy|notifications.level.High|',
    );
    expect(reasonIn(t, 'Nobody who may sign in has the role viewer at the site site_a.')).toBe(
      'notifications.why.nobodyWith|role.name.viewer|\u2068site_a\u2069',
    );
    expect(reasonIn(t, '550 no such user')).toBe('550 no such user');
  });

  it('has its word', () => {
    for (const [, word] of reasons) expect(Object.keys(en.notifications.why)).toContain(word);
  });
});
