/** The roster as a calendar: turns and gaps by cell, role and day, and what putting one upon another means. Pure. */
import type { ScheduleItem } from '../api/types'
import type { Draft } from './roster'
import { DAY, HOUR, instant, midnight, wall, type Instant } from './time'

export interface Turn {
  item: ScheduleItem
  key: string
  /** Of this day only: a night turn stands in both days. */
  from: Instant
  until: Instant
}

export interface CalendarRow {
  cell: string
  role: string
  /** One list a day, in the order of time. */
  days: Turn[][]
  gaps: number
}

const begin = (item: ScheduleItem): Instant => instant(item.from) ?? 0
const end = (item: ScheduleItem): Instant => instant(item.until) ?? 0

/** The midnight of this zone that begins the week, a Monday. */
export function mondayOf(at: Instant, zone: string): Instant {
  const today = midnight(at, zone)
  const { year, month, day } = wall(today + 12 * HOUR, zone)
  const weekday = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7
  return midnight(today - weekday * DAY + 12 * HOUR, zone)
}

/** Midnights of so many days; days have other lengths where clocks change. */
export function daysFrom(first: Instant, count: number, zone: string): Instant[] {
  return Array.from({ length: count }, (_, index) => midnight(first + index * DAY + 12 * HOUR, zone))
}

export function calendarRows(items: readonly ScheduleItem[], days: readonly Instant[], zone: string): CalendarRow[] {
  const rows = new Map<string, CalendarRow>()
  for (const item of items) {
    const key = `${item.cell}\n${item.role}`
    const row = rows.get(key) ?? { cell: item.cell, role: item.role, days: days.map(() => []), gaps: 0 }
    rows.set(key, row)
    if (item.gap) row.gaps += 1
    days.forEach((day, index) => {
      const next = days[index + 1] ?? midnight(day + DAY + 12 * HOUR, zone)
      const from = Math.max(begin(item), day)
      const until = Math.min(end(item), next)
      if (from < until) row.days[index]?.push({ item, key: `${key}\n${item.from}`, from, until })
    })
  }
  return [...rows.values()].sort((a, b) => Number(b.gaps > 0) - Number(a.gaps > 0))
}

/** An instant as a field of a form takes it. */
export function toWall(at: Instant, zone: string): string {
  const { year, month, day, hour, minute } = wall(at, zone)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`
}

/** Whose turn it is: the first of those called together; in a gap who is missing. */
export const holder = (item: ScheduleItem): string => (item.gap ? item.missing[0]?.id : item.people[0]?.id) ?? ''

type Change = Partial<Draft>

/** A turn that was chosen: leave of who holds it; a gap asks for somebody to cover it. */
export function changeOf(item: ScheduleItem, zone: string): Change {
  const times = { from: toWall(begin(item), zone), until: toWall(end(item), zone), backFrom: '', backUntil: '', other: '' }
  return { kind: item.gap ? 'cover' : 'leave', person: holder(item), ...times }
}

/** A turn put upon another: a gap is covered by who holds it, two people exchange theirs; null where that means nothing. */
export function changeBy(moved: ScheduleItem, upon: ScheduleItem, zone: string): Change | null {
  const person = holder(moved)
  if (!person || moved.gap || person === holder(upon)) return null
  if (upon.gap) return holder(upon) ? { ...changeOf(upon, zone), kind: 'cover', other: person } : null
  return {
    ...changeOf(moved, zone),
    kind: 'swap',
    other: holder(upon),
    backFrom: toWall(begin(upon), zone),
    backUntil: toWall(end(upon), zone),
  }
}

/** A person put upon a turn: covers it. */
export function changeTo(person: string, upon: ScheduleItem, zone: string): Change | null {
  if (!holder(upon) || holder(upon) === person) return null
  return { ...changeOf(upon, zone), kind: 'cover', other: person }
}
