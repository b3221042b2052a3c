// The words of the API contract under short names. Their shapes come from the appliance's own
// document; `npm run api` makes schema.gen.ts from openapi.json.
import type { Answer } from './answer';
import type { components, paths } from './schema.gen';

type Schemas = components['schemas'];

export type Permission = Schemas['Permission'];
export type User = Answer<Schemas['User']>;
export type Site = Answer<Schemas['Site']>;
export type SiteChange = Schemas['SiteChange'];
export type StorageUse = Answer<Schemas['StorageUse']>;
export type Keep = Schemas['Keep'];
export type Correction = Answer<Schemas['Correction']>;
export type CorrectionInput = Schemas['Asked'];
export type SetupState = Answer<Schemas['SetupState']>;
export type SetupRequest = Schemas['SetupRequest'];
export type LoginRequest = Schemas['LoginRequest'];
export type StepUp = Schemas['StepUp'];
export type SecondStep = Schemas['SecondStep'];
export type Login = Pick<Answer<Schemas['SessionAnswer']>, 'token' | 'expires_in' | 'user'>;

export type Role = Schemas['Role'];
export type Reach = Schemas['Reach'];
export type RoleRow = Answer<Schemas['RoleRow']>;
export type Account = Answer<Schemas['Account']>;
export type AccountState = Schemas['AccountState'];
export type AccountChange = Schemas['AccountChange'];
export type Invitation = Schemas['Invitation'];
export type Invited = Answer<Schemas['Invited']>;
export type OneTimeCode = Answer<Schemas['OneTimeCode']>;
export type ResetCode = Answer<Schemas['ResetRequest']>;
export type Session = Answer<Schemas['SessionView']>;
export type NewFactor = Answer<Schemas['NewFactor']>;
export type Scope = Schemas['Scope'];
export type ApiToken = Answer<Schemas['ApiToken']>;
export type MadeApiToken = Answer<Schemas['MadeApiToken']>;
export type NewApiToken = Schemas['NewApiToken'];
export type PairingCode = Answer<Schemas['PairingCode']>;
export type KioskApproval = Schemas['KioskApproval'];
export type SiteWishes = Schemas['SiteWishes'];
export type Kiosk = Answer<Schemas['KioskView']>;
export type KioskChange = Schemas['KioskChange'];
export type WallArrangement = Answer<Schemas['Arrangement']>;
export type Backups = Answer<Schemas['BackupsShown']>;
export type Backup = Answer<Schemas['BackupShown']>;
export type BackupSettings = Schemas['BackupSettings'];
export type BackupChange = Schemas['BackupChange'];
export type Beginning = Schemas['Beginning'];
export type LetIn = Schemas['LetIn'];
export type Https = Answer<Schemas['Https']>;
export type System = Answer<Schemas['System']>;
export type SystemCheck = Answer<Schemas['SystemCheck']>;
export type Job = Answer<Schemas['Job']>;
export type Standing = Answer<Schemas['Standing']>;
export type StagedUpdate = Answer<Schemas['Staged']>;
export type UpdateOnStick = Answer<Schemas['OnStick']>;

export type EquipmentStatus = Schemas['Status'];
export type EquipmentSummary = Answer<Schemas['EquipmentSummary']>;
export type Equipment = Answer<Schemas['EquipmentDetail']>;
export type EquipmentInput = Schemas['NewEquipment'];
export type EquipmentChange = Schemas['EquipmentChange'];
export type Photo = Schemas['PhotoAnswer'];
export type Document = Answer<Schemas['DocumentAnswer']>;
export type Modbus = Schemas['Modbus'];
export type Register = Schemas['ModbusRegister'];

export type MaintenanceEntry = Answer<Schemas['MaintenanceEntry']>;
export type MaintenanceInput = Schemas['NewMaintenance'];
export type MaintenanceKind = Schemas['MaintenanceKind'];
export type Operation = Answer<Schemas['Operation']>;
export type MeterEvent = Answer<Schemas['MeterEvent']>;
export type MeterExchange = Schemas['Exchange'];
export type MeterRatio = Schemas['Ratio'];

export type Quality = Schemas['Quality'];
export type Phase = 'L1' | 'L2' | 'L3';
export type SocketValue = Answer<Schemas['LiveValue']>;
export type LiveValue = Answer<Schemas['RegisterValue']>;
export type Link = Answer<Schemas['Link']>;
export type EquipmentLive = Answer<Schemas['LiveAnswer']>;

export type LineState = Schemas['LineState'];
export type Line = Answer<Schemas['LineAnswer']>;
export type LineDetail = Answer<Schemas['LineDetail']>;
export type LineDevice = Answer<Schemas['LineDeviceAnswer']>;
export type Tally = Answer<Schemas['Tally']>;
export type Frame = Answer<Schemas['FrameAnswer']>;
export type Outcome = Schemas['Outcome'];
export type FramesFormat = 'csv' | 'jsonl';
export type Doctor = Answer<Schemas['DoctorAnswer']>;
export type Diagnosis = Answer<Schemas['Diagnosis']>;
export type Severity = Schemas['Severity'];

export type Profile = Answer<Schemas['ProfileSummary']>;
export type ProfileDetail = Answer<Schemas['ProfileDetail']>;
export type ProfileFile = Schemas['ProfileFile'];
export type ProfileQuery = NonNullable<paths['/profiles']['post']['parameters']['query']>;
export type TestRead = Answer<Schemas['TestRead']>;
export type TestValue = TestRead['values'][number];
export type Plausibility = Answer<Schemas['Plausibility']>;
export type Finding = Answer<Schemas['Finding']>;
export type SerialPort = Answer<Schemas['SerialPort']>;
export type ScanRequest = Schemas['ScanRequest'];
export type Scan = Answer<Schemas['Scan']>;
export type ScanFind = Answer<Schemas['Find']>;
export type QualityDay = Answer<Schemas['QualityDay']>;
export type TakenReading = Answer<Schemas['TakenReading']>;
export type NewReport = Schemas['NewReport'];
export type Report = Answer<Schemas['Report']>;

export type DashboardMetrics = Answer<Schemas['DashboardMetrics']>;
export type DashboardToday = Answer<Schemas['Today']>;
export type SiteUsual = Answer<Schemas['SiteUsual']>;
export type UsualRange = Answer<Schemas['UsualRange']>;
export type HistoryPoint = Schemas['HistoryPoint'];
export type History = Schemas['HistoryWindow'];
export type HistorySeries = Answer<Schemas['HistorySeries']>;

export type Device = Answer<Schemas['PushDevice']>;
export type DeviceStatus = Schemas['PushDeviceStatus'];
export type MadeDevice = Answer<Schemas['MadeDevice']>;
export type DeviceInput = Schemas['NewDevice'];
export type ColdCell = Answer<Schemas['ColdCellNow']>;
export type ColdProbe = Answer<Schemas['ProbeNow']>;
export type ColdCustomer = Answer<Schemas['CustomerNow']>;
export type TakenOver = Answer<Schemas['TakenOver']>;
export type ColdCurve = Answer<Schemas['ColdCurve']>;
export type ColdExcursion = Answer<Schemas['Excursion']>;
export type ColdDeviceInput = Schemas['NewColdDevice'];
export type ColdOwner = Answer<Schemas['ColdCustomer']>;
export type ColdOwnerInput = Schemas['NewColdCustomer'];
export type ColdPlace = Answer<Schemas['ColdLocation']>;
export type ColdPlaceInput = Schemas['NewColdLocation'];
export type ColdCellInput = Schemas['NewColdCell'];
export type ColdCertificate = Answer<Schemas['Calibration']>;
export type ColdCertificateInput = Schemas['NewCalibration'];
export type ColdImport = Answer<Schemas['ImportedCells']>;
export type ColdReview = Schemas['NewReview'];
export type DeviceChange = Schemas['DeviceChange'];
export type Level = Schemas['Level'];
export type Weekday = Schemas['Weekday'];
export type OutletKind = Schemas['OutletKind'];
export type Outlet = Answer<Schemas['OutletShown']>;
export type OutletInput = Schemas['OutletChange'];
export type OutletTest = Schemas['OutletTest'];
export type OutletTried = Answer<Schemas['OutletTried']>;
export type Policy = Answer<Schemas['NotificationPolicy']>;
export type PolicyInput = Schemas['NewPolicy'];
export type PolicyRecipient = Schemas['Recipient'];
export type NotificationSettings = Schemas['NotificationSettings'];
export type Delivery = Answer<Schemas['Delivery']>;
export type DeliveryState = Schemas['LetterState'];
export type DeliveryQuery = NonNullable<paths['/notifications/log']['get']['parameters']['query']>;

export type Alert = Answer<Schemas['Alert']>;
export type AlertState = Schemas['AlertState'];
export type AlertDetail = Answer<Schemas['AlertDetail']>;
export type AlertTransition = Answer<Schemas['AlertTransition']>;
export type AlertQuality = Answer<Schemas['AlertQuality']>;
export type AlertRule = Answer<Schemas['AlertRuleShown']>;
export type AlertRuleInput = Schemas['NewAlertRule'];
export type AlertTemplate = Answer<Schemas['AlertRuleTemplate']>;
export type AlertRehearsal = Answer<Schemas['AlertRehearsal']>;
export type Operator = Schemas['Operator'];

export type Mqtt = Answer<Schemas['MqttShown']>;
export type MqttStatus = Answer<Schemas['MqttStatus']>;
export type MqttMessage = Answer<Schemas['MqttMessage']>;
export type MqttMapping = Schemas['MqttMapping'];
export type MqttInput = Schemas['MqttChange'];
export type MqttTest = Answer<Schemas['MqttTestResult']>;

export type EnergyBalance = Answer<Schemas['Balance']>;
export type BalanceNode = Answer<Schemas['BalanceNode']>;
export type EnergyFlow = Answer<Schemas['EnergyFlow']>;
export type FlowEdge = Answer<Schemas['FlowEdge']>;
export type EnergyCost = Answer<Schemas['EnergyCost']>;
export type EnergyPeaks = Answer<Schemas['Peaks']>;
export type NamedLoad = Answer<Schemas['NamedLoad']>;
export type EnergyTree = Answer<Schemas['EnergyTree']>;
export type NewEnergyTree = Schemas['NewTree'];
export type TreeNode = Schemas['Node'];
export type TreePart = Schemas['Part'];
export type VirtualMeter = Schemas['VirtualMeter'];
export type DemandNow = Answer<Schemas['DemandNow']>;
export type TwinLine = Answer<Schemas['TwinLine']>;
export type EnergyDemand = Answer<Schemas['Demand']>;
export type Tariff = Answer<Schemas['Tariff']>;
export type TariffRules = Schemas['Rules'];
export type TariffExample = Answer<Schemas['TariffExample']>;
export type NewTariff = Schemas['NewTariff'];
export type TariffChange = Schemas['TariffChange'];
export type EnergyBill = Answer<Schemas['Bill']>;
export type TypedBill = Schemas['TypedBill'];
export type TypedLine = Schemas['TypedLine'];
export type BillTwin = Answer<Schemas['BillTwin']>;

export type Enpi = Answer<Schemas['Enpi']>;
export type NewEnpi = Schemas['NewEnpi'];
export type EnpiVariable = Schemas['Variable'];
export type EnpiEvaluation = Answer<Schemas['Evaluation']>;
export type EnpiBaseline = Answer<Schemas['Baseline']>;
export type EnpiBaselineHead = Answer<Schemas['BaselineHead']>;
export type NewBaseline = Schemas['NewBaseline'];
export type NewAdjustment = Schemas['NewAdjustment'];
export type FitQuality = Answer<Schemas['FitQuality']>;
export type ModelCoefficient = Answer<Schemas['Coefficient']>;
export type ProductionEntry = Schemas['ProductionEntry'];
export type ProductionReport = Answer<Schemas['ProductionReport']>;
export type PlanItem = Answer<Schemas['PlanItem']>;
export type NewPlanItem = Schemas['NewPlanItem'];
export type PlanProgress = Answer<Schemas['PlanProgress']>;
export type CarbonFactors = Answer<Schemas['CarbonFactors']>;
export type NewCarbonFactors = Schemas['NewCarbonFactors'];
export type IdleLedger = Answer<Schemas['IdleLedger']>;

export type AuditEntry = Answer<Schemas['ShownEntry']>;
export type SecurityDashboard = Answer<Schemas['SecurityDashboard']>;
export type SecurityThreat = Answer<Schemas['Threat']>;
export type SecurityEvent = Answer<Schemas['SecurityEvent']>;
export type SecurityKey = Answer<Schemas['SecurityKey']>;
export type SecurityFinding = Answer<Schemas['SecurityFinding']>;
export type RefusedSource = Answer<Schemas['RefusedSource']>;
export type ComplianceCheck = Answer<Schemas['ComplianceCheck']>;

type Asked =
  | '/alerts'
  | '/audit'
  | '/security/events'
  | '/energy/balance'
  | '/energy/bill'
  | '/energy/carbon'
  | '/energy/cost'
  | '/energy/idle'
  | '/energy/peaks'
  | '/energy/power-quality'
  | '/energy/production'
  | '/equipment'
  | '/historical/consumption'
  | '/historical/export'
  | '/historical/series'
  | '/lines/{key}/frames';
type Query<Path extends Asked> = NonNullable<paths[Path]['get']['parameters']['query']>;
export type AlertQuery = Query<'/alerts'>;
export type AuditQuery = Query<'/audit'>;
export type SecurityEventQuery = Query<'/security/events'>;
export type AuditFormat = 'csv' | 'json';
export type FramesQuery = Query<'/lines/{key}/frames'>;
export type EquipmentQuery = Query<'/equipment'>;
export type HistoryQuery = Query<'/historical/consumption'>;
export type ExportQuery = Query<'/historical/export'>;
export type EnergyRange = Query<'/energy/balance'>;
export type CostQuery = Query<'/energy/cost'>;
export type BillQuery = Query<'/energy/bill'>;
export type PeaksQuery = Query<'/energy/peaks'>;
export type SeriesQuery = Query<'/historical/series'>;
export type CarbonQuery = Query<'/energy/carbon'>;
export type IdleQuery = Query<'/energy/idle'>;
export type VoltageQuery = Query<'/energy/power-quality'>;
export type ProductionQuery = Query<'/energy/production'>;
export type ExportFormat = 'csv' | 'excel';
export type Resolution =
  | 'raw'
  | '1min'
  | '5min'
  | '15min'
  | '30min'
  | '1hour'
  | '2hour'
  | '6hour'
  | 'daily'
  | 'weekly'
  | 'monthly'
  | 'auto';

export type StoredReport = Answer<Schemas['StoredReport']>;
export type ReportTemplate = Answer<Schemas['ReportTemplate']>;
export type ReportOrder = Schemas['ReportOrder'];
export type ReportPlan = Schemas['ReportPlan'];
export type BillLine = Schemas['BillLine'];
export type BillReason = Schemas['BillReason'];
export type ReportSpan = Schemas['ReportSpan'];
export type ReportFormat = Schemas['ReportFormat'];
export type ReportSchedule = Answer<Schemas['ReportSchedule']>;
export type ReportBlock = Answer<Schemas['ReportBlock']>;
export type ReportCell = Schemas['ReportCell'];
export type ReportHolds = Schemas['ReportColumnHolds'];
export type ReportScene = Answer<Schemas['ReportScene']>;
export type ReportInk = Schemas['ReportInk'];
export type Recomputed = Answer<Schemas['RecomputedReport']>;
