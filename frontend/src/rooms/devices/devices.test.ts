import { describe, expect, it } from 'vitest';
import type { Device, Mqtt } from '@/api/types';
import { formFields, formOf as brokerForm, inputOf as brokerInput } from './brokerForm';
import { blankDevice, checkDevice, exampleOf, inputOf, sorted } from './deviceForm';

const say = (key: string) => key;

describe('a device', () => {
  it('is sent without what was left empty', () => {
    const form = { ...blankDevice('e1'), serial_number: ' C-1 ' };
    expect(inputOf(form)).toEqual({
      serial_number: 'C-1',
      name: null,
      equipment_id: 'e1',
      expected_interval_s: 60,
      metric_prefix: null,
    });
  });

  it('is refused before it is sent', () => {
    const form = { ...blankDevice(), serial_number: 'a/b', expected_interval_s: '0' };
    expect(Object.keys(checkDevice(form, say)).sort()).toEqual([
      'equipment_id',
      'expected_interval_s',
      'serial_number',
    ]);
  });

  it('that is silent comes first', () => {
    const device = (name: string, status: string) => ({ name, status }) as Device;
    const list = [device('B', 'online'), device('C', 'offline'), device('A', 'online')];
    expect(sorted(list).map(({ name }) => name)).toEqual(['C', 'A', 'B']);
  });

  it('is tried with its own address and key', () => {
    const example = exampleOf('http://plant:8080', 'C-1', 'imd_x');
    expect(example).toContain('http://plant:8080/api/readings/devices/C-1/readings');
    expect(example).toContain("'x-device-key: imd_x'");
  });
});

describe('a broker', () => {
  const shown = {
    settings: {
      enabled: true,
      host: 'broker',
      port: 1883,
      tls: false,
      ca_pem: null,
      username: 'plant',
      has_password: true,
      client_id: 'indusmind-1',
      mappings: [
        {
          topic: 'a/b',
          device_id: null,
          equipment_id: 'e1',
          time_path: '/ts',
          interval_s: 30,
          values: [{ metric: 'power', path: '/p', unit: 'W', scale: 0.1, offset: -40 }],
        },
      ],
      updated_at: null,
    },
  } as unknown as Mqtt;

  it('comes back as it was shown, and keeps the password that nobody typed', () => {
    const input = brokerInput(brokerForm(shown));
    expect(input.password).toBeUndefined();
    expect(input.mappings).toEqual([
      {
        topic: 'a/b',
        device_id: null,
        equipment_id: 'e1',
        time_path: '/ts',
        interval_s: 30,
        values: [{ metric: 'power', path: '/p', unit: 'W', scale: 0.1, offset: -40 }],
      },
    ]);
  });

  it('forgets the password with its user', () => {
    expect(brokerInput({ ...brokerForm(shown), username: '' }).password).toBe('');
  });

  it('shows a refusal where the form has the field', () => {
    const [field] = formFields([{ path: 'mappings.0.device_id', message: 'No.' }]);
    expect(field?.path).toBe('mappings.0.whose');
  });
});
