/** A backtest as the page shows it: per rule what the text in force and the changed one would have reported. Pure. */
import type { RuleJob, RuleStatistics } from '../api/rules'

type Result = NonNullable<RuleJob['result']>
export type Finding = NonNullable<Result['difference']>['only_ours'][number]

export interface RuleChange {
  rule: string
  title: string
  watched: number
  /** Found by the text in force; null where nothing was compared. */
  before: number | null
  after: number
  more: number
  fewer: number
}

/** One row a rule, those with a difference first. `ours` is the changed text, `theirs` the one in force. */
export function ruleChanges(result: Result): RuleChange[] {
  const counts = result.difference?.by_rule
  const rows = result.rules.map((rule: RuleStatistics): RuleChange => {
    const [both = 0, ours = 0, theirs = 0] = counts?.[rule.rule] ?? []
    return { rule: rule.rule, title: rule.title, watched: rule.watched, before: counts ? both + theirs : null, after: rule.found, more: ours, fewer: theirs }
  })
  const known = new Set(rows.map((row) => row.rule))
  for (const [rule, [both = 0, ours = 0, theirs = 0]] of Object.entries(counts ?? {})) {
    if (!known.has(rule)) rows.push({ rule, title: '', watched: 0, before: both + theirs, after: ours + both, more: ours, fewer: theirs })
  }
  return rows.sort((a, b) => b.more + b.fewer - (a.more + a.fewer) || b.after - a.after)
}
