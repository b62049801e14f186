/** The pages of the bar, in order, and who is shown them. The service decides what may be read; this only spares a dead end. */
import type { Messages } from './i18n/zh'

type Role = 'viewer' | 'operator' | 'dispatcher' | 'administrator'

export interface NavigationEntry {
  /** The route's name, and the key of its label in the messages. */
  name: keyof Messages['pages'] & string
  path: string
  /** `daily` stands in the bar, `management` in its menu. */
  group: 'daily' | 'management'
  /** Absent: every role that may sign in but a worker. */
  roles?: readonly Role[]
}

export const NAVIGATION: readonly NavigationEntry[] = [
  { name: 'desk', path: '/desk', group: 'daily' },
  { name: 'wall', path: '/', group: 'daily' },
  { name: 'supervision', path: '/supervision', group: 'daily' },
  { name: 'reports', path: '/reports', group: 'daily' },
  { name: 'rosters', path: '/rosters', group: 'daily' },
  { name: 'devices', path: '/devices', group: 'daily' },
  { name: 'silences', path: '/silences', group: 'daily' },
  { name: 'statistics', path: '/statistics', group: 'daily' },
  { name: 'why', path: '/why', group: 'management', roles: ['operator', 'dispatcher', 'administrator'] },
  { name: 'people', path: '/people', group: 'management', roles: ['operator', 'dispatcher', 'administrator'] },
  { name: 'ladders', path: '/ladders', group: 'management' },
  { name: 'rules', path: '/rules', group: 'management', roles: ['operator', 'dispatcher', 'administrator'] },
  { name: 'system', path: '/system', group: 'management', roles: ['dispatcher', 'administrator'] },
  { name: 'refusals', path: '/refusals', group: 'management' },
  { name: 'exchange', path: '/exchange', group: 'management', roles: ['dispatcher', 'administrator'] },
  { name: 'accounts', path: '/accounts', group: 'management', roles: ['administrator'] },
  { name: 'audit', path: '/audit', group: 'management', roles: ['administrator'] },
]

export function entriesFor(role: string | undefined, group: NavigationEntry['group']): NavigationEntry[] {
  return NAVIGATION.filter((entry) => entry.group === group && (!entry.roles || entry.roles.includes(role as Role)))
}
