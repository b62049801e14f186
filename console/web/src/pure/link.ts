/** Is what the screen shows still true? Decided from when the server was last heard; `now` is an argument. */
import type { Instant } from './time'

export interface Link {
  /** Last sign of life on the live stream. */
  heard: Instant
  /** Since when the stream or the probe has been failing; null when it is not. */
  failed: Instant | null
  /** How often the server says that it is there, as measured; null before the second time. */
  every: number | null
}

/** A reconnect this short is nobody's business. */
export const GRACE_MS = 1_500
/** After this much silence the server is asked whether it is there. */
export const PROBE_MS = 3_000
/** A stream that misses two of its own beats is dead even if the server answers; never sooner, never later than these. */
export const SILENCE_MS = { least: 4_500, most: 12_000 }

export const lost = (link: Link, now: Instant): boolean =>
  (link.failed !== null && now - link.failed >= GRACE_MS) || now - link.heard >= silence(link)

export const shouldProbe = (link: Link, now: Instant): boolean => link.failed === null && now - link.heard >= PROBE_MS

export function silence(link: Link): number {
  const beats = link.every === null ? SILENCE_MS.most : 2 * link.every + 500
  return Math.min(SILENCE_MS.most, Math.max(SILENCE_MS.least, beats))
}

export const heardAt = (now: Instant, every: number | null = null): Link => ({ heard: now, failed: null, every })

export const failedAt = (link: Link, now: Instant): Link => (link.failed === null ? { ...link, failed: now } : link)
