import { describe, expect, it } from 'vitest'
import type { ReadingPoint } from '../src/api/types'
import { addressParts } from '../src/logic/address'
import { curves, curveWindow, scale } from '../src/logic/curve'
import { near, thresholds } from '../src/logic/thresholds'
import { namesOf } from '../kinds-plugin'
import { alert, evidence, rule } from './alerts'

const reading = (quantity: string, value: number | boolean, second = 0): ReadingPoint => ({
  at: new Date(Date.parse('2026-11-22T05:00:00+08:00') + second * 1000).toISOString(),
  quantity,
  value,
  unit: quantity === 'lel_pct' ? '%LEL' : null,
  quality: 'good',
})

describe('an address', () => {
  it('breaks between its parts and never inside a number', () => {
    expect(addressParts('枫林苑3栋2单元402')).toEqual(['枫林苑', '3栋', '2单元', '402'])
    expect(addressParts('静安里A12号楼 东门')).toEqual(['静安里', 'A12号楼', '东门'])
  })
})

describe('the curve', () => {
  it('shows the measured quantity beside a verdict, with the limit of the evidence', () => {
    const unwrap = alert({ hazard: 'gas', evidence: [evidence('alarm', true), evidence('lel_pct', 23, 10)] })
    const drawn = curves(unwrap, [reading('alarm', true), reading('lel_pct', 3), reading('lel_pct', 23, 5), reading('battery_pct', 90)])
    expect(drawn.map((one) => [one.quantity, one.lines.map((line) => line.value), one.unit, one.points.length])).toEqual([['lel_pct', [10], '%LEL', 2]])
  })

  it('falls back to the companion quantity, then to the verdict itself', () => {
    const unwrap = alert({ hazard: 'gas', evidence: [evidence('alarm', true)] })
    expect(curves(unwrap, [reading('alarm', true), reading('lel_pct', 3)])[0]?.quantity).toBe('lel_pct')
    expect(curves(unwrap, [reading('alarm', true)])[0]).toMatchObject({ quantity: 'alarm', verdict: true, lines: [] })
    expect(curves(unwrap, [])).toEqual([])
  })

  it('draws no limit of a sum on the curve of a total, and looks a day back for a meter', () => {
    const unwrap = alert({ hazard: 'water', evidence: [evidence('volume_m3', 0.004, 0.01)] })
    expect(curves(unwrap, [reading('volume_m3', 312.403), reading('volume_m3', 312.407, 5)])[0]?.lines).toEqual([])
    const begin = Date.parse(unwrap.started_at)
    expect(curveWindow(unwrap, begin)[0]).toBe(begin - 86_400_000)
  })

  it('looks ten minutes back and at most two hours on', () => {
    const begin = Date.parse(alert().started_at)
    expect(curveWindow(alert(), begin + 60_000)).toEqual([begin - 600_000, begin + 60_000])
    expect(curveWindow(alert(), begin + 86_400_000)).toEqual([begin - 600_000, begin + 7_200_000])
  })

  it('has a round scale that holds the curve and the limit', () => {
    expect(scale([1, 46, 10])).toEqual({ top: 50, step: 10 })
    expect(scale([3, 10])).toEqual({ top: 15, step: 5 })
    expect(scale([])).toEqual({ top: 1, step: 1 })
    expect(scale([0.004, 0.01])).toEqual({ top: 0.015, step: 0.005 })
  })
})

describe('the lines of a curve', () => {
  const GAS = [rule('lel_pct >= 10'), rule('lel_pct >= 25 and not test', 'critical'), rule('co_ppm >= 50'), rule('lel_pct >= 1', 'low', ['manhole'])]

  it('come from the rules of this kind that compare this quantity', () => {
    expect(thresholds(GAS, 'gas_alarm', 'lel_pct')).toEqual([{ value: 10, severity: 'high' }, { value: 25, severity: 'critical' }])
  })

  it('are read from both sides, from abs(), and never from sums over time or other names', () => {
    expect(thresholds([rule('heart_rate_bpm >= 131 or heart_rate_bpm <= 40')], undefined, 'heart_rate_bpm').map((one) => one.value)).toEqual([40, 131])
    expect(thresholds([rule('abs(tilt_deg) >= 15')], undefined, 'tilt_deg').map((one) => one.value)).toEqual([15])
    expect(thresholds([rule('increase(volume_m3, 12h) < 0.01'), rule('old_volume_m3 > 3')], undefined, 'volume_m3')).toEqual([])
    expect(thresholds([{ ...rule('lel_pct >= 10'), state: 'shadow' }], 'gas_alarm', 'lel_pct')).toEqual([])
  })

  it('are those reached and the next on either side', () => {
    const lines = [1, 10, 25, 60, 90].map((value) => ({ value, severity: 'high' as const }))
    expect(near(lines, [12, 33]).map((line) => line.value)).toEqual([10, 25, 60])
  })

  it('leave out a quiet companion curve, and keep one that crossed its own limit', () => {
    const unwrap = alert({ hazard: 'gas', evidence: [evidence('alarm', true), evidence('co_ppm', 1)] })
    const both = [reading('lel_pct', 30), reading('co_ppm', 1)]
    expect(curves(unwrap, both, GAS, 'gas_alarm').map((one) => one.quantity)).toEqual(['lel_pct'])
    const crossed = alert({ hazard: 'gas', evidence: [evidence('lel_pct', 30, 10), evidence('co_ppm', 80, 50)] })
    expect(curves(crossed, both, GAS, 'gas_alarm').map((one) => one.quantity)).toEqual(['lel_pct', 'co_ppm'])
  })
})

describe('the names of kinds', () => {
  it('come from the same files as the rules, by kind and by bare name', () => {
    const names = namesOf([
      { common: { battery_pct: { name: { zh: '电量' } } } },
      { kind: 'door', name: { zh: '门磁' }, quantities: { opened: { name: { zh: '门打开' } } } },
    ])
    expect(names.kinds).toEqual({ door: { zh: '门磁' } })
    expect(names.quantities).toMatchObject({ battery_pct: { zh: '电量' }, 'door.opened': { zh: '门打开' }, opened: { zh: '门打开' } })
  })
})
