// The words of the API contract. One name per thing, the same on the wire and on the screen.

export interface Page<T> {
  items: T[];
  total: number;
  page: number;
  page_size: number;
  has_more: boolean;
}

export type Permission =
  | 'equipment.read'
  | 'equipment.write'
  | 'readings.read'
  | 'settings.write'
  | 'users.manage'
  | 'audit.read';

export interface User {
  id: string;
  email: string;
  username: string | null;
  name: string;
  role: string;
  role_key: string;
  site: string;
  permissions: string[];
  last_login: string | null;
}

export interface SetupState {
  required: boolean;
  version: string;
  site_name: string | null;
}

export interface SetupRequest {
  token: string;
  site: {
    name: string;
    key?: string;
    time_zone: string;
    currency: string;
    price_per_kwh?: string;
  };
  administrator: { email: string; username?: string; name: string; password: string };
}

export interface LoginRequest {
  email: string;
  password: string;
  remember_me?: boolean;
  cookie?: boolean;
}

export interface Login {
  token: string;
  refresh_token?: string;
  expires_in: number;
  user: User;
}

export interface Site {
  id: string;
  key: string;
  name: string;
  time_zone: string;
  currency: string;
  price_per_kwh: string | null;
}

export type EquipmentStatus = 'online' | 'offline' | 'maintenance' | 'decommissioned';

export interface EquipmentSummary {
  id: string;
  name: string;
  type: string;
  model: string;
  serial_number: string | null;
  install_date: string;
  location: string | null;
  status: EquipmentStatus;
  power: number | null;
  load_percentage: number | null;
  temperature: number | null;
  photo_url: string | null;
  last_update: string | null;
}

export type RegisterType =
  'uint16' | 'int16' | 'uint32' | 'int32' | 'uint64' | 'int64' | 'float32' | 'float64';
export type RegisterFunction = 'holding' | 'input';
export type WordOrder = 'big' | 'little';

export interface Register {
  address: number;
  type: RegisterType;
  scale?: number;
  function?: RegisterFunction;
  word_order?: WordOrder;
  unit?: string | null;
}

export interface Modbus {
  protocol: 'tcp';
  host: string;
  port?: number;
  unit_id?: number;
  poll_interval_ms?: number;
  timeout_ms?: number;
  profile?: string | null;
  registers?: Record<string, Register>;
}

export interface Equipment extends EquipmentSummary {
  specs: Record<string, unknown>;
  modbus: Modbus | null;
  in_site_total: boolean;
  revision: number;
  created_at: string;
  updated_at: string;
}

export interface EquipmentInput {
  name: string;
  type: string;
  model: string;
  install_date: string;
  serial_number?: string | null;
  location?: string | null;
  specs?: Record<string, unknown>;
  status?: 'active' | 'maintenance' | 'decommissioned';
  in_site_total?: boolean;
  modbus?: Modbus | null;
}

export type Quality = 'good' | 'stale' | 'missing' | 'substituted' | 'manual' | 'bad';
export type Phase = 'L1' | 'L2' | 'L3';

export interface RegisterPlace {
  function: RegisterFunction;
  address: number;
  type: RegisterType;
}

export interface SocketValue {
  metric: string;
  phase: Phase | null;
  unit: string | null;
  value: number | null;
  quality: Quality;
  timestamp: string | null;
}

export interface LiveValue extends SocketValue {
  age_ms: number | null;
  register: RegisterPlace | null;
}

export interface Link {
  state: 'connected' | 'connecting' | 'waiting' | 'stopped';
  last_error: string | null;
  last_error_at: string | null;
  last_success_at: string | null;
  round_trip_ms: number | null;
  next_attempt_at: string | null;
  failures: number;
}

export interface EquipmentLive {
  equipment_id: string;
  status: EquipmentStatus;
  values: LiveValue[];
  link: Link | null;
}

export interface ProfileMetric {
  metric: string;
  phase: Phase | null;
  unit: string | null;
  function: RegisterFunction;
  address: number;
  type: RegisterType;
}

export interface Profile {
  id: string;
  brand: string;
  model: string;
  source: string | null;
  metrics: ProfileMetric[];
}

export interface TestReadValue {
  metric: string;
  phase: Phase | null;
  unit: string | null;
  value: number | null;
  raw_words: number[];
  register: RegisterPlace | null;
}

export interface TestRead {
  ok: boolean;
  values: TestReadValue[];
  round_trip_ms: number | null;
  error: string | null;
}

export interface DashboardMetrics {
  power: number | null;
  consumption: number | null;
  voltage: number | null;
  frequency: number | null;
  powerFactor: number | null;
  cost_hour: number | null;
  timestamp: string;
  phases?: Partial<
    Record<Phase, { voltage: number | null; current: number | null; power: number | null }>
  > | null;
}

export interface DashboardToday {
  date: string;
  time_zone: string;
  energy_kwh: number | null;
  yesterday_same_time_kwh: number | null;
  cost: string | null;
  currency: string;
  coverage: number | null;
}

export type Resolution =
  | 'raw'
  | '1min'
  | '5min'
  | '15min'
  | '30min'
  | '1hour'
  | '2hour'
  | 'daily'
  | 'weekly'
  | 'monthly'
  | 'auto';

export interface HistoryPoint {
  timestamp: string;
  consumption?: number | null;
  power?: number | null;
  voltage?: number | null;
  frequency?: number | null;
  powerFactor?: number | null;
  current?: number | null;
  temperature?: number | null;
  value?: number | null;
  min?: number | null;
  max?: number | null;
  coverage?: number | null;
}

export interface History {
  series: HistoryPoint[];
  resolution: string;
  count: number;
}

export interface EquipmentQuery {
  search?: string;
  type?: string;
  location?: string;
  status?: string;
  page?: number;
  page_size?: number;
}

export interface HistoryQuery {
  from: string;
  to: string;
  resolution: Resolution;
  meter_id?: string;
  metric?: string;
  fields?: string;
}
