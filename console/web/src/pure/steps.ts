/** Which action is the sensible next one. What is allowed comes from the server; this only orders and places it. */
import type { Action, AlertItem, State } from '../api/types'

/** The order on the bar never changes, so that each action is always found at the same place. */
export const STEPS: readonly Action[] = ['acknowledge', 'arrive', 'resolve', 'verify', 'close']
export const ASIDE: readonly Action[] = ['pass', 'assign', 'shelve', 'return', 'reopen', 'comment']

const NEXT: Record<State, Action> = {
  open: 'acknowledge',
  acknowledged: 'arrive',
  on_site: 'resolve',
  resolved: 'verify',
  verified: 'close',
  closed: 'reopen',
  returned: 'assign',
  shelved: 'reopen',
}

export function allowed(alert: AlertItem): Action[] {
  const permitted = new Set<Action>(alert.allowed)
  return [...STEPS, ...ASIDE].filter((action) => permitted.has(action))
}

export function primary(alert: AlertItem): Action | null {
  const permitted = allowed(alert)
  const next = NEXT[alert.state]
  if (permitted.includes(next)) return next
  return permitted.find((action) => action !== 'comment') ?? null
}

/** These ask for one more word before they are done. */
export const ASKS: ReadonlySet<Action> = new Set<Action>(['resolve', 'shelve', 'return', 'assign', 'comment', 'pass'])

export type Key = 'a' | 'd' | 'r' | 's'
export const KEYS: Record<Key, Action> = { a: 'acknowledge', d: 'arrive', r: 'resolve', s: 'shelve' }
export const KEY_OF: Partial<Record<Action, string>> = { acknowledge: 'A', arrive: 'D', resolve: 'R', shelve: 'S' }

/** The three taps of a worker. `done` is shown, not tapped. */
export type Tap = 'acknowledge' | 'arrive' | 'resolve' | 'done'
export function tap(state: State): Tap {
  if (state === 'open' || state === 'returned' || state === 'shelved') return 'acknowledge'
  if (state === 'acknowledged') return 'arrive'
  return state === 'on_site' ? 'resolve' : 'done'
}
