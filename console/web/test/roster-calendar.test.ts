import { describe, expect, it } from 'vitest'
import type { PreviewedCall } from '../src/api/cases'
import type { ScheduleItem } from '../src/api/types'
import { ladderDrawing, nextHour } from '../src/logic/ladder-preview'
import { calendarRows, changeBy, changeOf, changeTo, daysFrom, mondayOf, toWall } from '../src/logic/roster-calendar'

const ZONE = 'Asia/Shanghai'
const at = (text: string): number => Date.parse(`${text}+08:00`)
function turn(person: string, from: string, until: string, gap = false): ScheduleItem {
  const one = { id: person, name: person }
  return { cell: 'g3', role: 'worker', from: `${from}+08:00`, until: `${until}+08:00`, gap, people: gap ? [] : [one], missing: gap && person ? [one] : [] } as unknown as ScheduleItem
}
const NIGHT = turn('li', '2026-11-24T20:00', '2026-11-25T08:00')
const DAYTIME = turn('zhang', '2026-11-25T08:00', '2026-11-25T20:00')
const GAP = turn('wang', '2026-11-26T08:00', '2026-11-26T20:00', true)

describe('the roster as a calendar', () => {
  it('begins on Monday, and a night turn stands in both days', () => {
    const monday = mondayOf(at('2026-11-29T23:30'), ZONE)
    expect(toWall(monday, ZONE)).toBe('2026-11-23T00:00')
    const [row] = calendarRows([NIGHT, DAYTIME, GAP], daysFrom(monday, 7, ZONE), ZONE)
    expect(row?.days.map((day) => day.map((one) => toWall(one.from, ZONE).slice(11)))).toEqual([[], ['20:00'], ['00:00', '08:00'], ['08:00'], [], [], []])
    expect(row?.gaps).toBe(1)
  })
  it('puts rows with gaps in front', () => {
    const other = { ...DAYTIME, cell: 'g1' }
    expect(calendarRows([other, GAP], daysFrom(at('2026-11-23T00:00'), 7, ZONE), ZONE).map((row) => row.cell)).toEqual(['g3', 'g1'])
  })
})

describe('a turn that is moved', () => {
  it('chosen alone is a leave, a gap asks for a cover', () => {
    expect(changeOf(DAYTIME, ZONE)).toMatchObject({ kind: 'leave', person: 'zhang', from: '2026-11-25T08:00', until: '2026-11-25T20:00' })
    expect(changeOf(GAP, ZONE)).toMatchObject({ kind: 'cover', person: 'wang', other: '' })
  })
  it('upon another is a swap with the hours in return, upon a gap a cover', () => {
    expect(changeBy(NIGHT, DAYTIME, ZONE)).toMatchObject({ kind: 'swap', person: 'li', other: 'zhang', backFrom: '2026-11-25T08:00' })
    expect(changeBy(NIGHT, GAP, ZONE)).toMatchObject({ kind: 'cover', person: 'wang', other: 'li', from: '2026-11-26T08:00' })
  })
  it('means nothing upon its own holder, from a gap, or upon the end of a roster', () => {
    expect([changeBy(NIGHT, NIGHT, ZONE), changeBy(GAP, NIGHT, ZONE), changeBy(NIGHT, turn('', '2026-11-27T00:00', '2026-11-28T00:00', true), ZONE)]).toEqual([null, null, null])
    expect([changeTo('zhang', NIGHT, ZONE)?.other, changeTo('li', NIGHT, ZONE)]).toEqual(['zhang', null])
  })
})

describe('the drawing of a ladder', () => {
  const call = (change: Partial<PreviewedCall>): PreviewedCall => ({ role: 'worker', responsibility: 'responsible', phone: false, occasion: 'opened', after_ms: 0, rung: 0, people: [], gap: false, ...change })
  const named = [{ id: 'a', name: '张', channels: ['sms'] }]
  it('places rungs by their minutes, and leaves out who is told nothing', () => {
    const drawn = ladderDrawing([
      call({ people: named }),
      call({ rung: 1, after_ms: 60_000, gap: true }),
      call({ rung: null, people: named }),
      call({ rung: null }),
      call({ rung: null, occasion: 'closed', people: named }),
    ])
    expect(drawn.rungs.map((row) => row.begins)).toEqual([0, 1])
    expect([drawn.beside.length, drawn.later.length, drawn.gaps]).toEqual([1, 1, 1])
  })
  it('knows the next time a clock shows an hour', () => {
    expect(nextHour(at('2026-11-29T02:10'), ZONE, 3)).toBe('2026-11-29T03:00')
    expect(nextHour(at('2026-11-29T03:10'), ZONE, 3)).toBe('2026-11-30T03:00')
  })
})
