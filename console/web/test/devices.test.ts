import { describe, expect, it } from 'vitest'
import type { QuantityRollup } from '../src/api/types'
import { historyOption, type HistoryDrawing } from '../src/devices/history-option'
import { batteryText, proposedId } from '../src/logic/device-list'
import { countsByReason, sampleText, sources } from '../src/logic/refusals'
import { curvesOf, merged, withGaps, type Bucket } from '../src/logic/rollups'
import { DAY } from '../src/logic/time'
import { thresholds } from '../src/logic/thresholds'
import { zh } from '../src/i18n/zh'

const point = (day: number, min: number | null, mean: number | null, max: number | null) => ({
  at: new Date(day * DAY).toISOString(),
  min,
  mean,
  max,
})

describe('a battery', () => {
  it('is whole per cent, with the days that are left where they are known', () => {
    const at = '2026-11-21T22:05:00+08:00'
    expect(batteryText({ pct: 57.4, at, days_left: null, empty_at: null }, zh.devices)).toBe('57%')
    expect(batteryText({ pct: 18, at, days_left: 20.9, empty_at: at }, zh.devices)).toBe('18%，还能用20天')
    expect(batteryText(null, zh.devices)).toBe('')
  })
})

describe('the id proposed for a stranger', () => {
  it('is its kind and the end of its identity, in letters and figures', () => {
    expect(proposedId({ identity: '0x000D6F0014F7BF0F', proposed_kind: 'gas_alarm' })).toBe('gas-alarm-000d6f0014f7bf0f')
    expect(proposedId({ identity: '厨房/烟感', proposed_kind: null })).toBe('device')
    expect(proposedId({ identity: 'smoke-alarm-7', proposed_kind: 'smoke_alarm' })).toBe('smoke-alarm-7')
  })
})

describe('a history', () => {
  const rollups: QuantityRollup[] = [
    { quantity: 'alarm', unit: null, points: [point(0, 0, null, 1)] },
    { quantity: 'battery_pct', unit: '%', points: [point(0, 90, 91, 92)] },
    { quantity: 'lel_pct', unit: '%LEL', points: [point(0, 1, 2, 40), point(1, null, null, null)] },
    { quantity: 'state', unit: null, points: [point(0, null, null, null)] },
  ]

  it('has what the device measures first, and no texts', () => {
    expect(curvesOf(rollups).map((one) => one.quantity)).toEqual(['lel_pct', 'battery_pct', 'alarm'])
    expect(curvesOf(rollups)[2]?.buckets).toEqual([[0, 0, 1, 1]])
  })

  const flat = (at: number): Bucket => [at, 1, 1, 1]
  it('takes the finer buckets in the part that is looked at', () => {
    expect(merged([flat(0), flat(10), flat(20)], [flat(9), flat(11)], 8, 12)).toEqual([flat(0), flat(9), flat(11), flat(20)])
    expect(merged([flat(0)], [], 0, 1)).toEqual([flat(0)])
  })

  it('is not drawn across a time without readings', () => {
    expect(withGaps([flat(0), flat(10), flat(60)], 10)).toEqual([flat(0), flat(10), [20, null, null, null], flat(60)])
  })

  it('is drawn as a band around its mean, with its limits', () => {
    const colours = { text: 't', muted: 'm', line: 'l', panel: 'p', severity: { critical: 'c', high: 'h', medium: 'm', low: 'l' } }
    const drawing: HistoryDrawing = {
      buckets: [[0, 1, 2, 40]], verdict: false, unit: '%', lines: [{ value: 25, severity: 'critical' }], range: [0, DAY],
      zone: 'Asia/Shanghai', now: DAY, colours, labels: { ...zh.devices.history, day: zh.day },
    }
    const [low, band, mean] = (historyOption(drawing) as { series: Array<{ data: unknown; markLine?: { data: unknown[] } }> }).series
    expect([low?.data, band?.data, mean?.data]).toEqual([[[0, 1]], [[0, 39]], [[0, 2]]])
    expect(mean?.markLine?.data).toMatchObject([{ yAxis: 25, lineStyle: { color: 'c' } }])
  })

  it('has no limit from a rule that forecasts', () => {
    const rule = { name: 'r', title: '', hazard: '', kinds: ['door'], severity: 'low', ledger: 'health', version: '1', source: '', state: 'active', advice: '', title_en: '' } as const
    const when = ['battery_pct <= 20', 'battery_pct < 80 and days_left(battery_pct) < 30']
    const rules = when.map((text) => ({ ...rule, kinds: [...rule.kinds], when: text }))
    expect(thresholds(rules, 'door', 'battery_pct')).toEqual([{ value: 20, severity: 'low' }])
  })
})

describe('refused messages', () => {
  const by = [
    { source: 'tts', reason: 'no_mapping', kept: 1, counted: 0 },
    { source: 'alink', reason: 'bad_value', kept: 2, counted: 5 },
    { source: 'tts', reason: 'bad_value', kept: 1, counted: 0 },
  ] as const

  it('are counted by reason, also those of which only the number is known', () => {
    expect(countsByReason([...by])).toEqual([['bad_value', 8], ['no_mapping', 1]])
    expect(sources([...by])).toEqual(['alink', 'tts'])
  })

  it('are shown as text in which nothing hides', () => {
    expect(sampleText('{"a":1}')).toBe('{\n  "a": 1\n}')
    expect(sampleText('ab\u202ecd\u0000\u001b[2J')).toBe('ab\\u202ecd\\u0000\\u001b[2J')
    expect(sampleText('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>')
  })
})
