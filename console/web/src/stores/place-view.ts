/** The place that the map of the wall shows: loaded once a step; what is open in it is patched from the stream. */
import { computed, ref, shallowRef, watch } from 'vue'
import { api, Problem } from '../api/client'
import type { PlaceOverview } from '../api/types'
import { mapStep } from '../logic/place-map'
import { alerts, loaded } from './alerts'

/** What changes the map itself, not its alerts, is rare: a registered building, a new outline. */
const RELOAD_MS = 10 * 60_000
/** An alert at a place that the step does not list (a manhole, a new building) loads the step again, not more often. */
const RELOAD_FOR_UNKNOWN_MS = 3_000

export const view = shallowRef<PlaceOverview | null>(null)
/** The address names a place that does not exist or may not be seen. */
export const isMissing = ref(false)

let wanted: string | null = null
let loadedAt = 0

export const step = computed(() => (view.value ? mapStep(view.value, loaded.value ? alerts.value : null) : null))

export async function showPlace(place: string | null): Promise<void> {
  wanted = place
  loadedAt = Date.now()
  try {
    const found = await api.overview(place)
    if (wanted !== place) return // another place was asked for meanwhile
    view.value = found
    isMissing.value = false
  } catch (error) {
    if (wanted !== place) return
    if (error instanceof Problem && error.kind === 'gone') isMissing.value = true
    // Otherwise the connection is lost: the bar says so, and the step is loaded again with the lists.
  }
}

export const reloadPlace = (): Promise<void> => showPlace(wanted)

/** Loads the step again now and then while the wall is shown; returns what ends it. */
export function keepPlace(): () => void {
  const timer = window.setInterval(() => void reloadPlace(), RELOAD_MS)
  const stop = watch(
    () => step.value?.unknown.length ?? 0,
    (unknown) => unknown > 0 && Date.now() - loadedAt > RELOAD_FOR_UNKNOWN_MS && void reloadPlace(),
  )
  return () => {
    window.clearInterval(timer)
    stop()
  }
}
