// A device as a person fills it in, and as it is sent. Pure.
import * as v from 'valibot';
import type { Device, DeviceChange, DeviceInput, DeviceStatus } from '@/api/types';
import { errorsOf, required, whole } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';

export interface DeviceForm {
  serial_number: string;
  name: string;
  equipment_id: string;
  expected_interval_s: string;
  metric_prefix: string;
  enabled: boolean;
}

export const blankDevice = (equipment = ''): DeviceForm => ({
  serial_number: '',
  name: '',
  equipment_id: equipment,
  expected_interval_s: '60',
  metric_prefix: '',
  enabled: true,
});

export const formOf = (device: Device): DeviceForm => ({
  serial_number: device.serial_number,
  name: device.name,
  equipment_id: device.equipment_id,
  expected_interval_s: String(device.expected_interval_s),
  metric_prefix: device.metric_prefix ?? '',
  enabled: device.enabled,
});

export const inputOf = (form: DeviceForm): DeviceInput => ({
  serial_number: form.serial_number.trim(),
  name: form.name.trim() || null,
  equipment_id: form.equipment_id,
  expected_interval_s: Number(form.expected_interval_s),
  metric_prefix: form.metric_prefix.trim() || null,
});

export const changeOf = (form: DeviceForm): DeviceChange => ({
  name: form.name.trim() || form.serial_number,
  equipment_id: form.equipment_id,
  expected_interval_s: Number(form.expected_interval_s),
  metric_prefix: form.metric_prefix.trim(),
  enabled: form.enabled,
});

const shape = v.object({
  serial_number: v.pipe(required(), v.regex(/^[A-Za-z0-9._:-]+$/, 'check.serial')),
  equipment_id: required(),
  expected_interval_s: whole(1, 3_600, 'check.interval'),
});

export const checkDevice = (form: DeviceForm, translate: (key: string) => string): Errors =>
  errorsOf(shape, form, translate);

/** What a person may type into a console to see the device work. */
export const exampleOf = (origin: string, serial: string, key: string): string =>
  [
    `curl -X POST ${origin}/api/readings/devices/${serial}/readings \\`,
    `  -H 'x-device-key: ${key}' -H 'content-type: application/json' \\`,
    `  -d '{"temperature": 4.2, "humidity": 61, "doorStatus": false}'`,
  ].join('\n');

type Look = {
  shape: 'circle' | 'triangle' | 'dash' | 'ring';
  tone: 'normal' | 'abnormal' | 'off';
};

const looks: Record<DeviceStatus, Look> = {
  online: { shape: 'circle', tone: 'normal' },
  offline: { shape: 'triangle', tone: 'abnormal' },
  never: { shape: 'ring', tone: 'off' },
  disabled: { shape: 'dash', tone: 'off' },
};

export const deviceLook = (status: DeviceStatus): Look => looks[status];

/** Worst first: what is silent, then what never spoke, then the rest by name. */
const rank: Record<DeviceStatus, number> = { offline: 0, never: 1, online: 2, disabled: 3 };

export const sorted = (devices: Device[]): Device[] =>
  [...devices].sort((a, b) => rank[a.status] - rank[b.status] || a.name.localeCompare(b.name));

/** Whether a wrong key is the last that was heard: once the right one came, all is well. */
export const wrongKeyLast = (device: Device): boolean =>
  device.wrong_key_at !== null &&
  (device.last_seen_at === null || device.wrong_key_at > device.last_seen_at);
