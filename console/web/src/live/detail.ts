/** One alert with its timeline, fetched again whenever the stream says that it changed. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import { api, Problem } from '../api/client'
import type { AlertDetail, AlertItem, Device } from '../api/types'
import { book, learn } from './book'
import { now } from './now'
import { session } from './session'

/** Delivery states may change without the alert changing. */
const FRESH_MS = 5_000

/** What only the answer to our own question tells, until it comes. */
const UNTOLD = { devices: [], timeline: [], path: [], lon: null, lat: null, concerned: [], contacts: [] }

export function useDetail(id: Ref<string | null>) {
  const detail = shallowRef<AlertDetail | null>(null)
  const device = shallowRef<Device | null>(null)
  const missing = ref(false)
  let asked = 0

  /** The stream's version when it is newer: its state and deadline come at once, the timeline a moment later. */
  const alert = computed<AlertDetail | null>(() => {
    const known = id.value === null ? undefined : book.get(id.value)
    const full = detail.value?.id === id.value ? detail.value : null
    // What is allowed depends on who looks; only the answer to our own question knows that.
    if (full && known) return { ...full, ...known, allowed: known.state === full.state ? full.allowed : known.allowed }
    if (full) return full
    return known ? { ...UNTOLD, ...known } : null
  })

  async function reload(): Promise<void> {
    const wanted = id.value
    if (wanted === null) return
    asked = now.value
    try {
      const got = await api.alert(wanted)
      if (wanted !== id.value) return
      detail.value = got
      missing.value = false
      learn(itemOf(got))
      void describe(got.device)
    } catch (error) {
      if (error instanceof Problem && error.trouble === 'gone') missing.value = true
    }
  }

  async function describe(wanted: string | null): Promise<void> {
    // A worker's link opens no registry: the page then says less.
    if (wanted === null || device.value?.id === wanted || session.value?.alert) return
    device.value = await api.device(wanted).catch(() => null)
  }

  watch(
    id,
    () => {
      detail.value = null
      device.value = null
      missing.value = false
      void reload()
    },
    { immediate: true },
  )
  watch(() => (id.value === null ? undefined : book.get(id.value)), (after, before) => {
    if (before && after && after.updated_at !== detail.value?.updated_at) void reload()
  })
  const timer = window.setInterval(() => {
    if (now.value - asked >= FRESH_MS) void reload()
  }, FRESH_MS)
  onBeforeUnmount(() => window.clearInterval(timer))

  return { alert, device, missing, reload }
}

function itemOf(detail: AlertDetail): AlertItem {
  const { timeline: _timeline, contacts: _contacts, ...item } = detail
  return item
}
