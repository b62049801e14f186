/** Actions of a worker without a network: stored in order, sent later, dropped after EXPIRE_MS. */
import type { ActBody, Action, Session, State } from '../api/types'
import { type Instant, MINUTE } from './time'

export interface QueuedAction {
  alert: string
  /** Who acted (`senderOf`). */
  by: string | null
  action: Action
  body: ActBody
  at: Instant
}

/**
 * In whose name a session acts: its person, else its user. Two users without a person are not the same. A session of a
 * token has neither; what waits under null is sent by sessions of tokens only.
 */
export function senderOf(session: Session | null): string | null {
  return session?.person?.id ?? (session?.user ? `user:${session.user.id}` : null)
}

/** After this the worker must telephone: the alert may have been assigned to another person. */
export const EXPIRE_MS = 2 * MINUTE

const STATE_AFTER: Partial<Record<Action, State>> = { acknowledge: 'acknowledged', arrive: 'on_site', resolve: 'resolved' }

/** The state that the worker's screen shows while actions are pending. */
export function expectedState(state: State, alert: string, pending: readonly QueuedAction[]): State {
  return pending
    .filter((queued) => queued.alert === alert)
    .reduce((reached, queued) => STATE_AFTER[queued.action] ?? reached, state)
}

export function splitExpired(pending: readonly QueuedAction[], now: Instant): { current: QueuedAction[]; expired: QueuedAction[] } {
  const expired = pending.filter((queued) => now - queued.at > EXPIRE_MS)
  return { current: pending.filter((queued) => !expired.includes(queued)), expired }
}
