/** Where the lines of a curve come from: the active rules that compare this quantity with a number. */
import type { Rule, Severity } from '../api/types'

export interface Threshold {
  value: number
  severity: Severity
}

/** `abs(tilt_deg) >= 15`, `heart_rate_bpm >= 131 or heart_rate_bpm <= 40`; sums over time have no line on a curve. */
export function thresholds(rules: readonly Rule[], kind: string | undefined, quantity: string): Threshold[] {
  const compared = new RegExp(`(?<![\\w.])${quantity}\\)?\\s*(?:>=|<=|>|<)\\s*(-?\\d+(?:\\.\\d+)?)`, 'g')
  const found = rules
    // A forecast also names a level, from which on it is made: that is no limit.
    .filter((rule) => rule.state !== 'shadow' && !rule.when.includes('days_left(') && (kind === undefined || rule.kinds.includes(kind)))
    .flatMap((rule) => [...rule.when.matchAll(compared)].map((hit) => ({ value: Number(hit[1]), severity: rule.severity })))
  return unique(found)
}

function unique(list: readonly Threshold[]): Threshold[] {
  return [...new Map(list.map((one) => [one.value, one])).values()].sort((a, b) => a.value - b.value)
}

/** The lines worth showing: those the curve reached or came near, and the next one beyond it on either side. */
export function near(lines: readonly Threshold[], values: readonly number[]): Threshold[] {
  const most = Math.max(...values)
  const least = Math.min(...values)
  const above = lines.filter((line) => line.value > most)[0]
  const below = lines.filter((line) => line.value < least).at(-1)
  return lines.filter((line) => (line.value >= least && line.value <= most) || line === above || line === below)
}
