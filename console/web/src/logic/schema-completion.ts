/**
 * What may be written at a place of a YAML text, by its JSON Schema: keys of a mapping, values of an enumeration.
 *
 * Rulebooks are block mappings of two or three levels with small flow mappings in them: the path to the cursor is read from the
 * indentation, which also holds while the text is half written and cannot be parsed.
 */

export interface Schema {
  $ref?: string
  $defs?: Record<string, Schema>
  type?: string
  description?: string
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  default?: unknown
  examples?: unknown[]
}

export interface Completion {
  label: string
  kind: 'key' | 'value'
  detail: string
  required: boolean
}

export interface Place {
  /** Keys from the root to the mapping the cursor is in. */
  path: string[]
  /** The key whose value is being written; null where a key is. */
  key: string | null
  /** What is written of the word so far. */
  word: string
  /** Keys that the mapping has already. */
  taken: string[]
}

const KEY = /^(\s*(?:- +)*)([A-Za-z_][\w-]*):(.*)$/
const indentOf = (line: string): number => /^\s*(?:- +)*/.exec(line)?.[0].length ?? 0

/** The unclosed `{` of the text before the cursor: what stands before it, and after it. */
function openBrace(before: string): [string, string] | null {
  let depth = 0
  for (let at = before.length - 1; at >= 0; at -= 1) {
    if (before[at] === '}') depth += 1
    if (before[at] === '{' && depth-- === 0) return [before.slice(0, at), before.slice(at + 1)]
  }
  return null
}

function pathAbove(lines: readonly string[], row: number, indent: number): string[] {
  const path: string[] = []
  let limit = indent
  for (let at = row - 1; at >= 0 && limit > 0; at -= 1) {
    const line = lines[at] ?? ''
    if (!line.trim() || line.trim().startsWith('#')) continue
    const found = KEY.exec(line)
    const own = indentOf(line)
    const dash = /^\s*-/.test(line) ? line.indexOf('-') : own
    // A list may stand at the indentation of its key: `rules:` above `- name:`.
    if (found && own < limit) {
      path.unshift(found[2] ?? '')
      limit = own
    } else if (dash < own && own === limit) {
      limit = dash + 1
    }
  }
  return path
}

function keysAround(lines: readonly string[], row: number, indent: number): string[] {
  const keys: string[] = []
  const collect = (line: string): boolean => {
    if (!line.trim() || line.trim().startsWith('#')) return true
    const own = indentOf(line)
    if (own < indent) return false
    const found = own === indent ? KEY.exec(line) : null
    if (found) keys.push(found[2] ?? '')
    return true
  }
  const startsItem = (line: string): boolean => /^\s*- /.test(line) && indentOf(line) === indent
  for (let at = row - 1; at >= 0 && !startsItem(lines[row] ?? '') && collect(lines[at] ?? ''); at -= 1) if (startsItem(lines[at] ?? '')) break
  for (let at = row + 1; at < lines.length && !startsItem(lines[at] ?? '') && collect(lines[at] ?? ''); at += 1);
  return keys
}

export function placeAt(text: string, offset: number): Place {
  const lines = text.split('\n')
  const row = text.slice(0, offset).split('\n').length - 1
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  const brace = openBrace(before)
  if (brace) {
    const [outside, inside] = brace
    const owner = /([A-Za-z_][\w-]*):\s*$/.exec(outside)?.[1]
    const parts = inside.split(',')
    const last = /^\s*(?:([A-Za-z_][\w-]*):)?\s*(\S*)$/.exec(parts.at(-1) ?? '')
    const taken = parts.slice(0, -1).flatMap((part) => /^\s*([A-Za-z_][\w-]*):/.exec(part)?.[1] ?? [])
    return { path: [...pathAbove(lines, row, indentOf(outside)), ...(owner ? [owner] : [])], key: last?.[1] ?? null, word: last?.[2] ?? '', taken }
  }
  const found = KEY.exec(before)
  const indent = indentOf(before)
  const path = pathAbove(lines, row, indent)
  if (found) return { path, key: found[2] ?? '', word: /[\w.-]*$/.exec(found[3] ?? '')?.[0] ?? '', taken: [] }
  return { path, key: null, word: before.trim().replace(/^- */, ''), taken: keysAround(lines, row, indent) }
}

function resolved(root: Schema, schema: Schema | undefined): Schema {
  if (!schema) return {}
  if (schema.$ref) return resolved(root, root.$defs?.[schema.$ref.replace('#/$defs/', '')])
  if (schema.items) return resolved(root, schema.items)
  const some = schema.anyOf?.filter((one) => one.type !== 'null')
  if (!some?.length) return schema
  const inner = resolved(root, some.find((one) => one.$ref || one.items || one.properties) ?? some[0])
  return { ...inner, description: schema.description ?? inner.description }
}

function at(root: Schema, path: readonly string[]): Schema {
  return path.reduce((schema, key) => {
    const other = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
    return resolved(root, schema.properties?.[key] ?? other)
  }, resolved(root, root))
}

const firstSentence = (text: string | undefined): string => (text ?? '').split(/\n\n|(?<=\.) /)[0]?.replace(/\n/g, ' ') ?? ''

function valuesOf(root: Schema, schema: Schema | undefined): unknown[] {
  if (!schema) return []
  const own = [...(schema.enum ?? []), ...(schema.const === undefined ? [] : [schema.const]), ...(schema.examples ?? [])]
  if (schema.type === 'boolean') own.push(true, false)
  const inner = schema.$ref ? [root.$defs?.[schema.$ref.replace('#/$defs/', '')]] : [...(schema.anyOf ?? []), schema.items]
  return [...own, ...inner.flatMap((one) => valuesOf(root, one))]
}

/** Keys that the mapping may still have, or values of the key. */
export function completionsFor(root: Schema, place: Place): Completion[] {
  const mapping = at(root, place.path)
  if (place.key !== null) {
    const values = valuesOf(root, mapping.properties?.[place.key])
    return [...new Set(values.map(String))].map((label) => ({ label, kind: 'value', detail: '', required: false }))
  }
  return Object.entries(mapping.properties ?? {})
    .filter(([name]) => !place.taken.includes(name))
    .map(([label, schema]) => ({
      label,
      kind: 'key' as const,
      detail: firstSentence(schema.description ?? resolved(root, schema).description),
      required: mapping.required?.includes(label) ?? false,
    }))
}
