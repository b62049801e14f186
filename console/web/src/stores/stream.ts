/** The event stream: applies changes, notices a lost connection within five seconds, and reconnects. */
import { computed, ref, watch } from 'vue'
import { whenUnreachable } from '../api/client'
import { type Connection, eventAt, failureAt, isLost, shouldProbe } from '../logic/connection'
import type { AlertItem, Status } from '../api/types'
import { alertsById, dayStart, upsertAlert, loadAlerts, loadPlaces, registered, status } from './alerts'
import { now } from './clock'
import { session } from './session'

const connection = ref<Connection>(eventAt(Date.now()))
const tick = ref(Date.now())

export const lost = computed(() => isLost(connection.value, tick.value))
/** The screen shows the state of this instant or later. */
export const accurateUntil = computed(() => now.value - (tick.value - connection.value.lastEventAt))
export const lostForMs = computed(() => tick.value - connection.value.lastEventAt)

let source: EventSource | null = null
let running = false
let reopenAt = 0
let isStale = false
let probing = false

const REOPEN_MS = 3_000
const NEW_SOURCE_MS = 15_000
const PROBE_TIMEOUT_MS = 1_500

function onEvent(): void {
  connection.value = eventAt(Date.now(), connection.value.intervalMs)
}

let statusAt: number | null = null

/** Status events are the server's heartbeat: their interval decides when one is missing. */
function onStatusEvent(): void {
  const at = Date.now()
  const intervalMs = statusAt === null || connection.value.failingSince !== null ? connection.value.intervalMs : at - statusAt
  statusAt = at
  connection.value = eventAt(at, intervalMs)
}

function onFailure(): void {
  connection.value = failureAt(connection.value, Date.now())
  isStale = true
}

whenUnreachable(onFailure)

async function refresh(): Promise<void> {
  try {
    await loadAlerts()
    // A worker's link opens no map. What was registered meanwhile is drawn when the page loads its lists anew.
    if (!registered.value && !session.value?.alert) await loadPlaces()
    isStale = false
  } catch {
    onFailure() // the next opening of the stream tries again
  }
}

function open(): void {
  source?.close()
  statusAt = null
  source = new EventSource('/api/v1/stream')
  source.onopen = () => {
    onEvent()
    if (isStale) void refresh()
  }
  source.onerror = onFailure
  source.addEventListener('alert', (event) => {
    onEvent()
    upsertAlert(JSON.parse((event as MessageEvent<string>).data) as AlertItem)
  })
  source.addEventListener('status', (event) => {
    onStatusEvent()
    status.value = JSON.parse((event as MessageEvent<string>).data) as Status
  })
  source.addEventListener('resync', () => {
    onEvent()
    void refresh()
  })
}

/** Any response means that the server can be reached; a dead stream is detected by its silence. */
async function probe(): Promise<void> {
  if (probing) return
  probing = true
  try {
    await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
  } catch {
    onFailure()
  } finally {
    probing = false
  }
}

function checkConnection(): void {
  tick.value = Date.now()
  if (shouldProbe(connection.value, tick.value)) void probe()
  if (!lost.value || tick.value < reopenAt) return
  isStale = true
  reopenAt = tick.value + REOPEN_MS
  // The server refused the stream: loading the list shows why, and an ended session leads to the login.
  if (source?.readyState === EventSource.CLOSED) void refresh()
  // While CONNECTING the browser retries and sends the last event id; after NEW_SOURCE_MS a new source is opened.
  if (source?.readyState !== EventSource.CONNECTING || lostForMs.value > NEW_SOURCE_MS) open()
}

// A new day: alerts closed yesterday are dropped.
watch(dayStart, () => running && void refresh())

let timer = 0

export function start(): void {
  if (running) return
  running = true
  onEvent()
  open()
  void refresh()
  timer = window.setInterval(checkConnection, 500)
  window.addEventListener('offline', onFailure)
}

export function stop(): void {
  running = false
  source?.close()
  source = null
  window.clearInterval(timer)
  window.removeEventListener('offline', onFailure)
  alertsById.clear()
}
