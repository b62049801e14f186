/** Columns of a table and where a key moves. */

export interface Column {
  key: string
  label: string
  /** The row's name: a row header, and the link to its page. At most one column. */
  head?: boolean
  /** Figures: to the right. */
  end?: boolean
  /** The header is read to screen readers only: marks and buttons. */
  quiet?: boolean
}

/** The id `by` places further in the list; the first from nothing, and never beyond either end. */
export function moved(ids: readonly string[], from: string | null, by: number): string | null {
  const at = from === null ? -1 : ids.indexOf(from)
  if (at < 0) return ids[by < 0 ? ids.length - 1 : 0] ?? null
  return ids[Math.min(ids.length - 1, Math.max(0, at + by))] ?? null
}
