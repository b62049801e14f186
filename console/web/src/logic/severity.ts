/** Severity as shape, and how an alert's state shows in it. Colour is never alone. */
import type { AlertItem, Ledger, Severity, State } from '../api/types'

export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low']

export type Shape = 'square' | 'triangle' | 'diamond' | 'circle'
/** filled = open or acknowledged; outlined = on site; grey = over. */
export type Fill = 'filled' | 'outlined' | 'grey'

const SHAPES: Record<Severity, Shape> = {
  critical: 'square',
  high: 'triangle',
  medium: 'diamond',
  low: 'circle',
}

const FILLS: Record<State, Fill> = {
  open: 'filled',
  acknowledged: 'filled',
  on_site: 'outlined',
  resolved: 'grey',
  verified: 'grey',
  closed: 'grey',
  returned: 'filled',
  shelved: 'grey',
}

export interface Appearance {
  shape: Shape
  fill: Fill
  pulse: boolean
  hatched: boolean
}

export function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity)
}

export function shape(severity: Severity): Shape {
  return SHAPES[severity]
}

/** Device health is outlined, never filled; only an untaken critical danger pulses. */
export function appearance(alert: { severity: Severity; state: State; ledger: Ledger; stale?: boolean }): Appearance {
  const byState = FILLS[alert.state]
  const fill = alert.ledger === 'health' && byState === 'filled' ? 'outlined' : byState
  return {
    shape: SHAPES[alert.severity],
    fill,
    pulse: alert.severity === 'critical' && alert.ledger === 'danger' && isUnacknowledged(alert.state),
    hatched: alert.stale === true && fill !== 'grey',
  }
}

export function isUnacknowledged(state: State): boolean {
  return state === 'open' || state === 'returned'
}

/** Still needs a person: shown on the wall and in the list of open alerts. */
export function isOpen(state: State): boolean {
  return state === 'open' || state === 'returned' || state === 'acknowledged' || state === 'on_site'
}

export function worst(alerts: readonly AlertItem[]): AlertItem | undefined {
  return [...alerts].sort(
    (a, b) => rank(a.severity) - rank(b.severity) || Number(isUnacknowledged(b.state)) - Number(isUnacknowledged(a.state)),
  )[0]
}
