/** Order of the actions and the primary one. What is allowed comes from the server. */
import type { Action, AlertItem, State } from '../api/types'

/** The order on the bar never changes, so that each action is always found at the same place. */
export const MAIN_ACTIONS: readonly Action[] = ['acknowledge', 'arrive', 'resolve', 'verify', 'close']
export const SIDE_ACTIONS: readonly Action[] = ['pass', 'reinforce', 'assign', 'shelve', 'return', 'reopen', 'comment']

/** Actions of the case process, shown only while they are possible. */
export const CASE_ACTIONS: readonly Action[] = ['back', 'conclude', 'supervise', 'merge', 'split']

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

export function allowedActions(alert: AlertItem): Action[] {
  const permitted = new Set<Action>(alert.allowed)
  return [...MAIN_ACTIONS, ...SIDE_ACTIONS, ...CASE_ACTIONS].filter((action) => permitted.has(action))
}

export function primaryAction(alert: AlertItem): Action | null {
  const permitted = allowedActions(alert)
  if (alert.second_check && permitted.includes('verify')) return 'verify'
  const next = NEXT[alert.state]
  if (permitted.includes(next)) return next
  return permitted.find((action) => action !== 'comment' && !CASE_ACTIONS.includes(action)) ?? null
}

type Verified = Pick<AlertItem, 'allowed' | 'second_check' | 'state' | 'verifier'>

/** Whether this session may answer a verification of the alert in this state: the first, or the street's of a report. */
export function verifiesNow(alert: Pick<Verified, 'allowed' | 'second_check'>, state: State): boolean {
  const isSecond = (state === 'verified' || state === 'closed') && Boolean(alert.second_check)
  return alert.allowed.includes('verify') && (state === 'resolved' || isSecond)
}

/** Whether one of these people was asked to verify the alert and has not answered. */
export function isAskedToVerify(alert: Verified, people: readonly string[]): boolean {
  if (alert.second_check) return alert.second_check.asked.some((one) => people.includes(one.id))
  return alert.state === 'resolved' && alert.verifier !== null && people.includes(alert.verifier)
}

/** Actions that need input before they are sent. */
export const NEEDS_INPUT: ReadonlySet<Action> = new Set<Action>([
  'resolve',
  'close',
  'shelve',
  'return',
  'assign',
  'comment',
  'pass',
  ...CASE_ACTIONS,
])

/** What an alert turned out to be; asked when it is dealt with or closed. */
export const DISPOSITIONS = ['real', 'false_alarm', 'test', 'device_fault', 'prank'] as const
export type Disposition = (typeof DISPOSITIONS)[number]
export const CONCLUDING: ReadonlySet<Action> = new Set<Action>(['resolve', 'close', 'conclude'])

export type Key = 'a' | 'd' | 'r' | 's'
export const KEYS: Record<Key, Action> = { a: 'acknowledge', d: 'arrive', r: 'resolve', s: 'shelve' }
export const KEY_OF_ACTION: Partial<Record<Action, string>> = { acknowledge: 'A', arrive: 'D', resolve: 'R', shelve: 'S' }

/** The three steps of a worker; `done` has no button. */
export type WorkerStep = 'acknowledge' | 'arrive' | 'resolve' | 'done'
export function workerStep(state: State): WorkerStep {
  if (state === 'open' || state === 'returned' || state === 'shelved') return 'acknowledge'
  if (state === 'acknowledged') return 'arrive'
  return state === 'on_site' ? 'resolve' : 'done'
}
