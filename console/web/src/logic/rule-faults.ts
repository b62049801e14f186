/** Faults of rulebooks in Chinese: the sentences of the service, matched with templates; their blanks again. Pure. */

/** An English sentence with blanks `{a}`, and the Chinese one. */
export type Template = readonly [string, string]

interface Matcher {
  pattern: RegExp
  blanks: string[]
  zh: string
}

const BLANK = /\{(\w+)\}/g
const DEPTH_MAX = 4

function matcher([template, zh]: Template): Matcher {
  const blanks = [...template.matchAll(BLANK)].map(([, name]) => name ?? '')
  const parts = template.split(BLANK).filter((_, index) => index % 2 === 0)
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.+?)')
  return { pattern: new RegExp(`^${pattern}$`, 's'), blanks, zh }
}

/** A function that says a fault in Chinese; what no template fits stays as the service wrote it. */
export function translator(templates: readonly Template[]): (message: string) => string {
  const matchers = templates.map(matcher)
  function say(message: string, depth: number): string {
    for (const { pattern, blanks, zh } of depth > DEPTH_MAX ? [] : matchers) {
      const found = pattern.exec(message)
      if (!found) continue
      const filled = new Map(blanks.map((name, index) => [name, say(found[index + 1] ?? '', depth + 1)]))
      return zh.replace(BLANK, (_, name: string) => filled.get(name) ?? '')
    }
    const several = message.split('; ')
    return several.length > 1 && depth === 0 ? several.map((one) => say(one, 1)).join('；') : message
  }
  return (message) => say(message, 0)
}
