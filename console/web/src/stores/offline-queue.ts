/** Actions of a worker: sent at once when there is a network, else stored and sent later. */
import { ref } from 'vue'
import { api, Problem } from '../api/client'
import type { ActBody, Action } from '../api/types'
import { savePreference, readPreference } from '../preferences'
import { problemMessage } from '../i18n/problems'
import { type QueuedAction, splitExpired } from '../logic/offline-queue'
import { upsertAlert } from './alerts'
import { serverNow } from './clock'
import { sender } from './session'

const RETRY_MS = 2_000

export const pendingActions = ref<QueuedAction[]>(restore())
/** Why the last action was rejected, and for which alert. */
export const rejectedAction = ref<{ alert: string; why: string } | null>(null)
/** Actions that expired before they could be sent. */
export const expiredActions = ref<QueuedAction[]>([])
let sending = false
let timer = 0

function restore(): QueuedAction[] {
  try {
    return JSON.parse(readPreference('presses') ?? '[]') as QueuedAction[]
  } catch {
    return [] // written by another version: not safe to send
  }
}

function save(list: QueuedAction[]): void {
  pendingActions.value = list
  savePreference('presses', list.length ? JSON.stringify(list) : null)
}

export function enqueueAction(alert: string, action: Action, body: ActBody = {}): void {
  rejectedAction.value = null
  expiredActions.value = []
  save([...pendingActions.value, { alert, by: sender.value, action, body, at: serverNow() }])
  void send()
}

async function send(): Promise<void> {
  if (sending) return
  sending = true
  window.clearTimeout(timer)
  try {
    await sendAll()
  } finally {
    sending = false
    if (pendingActions.value.length) timer = window.setTimeout(() => void send(), RETRY_MS)
  }
}

/** In order: arriving before acknowledging would be refused. */
async function sendAll(): Promise<void> {
  for (;;) {
    const { current, expired } = splitExpired(pendingActions.value, serverNow())
    if (expired.length) expiredActions.value = expired
    if (expired.length || current.length !== pendingActions.value.length) save(current)
    // Another person's actions on this phone are not sent in this person's name; they expire.
    const next = current.find((queued) => queued.by === sender.value)
    if (!next) return
    try {
      const updated = await api.act(next.alert, next.action, next.body)
      if (updated?.id && updated.state) upsertAlert(updated)
    } catch (error) {
      if (error instanceof Problem && (error.kind === 'offline' || error.kind === 'server')) return
      rejectedAction.value = { alert: next.alert, why: problemMessage(error) }
      // Later actions on this alert depend on this one.
      save(pendingActions.value.filter((queued) => queued.alert !== next.alert))
      continue
    }
    save(pendingActions.value.filter((queued) => queued !== next))
  }
}

export function resumeSending(): void {
  if (pendingActions.value.length) void send()
}
