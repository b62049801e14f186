/** Selects the quantities to draw for an alert, and prepares their points. */
import type { AlertItem, Evidence, ReadingPoint, Rule } from '../api/types'
import { near, type Threshold, thresholds } from './thresholds'
import { HOUR, instant, type Instant, MINUTE } from './time'

export interface Curve {
  quantity: string
  unit: string
  /** true/false quantities are drawn as steps between 0 and 1. */
  verdict: boolean
  points: Array<[Instant, number]>
  lines: Threshold[]
}

export const BEFORE = 10 * MINUTE
/** A meter reports once an hour at most, so its window is a day. */
export const BEFORE_WATER = 24 * HOUR
/** Room to the right of the onset, so that it is not squeezed to the edge. */
export const ROOM = 4 * MINUTE
export const AFTER = 2 * HOUR

/** When the device's own verdict raised the alert, this measured quantity explains it best. */
const COMPANION: Record<string, readonly string[]> = {
  gas: ['lel_pct', 'co_ppm'],
  person: ['heart_rate_bpm', 'spo2_pct'],
  water: ['flow_m3h', 'volume_m3'],
  manhole: ['water_level_mm', 'tilt_deg', 'ch4_pct', 'h2s_ppm'],
  fire: ['temp_c'],
  device: ['battery_pct', 'rssi_dbm'],
}

export function curveWindow(alert: AlertItem, now: Instant): [Instant, Instant] {
  const onset = instant(alert.started_at) ?? now
  return [onset - (alert.hazard === 'water' ? BEFORE_WATER : BEFORE), Math.max(onset + MINUTE, Math.min(now, onset + AFTER))]
}

/** The quantity of the rule first; a second one only where its limit was crossed too. */
export function curves(
  alert: AlertItem,
  readings: readonly ReadingPoint[],
  rules: readonly Rule[] = [],
  kind?: string,
): Curve[] {
  const byName = new Map<string, ReadingPoint[]>()
  for (const reading of readings) {
    const list = byName.get(reading.quantity)
    if (list) list.push(reading)
    else byName.set(reading.quantity, [reading])
  }
  const made = order(alert, [...byName.keys()])
    .map((name) => curve(name, byName.get(name) ?? [], alert, thresholds(rules, kind, name)))
    .filter((one) => one.points.length > 0)
  // Beside a measured quantity the verdict adds nothing that the mark of the onset does not say.
  const measured = made.filter((one) => !one.verdict)
  const [first, ...others] = measured.length ? measured : made
  return first ? [first, ...others.filter((one) => limitOf(alert.evidence ?? [], one.quantity) !== null).slice(0, 1)] : []
}

function limitOf(evidence: readonly Evidence[], quantity: string): number | null {
  const limit = evidence.find((item) => item.quantity === quantity && typeof item.limit === 'number')?.limit
  return typeof limit === 'number' ? limit : null
}

/** A limit on a sum (0.004 m³ in twelve hours) is no line on the curve of the meter's total (312 m³). */
function onCurve(evidence: readonly Evidence[], quantity: string, values: readonly number[]): boolean {
  const value = evidence.find((item) => item.quantity === quantity)?.value
  if (typeof value !== 'number') return true
  const slack = 0.2 * (Math.max(...values) - Math.min(...values)) + Math.abs(value) * 0.2
  return value >= Math.min(...values) - slack && value <= Math.max(...values) + slack
}

/** What was compared with a limit first, then what usually explains the hazard, then the rest of the evidence. */
function order(alert: AlertItem, present: readonly string[]): string[] {
  const evidence = alert.evidence ?? []
  const compared = evidence.filter((line) => typeof line.limit === 'number').map((line) => line.quantity)
  const measured = evidence.filter((line) => typeof line.value === 'number').map((line) => line.quantity)
  const ordered = [...compared, ...(COMPANION[alert.hazard ?? ''] ?? []), ...measured, ...evidence.map((line) => line.quantity)]
  return [...new Set(ordered)].filter((name) => present.includes(name))
}

function curve(quantity: string, readings: readonly ReadingPoint[], alert: AlertItem, known: readonly Threshold[]): Curve {
  const points: Array<[Instant, number]> = []
  for (const { at, value } of readings) {
    const x = instant(at)
    if (x !== null && typeof value !== 'string') points.push([x, Number(value)])
  }
  const values = points.map((point) => point[1])
  const limit = limitOf(alert.evidence ?? [], quantity)
  const unwrap = limit === null || !onCurve(alert.evidence ?? [], quantity, values) || known.some((line) => line.value === limit) ? [] : [{ value: limit, severity: alert.severity }]
  const verdict = readings.some((item) => typeof item.value === 'boolean')
  return {
    quantity,
    unit: readings.find((item) => item.unit)?.unit ?? '',
    verdict,
    points,
    lines: verdict || !values.length ? [] : [...near(known, values), ...unwrap],
  }
}

/** A round top for the axis and even steps below it, so that the line does not jump with every reading. */
export function scale(values: readonly number[]): { top: number; step: number } {
  const most = Math.max(0, ...values)
  if (most === 0) return { top: 1, step: 1 }
  const power = 10 ** Math.floor(Math.log10(most))
  const [top, parts] = MAIN_ACTIONS.find(([step]) => step * power >= most * 1.05) ?? [20, 4]
  return { top: round(top * power), step: round((top * power) / parts) }
}

const MAIN_ACTIONS: ReadonlyArray<readonly [number, number]> = [[1, 4], [1.5, 3], [2, 4], [3, 3], [4, 4], [5, 5], [6, 3], [8, 4], [10, 5], [12, 4], [15, 3]]

const round = (n: number): number => Number(n.toPrecision(6))
