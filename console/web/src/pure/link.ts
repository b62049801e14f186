/** Is what the screen shows still true? Decided from when the server was last heard; `now` is an argument. */
import type { Instant } from './time'

export interface Link {
  /** Last sign of life on the live stream. */
  heard: Instant
  /** Since when the stream or the probe has been failing; null when it is not. */
  failed: Instant | null
}

/** A reconnect this short is nobody's business. */
export const GRACE_MS = 1_500
/** After this much silence the server is asked whether it is there. */
export const PROBE_MS = 3_000
/** A `status` comes every 5 s; a stream silent for longer is dead even if the server answers. */
export const SILENCE_MS = 8_000

export const lost = (link: Link, now: Instant): boolean =>
  (link.failed !== null && now - link.failed >= GRACE_MS) || now - link.heard >= SILENCE_MS

export const shouldProbe = (link: Link, now: Instant): boolean => link.failed === null && now - link.heard >= PROBE_MS

export const heardAt = (now: Instant): Link => ({ heard: now, failed: null })

export const failedAt = (link: Link, now: Instant): Link => (link.failed === null ? { ...link, failed: now } : link)
