/** Which open alerts the wall draws when not all of them fit. */
import { MINUTE, type Instant } from './time'

/** How long an alert that was opened, taken or changed otherwise stays in sight, whatever its place in the order is. */
export const NEWS_MS = MINUTE

/**
 * The first of `order`, as many as fit. Of what changed within `NEWS_MS` the newest are among them, at most half of all:
 * each new danger and each answer to one is seen, and the most urgent ones are never driven away.
 */
export function inSight(order: readonly string[], fits: number, changedAt: ReadonlyMap<string, Instant>, now: Instant): string[] {
  const changed = (id: string): Instant => changedAt.get(id) ?? Number.NEGATIVE_INFINITY
  const news = order.filter((id) => now - changed(id) < NEWS_MS).sort((a, b) => changed(b) - changed(a))
  const newest = new Set(news.slice(0, Math.floor(fits / 2)))
  const drawn = order.slice(0, fits)
  const added = new Set([...newest].filter((id) => !drawn.includes(id)))
  const others = drawn.filter((id) => !newest.has(id))
  const left = new Set(others.slice(others.length - added.size))
  return order.filter((id, index) => added.has(id) || (index < fits && !left.has(id)))
}
