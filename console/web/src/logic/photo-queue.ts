/** Photos that wait for a network. They document what was found, so they keep longer than actions do. */
import { type Instant, HOUR } from './time'

export interface QueuedPhotos {
  key: string
  alert: string
  /** Who took them (`senderOf`). */
  by: string | null
  files: File[]
  at: Instant
}

/** Older ones are deleted: they show people's homes and must not stay on a phone. */
export const PHOTOS_EXPIRE_MS = 24 * HOUR

export function splitOldPhotos(pending: readonly QueuedPhotos[], now: Instant): { current: QueuedPhotos[]; old: QueuedPhotos[] } {
  const old = pending.filter((queued) => now - queued.at > PHOTOS_EXPIRE_MS)
  return { current: pending.filter((queued) => !old.includes(queued)), old }
}
