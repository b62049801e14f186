/**
 * What the phone shows after a reload without a network: a browser drops a page in the background when memory is short,
 * and a cellar has no network to load it again. Kept as long as the tab, which session storage is, and not longer.
 */
import type { AlertDetail, AlertItem, Session } from '../api/types'

export interface Snapshot {
  session: Session
  alerts: AlertItem[]
  /** The alert that was on the screen. */
  detail: AlertDetail | null
}

const KEY = 'fengshao.snapshot'

export function saveSnapshot(snapshot: Snapshot): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(snapshot))
  } catch {
    return // private mode or no space: the page then needs a network to open
  }
}

export function readSnapshot(): Snapshot | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Snapshot | null
  } catch {
    return null // written by another version
  }
}

export function deleteSnapshot(): void {
  try {
    sessionStorage.removeItem(KEY)
  } catch {
    return // private mode: nothing is stored
  }
}
