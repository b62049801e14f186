/** All loaded alerts, updated by stream events. Every view is computed from here. */
import { computed, ref, shallowReactive, shallowRef } from 'vue'
import { api } from '../api/client'
import type { AlertItem, Status } from '../api/types'
import { compareUrgency } from '../logic/alert-order'
import { isOpen } from '../logic/severity'
import { instant, midnight } from '../logic/time'
import { minuteNow, serverNow } from './clock'
import { zone } from './session'

/** Alerts are replaced whole, never changed in place: only the map is observed, not the fields of hundreds of alerts. */
export const alertsById = shallowReactive(new Map<string, AlertItem>())
export const status = ref<Status>({})
export const loaded = ref(false)
/** When an open alert was seen to be new, taken, passed on, or of another severity: not what was there at loading. */
export const changedAt = new Map<string, number>()
/** The newest alert, for screen readers. */
export const latestAlert = shallowRef<AlertItem | null>(null)

/** Every known alert, also those closed today. */
export const alerts = computed(() => [...alertsById.values()])
const openOf = (ledger: AlertItem['ledger']) =>
  computed(() => alerts.value.filter((item) => item.ledger === ledger && isOpen(item.state)).sort(compareUrgency))

export const danger = openOf('danger')
export const health = openOf('health')
const inStates = (...states: AlertItem['state'][]) =>
  computed(() => alerts.value.filter((item) => states.includes(item.state)).sort(compareUrgency))
/** Resolved or verified, not yet closed. */
export const review = inStates('resolved', 'verified')
export const shelved = inStates('shelved')
/** Local midnight; a wall that runs for months begins a new day by itself. */
export const dayStart = computed(() => midnight(minuteNow.value, zone.value))
export const today = computed(() => {
  const begin = dayStart.value
  return alerts.value.filter((item) => item.ledger === 'danger' && (instant(item.opened_at) ?? 0) >= begin)
})

/** Adds or replaces an alert, unless a newer version is present. */
export function upsertAlert(item: AlertItem): void {
  const before = alertsById.get(item.id)
  if (before && isOlder(item, before)) return
  if (loaded.value && isNews(item, before)) changedAt.set(item.id, serverNow())
  alertsById.set(item.id, item)
  if (!before && loaded.value && isOpen(item.state)) latestAlert.value = item
}

const isNews = (item: AlertItem, before: AlertItem | undefined): boolean =>
  item.state !== before?.state || item.severity !== before.severity || item.owner?.id !== before.owner?.id

function isOlder(item: AlertItem, before: AlertItem): boolean {
  const [updatedAt, knownAt] = [instant(item.updated_at), instant(before.updated_at)]
  return updatedAt !== null && knownAt !== null && updatedAt < knownAt
}

/** Since which midnight the alerts are loaded; null before the first list. */
export let loadedSince: number | null = null

export async function loadAlerts(): Promise<void> {
  const day = midnight(serverNow(), zone.value)
  const begin = new Date(day).toISOString()
  // Alerts that stream events add meanwhile are newer than the response and stay.
  const before = [...alertsById.keys()]
  const found = await api.alerts({ not_closed_or_since: begin })
  const present = new Set(found.map((item) => item.id))
  for (const id of before) {
    if (present.has(id)) continue
    alertsById.delete(id)
    changedAt.delete(id)
  }
  for (const item of found) upsertAlert(item)
  loadedSince = day
  loaded.value = true
}
