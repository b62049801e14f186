/** Roll-ups of a device's history as curves: a coarse one of the whole period, a finer one of the part that is looked at. */
import type { QuantityRollup } from '../api/types'
import { DAY, instant, type Instant } from './time'

export const PERIODS = { day: DAY, week: 7 * DAY, month: 30 * DAY, quarter: 91 * DAY, year: 365 * DAY }
export type Period = keyof typeof PERIODS

/** Instant, lowest, mean, highest. Of true and false the mean is the highest: a short alarm is seen in its year. */
export type Bucket = readonly [at: Instant, low: number, mean: number, high: number]

export interface HistoryCurve {
  quantity: string
  unit: string
  verdict: boolean
  buckets: Bucket[]
}

export function curveOf(rollup: QuantityRollup): HistoryCurve {
  const buckets: Bucket[] = []
  let verdict = false
  for (const point of rollup.points) {
    const at = instant(point.at)
    if (at === null || point.min === null || point.max === null) continue // a text has no curve
    if (point.mean === null) verdict = true
    buckets.push([at, point.min, point.mean ?? point.max, point.max])
  }
  return { quantity: rollup.quantity, unit: rollup.unit ?? '', verdict, buckets }
}

/** Of every device: asked for less often than what it is there to measure. */
const BESIDE = new Set(['battery_pct', 'battery_v', 'rssi_dbm', 'temp_c', 'steps'])
const rank = (one: HistoryCurve): number => Number(one.verdict) * 2 + Number(BESIDE.has(one.quantity))

/** Curves that can be drawn: what the device measures, then battery and signal, then verdicts. */
export function curvesOf(rollups: readonly QuantityRollup[]): HistoryCurve[] {
  const drawn = rollups.map(curveOf).filter((one) => one.buckets.length > 0)
  return drawn.sort((a, b) => rank(a) - rank(b))
}

/** The finer buckets in their period, the coarse ones outside it. */
export function merged(coarse: readonly Bucket[], fine: readonly Bucket[], from: Instant, to: Instant): Bucket[] {
  if (!fine.length) return [...coarse]
  return [...coarse.filter(([at]) => at < from), ...fine, ...coarse.filter(([at]) => at > to)]
}

/** Where nothing was received for several buckets the line is broken, not drawn across. */
export function withGaps(buckets: readonly Bucket[], stepMs: number): Array<Bucket | readonly [Instant, null, null, null]> {
  const out: Array<Bucket | readonly [Instant, null, null, null]> = []
  for (const bucket of buckets) {
    const before = out[out.length - 1]
    if (before && bucket[0] - before[0] > 3 * stepMs) out.push([before[0] + stepMs, null, null, null])
    out.push(bucket)
  }
  return out
}
