/** Persons an alert can be assigned to: everybody on a roster, those of the alert's grid cell first. */
import { api } from '../api/client'
import type { Duty, Person } from '../api/types'
import { rankAssignees, type Assignee } from '../logic/assignees'

export async function loadAssignees(cell: string | null): Promise<Assignee[]> {
  const [people, duties, cells]: [Person[], Duty[], Awaited<ReturnType<typeof api.cells>>] = await Promise.all([
    api.people(),
    api.rosters(),
    api.cells(),
  ])
  return rankAssignees(people, duties, cells, cell)
}
