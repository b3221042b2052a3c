// The broker and its mappings as a person fills them in, and as they are sent. Pure.
import type { FieldError } from '@/api';
import type { Mqtt, MqttInput, MqttMapping } from '@/api/types';
import { decimalOf } from '@/kit/check';

export interface ValueRow {
  metric: string;
  path: string;
  unit: string;
  scale: string;
  offset: string;
}

/** Whose readings: the topic says, or a device, or equipment. */
export interface MappingRow {
  topic: string;
  whose: string;
  time_path: string;
  interval_s: string;
  values: ValueRow[];
}

export interface BrokerForm {
  enabled: boolean;
  host: string;
  port: string;
  tls: boolean;
  ca_pem: string;
  username: string;
  password: string;
  client_id: string;
  mappings: MappingRow[];
}

export const blankValue = (): ValueRow => ({
  metric: '',
  path: '',
  unit: '',
  scale: '1',
  offset: '0',
});

export const blankMapping = (): MappingRow => ({
  topic: 'plant/{serial}/env',
  whose: '',
  time_path: '',
  interval_s: '',
  values: [],
});

export const formOf = ({ settings }: Mqtt): BrokerForm => ({
  enabled: settings.enabled,
  host: settings.host,
  port: String(settings.port),
  tls: settings.tls,
  ca_pem: settings.ca_pem ?? '',
  username: settings.username ?? '',
  password: '',
  client_id: settings.client_id,
  mappings: settings.mappings.map((mapping) => ({
    topic: mapping.topic,
    whose: mapping.device_id
      ? `device:${mapping.device_id}`
      : mapping.equipment_id
        ? `equipment:${mapping.equipment_id}`
        : '',
    time_path: mapping.time_path ?? '',
    interval_s: mapping.interval_s ? String(mapping.interval_s) : '',
    values: (mapping.values ?? []).map((value) => ({
      metric: value.metric,
      path: value.path ?? '',
      unit: value.unit ?? '',
      scale: String(value.scale ?? 1),
      offset: String(value.offset ?? 0),
    })),
  })),
});

const textOf = (text: string): string | null => text.trim() || null;

/** An id behind its kind, as the list of a mapping names it. */
const idOf = (whose: string, kind: string): string | null =>
  whose.startsWith(`${kind}:`) ? whose.slice(kind.length + 1) : null;

/** What is no number is sent as 0, which is refused at its place. */
const numberOf = (text: string): number => {
  const number = decimalOf(text);
  return Number.isFinite(number) ? number : 0;
};

export const mappingsOf = (form: BrokerForm): MqttMapping[] =>
  form.mappings.map((row) => ({
    topic: row.topic.trim(),
    device_id: idOf(row.whose, 'device'),
    equipment_id: idOf(row.whose, 'equipment'),
    time_path: textOf(row.time_path),
    interval_s: row.interval_s.trim() ? Math.round(numberOf(row.interval_s)) : null,
    values: row.values.map((value) => ({
      metric: value.metric.trim(),
      path: textOf(value.path),
      unit: textOf(value.unit),
      scale: numberOf(value.scale),
      offset: value.offset.trim() ? numberOf(value.offset) : 0,
    })),
  }));

/** The request; a password that was not typed stays as it is, unless its user goes. */
export const inputOf = (form: BrokerForm): MqttInput => ({
  enabled: form.enabled,
  host: form.host.trim(),
  port: Math.min(65_535, Math.max(0, Math.round(numberOf(form.port)))),
  tls: form.tls,
  ca_pem: textOf(form.ca_pem),
  username: textOf(form.username),
  password: form.password !== '' ? form.password : form.username.trim() ? undefined : '',
  client_id: textOf(form.client_id),
  mappings: mappingsOf(form),
});

/** The appliance names the device or the equipment; the form has one list for both. */
export const formFields = (fields: FieldError[]): FieldError[] =>
  fields.map((field) => ({
    ...field,
    path: field.path.replace(/\.(device_id|equipment_id)$/, '.whose'),
  }));
