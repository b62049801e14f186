/** Which alarm sounds when. Pure: `now` is an argument. */
import type { AlertItem, Severity } from '../api/types'
import { isUnacknowledged, rank } from './severity'
import { MINUTE, SECOND, type Instant } from './time'

/** A burst of pulses. More pulses and a higher tone are more urgent, as in IEC 60601-1-8; the figures are ours. */
export interface Burst {
  pulses: number
  hz: number
  pulseMs: number
  gapMs: number
}

export const BURSTS: Record<Severity, Burst> = {
  critical: { pulses: 5, hz: 960, pulseMs: 160, gapMs: 90 },
  high: { pulses: 3, hz: 740, pulseMs: 200, gapMs: 160 },
  medium: { pulses: 2, hz: 560, pulseMs: 220, gapMs: 220 },
  low: { pulses: 1, hz: 440, pulseMs: 260, gapMs: 0 },
}

/** An alarm that nobody has taken sounds again after this; null: once. */
export const REPEAT_MS: Record<Severity, number | null> = { critical: 6 * SECOND, high: 20 * SECOND, medium: null, low: null }

export const MUTE_MINUTES = [5, 15, 30, 60]
export const MUTE_MAX_MS = 60 * MINUTE

/** Sound is off until an instant, by a named person. */
export interface Mute {
  by: string
  until: Instant
}

export const isMuted = (mute: Mute | null, now: Instant): boolean => mute !== null && mute.until > now

/** A stored mute that is still valid; anything else is none. */
export function parseMute(text: string | null, now: Instant): Mute | null {
  try {
    const { by, until } = JSON.parse(text ?? 'null') as Mute
    return typeof by === 'string' && by && isMuted({ by, until }, now) && until <= now + MUTE_MAX_MS ? { by, until } : null
  } catch {
    return null
  }
}

/** What has sounded: each alert with its severity, and when the last burst of any began. */
export interface Sounded {
  alerts: ReadonlySet<string>
  at: Instant | null
}
export const NOTHING_SOUNDED: Sounded = { alerts: new Set(), at: null }

export interface SoundStep {
  burst: Severity | null
  sounded: Sounded
}

/**
 * The burst that begins now. Dangers that nobody has taken sound: each once, also when it becomes more severe, and the
 * most severe again and again. While muted only a critical danger that is new sounds, once: a mute must not hide it.
 */
export function soundStep(dangers: readonly AlertItem[], sounded: Sounded, mute: Mute | null, now: Instant): SoundStep {
  const waiting = dangers.filter((alert) => alert.ledger === 'danger' && isUnacknowledged(alert.state))
  const key = (alert: AlertItem): string => `${alert.id}/${alert.severity}`
  const fresh = waiting.filter((alert) => !sounded.alerts.has(key(alert)))
  const alerts = new Set(waiting.map(key))
  const loudest = mostSevere(fresh)
  const muted = isMuted(mute, now)
  if (loudest && (!muted || loudest === 'critical')) return { burst: loudest, sounded: { alerts, at: now } }
  const again = mostSevere(waiting)
  const interval = again ? REPEAT_MS[again] : null
  const isDue = interval !== null && (sounded.at === null || now - sounded.at >= interval)
  if (!muted && again && isDue) return { burst: again, sounded: { alerts, at: now } }
  return { burst: null, sounded: { alerts, at: sounded.at } }
}

function mostSevere(alerts: readonly AlertItem[]): Severity | null {
  return alerts.reduce<Severity | null>((found, { severity }) => (found === null || rank(severity) < rank(found) ? severity : found), null)
}
