/** The shapes the server sends, by the names the pages use. They are generated from the OpenAPI document (`make api`). */
import type { AlertItem, paths } from './schema'

export type {
  AlertDetail,
  AlertItem,
  AuditEntry,
  Cell,
  PersonAtRisk,
  Contact,
  Deadline,
  ActiveFinding,
  Battery,
  Device,
  DeviceDetail,
  DeviceItem,
  DevicePage,
  DoctorReport,
  QuantityRollup,
  Refusal,
  RefusalPage,
  SystemCheck,
  SystemState,
  UnmappedField,
  UnregisteredDevice,
  Duty,
  ExchangeMessage,
  ExchangeTarget,
  NewToken,
  OpenSession,
  OutsideSystem,
  PhotoView,
  ReportDetail,
  ReportItem,
  ReportPage,
  EvidenceLine as Evidence,
  LatchedFinding,
  Ledger,
  Matchers,
  NamedReference,
  Person,
  Geometry,
  OverviewPlace,
  PlaceGroup,
  PlaceOverview,
  Rotation,
  Override as RosterOverride,
  ScheduleItem,
  Swap,
  ReadingPoint,
  Rule,
  Session,
  Severity,
  Silence,
  State,
  Statistics,
  Status,
  TimelineEntry as TimelineItem,
  Token,
  User,
  UserWithPassword,
  NotifiedPerson,
  Why,
} from './schema'

export type Action = AlertItem['allowed'][number]
export type Value = number | boolean | string

/** A part of a list; `next` asks for the rest. */
export interface Page<T> {
  items: T[]
  next: string | null
}

type Body<Operation> = Operation extends { requestBody?: { content: { 'application/json': infer Found } } } ? Found : never

/** Photos are sent on their own. */
export type ActBody = Omit<Body<paths['/api/v1/alerts/{alert_id}/{action}']['post']>, 'photo' | 'photos'>
/** Who verifies a report, and a remark. */
export type VerifyBody = Body<paths['/api/v1/reports/{report_id}/verify']['post']>
export type OverrideBody = Body<paths['/api/v1/rosters/overrides']['post']>
export type SwapBody = Body<paths['/api/v1/rosters/swaps']['post']>
export type SwapAnswer = Body<paths['/api/v1/swap']['post']>
export type SilenceBody = Body<paths['/api/v1/silences']['post']>
export type LoginBody = Body<paths['/api/v1/session']['post']>

type Filter<Operation> = Operation extends { parameters: { query?: infer Found } } ? Omit<NonNullable<Found>, 'limit' | 'next' | 'cursor'> : never

export type AlertFilter = Filter<paths['/api/v1/alerts']['get']>
export type ReadingFilter = Filter<paths['/api/v1/devices/{device_id}/readings']['get']>
export type DeviceFilter = Filter<paths['/api/v1/devices']['get']>
export type RollupFilter = Filter<paths['/api/v1/devices/{device_id}/rollups']['get']>
export type RefusalFilter = Filter<paths['/api/v1/refusals']['get']>
export type ReplaceBody = Body<paths['/api/v1/devices/{device_id}/replace']['post']>
export type ReplayBody = Body<paths['/api/v1/refusals/replay']['post']>
type OneOrMany<T> = T extends unknown[] ? never : T
export type NewDevice = OneOrMany<Body<paths['/api/v1/devices']['post']>>
export type GroupFilter = Filter<paths['/api/v1/places/summary']['get']>

export type ReportFilter = Filter<paths['/api/v1/reports']['get']>

export type WhyQuery = NonNullable<paths['/api/v1/why']['get']['parameters']['query']>
export type UserBody = Body<paths['/api/v1/users']['post']>
export type UserChange = Body<paths['/api/v1/users/{user_id}']['patch']>
export type TokenBody = Body<paths['/api/v1/tokens']['post']>
export type AuditFilter = NonNullable<paths['/api/v1/audit']['get']['parameters']['query']>
