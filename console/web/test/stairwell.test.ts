import { describe, expect, it } from 'vitest'
import { isAlarmed, storeys, worstCondition, type Household } from '../src/logic/stairwell'

const door = (name: string, more: Partial<Household> = {}): Household => ({
  place: name,
  name,
  here: false,
  storey: Number(name.slice(0, -2)),
  door: name.slice(-2),
  position: null,
  devices: [],
  alerts: [],
  in_need: 0,
  care: [],
  ...more,
})
const names = (found: ReturnType<typeof storeys>) => found?.shown.map((one) => [one.storey, ...one.doors.map((each) => each?.name ?? '')])

describe('the storeys of a stairwell', () => {
  it('are drawn highest first, with an empty place for a door that nobody registered', () => {
    const found = storeys([door('101'), door('302', { here: true }), door('201')], null)
    expect(names(found)).toEqual([[3, '', '302'], [2, '201', ''], [1, '101', '']])
    expect(found?.left).toBe(0)
  })

  it('have the one above and the one below also when nobody is registered there, within the building', () => {
    expect(names(storeys([door('301', { here: true })], 6))).toEqual([[4, ''], [3, '301'], [2, '']])
    expect(names(storeys([door('101', { here: true })], 1))).toEqual([[1, '101']])
  })

  it('leave out quiet storeys of a high building, and say how many', () => {
    const all = Array.from({ length: 20 }, (_, index) => door(`${index + 1}01`))
    all[9] = door('1001', { here: true })
    all[17] = door('1801', { alerts: ['7'] })
    all[2] = door('301', { in_need: 1 })
    const found = storeys(all, 20)
    expect(found?.shown.map((one) => one.storey)).toEqual([18, 11, 10, 9, 3])
    expect(found?.left).toBe(15)
  })

  it('are none where a door has no storey, or the alert has no door', () => {
    expect(storeys([door('301', { here: true }), door('x', { storey: null, door: null })], null)).toBeNull()
    expect(storeys([door('301')], null)).toBeNull()
  })
})

it('a device in alarm makes its door alarmed, and its worst condition is told', () => {
  const device = { id: 'g', kind: 'gas_alarm', conditions: ['offline', 'alarm'] as ('offline' | 'alarm')[], last_message_at: null, values: [] }
  expect(isAlarmed(door('101', { devices: [device] }))).toBe(true)
  expect(worstCondition(device)).toBe('alarm')
  expect(worstCondition({ ...device, conditions: [] })).toBeNull()
})
