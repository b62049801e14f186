/** Photos of an alert: sent at once when there is a network, else kept in the browser's database and sent later. */
import { computed, ref } from 'vue'
import { Problem } from '../api/client'
import { sendPhotos } from '../api/photos'
import { problemMessage } from '../i18n/problems'
import { splitOldPhotos, type QueuedPhotos } from '../logic/photo-queue'
import { addPhotos, deletePhotos, readPhotos } from './photo-database'
import { serverNow } from './clock'
import { sender } from './session'

const RETRY_MS = 5_000

export const pendingPhotos = ref<QueuedPhotos[]>([])
/** Why photos were not accepted, and for which alert. */
export const rejectedPhotos = ref<{ alert: string; why: string } | null>(null)
/** Increases with each delivery, so that a page loads the alert again. */
export const photosSent = ref(0)
let sending = false
let timer = 0

export function photosPendingFor(alert: () => string) {
  return computed(() => pendingPhotos.value.filter((queued) => queued.alert === alert()).reduce((sum, queued) => sum + queued.files.length, 0))
}

export async function enqueuePhotos(alert: string, files: readonly File[]): Promise<void> {
  rejectedPhotos.value = null
  const queued: QueuedPhotos = { key: crypto.randomUUID(), alert, by: sender.value, files: [...files], at: serverNow() }
  pendingPhotos.value = [...pendingPhotos.value, queued]
  await addPhotos(queued)
  await send()
}

/** Sends what an earlier visit of this page could not. */
export async function resumePhotos(): Promise<void> {
  const stored = await readPhotos()
  const known = new Set(pendingPhotos.value.map((queued) => queued.key))
  pendingPhotos.value = [...stored.filter((queued) => !known.has(queued.key)), ...pendingPhotos.value]
  await send()
}

async function send(): Promise<void> {
  if (sending) return
  sending = true
  window.clearTimeout(timer)
  try {
    await sendAll()
  } finally {
    sending = false
    if (pendingPhotos.value.length) timer = window.setTimeout(() => void send(), RETRY_MS)
  }
}

async function sendAll(): Promise<void> {
  const { current, old } = splitOldPhotos(pendingPhotos.value, serverNow())
  for (const queued of old) await remove(queued)
  // Another person's photos wait until that person uses this phone again: the service records who sent them.
  for (const queued of current.filter((one) => one.by === sender.value)) {
    try {
      await sendPhotos(queued.alert, queued.files, '')
      photosSent.value += 1
    } catch (error) {
      if (error instanceof Problem && (error.kind === 'offline' || error.kind === 'server')) return
      rejectedPhotos.value = { alert: queued.alert, why: problemMessage(error) }
    }
    await remove(queued)
  }
}

async function remove(queued: QueuedPhotos): Promise<void> {
  pendingPhotos.value = pendingPhotos.value.filter((one) => one.key !== queued.key)
  await deletePhotos(queued.key)
}
