/** The worker's presses: sent at once when there is a network, else kept and sent when it is back. */
import { ref } from 'vue'
import { api, Problem } from '../api/client'
import type { ActBody, Action } from '../api/types'
import { keep, kept } from '../keep'
import { problemWords } from '../problem-words'
import { type Pressed, splitByAge } from '../pure/queue'
import { learn } from './book'
import { serverNow } from './now'

const RETRY_MS = 2_000

export const waiting = ref<Pressed[]>(restore())
/** Why the last press did not count, for the alert it belonged to. */
export const refused = ref<{ alert: string; why: string } | null>(null)
/** Presses that waited too long and were not sent. */
export const gone = ref<Pressed[]>([])
let sending = false
let timer = 0

function restore(): Pressed[] {
  try {
    return JSON.parse(kept('presses') ?? '[]') as Pressed[]
  } catch {
    return [] // written by another version: nothing we could send safely
  }
}

function save(list: Pressed[]): void {
  waiting.value = list
  keep('presses', list.length ? JSON.stringify(list) : null)
}

export function press(alert: string, action: Action, body: ActBody = {}): void {
  refused.value = null
  gone.value = []
  save([...waiting.value, { alert, action, body, at: serverNow() }])
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
    if (waiting.value.length) timer = window.setTimeout(() => void send(), RETRY_MS)
  }
}

/** In order, because arriving before taking would be refused. */
async function sendAll(): Promise<void> {
  for (;;) {
    const { keep: fresh, gone: old } = splitByAge(waiting.value, serverNow())
    if (old.length) gone.value = old
    if (old.length || fresh.length !== waiting.value.length) save(fresh)
    const next = fresh[0]
    if (!next) return
    try {
      const after = await api.act(next.alert, next.action, next.body)
      if (after?.id && after.state) learn(after)
    } catch (error) {
      if (error instanceof Problem && (error.trouble === 'offline' || error.trouble === 'server')) return
      refused.value = { alert: next.alert, why: problemWords(error) }
      // What was to follow this press makes no sense without it.
      save(waiting.value.filter((pressed) => pressed.alert !== next.alert))
      continue
    }
    save(waiting.value.slice(1))
  }
}

export function resumeSending(): void {
  if (waiting.value.length) void send()
}
