/** Who can be sent: everybody on a roster, those of the alert's own grid first. Residents are people too, but stay out. */
import { api } from '../api/client'
import type { Duty, Person } from '../api/types'
import { candidates, type Candidate } from '../pure/candidates'
import { upward } from '../pure/place-map'
import { places } from './book'

export async function workers(place: string | null): Promise<Candidate[]> {
  const [everybody, duties, cells]: [Person[], Duty[], Awaited<ReturnType<typeof api.cells>>] = await Promise.all([
    api.people(),
    api.rosters(),
    api.cells(),
  ])
  const tree = new Map(places.value.map((one) => [one.id, one]))
  const cell = upward(tree, place).find((one) => one.cell)?.cell ?? null
  return candidates(everybody, duties, cells, cell)
}
