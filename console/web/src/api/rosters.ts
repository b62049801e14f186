/** The roster of a period. */
import { all, http } from './client'
import type { ScheduleItem } from './schema'

/** A whole site of at most so many cells is shown at once; of a larger one a cell is chosen. */
export const CELLS_AT_ONCE = 100
/** A month of 100 cells with five roles in three shifts: 42,000 items. */
const PAGES_MAX = 100

export const rostersApi = {
  /** Of one cell, with those responsible above it, or of every cell; without a period that of the next 14 days. */
  schedule: (query: { from?: string; to?: string; cell?: string }): Promise<ScheduleItem[]> =>
    all((part) => http.GET('/api/v1/rosters/schedule', { params: { query: { ...query, ...part } } }), PAGES_MAX),
}
