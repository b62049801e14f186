/** The roster page: who is on duty now and next for each cell and role, gaps in front; and the bodies of its forms. */
import type { OverrideBody, ScheduleItem, SwapBody } from '../api/types'
import { fromWall } from './silence'
import { instant, wall, type Instant } from './time'

export interface RosterRow {
  cell: string
  role: string
  now: ScheduleItem | null
  next: ScheduleItem | null
  gaps: ScheduleItem[]
  /** What is now lasts to the end of the period that the server sent: its own end is not known. */
  open: boolean
}

const begin = (item: ScheduleItem): Instant => instant(item.from) ?? 0
const end = (item: ScheduleItem): Instant => instant(item.until) ?? 0

/** One row for each cell and role, in the order of the schedule; those with a gap stand in front, the soonest first. */
export function rosterRows(items: readonly ScheduleItem[], at: Instant): RosterRow[] {
  const rows = new Map<string, RosterRow>()
  const last = Math.max(0, ...items.map(end))
  for (const item of items) {
    const key = `${item.cell}\n${item.role}`
    const row = rows.get(key) ?? { cell: item.cell, role: item.role, now: null, next: null, gaps: [], open: false }
    rows.set(key, row)
    if (end(item) <= at) continue
    if (item.gap) row.gaps.push(item)
    if (begin(item) > at) row.next ??= item
    else if (!row.now) {
      row.now = item
      row.open = end(item) === last
    }
  }
  const first = (row: RosterRow): Instant => (row.gaps[0] ? begin(row.gaps[0]) : Infinity)
  return [...rows.values()].sort((a, b) => Number(first(a) > first(b)) - Number(first(a) < first(b)))
}

export interface Draft {
  kind: 'leave' | 'cover' | 'swap'
  person: string
  other: string
  from: string
  until: string
  backFrom: string
  backUntil: string
  leave: string
  reason: string
}

/** The hours of a form as RFC 3339; null while one is missing or they are in the wrong order. */
function hours(from: string, until: string, zone: string): { from: string; until: string } | null {
  const begins = fromWall(from, zone)
  const ends = fromWall(until, zone)
  if (begins === null || ends === null || ends <= begins) return null
  return { from: new Date(begins).toISOString(), until: new Date(ends).toISOString() }
}

/** Whole days of a leave that begins `after` days from today, for the fields of the form. */
export function wholeDays(now: Instant, zone: string, after: number, days: number): Pick<Draft, 'from' | 'until'> {
  const { year, month, day } = wall(now, zone)
  const at = (offset: number): string => `${new Date(Date.UTC(year, month - 1, day + offset)).toISOString().slice(0, 10)}T00:00`
  return { from: at(after), until: at(after + days) }
}

/** The body of a leave or cover; null while a required field is missing. The kind of a leave is a reason. */
export function overrideBody(draft: Draft, zone: string): OverrideBody | null {
  const times = hours(draft.from, draft.until, zone)
  const reason = draft.reason.trim() || (draft.kind === 'leave' ? draft.leave : '')
  if (draft.kind === 'swap' || !times || !draft.person || !reason || draft.person === draft.other) return null
  if (draft.kind === 'cover' && !draft.other) return null
  const substitute = draft.other ? { substitute: draft.other } : {}
  const leave = draft.kind === 'leave' ? { leave: draft.leave } : {}
  return { kind: draft.kind, person: draft.person, ...times, ...substitute, ...leave, reason }
}

/** The body of a swap; null while a required field is missing. */
export function swapBody(draft: Draft, zone: string): SwapBody | null {
  const times = hours(draft.from, draft.until, zone)
  const reason = draft.reason.trim()
  if (!times || !draft.person || !draft.other || draft.person === draft.other || !reason) return null
  const back = draft.backFrom || draft.backUntil ? hours(draft.backFrom, draft.backUntil, zone) : undefined
  if (back === null) return null
  const returned = back ? { back_from: back.from, back_until: back.until } : {}
  return { asker: draft.person, other: draft.other, ...times, ...returned, reason }
}
