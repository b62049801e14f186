/** The active rules, fetched once: they give the curves their threshold lines. Without them a curve has fewer lines. */
import { shallowRef } from 'vue'
import { api } from '../api/client'
import type { Rule } from '../api/types'

export const rules = shallowRef<Rule[]>([])
let asked = false

export async function knownRules(): Promise<void> {
  if (asked) return
  asked = true
  try {
    rules.value = await api.rules()
  } catch {
    asked = false // the next page that needs them asks again
  }
}
