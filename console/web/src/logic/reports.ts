/** Reports of residents for the office: what the list is asked for, and what marks a report. */
import type { ReportItem } from '../api/types'

export type Show = 'open' | 'verify' | 'answer' | 'reopened' | 'answered' | 'all'
export const SHOWS: readonly Show[] = ['open', 'verify', 'answer', 'reopened', 'answered', 'all']

type Listed = Pick<ReportItem, 'answered_at' | 'reopened_at'>

export const isAnswered = (report: Pick<Listed, 'answered_at'>): boolean => report.answered_at !== null

/** Opened again by its reporter, and not answered since. */
export const isReopened = (report: Pick<Listed, 'answered_at' | 'reopened_at'>): boolean =>
  report.reopened_at !== null && !isAnswered(report)

/** What the server is asked for; with `open` the overdue ones come first. */
export function asked(filters: Record<string, string>): { show?: string; category?: string; q?: string; order: 'urgent' } {
  const { show = '', category = '', search = '' } = filters
  return {
    order: 'urgent',
    ...(show && show !== 'all' ? { show } : {}),
    ...(category ? { category } : {}),
    ...(search.trim() ? { q: search.trim() } : {}),
  }
}

/** A number that can be dialled; a masked one cannot. */
export const dialled = (phone: string | null): string | null => (phone && /^\+?[\d -]{3,}$/.test(phone) ? phone : null)
