/** The figures of a score side by side: those of the whole town, and those of each hazard. Pure. */
import type { ScoreComparison } from '../api/schema'

const HIGHER_IS_BETTER = {
  life_safety_recall: true,
  life_safety_in_time: true,
  other_recall: true,
  false_per_1000_device_days: false,
  texts: false,
  texts_daily_mean: false,
  texts_daily_max: false,
  texts_window_max: false,
  recall: true,
  late: false,
  false_alerts: false,
  notify_median_s: false,
} as const
export const TOWN_FIGURES = ['life_safety_recall', 'life_safety_in_time', 'other_recall', 'false_per_1000_device_days', 'texts', 'texts_daily_mean', 'texts_daily_max', 'texts_window_max'] as const
export const HAZARD_FIGURES = ['recall', 'late', 'false_alerts', 'texts', 'notify_median_s'] as const
export type Figure = keyof typeof HIGHER_IS_BETTER
const SHARES: readonly Figure[] = ['life_safety_recall', 'life_safety_in_time', 'other_recall', 'recall']

/** One figure of both runs; `better` says whether the change is for the better, null without a change. */
export interface Pair {
  figure: Figure
  before: number | null
  after: number | null
  better: boolean | null
}

export interface HazardRow {
  hazard: string
  incidents: number
  pairs: Pair[]
}

function pair(figure: Figure, before: number | null, after: number | null): Pair {
  const whole = (value: number): number => (figure === 'notify_median_s' ? Math.round(value) : value)
  const differs = before !== null && after !== null && whole(before) !== whole(after)
  return { figure, before, after, better: differs ? after > before === HIGHER_IS_BETTER[figure] : null }
}

export const townPairs = (score: ScoreComparison): Pair[] => TOWN_FIGURES.map((figure) => pair(figure, score.before[figure], score.after[figure]))

/** One row a hazard, those first in which the runs differ. A hazard that one run does not have has no alerts in it. */
export function hazardRows(score: ScoreComparison): HazardRow[] {
  const { before, after } = { before: score.before.hazards, after: score.after.hazards }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const rows = names.map((hazard) => {
    const counts = (side: typeof before, figure: (typeof HAZARD_FIGURES)[number]): number | null => side[hazard]?.[figure] ?? (figure === 'recall' || figure === 'notify_median_s' ? null : 0)
    return {
      hazard,
      incidents: (after[hazard] ?? before[hazard])?.incidents ?? 0,
      pairs: HAZARD_FIGURES.map((figure) => pair(figure, counts(before, figure), counts(after, figure))),
    }
  })
  return rows.sort((a, b) => changes(b) - changes(a) || (a.hazard < b.hazard ? -1 : 1))
}
const changes = (row: HazardRow): number => row.pairs.filter((one) => one.better !== null).length

/** Both values of a figure; times that read the same in minutes are written in seconds, by `seconds`. */
export function bothWritten(one: Pair, span: (ms: number) => string, seconds: (s: number) => string): [string, string] {
  const [before, after] = [written(one.figure, one.before, span), written(one.figure, one.after, span)]
  if (one.figure !== 'notify_median_s' || one.before === null || one.after === null || before !== after) return [before, after]
  return [seconds(Math.round(one.before)), seconds(Math.round(one.after))]
}

/** A figure as it is written; a time in seconds by `span`. */
export function written(figure: Figure, value: number | null, span: (ms: number) => string): string {
  if (value === null) return '—'
  if (SHARES.includes(figure)) return `${Number((value * 100).toFixed(1))}%`
  return figure === 'notify_median_s' ? span(value * 1000) : String(Number(value.toFixed(2)))
}
