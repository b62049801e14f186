/** The only clock of the pages: ticks once a second, corrected by the offset to the server's clock. */
import { computed, ref } from 'vue'
import { clockOffset } from '../api/client'

export const serverNow = (): number => Date.now() + clockOffset()

export const now = ref(serverNow())

const HALF_SECOND_MS = 500

/**
 * In the second half of each second the page has the class `beat`, and what pulses is drawn dimmer. An animation would
 * draw the whole page sixty times a second, which took half a processor of a wall that stood still; this draws it twice.
 */
function beat(): void {
  const { classList } = document.documentElement
  classList.remove('beat')
  if (!window.matchMedia('(prefers-reduced-motion: reduce)').matches) window.setTimeout(() => classList.add('beat'), HALF_SECOND_MS)
}

function tick(): void {
  now.value = serverNow()
  beat()
  // Aligned to the full second, so that all running times change together.
  window.setTimeout(tick, 1000 - (now.value % 1000) + 5)
}

export function startClock(): void {
  tick()
}

export const minuteNow = computed(() => Math.floor(now.value / 60_000) * 60_000)
