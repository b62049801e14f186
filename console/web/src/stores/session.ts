/** The session of this browser: person, role and site. */
import { computed, shallowRef } from 'vue'
import { api, Problem } from '../api/client'
import type { LoginBody, Session } from '../api/types'
import { roleNames } from '../i18n'
import { senderOf } from '../logic/offline-queue'
import { deleteSnapshot, readSnapshot } from './snapshot'

export const session = shallowRef<Session | null>(null)

export const zone = computed(() => session.value?.site.timezone ?? 'Asia/Shanghai')
export const siteName = computed(() => session.value?.site.name ?? '')
export const person = computed(() => session.value?.person ?? null)
/** In whose name what waits for a network is sent. */
export const sender = computed(() => senderOf(session.value))
/** The people of this session: the one logged in, or those who share the login. */
export const ownPeople = computed(() => (person.value ? [person.value] : (session.value?.people ?? [])).map((one) => one.id))
/** Who is logged in, by name: a person, or the user of an account. */
export const ownName = computed(() => session.value?.person?.name ?? session.value?.user?.name ?? null)

export async function logIn(key: LoginBody): Promise<Session> {
  await api.enter(key)
  session.value = await api.session()
  roleNames.value = session.value.roles
  return session.value
}

/** The session was not loaded because the server cannot be reached, and there is no snapshot of one either. */
export const unreachable = shallowRef(false)

/** Loads the session of this browser's cookie; without a network the one of the phone's snapshot. False when there is none. */
export async function restoreSession(): Promise<boolean> {
  try {
    session.value = await api.session()
    unreachable.value = false
  } catch (error) {
    const offline = error instanceof Problem && (error.kind === 'offline' || error.kind === 'server')
    session.value = offline ? (readSnapshot()?.session ?? null) : null
    unreachable.value = offline && session.value === null
    if (!offline) deleteSnapshot()
  }
  if (session.value) roleNames.value = session.value.roles
  return session.value !== null
}

/** The session is over: what it showed is not shown again without a network. */
export function endSession(): void {
  deleteSnapshot()
  session.value = null
}

export async function logOut(): Promise<void> {
  try {
    await api.leave()
  } finally {
    endSession()
  }
}
