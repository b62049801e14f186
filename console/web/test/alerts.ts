/** One ordinary alert, a line of its evidence, a rule: to be changed by each test. */
import type { AlertItem, Evidence, Rule, Value } from '../src/api/types'

export function alert(change: Partial<AlertItem> = {}): AlertItem {
  return {
    id: '31',
    rule: 'gas-alarm',
    title: '燃气泄漏',
    title_en: null,
    hazard: '',
    helpers: [],
    people_needed: 1,
    responders: [],
    vulnerability: 0,
    severity: 'critical',
    ledger: 'danger',
    state: 'open',
    device: 'gas-031',
    kind: 'gas_alarm',
    place: 'flat',
    spot: null,
    place_path: [],
    cell: null,
    subject: { type: 'device', id: 'gas-031' },
    address: '',
    advice: '',
    started_at: '2026-11-22T05:00:00+08:00',
    opened_at: '2026-11-22T05:00:01+08:00',
    updated_at: '2026-11-22T05:00:01+08:00',
    late_ms: 0,
    stale: false,
    recovered: false,
    recovered_at: null,
    owner: null,
    taken_at: null,
    deadline: null,
    next_step_at: null,
    joined: 0,
    source: 'device',
    exercise: false,
    returned_to: null,
    disposition: null,
    merged_into: null,
    verifier: null,
    second_check: null,
    overdue: null,
    description: '',
    reference: null,
    told: [],
    evidence: [],
    allowed: [],
    ...change,
  }
}

export function evidence(quantity: string, value: Value, limit: Value | null = null): Evidence {
  return { quantity, value, limit, unit: '', at: null, window: '', name: quantity, name_en: '', text: '', text_en: '' }
}

export function rule(when: string, severity: Rule['severity'] = 'high', kinds = ['gas_alarm']): Rule {
  return {
    name: when,
    title: when,
    title_en: when,
    hazard: 'gas',
    kinds,
    severity,
    ledger: 'danger',
    version: '1',
    source: '',
    state: 'active',
    when,
    advice: '',
  }
}
