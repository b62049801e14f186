/** Who is looking, and at which site. */
import { computed, shallowRef } from 'vue'
import { api } from '../api/client'
import type { Session } from '../api/types'

export const session = shallowRef<Session | null>(null)

export const zone = computed(() => session.value?.site.timezone ?? 'Asia/Shanghai')
export const siteName = computed(() => session.value?.site.name ?? '')
export const person = computed(() => session.value?.person ?? null)

export async function enter(key: { token: string } | { link: string }): Promise<Session> {
  await api.enter(key)
  session.value = await api.session()
  return session.value
}

/** True when this browser already has a session. */
export async function resume(): Promise<boolean> {
  try {
    session.value = await api.session()
  } catch {
    session.value = null
  }
  return session.value !== null
}

export async function leave(): Promise<void> {
  try {
    await api.leave()
  } finally {
    session.value = null
  }
}
