/** The rules that may begin about a device: they give its curves their threshold lines. Without them there are fewer. */
import { api } from '../api/client'
import type { Rule } from '../api/types'

const known = new Map<string, Promise<Rule[]>>()

export function rulesAbout(device: string): Promise<Rule[]> {
  const asked = known.get(device) ?? api.rules(device)
  known.set(device, asked)
  return asked.catch(() => {
    known.delete(device) // the next page that needs them asks again
    return []
  })
}
