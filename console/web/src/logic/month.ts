/** Calendar months of the site's zone, written as 2026-11. */
import { wall, type Instant } from './time'

export function monthOf(at: Instant, zone: string): string {
  const local = wall(at, zone)
  return `${local.year}-${String(local.month).padStart(2, '0')}`
}

/** The month so many months later; negative: earlier. */
export function monthAfter(month: string, count: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  const index = year * 12 + number - 1 + count
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`
}

/** The first day of a month, and of the next one, as the API takes times without an offset: local time of the site. */
export function monthPeriod(month: string): { from: string; to: string } {
  return { from: `${month}-01T00:00:00`, to: `${monthAfter(month, 1)}-01T00:00:00` }
}
