import { describe, expect, it } from 'vitest'
import type { Silence } from '../src/api/types'
import { bodyOf, fromWall, inOrder, type Draft } from '../src/logic/silence'

const NOW = Date.parse('2026-11-21T22:05:00+08:00')
const HOUR = 3_600_000
const ZONE = 'Asia/Shanghai'

function silence(state: Silence['state'], id: string, from: number, until: number, ended: number | null = null): Silence {
  const text = (ms: number): string => new Date(NOW + ms).toISOString()
  return {
    id,
    matchers: { place: 'b3' },
    address: '枫林苑3栋',
    title: null,
    from: text(from),
    until: text(until),
    reason: '检修',
    by: { id: 'w1', name: '王建国' },
    created_at: text(from),
    ended_at: ended === null ? null : text(ended),
    ended_by: null,
    state,
    suppressed: 0,
    notify_only: false,
  }
}
const draft: Draft = { place: 'b3', kind: '', device: ' ', severity: '', from: '', span: 'two', reason: ' 检修 ', person: 'w1', notifyOnly: false }

describe('a silence', () => {
  it('is listed before planned ones while active, the next to end first, expired ones last', () => {
    const all = [
      silence('expired', 'long over', -9 * HOUR, -8 * HOUR),
      silence('pending', 'later', 5 * HOUR, 6 * HOUR),
      silence('expired', 'ended', -9 * HOUR, HOUR, -HOUR),
      silence('pending', 'soon', HOUR, 2 * HOUR),
      silence('active', 'long', -HOUR, 3 * HOUR),
      silence('active', 'short', -HOUR, HOUR),
    ]
    const names = inOrder(all).map((one) => one.id)
    expect(names).toEqual(['short', 'long', 'soon', 'later', 'ended', 'long over'])
  })
})

describe('the form of a silence', () => {
  it('sends only the fields that are filled, from now on', () => {
    const until = new Date(NOW + 2 * HOUR).toISOString()
    expect(bodyOf(draft, NOW, ZONE)).toEqual({ matchers: { place: 'b3' }, until, reason: '检修', person: 'w1' })
  })

  it('begins at the time on the wall of the site, wherever the browser is', () => {
    const body = bodyOf({ ...draft, from: '2026-11-22T08:00', kind: 'gas_alarm' }, NOW, ZONE)
    expect(body).toMatchObject({ from: '2026-11-22T00:00:00.000Z', until: '2026-11-22T02:00:00.000Z' })
    expect(body?.matchers).toEqual({ place: 'b3', kind: 'gas_alarm' })
  })

  it.each([
    ['without a reason', { reason: ' ' }],
    ['without a person', { person: '' }],
    ['of everything', { place: '' }],
    ['with half a time', { from: '2026-11' }],
  ])('is not sent %s', (_what, missing) => {
    expect(bodyOf({ ...draft, ...missing }, NOW, ZONE)).toBeNull()
  })

  it('handles the night on which clocks are put back', () => {
    const spoken = ['2026-10-25T01:30', '2026-10-25T03:30', '2026-07-01T12:00'].map((text) => fromWall(text, 'Europe/Berlin'))
    expect(spoken.map((at) => new Date(at ?? 0).toISOString())).toEqual([
      '2026-10-24T23:30:00.000Z',
      '2026-10-25T02:30:00.000Z',
      '2026-07-01T10:00:00.000Z',
    ])
  })

  it('leaves critical dangers out of what lasts longer than four hours', () => {
    expect(bodyOf({ ...draft, span: 'four', severity: '' }, NOW, ZONE)?.matchers.except_critical).toBeUndefined()
    expect(bodyOf({ ...draft, span: 'days', severity: '' }, NOW, ZONE)?.matchers.except_critical).toBe(true)
    expect(bodyOf({ ...draft, span: 'days', severity: 'low' }, NOW, ZONE)?.matchers.except_critical).toBeUndefined()
  })
})
