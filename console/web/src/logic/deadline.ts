/** A deadline as a bar that empties. `now` is an argument. */
import type { AlertItem } from '../api/types'
import { instant, type Instant, MINUTE } from './time'

export interface Remaining {
  what: 'take' | 'arrive' | 'resolve'
  /** Milliseconds left; negative when it is past. */
  left: number
  /** 1 = full, 0 = empty. */
  share: number
  over: boolean
}

/** Used only when the server does not say when the deadline began to run. */
const USUAL: Record<Remaining['what'], number> = { take: MINUTE, arrive: 10 * MINUTE, resolve: 120 * MINUTE }
const LONGEST_TAKE = 120 * MINUTE

export function remaining(alert: AlertItem, now: Instant): Remaining | null {
  const deadline = alert.deadline
  const at = instant(deadline?.at)
  if (!deadline || at === null) return null
  const left = at - now
  const total = Math.max(1, at - begin(alert, at))
  return { what: deadline.what, left, share: Math.min(1, Math.max(0, left / total)), over: left < 0 }
}

function begin(alert: AlertItem, at: Instant): Instant {
  const what = alert.deadline?.what ?? 'take'
  const opened = instant(alert.opened_at)
  const taken = instant(alert.taken_at)
  // A case opened again has a new deadline long after its opening: then the usual span is truer.
  if (what === 'take' && opened !== null && at > opened && at - opened <= LONGEST_TAKE) return opened
  return what === 'arrive' && taken !== null && taken < at ? taken : at - USUAL[what]
}
