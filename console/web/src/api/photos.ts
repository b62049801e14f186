/** Photos sent as a form, which the JSON client does not do. */
import { Problem } from './client'

async function sendForm(path: string, body: FormData): Promise<void> {
  let response: Response
  try {
    const headers = { 'x-fengshao': '1' }
    response = await fetch(path, { method: 'POST', body, headers, credentials: 'same-origin' })
  } catch {
    throw new Problem('offline', '')
  }
  if (response.ok) return
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; errors?: Array<{ detail?: string }> }
  const details = (problem.errors ?? []).map((error) => error.detail ?? '').filter(Boolean)
  throw new Problem(response.status === 401 ? 'unauthorized' : 'refused', details.join(' ') || (problem.detail ?? ''))
}

function form(name: string, text: string, photos: readonly File[]): FormData {
  const body = new FormData()
  if (text.trim()) body.append(name, text.trim())
  for (const photo of photos) body.append('photos', photo, photo.name)
  return body
}

export async function sendPhotos(alert: string, photos: readonly File[], comment: string): Promise<void> {
  await sendForm(`/api/v1/alerts/${alert}/photos`, form('comment', comment, photos))
}

/** The answer to the reporter, with photos of the result. */
export async function answerReport(report: string, text: string, photos: readonly File[]): Promise<void> {
  await sendForm(`/api/v1/reports/${report}/answer`, form('text', text, photos))
}
