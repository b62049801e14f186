/** What is open where, one step of the map at a time: the places below one place, the worst alert of each first. */
import type { AlertItem, OverviewPlace, PlaceOverview, Severity } from '../api/types'
import { isOpen, isUnacknowledged, rank, worst } from './severity'

/** How the worst alert of a place looks; `id` is known once the alerts are loaded. */
export type Worst = Pick<AlertItem, 'severity' | 'state' | 'ledger' | 'stale'> & { id?: string }

export interface MapPlace extends Pick<OverviewPlace, 'id' | 'name' | 'level' | 'role' | 'places' | 'geometry'> {
  open: number
  stale: number
  shelved: number
  worst: Worst | undefined
}

export interface MapStep {
  /** Worst first, then the most, then by name as people count. */
  places: MapPlace[]
  /** Open dangers of the place itself: at no place below it. */
  here: AlertItem[]
  /** Open dangers at no registered place. */
  elsewhere: AlertItem[]
  /** Open dangers outside the shown place. */
  outside: number
  /** Places below the shown one that it does not list yet, where something is open now. */
  unknown: string[]
}

const names = new Intl.Collator('zh-Hans-CN', { numeric: true })

/** The step of the map with the alerts of this moment; with `alerts` null, before they are loaded, as the server counted. */
export function mapStep(view: PlaceOverview, alerts: readonly AlertItem[] | null): MapStep {
  const below = new Map<string, AlertItem[]>()
  const step: MapStep = { places: [], here: [], elsewhere: [], outside: 0, unknown: [] }
  for (const alert of alerts ?? []) {
    if (alert.ledger === 'danger' && (isOpen(alert.state) || alert.state === 'shelved')) put(alert, view, below, step)
  }
  const known = new Set(view.items.map((item) => item.id))
  step.unknown = [...below.keys()].filter((id) => !known.has(id))
  step.places = view.items
    .map((item) => (alerts === null ? counted(item) : marked(item, below.get(item.id) ?? [])))
    .sort(byUrgency)
  return step
}

function put(alert: AlertItem, view: PlaceOverview, below: Map<string, AlertItem[]>, step: MapStep): void {
  const path = alert.place_path
  const level = view.place === null ? -1 : path.indexOf(view.place)
  const child = path[level + 1]
  const isShelved = alert.state === 'shelved'
  if (view.place !== null && level < 0) {
    if (path.length === 0) step.elsewhere.push(alert)
    else if (!isShelved) step.outside += 1
  } else if (child !== undefined) below.set(child, [...(below.get(child) ?? []), alert])
  else if (isShelved) return
  else if (view.place === null) step.elsewhere.push(alert)
  else step.here.push(alert)
}

function marked(item: OverviewPlace, alerts: readonly AlertItem[]): MapPlace {
  const open = alerts.filter((alert) => isOpen(alert.state))
  return {
    ...place(item),
    open: open.length,
    stale: open.filter((alert) => alert.stale).length,
    shelved: alerts.length - open.length,
    worst: worst(open),
  }
}

function counted(item: OverviewPlace): MapPlace {
  const state = item.untaken ? 'open' : 'acknowledged'
  const found: Worst | undefined = item.worst
    ? { severity: item.worst, state, ledger: 'danger', stale: item.stale === item.open }
    : undefined
  return { ...place(item), open: item.open, stale: item.stale, shelved: item.shelved, worst: found }
}

const place = ({ id, name, level, role, places, geometry }: OverviewPlace) => ({ id, name, level, role, places, geometry })

const rankOf = (found: Worst | undefined): number => (found ? rank(found.severity as Severity) : 9)
const untakenFirst = (found: Worst | undefined): number => (found && isUnacknowledged(found.state) ? 0 : 1)

function byUrgency(a: MapPlace, b: MapPlace): number {
  return (
    rankOf(a.worst) - rankOf(b.worst) ||
    untakenFirst(a.worst) - untakenFirst(b.worst) ||
    b.open - a.open ||
    b.shelved - a.shelved ||
    names.compare(a.name, b.name)
  )
}

/** Roles of places that contain addresses: a click leads into them, also when a single alert is open there. */
const CONTAINERS = new Set(['area', 'grid', 'compound', 'zone', 'road'])

export type Target = { alert: string } | { place: string } | null

/** Where a click on a place leads: into it, or to its only alert. */
export function targetOf(found: MapPlace): Target {
  const only = found.open === 1 ? found.worst?.id : undefined
  if (only && (!CONTAINERS.has(found.role) || !found.places)) return { alert: only }
  if (found.places) return { place: found.id }
  return found.worst?.id ? { alert: found.worst.id } : null
}
