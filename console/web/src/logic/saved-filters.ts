/** Filters of a list: a plain object of texts, and the sets of them that a person has saved by name. */

export type Filters = Record<string, string>

export interface SavedFilter {
  name: string
  filters: Filters
}

export const SAVED_MAX = 12
const NAME_MAX = 24

/** Without empty fields, sorted: two sets are the same when their texts are. */
export function canonical(filters: Filters): Filters {
  const set = Object.entries(filters).filter(([, value]) => value !== '')
  return Object.fromEntries(set.sort(([a], [b]) => (a < b ? -1 : 1)))
}

export const same = (one: Filters, other: Filters): boolean => JSON.stringify(canonical(one)) === JSON.stringify(canonical(other))

/** With this set under this name, replacing one of that name; the oldest goes when there are too many. */
export function withSaved(all: readonly SavedFilter[], name: string, filters: Filters): SavedFilter[] {
  const short = name.trim().slice(0, NAME_MAX)
  if (!short) return [...all]
  const others = all.filter((one) => one.name !== short)
  return [...others, { name: short, filters: canonical(filters) }].slice(-SAVED_MAX)
}

export const without = (all: readonly SavedFilter[], name: string): SavedFilter[] => all.filter((one) => one.name !== name)

/** Reads what a browser has stored; anything that is not such a list is none. */
export function parseSaved(text: string | null): SavedFilter[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(found) ? found.filter(isSaved).slice(-SAVED_MAX) : []
  } catch {
    return [] // another version of the pages wrote it
  }
}

function isSaved(value: unknown): value is SavedFilter {
  const { name, filters } = (value ?? {}) as { name?: unknown; filters?: unknown }
  if (typeof name !== 'string' || typeof filters !== 'object' || filters === null) return false
  return Object.values(filters).every((one) => typeof one === 'string')
}

/** The filters of an address (`?kind=gas_alarm`), of these names only. */
export function fromQuery(query: Record<string, unknown>, names: readonly string[]): Filters {
  return Object.fromEntries(names.map((name) => [name, typeof query[name] === 'string' ? (query[name] as string) : '']))
}
