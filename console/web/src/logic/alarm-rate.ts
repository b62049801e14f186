/** Alarm rate of one operator position (ISA-18.2, EEMUA 191), and today's alerts by hour. */
import type { AlertItem } from '../api/types'
import { HOUR, instant, type Instant, midnight, MINUTE } from './time'

/** An operator handles about six alarms an hour in the long term, twelve at most. */
export const LONG_TERM_MAX_PER_HOUR = 6
export const SHORT_TERM_MAX_PER_HOUR = 12

export type LoadLevel = 'calm' | 'busy' | 'over'

export interface AlarmRate {
  lastTenMinutes: number
  lastHour: number
  strain: LoadLevel
}

export function alarmRate(alerts: readonly AlertItem[], now: Instant): AlarmRate {
  const since = (span: number): number =>
    alerts.filter((alert) => {
      const at = instant(alert.opened_at)
      return at !== null && at > now - span && at <= now + MINUTE
    }).length
  const lastHour = since(HOUR)
  return {
    lastTenMinutes: since(10 * MINUTE),
    lastHour,
    strain: lastHour > SHORT_TERM_MAX_PER_HOUR ? 'over' : lastHour > LONG_TERM_MAX_PER_HOUR ? 'busy' : 'calm',
  }
}

/** One count an hour since local midnight, up to and including the running hour. */
export function alertsPerHour(alerts: readonly AlertItem[], now: Instant, zone: string): number[] {
  const begin = midnight(now, zone)
  const hours = new Array<number>(Math.floor((now - begin) / HOUR) + 1).fill(0)
  for (const alert of alerts) {
    const at = instant(alert.opened_at)
    if (at === null || at < begin) continue
    const hour = Math.min(hours.length - 1, Math.floor((at - begin) / HOUR))
    hours[hour] = (hours[hour] ?? 0) + 1
  }
  return hours
}
