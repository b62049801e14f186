/** Order of alerts by urgency, and a stable order while a list is pointed at. */
import type { AlertItem } from '../api/types'
import { rank, isUnacknowledged } from './severity'
import { instant } from './time'

const STAGE = (alert: AlertItem): number => (isUnacknowledged(alert.state) ? 0 : alert.state === 'acknowledged' ? 1 : 2)

const due = (alert: AlertItem): number => instant(alert.deadline?.at) ?? Number.MAX_SAFE_INTEGER

/** Most urgent first: severity, then untaken, then who depends most on help, then the earliest deadline, the newest. */
export function compareUrgency(a: AlertItem, b: AlertItem): number {
  return (
    rank(a.severity) - rank(b.severity) ||
    STAGE(a) - STAGE(b) ||
    b.vulnerability - a.vulnerability ||
    due(a) - due(b) ||
    (instant(b.opened_at) ?? 0) - (instant(a.opened_at) ?? 0) ||
    (a.id < b.id ? -1 : 1)
  )
}

/** Order while the pointer is over a list: known rows keep their positions, new rows go to the end. */
export function keepPositions(before: readonly string[], ids: readonly string[]): string[] {
  const present = new Set(ids)
  const staying = before.filter((id) => present.has(id))
  const known = new Set(staying)
  return [...staying, ...ids.filter((id) => !known.has(id))]
}
