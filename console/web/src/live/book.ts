/** The alerts this screen knows, kept true by the stream. Everything shown is computed from here. */
import { computed, reactive, ref, shallowRef } from 'vue'
import { api } from '../api/client'
import type { AlertItem, PlaceGroup, State, Status } from '../api/types'
import { isDistrict } from '../pure/density'
import { urgency } from '../pure/order'
import { live } from '../pure/severity'
import { instant, midnight } from '../pure/time'
import { minuteNow, serverNow } from './now'
import { zone } from './session'

export const book = reactive(new Map<string, AlertItem>())
export const groups = shallowRef<PlaceGroup[]>([])
/** How many places are registered; null until the server said so. */
export const registered = ref<number | null>(null)
export const status = ref<Status>({})
export const loaded = ref(false)
/** The alert that arrived last, for the announcer. */
export const arrived = shallowRef<AlertItem | null>(null)

/** Everything that is not closed. */
const UNCLOSED = ['open', 'returned', 'acknowledged', 'on_site', 'resolved', 'verified', 'shelved'] satisfies State[]

const known = computed(() => [...book.values()])
const openOf = (ledger: AlertItem['ledger']) =>
  computed(() => known.value.filter((item) => item.ledger === ledger && live(item.state)).sort(urgency))

export const danger = openOf('danger')
export const health = openOf('health')
const inStates = (...states: AlertItem['state'][]) =>
  computed(() => known.value.filter((item) => states.includes(item.state)).sort(urgency))
/** Done by one person, to be looked at by another, then closed. */
export const review = inStates('resolved', 'verified')
export const shelved = inStates('shelved')
/** Local midnight; a wall that runs for months begins a new day by itself. */
export const dayBegin = computed(() => midnight(minuteNow.value, zone.value))
export const today = computed(() => {
  const begin = dayBegin.value
  return known.value.filter((item) => item.ledger === 'danger' && (instant(item.opened_at) ?? 0) >= begin)
})

/** Takes an alert into the book, unless a newer version is already there. */
export function learn(item: AlertItem): void {
  const before = book.get(item.id)
  if (before && older(item, before)) return
  book.set(item.id, item)
  if (!before && loaded.value && live(item.state)) arrived.value = item
}

function older(item: AlertItem, before: AlertItem): boolean {
  const [mine, its] = [instant(item.updated_at), instant(before.updated_at)]
  return mine !== null && its !== null && mine < its
}

export async function load(): Promise<void> {
  const begin = new Date(midnight(serverNow(), zone.value)).toISOString()
  // What the stream brings while we ask is newer than the answer and stays.
  const before = [...book.keys()]
  const [open, recent] = await Promise.all([
    api.alerts({ state: UNCLOSED }),
    api.alerts({ since: begin }),
  ])
  const present = new Set([...open, ...recent].map((item) => item.id))
  for (const id of before) if (!present.has(id)) book.delete(id)
  for (const item of [...recent, ...open]) learn(item)
  loaded.value = true
}

/** What the wall draws: compounds with their buildings, or compounds alone where there are too many to draw more. */
export async function loadPlaces(): Promise<void> {
  const [all, count] = await Promise.all([api.groups({}), api.placesCount()])
  groups.value = isDistrict(all.length) ? all : await api.groups({ tiles: true })
  registered.value = count
}
