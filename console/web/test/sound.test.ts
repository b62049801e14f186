import { describe, expect, it } from 'vitest'
import { BURSTS, isMuted, MUTE_MAX_MS, NOTHING_SOUNDED, parseMute, REPEAT_MS, soundStep } from '../src/logic/alarm-sound'
import { SEVERITIES } from '../src/logic/severity'
import { alert } from './alerts'

const NOW = Date.parse('2026-11-22T05:00:00+08:00')
const GAS = alert({ id: '1', severity: 'critical', state: 'open' })
const WATER = alert({ id: '2', severity: 'medium', state: 'open' })
const MUTE = { by: '李伟', until: NOW + 60_000 }

describe('the alarm sound', () => {
  it('is more urgent the more severe', () => {
    const pulses = SEVERITIES.map((severity) => BURSTS[severity].pulses)
    expect(pulses).toEqual([...pulses].sort((a, b) => b - a))
  })

  it('sounds each untaken danger once, the most severe first and again until somebody takes it', () => {
    const first = soundStep([WATER, GAS], NOTHING_SOUNDED, null, NOW)
    expect(first.burst).toBe('critical')
    const soon = soundStep([WATER, GAS], first.sounded, null, NOW + 1000)
    expect(soon.burst).toBeNull()
    const again = soundStep([WATER, GAS], soon.sounded, null, NOW + (REPEAT_MS.critical ?? 0))
    expect(again.burst).toBe('critical')
    const taken = { ...GAS, state: 'acknowledged' as const }
    expect(soundStep([WATER, taken], again.sounded, null, NOW + 60_000).burst).toBeNull()
  })

  it('sounds again when a danger becomes more severe or opens again', () => {
    const first = soundStep([WATER], NOTHING_SOUNDED, null, NOW)
    expect(first.burst).toBe('medium')
    expect(soundStep([{ ...WATER, severity: 'high' }], first.sounded, null, NOW + 1).burst).toBe('high')
    const none = soundStep([], first.sounded, null, NOW + 1)
    expect(soundStep([WATER], none.sounded, null, NOW + 2).burst).toBe('medium')
  })

  it('is silent for the health of devices', () => {
    expect(soundStep([{ ...GAS, ledger: 'health' }], NOTHING_SOUNDED, null, NOW).burst).toBeNull()
  })

  it('is muted but for a new critical danger, which sounds once, and comes back by itself', () => {
    expect(soundStep([WATER], NOTHING_SOUNDED, MUTE, NOW).burst).toBeNull()
    const fresh = soundStep([GAS], NOTHING_SOUNDED, MUTE, NOW)
    expect(fresh.burst).toBe('critical')
    expect(soundStep([GAS], fresh.sounded, MUTE, NOW + 30_000).burst).toBeNull()
    expect(soundStep([GAS], fresh.sounded, MUTE, NOW + 60_000).burst).toBe('critical')
  })
})

describe('a stored mute', () => {
  it('is valid until its hour, and never longer than an hour', () => {
    expect(parseMute(JSON.stringify(MUTE), NOW)).toEqual(MUTE)
    expect(isMuted(MUTE, MUTE.until)).toBe(false)
    for (const text of [null, '{', '{"by":"","until":1}', JSON.stringify({ by: 'x', until: NOW }), JSON.stringify({ by: 'x', until: NOW + MUTE_MAX_MS + 1 })]) {
      expect(parseMute(text, NOW)).toBeNull()
    }
  })
})
