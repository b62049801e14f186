/** The only clock of the pages: ticks once a second, corrected by the offset to the server's clock. */
import { computed, ref } from 'vue'
import { clockOffset } from '../api/client'

export const serverNow = (): number => Date.now() + clockOffset()

export const now = ref(serverNow())

function tick(): void {
  now.value = serverNow()
  // Aligned to the full second, so that all running times change together.
  window.setTimeout(tick, 1000 - (now.value % 1000) + 5)
}

export function startClock(): void {
  tick()
}

export const minuteNow = computed(() => Math.floor(now.value / 60_000) * 60_000)
