// Every call the page makes, one line each. Rooms speak these names and no URL.
import { client, data, file } from './client';
import type {
  EquipmentChange,
  EquipmentInput,
  EquipmentQuery,
  EquipmentSummary,
  ExportQuery,
  FramesFormat,
  FramesQuery,
  HistoryQuery,
  LoginRequest,
  Modbus,
  SetupRequest,
} from './types';

const at = (id: string) => ({ params: { path: { id } } });

/** A screen with more tiles than this helps nobody; the list pages through the rest. */
const ALL_PAGES = 10;
const PAGE_SIZE = 100;

async function allEquipment(): Promise<EquipmentSummary[]> {
  const items: EquipmentSummary[] = [];
  for (let page = 1; page <= ALL_PAGES; page += 1) {
    const part = await api.listEquipment({ page, page_size: PAGE_SIZE });
    items.push(...part.items);
    if (!part.has_more) break;
  }
  return items;
}

export const api = {
  setupState: () => data(client.GET('/setup')),
  setUp: (body: SetupRequest) => data(client.POST('/setup', { body })),

  login: (body: LoginRequest) => data(client.POST('/auth/login', { body })),
  logout: () => data(client.POST('/auth/logout')),
  socketTicket: () => data(client.POST('/auth/ws-ticket')),

  sites: () => data(client.GET('/sites')),

  listEquipment: (query: EquipmentQuery) => data(client.GET('/equipment', { params: { query } })),
  equipment: (id: string) => data(client.GET('/equipment/{id}', at(id))),
  allEquipment,
  createEquipment: (body: EquipmentInput) => data(client.POST('/equipment', { body })),
  updateEquipment: (id: string, body: EquipmentChange) =>
    data(client.PUT('/equipment/{id}', { ...at(id), body })),
  deleteEquipment: (id: string) => data(client.DELETE('/equipment/{id}', at(id))),
  equipmentLive: (id: string) => data(client.GET('/equipment/{id}/live', at(id))),

  equipmentDoctor: (id: string) => data(client.GET('/equipment/{id}/doctor', at(id))),

  lines: () => data(client.GET('/lines')),
  line: (key: string) => data(client.GET('/lines/{key}', { params: { path: { key } } })),
  lineFrames: (key: string, query: FramesQuery) =>
    data(client.GET('/lines/{key}/frames', { params: { path: { key }, query } })),
  downloadFrames: (key: string, format: FramesFormat) =>
    file(
      client.GET('/lines/{key}/frames/download', {
        params: { path: { key }, query: { format } },
        parseAs: 'blob',
      }),
    ),

  profiles: () => data(client.GET('/profiles')),
  testRead: (modbus: Modbus) => data(client.POST('/modbus/test-read', { body: { modbus } })),

  today: () => data(client.GET('/dashboard/today')),
  history: (query: HistoryQuery) =>
    data(client.GET('/historical/consumption', { params: { query } })),
  exportHistory: (query: ExportQuery) =>
    file(client.GET('/historical/export', { params: { query }, parseAs: 'blob' })),
};

export { ApiError } from './errors';
export type { FieldError } from './errors';
export { holdLogin, refreshLogin, whenSessionEnds } from './client';
