/** The health of the service: order of the checks and their figures in words. */
import type { SystemCheck, SystemState } from '../api/types'
import type { Messages } from '../i18n/zh'
import { fill, SECOND, span } from './time'

const RANK: Record<SystemCheck['state'], number> = { bad: 0, watch: 1, good: 2 }

/** What is wrong first; within that in the order in which a message passes the service. */
export const worstFirst = (checks: readonly SystemCheck[]): SystemCheck[] => [...checks].sort((a, b) => RANK[a.state] - RANK[b.state])

/** Decimal units, as disks are sold: 850 MB, 1.2 TB. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}

/** The figure of a check in words; '' where the state says it all. */
export function figureOf(check: SystemCheck, state: Pick<SystemState, 'disk_total'>, messages: Messages): string {
  const texts = messages.system.values
  const { name, value } = check
  if (name === 'drill' && value === null) return texts.drillNone
  if (name === 'backup' && value === null) return texts.backupNone
  if (name === 'preflight' && value === null) return texts.preflightNone
  if (name === 'outbox' && !value) return texts.outboxNone
  const pattern = (texts as Record<string, string>)[name]
  if (value === null || !pattern) return ''
  return fill(pattern, {
    n: value.toLocaleString('en'),
    size: sizeText(value),
    total: sizeText(state.disk_total),
    span: span(value * SECOND, messages.span),
  })
}

export interface DetailText {
  text: string
  /** What the service wrote, where nothing of it could be said in the language shown. */
  original: string
}

const AT = /^([^\s:]+):(\d+):(\d+): (.*)$/s
const CHANNEL = /^([a-z_]+): (.*)$/s
const HAN = /\p{Script=Han}/u

/** A line of a check for people: where, what, in the language shown; what is not known in it is kept as it is, apart. */
export function detailText(
  check: string,
  line: string,
  translate: (message: string) => string,
  names: { channel: (name: string) => string; provider: (name: string) => string },
  messages: Messages,
  isChinese: boolean,
): DetailText {
  const texts = messages.system
  const [, file = '', row = '', column = '', fault = ''] = check === 'site' ? (AT.exec(line) ?? []) : []
  if (file) {
    const said = detailText('', fault, translate, names, messages, isChinese)
    const where = fill(texts.at, { file, line: row, column })
    return { text: `${where}：${said.text}`, original: said.original }
  }
  const [, channel = '', advice = ''] = check === 'preflight' ? (CHANNEL.exec(line) ?? []) : []
  if (channel) return { text: `${names.channel(channel)}：${advice}`, original: '' }
  if (check === 'providers') {
    const [name = '', provider = ''] = line.split(' ')
    return { text: `${names.channel(name)} ${names.provider(provider)}`.trim(), original: '' }
  }
  const text = translate(line)
  // Names of filters and files are no sentences.
  const isSentence = /[a-z] [a-z]/.test(text)
  return isChinese && isSentence && !HAN.test(text) ? { text: texts.unknown, original: line } : { text, original: '' }
}
