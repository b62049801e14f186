/** Outside systems by the body that an alert is returned to; loaded when the first one is shown. */
import { shallowRef } from 'vue'
import { api } from '../api/client'
import type { OutsideSystem } from '../api/types'
import { language, messages } from '../i18n'

const PREFIX = 'system:'
const known = shallowRef<OutsideSystem[] | null>(null)
let isLoading = false

async function load(): Promise<void> {
  if (isLoading) return
  isLoading = true
  // A role without this permission sees the general name.
  known.value = await api.systems().catch(() => [])
}

/** Outside systems that take a case over. */
export function takers(): Array<{ id: string; name: string }> {
  if (known.value === null) void load()
  return (known.value ?? []).flatMap(({ body, name }) => (body === null ? [] : [{ id: body, name: name[language.value] }]))
}

/** The name of an outside system, a general one until it is loaded; empty for a role or a person. */
export function systemName(body: string): string {
  if (!body.startsWith(PREFIX)) return ''
  if (known.value === null) void load()
  return known.value?.find((system) => system.body === body)?.name[language.value] ?? messages.value.ask.systems
}
