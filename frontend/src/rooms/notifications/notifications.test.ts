import { describe, expect, it } from 'vitest';
import type { Outlet, Policy } from '@/api/types';
import * as outlets from './outlets';
import * as policies from './policies';

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
