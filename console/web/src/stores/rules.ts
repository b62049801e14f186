/** The rules that apply to a device, for the threshold lines of its charts; cached per device. */
import { api } from '../api/client'
import type { Rule } from '../api/types'

const known = new Map<string, Promise<Rule[]>>()

export function rulesAbout(device: string): Promise<Rule[]> {
  const request = known.get(device) ?? api.rules(device)
  known.set(device, request)
  return request.catch(() => {
    known.delete(device) // the next page loads them again
    return []
  })
}
