/** One sentence about a failed request: the server's own where it gave one. */
import { Problem } from '../api/client'
import { language, messages } from '.'

const HAN = /\p{Script=Han}/u

export function problemMessage(error: unknown): string {
  const known = messages.value.errors
  if (!(error instanceof Problem)) return known.server
  // Details of refusals (a wrong PIN, another person's step) are written for users in Chinese; others are for engineers.
  const refusals: Record<string, string> = { refused: known.notNow, forbidden: known.forbidden, tooMany: known.tooMany }
  const refusal = refusals[error.kind]
  if (refusal !== undefined) {
    return error.detail && (language.value === 'en' || HAN.test(error.detail)) ? error.detail : refusal
  }
  const general: Record<string, string> = {
    offline: known.offline,
    gone: known.gone,
    unauthorized: messages.value.login.needed,
  }
  return general[error.kind] ?? known.server
}
