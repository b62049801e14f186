/** Speaks HTTP with our server: session cookie, problems as one sentence, and the server's clock. */
import type { Action, AlertDetail, AlertItem, Cell, Device, Duty, Latched, Named, Page, Person, PlaceGroup, ReadingPoint, Rule, Session, Silence } from './types'

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

const ROOT = '/api/v1'
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

async function problem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null)
  return new Problem(TROUBLES[response.status] ?? 'server', sentence(body))
}

async function call<T>(method: string, path: string, body?: unknown, quiet = false): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (method !== 'GET') headers['x-fengshao'] = '1'
  let response: Response
  try {
    response = await fetch(ROOT + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
  } catch {
    onUnreachable()
    throw new Problem('offline', '')
  }
  learnClock(response)
  if (response.status === 401 && !quiet) onUnauthorized()
  if (!response.ok) throw await problem(response)
  return (response.status === 204 ? undefined : await response.json()) as T
}

type Query = Record<string, string | number | readonly string[] | undefined>

export function query(values: Query): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one))
  }
  const text = search.toString()
  return text ? `?${text}` : ''
}

/** All pages of a list, up to a stated number, so that a wrong cursor cannot loop for ever. */
async function all<T>(path: string, values: Query, mostPages: number): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page += 1) {
    const got = await call<Page<T>>('GET', path + query({ ...values, limit: 1000, cursor }))
    items.push(...got.items)
    if (!got.next) break
    cursor = got.next
  }
  return items
}

const one = (id: string): string => encodeURIComponent(id)

export const api = {
  session: () => call<Session>('GET', '/session', undefined, true),
  enter: (body: { token: string } | { link: string }) => call<Session>('POST', '/session', body, true),
  leave: () => call<void>('DELETE', '/session'),
  alerts: (values: Query) => all<AlertItem>('/alerts', values, 5),
  alert: (id: string) => call<AlertDetail>('GET', `/alerts/${one(id)}`),
  act: (id: string, action: Action, body: Record<string, unknown>) =>
    call<AlertItem | undefined>('POST', `/alerts/${one(id)}/${action}`, body),
  device: (id: string) => call<Device>('GET', `/devices/${one(id)}`),
  readings: (id: string, values: Query) => all<ReadingPoint>(`/devices/${one(id)}/readings`, values, 4),
  groups: (values: Query) => all<PlaceGroup>('/places/summary', values, 10),
  placesCount: async () => (await call<{ places: number }>('GET', '/places/summary?limit=1')).places,
  people: () => all<Person>('/people', {}, 20),
  rules: (device: string) => all<Rule>('/rules', { device }, 5),
  latched: (alert: string) => all<Latched>('/rules/latched', { alert }, 1),
  reset: (rule: string, device: string, reason: string) => {
    const about = device.includes('/') ? { subject: device } : { device }
    return call<{ ended: boolean }>('POST', `/rules/${one(rule)}/reset`, { ...about, reason })
  },
  silences: () => all<Silence>('/silences', {}, 1),
  silence: (body: Record<string, unknown>) => call<Silence>('POST', '/silences', body),
  endSilence: (id: string) => call<Silence>('DELETE', `/silences/${one(id)}`),
  placesIn: (parent: string) => all<Named>('/places', { parent }, 5),
  cells: () => all<Cell>('/cells', {}, 5),
  rosters: () => all<Duty>('/rosters', {}, 5),
}
