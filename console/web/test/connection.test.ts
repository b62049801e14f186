import { describe, expect, it } from 'vitest'
import type { Session } from '../src/api/types'
import { eventAt, failureAt, isLost, PROBE_MS, shouldProbe, silenceLimitMs, SILENCE_MS } from '../src/logic/connection'
import { expectedState, EXPIRE_MS, type QueuedAction, senderOf, splitExpired } from '../src/logic/offline-queue'

describe('the connection', () => {
  it('is lost within five seconds of the first failure', () => {
    const connection = failureAt(eventAt(0), PROBE_MS)
    expect(isLost(connection, PROBE_MS + 500)).toBe(false)
    expect(isLost(connection, 5_000)).toBe(true)
  })

  it('keeps the first failure and clears it with the next event', () => {
    expect(failureAt(failureAt(eventAt(0), 100), 900).failingSince).toBe(100)
    expect(isLost(eventAt(10_000), 10_500)).toBe(false)
  })

  it('probes the server before the silence is too long', () => {
    expect(shouldProbe(eventAt(0), PROBE_MS - 1)).toBe(false)
    expect(shouldProbe(eventAt(0), PROBE_MS)).toBe(true)
    expect(shouldProbe(failureAt(eventAt(0), 1), PROBE_MS)).toBe(false)
  })

  it('is lost within five seconds of silence when status events come every two, even when the server answers the probe', () => {
    expect(isLost(eventAt(0, 2_000), 4_400)).toBe(false)
    expect(isLost(eventAt(0, 2_000), 5_000)).toBe(true)
  })
})

describe('how long a stream may be silent', () => {
  it('is two status intervals, between two bounds', () => {
    expect(silenceLimitMs(eventAt(0))).toBe(SILENCE_MS.most)
    expect(silenceLimitMs(eventAt(0, 100))).toBe(SILENCE_MS.least)
    expect(silenceLimitMs(eventAt(0, 5_000))).toBe(10_500)
    expect(silenceLimitMs(eventAt(0, 60_000))).toBe(SILENCE_MS.most)
  })
})

describe('actions of a worker without a network', () => {
  const pressed = (action: QueuedAction['action'], at = 0, alert = '31'): QueuedAction => ({ alert, by: 'w1', action, body: {}, at })

  it('show on the screen the state they will lead to', () => {
    expect(expectedState('open', '31', [pressed('acknowledge'), pressed('arrive')])).toBe('on_site')
    expect(expectedState('open', '30', [pressed('acknowledge')])).toBe('open')
    expect(expectedState('open', '31', [pressed('pass')])).toBe('open')
  })

  it('are sent in the name of who pressed, and of nobody else who logs in on this phone', () => {
    const session = (person: string | null, user: string | null) =>
      ({ person: person && { id: person, name: '' }, user: user && { id: user, name: '' } }) as unknown as Session
    expect(senderOf(session('w1', 'li'))).toBe('w1')
    const [li, zhao] = [senderOf(session(null, 'li')), senderOf(session(null, 'zhao'))]
    expect(li).not.toBe(zhao)
    expect([li, zhao]).not.toContain(senderOf(session(null, null)))
    expect(senderOf(null)).toBeNull()
  })

  it('expire after two minutes, so that the worker is asked to telephone', () => {
    const pending = [pressed('acknowledge', 0), pressed('arrive', 60_000)]
    const { current, expired } = splitExpired(pending, EXPIRE_MS + 1)
    expect(expired.map((one) => one.action)).toEqual(['acknowledge'])
    expect(current.map((one) => one.action)).toEqual(['arrive'])
  })
})
