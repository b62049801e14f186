import { describe, expect, it } from 'vitest'
import { language, titleOf } from '../src/i18n'
import { Problem } from '../src/api/client'
import { problemMessage } from '../src/i18n/problems'
import { en } from '../src/i18n/en'
import { zh } from '../src/i18n/zh'

function leaves(messages: object, path = ''): Array<[string, string]> {
  return Object.entries(messages).flatMap(([name, value]): Array<[string, string]> =>
    typeof value === 'string' ? [[`${path}${name}`, value]] : leaves(value as object, `${path}${name}.`),
  )
}
const blanks = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()

describe('the texts', () => {
  it('have the same keys in both languages', () => {
    const keys = (messages: object): string[] => leaves(messages).map(([path]) => path).sort()
    expect(keys(en)).toEqual(keys(zh))
  })

  it('have the same blanks in both languages', () => {
    const english = new Map(leaves(en))
    for (const [path, text] of leaves(zh)) expect([path, blanks(english.get(path) ?? '')]).toEqual([path, blanks(text)])
  })

  it('show no English on a Chinese screen but the name of the other language and units', () => {
    const strange = leaves(zh).filter(([path, text]) => path !== 'language' && /[A-Za-z]/.test(text.replace(/\{\w+\}/g, '')))
    expect(strange).toEqual([])
  })

  it('show the sentence of the server about a refusal, and a general one where it is for engineers', () => {
    expect(problemMessage(new Problem('forbidden', '口令不对。'))).toBe('口令不对。')
    expect(problemMessage(new Problem('tooMany', '请等 9 秒再试。'))).toBe('请等 9 秒再试。')
    expect(problemMessage(new Problem('forbidden', 'no cookie'))).toBe(zh.errors.forbidden)
    expect(problemMessage(new Problem('gone', '没有。'))).toBe(zh.errors.gone)
  })

  it('tell a title in the language shown, and in Chinese where its rule has no other', () => {
    const leak = { title: '燃气泄漏', title_en: 'Gas leak' }
    expect(titleOf(leak)).toBe('燃气泄漏')
    language.value = 'en'
    expect([titleOf(leak), titleOf({ title: '设备故障', title_en: null })]).toEqual(['Gas leak', '设备故障'])
    language.value = 'zh'
  })
})
