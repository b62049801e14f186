/** Gives the screen the names of kinds and quantities from domain/kinds/*.yaml, so that they are written once. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { parse } from 'yaml'

type Names = Record<string, string>
interface KindFile {
  kind?: string
  name?: Names
  quantities?: Record<string, { name: Names }>
  common?: Record<string, { name: Names }>
}

const ID = 'virtual:kinds'

export function namesOf(files: KindFile[]): { kinds: Record<string, Names>; quantities: Record<string, Names> } {
  const kinds: Record<string, Names> = {}
  const quantities: Record<string, Names> = {}
  for (const file of files) {
    const owner = file.kind ?? ''
    if (file.kind && file.name) kinds[file.kind] = file.name
    for (const [name, quantity] of Object.entries({ ...file.common, ...file.quantities })) {
      quantities[owner ? `${owner}.${name}` : name] = quantity.name
      // A quantity of several kinds is also known by its bare name; the first file in the alphabet gives it.
      quantities[name] ??= quantity.name
    }
  }
  return { kinds, quantities }
}

export function kindsPlugin(folder: string): Plugin {
  const read = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .sort()
      .map((name) => parse(readFileSync(join(folder, name), 'utf8')) as KindFile)
  return {
    name: 'fengshao-kinds',
    resolveId: (id) => (id === ID ? `\0${ID}` : undefined),
    load: (id) => (id === `\0${ID}` ? `export default ${JSON.stringify(namesOf(read()))}` : undefined),
  }
}
