import { describe, expect, it } from 'vitest'
import { lineOfRule, ruleNames, textFaults, withShadowCopy } from '../src/logic/rulebook'
import { completionsFor, placeAt, type Schema } from '../src/logic/schema-completion'

const BOOK = `hazard: gas
version: 1
rules:
- name: gas-low
  title: {zh: 燃气浓度偏高, en: Raised}
  severity: high
  when: lel_pct >= 10

- name: gas-high
  absent:
    missed: 3
`
const SCHEMA: Schema = {
  properties: { hazard: { type: 'string' }, version: { type: 'integer' }, rules: { type: 'array', items: { $ref: '#/$defs/Rule' } } },
  $defs: {
    Rule: {
      properties: {
        name: { type: 'string' },
        title: { $ref: '#/$defs/Title' },
        severity: { anyOf: [{ $ref: '#/$defs/Severity' }, { type: 'null' }] },
        shadow: { type: 'boolean' },
        absent: { anyOf: [{ $ref: '#/$defs/Absent' }, { type: 'null' }] },
      },
      required: ['name', 'severity'],
    },
    Title: { properties: { zh: { type: 'string' }, en: { type: 'string' } } },
    Severity: { enum: ['critical', 'high'] },
    Absent: { description: 'Not received. More.', properties: { missed: { type: 'integer' }, grace: { type: 'string', examples: ['30s'] } } },
  },
}
/** Completions where the text has `|`. */
const labels = (text: string): string[] => {
  const offset = text.indexOf('|')
  return completionsFor(SCHEMA, placeAt(text.replace('|', ''), offset)).map((one) => one.label)
}

describe('faults of a refused rulebook', () => {
  it('stand at their line and column, and others keep their field', () => {
    expect(textFaults([{ field: 'gas.yaml:12:9 rules.0.when', detail: 'write lel_pct' }, { field: 'reason', detail: '太短' }])).toEqual([
      { file: 'gas.yaml', line: 12, column: 9, message: 'write lel_pct' },
      { file: '', line: 0, column: 0, message: 'reason 太短' },
    ])
  })
})

describe('a copy in shadow', () => {
  it('stands behind its rule under another name and notifies nobody', () => {
    const text = withShadowCopy(BOOK, 'gas-low')
    expect(ruleNames(text)).toEqual(['gas-low', 'gas-low-trial', 'gas-high'])
    expect(text).toContain('- name: gas-low-trial\n  shadow: true\n  title:')
    expect(lineOfRule(text, 'gas-high')).toBe(15)
  })
  it('is not made twice, nor of a rule that is not there', () => {
    const once = withShadowCopy(BOOK, 'gas-high')
    expect([withShadowCopy(once, 'gas-high'), withShadowCopy(BOOK, 'fire')]).toEqual([once, BOOK])
    expect(once.endsWith('- name: gas-high-trial\n  shadow: true\n  absent:\n    missed: 3\n')).toBe(true)
  })
})

describe('completion by the schema', () => {
  it('offers keys of the root, of a rule without those it has, and of what is nested in it', () => {
    expect(labels('hazard: gas\n|\nrules: []')).toEqual(['version'])
    expect(labels(BOOK.replace('  when: lel', '  |\n  when: lel'))).toEqual(['shadow', 'absent'])
    expect(labels(BOOK.replace('    missed: 3', '    missed: 3\n    |'))).toEqual(['grace'])
    expect(labels('rules:\n- |')).toEqual(['name', 'title', 'severity', 'shadow', 'absent'])
  })
  it('offers keys inside of braces, and values of enumerations, booleans and examples', () => {
    expect(labels(BOOK.replace('en: Raised', '|'))).toEqual(['en'])
    expect(labels(BOOK.replace('severity: high', 'severity: |'))).toEqual(['critical', 'high'])
    expect(labels(BOOK.replace('severity: high', 'shadow: t|'))).toEqual(['true', 'false'])
    expect(labels(BOOK.replace('    missed: 3', '    grace: |'))).toEqual(['30s'])
  })
  it('says which keys are required, and the first sentence about each', () => {
    const found = completionsFor(SCHEMA, placeAt('rules:\n- ', 9))
    expect(found.map((one) => [one.label, one.required, one.detail]).filter(([, required, detail]) => required || detail)).toEqual([
      ['name', true, ''],
      ['severity', true, ''],
      ['absent', false, 'Not received.'],
    ])
  })
})
