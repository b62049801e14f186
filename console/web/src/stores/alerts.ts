/** All loaded alerts, updated by stream events. Every view is computed from here. */
import { computed, reactive, ref, shallowRef } from 'vue'
import { api } from '../api/client'
import type { AlertItem, PlaceGroup, State, Status } from '../api/types'
import { isDistrict } from '../logic/density'
import { compareUrgency } from '../logic/alert-order'
import { isOpen } from '../logic/severity'
import { instant, midnight } from '../logic/time'
import { minuteNow, serverNow } from './clock'
import { zone } from './session'

export const alertsById = reactive(new Map<string, AlertItem>())
export const groups = shallowRef<PlaceGroup[]>([])
/** Number of registered places; null until it is loaded. */
export const registered = ref<number | null>(null)
export const status = ref<Status>({})
export const loaded = ref(false)
/** The newest alert, for screen readers. */
export const latestAlert = shallowRef<AlertItem | null>(null)

/** Everything that is not closed. */
const NOT_CLOSED = ['open', 'returned', 'acknowledged', 'on_site', 'resolved', 'verified', 'shelved'] satisfies State[]

const known = computed(() => [...alertsById.values()])
const openOf = (ledger: AlertItem['ledger']) =>
  computed(() => known.value.filter((item) => item.ledger === ledger && isOpen(item.state)).sort(compareUrgency))

export const danger = openOf('danger')
export const health = openOf('health')
const inStates = (...states: AlertItem['state'][]) =>
  computed(() => known.value.filter((item) => states.includes(item.state)).sort(compareUrgency))
/** Resolved or verified, not yet closed. */
export const review = inStates('resolved', 'verified')
export const shelved = inStates('shelved')
/** Local midnight; a wall that runs for months begins a new day by itself. */
export const dayStart = computed(() => midnight(minuteNow.value, zone.value))
export const today = computed(() => {
  const begin = dayStart.value
  return known.value.filter((item) => item.ledger === 'danger' && (instant(item.opened_at) ?? 0) >= begin)
})

/** Adds or replaces an alert, unless a newer version is present. */
export function upsertAlert(item: AlertItem): void {
  const before = alertsById.get(item.id)
  if (before && isOlder(item, before)) return
  alertsById.set(item.id, item)
  if (!before && loaded.value && isOpen(item.state)) latestAlert.value = item
}

function isOlder(item: AlertItem, before: AlertItem): boolean {
  const [updatedAt, knownAt] = [instant(item.updated_at), instant(before.updated_at)]
  return updatedAt !== null && knownAt !== null && updatedAt < knownAt
}

export async function loadAlerts(): Promise<void> {
  const begin = new Date(midnight(serverNow(), zone.value)).toISOString()
  // Alerts that stream events add meanwhile are newer than the response and stay.
  const before = [...alertsById.keys()]
  const [open, recent] = await Promise.all([
    api.alerts({ state: NOT_CLOSED }),
    api.alerts({ since: begin }),
  ])
  const present = new Set([...open, ...recent].map((item) => item.id))
  for (const id of before) if (!present.has(id)) alertsById.delete(id)
  for (const item of [...recent, ...open]) upsertAlert(item)
  loaded.value = true
}

/** Compounds with their buildings; without buildings in a district, where there are too many to draw. */
export async function loadPlaces(): Promise<void> {
  const [all, count] = await Promise.all([api.groups({}), api.placesCount()])
  groups.value = isDistrict(all.length) ? all : await api.groups({ tiles: true })
  registered.value = count
}
