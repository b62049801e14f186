/** Silences: in which order they stand, and what a form must say before it may be sent. */
import type { Matchers, Silence, SilenceBody } from '../api/types'
import { HOUR, DAY, MINUTE, instant, wall, type Instant } from './time'

export const SPANS = { half: 30 * MINUTE, hour: HOUR, two: 2 * HOUR, four: 4 * HOUR, day: DAY, days: 3 * DAY, week: 7 * DAY }
export type Span = keyof typeof SPANS

/** Those that cover something, then the planned ones, then what is over; the soonest to change in front. */
const RANK: Record<Silence['state'], number> = { active: 0, pending: 1, expired: 2 }

export function inOrder(all: readonly Silence[]): Silence[] {
  const changes = (one: Silence): number => {
    if (one.state === 'expired') return -(instant(one.ended_at ?? one.until) ?? 0)
    return instant(one.state === 'active' ? one.until : one.from) ?? 0
  }
  return [...all].sort((a, b) => RANK[a.state] - RANK[b.state] || changes(a) - changes(b))
}

/** The instant at which a clock on the wall of this zone shows `2026-11-21T22:05`; null when it is no time. */
export function fromWall(text: string, zone: string): Instant | null {
  const shown = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : NaN
  if (Number.isNaN(shown)) return null
  const offset = (at: Instant): number => {
    const { year, month, day, hour, minute } = wall(at, zone)
    return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / MINUTE) * MINUTE
  }
  // Twice: the offset of the guess is another one around the hours at which clocks change.
  const guess = shown - offset(shown)
  return shown - offset(guess)
}

export interface Draft {
  place: string
  kind: string
  device: string
  severity: string
  from: string
  span: Span
  reason: string
  /** Recorded and told for information; nobody is called. */
  notifyOnly: boolean
  person: string
}

/** Critical dangers are silenced for four hours at most: longer work leaves them out. */
export function exceptsCritical(draft: Pick<Draft, 'span' | 'severity'>): boolean {
  return SPANS[draft.span] > SPANS.four && !draft.severity
}

/** The request body; null while a required field is missing. */
export function bodyOf(draft: Draft, now: Instant, zone: string): SilenceBody | null {
  const begin = draft.from ? fromWall(draft.from, zone) : now
  const { place, kind, severity } = draft
  const named = { place, kind, device: draft.device.trim(), severity }
  const matchers = Object.fromEntries(Object.entries(named).filter(([, value]) => value)) as Matchers
  const reason = draft.reason.trim()
  if (begin === null || !reason || !draft.person || !Object.keys(matchers).length) return null
  if (exceptsCritical(draft)) matchers.except_critical = true
  const until = new Date(begin + SPANS[draft.span]).toISOString()
  const from = draft.from ? { from: new Date(begin).toISOString() } : {}
  return { matchers, ...from, until, reason, person: draft.person, ...(draft.notifyOnly ? { notify_only: true } : {}) }
}
