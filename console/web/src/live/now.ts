/** The only clock of the screen: one beat a second for every running time, corrected to the server's clock. */
import { computed, ref } from 'vue'
import { clockOffset } from '../api/client'

export const serverNow = (): number => Date.now() + clockOffset()

export const now = ref(serverNow())

function beat(): void {
  now.value = serverNow()
  // Aligned to the full second, so that all running times change together.
  window.setTimeout(beat, 1000 - (now.value % 1000) + 5)
}

export function startClock(): void {
  beat()
}

export const minuteNow = computed(() => Math.floor(now.value / 60_000) * 60_000)
