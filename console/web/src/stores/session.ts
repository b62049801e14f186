/** The session of this browser: person, role and site. */
import { computed, shallowRef } from 'vue'
import { api } from '../api/client'
import type { Session } from '../api/types'
import { roleNames } from '../i18n'

export const session = shallowRef<Session | null>(null)

export const zone = computed(() => session.value?.site.timezone ?? 'Asia/Shanghai')
export const siteName = computed(() => session.value?.site.name ?? '')
export const person = computed(() => session.value?.person ?? null)

export async function logIn(key: { token: string } | { link: string }): Promise<Session> {
  await api.enter(key)
  session.value = await api.session()
  roleNames.value = session.value.roles
  return session.value
}

/** Loads the session of this browser's cookie; false when there is none. */
export async function restoreSession(): Promise<boolean> {
  try {
    session.value = await api.session()
    roleNames.value = session.value.roles
  } catch {
    session.value = null
  }
  return session.value !== null
}

export async function logOut(): Promise<void> {
  try {
    await api.leave()
  } finally {
    session.value = null
  }
}
