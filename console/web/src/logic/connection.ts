/** Whether the screen is up to date, decided from the last event of the stream. Pure: `now` is an argument. */
import type { Instant } from './time'

export interface Connection {
  /** Last event of the stream. */
  lastEventAt: Instant
  /** Since when the stream or the probe has been failing; null when it is not. */
  failingSince: Instant | null
  /** Measured interval of status events; null before the second one. */
  intervalMs: number | null
}

/** A reconnect shorter than this is not shown. */
export const GRACE_MS = 1_500
/** After this much silence the server is probed. */
export const PROBE_MS = 3_000
/** Bounds of the silence after which a stream counts as lost, even if the server answers the probe. */
export const SILENCE_MS = { least: 4_500, most: 12_000 }

export const isLost = (connection: Connection, now: Instant): boolean =>
  (connection.failingSince !== null && now - connection.failingSince >= GRACE_MS) ||
  now - connection.lastEventAt >= silenceLimitMs(connection)

export const shouldProbe = (connection: Connection, now: Instant): boolean =>
  connection.failingSince === null && now - connection.lastEventAt >= PROBE_MS

/** Two missed status events, within the bounds. */
export function silenceLimitMs(connection: Connection): number {
  const limit = connection.intervalMs === null ? SILENCE_MS.most : 2 * connection.intervalMs + 500
  return Math.min(SILENCE_MS.most, Math.max(SILENCE_MS.least, limit))
}

export const eventAt = (now: Instant, intervalMs: number | null = null): Connection => ({
  lastEventAt: now,
  failingSince: null,
  intervalMs,
})

export const failureAt = (connection: Connection, now: Instant): Connection =>
  connection.failingSince === null ? { ...connection, failingSince: now } : connection
