/** The calls of a ladder as rows of a drawing: where each begins, what is passed over. Pure. */
import type { PreviewedCall } from '../api/cases'
import { HOUR, wall, type Instant } from './time'

export interface LadderRow {
  call: PreviewedCall
  /** Share of the drawing's width, from 0 to 1. */
  begins: number
}

export interface LadderDrawing {
  /** Those whose answer stops the escalation, in the order of time. */
  rungs: LadderRow[]
  beside: PreviewedCall[]
  later: PreviewedCall[]
  gaps: number
}

export function ladderDrawing(calls: readonly PreviewedCall[]): LadderDrawing {
  const opened = calls.filter((call) => call.occasion === 'opened')
  const rungs = opened.filter((call) => call.rung !== null)
  const last = Math.max(1, ...rungs.map((call) => call.after_ms))
  return {
    rungs: rungs.map((call) => ({ call, begins: call.after_ms / last })),
    // Whom nobody found is told nothing: a recipient beside the rungs is no fault.
    beside: opened.filter((call) => call.rung === null && call.people.length),
    later: calls.filter((call) => call.occasion !== 'opened' && call.people.length),
    gaps: rungs.filter((call) => call.gap).length,
  }
}

/** The next time a clock of this zone shows so many hours, as a field of a form (`2026-11-22T03:00`). */
export function nextHour(now: Instant, zone: string, hour: number): string {
  let at = now + HOUR
  while (wall(at, zone).hour !== hour) at += HOUR
  const { year, month, day } = wall(at, zone)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:00`
}
