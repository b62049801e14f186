import { describe, expect, it } from 'vitest'
import type { Severity, State } from '../src/api/types'
import { rankAssignees } from '../src/logic/assignees'
import { remaining } from '../src/logic/deadline'
import { keepPositions, compareUrgency } from '../src/logic/alert-order'
import { inSight, NEWS_MS } from '../src/logic/wall-list'
import { isOpen, appearance, SEVERITIES, shape, worst } from '../src/logic/severity'
import { allowedActions, isAskedToVerify, SIDE_ACTIONS, primaryAction, MAIN_ACTIONS, verifiesNow, workerStep } from '../src/logic/next-actions'
import { alert } from './alerts'

const STATES: State[] = ['open', 'acknowledged', 'on_site', 'resolved', 'verified', 'closed', 'returned', 'shelved']
const at = (text: string): number => Date.parse(text)

describe('severity', () => {
  it('gives every severity a shape of its own', () => {
    expect(new Set(SEVERITIES.map(shape)).size).toBe(4)
  })

  it('pulses only for an untaken critical danger', () => {
    for (const severity of SEVERITIES) {
      for (const state of STATES) {
        const seen = appearance(alert({ severity, state }))
        expect(seen.pulse).toBe(severity === 'critical' && (state === 'open' || state === 'returned'))
      }
    }
    expect(appearance(alert({ ledger: 'health' })).pulse).toBe(false)
  })

  it('fills what is untaken or taken, outlines what is on site, greys what is over', () => {
    expect(appearance(alert()).fill).toBe('filled')
    expect(appearance(alert({ state: 'acknowledged' })).fill).toBe('filled')
    expect(appearance(alert({ state: 'on_site' })).fill).toBe('outlined')
    expect(appearance(alert({ state: 'closed' })).fill).toBe('grey')
  })

  it('outlines device health and hatches a device that fell silent in alarm', () => {
    expect(appearance(alert({ ledger: 'health' })).fill).toBe('outlined')
    expect(appearance(alert({ stale: true })).hatched).toBe(true)
    expect(appearance(alert({ stale: true, state: 'closed' })).hatched).toBe(false)
  })

  it('is open until it is resolved, and open again when returned', () => {
    expect(STATES.filter(isOpen)).toEqual(['open', 'acknowledged', 'on_site', 'returned'])
  })

  it('takes the worst, and of two equals the untaken one', () => {
    const taken = alert({ id: '1', state: 'acknowledged' })
    const isUnacknowledged = alert({ id: '2' })
    const low = alert({ id: '3', severity: 'low' })
    expect(worst([low, taken, isUnacknowledged])?.id).toBe('2')
    expect(worst([])).toBeUndefined()
  })
})

describe('a deadline', () => {
  const deadline = { what: 'take' as const, at: '2026-11-22T05:01:01+08:00' }

  it('runs from the opening when the server gives no begin', () => {
    expect(remaining(alert({ deadline }), at('2026-11-22T05:00:31+08:00'))).toEqual({ what: 'take', left: 30_000, share: 0.5, over: false })
  })

  it('is over, not negative, past its time', () => {
    expect(remaining(alert({ deadline }), at('2026-11-22T05:02:01+08:00'))).toEqual({ what: 'take', left: -60_000, share: 0, over: true })
  })

  it('takes the usual span for a case opened again, and runs from the taking on the way to the door', () => {
    const again = { what: 'take' as const, at: '2026-11-22T08:30:00+08:00' }
    expect(remaining(alert({ deadline: again }), at('2026-11-22T08:29:30+08:00'))?.share).toBe(0.5)
    const arrive = { what: 'arrive' as const, at: '2026-11-22T05:11:00+08:00' }
    expect(remaining(alert({ deadline: arrive }), at('2026-11-22T05:06:00+08:00'))?.share).toBe(0.5)
    const taken = alert({ deadline: arrive, taken_at: '2026-11-22T05:07:00+08:00' })
    expect(remaining(taken, at('2026-11-22T05:09:00+08:00'))?.share).toBe(0.5)
  })

  it('is nothing when there is none or when it cannot be read', () => {
    expect(remaining(alert(), 0)).toBeNull()
    expect(remaining(alert({ deadline: null }), 0)).toBeNull()
    expect(remaining(alert({ deadline: { what: 'take', at: '?' } }), 0)).toBeNull()
  })
})

describe('the order of the list', () => {
  const order = (...list: ReturnType<typeof alert>[]) => list.sort(compareUrgency).map((one) => one.id)

  it('puts severity first, then the untaken, then the nearest deadline, then the newest', () => {
    const critical = alert({ id: 'c', state: 'on_site' })
    const high = (id: string, change = {}) => alert({ id, severity: 'high' as Severity, ...change })
    const soon = high('soon', { deadline: { what: 'take', at: '2026-11-22T05:01:00+08:00' } })
    const late = high('late', { deadline: { what: 'take', at: '2026-11-22T05:09:00+08:00' } })
    const old = high('old', { opened_at: '2026-11-22T04:00:00+08:00' })
    const taken = high('taken', { state: 'acknowledged' })
    expect(order(taken, old, high('new'), late, soon, critical)).toEqual(['c', 'soon', 'late', 'new', 'old', 'taken'])
  })

  it('is the same whatever order it came in', () => {
    const list = ['1', '2', '3'].map((id) => alert({ id }))
    expect(order(...list)).toEqual(order(...[...list].reverse()))
  })

  it('keeps positions while the pointer is over it', () => {
    expect(keepPositions(['a', 'b', 'c'], ['new', 'c', 'a'])).toEqual(['a', 'c', 'new'])
  })
})

describe('the alerts that the wall draws', () => {
  const order = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const now = 10 * NEWS_MS
  const changed = (...ids: string[]): Map<string, number> => new Map(ids.map((id, index) => [id, now - 1 - index]))

  it('are the most urgent ones, as many as fit', () => {
    expect(inSight(order, 4, new Map(), now)).toEqual(['a', 'b', 'c', 'd'])
    expect(inSight(order, 9, changed('h'), now)).toEqual(order)
  })

  it('hold for a minute what was just opened or taken, in the place of the least urgent', () => {
    expect(inSight(order, 4, changed('g'), now)).toEqual(['a', 'b', 'c', 'g'])
    expect(inSight(order, 4, changed('d', 'g'), now)).toEqual(['a', 'b', 'd', 'g'])
    expect(inSight(order, 4, changed('g'), now + NEWS_MS)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('hold the newest only, and never more news than half of the places beside the most urgent', () => {
    expect(inSight(order, 4, changed('h', 'g', 'f', 'e'), now)).toEqual(['a', 'b', 'g', 'h'])
    expect(inSight(order, 4, changed('h', 'a', 'b', 'c'), now)).toEqual(['a', 'b', 'c', 'h'])
    expect(inSight(order, 1, changed('h'), now)).toEqual(['a'])
  })
})

describe('the next sensible action', () => {
  it('leads from the call to the closed case', () => {
    expect(STATES.slice(0, 5).map((state) => primaryAction(alert({ state, allowed: [...MAIN_ACTIONS, ...SIDE_ACTIONS] })))).toEqual(['acknowledge', 'arrive', 'resolve', 'verify', 'close'])
  })

  it('obeys the server, and keeps the order of the bar', () => {
    expect(allowedActions(alert({ allowed: ['comment', 'shelve', 'acknowledge'] }))).toEqual(['acknowledge', 'shelve', 'comment'])
    expect(primaryAction(alert({ allowed: ['comment', 'shelve'] }))).toBe('shelve')
    expect(primaryAction(alert({ allowed: ['comment'] }))).toBeNull()
  })
  it('asks the street for its verification of a report, after the work is closed too', () => {
    const check = { asked: [{ id: 'sun', name: '孙磊' }], since: '2026-11-20T08:00:00Z', due_at: null }
    const report = alert({ state: 'verified', allowed: ['verify', 'close', 'reopen'], verifier: 'chen', second_check: check })
    expect(primaryAction(report)).toBe('verify')
    expect((['resolved', 'verified', 'closed', 'open'] as const).map((state) => verifiesNow(report, state))).toEqual([true, true, true, false])
    expect(verifiesNow({ ...report, second_check: null }, 'verified')).toBe(false)
    expect([isAskedToVerify(report, ['li', 'sun']), isAskedToVerify(report, ['chen']), isAskedToVerify(report, [])]).toEqual([true, false, false])
    expect(isAskedToVerify({ ...report, state: 'resolved', second_check: null }, ['chen'])).toBe(true)
  })

  it('takes a worker three taps', () => {
    expect(STATES.map(workerStep)).toEqual(['acknowledge', 'arrive', 'resolve', 'done', 'done', 'done', 'acknowledge', 'acknowledge'])
  })
})

describe('whom to send', () => {
  const people = ['王', '李', '陈', '住户'].map((name) => ({ id: name, name }))
  const cells = [
    { id: 'm01', parent: 'g01' },
    { id: 'g01', parent: 'c' },
    { id: 'c', parent: null },
    { id: 'g02', parent: 'c' },
  ]
  const duties = [
    { person: '陈', role: 'community' as const, cell: 'c', absent: false },
    { person: '王', role: 'worker' as const, cell: 'g02', absent: false },
    { person: '李', role: 'worker' as const, cell: 'g02', absent: false },
    { person: '李', role: 'worker' as const, cell: 'g01', absent: false },
  ]

  it('lists the own grid cell first, then its parents, then others, and never residents', () => {
    const found = rankAssignees(people, duties, cells, 'm01')
    expect(found.map((one) => [one.name, one.near])).toEqual([['李', true], ['陈', true], ['王', false]])
  })

  it('leaves out the absent and survives an unknown grid', () => {
    expect(rankAssignees(people, [{ person: '王', role: 'worker' as const, cell: 'g01', absent: true }], cells, null)).toEqual([])
  })
})
