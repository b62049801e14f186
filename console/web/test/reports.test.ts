import { describe, expect, it } from 'vitest'
import { asked, dialled, isReopened } from '../src/logic/reports'

describe('the list of reports', () => {
  it('is asked for by what is missing, by category and by words, the overdue ones first', () => {
    expect(asked({ show: 'verify', category: 'lamp', search: ' 花园里 ' })).toEqual({ order: 'urgent', show: 'verify', category: 'lamp', q: '花园里' })
    expect(asked({ show: '', category: '', search: ' ' })).toEqual({ order: 'urgent' })
  })

  it('marks what was opened again and not answered since', () => {
    const again = '2026-11-21T21:00:00+08:00'
    expect([isReopened({ reopened_at: again, answered_at: null }), isReopened({ reopened_at: again, answered_at: again })]).toEqual([true, false])
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
