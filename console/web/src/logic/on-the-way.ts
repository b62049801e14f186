/** Who is on the way to an open danger, and who is there. */
import type { AlertItem } from '../api/types'

export interface OnTheWay {
  coming: string[]
  there: string[]
}

/** Names, each once; a person who is at one place and owes another is on the way. */
export function onTheWay(dangers: readonly AlertItem[]): OnTheWay {
  const coming = new Set<string>()
  const there = new Set<string>()
  for (const alert of dangers) {
    if (alert.state === 'acknowledged' && alert.owner) coming.add(alert.owner.name)
    if (alert.state === 'on_site' && alert.owner) there.add(alert.owner.name)
    for (const helper of alert.helpers) (helper.arrived_at ? there : coming).add(helper.name)
  }
  return { coming: [...coming], there: [...there].filter((name) => !coming.has(name)) }
}
