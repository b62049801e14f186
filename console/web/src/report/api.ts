/** Requests of the public page. A failure is a sentence that the reporter can act on. */
import type { PhotoPosition, ReportForm, ReportPlaces, ReportStatus, StoredPhotosView, SubmittedReport } from '../api/schema'
import { texts } from './texts'

const BASE = '/api/v1/report'
const TIMEOUT_MS = 60_000

/** `offline`: nothing reached the server, so that trying again is safe. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly offline = false,
  ) {
    super(message)
  }
}

interface ProblemDocument {
  detail?: string
  errors?: Array<{ detail?: string }>
}

async function send<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response
  try {
    response = await fetch(`${BASE}${path}`, { ...init, credentials: 'omit', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch {
    throw new Refusal(texts.value.offline, true)
  }
  if (response.ok) return (await response.json()) as T
  const problem = (await response.json().catch(() => ({}))) as ProblemDocument
  const details = (problem.errors ?? []).map((error) => error.detail ?? '').filter(Boolean)
  throw new Refusal(details.join(' ') || problem.detail || texts.value.failed)
}

function form(fields: Record<string, string>, photos: readonly Blob[]): RequestInit {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  photos.forEach((photo, index) => body.append('photos', photo, `photo${index + 1}`))
  return { method: 'POST', body }
}

const query = (values: Record<string, string>): string => `?${new URLSearchParams(values).toString()}`

export const api = {
  form: (qr: string) => send<ReportForm>(qr ? query({ qr }) : ''),
  places: (values: Record<string, string>) => send<ReportPlaces>(`/places${query(values)}`),
  position: (photo: Blob) => send<PhotoPosition>('/position', form({}, [photo])),
  submit: (fields: Record<string, string>, photos: readonly Blob[]) => send<SubmittedReport>('', form(fields, photos)),
  status: (token: string) => send<ReportStatus>(`/status/${token}`),
  rate: (token: string, satisfied: boolean, text: string) =>
    send<ReportStatus>(`/status/${token}/rating`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ satisfied, text }),
    }),
  addPhotos: (token: string, photos: readonly Blob[]) =>
    send<StoredPhotosView>(`/status/${token}/photos`, form({}, photos)),
}
