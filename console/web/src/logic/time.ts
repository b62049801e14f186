/** Formats instants and durations. Pure: `now` and the time zone are arguments. */

export type Instant = number

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export function instant(text: string | null | undefined): Instant | null {
  if (!text) return null
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}

interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  weekday: number
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  formatters.set(zone, made)
  return made
}

/** What a clock on the wall of this zone shows. */
export function wall(at: Instant, zone: string): Wall {
  const parts: Record<string, number> = {}
  for (const part of formatter(zone).formatToParts(at)) parts[part.type] = Number(part.value)
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts
  return { year, month, day, hour, minute, second, weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay() }
}

const two = (n: number): string => String(n).padStart(2, '0')

export function clock(at: Instant, zone: string): string {
  const { hour, minute } = wall(at, zone)
  return `${two(hour)}:${two(minute)}`
}

export function clockSeconds(at: Instant, zone: string): string {
  return `${clock(at, zone)}:${two(wall(at, zone).second)}`
}

/** How many local days ago: 0 today, 1 yesterday. */
export function daysAgo(at: Instant, now: Instant, zone: string): number {
  const day = (w: Wall): number => Date.UTC(w.year, w.month - 1, w.day) / DAY
  return day(wall(now, zone)) - day(wall(at, zone))
}

export interface DayWords {
  yesterday: string
  date: string
  dateYear: string
  months: string
}

/** 14:05, 昨天 14:05, 3月2日 14:05, 2025年3月2日 14:05: only as much as is needed. */
export function when(at: Instant, now: Instant, zone: string, messages: DayWords): string {
  const ago = daysAgo(at, now, zone)
  const time = clock(at, zone)
  if (ago === 0) return time
  if (ago === 1) return `${messages.yesterday} ${time}`
  return `${date(at, now, zone, messages)} ${time}`
}

export function date(at: Instant, now: Instant, zone: string, messages: DayWords): string {
  const { year, month, day } = wall(at, zone)
  const pattern = year === wall(now, zone).year ? messages.date : messages.dateYear
  const name = messages.months.split(' ')[month - 1] ?? String(month)
  return fill(pattern, { y: year, m: name, d: day })
}

/** A running time: 0:32, 12:05, then 1:05:09. Never negative. */
export function running(ms: number): string {
  const total = Math.max(0, Math.floor(ms / SECOND))
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor((total % 3600) / 60)
  const seconds = total % 60
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
}

export interface SpanWords {
  seconds: string
  minutes: string
  hours: string
  hoursMinutes: string
  days: string
}

/** A duration as text, one or two units: 40秒, 2分钟, 1小时5分, 3天. */
export function span(ms: number, messages: SpanWords): string {
  const rest = Math.max(0, ms)
  if (rest < MINUTE) return fill(messages.seconds, { n: Math.floor(rest / SECOND) })
  if (rest < HOUR) return fill(messages.minutes, { n: Math.floor(rest / MINUTE) })
  if (rest >= DAY) return fill(messages.days, { n: Math.floor(rest / DAY) })
  const hours = Math.floor(rest / HOUR)
  const minutes = Math.floor((rest % HOUR) / MINUTE)
  return minutes ? fill(messages.hoursMinutes, { h: hours, m: minutes }) : fill(messages.hours, { h: hours })
}

export function fill(pattern: string, values: Record<string, string | number>): string {
  return pattern.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** Local midnight before `now`, found by the wall clock (no zone table is needed). */
export function midnight(now: Instant, zone: string): Instant {
  const { hour, minute, second } = wall(now, zone)
  return now - ((hour * 60 + minute) * 60 + second) * SECOND - (now % SECOND)
}
