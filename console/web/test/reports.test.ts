import { describe, expect, it } from 'vitest'
import { categoriesOf, counts, dialled, matching } from '../src/logic/reports'

const NOW = Date.parse('2026-11-21T22:05:00+08:00')
const DAY = 86_400_000

function report(id: string, more: Partial<Parameters<typeof matching>[0][number]> = {}) {
  return {
    id,
    number: `26112100${id}`,
    category: 'exit',
    label: '消防通道堵塞',
    address: '枫林苑3栋2单元',
    text: '楼道堆了纸箱',
    stage: 'received' as const,
    overdue: false,
    created_at: new Date(NOW - Number(id) * DAY).toISOString(),
    answered_at: null,
    reopened_at: null,
    ...more,
  }
}
const ANSWERED = report('1', { stage: 'answered', answered_at: '2026-11-21T20:00:00+08:00', category: 'lamp', label: '路灯不亮' })
const FRESH = report('2')
const VERIFIED = report('3', { stage: 'street_verified' })
const LATE = report('5', { overdue: true, stage: 'resolved', address: '花园里1栋' })
const AGAIN = report('4', { reopened_at: '2026-11-21T21:00:00+08:00' })
const ALL = [ANSWERED, FRESH, VERIFIED, LATE, AGAIN]
const ids = (found: Array<{ id: string }>): string => found.map((one) => one.id).join(' ')
const every = { show: 'all' as const, category: '', search: '' }

describe('the list of reports', () => {
  it('has unanswered ones first, the overdue in front, then the newest', () => {
    expect(ids(matching(ALL, every))).toBe('5 2 3 4 1')
  })

  it('is filtered by what is missing', () => {
    const shown = (['open', 'verify', 'answer', 'reopened', 'answered'] as const).map((show) => ids(matching(ALL, { ...every, show })))
    expect(shown).toEqual(['5 2 3 4', '5', '3', '4', '1'])
    expect(counts(ALL)).toEqual({ open: 4, verify: 1, answer: 1, reopened: 1, answered: 1, all: 5 })
  })

  it('is searched by place, words and number, and filtered by category', () => {
    expect(ids(matching(ALL, { ...every, search: ' 花园里 ' }))).toBe('5')
    expect(ids(matching(ALL, { ...every, search: '261121003'.slice(-3) }))).toBe('3')
    expect(ids(matching(ALL, { ...every, category: 'lamp' }))).toBe('1')
    expect(categoriesOf(ALL).map((one) => one.id).sort()).toEqual(['exit', 'lamp'])
  })
})

describe('the phone number of a reporter', () => {
  it('can be dialled unless it is masked', () => {
    expect([dialled('19911112222'), dialled('+86 199 1111 2222'), dialled('199****2222'), dialled(null)]).toEqual([
      '19911112222',
      '+86 199 1111 2222',
      null,
      null,
    ])
  })
})
