/** What a worker pressed while there was no network: kept in order, sent later, given up after a stated time. */
import type { ActBody, Action, State } from '../api/types'
import { type Instant, MINUTE } from './time'

export interface Pressed {
  alert: string
  action: Action
  body: ActBody
  at: Instant
}

/** Longer than this and the worker must telephone: the case may have gone to somebody else. */
export const GIVE_UP_MS = 2 * MINUTE

const LEADS_TO: Partial<Record<Action, State>> = { acknowledge: 'acknowledged', arrive: 'on_site', resolve: 'resolved' }

/** What the worker's own screen shows while presses wait. */
export function expected(state: State, alert: string, waiting: readonly Pressed[]): State {
  return waiting
    .filter((pressed) => pressed.alert === alert)
    .reduce((sofar, pressed) => LEADS_TO[pressed.action] ?? sofar, state)
}

export function splitByAge(waiting: readonly Pressed[], now: Instant): { keep: Pressed[]; gone: Pressed[] } {
  const gone = waiting.filter((pressed) => now - pressed.at > GIVE_UP_MS)
  return { keep: waiting.filter((pressed) => !gone.includes(pressed)), gone }
}
