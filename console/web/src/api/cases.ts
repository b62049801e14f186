/** What surrounds a case, and who would be called for one. */
import { http, unwrap } from './client'
import type { Ladder, LadderPreview, PreviewedCall, Surroundings } from './schema'

export type { Ladder, LadderPreview, PreviewedCall, Surroundings }

export const casesApi = {
  surroundings: (alert_id: string): Promise<Surroundings> =>
    unwrap(http.GET('/api/v1/alerts/{alert_id}/surroundings', { params: { path: { alert_id } } })),
  ladders: async (): Promise<Ladder[]> => (await unwrap(http.GET('/api/v1/ladders'))).items,
  preview: (rule: string, place: string, at?: string): Promise<LadderPreview> =>
    unwrap(http.GET('/api/v1/ladders/preview', { params: { query: { rule, place, at } } })),
}
