/** One alert with its timeline, loaded again whenever a stream event changed it. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import { api, Problem } from '../api/client'
import type { AlertDetail, AlertItem, Device } from '../api/types'
import { alertsById, upsertAlert } from './alerts'
import { now } from './clock'
import { session } from './session'

/** Delivery states may change without the alert changing. */
const REFRESH_MS = 5_000

/** Fields that stream events do not have, until the detail is loaded. */
const EMPTY_DETAIL = {
  devices: [],
  findings: [],
  merged: [],
  chattering: false,
  timeline: [],
  path: [],
  lon: null,
  lat: null,
  concerned: [],
  contacts: [],
  photos: [],
  proposals: [],
  report: null,
}

/** `stored` is shown until the server has answered, for an alert of that id. */
export function useAlertDetail(id: Ref<string | null>, stored: AlertDetail | null = null) {
  const detail = shallowRef<AlertDetail | null>(null)
  const device = shallowRef<Device | null>(null)
  const missing = ref(false)
  let requestedAt = 0

  /** The stream's version when it is newer: its state and deadline come at once, the timeline a moment later. */
  const alert = computed<AlertDetail | null>(() => {
    const known = id.value === null ? undefined : alertsById.get(id.value)
    const full = detail.value?.id === id.value ? detail.value : null
    // `allowed` of a detail is for this user and this state only.
    if (full && known) return { ...full, ...known, allowed: known.state === full.state ? full.allowed : known.allowed }
    if (full) return full
    return known ? { ...EMPTY_DETAIL, ...known } : null
  })

  async function reload(): Promise<void> {
    const requestedId = id.value
    if (requestedId === null) return
    requestedAt = now.value
    try {
      const response = await api.alert(requestedId)
      if (requestedId !== id.value) return
      detail.value = response
      missing.value = false
      upsertAlert(itemOf(response))
      void loadDevice(response.device)
    } catch (error) {
      if (error instanceof Problem && error.kind === 'gone') missing.value = true
    }
  }

  async function loadDevice(deviceId: string | null): Promise<void> {
    // A worker's link may not read the registry: the page then shows less.
    if (deviceId === null || device.value?.id === deviceId || session.value?.alert) return
    device.value = await api.device(deviceId).catch(() => null)
  }

  watch(
    id,
    () => {
      detail.value = stored?.id === id.value ? stored : null
      device.value = null
      missing.value = false
      void reload()
    },
    { immediate: true },
  )
  watch(() => (id.value === null ? undefined : alertsById.get(id.value)), (after, before) => {
    if (before && after && after.updated_at !== detail.value?.updated_at) void reload()
  })
  const timer = window.setInterval(() => {
    if (now.value - requestedAt >= REFRESH_MS) void reload()
  }, REFRESH_MS)
  onBeforeUnmount(() => window.clearInterval(timer))

  return { alert, device, missing, reload }
}

function itemOf(detail: AlertDetail): AlertItem {
  const { timeline: _timeline, contacts: _contacts, ...item } = detail
  return item
}
