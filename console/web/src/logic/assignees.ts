/** Orders the people on rosters: the alert's grid cell first, then by escalation level, then by name. */
import type { Cell, Duty, NamedReference } from '../api/types'

type OnDuty = Pick<Duty, 'person' | 'role' | 'cell' | 'absent'>
type Node = Pick<Cell, 'id' | 'parent'>

export interface Assignee extends NamedReference {
  role: string
  /** Responsible for the place of the alert. */
  near: boolean
}

const RANKS = ['worker', 'lead', 'community', 'street', 'department', 'clinic', 'property', 'maintenance']

export function rankAssignees(
  people: readonly NamedReference[],
  duties: readonly OnDuty[],
  cells: readonly Node[],
  cell: string | null,
): Assignee[] {
  const responsible = chain(cells, cell)
  const found = new Map<string, { role: string; near: boolean }>()
  for (const duty of duties) {
    const near = responsible.has(duty.cell)
    if (!duty.absent && (near || !found.has(duty.person))) found.set(duty.person, { role: duty.role, near })
  }
  const known = people.flatMap((person) => {
    const duty = found.get(person.id)
    return duty ? [{ id: person.id, name: person.name, ...duty }] : []
  })
  return known.sort(order)
}

function chain(cells: readonly Node[], start: string | null): Set<string> {
  const tree = new Map(cells.map((one) => [one.id, one]))
  const path = new Set<string>()
  for (let at = start; at !== null && !path.has(at); at = tree.get(at)?.parent ?? null) path.add(at)
  return path
}

function order(a: Assignee, b: Assignee): number {
  return (
    Number(b.near) - Number(a.near) ||
    RANKS.indexOf(a.role) - RANKS.indexOf(b.role) ||
    a.name.localeCompare(b.name, 'zh-Hans-CN')
  )
}
