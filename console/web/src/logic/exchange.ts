/** Messages to outside systems in the words of the desk: what happened, and why it was not accepted. */
import type { ExchangeTarget } from '../api/types'

/** The data of an event, whose fields depend on its type. */
interface WithData {
  data: Record<string, unknown>
}

const CASE_EVENTS = [
  'opened', 'acknowledged', 'arrived', 'resolved', 'verified', 'closed', 'returned', 'shelved', 'reopened', 'updated',
] as const // prettier-ignore
export type EventKind = (typeof CASE_EVENTS)[number] | 'finding' | 'care' | 'state' | 'handover' | 'other'

/** The kind of a message by its type (docs/exchange.md, section 5): cn.fengshao.case.opened.v1. */
export function eventKind(type: string): EventKind {
  const [, , group = '', name = ''] = type.split('.')
  if (group === 'case') return CASE_EVENTS.find((one) => one === name) ?? 'other'
  if (group === 'finding' || group === 'care') return group
  if (group === 'exchange' && (name === 'state' || name === 'handover')) return name
  return 'other'
}

/** The state in their words that a message reports; empty for other messages. */
export function reportedWord(message: WithData): string {
  const word = message.data.state
  return typeof word === 'string' ? word : ''
}

export function addressOf(message: WithData): string {
  const location = message.data.location as { address?: unknown } | null | undefined
  return typeof location?.address === 'string' ? location.address : ''
}

export type FailureKind = 'refused' | 'server' | 'unauthorized' | 'timeout' | 'unreachable' | 'notAllowed' | 'removed' | 'other'

/** What kind of failure an error is. `status` is the HTTP status, null where no response came. */
export function failureKind(error: string, status: number | null): FailureKind {
  if (/no longer configured/.test(error)) return 'removed'
  const answered = status ?? Number(/^HTTP (\d{3})$/.exec(error)?.[1] ?? NaN)
  if (!Number.isNaN(answered)) {
    if (answered >= 500) return 'server'
    if ([401, 403, 404].includes(answered)) return 'unauthorized'
    return answered >= 300 && answered < 400 ? 'other' : 'refused'
  }
  if (/RefusedUrl|networks/.test(error)) return 'notAllowed'
  if (/timeout|timed out/i.test(error)) return 'timeout'
  return /Connect|OSError|Network|address|Protocol|Read/.test(error) ? 'unreachable' : 'other'
}

export type Health = 'failing' | 'ok' | 'idle'

export function health(target: Pick<ExchangeTarget, 'failing_since' | 'last_success_at'>): Health {
  if (target.failing_since !== null) return 'failing'
  return target.last_success_at === null ? 'idle' : 'ok'
}

/** Failing ones first, then those with messages that were given up or wait. */
export function worstFirst(all: readonly ExchangeTarget[]): ExchangeTarget[] {
  const rank = (one: ExchangeTarget): number => (health(one) === 'failing' ? 0 : one.dead ? 1 : one.pending ? 2 : 3)
  return [...all].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id))
}
