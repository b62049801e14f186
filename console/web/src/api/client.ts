/** HTTP client of the API: session cookie, problems as one sentence, and the offset to the server's clock. */
import createClient from 'openapi-fetch'
import type { paths } from './schema'
import type {
  ActBody,
  Action,
  AlertFilter,
  DeviceFilter,
  GroupFilter,
  LoginBody,
  NewDevice,
  OverrideBody,
  Page,
  ReadingFilter,
  RefusalFilter,
  ReplaceBody,
  ReplayBody,
  RollupFilter,
  ReportFilter,
  SilenceBody,
  SwapAnswer,
  SwapBody,
  VerifyBody,
  WhyQuery,
} from './types'

export type ProblemKind = 'offline' | 'unauthorized' | 'forbidden' | 'gone' | 'refused' | 'tooMany' | 'server'

/** One fault of a request: the field, or for a file `file:line:column field`, and what to write instead. */
export interface FieldFault {
  field: string
  detail: string
}

/** A request that failed. `detail` is the sentence that the server wrote for people, when there was one. */
export class Problem extends Error {
  constructor(
    readonly kind: ProblemKind,
    readonly detail: string,
    readonly faults: readonly FieldFault[] = [],
    readonly status = 0,
  ) {
    super(detail || kind)
  }
}

const TIMEOUT_MS = 10_000
const PATIENT_TIMEOUT_MS = 90_000
/** A smaller difference is network delay, not clock offset. */
const CLOCK_SLACK_MS = 2_000

let offset = 0
let onUnauthorized: () => void = () => undefined
let onUnreachable: () => void = () => undefined

/** Milliseconds to add to this device's clock to get the server's. */
export const clockOffset = (): number => offset

export function whenUnauthorized(handler: () => void): void {
  onUnauthorized = handler
}

/** `handler` runs at once when a request does not reach the server. */
export function whenUnreachable(handler: () => void): void {
  onUnreachable = handler
}

function updateClockOffset(response: Response): void {
  const date = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(date)) return
  const difference = date + 500 - Date.now()
  offset = Math.abs(difference) < CLOCK_SLACK_MS ? 0 : difference
}

const PROBLEM_KINDS: Record<number, ProblemKind> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'gone',
  409: 'refused',
  410: 'gone',
  412: 'refused',
  422: 'refused',
  429: 'tooMany',
}

/** The messages of single fields where there are any: they are more specific than the summary. */
function detailOf(body: unknown): string {
  const { detail, errors } = (body ?? {}) as { detail?: unknown; errors?: Array<{ detail?: unknown; message?: unknown }> }
  const faults = (Array.isArray(errors) ? errors : []).map((fault) => fault.message ?? fault.detail)
  const details = faults.filter((fault) => typeof fault === 'string')
  if (details.length) return details.join('')
  return typeof detail === 'string' ? detail : ''
}

/** The faults of single fields. */
function faultsOf(body: unknown): FieldFault[] {
  const { errors } = (body ?? {}) as { errors?: Array<Partial<FieldFault>> }
  return (Array.isArray(errors) ? errors : []).map(({ field, detail }) => ({ field: String(field ?? ''), detail: String(detail ?? '') }))
}

/** Sends a request with the session cookie, our own header for changes, and a timeout. */
async function send(request: Request, timeoutMs = TIMEOUT_MS): Promise<Response> {
  if (request.method !== 'GET') request.headers.set('x-fengshao', '1')
  let response: Response
  try {
    response = await fetch(request, { signal: AbortSignal.timeout(timeoutMs) })
  } catch {
    onUnreachable()
    throw new Problem('offline', '')
  }
  updateClockOffset(response)
  return response
}

const OPTIONS = { credentials: 'same-origin', headers: { accept: 'application/json' } } as const
export const http = createClient<paths>({ ...OPTIONS, fetch: (request: Request) => send(request) })
/** For what the server works on for seconds: checks and trials of rulebooks, imports. */
export const patientHttp = createClient<paths>({ ...OPTIONS, fetch: (request: Request) => send(request, PATIENT_TIMEOUT_MS) })

interface ApiResult<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The body of a response, or a `Problem`. `quiet`: 401 does not lead to the login. */
export async function unwrap<T>(request: Promise<ApiResult<T>>, quiet = false): Promise<T> {
  const { data, error, response } = await request
  if (response.status === 401 && !quiet) onUnauthorized()
  if (!response.ok) throw new Problem(PROBLEM_KINDS[response.status] ?? 'server', detailOf(error), faultsOf(error), response.status)
  return data as T
}

export interface Part {
  limit: number
  next?: string
}

/** All pages of a list, up to a stated number, so that a wrong cursor cannot loop forever. */
export async function all<T>(page: (part: Part) => Promise<ApiResult<Page<T>>>, pagesMax: number): Promise<T[]> {
  const items: T[] = []
  let next: string | undefined
  for (let number = 0; number < pagesMax; number += 1) {
    const found = await unwrap(page({ limit: 1000, next }))
    items.push(...found.items)
    if (!found.next) break
    next = found.next
  }
  return items
}

export const api = {
  session: () => unwrap(http.GET('/api/v1/session'), true),
  enter: (body: LoginBody) => unwrap(http.POST('/api/v1/session', { body }), true),
  leave: () => unwrap(http.DELETE('/api/v1/session')),
  alerts: (values: AlertFilter) =>
    all((part) => http.GET('/api/v1/alerts', { params: { query: { ...values, ...part } } }), 10),
  /** The newest of them only. */
  alertsPage: async (values: AlertFilter, limit: number) =>
    (await unwrap(http.GET('/api/v1/alerts', { params: { query: { ...values, limit } } }))).items,
  alert: (alert_id: string) => unwrap(http.GET('/api/v1/alerts/{alert_id}', { params: { path: { alert_id } } })),
  act: (alert_id: string, action: Action, body: ActBody) =>
    unwrap(http.POST('/api/v1/alerts/{alert_id}/{action}', { params: { path: { alert_id, action } }, body })),
  supervision: () => all((query) => http.GET('/api/v1/supervision', { params: { query } }), 5),
  devices: (query: DeviceFilter & Part) => unwrap(http.GET('/api/v1/devices', { params: { query } })),
  deviceState: (device_id: string) =>
    unwrap(http.GET('/api/v1/devices/{device_id}/state', { params: { path: { device_id } } })),
  rollups: (device_id: string, query: RollupFilter) =>
    unwrap(http.GET('/api/v1/devices/{device_id}/rollups', { params: { path: { device_id }, query } })),
  register: (body: NewDevice) => unwrap(http.POST('/api/v1/devices', { body })),
  replaceDevice: (device_id: string, body: ReplaceBody) =>
    unwrap(http.POST('/api/v1/devices/{device_id}/replace', { params: { path: { device_id } }, body })),
  doctor: (seconds: number) => {
    const slow = (request: Request): Promise<Response> => send(request, (seconds + 10) * 1000)
    return unwrap(http.POST('/api/v1/devices/doctor', { body: { seconds }, fetch: slow }))
  },
  system: () => unwrap(http.GET('/api/v1/system')),
  selfTest: () => unwrap(patientHttp.POST('/api/v1/canary')),
  claimable: () => unwrap(http.GET('/api/v1/claimable', { params: { query: { limit: 1000 } } })),
  refusals: (query: RefusalFilter & Part) => unwrap(http.GET('/api/v1/refusals', { params: { query } })),
  unmapped: () => all((query) => http.GET('/api/v1/unmapped', { params: { query } }), 1),
  replay: (body: ReplayBody) => unwrap(http.POST('/api/v1/refusals/replay', { body })),
  kinds: async () => (await unwrap(http.GET('/api/v1/kinds'))).items,
  device: (device_id: string) => unwrap(http.GET('/api/v1/devices/{device_id}', { params: { path: { device_id } } })),
  readings: (device_id: string, values: ReadingFilter) =>
    all((part) => {
      const params = { path: { device_id }, query: { ...values, ...part } }
      return http.GET('/api/v1/devices/{device_id}/readings', { params })
    }, 4),
  groups: (values: GroupFilter) =>
    all((part) => http.GET('/api/v1/places/summary', { params: { query: { ...values, ...part } } }), 10),
  overview: (place: string | null) =>
    unwrap(http.GET('/api/v1/places/overview', { params: { query: place === null ? {} : { place } } })),
  /** Everybody on a roster. A district has ten thousand of them, and two hundred thousand residents. */
  staff: () => all((part) => http.GET('/api/v1/people/directory', { params: { query: { staff: true, ...part } } }), 20),
  rules: async (device: string) => (await unwrap(http.GET('/api/v1/rules', { params: { query: { device } } }))).items,
  latched: async (alert: string) =>
    (await unwrap(http.GET('/api/v1/rules/latched', { params: { query: { alert } } }))).items,
  reset: (name: string, device: string, reason: string) => {
    const about = device.includes('/') ? { subject: device } : { device }
    return unwrap(http.POST('/api/v1/rules/{name}/reset', { params: { path: { name } }, body: { ...about, reason } }))
  },
  statistics: (query: { from: string; to: string }) => unwrap(http.GET('/api/v1/statistics', { params: { query } })),
  why: (query: WhyQuery) => unwrap(http.GET('/api/v1/why', { params: { query } })),
  reports: (query: ReportFilter & Part) => unwrap(http.GET('/api/v1/reports', { params: { query } })),
  report: (report_id: string) => unwrap(http.GET('/api/v1/reports/{report_id}', { params: { path: { report_id } } })),
  verifyReport: (report_id: string, body: VerifyBody) =>
    unwrap(http.POST('/api/v1/reports/{report_id}/verify', { params: { path: { report_id } }, body })),
  decideMerge: (report_id: string, alert: string, same: boolean) => {
    const about = { params: { path: { report_id } }, body: { alert } }
    return unwrap(
      same ? http.POST('/api/v1/reports/{report_id}/merge', about) : http.POST('/api/v1/reports/{report_id}/separate', about),
    )
  },
  targets: async () => (await unwrap(http.GET('/api/v1/exchange/targets'))).items,
  systems: async () => (await unwrap(http.GET('/api/v1/exchange/systems'))).items,
  deadLetters: () => all((query) => http.GET('/api/v1/exchange/dead-letters', { params: { query } }), 1),
  resend: (number: string) =>
    unwrap(http.POST('/api/v1/exchange/dead-letters/{number}/resend', { params: { path: { number } } })),
  silences: () => all((query) => http.GET('/api/v1/silences', { params: { query } }), 1),
  silence: (body: SilenceBody) => unwrap(http.POST('/api/v1/silences', { body })),
  endSilence: (silence_id: string) =>
    unwrap(http.DELETE('/api/v1/silences/{silence_id}', { params: { path: { silence_id } } })),
  placesDirectory: async (q: string) => (await unwrap(http.GET('/api/v1/places/directory', { params: { query: { q } } }))).items,
  placesIn: (parent: string) => all((part) => http.GET('/api/v1/places', { params: { query: { parent, ...part } } }), 5),
  cells: () => all((query) => http.GET('/api/v1/cells', { params: { query } }), 5),
  rosters: () => all((query) => http.GET('/api/v1/rosters', { params: { query } }), 5),
  rotations: () => all((query) => http.GET('/api/v1/rotations', { params: { query } }), 5),
  overrides: async () => (await unwrap(http.GET('/api/v1/rosters/overrides'))).items,
  addOverride: (body: OverrideBody) => unwrap(http.POST('/api/v1/rosters/overrides', { body })),
  removeOverride: (override_id: string) =>
    unwrap(http.DELETE('/api/v1/rosters/overrides/{override_id}', { params: { path: { override_id } } })),
  swaps: async () => (await unwrap(http.GET('/api/v1/rosters/swaps'))).items,
  proposeSwap: (body: SwapBody) => unwrap(http.POST('/api/v1/rosters/swaps', { body })),
  withdrawSwap: (swap_id: string, reason: string) =>
    unwrap(http.POST('/api/v1/rosters/swaps/{swap_id}/withdraw', { params: { path: { swap_id } }, body: { reason } })),
  swapLinkOfCode: (code: string) => unwrap(http.POST('/api/v1/swap/link', { body: { code } }), true),
  swapOfLink: (link: string) => unwrap(http.GET('/api/v1/swap', { params: { query: { link } } }), true),
  answerSwap: (body: SwapAnswer) => unwrap(http.POST('/api/v1/swap', { body }), true),
}
