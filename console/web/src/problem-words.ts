/** What happened and what to do, in one sentence. The server's own sentence comes first: it knows why. */
import { Problem } from './api/client'
import { language, words } from './words'

const HAN = /\p{Script=Han}/u

export function problemWords(error: unknown): string {
  const known = words.value.errors
  if (!(error instanceof Problem)) return known.server
  // A refusal is written for people in Chinese; anything else the server says is for engineers.
  if (error.trouble === 'refused') {
    return error.said && (language.value === 'en' || HAN.test(error.said)) ? error.said : known.notNow
  }
  const general: Record<string, string> = {
    offline: known.offline,
    forbidden: known.forbidden,
    gone: known.gone,
    tooMany: known.tooMany,
    unauthorized: words.value.login.needed,
  }
  return general[error.trouble] ?? known.server
}
