/** What is open where, as a list that can be read like a map: compounds, and in each its buildings. */
import type { AlertItem, NamedReference } from '../api/types'

/** A compound with its buildings, or with their number. */
interface Known extends NamedReference {
  tiles: readonly NamedReference[] | number
}
import { isDistrict } from './density'
import { rank, worst } from './severity'

export interface Tile extends NamedReference {
  alerts: AlertItem[]
  worst: AlertItem | undefined
}
export interface Group extends NamedReference {
  tiles: Tile[]
  open: number
  worst: AlertItem | undefined
}
export interface PlaceMap {
  /** Drawn with their tiles. */
  groups: Group[]
  /** Of a district: the compounds where nothing is open, one tile each. */
  quiet: NamedReference[]
  /** Open alerts whose place is unknown. */
  elsewhere: AlertItem[]
}

const names = new Intl.Collator('zh-Hans-CN', { numeric: true })

export function placeMap(known: readonly Known[], alerts: readonly AlertItem[]): PlaceMap {
  const groups = new Map<string, { place: NamedReference; tiles: Map<string, Tile> }>()
  for (const group of known) {
    const tiles = typeof group.tiles === 'number' ? [] : group.tiles
    groups.set(group.id, { place: group, tiles: new Map(tiles.map((tile) => [tile.id, tileOf(tile)])) })
  }
  const elsewhere: AlertItem[] = []
  for (const alert of alerts) {
    if (alert.spot) tileAt(groups, alert.spot).alerts.push(alert)
    else elsewhere.push(alert)
  }
  const drawn = [...groups.values()].map(({ place, tiles }) => finish(place, tiles))
  if (!isDistrict(drawn.length)) return { groups: drawn.sort(byName), quiet: [], elsewhere }
  return {
    groups: drawn.filter((group) => group.open).sort(byUrgency),
    quiet: drawn.filter((group) => !group.open).map(({ id, name }) => ({ id, name })).sort(byName),
    elsewhere,
  }
}

/** The tile of an alert; a place that was not loaded with the map (a manhole in the lane) gets a tile of its own. */
function tileAt(
  groups: Map<string, { place: NamedReference; tiles: Map<string, Tile> }>,
  spot: { group: NamedReference; tile: NamedReference },
): Tile {
  const group = groups.get(spot.group.id) ?? { place: spot.group, tiles: new Map<string, Tile>() }
  groups.set(spot.group.id, group)
  const tile = group.tiles.get(spot.tile.id) ?? tileOf(spot.tile)
  group.tiles.set(spot.tile.id, tile)
  return tile
}

const tileOf = (place: NamedReference): Tile => ({ id: place.id, name: place.name, alerts: [], worst: undefined })

const byName = (a: NamedReference, b: NamedReference): number => names.compare(a.name, b.name)

function byUrgency(a: Group, b: Group): number {
  const [mine, its] = [a.worst?.severity ?? 'low', b.worst?.severity ?? 'low']
  return rank(mine) - rank(its) || b.open - a.open || byName(a, b)
}

function finish(place: NamedReference, tiles: ReadonlyMap<string, Tile>): Group {
  const list = [...tiles.values()].map((tile) => ({ ...tile, worst: worst(tile.alerts) })).sort(byName)
  const alerts = list.flatMap((tile) => tile.alerts)
  return { id: place.id, name: place.name, tiles: list, open: alerts.length, worst: worst(alerts) }
}
