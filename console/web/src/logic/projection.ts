/** Outlines of places as shapes on a screen. Pure. */
import type { Geometry } from '../api/types'

type Position = readonly [number, number]
export interface Box {
  width: number
  height: number
}
export interface Shape {
  /** The path of the outline or line; empty for a point. */
  path: string
  isLine: boolean
  /** The middle of the largest part: where the label stands. */
  x: number
  y: number
  width: number
  height: number
}

const MARGIN = 24
/** A place of a few metres alone on the map is not blown up to the whole wall: 0.0004 degrees are about 40 m. */
const SPAN_MIN = 0.0004

/** Lists of positions of a geometry, whatever its type (RFC 7946, 3.1). */
export function lines(geometry: Geometry): Position[][] {
  const found = geometry.coordinates as unknown
  switch (geometry.type) {
    case 'Point':
      return [[found as Position]]
    case 'LineString':
      return [found as Position[]]
    case 'MultiLineString':
    case 'Polygon':
      return found as Position[][]
    case 'MultiPolygon':
      return (found as Position[][][]).flat()
  }
}

const isArea = (geometry: Geometry): boolean => geometry.type === 'Polygon' || geometry.type === 'MultiPolygon'

export const hasOutlines = (geometries: Iterable<Geometry | null>): boolean =>
  [...geometries].some((one) => one !== null && isArea(one))

/** Shapes that together fill the box, north up; a degree of longitude is shortened by the cosine of the latitude. */
export function shapes(geometries: ReadonlyMap<string, Geometry>, box: Box): Map<string, Shape> {
  const all = [...geometries.values()].flatMap(lines).flat()
  const found = new Map<string, Shape>()
  if (!all.length || box.width <= 0 || box.height <= 0) return found
  const [west, east] = extent(all.map(([lon]) => lon))
  const [south, north] = extent(all.map(([, lat]) => lat))
  const stretch = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const scale = Math.min(
    (box.width - 2 * MARGIN) / Math.max(SPAN_MIN, (east - west) * stretch),
    (box.height - 2 * MARGIN) / Math.max(SPAN_MIN, north - south),
  )
  const left = (box.width - (east - west) * stretch * scale) / 2
  const top = (box.height - (north - south) * scale) / 2
  const put = ([lon, lat]: Position): Position => [
    round(left + (lon - west) * stretch * scale),
    round(top + (north - lat) * scale),
  ]
  for (const [id, geometry] of geometries) found.set(id, shape(geometry, lines(geometry).map((line) => line.map(put))))
  return found
}

function shape(geometry: Geometry, parts: Position[][]): Shape {
  const close = isArea(geometry) ? 'Z' : ''
  const path = geometry.type === 'Point' ? '' : parts.map((part) => `M${part.map((at) => at.join(' ')).join('L')}${close}`).join('')
  const sized = parts.map((part) => ({ part, x: extent(part.map(([x]) => x)), y: extent(part.map(([, y]) => y)) }))
  const area = (one: { x: Position; y: Position }): number => (one.x[1] - one.x[0]) * (one.y[1] - one.y[0])
  const largest = sized.reduce((a, b) => (area(b) > area(a) ? b : a))
  return {
    path,
    isLine: !close && path !== '',
    x: (largest.x[0] + largest.x[1]) / 2,
    y: (largest.y[0] + largest.y[1]) / 2,
    width: largest.x[1] - largest.x[0],
    height: largest.y[1] - largest.y[0],
  }
}

/** Least and greatest; not by spread: an outline may have more points than a call takes arguments. */
function extent(values: readonly number[]): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < least) least = value
    if (value > most) most = value
  }
  return [least, most]
}

const round = (value: number): number => Math.round(value * 10) / 10
