import { describe, expect, it } from 'vitest'
import { failedAt, heardAt, lost, PROBE_MS, shouldProbe, silence, SILENCE_MS } from '../src/pure/link'
import { expected, GIVE_UP_MS, type Pressed, splitByAge } from '../src/pure/queue'

describe('the live link', () => {
  it('is lost within five seconds of the first failure', () => {
    const link = failedAt(heardAt(0), PROBE_MS)
    expect(lost(link, PROBE_MS + 500)).toBe(false)
    expect(lost(link, 5_000)).toBe(true)
  })

  it('keeps the first failure and forgets it when something is heard', () => {
    expect(failedAt(failedAt(heardAt(0), 100), 900).failed).toBe(100)
    expect(lost(heardAt(10_000), 10_500)).toBe(false)
  })

  it('asks whether the server is there before the silence is too long', () => {
    expect(shouldProbe(heardAt(0), PROBE_MS - 1)).toBe(false)
    expect(shouldProbe(heardAt(0), PROBE_MS)).toBe(true)
    expect(shouldProbe(failedAt(heardAt(0), 1), PROBE_MS)).toBe(false)
  })

  it('is lost within five seconds by silence alone when a status comes every two, even when the server answers', () => {
    expect(lost(heardAt(0, 2_000), 4_400)).toBe(false)
    expect(lost(heardAt(0, 2_000), 5_000)).toBe(true)
  })
})

describe('how long a stream may be silent', () => {
  it('follows the rhythm of the server, between two bounds', () => {
    expect(silence(heardAt(0))).toBe(SILENCE_MS.most)
    expect(silence(heardAt(0, 100))).toBe(SILENCE_MS.least)
    expect(silence(heardAt(0, 5_000))).toBe(10_500)
    expect(silence(heardAt(0, 60_000))).toBe(SILENCE_MS.most)
  })
})

describe('what a worker pressed without a network', () => {
  const pressed = (action: Pressed['action'], at = 0, alert = '31'): Pressed => ({ alert, action, body: {}, at })

  it('shows on his own screen what his presses will lead to', () => {
    expect(expected('open', '31', [pressed('acknowledge'), pressed('arrive')])).toBe('on_site')
    expect(expected('open', '30', [pressed('acknowledge')])).toBe('open')
    expect(expected('open', '31', [pressed('pass')])).toBe('open')
  })

  it('is given up after two minutes, so that he is told to telephone', () => {
    const waiting = [pressed('acknowledge', 0), pressed('arrive', 60_000)]
    const { keep, gone } = splitByAge(waiting, GIVE_UP_MS + 1)
    expect(gone.map((one) => one.action)).toEqual(['acknowledge'])
    expect(keep.map((one) => one.action)).toEqual(['arrive'])
  })
})
