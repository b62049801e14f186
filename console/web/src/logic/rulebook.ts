/** Texts of rulebooks: where a fault of the server stands, and one rule copied to be tried in shadow. Pure. */
import type { FieldFault } from '../api/client'

export interface TextFault {
  file: string
  line: number
  column: number
  message: string
}

/** Faults of a refused request whose field is `gas.yaml:12:9 rules.0.when`; others have line 0. */
export function textFaults(faults: readonly FieldFault[]): TextFault[] {
  return faults.map(({ field, detail }) => {
    const [, file, line, column] = /^(\S+\.yaml):(\d+):(\d+)/.exec(field) ?? []
    if (!file) return { file: '', line: 0, column: 0, message: [field, detail].filter(Boolean).join(' ') }
    return { file, line: Number(line), column: Number(column), message: detail }
  })
}

const RULE_START = /^\s*- name:\s*(\S+)/

/** Line numbers from 0 of a rule: its first line, and the one after its last. */
function linesOf(lines: readonly string[], rule: string): [number, number] | null {
  const begin = lines.findIndex((line) => RULE_START.exec(line)?.[1] === rule)
  if (begin < 0) return null
  const next = lines.slice(begin + 1).findIndex((line) => RULE_START.test(line) || /^\S/.test(line.replace(/^#.*/, '')))
  return [begin, next < 0 ? lines.length : begin + 1 + next]
}

/** The line of a rule, from 1; 0 where the text has none of this name. */
export function lineOfRule(text: string, rule: string): number {
  const found = linesOf(text.split('\n'), rule)
  return found ? found[0] + 1 : 0
}

/** Names of the rules of a text, in order. */
export function ruleNames(text: string): string[] {
  return text.split('\n').flatMap((line) => RULE_START.exec(line)?.[1] ?? [])
}

/** The text with a second copy of a rule, `<name>-trial`, that is judged and counted and notifies nobody. */
export function withShadowCopy(text: string, rule: string): string {
  const lines = text.split('\n')
  const found = linesOf(lines, rule)
  if (!found || ruleNames(text).includes(`${rule}-trial`)) return text
  const [begin, end] = found
  const body = lines.slice(begin, end)
  while (body.length && !body.at(-1)?.trim()) body.pop()
  const first = body[0] ?? ''
  const indent = ' '.repeat(first.indexOf('-') + 2)
  const copy = [first.replace(rule, `${rule}-trial`), `${indent}shadow: true`, ...body.slice(1).filter((line) => !/^\s*shadow:/.test(line))]
  return [...lines.slice(0, begin), ...body, '', ...copy, '', ...lines.slice(end)].join('\n')
}
