/** Speaks HTTP with our server: session cookie, problems as one sentence, and the server's clock. */
import createClient from 'openapi-fetch'
import type { paths } from './schema'
import type { ActBody, Action, AlertFilter, GroupFilter, LoginBody, Page, ReadingFilter, SilenceBody } from './types'

export type Trouble = 'offline' | 'unauthorized' | 'forbidden' | 'gone' | 'refused' | 'tooMany' | 'server'

/** What went wrong. `said` is the server's own sentence for people, when it gave one. */
export class Problem extends Error {
  constructor(
    readonly trouble: Trouble,
    readonly said: string,
  ) {
    super(said || trouble)
  }
}

const PATIENCE_MS = 10_000
/** Below this a difference of clocks is the network's, not the clock's. */
const CLOCK_SLACK_MS = 2_000

let offset = 0
let onUnauthorized: () => void = () => undefined
let onUnreachable: () => void = () => undefined

/** Milliseconds to add to this device's clock to get the server's. */
export const clockOffset = (): number => offset

export function whenUnauthorized(handler: () => void): void {
  onUnauthorized = handler
}

/** A call that found no server tells the live link at once. */
export function whenUnreachable(handler: () => void): void {
  onUnreachable = handler
}

function learnClock(response: Response): void {
  const date = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(date)) return
  const difference = date + 500 - Date.now()
  offset = Math.abs(difference) < CLOCK_SLACK_MS ? 0 : difference
}

const TROUBLES: Record<number, Trouble> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'gone',
  409: 'refused',
  410: 'gone',
  422: 'refused',
  429: 'tooMany',
}

/** The faults of single fields say more than "something is wrong with it". */
function sentence(body: unknown): string {
  const { detail, errors } = (body ?? {}) as { detail?: unknown; errors?: Array<{ detail?: unknown; message?: unknown }> }
  const faults = (Array.isArray(errors) ? errors : []).map((fault) => fault.message ?? fault.detail)
  const said = faults.filter((fault) => typeof fault === 'string')
  if (said.length) return said.join('')
  return typeof detail === 'string' ? detail : ''
}

/** Every request: the session's cookie, our own header on what changes something, and a limit to patience. */
async function send(request: Request): Promise<Response> {
  if (request.method !== 'GET') request.headers.set('x-fengshao', '1')
  let response: Response
  try {
    response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) })
  } catch {
    onUnreachable()
    throw new Problem('offline', '')
  }
  learnClock(response)
  return response
}

const http = createClient<paths>({ credentials: 'same-origin', headers: { accept: 'application/json' }, fetch: send })

interface Answered<T> {
  data?: T
  error?: unknown
  response: Response
}

/** What was answered, or what went wrong as a `Problem`. `quiet`: not being logged in is an answer here. */
async function told<T>(asked: Promise<Answered<T>>, quiet = false): Promise<T> {
  const { data, error, response } = await asked
  if (response.status === 401 && !quiet) onUnauthorized()
  if (!response.ok) throw new Problem(TROUBLES[response.status] ?? 'server', sentence(error))
  return data as T
}

interface Part {
  limit: number
  next?: string
}

/** All pages of a list, up to a stated number, so that a wrong cursor cannot loop for ever. */
async function all<T>(page: (part: Part) => Promise<Answered<Page<T>>>, mostPages: number): Promise<T[]> {
  const items: T[] = []
  let next: string | undefined
  for (let number = 0; number < mostPages; number += 1) {
    const got = await told(page({ limit: 1000, next }))
    items.push(...got.items)
    if (!got.next) break
    next = got.next
  }
  return items
}

export const api = {
  session: () => told(http.GET('/api/v1/session'), true),
  enter: (body: LoginBody) => told(http.POST('/api/v1/session', { body }), true),
  leave: () => told(http.DELETE('/api/v1/session')),
  alerts: (values: AlertFilter) =>
    all((part) => http.GET('/api/v1/alerts', { params: { query: { ...values, ...part } } }), 5),
  alert: (alert_id: string) => told(http.GET('/api/v1/alerts/{alert_id}', { params: { path: { alert_id } } })),
  act: (alert_id: string, action: Action, body: ActBody) =>
    told(http.POST('/api/v1/alerts/{alert_id}/{action}', { params: { path: { alert_id, action } }, body })),
  device: (device_id: string) => told(http.GET('/api/v1/devices/{device_id}', { params: { path: { device_id } } })),
  readings: (device_id: string, values: ReadingFilter) =>
    all((part) => {
      const params = { path: { device_id }, query: { ...values, ...part } }
      return http.GET('/api/v1/devices/{device_id}/readings', { params })
    }, 4),
  groups: (values: GroupFilter) =>
    all((part) => http.GET('/api/v1/places/summary', { params: { query: { ...values, ...part } } }), 10),
  placesCount: async () => (await told(http.GET('/api/v1/places/summary', { params: { query: { limit: 1 } } }))).places,
  people: () => all((query) => http.GET('/api/v1/people', { params: { query } }), 20),
  rules: async (device: string) => (await told(http.GET('/api/v1/rules', { params: { query: { device } } }))).items,
  latched: async (alert: string) =>
    (await told(http.GET('/api/v1/rules/latched', { params: { query: { alert } } }))).items,
  reset: (name: string, device: string, reason: string) => {
    const about = device.includes('/') ? { subject: device } : { device }
    return told(http.POST('/api/v1/rules/{name}/reset', { params: { path: { name } }, body: { ...about, reason } }))
  },
  silences: () => all((query) => http.GET('/api/v1/silences', { params: { query } }), 1),
  silence: (body: SilenceBody) => told(http.POST('/api/v1/silences', { body })),
  endSilence: (silence_id: string) =>
    told(http.DELETE('/api/v1/silences/{silence_id}', { params: { path: { silence_id } } })),
  placesIn: (parent: string) => all((part) => http.GET('/api/v1/places', { params: { query: { parent, ...part } } }), 5),
  cells: () => all((query) => http.GET('/api/v1/cells', { params: { query } }), 5),
  rosters: () => all((query) => http.GET('/api/v1/rosters', { params: { query } }), 5),
}
