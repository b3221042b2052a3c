// The shape that openapi-typescript writes, by hand until the appliance's document is generated.
import type {
  DashboardMetrics,
  DashboardToday,
  Equipment,
  EquipmentInput,
  EquipmentLive,
  EquipmentQuery,
  EquipmentSummary,
  History,
  HistoryQuery,
  Login,
  LoginRequest,
  Modbus,
  Page,
  Profile,
  SetupRequest,
  SetupState,
  Site,
  TestRead,
  User,
} from './types';

export interface Envelope<T> {
  success: true;
  data: T;
  timestamp: string;
}

interface Gives<T> {
  200: { content: { 'application/json': Envelope<T> } };
}
interface Get<T, Query> {
  parameters: { query?: Query };
  responses: Gives<T>;
}
interface Send<T, Body> {
  requestBody: { content: { 'application/json': Body } };
  responses: Gives<T>;
}
interface One {
  parameters: { path: { id: string } };
}
interface Call<T> {
  responses: Gives<T>;
}

export interface paths {
  '/setup': { get: Call<SetupState>; post: Send<{ site: Site; user: User }, SetupRequest> };
  '/auth/login': { post: Send<Login, LoginRequest> };
  '/auth/refresh': { post: Send<Login, { cookie: true }> };
  '/auth/logout': { post: Call<{ message: string }> };
  '/auth/me': { get: Call<User> };
  '/auth/ws-ticket': { post: Call<{ ticket: string; expires_in: number }> };
  '/sites': { get: Call<Page<Site>> };
  '/equipment': {
    get: Get<Page<EquipmentSummary>, EquipmentQuery>;
    post: Send<Equipment, EquipmentInput>;
  };
  '/equipment/{id}': {
    get: One & Call<Equipment>;
    put: One & Send<Equipment, Partial<EquipmentInput>>;
    delete: One & Call<{ message: string }>;
  };
  '/equipment/{id}/live': { get: One & Call<EquipmentLive> };
  '/profiles': { get: Get<Page<Profile>, { page?: number; page_size?: number; search?: string }> };
  '/modbus/test-read': { post: Send<TestRead, { modbus: Modbus }> };
  '/realtime/current': { get: Call<DashboardMetrics> };
  '/dashboard/today': { get: Call<DashboardToday> };
  '/historical/consumption': { get: Get<History, HistoryQuery> };
}
