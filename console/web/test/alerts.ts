/** One ordinary alert, to be changed by each test. */
import type { AlertItem } from '../src/api/types'

export function alert(change: Partial<AlertItem> = {}): AlertItem {
  return {
    id: '31',
    rule: 'gas-alarm',
    title: '燃气泄漏',
    severity: 'critical',
    ledger: 'danger',
    state: 'open',
    device: 'gas-031',
    place: 'flat',
    subject: { type: 'device', id: 'gas-031' },
    started_at: '2026-11-22T05:00:00+08:00',
    opened_at: '2026-11-22T05:00:01+08:00',
    ...change,
  }
}
