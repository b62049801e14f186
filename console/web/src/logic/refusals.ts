/** Refused messages: counts by reason, and the sample as text that can be shown. */
import type { Refusal, RefusalPage } from '../api/types'

export type Reason = Refusal['reason']
export const REFUSAL_FILTERS = ['show', 'reason', 'source', 'identity'] as const

/** How many there are for each reason, the most frequent first. */
export function countsByReason(by: RefusalPage['summary']['by']): Array<[Reason, number]> {
  const counts = new Map<Reason, number>()
  for (const row of by) counts.set(row.reason, (counts.get(row.reason) ?? 0) + row.kept + row.counted)
  return [...counts].sort((a, b) => b[1] - a[1])
}

export const sources = (by: RefusalPage['summary']['by']): string[] => [...new Set(by.map((row) => row.source))].sort()

/** JSON is indented; control characters are shown as such, so that no text can look like another. */
export function sampleText(payload: string): string {
  let text = payload
  try {
    text = JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    text = payload // not JSON, or only its beginning
  }
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
