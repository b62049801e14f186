import { expect, it } from 'vitest'
import type { ScoreComparison } from '../src/api/schema'
import { bothWritten, hazardRows, townPairs, written } from '../src/logic/score'

const gas = { incidents: 4, in_time: 3, late: 1, missed: 0, recall: 1, alerts: 6, false_alerts: 2, texts: 9, notify_median_s: 60 }
const figures = {
  life_safety_recall: 1,
  life_safety_in_time: 0.9,
  other_recall: null,
  false_per_1000_device_days: 0.5,
  texts: 40,
  texts_daily_mean: 2,
  texts_daily_max: 5,
  texts_window_max: 3,
  hazards: { gas, water: gas },
}
const score: ScoreComparison = {
  days: 1,
  faults: true,
  devices: 100,
  messages: 9000,
  incidents: 12,
  before: figures,
  after: { ...figures, life_safety_recall: 0.8, texts: 30, hazards: { gas, water: { ...gas, recall: 0.75 }, fire: { ...gas, incidents: 0, recall: null } } },
}

it('figures of the town stand side by side, and say which changes are for the better', () => {
  const changed = townPairs(score).filter((one) => one.better !== null)
  expect(changed.map((one) => [one.figure, one.before, one.after, one.better])).toEqual([
    ['life_safety_recall', 1, 0.8, false],
    ['texts', 40, 30, true],
  ])
})

it('hazards that differ come first, also one that only one run has', () => {
  const rows = hazardRows(score)
  expect(rows.map((row) => row.hazard)).toEqual(['fire', 'water', 'gas'])
  const fire = rows[0]?.pairs.map((one) => [one.figure, one.before, one.after, one.better])
  expect(fire).toEqual([
    ['recall', null, null, null],
    ['late', 0, 1, false],
    ['false_alerts', 0, 2, false],
    ['texts', 0, 9, false],
    ['notify_median_s', null, 60, null],
  ])
  expect(rows[2]?.pairs.every((one) => one.better === null)).toBe(true)
})

it('figures are written with their units', () => {
  const span = (ms: number): string => `${ms / 1000}s`
  expect(written('recall', 0.8333, span)).toBe('83.3%')
  expect(written('notify_median_s', 61.5, span)).toBe('61.5s')
  expect(written('texts_daily_mean', 1.346, span)).toBe('1.35')
  expect(written('recall', null, span)).toBe('—')
})

it('times that read the same in minutes are written in seconds, and less than a second is no change', () => {
  const minutes = (ms: number): string => `${Math.floor(ms / 60_000)}min`
  const seconds = (n: number): string => `${n}s`
  const both = (before: number, after: number): string[] => bothWritten({ figure: 'notify_median_s', before, after, better: null }, minutes, seconds)
  expect(both(442, 431.2)).toEqual(['442s', '431s'])
  expect(both(442, 61)).toEqual(['7min', '1min'])
  const slower = { ...score, after: { ...figures, hazards: { gas: { ...gas, notify_median_s: (gas.notify_median_s ?? 0) + 0.2 } } } }
  const row = hazardRows(slower).find((one) => one.hazard === 'gas')
  expect(row?.pairs.every((one) => one.better === null)).toBe(true)
})
