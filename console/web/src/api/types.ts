/** The shapes the server sends (design.md section 4). Optional fields may be missing; the screen then says less. */

export type Severity = 'critical' | 'high' | 'medium' | 'low'
export type Ledger = 'danger' | 'health'
export type State =
  | 'open'
  | 'acknowledged'
  | 'on_site'
  | 'resolved'
  | 'verified'
  | 'closed'
  | 'returned'
  | 'shelved'
export type Action =
  | 'acknowledge'
  | 'pass'
  | 'arrive'
  | 'resolve'
  | 'verify'
  | 'close'
  | 'return'
  | 'reopen'
  | 'shelve'
  | 'assign'
  | 'comment'

export type Value = number | boolean | string

export interface Deadline {
  what: 'take' | 'arrive' | 'resolve'
  at: string
  /** When it began to run, where the server says so. */
  since?: string | null
}
export interface Told {
  name: string
  role: string
  channel: string
  state: string
  at: string | null
}
export interface Evidence {
  quantity: string
  value: Value | null
  unit?: string
  limit?: Value | null
  at?: string | null
  /** The whole line as a person reads it, in both languages. */
  text?: string
  text_en?: string
}
export interface PersonRef {
  id: string
  name: string
}
export interface Named {
  id: string
  name: string
}
export interface AlertItem {
  id: string
  rule: string
  title: string
  title_en?: string | null
  severity: Severity
  ledger: Ledger
  state: State
  device: string | null
  place: string | null
  /** On the map: the compound, and in it the building (or road, or what lies just below). */
  spot?: { group: Named; tile: Named } | null
  /** The grid cell that answers for its place. */
  cell?: string | null
  subject: { type: string; id: string }
  started_at: string
  opened_at: string
  updated_at?: string
  address?: string
  advice?: string
  hazard?: string
  stale?: boolean
  recovered?: boolean
  owner?: PersonRef | null
  taken_at?: string | null
  joined?: number
  deadline?: Deadline | null
  next_step_at?: string | null
  told?: Told[]
  late_ms?: number
  evidence?: Evidence[]
  allowed?: Action[]
}
export interface TimelineItem {
  at: string
  kind: string
  text: string
  channel?: string | null
  state?: string | null
}
export interface Contact {
  name: string
  role?: string
  /** Of the family: what they are to the person. */
  relation?: string
  phone: string
}
/** Somebody who may need help, with what matters for helping; masked for whoever need not know. */
export interface Concerned {
  name: string
  care: Array<{ name: string; label: string; label_en: string; value: Value }>
}
export interface AlertDetail extends AlertItem {
  timeline: TimelineItem[]
  contacts?: Contact[]
  concerned?: Concerned[]
  /** Every name on the way to its place, outermost first. */
  path?: string[]
  /** GCJ-02. */
  lon?: number | null
  lat?: number | null
}
/** A compound (or what stands for one) as the wall draws it: its buildings, or how many they are. */
export interface PlaceGroup extends Named {
  open: number
  worst: Severity | null
  tiles: Named[] | number
}
export interface Device {
  id: string
  kind: string
  model?: string | null
  place?: string | null
  attributes?: Record<string, Value>
}
export interface ReadingPoint {
  at: string
  quantity: string
  value: Value
  unit?: string | null
  quality?: string
}
export interface Session {
  role: string
  person?: PersonRef | null
  alert?: string | null
  site: { name: string; timezone: string }
}
export interface Status {
  connected?: boolean
  last_reading_at?: string | null
  readings_per_s?: number | null
  /** Names by role: who is asked first just now. */
  on_duty?: Record<string, string[]> | null
  detect_to_send_ms?: number | null
  /** Why what devices say cannot be kept just now; empty when all is well. */
  journal_error?: string
}
export interface Page<T> {
  items: T[]
  next: string | null
}
export interface Person {
  id: string
  name: string
}
export interface Rule {
  name: string
  kinds: string[]
  severity: Severity
  when: string
  state?: string
}
export interface Cell {
  id: string
  parent: string | null
}
/** One line of the roster. */
export interface Duty {
  person: string
  role: string
  cell: string
  absent?: boolean
}

/** A finding that stands until a person resets it. */
export interface Latched {
  finding: string
  rule: string
  title: string
  title_en: string
  device: string
}

/** What a silence covers: everything that is named must be equal. */
export interface Matchers {
  rule?: string
  hazard?: string
  kind?: string
  device?: string
  place?: string
  ledger?: string
  severity?: Severity
}
/** Planned: what it covers tells nobody while it lasts. */
export interface Silence {
  id: string
  matchers: Matchers
  /** Of its place, as a worker reads it. */
  address: string | null
  /** Of its rule. */
  title: string | null
  from: string
  until: string
  reason: string
  by: PersonRef
  ended_at: string | null
  state: 'active' | 'pending' | 'expired'
  /** Findings that it covered. */
  suppressed: number
}
