/** Which quantity of a device tells the story, and its points ready to draw. */
import type { AlertItem, Evidence, ReadingPoint } from '../api/types'
import { HOUR, instant, type Instant, MINUTE } from './time'

export interface Curve {
  quantity: string
  unit: string
  /** true/false quantities are drawn as steps between 0 and 1. */
  verdict: boolean
  points: Array<[Instant, number]>
  limit: number | null
}

export const BEFORE = 10 * MINUTE
/** Room to the right of the onset, so that it is not squeezed to the edge. */
export const ROOM = 4 * MINUTE
export const AFTER = 2 * HOUR

/** When the device's own verdict raised the alert, this measured quantity explains it best. */
const COMPANION: Record<string, readonly string[]> = {
  gas: ['lel_pct', 'co_ppm'],
  person: ['heart_rate_bpm', 'spo2_pct'],
  water: ['flow_m3h', 'volume_m3'],
  manhole: ['water_level_mm', 'tilt_deg', 'ch4_pct', 'h2s_ppm'],
  device: ['battery_pct', 'rssi_dbm'],
}

export function curveWindow(alert: AlertItem, now: Instant): [Instant, Instant] {
  const onset = instant(alert.started_at) ?? now
  return [onset - BEFORE, Math.max(onset + MINUTE, Math.min(now, onset + AFTER))]
}

export function curves(alert: AlertItem, readings: readonly ReadingPoint[]): Curve[] {
  const byName = new Map<string, ReadingPoint[]>()
  for (const reading of readings) {
    const list = byName.get(reading.quantity)
    if (list) list.push(reading)
    else byName.set(reading.quantity, [reading])
  }
  const made = order(alert, [...byName.keys()])
    .map((name) => curve(name, byName.get(name) ?? [], alert.evidence ?? []))
    .filter((one) => one.points.length > 0)
  // Beside a measured quantity the verdict adds nothing that the mark of the onset does not say.
  const measured = made.filter((one) => !one.verdict)
  return (measured.length ? measured : made).slice(0, 2)
}

function order(alert: AlertItem, present: readonly string[]): string[] {
  const said = (alert.evidence ?? []).map((line) => line.quantity)
  const measured = (alert.evidence ?? []).filter((line) => typeof line.value === 'number').map((line) => line.quantity)
  const wanted = [...measured, ...(COMPANION[alert.hazard ?? ''] ?? []), ...said]
  return [...new Set(wanted)].filter((name) => present.includes(name))
}

function curve(quantity: string, readings: readonly ReadingPoint[], evidence: readonly Evidence[]): Curve {
  const line = evidence.find((item) => item.quantity === quantity && typeof item.limit === 'number')
  const points: Array<[Instant, number]> = []
  for (const { at, value } of readings) {
    const x = instant(at)
    if (x !== null && typeof value !== 'string') points.push([x, Number(value)])
  }
  return {
    quantity,
    unit: readings.find((item) => item.unit)?.unit ?? line?.unit ?? '',
    verdict: readings.some((item) => typeof item.value === 'boolean'),
    points,
    limit: typeof line?.limit === 'number' ? line.limit : null,
  }
}

/** A round top for the axis and even steps below it, so that the line does not jump with every reading. */
export function scale(values: readonly number[], limit: number | null): { top: number; step: number } {
  const most = Math.max(0, ...values, limit ?? 0)
  if (most === 0) return { top: 1, step: 1 }
  const power = 10 ** Math.floor(Math.log10(most))
  const [top, parts] = STEPS.find(([step]) => step * power >= most * 1.05) ?? [20, 4]
  return { top: round(top * power), step: round((top * power) / parts) }
}

const STEPS: ReadonlyArray<readonly [number, number]> = [[1, 4], [1.5, 3], [2, 4], [3, 3], [4, 4], [5, 5], [6, 3], [8, 4], [10, 5], [12, 4], [15, 3]]

const round = (n: number): number => Number(n.toPrecision(6))
