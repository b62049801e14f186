/** One sentence about a failed request: the server's own where it gave one. */
import { Problem } from '../api/client'
import { language, messages } from '.'

const HAN = /\p{Script=Han}/u

export function problemMessage(error: unknown): string {
  const known = messages.value.errors
  if (!(error instanceof Problem)) return known.server
  // Details of refusals are written for users in Chinese; other details are for engineers.
  if (error.kind === 'refused') {
    return error.detail && (language.value === 'en' || HAN.test(error.detail)) ? error.detail : known.notNow
  }
  const general: Record<string, string> = {
    offline: known.offline,
    forbidden: known.forbidden,
    gone: known.gone,
    tooMany: known.tooMany,
    unauthorized: messages.value.login.needed,
  }
  return general[error.kind] ?? known.server
}
