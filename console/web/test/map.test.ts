import { describe, expect, it } from 'vitest'
import type { AlertItem, Geometry, OverviewPlace, PlaceOverview } from '../src/api/types'
import { mapStep, targetOf } from '../src/logic/place-map'
import { hasOutlines, shapes } from '../src/logic/projection'
import { onTheWay } from '../src/logic/on-the-way'
import { alert } from './alerts'

const place = (id: string, name: string, change: Partial<OverviewPlace> = {}): OverviewPlace => ({
  id, name, level: 'building', role: 'building', open: 0, worst: null, untaken: 0, stale: 0, shelved: 0, places: 0, geometry: null, ...change,
})
const view = (items: OverviewPlace[], change: Partial<PlaceOverview> = {}): PlaceOverview => ({
  place: 'a', path: [], items, quiet: 0, elsewhere: 0, open_here: 0, places: items.length, ...change,
})
const at = (path: string[], change: Partial<AlertItem> = {}) => alert({ place: path.at(-1) ?? null, place_path: path, ...change })
const YARD = view([place('a10', '10栋'), place('a2', '2栋')])

describe('a step of the map', () => {
  it('puts an alert on the place around it, and places in the order people count', () => {
    const step = mapStep(YARD, [at(['street', 'a', 'a2', 'a2-402'])])
    expect(step.places.map((one) => [one.name, one.open])).toEqual([['2栋', 1], ['10栋', 0]])
  })

  it('puts the worst first, untaken before taken, then the most', () => {
    const many = view(['x', 'y', 'z', 'q'].map((id) => place(id, id)))
    const step = mapStep(many, [
      at(['a', 'x'], { id: '1', severity: 'medium' }),
      at(['a', 'y'], { id: '2', severity: 'critical', state: 'on_site' }),
      at(['a', 'z'], { id: '3', severity: 'critical', state: 'open' }),
      at(['a', 'z'], { id: '4', severity: 'low' }),
    ])
    expect(step.places.map((one) => [one.id, one.open, one.worst?.id])).toEqual([['z', 2, '3'], ['y', 1, '2'], ['x', 1, '1'], ['q', 0, undefined]])
  })

  it('keeps in sight what is at the place itself, outside of it, and at no place', () => {
    const step = mapStep(YARD, [at(['street', 'a'], { id: '1' }), at(['street', 'b', 'b1'], { id: '2' }), at([], { id: '3' })])
    expect([step.here.map((one) => one.id), step.outside, step.elsewhere.map((one) => one.id)]).toEqual([['1'], 1, ['3']])
    expect(mapStep(view([], { place: null }), [at([])]).elsewhere.length).toBe(1)
  })

  it('names a place that it does not list yet, so that the step is loaded again', () => {
    expect(mapStep(YARD, [at(['street', 'a', 'lane', 'lamp'])]).unknown).toEqual(['lane'])
  })

  it('shows a shelved danger as shelved, and colours nothing by it', () => {
    const [first] = mapStep(YARD, [at(['a', 'a2'], { state: 'shelved' })]).places
    expect([first?.id, first?.open, first?.shelved, first?.worst]).toEqual(['a2', 0, 1, undefined])
  })

  it('counts neither what is settled nor the health of devices', () => {
    const step = mapStep(YARD, [at(['a', 'a2'], { state: 'resolved' }), at(['a', 'a2'], { ledger: 'health' })])
    expect(step.places.map((one) => one.open)).toEqual([0, 0])
  })

  it('shows what the server counted until the alerts are loaded', () => {
    const counted = view([place('q', '1栋'), place('r', '2栋', { open: 2, worst: 'high', untaken: 1, stale: 2 })])
    const [first] = mapStep(counted, null).places
    expect(first).toMatchObject({ id: 'r', open: 2, worst: { severity: 'high', state: 'open', stale: true } })
  })
})

describe('a click on a place', () => {
  const open = (role: OverviewPlace['role'], number: number, places: number) => {
    const alerts = Array.from({ length: number }, (_, n) => at(['a', 'x'], { id: String(n + 1) }))
    const [found] = mapStep(view([place('x', 'x', { role, places })]), alerts).places
    return found && targetOf(found)
  }
  it('leads into an area, and to the only alert of a building', () => {
    expect([open('compound', 1, 9), open('building', 1, 9), open('building', 2, 9)]).toEqual([{ place: 'x' }, { alert: '1' }, { place: 'x' }])
    expect([open('household', 2, 0), open('road', 1, 0), open('spot', 0, 0)]).toEqual([{ alert: '1' }, { alert: '1' }, null])
  })
})

const square = (west: number, south: number, size: number): Geometry => ({
  type: 'Polygon',
  coordinates: [[[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]],
})

describe('outlines on a screen', () => {
  it('fill the box, north up, with the proportions of the ground', () => {
    const drawn = shapes(new Map([['a', square(104, 30, 0.1)], ['b', square(104.1, 30, 0.1)]]), { width: 848, height: 1048 })
    const [a, b] = [drawn.get('a'), drawn.get('b')]
    expect(a?.path).toBe('M24 755.1L424 755.1L424 292.9L24 292.9L24 755.1Z')
    expect([a?.x, b?.x, a?.y]).toEqual([224, 624, 524])
    expect((a?.height ?? 0) / (a?.width ?? 1)).toBeCloseTo(1 / Math.cos((30.05 * Math.PI) / 180), 2)
  })

  it('draw lines, points and places of several parts, labelled at the largest', () => {
    const parts: Geometry = { type: 'MultiPolygon', coordinates: [square(104, 30, 0.01).coordinates, square(104.05, 30, 0.05).coordinates] }
    const road: Geometry = { type: 'MultiLineString', coordinates: [[[104, 30], [104.1, 30.05]]] }
    const point: Geometry = { type: 'Point', coordinates: [104.1, 30] }
    const line: Geometry = { type: 'LineString', coordinates: [[104, 30], [104.1, 30]] }
    const drawn = shapes(new Map([['p', parts], ['r', road], ['s', point], ['l', line]]), { width: 1000, height: 1000 })
    expect([drawn.get('p')?.isLine, drawn.get('r')?.isLine, drawn.get('l')?.isLine, drawn.get('s')?.path]).toEqual([false, true, true, ''])
    expect(drawn.get('p')?.x).toBeGreaterThan(600)
    expect(hasOutlines([road, point, null])).toBe(false)
    expect(hasOutlines([null, parts])).toBe(true)
  })

  it('do not blow up a single point, and wait for a size', () => {
    const point = new Map<string, Geometry>([['s', { type: 'Point', coordinates: [104, 30] }]])
    expect(shapes(point, { width: 1000, height: 500 }).get('s')).toMatchObject({ x: 500, y: 250, width: 0 })
    expect(shapes(point, { width: 0, height: 500 }).size).toBe(0)
    expect(shapes(new Map(), { width: 100, height: 100 }).size).toBe(0)
  })
})

describe('who is on the way', () => {
  it('names each person once, and a person who owes another place is on the way', () => {
    const [li, wang] = [{ id: 'li', name: '李伟' }, { id: 'wang', name: '王强' }]
    const helper = { id: 'chen', name: '陈芳', role: 'lead', at: alert().started_at, arrived_at: null }
    const found = onTheWay([
      alert({ state: 'acknowledged', owner: li }),
      alert({ id: '2', state: 'on_site', owner: li, helpers: [helper] }),
      alert({ id: '3', state: 'on_site', owner: wang }),
      alert({ id: '4' }),
    ])
    expect(found).toEqual({ coming: ['李伟', '陈芳'], there: ['王强'] })
  })
})
