/** Photos of an alert: sent as a form, which the JSON client does not do. */
import { Problem } from './client'

export async function sendPhotos(alert: string, photos: readonly File[], comment: string): Promise<void> {
  const body = new FormData()
  if (comment.trim()) body.append('comment', comment.trim())
  for (const photo of photos) body.append('photos', photo, photo.name)
  let response: Response
  try {
    const headers = { 'x-fengshao': '1' }
    response = await fetch(`/api/v1/alerts/${alert}/photos`, { method: 'POST', body, headers, credentials: 'same-origin' })
  } catch {
    throw new Problem('offline', '')
  }
  if (response.ok) return
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; errors?: Array<{ detail?: string }> }
  const details = (problem.errors ?? []).map((error) => error.detail ?? '').filter(Boolean)
  throw new Problem(response.status === 401 ? 'unauthorized' : 'refused', details.join(' ') || (problem.detail ?? ''))
}

/** A person's decision whether a report is about the same thing as another alert. */
export async function decideMerge(report: string, alert: string, same: boolean): Promise<void> {
  const response = await fetch(`/api/v1/reports/${report}/${same ? 'merge' : 'separate'}`, {
    method: 'POST',
    body: JSON.stringify({ alert }),
    headers: { 'x-fengshao': '1', 'content-type': 'application/json' },
    credentials: 'same-origin',
  }).catch(() => null)
  if (response === null) throw new Problem('offline', '')
  if (response.ok) return
  const problem = (await response.json().catch(() => ({}))) as { detail?: string }
  throw new Problem('refused', problem.detail ?? '')
}
