import { describe, expect, it } from 'vitest'
import type { ScheduleItem } from '../src/api/types'
import { overrideBody, rosterRows, swapBody, wholeDays, type Draft } from '../src/logic/roster'

const NOW = Date.parse('2026-11-29T12:00:00+08:00')
const HOUR = 3_600_000
const ZONE = 'Asia/Shanghai'

function item(role: string, from: number, until: number, gap = false): ScheduleItem {
  const text = (hours: number): string => new Date(NOW + hours * HOUR).toISOString()
  return { cell: 'g1', role, from: text(from), until: text(until), gap, people: [], missing: [] }
}

const DRAFT: Draft = {
  kind: 'leave',
  person: 'a',
  other: '',
  from: '2026-12-01T08:00',
  until: '2026-12-02T08:00',
  backFrom: '',
  backUntil: '',
  leave: '年假',
  reason: ' 回家 ',
}

describe('rows of the roster', () => {
  it('has who is on duty now and next, and the roles with the soonest gap in front', () => {
    const items = [item('lead', -2, 3), item('lead', 3, 9), item('worker', -9, -1), item('worker', 5, 9, true)]
    const rows = rosterRows(items, NOW)
    expect(rows.map((row) => row.role)).toEqual(['worker', 'lead'])
    expect([rows[0]?.now, rows[0]?.next?.gap, rows[0]?.gaps.length]).toEqual([null, true, 1])
    expect([rows[1]?.now, rows[1]?.next, rows[1]?.open]).toEqual([items[0], items[1], false])
    expect(rosterRows([item('lead', -2, 9)], NOW)[0]?.open).toBe(true)
  })
})

describe('bodies of the forms', () => {
  it('asks for a substitute of a cover, not of a leave', () => {
    expect(overrideBody(DRAFT, ZONE)).toEqual({
      kind: 'leave',
      person: 'a',
      from: '2026-12-01T00:00:00.000Z',
      until: '2026-12-02T00:00:00.000Z',
      leave: '年假',
      reason: '回家',
    })
    expect(overrideBody({ ...DRAFT, kind: 'cover' }, ZONE)).toBeNull()
    expect(overrideBody({ ...DRAFT, kind: 'cover', other: 'a' }, ZONE)).toBeNull()
    expect(overrideBody({ ...DRAFT, kind: 'cover', other: 'b' }, ZONE)?.substitute).toBe('b')
    expect(overrideBody({ ...DRAFT, until: '2026-12-01T07:00' }, ZONE)).toBeNull()
  })

  it('makes a swap with or without hours in return', () => {
    const draft: Draft = { ...DRAFT, kind: 'swap', other: 'b' }
    expect(overrideBody(draft, ZONE)).toBeNull()
    expect(swapBody({ ...draft, other: '' }, ZONE)).toBeNull()
    expect(swapBody(draft, ZONE)?.asker).toBe('a')
    expect(swapBody({ ...draft, backFrom: '2026-12-03T08:00' }, ZONE)).toBeNull()
    const both = { ...draft, backFrom: '2026-12-03T08:00', backUntil: '2026-12-04T08:00' }
    expect(swapBody(both, ZONE)?.back_until).toBe('2026-12-04T00:00:00.000Z')
  })

  it('fills in whole days, over the end of a month', () => {
    const at = Date.parse('2026-11-29T21:00:00Z') // the 30th in Shanghai
    expect(wholeDays(at, ZONE, 1, 3)).toEqual({ from: '2026-12-01T00:00', until: '2026-12-04T00:00' })
    expect(overrideBody({ ...DRAFT, reason: '' }, ZONE)?.reason).toBe('年假')
  })
})
