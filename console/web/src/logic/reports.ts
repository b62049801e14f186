/** Reports of residents for the office: which are shown, in which order, and what a status filter means. */
import type { ReportItem } from '../api/types'
import { instant } from './time'

export type Show = 'open' | 'verify' | 'answer' | 'reopened' | 'answered' | 'all'
export const SHOWS: readonly Show[] = ['open', 'verify', 'answer', 'reopened', 'answered', 'all']

type Listed = Pick<
  ReportItem,
  'id' | 'stage' | 'overdue' | 'reopened_at' | 'answered_at' | 'created_at' | 'category' | 'label' | 'address' | 'text' | 'number'
>

export const isAnswered = (report: Pick<Listed, 'answered_at'>): boolean => report.answered_at !== null

/** Opened again by its reporter, and not answered since. */
export const isReopened = (report: Pick<Listed, 'answered_at' | 'reopened_at'>): boolean =>
  report.reopened_at !== null && !isAnswered(report)

const MATCHES: Record<Show, (report: Listed) => boolean> = {
  open: (report) => !isAnswered(report),
  verify: (report) => report.stage === 'resolved' || report.stage === 'community_verified',
  answer: (report) => report.stage === 'street_verified',
  reopened: isReopened,
  answered: isAnswered,
  all: () => true,
}

export interface Filter {
  show: Show
  category: string
  search: string
}

export function matching<T extends Listed>(all: readonly T[], filter: Filter): T[] {
  const query = filter.search.trim().toLowerCase()
  const found = (report: T): boolean =>
    MATCHES[filter.show](report) &&
    (!filter.category || report.category === filter.category) &&
    (!query || [report.address, report.text, report.number, report.label].join(' ').toLowerCase().includes(query))
  return inOrder(all.filter(found))
}

/** Unanswered ones first, of them the overdue ones; then the newest first. */
export function inOrder<T extends Listed>(all: readonly T[]): T[] {
  const rank = (report: T): number => (isAnswered(report) ? 2 : report.overdue ? 0 : 1)
  const at = (report: T): number => instant(report.created_at) ?? 0
  return [...all].sort((a, b) => rank(a) - rank(b) || at(b) - at(a) || Number(b.id) - Number(a.id))
}

export function counts(all: readonly Listed[]): Record<Show, number> {
  const count = (show: Show): number => all.filter(MATCHES[show]).length
  return Object.fromEntries(SHOWS.map((show) => [show, count(show)])) as Record<Show, number>
}

/** The categories that occur, by their labels. */
export function categoriesOf(all: readonly Listed[]): Array<{ id: string; label: string }> {
  const labels = new Map(all.map((report) => [report.category, report.label]))
  return [...labels].map(([id, label]) => ({ id, label })).sort((a, b) => a.label.localeCompare(b.label, 'zh-Hans-CN'))
}

/** A number that can be dialled; a masked one cannot. */
export const dialled = (phone: string | null): string | null => (phone && /^\+?[\d -]{3,}$/.test(phone) ? phone : null)
