/** The shapes the server sends, by the names the pages use. They are generated from the OpenAPI document (`make api`). */
import type { AlertItem, paths } from './schema'

export type {
  AlertDetail,
  AlertItem,
  Cell,
  PersonAtRisk,
  Contact,
  Deadline,
  Device,
  Duty,
  ExchangeMessage,
  ExchangeTarget,
  OutsideSystem,
  PhotoView,
  ReportDetail,
  ReportItem,
  EvidenceLine as Evidence,
  LatchedFinding,
  Ledger,
  Matchers,
  NamedReference,
  Person,
  PlaceGroup,
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
export type OverrideBody = Body<paths['/api/v1/rosters/overrides']['post']>
export type SwapBody = Body<paths['/api/v1/rosters/swaps']['post']>
export type SwapAnswer = Body<paths['/api/v1/swap']['post']>
export type SilenceBody = Body<paths['/api/v1/silences']['post']>
export type LoginBody = Body<paths['/api/v1/session']['post']>

type Filter<Operation> = Operation extends { parameters: { query?: infer Found } } ? Omit<NonNullable<Found>, 'limit' | 'next' | 'cursor'> : never

export type AlertFilter = Filter<paths['/api/v1/alerts']['get']>
export type ReadingFilter = Filter<paths['/api/v1/devices/{device_id}/readings']['get']>
export type GroupFilter = Filter<paths['/api/v1/places/summary']['get']>

export type ReportFilter = Filter<paths['/api/v1/reports']['get']>

export type WhyQuery = NonNullable<paths['/api/v1/why']['get']['parameters']['query']>
