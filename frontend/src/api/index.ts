// Every call the page makes, one line each. Rooms speak these names and no URL.
import { client, data, file, text, updateProgress } from './client';
import { at, everyPage, PAGE_SIZE, plain, raw } from './pages';
import { configuration } from './configuration';
import { performance } from './performance';
import { backupCalls } from './backups';
import { billCalls } from './bills';
import { coldCalls } from './coldchain';
import { securityCalls } from './security';
import { upload, type Sending } from './upload';
import type {
  AccountChange,
  AlertQuery,
  AlertRuleInput,
  AuditFormat,
  AuditQuery,
  CorrectionInput,
  DeliveryQuery,
  DeviceChange,
  DeviceInput,
  Document,
  CostQuery,
  EnergyRange,
  EquipmentChange,
  EquipmentInput,
  EquipmentQuery,
  ExportQuery,
  FramesFormat,
  FramesQuery,
  HistoryQuery,
  Invitation,
  Keep,
  KioskApproval,
  KioskChange,
  MaintenanceInput,
  LoginRequest,
  MeterExchange,
  MeterRatio,
  SecondStep,
  Modbus,
  MqttInput,
  MqttMapping,
  NewApiToken,
  NewReport,
  NewEnergyTree,
  NewTariff,
  NotificationSettings,
  OutletInput,
  OutletKind,
  OutletTest,
  Photo,
  PeaksQuery,
  SeriesQuery,
  PolicyInput,
  ReportFormat,
  ReportOrder,
  ReportPlan,
  ScanRequest,
  ProfileQuery,
  SetupRequest,
  Site,
  SiteChange,
  StepUp,
  TariffChange,
} from './types';

export const api = {
  setupState: () => data(client.GET('/setup')),
  setUp: (body: SetupRequest) => data(client.POST('/setup', { body })),

  login: (body: LoginRequest) => data(client.POST('/auth/login', { body })),
  secondStep: (body: SecondStep) => data(client.POST('/auth/2fa/login', { body })),
  logout: () => data(client.POST('/auth/logout')),
  socketTicket: () => data(client.POST('/auth/ws-ticket')),

  me: () => data(client.GET('/auth/me')),
  stepUp: (proof: StepUp) => data(client.POST('/auth/step-up', { body: proof })),
  changePassword: (current_password: string, password: string) =>
    data(client.POST('/auth/change-password', { body: { current_password, password } })),
  activate: (token: string, password: string) =>
    data(client.POST('/auth/activate', { body: { token, password } })),
  resetPassword: (token: string, password: string) =>
    data(client.POST('/auth/reset-password', { body: { token, password } })),
  forgotPassword: (email: string) =>
    data(client.POST('/auth/forgot-password', { body: { email } })),
  setUpTwoFactor: (password: string) =>
    data(client.POST('/auth/2fa/setup', { body: { password } })),
  confirmTwoFactor: (code: string) => data(client.POST('/auth/2fa/verify', { body: { code } })),
  renewRecoveryCodes: () => data(client.POST('/auth/2fa/recovery-codes')),
  switchOffTwoFactor: (password: string) =>
    data(client.POST('/auth/2fa/disable', { body: { password } })),

  /** One's own sessions, or those of everybody. */
  allSessions: (all = false) =>
    everyPage((query) => data(client.GET('/sessions', { params: { query: { ...query, all } } }))),
  endSession: (id: string) => data(client.DELETE('/sessions/{id}', at(id))),
  endOtherSessions: () => data(client.DELETE('/sessions')),
  endUnusedSessions: () => data(client.POST('/admin/sessions/cleanup')),

  allUsers: () => everyPage((query) => data(client.GET('/users', { params: { query } }))),
  user: (id: string) => data(client.GET('/users/{id}', at(id))),
  roles: () => data(client.GET('/roles')),
  invite: (body: Invitation) => data(client.POST('/users/invite', { body })),
  inviteAgain: (id: string) => data(client.POST('/users/{id}/invite', at(id))),
  changeUser: (id: string, body: AccountChange) =>
    data(client.PUT('/users/{id}', { ...at(id), body })),
  makeResetCode: (id: string) => data(client.POST('/admin/users/{id}/reset-token', at(id))),
  unlockUser: (id: string) => data(client.POST('/admin/users/{id}/unlock', at(id))),
  takeTwoFactorAway: (id: string) => data(client.POST('/admin/users/{id}/2fa/disable', at(id))),
  resetCodes: () => data(client.GET('/admin/reset-requests')),

  allTokens: () => everyPage((query) => data(client.GET('/api-tokens', { params: { query } }))),
  createToken: (body: NewApiToken) => data(client.POST('/api-tokens', { body })),
  deleteToken: (id: string) => data(client.DELETE('/api-tokens/{id}', at(id))),

  /** A code that a screen shows until somebody lets it in. */
  pairKiosk: () => data(client.POST('/kiosk/pairing')),
  kioskSession: () => data(client.POST('/kiosk/session')),
  updateProgress,
  updateStanding: () => data(client.GET('/update')),
  /** The bytes of the file as they are. */
  sendUpdate: (file: File) => data(client.POST('/update/bundle', raw(file))),
  checkUpdate: (path: string) => data(client.POST('/update/check', { body: { path } })),
  installUpdate: (manifest_hash: string) =>
    data(client.POST('/update/install', { body: { manifest_hash } })),
  goBack: (old_data: boolean) => data(client.POST('/update/rollback', { body: { old_data } })),
  allKiosks: () => everyPage((query) => data(client.GET('/kiosks', { params: { query } }))),
  approveKiosk: (body: KioskApproval) => data(client.POST('/kiosks/approve', { body })),
  changeKiosk: (id: string, body: KioskChange) =>
    data(client.PUT('/kiosks/{id}', { ...at(id), body })),
  revokeKiosk: (id: string) => data(client.DELETE('/kiosks/{id}', at(id))),

  system: () => data(client.GET('/system')),
  certificate: () => data(client.GET('/system/certificate')),
  supportBundle: (frames: boolean) =>
    data(client.POST('/system/support-bundle', { params: { query: { frames } } })),

  ...backupCalls,
  reportTemplates: () => data(client.GET('/reports/templates')),
  /** The newest hundred: twice as many are kept. */
  reportList: async () =>
    (await data(client.GET('/reports/list', { params: { query: { page_size: PAGE_SIZE } } })))
      .items,
  report: (id: string) => data(client.GET('/reports/{id}', at(id))),
  generateReport: (body: ReportOrder) => data(client.POST('/reports/generate', { body })),
  cancelReport: (id: string) => data(client.POST('/reports/{id}/cancel', at(id))),
  deleteReport: (id: string) => data(client.DELETE('/reports/{id}', at(id))),
  recomputeReport: (id: string) => data(client.POST('/reports/{id}/recompute', at(id))),
  downloadReport: (id: string, format: ReportFormat) =>
    file(
      client.GET('/reports/export/{id}', {
        params: { path: { id }, query: { format } },
        parseAs: 'blob',
      }),
    ),
  reportSchedules: () => data(client.GET('/reports/schedule')),
  addReportSchedule: (body: ReportPlan) => data(client.POST('/reports/schedule', { body })),
  changeReportSchedule: (id: string, body: ReportPlan) =>
    data(client.PUT('/reports/schedule/{id}', { ...at(id), body })),
  deleteReportSchedule: (id: string) => data(client.DELETE('/reports/schedule/{id}', at(id))),

  auditLog: (query: AuditQuery) => data(client.GET('/audit', { params: { query } })),
  verifyAudit: (head: string) =>
    data(client.GET('/audit/verify', { params: { query: head ? { head } : {} } })),
  downloadAudit: (query: AuditQuery & { format: AuditFormat }) =>
    file(client.GET('/audit/export', { params: { query }, parseAs: 'blob' })),

  sites: () => data(client.GET('/sites')),
  changeSite: (id: string, body: SiteChange) =>
    data(client.PUT('/sites/{id}', { ...at(id), body })),
  siteLogo: (id: string) => file(client.GET('/sites/{id}/logo', { ...at(id), parseAs: 'blob' })),
  setSiteLogo: (id: string, sending: Omit<Sending, 'field'>) =>
    upload<Site>(`/sites/${encodeURIComponent(id)}/logo`, { ...sending, field: 'logo' }),
  deleteSiteLogo: (id: string) => data(client.DELETE('/sites/{id}/logo', at(id))),

  storage: () => data(client.GET('/system/storage')),
  changeKeep: (body: Keep) => data(client.PUT('/system/storage', { body })),
  corrections: (query: { page: number; page_size: number }) =>
    data(client.GET('/corrections', { params: { query } })),
  correct: (body: CorrectionInput) => data(client.POST('/corrections', { body })),
  undoCorrection: (id: number) =>
    data(client.POST('/corrections/{id}/undo', { params: { path: { id } } })),

  listEquipment: (query: EquipmentQuery) => data(client.GET('/equipment', { params: { query } })),
  equipment: (id: string) => data(client.GET('/equipment/{id}', at(id))),
  allEquipment: () => everyPage(api.listEquipment),
  createEquipment: (body: EquipmentInput) => data(client.POST('/equipment', { body })),
  updateEquipment: (id: string, body: EquipmentChange) =>
    data(client.PUT('/equipment/{id}', { ...at(id), body })),
  deleteEquipment: (id: string) => data(client.DELETE('/equipment/{id}', at(id))),
  equipmentLive: (id: string) => data(client.GET('/equipment/{id}/live', at(id))),

  photo: (id: string) => file(client.GET('/equipment/{id}/photo', { ...at(id), parseAs: 'blob' })),
  setPhoto: (id: string, sending: Omit<Sending, 'field'>) =>
    upload<Photo>(`/equipment/${encodeURIComponent(id)}/photo`, { ...sending, field: 'photo' }),
  deletePhoto: (id: string) => data(client.DELETE('/equipment/{id}/photo', at(id))),
  documents: (id: string) =>
    everyPage((query) =>
      data(client.GET('/equipment/{id}/documents', { params: { path: { id }, query } })),
    ),
  addDocument: (id: string, sending: Omit<Sending, 'field'>) =>
    upload<Document>(`/equipment/${encodeURIComponent(id)}/documents`, {
      ...sending,
      field: 'file',
    }),
  downloadDocument: (id: string, document: string) =>
    file(
      client.GET('/equipment/{id}/documents/{document}', {
        params: { path: { id, document } },
        parseAs: 'blob',
      }),
    ),
  deleteDocument: (id: string, document: string) =>
    data(
      client.DELETE('/equipment/{id}/documents/{document}', { params: { path: { id, document } } }),
    ),

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

  allProfiles: () => everyPage((query) => data(client.GET('/profiles', { params: { query } }))),
  profile: (id: string) => data(client.GET('/profiles/{id}', at(id))),
  profileText: (id: string) =>
    text(client.GET('/profiles/{id}/toml', { ...at(id), parseAs: 'text' })),
  downloadProfile: (id: string) =>
    file(client.GET('/profiles/{id}/toml', { ...at(id), parseAs: 'blob' })),
  addProfile: (body: string, kind: string, query: ProfileQuery) =>
    data(client.POST('/profiles', { params: { query }, ...plain(body, kind) })),
  changeProfile: (id: string, body: string, kind: string, query: ProfileQuery) =>
    data(client.PUT('/profiles/{id}', { params: { path: { id }, query }, ...plain(body, kind) })),
  deleteProfile: (id: string) => data(client.DELETE('/profiles/{id}', at(id))),
  testRead: (modbus: Modbus) => data(client.POST('/modbus/test-read', { body: { modbus } })),
  serialPorts: () => data(client.GET('/modbus/serial-ports')),
  startScan: (body: ScanRequest) => data(client.POST('/modbus/scan', { body })),
  scan: (id: string) => data(client.GET('/modbus/scan/{id}', at(id))),
  cancelScan: (id: string) => data(client.DELETE('/modbus/scan/{id}', at(id))),
  believe: (id: string, reason: string) =>
    data(client.POST('/equipment/{id}/belief', { ...at(id), body: { reason } })),
  doubt: (id: string) => data(client.DELETE('/equipment/{id}/belief', at(id))),
  qualityEvents: (id: string) => data(client.GET('/equipment/{id}/quality-events', at(id))),
  meterEvents: (id: string) => data(client.GET('/equipment/{id}/meter-events', at(id))),
  exchangeMeter: (id: string, body: MeterExchange) =>
    data(client.POST('/equipment/{id}/meter-exchange', { ...at(id), body })),
  changeMeterRatio: (id: string, body: MeterRatio) =>
    data(client.POST('/equipment/{id}/meter-ratio', { ...at(id), body })),
  undoMeterEvent: (id: string, event: number) =>
    data(
      client.POST('/equipment/{id}/meter-events/{event}/undo', {
        params: { path: { id, event } },
      }),
    ),
  takeReading: (id: string) => data(client.POST('/equipment/{id}/commissioning/reading', at(id))),
  reports: (id: string) => data(client.GET('/equipment/{id}/commissioning', at(id))),
  writeReport: (id: string, body: NewReport) =>
    data(client.POST('/equipment/{id}/commissioning', { ...at(id), body })),

  allDevices: () => everyPage((query) => data(client.GET('/devices', { params: { query } }))),
  device: (id: string) => data(client.GET('/devices/{id}', at(id))),
  createDevice: (body: DeviceInput) => data(client.POST('/devices', { body })),
  updateDevice: (id: string, body: DeviceChange) =>
    data(client.PUT('/devices/{id}', { ...at(id), body })),
  renewDeviceKey: (id: string) => data(client.POST('/devices/{id}/key', at(id))),
  deleteDevice: (id: string) => data(client.DELETE('/devices/{id}', at(id))),

  ...coldCalls,
  ...securityCalls,

  maintenance: (id: string) =>
    data(
      client.GET('/equipment/{id}/maintenance', {
        params: { path: { id }, query: { page_size: 100 } },
      }),
    ),
  addMaintenance: (id: string, body: MaintenanceInput) =>
    data(client.POST('/equipment/{id}/maintenance', { ...at(id), body })),
  changeMaintenance: (id: string, entry: string, body: MaintenanceInput) =>
    data(
      client.PUT('/equipment/{id}/maintenance/{entry}', { params: { path: { id, entry } }, body }),
    ),
  deleteMaintenance: (id: string, entry: string) =>
    data(client.DELETE('/equipment/{id}/maintenance/{entry}', { params: { path: { id, entry } } })),

  operations: (cursor?: string) =>
    data(client.GET('/admin/ops-logs', { params: { query: { limit: 50, cursor } } })),

  outlets: () => data(client.GET('/notifications/outlets')),
  outlet: (kind: OutletKind) =>
    data(client.GET('/notifications/outlets/{kind}', { params: { path: { kind } } })),
  changeOutlet: (kind: OutletKind, body: OutletInput) =>
    data(client.PUT('/notifications/outlets/{kind}', { params: { path: { kind } }, body })),
  tryOutlet: (kind: OutletKind, body: OutletTest) =>
    data(client.POST('/notifications/outlets/{kind}/test', { params: { path: { kind } }, body })),
  policies: () => data(client.GET('/notifications/policies')),
  addPolicy: (body: PolicyInput) => data(client.POST('/notifications/policies', { body })),
  changePolicy: (id: string, body: PolicyInput) =>
    data(client.PUT('/notifications/policies/{id}', { ...at(id), body })),
  deletePolicy: (id: string) => data(client.DELETE('/notifications/policies/{id}', at(id))),
  notificationSettings: () => data(client.GET('/notifications/settings')),
  changeNotificationSettings: (body: NotificationSettings) =>
    data(client.PUT('/notifications/settings', { body })),
  deliveryLog: (query: DeliveryQuery) =>
    data(client.GET('/notifications/log', { params: { query } })),
  retryDelivery: (id: string) => data(client.POST('/notifications/log/{id}/retry', at(id))),

  alerts: (query: AlertQuery) => data(client.GET('/alerts', { params: { query } })),
  alert: (id: string) => data(client.GET('/alerts/{id}', at(id))),
  shelvedAlerts: () => data(client.GET('/alerts/shelved')),
  alertQuality: (query: { from?: string; to?: string }) =>
    data(client.GET('/alerts/quality', { params: { query } })),
  /** The revision that was seen goes along: what changed since is refused. */
  acknowledge: (id: string, revision: number, notes: string | null) =>
    data(client.POST('/alerts/{id}/acknowledge', { ...at(id), body: { revision, notes } })),
  acknowledgeAll: (alerts: { id: string; revision: number }[], notes: string | null) =>
    data(client.POST('/alerts/acknowledge', { body: { alerts, notes } })),
  resolveAlert: (id: string, note: string | null) =>
    data(client.POST('/alerts/{id}/resolve', { ...at(id), body: { note } })),
  shelveAlert: (id: string, seconds: number, reason: string) =>
    data(client.POST('/alerts/{id}/shelve', { ...at(id), body: { seconds, reason } })),
  unshelveAlert: (id: string) =>
    data(client.POST('/alerts/{id}/unshelve', { ...at(id), body: {} })),
  suppressAlert: (id: string, reason: string) =>
    data(client.POST('/alerts/{id}/suppress', { ...at(id), body: { reason } })),
  unsuppressAlert: (id: string) =>
    data(client.POST('/alerts/{id}/unsuppress', { ...at(id), body: {} })),
  takeAlertOutOfService: (id: string, reason: string) =>
    data(client.POST('/alerts/{id}/out-of-service', { ...at(id), body: { reason } })),
  putAlertInService: (id: string) =>
    data(client.POST('/alerts/{id}/in-service', { ...at(id), body: {} })),
  commentAlert: (id: string, words: string) =>
    data(client.POST('/alerts/{id}/comment', { ...at(id), body: { text: words } })),

  allAlertRules: () =>
    everyPage((query) => data(client.GET('/alert-rules', { params: { query } }))),
  alertRule: (id: string) => data(client.GET('/alert-rules/{id}', at(id))),
  addAlertRule: (body: AlertRuleInput) => data(client.POST('/alert-rules', { body })),
  changeAlertRule: (id: string, body: AlertRuleInput) =>
    data(client.PUT('/alert-rules/{id}', { ...at(id), body })),
  deleteAlertRule: (id: string) => data(client.DELETE('/alert-rules/{id}', at(id))),
  alertTemplates: (equipment_id: string) =>
    data(client.GET('/alert-rules/templates', { params: { query: { equipment_id } } })),
  rehearse: (rule: AlertRuleInput, days: number) =>
    data(client.POST('/alert-rules/rehearse', { body: { rule, days } })),

  mqtt: () => data(client.GET('/mqtt')),
  changeMqtt: (body: MqttInput) => data(client.PUT('/mqtt', { body })),
  testMqtt: (topic: string, payload: string, mappings: MqttMapping[]) =>
    data(client.POST('/mqtt/test', { body: { topic, payload, mappings } })),

  energyTree: () => data(client.GET('/energy/tree')),
  replaceEnergyTree: (body: NewEnergyTree) => data(client.PUT('/energy/tree', { body })),
  energyBalance: (query: EnergyRange) => data(client.GET('/energy/balance', { params: { query } })),
  energyFlow: (query: EnergyRange) => data(client.GET('/energy/flow', { params: { query } })),
  energyCost: (query: CostQuery) => data(client.GET('/energy/cost', { params: { query } })),
  ...billCalls,
  energyDemand: () => data(client.GET('/energy/demand')),
  energyPeaks: (query: PeaksQuery) => data(client.GET('/energy/peaks', { params: { query } })),
  tariffs: () => data(client.GET('/energy/tariffs')),
  tariffExamples: () => data(client.GET('/energy/tariff-examples')),
  addTariff: (body: NewTariff) => data(client.POST('/energy/tariffs', { body })),
  changeTariff: (id: string, body: TariffChange) =>
    data(client.PUT('/energy/tariffs/{id}', { ...at(id), body })),
  deleteTariff: (id: string) => data(client.DELETE('/energy/tariffs/{id}', at(id))),

  ...configuration,
  ...performance,

  today: () => data(client.GET('/dashboard/today')),
  usual: () => data(client.GET('/dashboard/usual')),
  // No screen draws the voltage that every point has else: one that is drawn is asked for by metric.
  history: (query: HistoryQuery) =>
    data(
      client.GET('/historical/consumption', { params: { query: { voltage: false, ...query } } }),
    ),
  historySeries: (query: SeriesQuery = {}) =>
    data(client.GET('/historical/series', { params: { query } })),
  exportHistory: (query: ExportQuery) =>
    file(client.GET('/historical/export', { params: { query }, parseAs: 'blob' })),
};

export { ApiError, reworded } from './errors';
export type { FieldError } from './errors';
export { holdFor, holdLogin, refreshLogin } from './client';
export { whenAway, whenProofIsWanted, whenSessionEnds } from './client';
