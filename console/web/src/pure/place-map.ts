/** What is open where, as a list that can be read like a map: compounds, and in each its buildings. */
import type { AlertItem, Place } from '../api/types'
import { worst } from './severity'

export interface Tile {
  id: string
  name: string
  alerts: AlertItem[]
  worst: AlertItem | undefined
}
export interface Group {
  id: string
  name: string
  tiles: Tile[]
  open: number
  worst: AlertItem | undefined
}
export interface PlaceMap {
  groups: Group[]
  /** Open alerts whose place is unknown or lies in no group. */
  elsewhere: AlertItem[]
}

const GROUP = 'compound'
const TILE = 'building'
const names = new Intl.Collator('zh-Hans-CN', { numeric: true })

export function upward(tree: ReadonlyMap<string, Place>, start: string | null): Place[] {
  const path: Place[] = []
  for (let at = start; at !== null && path.length < 64; ) {
    const node = tree.get(at)
    if (!node || path.includes(node)) break
    path.push(node)
    at = node.parent ?? null
  }
  return path
}

export function placeMap(places: readonly Place[], alerts: readonly AlertItem[]): PlaceMap {
  const tree = new Map(places.map((place) => [place.id, place]))
  const groups = new Map<string, Map<string, Tile>>()
  for (const place of places) {
    if (place.level === GROUP) groups.set(place.id, new Map())
  }
  for (const place of places) {
    if (place.level !== TILE) continue
    const group = upward(tree, place.id).find((node) => node.level === GROUP)
    if (group) groups.get(group.id)?.set(place.id, tileOf(place))
  }
  const elsewhere: AlertItem[] = []
  for (const alert of alerts) {
    const tile = findTile(tree, groups, alert)
    if (tile) tile.alerts.push(alert)
    else elsewhere.push(alert)
  }
  return { groups: [...groups].map(([id, tiles]) => finish(tree.get(id), tiles)).sort(byName), elsewhere }
}

function findTile(
  tree: ReadonlyMap<string, Place>,
  groups: ReadonlyMap<string, Map<string, Tile>>,
  alert: AlertItem,
): Tile | null {
  const path = upward(tree, alert.place)
  const at = path.findIndex((node) => node.level === GROUP)
  const group = path[at]
  if (!group) return null
  const tiles = groups.get(group.id)
  // In a compound but in no building (a manhole in the lane): a tile of its own, under the name just below the compound.
  const home = path.find((node) => node.level === TILE) ?? path[at - 1] ?? group
  const known = tiles?.get(home.id)
  if (known) return known
  const made = tileOf(home)
  tiles?.set(home.id, made)
  return made
}

const tileOf = (place: Place): Tile => ({ id: place.id, name: place.name, alerts: [], worst: undefined })

const byName = (a: { name: string }, b: { name: string }): number => names.compare(a.name, b.name)

function finish(place: Place | undefined, tiles: ReadonlyMap<string, Tile>): Group {
  const list = [...tiles.values()].map((tile) => ({ ...tile, worst: worst(tile.alerts) })).sort(byName)
  const alerts = list.flatMap((tile) => tile.alerts)
  return { id: place?.id ?? '', name: place?.name ?? '', tiles: list, open: alerts.length, worst: worst(alerts) }
}

/** The nearest place on the way up that knows its coordinates: where to send the navigation. */
export function coordinates(places: readonly Place[], start: string | null): { lon: number; lat: number } | null {
  const tree = new Map(places.map((place) => [place.id, place]))
  for (const place of upward(tree, start)) {
    if (typeof place.lon === 'number' && typeof place.lat === 'number') return { lon: place.lon, lat: place.lat }
  }
  return null
}
