import { describe, expect, it } from 'vitest'
import templates from '../src/i18n/zh/rule-faults.json'
import { translator, type Template } from '../src/logic/rule-faults'

const say = translator(templates as unknown as readonly Template[])

describe('faults of rulebooks in Chinese', () => {
  it('say what is wrong and what to write, with the words of the file kept', () => {
    expect(say("gas_alarm has no quantity 'lel_pc': write lel_pct")).toBe("gas_alarm 没有 'lel_pc' 这个量：请写 lel_pct")
    expect(say('is missing: write `severity: ...`')).toBe('缺少：请写 `severity: ...`')
    expect(say("is not known here: write `release`")).toBe('这里没有这一项：请写 `release`')
    expect(say("not a duration: '30 seconds' (write 30s, 5m or 2h)")).toBe("不是时长：'30 seconds'（请写 30s、5m 或 2h）")
    expect(say("Input should be 'critical', 'high', 'medium' or 'low': write critical (found 'urgent')")).toBe(
      "应为 'critical', 'high', 'medium' or 'low'：请写 critical（现为 'urgent'）",
    )
  })

  it('translate a fault within a fault', () => {
    expect(say("column 9: '=' means nothing here: write == to compare")).toBe("第 9 字：'=' 在这里没有意义：比较请写 ==")
    expect(say('cancel belongs to event: remove it; gather speaks of findings, not of devices: remove kind')).toBe(
      'cancel 只能与 event 同用：请删去；gather 汇总的是判断结果，不是设备：请删去 kind',
    )
  })

  it('leave a sentence that no template fits as the service wrote it', () => {
    expect(say('the moon is full')).toBe('the moon is full')
  })

  it('use in the Chinese sentence the blanks of the English one, and no others', () => {
    const blanks = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()
    for (const [en, zh] of templates as unknown as Template[]) expect([en, blanks(zh)]).toEqual([en, blanks(en)])
  })
})
