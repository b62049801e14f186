/** The doors of a stairwell as storeys, highest first, and what their devices say. */
import type { Surroundings } from '../api/schema'

export type Household = Surroundings['households'][number]
export type DoorDevice = Household['devices'][number]

export interface Storey {
  storey: number
  /** One for each column; null where no door is registered. */
  doors: (Household | null)[]
}

/** So many storeys are drawn whole; of a higher building only those that matter. */
const WHOLE = 8

const isStoried = (door: Household): boolean => door.storey !== null && door.door !== null

/** There is no storey 0 between the first and the first below ground. */
const nextStorey = (storey: number, step: 1 | -1): number => storey + step || step

export function isAlarmed(door: Household): boolean {
  return door.alerts.length > 0 || door.devices.some((one) => one.conditions.includes('alarm'))
}

/** Whether a person at the screen must see this door: an alert, somebody who needs help, or next to the alert's door. */
function matters(door: Household): boolean {
  return door.here || door.position !== null || isAlarmed(door) || door.in_need > 0
}

/**
 * Storeys with their doors in columns, and how many were left out; null where the doors have no storeys.
 *
 * The storeys above and below the alert's are there also when nobody is registered on them: people may live there.
 */
export function storeys(households: readonly Household[], storeysOfBuilding: number | null): { shown: Storey[]; left: number } | null {
  const here = households.find((one) => one.here)
  if (!here || here.storey === null || !households.every(isStoried)) return null
  const columns = [...new Set(households.map((one) => one.door as string))].sort()
  const numbers = new Set(households.map((one) => one.storey as number))
  const above = nextStorey(here.storey, 1)
  const below = nextStorey(here.storey, -1)
  if (storeysOfBuilding === null ? numbers.has(above) : above <= storeysOfBuilding) numbers.add(above)
  if (below > 0) numbers.add(below)
  const all = [...numbers]
    .sort((a, b) => b - a)
    .map((storey) => ({
      storey,
      doors: columns.map((column) => households.find((one) => one.storey === storey && one.door === column) ?? null),
    }))
  const near = [here.storey, above, below]
  const shown =
    all.length <= WHOLE ? all : all.filter((one) => near.includes(one.storey) || one.doors.some((door) => door !== null && matters(door)))
  return { shown, left: all.length - shown.length }
}

/** The worst that a device is in; null when nothing is wrong with it. Planned tests are no fault. */
export function worstCondition(device: DoorDevice): DoorDevice['conditions'][number] | null {
  const order = ['alarm', 'offline', 'fault', 'low_battery', 'expired', 'test'] as const
  return order.find((one) => device.conditions.includes(one)) ?? null
}
