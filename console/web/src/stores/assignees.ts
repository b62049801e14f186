/** Persons an alert can be assigned to: everybody on a roster, those of the alert's grid cell first. */
import { api } from '../api/client'
import type { Duty, NamedReference, Rotation } from '../api/types'
import { rankAssignees, type Assignee } from '../logic/assignees'

/** The people of a rotation, as if each had a line for each of its cells. */
function turnsOf(rotation: Rotation): Array<Pick<Duty, 'person' | 'role' | 'cell' | 'absent'>> {
  const people = rotation.layers.flatMap((layer) => layer.members.flat())
  const { role } = rotation
  return rotation.cells.flatMap((cell) => people.map((person) => ({ person, role, cell, absent: false })))
}

export async function loadAssignees(cell: string | null): Promise<Assignee[]> {
  const [people, duties, cells]: [NamedReference[], Duty[], Awaited<ReturnType<typeof api.cells>>] = await Promise.all([
    api.staff(),
    api.rosters(),
    api.cells(),
  ])
  const rotations = await api.rotations().catch(() => [])
  return rankAssignees(people, [...duties, ...rotations.flatMap(turnsOf)], cells, cell)
}
