/** The event stream: applies changes, notices a lost connection within five seconds, and reconnects. */
import { computed, ref, watch } from 'vue'
import { whenUnreachable } from '../api/client'
import { type Connection, eventAt, failureAt, isLost, shouldProbe } from '../logic/connection'
import type { AlertItem, Status } from '../api/types'
import { alertsById, dayStart, loadedSince, upsertAlert, loadAlerts, status } from './alerts'
import { now } from './clock'

const connection = ref<Connection>(eventAt(Date.now()))
const tick = ref(Date.now())
/** How often the lists were loaded: after the start, a lost connection, missed events, and at midnight. */
export const refreshes = ref(0)

export const lost = computed(() => isLost(connection.value, tick.value))
/** The screen shows the state of this instant or later. */
export const accurateUntil = computed(() => now.value - (tick.value - connection.value.lastEventAt))
export const lostForMs = computed(() => tick.value - connection.value.lastEventAt)

let source: EventSource | null = null
let running = false
let reopenAt = 0
let isStale = false
let opened = false
let probing = false

const REOPEN_MS = 3_000
const NEW_SOURCE_MS = 15_000
const PROBE_TIMEOUT_MS = 1_500

function onEvent(): void {
  connection.value = eventAt(Date.now(), connection.value.intervalMs)
}

/** Events of one frame are applied together: a hundred a second must not draw the page a hundred times. */
const arrived: AlertItem[] = []
/** A hidden page draws no frames, and its list must not grow. */
const APPLY_AT_LATEST_MS = 250
let frame = 0
let latest = 0

function onAlertEvent(alert: AlertItem): void {
  arrived.push(alert)
  if (arrived.length > 1) return
  frame = requestAnimationFrame(applyArrived)
  latest = window.setTimeout(applyArrived, APPLY_AT_LATEST_MS)
}

function applyArrived(): void {
  cancelAnimationFrame(frame)
  window.clearTimeout(latest)
  for (const alert of arrived.splice(0)) upsertAlert(alert)
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
    isStale = !opened
    refreshes.value += 1
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
    opened = true
    if (isStale) void refresh()
  }
  source.onerror = onFailure
  source.addEventListener('alert', (event) => {
    onEvent()
    onAlertEvent(JSON.parse((event as MessageEvent<string>).data) as AlertItem)
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

// A new day: alerts closed yesterday are dropped. The clock that the first response sets right is no new day.
watch(dayStart, (day) => running && loadedSince !== null && day !== loadedSince && void refresh())

let timer = 0

export function start(): void {
  if (running) return
  running = true
  onEvent()
  // A list that comes before the stream is open may lack what changes in between: then it is loaded once more.
  opened = false
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
  arrived.length = 0
  alertsById.clear()
  onEvent()
  tick.value = Date.now()
}
