/** What the list of devices shows and asks for. */
import type { Battery, DeviceItem, UnregisteredDevice } from '../api/types'
import { fill } from './time'

export type Condition = DeviceItem['conditions'][number]
/** In the order of the filter: what a person must act on first. */
export const CONDITIONS: readonly Condition[] = ['alarm', 'offline', 'low_battery', 'expired', 'test', 'fault']
export const FILTERS = ['q', 'kind', 'place', 'condition'] as const
/** Not a state of a registered device: the list of those that send and are not registered. */
export const UNCLAIMED = 'unclaimed'

/** Whole per cent, and the days that are left where a forecast can be made. */
export function batteryText(battery: Battery | null, texts: { battery: string; batteryLeft: string }): string {
  if (!battery) return ''
  const pct = Math.round(battery.pct)
  if (battery.days_left === null) return fill(texts.battery, { pct })
  return fill(texts.batteryLeft, { pct, days: Math.max(0, Math.floor(battery.days_left)) })
}

/** A proposal for the id of a device that is claimed: its kind and the end of its identity, letters and figures only. */
export function proposedId(stranger: Pick<UnregisteredDevice, 'identity' | 'proposed_kind'>): string {
  const end = stranger.identity.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(-16)
  const kind = (stranger.proposed_kind ?? 'device').replace(/_/g, '-')
  return end.startsWith(kind) ? end : `${kind}-${end}`.replace(/-+$/, '')
}
