/** Who can be sent: everybody on a roster, those of the alert's own grid first. Residents are people too, but stay out. */
import { api } from '../api/client'
import type { Duty, Person } from '../api/types'
import { candidates, type Candidate } from '../pure/candidates'

export async function workers(cell: string | null): Promise<Candidate[]> {
  const [everybody, duties, cells]: [Person[], Duty[], Awaited<ReturnType<typeof api.cells>>] = await Promise.all([
    api.people(),
    api.rosters(),
    api.cells(),
  ])
  return candidates(everybody, duties, cells, cell)
}
