import type {
  Alert,
  DashboardMetrics,
  EquipmentStatus,
  SocketValue,
  WallArrangement,
} from '@/api/types';

export interface LiveEquipmentFrame {
  id: string;
  status: EquipmentStatus;
  last_update: string | null;
  values: SocketValue[];
}

export type Frame =
  | { event: 'heartbeat'; data: { time: string } }
  | { event: 'dashboard'; data: DashboardMetrics }
  | {
      event: 'live';
      data: { snapshot: boolean; time: string; equipment: LiveEquipmentFrame[] };
    }
  | { event: 'alerts'; data: { snapshot: boolean; items: Alert[] } }
  | { event: 'registry'; data: { revision: number } }
  | { event: 'kiosk'; data: { arrangement: WallArrangement | null; revision: number } }
  | { event: 'error'; data: { error_code: string; error: string } };

export interface Topic {
  topic: 'dashboard' | 'live' | 'alerts';
  equipment_id?: string;
}

/** The name of one series of a machine: "voltage_l1". */
export const valueKey = (value: { metric: string; phase: string | null }) =>
  value.phase ? `${value.metric}_${value.phase.toLowerCase()}` : value.metric;

/** A frame that is not JSON, or not a frame, is dropped: it must not break the connection. */
export function readFrame(text: unknown): Frame | null {
  if (typeof text !== 'string') return null;
  try {
    const frame: unknown = JSON.parse(text);
    const known =
      frame !== null && typeof frame === 'object' && 'event' in frame && 'data' in frame;
    return known ? (frame as Frame) : null;
  } catch {
    return null;
  }
}
