import { describe, expect, it } from 'vitest'
import type { ExchangeTarget } from '../src/api/types'
import { addressOf, eventKind, failureKind, health, reportedWord, worstFirst } from '../src/logic/exchange'

const target = (id: string, more: Partial<ExchangeTarget> = {}): ExchangeTarget => ({
  id,
  kind: 'subscriber',
  name: { zh: id, en: id },
  failing_since: null,
  last_success_at: '2026-11-21T22:05:00+08:00',
  last_error: '',
  pending: 0,
  dead: 0,
  oldest_pending_at: null,
  ...more,
})

describe('a message to an outside system', () => {
  it('is named by its type', () => {
    const kinds = [
      'cn.fengshao.case.opened.v1',
      'cn.fengshao.case.invented.v1',
      'cn.fengshao.finding.began.v1',
      'cn.fengshao.care.event.v1',
      'cn.fengshao.exchange.state.v1',
      'cn.fengshao.exchange.handover.v1',
      'anything',
    ].map(eventKind)
    expect(kinds).toEqual(['opened', 'other', 'finding', 'care', 'state', 'handover', 'other'])
  })

  it('has the address and the reported state where its data has them', () => {
    expect(addressOf({ data: { location: { address: '枫林苑3栋402' } } })).toBe('枫林苑3栋402')
    expect([addressOf({ data: {} }), addressOf({ data: { location: null } }), addressOf({ data: { location: { address: 1 } } })]).toEqual(['', '', ''])
    expect([reportedWord({ data: { state: '派遣' } }), reportedWord({ data: {} })]).toEqual(['派遣', ''])
  })

  it('failed for a reason that a dispatcher can act on', () => {
    const cases: Array<[string, number | null]> = [
      ['HTTP 503', 503],
      ['HTTP 503', null],
      ['HTTP 401', 401],
      ['HTTP 422', 422],
      ["code: 7, not one of '0'", 200],
      ['HTTP 302', 302],
      ['ConnectTimeout', null],
      ['ConnectError: refused', null],
      ['RefusedUrl: add its network', null],
      ['the target is no longer configured', null],
      ['', null],
    ]
    expect(cases.map(([error, status]) => failureKind(error, status))).toEqual([
      'server', 'server', 'unauthorized', 'refused', 'refused', 'other', 'timeout', 'unreachable', 'notAllowed', 'removed', 'other',
    ]) // prettier-ignore
  })
})

describe('partners', () => {
  it('that fail are first, then those with messages given up or waiting', () => {
    const failing = target('z', { failing_since: '2026-11-21T22:00:00+08:00' })
    const unused = target('b', { last_success_at: null })
    const ranked = worstFirst([unused, target('w', { pending: 1 }), target('d', { dead: 2 }), failing])
    expect(ranked.map((one) => one.id)).toEqual(['z', 'd', 'w', 'b'])
    expect(ranked.map(health)).toEqual(['failing', 'ok', 'ok', 'idle'])
  })
})
