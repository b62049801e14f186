/** The live stream: hears changes, notices within five seconds that it hears nothing, and comes back by itself. */
import { computed, ref, watch as whenever } from 'vue'
import { whenUnreachable } from '../api/client'
import { failedAt, heardAt, type Link, lost as isLost, shouldProbe } from '../pure/link'
import type { AlertItem, Status } from '../api/types'
import { book, dayBegin, learn, load, loadPlaces, registered, status } from './book'
import { now } from './now'
import { session } from './session'

const link = ref<Link>(heardAt(Date.now()))
const beat = ref(Date.now())

export const lost = computed(() => isLost(link.value, beat.value))
/** The last moment of which the screen is true. */
export const trueUntil = computed(() => now.value - (beat.value - link.value.heard))
export const lostFor = computed(() => beat.value - link.value.heard)

let source: EventSource | null = null
let running = false
let reopenAt = 0
let behind = false
let probing = false

const REOPEN_MS = 3_000
const AFRESH_MS = 15_000
const PROBE_PATIENCE_MS = 1_500

function heard(): void {
  link.value = heardAt(Date.now(), link.value.every)
}

let statusAt: number | null = null

/** The status is the server's heartbeat: its own rhythm tells us when to miss it. */
function heardStatus(): void {
  const at = Date.now()
  const every = statusAt === null || link.value.failed !== null ? link.value.every : at - statusAt
  statusAt = at
  link.value = heardAt(at, every)
}

function failed(): void {
  link.value = failedAt(link.value, Date.now())
  behind = true
}

whenUnreachable(failed)

async function refresh(): Promise<void> {
  try {
    await load()
    // A worker's link opens no map. What was registered meanwhile is drawn when the page loads its lists anew.
    if (!registered.value && !session.value?.alert) await loadPlaces()
    behind = false
  } catch {
    failed() // the next opening of the stream tries again
  }
}

function open(): void {
  source?.close()
  statusAt = null
  source = new EventSource('/api/v1/stream')
  source.onopen = () => {
    heard()
    if (behind) void refresh()
  }
  source.onerror = failed
  source.addEventListener('alert', (event) => {
    heard()
    learn(JSON.parse((event as MessageEvent<string>).data) as AlertItem)
  })
  source.addEventListener('status', (event) => {
    heardStatus()
    status.value = JSON.parse((event as MessageEvent<string>).data) as Status
  })
  source.addEventListener('resync', () => {
    heard()
    void refresh()
  })
}

/** Any answer means that the server can be reached; a dead stream is found by its silence. */
async function probe(): Promise<void> {
  if (probing) return
  probing = true
  try {
    await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(PROBE_PATIENCE_MS) })
  } catch {
    failed()
  } finally {
    probing = false
  }
}

function watch(): void {
  beat.value = Date.now()
  if (shouldProbe(link.value, beat.value)) void probe()
  if (!lost.value || beat.value < reopenAt) return
  behind = true
  reopenAt = beat.value + REOPEN_MS
  // The server said no to the stream itself: asking for the list tells why, and an ended session leads to the login.
  if (source?.readyState === EventSource.CLOSED) void refresh()
  // While it is CONNECTING the browser retries by itself and says which event it heard last; after long we start afresh.
  if (source?.readyState !== EventSource.CONNECTING || lostFor.value > AFRESH_MS) open()
}

// A new day: what was closed yesterday is let go.
whenever(dayBegin, () => running && void refresh())

let timer = 0

export function start(): void {
  if (running) return
  running = true
  heard()
  open()
  void refresh()
  timer = window.setInterval(watch, 500)
  window.addEventListener('offline', failed)
}

export function stop(): void {
  running = false
  source?.close()
  source = null
  window.clearInterval(timer)
  window.removeEventListener('offline', failed)
  book.clear()
}
