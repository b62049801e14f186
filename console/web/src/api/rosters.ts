/** The roster of a period. */
import { http, unwrap } from './client'
import type { ScheduleItem } from './schema'

export const rostersApi = {
  schedule: async (from: string, to: string): Promise<ScheduleItem[]> =>
    (await unwrap(http.GET('/api/v1/rosters/schedule', { params: { query: { from, to } } }))).items,
}
