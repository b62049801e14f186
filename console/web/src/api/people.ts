/** People: the directory, one record in full, changes, leave. */
import { http, unwrap } from './client'
import type { DirectoryEntry, Person, paths } from './schema'

export type { DirectoryEntry }
type Body = paths['/api/v1/people']['post']['requestBody']['content']['application/json']
export type PersonBody = Exclude<Body, readonly unknown[]>

export interface PeopleFilter {
  q?: string
  role?: string
  staff?: boolean
}

export const peopleApi = {
  directory: (filter: PeopleFilter, limit: number, next?: string) =>
    unwrap(http.GET('/api/v1/people/directory', { params: { query: { ...filter, limit, next } } })),
  /** The record in full: the server writes down who read it. */
  person: (row_id: string): Promise<Person> =>
    unwrap(http.GET('/api/v1/people/{row_id}', { params: { path: { row_id } } })) as Promise<Person>,
  remove: (row_id: string) => unwrap(http.DELETE('/api/v1/people/{row_id}', { params: { path: { row_id } } })),
  calendarLink: (person_id: string) => unwrap(http.POST('/api/v1/people/{person_id}/calendar-link', { params: { path: { person_id } } })),
  revokeCalendarLinks: (person_id: string) => unwrap(http.DELETE('/api/v1/people/{person_id}/calendar-link', { params: { path: { person_id } } })),
  add: (body: PersonBody) => unwrap(http.POST('/api/v1/people', { body })),
  change: (row_id: string, body: Partial<PersonBody>) =>
    unwrap(http.PATCH('/api/v1/people/{row_id}', { params: { path: { row_id } }, body: body as never })),
}
