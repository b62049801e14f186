import { describe, expect, it } from 'vitest'
import { alertsPerHour, alarmRate } from '../src/logic/alarm-rate'
import { clock, clockSeconds, date, daysAgo, fill, HOUR, instant, midnight, MINUTE, running, SECOND, span, when } from '../src/logic/time'
import { zh } from '../src/i18n/zh'
import { en } from '../src/i18n/en'
import { alert } from './alerts'

const SHANGHAI = 'Asia/Shanghai'
const at = (text: string): number => Date.parse(text)

describe('instants', () => {
  it('reads RFC 3339 with any offset and gives null for anything else', () => {
    expect(instant('2026-11-21T22:05:03.123+08:00')).toBe(at('2026-11-21T14:05:03.123Z'))
    expect(instant('')).toBeNull()
    expect(instant(null)).toBeNull()
    expect(instant('yesterday')).toBeNull()
  })

  it('shows the clock of the site, not of this machine', () => {
    expect(clock(at('2026-11-21T16:05:03Z'), SHANGHAI)).toBe('00:05')
    expect(clockSeconds(at('2026-11-21T16:05:03Z'), SHANGHAI)).toBe('00:05:03')
    expect(clock(at('2026-11-21T16:05:03Z'), 'Europe/Paris')).toBe('17:05')
  })

  it('uses the local calendar for yesterday, not 24 hours', () => {
    const now = at('2026-11-22T00:10:00+08:00')
    expect(daysAgo(at('2026-11-21T23:55:00+08:00'), now, SHANGHAI)).toBe(1)
    expect(when(at('2026-11-22T00:01:00+08:00'), now, SHANGHAI, zh.day)).toBe('00:01')
    expect(when(at('2026-11-21T23:55:00+08:00'), now, SHANGHAI, zh.day)).toBe('昨天 23:55')
  })

  it('adds the date, and the year only when it is another', () => {
    const now = at('2026-11-22T12:00:00+08:00')
    expect(when(at('2026-03-02T14:05:00+08:00'), now, SHANGHAI, zh.day)).toBe('3月2日 14:05')
    expect(when(at('2025-03-02T14:05:00+08:00'), now, SHANGHAI, zh.day)).toBe('2025年3月2日 14:05')
    expect(date(at('2026-03-02T14:05:00+08:00'), now, SHANGHAI, en.day)).toBe('2 Mar')
  })

  it('finds local midnight', () => {
    expect(midnight(at('2026-11-22T05:30:12.345+08:00'), SHANGHAI)).toBe(at('2026-11-22T00:00:00+08:00'))
    expect(midnight(at('2026-11-22T00:00:00+08:00'), SHANGHAI)).toBe(at('2026-11-22T00:00:00+08:00'))
  })
})

describe('durations', () => {
  it('runs as m:ss, then h:mm:ss, and never backwards below nought', () => {
    expect(running(0)).toBe('0:00')
    expect(running(32 * SECOND + 900)).toBe('0:32')
    expect(running(12 * MINUTE + 5 * SECOND)).toBe('12:05')
    expect(running(HOUR + 5 * MINUTE + 9 * SECOND)).toBe('1:05:09')
    expect(running(-5000)).toBe('0:00')
  })

  it('has one or two units', () => {
    expect(span(40 * SECOND, zh.span)).toBe('40秒')
    expect(span(2 * MINUTE, zh.span)).toBe('2分钟')
    expect(span(HOUR, zh.span)).toBe('1小时')
    expect(span(HOUR + 5 * MINUTE, zh.span)).toBe('1小时5分')
    expect(span(75 * HOUR, zh.span)).toBe('3天')
    expect(span(-1, zh.span)).toBe('0秒')
  })

  it('fills known names and leaves unknown ones visible', () => {
    expect(fill('{a} {b}', { a: 1 })).toBe('1 {b}')
  })
})

describe('load of a seat', () => {
  const now = at('2026-11-22T05:30:00+08:00')
  const opened = (minutes: number) => alert({ opened_at: new Date(now - minutes * MINUTE).toISOString() })

  it('counts what was opened, by ten minutes and by the hour', () => {
    expect(alarmRate([opened(1), opened(9), opened(11), opened(61)], now)).toEqual({ lastTenMinutes: 2, lastHour: 3, strain: 'calm' })
  })

  it('is busy above six an hour and over above twelve', () => {
    expect(alarmRate(Array.from({ length: 7 }, () => opened(5)), now).strain).toBe('busy')
    expect(alarmRate(Array.from({ length: 13 }, () => opened(5)), now).strain).toBe('over')
  })

  it('gives one count for every hour of today and none for yesterday', () => {
    expect(alertsPerHour([opened(1), opened(65), opened(400)], now, SHANGHAI)).toEqual([0, 0, 0, 0, 1, 1])
  })
})
