import { describe, expect, it } from 'vitest'
import { monthAfter, monthOf, monthPeriod } from '../src/logic/month'

describe('months', () => {
  it('are those of the site, not of the browser', () => {
    expect(monthOf(Date.parse('2026-11-30T17:00:00Z'), 'Asia/Shanghai')).toBe('2026-12')
    expect(monthOf(Date.parse('2026-11-30T15:00:00Z'), 'Asia/Shanghai')).toBe('2026-11')
  })
  it('go over the end of the year in both directions', () => {
    expect(monthAfter('2026-12', 1)).toBe('2027-01')
    expect(monthAfter('2026-01', -1)).toBe('2025-12')
    expect(monthPeriod('2026-12')).toEqual({ from: '2026-12-01T00:00:00', to: '2027-01-01T00:00:00' })
  })
})
